//! `mask2face doctor`: what works on this machine, what does not, and the cure.

use anyhow::Result;
use serde::Serialize;

use super::{Verdict, table};
use crate::image::inspect::opencv_version;
use crate::media::encoding::Codec;
use crate::media::inspect as media;
use crate::onnx::registry::{Registry, Role};
use crate::onnx::{inspect, library};

const SET_UP: &str = "run 'make setup'";

/// Says what works on this machine, what does not, and the cure. Exits with 1 if a video file
/// cannot be unmasked here.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Args {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// What a finding means for the main job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It works.
    Ok,
    /// It does not, and the main job can do without.
    Optional,
    /// It does not, and the main job cannot run.
    Broken,
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    area: &'static str,
    name: String,
    state: State,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
}

/// The answer as JSON gives it.
#[derive(Serialize)]
struct Answer {
    version: &'static str,
    ready: bool,
    findings: Vec<Finding>,
}

/// Looks at everything and prints what was found.
///
/// # Errors
/// If the manifest is malformed or standard output cannot be written.
pub fn run(args: &Args) -> Result<Verdict> {
    let findings = examine(&Registry::from_env()?);
    let ready = findings.iter().all(|f| f.state != State::Broken);
    let answer = Answer { version: env!("CARGO_PKG_VERSION"), ready, findings };
    if args.json {
        table::print_json(&answer)?;
    } else {
        table::print(&answer.findings.iter().map(Finding::cells).collect::<Vec<_>>())?;
        table::print(&[Vec::new(), vec![answer.summary()]])?;
    }
    Ok(if ready { Verdict::Done } else { Verdict::Incomplete })
}

impl Answer {
    fn summary(&self) -> String {
        match self.findings.iter().filter(|f| f.state == State::Broken).count() {
            0 => "Ready: a video file can be unmasked on this machine.".to_owned(),
            n => format!("Not ready: {n} of the things above must be cured first."),
        }
    }
}

impl Finding {
    fn ok(area: &'static str, name: &str, detail: impl Into<String>) -> Self {
        Self { area, name: name.to_owned(), state: State::Ok, detail: detail.into(), cure: None }
    }

    fn lack(
        area: &'static str,
        name: &str,
        state: State,
        (detail, cure): (String, impl Into<String>),
    ) -> Self {
        Self { area, name: name.to_owned(), state, detail, cure: Some(cure.into()) }
    }

    /// From an error that names its own cure.
    fn error(area: &'static str, name: &str, state: State, error: &anyhow::Error) -> Self {
        Self { area, name: name.to_owned(), state, detail: format!("{error:#}"), cure: None }
    }

    fn cells(&self) -> Vec<String> {
        let mark = match self.state {
            State::Ok => "ok",
            State::Optional => "--",
            State::Broken => "BROKEN",
        };
        let cure = self.cure.as_ref().map(|c| format!("; cure: {c}")).unwrap_or_default();
        vec![
            mark.to_owned(),
            self.area.to_owned(),
            self.name.clone(),
            format!("{}{cure}", self.detail),
        ]
    }
}

fn examine(registry: &Registry) -> Vec<Finding> {
    let mut findings = versions();
    findings.extend(elements());
    for codec in Codec::ALL {
        findings.extend(encoders(codec, media::encoder_works));
    }
    findings.extend(models(registry));
    findings.extend(engine(registry));
    findings
}

fn versions() -> Vec<Finding> {
    let gstreamer = match media::version() {
        Ok(version) => Finding::ok("version", "GStreamer", version),
        Err(e) => Finding::error("version", "GStreamer", State::Broken, &e),
    };
    vec![
        Finding::ok("version", "mask2face", env!("CARGO_PKG_VERSION")),
        gstreamer,
        Finding::ok("version", "OpenCV", opencv_version()),
    ]
}

fn elements() -> Vec<Finding> {
    let look = |need: &media::Need| {
        if media::has_element(need.element) {
            return Finding::ok("element", need.element, need.purpose);
        }
        let state = if need.required { State::Broken } else { State::Optional };
        let detail = format!("missing, so no {}", need.purpose);
        let cure = format!("apt-get install {}", need.package);
        Finding::lack("element", need.element, state, (detail, cure))
    };
    media::NEEDS.iter().map(look).collect()
}

