//! The one way to ONNX Runtime: an [`Engine`] holds the library and the provider, a
//! [`Network`] is a loaded model whose shapes were checked once, at load.
//!
//! | file | holds |
//! |---|---|
//! | [`provider`] | which accelerator is asked for, and which really runs |
//! | [`registry`] | the pinned model files, where they lie, whether they are whole |
//! | `bound` | inputs and outputs in memory that an accelerator reads by itself |
//! | `prepared` | networks made ready for this processor, kept on disk |
//! | [`library`] | where the ONNX Runtime library lies, and its version |
//! | [`meter`] | what each network has cost so far |
//! | [`inspect`] | which providers a library has, and which of them work |

mod bound;
pub mod inspect;
pub mod library;
pub mod meter;
mod prepared;
pub mod provider;
pub mod registry;

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, anyhow, bail};
use ort::environment::Environment;
use ort::ep::ExecutionProviderDispatch;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, TensorRef, ValueType};

use bound::Bound;
use prepared::Prepared;
pub use provider::{Device, Provider};

/// A tensor of 32-bit floats.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Length of each axis, outermost first.
    pub shape: Vec<usize>,
    /// Values, last axis fastest.
    pub data: Vec<f32>,
}

/// ONNX Runtime, loaded, with the device on which networks run.
pub struct Engine {
    environment: Environment,
    device: Device,
    threads: usize,
    /// Where networks that were made ready are kept.
    kept: Option<PathBuf>,
}

/// The library is loaded once in a process; a second path would be ignored by the loader.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

impl Engine {
    /// Loads the library at `library` and prepares to run networks on `device` with `threads`
    /// CPU threads a network (0: one).
    ///
    /// # Errors
    /// If the file is missing, is no ONNX Runtime, or is older than 1.23.
    pub fn start(library: &Path, device: Device, threads: usize) -> Result<Self> {
        let mut loaded =
            LOADED.lock().map_err(|_| anyhow!("ONNX Runtime failed earlier in this process"))?;
        let environment = match &*loaded {
            Some((path, environment)) if path == library => environment.clone(),
            Some((path, _)) => bail!(
                "ONNX Runtime is loaded from {} already; one process can hold one only",
                path.display()
            ),
            None => {
                let environment = load(library)?;
                *loaded = Some((library.to_owned(), environment.clone()));
                environment
            }
        };
        Ok(Self { environment, device, threads: threads.max(1), kept: None })
    }

    /// The same engine, which keeps what it made ready in `folder`, to be quicker next time.
    /// For networks that come again: each takes its place on the disk.
    #[must_use]
    pub fn keeping(self, folder: PathBuf) -> Self {
        Self { kept: Some(folder), ..self }
    }

    /// Loads a network from the bytes of an ONNX file; `name` stands in error messages.
    /// Graph optimisation is full, threads do not spin, and the memory of one run is kept for the
    /// next.
    ///
    /// # Errors
    /// If the bytes are no network that this ONNX Runtime can run, or the device asked for
    /// cannot be had.
    pub fn load(&self, name: &str, bytes: &[u8]) -> Result<Network> {
        let mut alike = self.load_alike(name, bytes, 1)?;
        alike.pop().context("no network was loaded")
    }

