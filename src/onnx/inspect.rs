//! What a machine's ONNX Runtime can do, found out by trying.

use std::path::Path;

use anyhow::Result;
use ort::ep::{CUDA, ExecutionProvider, TensorRT};

use super::{Device, Engine};

/// One execution provider as this machine has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// ONNX Runtime's name for it.
    pub name: &'static str,
    /// Whether the library was built with it; that alone does not make it work.
    pub compiled_in: bool,
    /// Why a network could not be loaded on it; none if it could.
    pub failure: Option<String>,
}

/// Loads the library and tries to load the small network `bytes` with each provider.
///
/// # Errors
/// If the library itself cannot be loaded.
pub fn providers(library: &Path, name: &str, bytes: &[u8]) -> Result<Vec<Finding>> {
    let engine = Engine::start(library, Device::Cpu, 1)?;
    let mut findings =
        vec![Finding { name: "CPUExecutionProvider", compiled_in: true, failure: None }];
    findings[0].failure = failure(engine.load(name, bytes).err());
    let accelerators = [
        ("CUDAExecutionProvider", Device::Cuda(0), CUDA::is_available()),
        ("TensorrtExecutionProvider", Device::TensorRt(0), TensorRT::is_available()),
    ];
    for (name, device, compiled_in) in accelerators {
        let compiled_in = compiled_in.unwrap_or(false);
        let failure = if compiled_in {
            let tried = Engine::start(library, device, 1).and_then(|e| e.load(name, bytes));
            failure(tried.err())
        } else {
            Some("this ONNX Runtime was built without it".to_owned())
        };
        findings.push(Finding { name, compiled_in, failure });
    }
    Ok(findings)
}

fn failure(error: Option<anyhow::Error>) -> Option<String> {
    error.map(|e| e.root_cause().to_string().lines().next().unwrap_or_default().to_owned())
}
