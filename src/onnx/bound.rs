//! Runs whose input and outputs lie in memory that an accelerator reads and writes by itself (the
//! host's, pinned), bound once for each shape: nothing is copied on the way to a copy.

use std::collections::HashMap;

use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{IoBinding, Session, SessionOutputs};
use ort::value::Tensor;

/// What is bound of one session.
pub(super) struct Bound {
    binding: IoBinding,
    allocator: Allocator,
    outputs: MemoryInfo<'static>,
    /// The input's memory for each shape that was met: batches come in few.
    inputs: HashMap<Vec<usize>, Tensor<f32>>,
}

impl Bound {
    /// Memory of `session` that lies on `device`.
    ///
    /// # Errors
    /// If the session's provider has no such memory.
    pub fn new(session: &Session, device: &AllocationDevice<'_>) -> ort::Result<Self> {
        let memory = |kind| MemoryInfo::new(device.clone(), 0, AllocatorType::Device, kind);
        Ok(Self {
            binding: session.create_binding()?,
            allocator: Allocator::new(session, memory(MemoryType::CPUInput)?)?,
            outputs: memory(MemoryType::CPUOutput)?,
            inputs: HashMap::new(),
        })
    }

    /// Runs `session`, of which this was made, on one input.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run<'a>(
        &'a mut self,
        session: &'a mut Session,
        (name, shape, data): (&str, &[usize], &[f32]),
        outputs: &[&str],
    ) -> ort::Result<SessionOutputs<'a>> {
        if !self.inputs.contains_key(shape) {
            let tensor = Tensor::<f32>::new(&self.allocator, shape)?;
            self.inputs.insert(shape.to_owned(), tensor);
        }
        if let Some(input) = self.inputs.get_mut(shape) {
            let (_, memory) = input.extract_tensor_mut();
            if memory.len() != data.len() {
                return Err(ort::Error::new(format!("{shape:?} are not {} values", data.len())));
            }
            memory.copy_from_slice(data);
            self.binding.bind_input(name, input)?;
        }
        for &output in outputs {
            self.binding.bind_output_to_device(output, &self.outputs)?;
        }
        session.run_binding(&self.binding)
    }
}