    /// The same network `many` times, to run at once; one time where an accelerator runs it, which
    /// is not shared.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load_alike(&self, name: &str, bytes: &[u8], many: usize) -> Result<Vec<Network>> {
        let kept = self.kept.as_deref().map(|folder| Prepared::new(folder, bytes));
        let (sessions, provider) = provider::choose(self.device, |device| {
            if device == Device::Cpu {
                return self.on_processor(bytes, kept.as_ref(), many);
            }
            // Where no folder can be made, the engines are built anew each time.
            let engines = kept.as_ref().and_then(|kept| kept.engines().ok());
            Ok(vec![commit(self.builder(device.dispatches(engines.as_deref()))?, bytes)?])
        })?;
        let network = |session| self.network(name, session, provider.clone());
        Ok(sessions.into_iter().map(network).collect())
    }

    fn network(&self, name: &str, session: Session, provider: Provider) -> Network {
        let (name, threads, is_cpu) = (name.to_owned(), self.threads, provider.is_cpu());
        let mut network = Network { name, session, bound: None, provider, threads };
        if !is_cpu {
            // An accelerator that has no such memory runs without.
            let _ = network.bind();
        }
        network
    }

    fn builder(&self, providers: Vec<ExecutionProviderDispatch>) -> Result<SessionBuilder> {
        let builder = Session::builder(&self.environment)?;
        let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(text)?;
        let builder = builder.with_intra_threads(self.threads).map_err(text)?;
        let builder = builder.with_intra_op_spinning(false).map_err(text)?;
        let builder = builder.with_inter_op_spinning(false).map_err(text)?;
        // A block for all that a run needs saves it no time, and takes 5 MB more.
        let builder = builder.with_memory_pattern(false).map_err(text)?;
        builder.with_execution_providers(providers).map_err(text)
    }

    /// `many` sessions on the processor, from the ready form where there is a place for one.
    fn on_processor(
        &self,
        bytes: &[u8],
        kept: Option<&Prepared>,
        many: usize,
    ) -> Result<Vec<Session>> {
        let builder = || self.builder(Device::Cpu.dispatches(None));
        let several = |bytes: &[u8], many| {
            thread::scope(|scope| {
                let start = |_| scope.spawn(|| commit(builder()?, bytes));
                let started: Vec<_> = (0..many).map(start).collect();
                let join =
                    |one: ScopedJoinHandle<'_, _>| one.join().unwrap_or_else(|e| resume_unwind(e));
                started.into_iter().map(join).collect::<Result<Vec<_>>>()
            })
        };
        let Some(place) = kept else { return several(bytes, many) };
        if let Some(ready) = place.read()
            && let Ok(sessions) = several(&ready, many)
        {
            return Ok(sessions);
        }
        let first = place.keep(|path| {
            let builder = match path {
                Some(path) => builder()?.with_optimized_model_path(path).map_err(text)?,
                None => builder()?,
            };
            commit(builder, bytes)
        })?;
        let ready = place.read();
        let others = several(ready.as_deref().unwrap_or(bytes), many - 1)?;
        Ok(others.into_iter().chain([first]).collect())
    }
}

/// The builder's own error carries the builder; only its text is wanted.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn text(error: ort::Error<SessionBuilder>) -> anyhow::Error {
    anyhow!("{error}")
}

fn commit(mut builder: SessionBuilder, bytes: &[u8]) -> Result<Session> {
    builder
        .commit_from_memory(bytes)
        .context("this is no network that ONNX Runtime can run; choose another with --model")
}

/// Loads the shared library and creates the process's environment.
fn load(library: &Path) -> Result<Environment> {
    if !library.is_file() {
        bail!("there is no ONNX Runtime library at {}; run 'make setup'", library.display());
    }
    let builder = ort::init_from(library).map_err(|e| {
        anyhow!(
            "{} is no ONNX Runtime of version 1.23 or newer ({e}); run 'make setup'",
            library.display()
        )
    })?;
    let environment = builder
        .with_name("mask2face")
        .with_telemetry(false)
        .build()
        .context("starting ONNX Runtime")?;
    Ok(environment)
}

/// A loaded network.
pub struct Network {
    name: String,
    session: Session,
    bound: Option<Bound>,
    provider: Provider,
    threads: usize,
}

impl Network {
    /// Name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the network really runs.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Has input and outputs lie in memory that the provider reads and writes by itself, from now
    /// on. Accelerators are bound when they are loaded; the processor gains nothing by it.
    ///
    /// # Errors
    /// If the provider has no such memory.
    pub fn bind(&mut self) -> Result<()> {
        self.bound = Some(Bound::new(&self.session, &self.provider.memory())?);
        Ok(())
    }

