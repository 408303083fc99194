//! Which execution provider is asked for, and which really runs.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use ort::ep;
use ort::memory::AllocationDevice;

/// The device that a user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// The first CUDA device where one works, else the CPU, saying why.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number, or an error.
    Cuda(u32),
    /// The CUDA device of this number through `TensorRT`, or an error.
    TensorRt(u32),
}

/// Where a network really runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// ONNX Runtime's name for it.
    pub name: &'static str,
    /// Why it is not the faster one that `auto` would have liked, if so.
    pub fallback: Option<String>,
}

impl Provider {
    /// Whether it is the processor, and no accelerator.
    pub fn is_cpu(&self) -> bool {
        self.name == Device::Cpu.provider()
    }

    /// The host's memory that this one reads and writes by itself.
    pub(super) fn memory(&self) -> AllocationDevice<'static> {
        if self.is_cpu() { AllocationDevice::CPU } else { AllocationDevice::CUDA_PINNED }
    }
}

impl Device {
    /// What is asked of ONNX Runtime: no silent fall-back, except to what `choose` tries next.
    /// `engines` is where `TensorRT` keeps what it built of this network, which takes it minutes.
    pub(super) fn dispatches(self, engines: Option<&Path>) -> Vec<ep::ExecutionProviderDispatch> {
        let dispatch = match self {
            // Its memory pool spares the system's work for memory that comes and goes, a seventh of
            // a network's time.
            Self::Auto | Self::Cpu => ep::CPU::default().with_arena_allocator(true).build(),
            // Batches come in few shapes: each is tried out once.
            Self::Cuda(id) => ep::CUDA::default()
                .with_device_id(id as i32)
                .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested)
                .build(),
            Self::TensorRt(id) => {
                let provider = ep::TensorRT::default().with_device_id(id as i32).with_fp16(true);
                match engines.map(Path::display) {
                    Some(folder) => provider
                        .with_engine_cache(true)
                        .with_engine_cache_path(&folder)
                        .with_timing_cache(true)
                        .with_timing_cache_path(&folder)
                        .build(),
                    None => provider.build(),
                }
            }
        };
        vec![dispatch.error_on_failure()]
    }

    fn provider(self) -> &'static str {
        match self {
            Self::Auto | Self::Cpu => "CPUExecutionProvider",
            Self::Cuda(_) => "CUDAExecutionProvider",
            Self::TensorRt(_) => "TensorrtExecutionProvider",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(id) => write!(f, "cuda:{id}"),
            Self::TensorRt(id) => write!(f, "tensorrt:{id}"),
        }
    }
}

impl std::str::FromStr for Device {
    type Err = anyhow::Error;

    /// `auto`, `cpu`, `cuda`, `cuda:N`, `tensorrt` or `tensorrt:N`.
    fn from_str(text: &str) -> Result<Self> {
        let (kind, id) = match text.split_once(':') {
            Some((kind, id)) => (kind, Some(id.parse().context("the device number after ':'")?)),
            None => (text, None),
        };
        match (kind, id) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::Cpu),
            ("cuda", id) => Ok(Self::Cuda(id.unwrap_or(0))),
            ("tensorrt", id) => Ok(Self::TensorRt(id.unwrap_or(0))),
            _ => bail!("'{text}' is no device: auto, cpu, cuda[:N] or tensorrt[:N]"),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fallback {
            None => f.write_str(self.name),
            Some(why) => write!(f, "{} ({why})", self.name),
        }
    }
}

/// Builds on the device asked for. `auto` tries CUDA and falls back to the CPU with the reason;
/// an explicit device that cannot be had is an error.
pub(super) fn choose<T>(
    device: Device,
    mut build: impl FnMut(Device) -> Result<T>,
) -> Result<(T, Provider)> {
    let ran = |device: Device, fallback| Provider { name: device.provider(), fallback };
    match device {
        Device::Auto => match build(Device::Cuda(0)) {
            Ok(built) => Ok((built, ran(Device::Cuda(0), None))),
            Err(e) => {
                let why = format!("no CUDA: {}", first_line(&explained(e, Device::Cuda(0))));
                Ok((build(Device::Cpu)?, ran(Device::Cpu, Some(why))))
            }
        },
        device => {
            let built = match build(device) {
                Err(e) if device != Device::Cpu => {
                    Err(explained(e, device)).with_context(|| {
                        format!("{} cannot be had; use --device auto or cpu", device.provider())
                    })?
                }
                built => built?,
            };
            Ok((built, ran(device, None)))
        }
    }
}

/// Names the library that is missing, without what ONNX Runtime says around it.
fn explained(error: anyhow::Error, device: Device) -> anyhow::Error {
    let said = format!("{error:#}");
    if let Some((_, cause)) = said.split_once(" with error: ") {
        // It ends in a line break that was escaped.
        return anyhow!(cause.trim_end().trim_end_matches("\\n").to_owned());
    }
    if !said.contains("is not enabled in this build") {
        return error;
    }
    let kind = if matches!(device, Device::TensorRt(_)) { "tensorrt" } else { "cuda" };
    anyhow!(
        "libonnxruntime_providers_{kind}.so is missing, as this ONNX Runtime is one for the CPU \
         only; let ORT_DYLIB_PATH name the library of PyPI's onnxruntime-gpu"
    )
}

fn first_line(error: &anyhow::Error) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_falls_back_and_says_why_but_an_explicit_device_does_not() {
        let only_cpu = |d: Device| if d == Device::Cpu { Ok(()) } else { bail!("libcuda missing") };
        let ((), provider) = choose(Device::Auto, only_cpu).unwrap();
        assert_eq!(provider.to_string(), "CPUExecutionProvider (no CUDA: libcuda missing)");
        let error = choose(Device::Cuda(1), only_cpu).unwrap_err();
        assert!(format!("{error:#}").contains("libcuda missing"));
        assert!(format!("{error:#}").contains("--device auto or cpu"));
    }

    #[test]
    fn the_missing_library_is_named() {
        let of = |said: &'static str| {
            let built = choose(Device::Cuda(0), |_| -> Result<()> { bail!(said) });
            format!("{:#}", built.unwrap_err())
        };
        let begin = "CUDAExecutionProvider cannot be had; use --device auto or cpu: ";
        let library =
            "libcublasLt.so.13: cannot open shared object file: No such file or directory";
        let long = "a.cc:1 FAIL : Failed to load library /x/libonnxruntime_providers_cuda.so with \
                    error: libcublasLt.so.13: cannot open shared object file: No such file or \
                    directory\\n";
        assert_eq!(of(long), format!("{begin}{library}"));
        let none = of("CUDA execution provider is not enabled in this build.");
        assert!(none.starts_with(&format!("{begin}libonnxruntime_providers_cuda.so")), "{none}");
    }

    #[test]
    fn devices_are_parsed_and_nonsense_is_named() {
        assert_eq!("cuda:2".parse::<Device>().unwrap(), Device::Cuda(2));
        assert_eq!("auto".parse::<Device>().unwrap(), Device::Auto);
        let error = "gpu".parse::<Device>().unwrap_err().to_string();
        assert!(error.contains("'gpu' is no device"));
    }
}