/// The encoders of a codec: any one will do. H.264 is what the main job needs.
fn encoders(codec: Codec, works: impl Fn(&str) -> bool) -> Vec<Finding> {
    let known = || media::ENCODERS.iter().filter(|encoder| encoder.codec == codec);
    let any = codec != Codec::H264 || known().any(|encoder| works(encoder.element));
    let state = if any { State::Optional } else { State::Broken };
    let look = |encoder: &media::Encoder| {
        let kind = if encoder.hardware { "hardware" } else { "software" };
        let detail = format!("encoding {} in {kind}", codec.name());
        if works(encoder.element) {
            return Finding::ok("encoder", encoder.element, detail);
        }
        let detail = format!("does not work here, so no {detail}");
        Finding::lack("encoder", encoder.element, state, (detail, encoder.brought_by))
    };
    known().map(look).collect()
}

fn models(registry: &Registry) -> Vec<Finding> {
    let mut findings = Vec::new();
    for role in [Role::Detect, Role::Landmarks, Role::Unmask] {
        let mut state = State::Broken; // without the first of a role, the default, no job runs
        for entry in registry.entries().iter().filter(|e| e.role == role) {
            findings.push(match registry.read(entry) {
                Ok((path, _)) => {
                    let detail = format!("whole, {} {}", entry.version, path.display());
                    Finding::ok("model", &entry.name, detail)
                }
                Err(e) => Finding::error("model", &entry.name, state, &e),
            });
            state = State::Optional;
        }
        if state == State::Broken {
            let detail = "models/manifest.json lists no such model".to_owned();
            let cure = "take models/ from the repository again";
            findings.push(Finding::lack("model", role.name(), state, (detail, cure)));
        }
    }
    findings
}

/// ONNX Runtime and its providers, each tried with the detector.
fn engine(registry: &Registry) -> Vec<Finding> {
    const NAME: &str = "ONNX Runtime";
    let library = match library::find(registry.places()) {
        Ok(library) => library,
        Err(e) => return vec![Finding::error("engine", NAME, State::Broken, &e)],
    };
    let version = library.version.map_or("of unknown version".to_owned(), |v| v.to_string());
    let detail = format!("{version} {}", library.path.display());
    let Ok(model) = registry.open(Role::Detect, None) else {
        return vec![Finding::ok("engine", NAME, detail)]; // the lack of the model is told above
    };
    match inspect::providers(&library.path, &model.name, &model.bytes) {
        Err(e) => vec![Finding::error("engine", NAME, State::Broken, &e)],
        Ok(found) => {
            let mut findings = vec![Finding::ok("engine", NAME, detail)];
            findings.extend(found.into_iter().map(provider));
            findings
        }
    }
}

fn provider(found: inspect::Finding) -> Finding {
    let Some(failure) = found.failure else {
        return Finding::ok("engine", found.name, "a network runs on it");
    };
    let cpu = found.name == "CPUExecutionProvider";
    let cure = match (cpu, found.compiled_in) {
        (true, _) => SET_UP,
        (_, false) => "ORT_DYLIB_PATH=the library of PyPI's onnxruntime-gpu",
        (_, true) => "an NVIDIA driver, CUDA and cuDNN as that library needs them",
    };
    let state = if cpu { State::Broken } else { State::Optional };
    Finding::lack("engine", found.name, state, (failure, cure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::registry::Places;

    #[test]
    fn one_encoder_is_enough_and_none_is_too_few() {
        let x264 = encoders(Codec::H264, |name| name == "x264enc");
        assert!(x264.iter().all(|f| f.state != State::Broken));
        assert!(x264.iter().any(|f| f.name == "x264enc" && f.state == State::Ok));
        assert!(encoders(Codec::H264, |_| false).iter().all(|f| f.state == State::Broken));
        assert!(encoders(Codec::Av1, |_| false).iter().all(|f| f.state == State::Optional));
    }

    #[test]
    fn a_missing_model_and_a_missing_library_are_broken_and_name_the_cure() {
        let places = Places { models: Vec::new(), cache: "/nowhere".into(), library: None };
        let manifest = include_str!("../../models/manifest.json");
        let registry = Registry::new(manifest, places).unwrap();
        let found = [models(&registry), engine(&registry)].concat();
        for name in ["yunet", "ONNX Runtime"] {
            let finding = found.iter().find(|f| f.name == name).unwrap();
            assert_eq!(finding.state, State::Broken);
            assert!(finding.detail.contains("make setup"), "{}", finding.detail);
        }
    }
}