    /// Value of `key` in the model's metadata.
    pub fn metadata(&self, key: &str) -> Option<String> {
        self.session.metadata().ok()?.custom(key)
    }

    /// Checks that there is an input `name` of `shape`; -1 fits any length.
    ///
    /// # Errors
    /// Naming the network, what was expected and what it has.
    pub fn expect_input(&self, name: &str, shape: &[i64]) -> Result<()> {
        let found = self.session.inputs().iter().find(|i| i.name() == name).map(Outlet::dtype);
        expect("input", name, shape, found)
    }

    /// Checks that there is an output `name` of `shape`; -1 fits any length.
    ///
    /// # Errors
    /// Naming the network, what was expected and what it has.
    pub fn expect_output(&self, name: &str, shape: &[i64]) -> Result<()> {
        let found = self.session.outputs().iter().find(|o| o.name() == name).map(Outlet::dtype);
        expect("output", name, shape, found)
    }

    /// Runs the network on one input and gives the named outputs in order.
    ///
    /// # Errors
    /// If the shape does not fit, an output is missing or ONNX Runtime fails.
    pub fn run(
        &mut self,
        input: (&str, &[usize], &[f32]),
        outputs: &[&str],
    ) -> Result<Vec<Tensor>> {
        self.read(input, outputs, |shapes, data| {
            let tensor = |(shape, data): (&Vec<usize>, &&[f32])| Tensor {
                shape: shape.clone(),
                data: data.to_vec(),
            };
            Ok(shapes.iter().zip(data).map(tensor).collect())
        })
    }

    /// Runs the network on one input and has the named outputs read where they lie: `read` gets
    /// their shapes and their values.
    ///
    /// # Errors
    /// As [`Network::run`], and those of `read`.
    pub fn read<T>(
        &mut self,
        input: (&str, &[usize], &[f32]),
        outputs: &[&str],
        read: impl FnOnce(&[Vec<usize>], &[&[f32]]) -> Result<T>,
    ) -> Result<T> {
        let (name, shape, data) = input;
        let items = shape.first().copied().unwrap_or_default();
        let (network, session, bound) = (&self.name, &mut self.session, &mut self.bound);
        let ran = meter::time(network, items, self.threads, move || match bound {
            Some(bound) => bound.run(session, input, outputs),
            None => session.run(ort::inputs![name => TensorRef::from_array_view((shape, data))?]),
        });
        let results = ran.with_context(|| format!("running the network {network}"))?;
        let (mut shapes, mut values) = (Vec::new(), Vec::new());
        for &output in outputs {
            let value = results
                .get(output)
                .with_context(|| format!("the network {network} gave no '{output}'"))?;
            let (shape, data) = value.try_extract_tensor::<f32>()?;
            shapes.push(shape.iter().map(|&n| n as usize).collect());
            values.push(data);
        }
        read(&shapes, &values)
    }
}

fn expect(kind: &str, name: &str, shape: &[i64], found: Option<&ValueType>) -> Result<()> {
    let got = match found {
        None => "has none of that name".to_owned(),
        Some(found) => match found.tensor_shape() {
            None => "holds no tensor there".to_owned(),
            Some(got) if fits(shape, got) => return Ok(()),
            Some(got) => format!("has {:?}", got.iter().collect::<Vec<_>>()),
        },
    };
    bail!("{kind} '{name}' should be {shape:?} (-1: any), it {got}; choose another with --model")
}

/// Whether `got` is of the rank and lengths of `want`. A length of -1 on either side fits any.
fn fits(want: &[i64], got: &[i64]) -> bool {
    want.len() == got.len() && want.iter().zip(got).all(|(w, g)| *w == -1 || *g == -1 || w == g)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_fit_by_rank_and_fixed_lengths() {
        assert!(fits(&[-1, 3, 256, 256], &[-1, 3, 256, 256]));
        assert!(!fits(&[-1, 3, 256, 256], &[-1, 3, 128, 128]));
        assert!(!fits(&[-1, 3], &[-1, 3, 1]));
    }
}
