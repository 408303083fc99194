//! Which streams a live job has, and where each goes: from the command line, or from the
//! `[streams]` of a pipelines file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::media::Launch;
use crate::media::endpoint::{Input, Output};

/// Parts input and output on a line of `[streams]`.
const TO: &str = " -> ";

/// Live streams and where each goes.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub streams: Vec<(Input, Output)>,
}

impl Job {
    /// Streams that go together.
    fn new(streams: Vec<(Input, Output)>) -> Result<Self> {
        for (input, _) in &streams {
            if let Input::File(path) = input {
                ensure!(!path.is_dir(), "{input}: a folder cannot be played live; name the files");
            }
        }
        ensure!(
            streams.len() == 1 || streams.iter().all(|(_, output)| *output != Output::Window),
            "one window shows one stream; send several somewhere with -o, as to \
             'rtsp://127.0.0.1:8554/{{n}}' or null"
        );
        Ok(Self { streams })
    }

    /// The stream's name, or how many there are.
    pub fn name(&self) -> PathBuf {
        match self.streams.as_slice() {
            [(input, _)] => input.to_string().into(),
            streams => format!("{} streams", streams.len()).into(),
        }
    }
}

/// The live job that the command line asks for, or the pipelines file that it names; `None`
/// where it is batch work.
///
/// # Errors
/// If an input or the output is none that is known, or they do not go together.
pub(super) fn job(
    inputs: &[PathBuf],
    output: Option<&Path>,
    pipelines: Option<&Path>,
) -> Result<Option<Job>> {
    let own = pipelines.map(Launch::read).transpose()?;
    let Some(own) = own.filter(|own| own.has(Launch::STREAMS)) else {
        return of_command_line(inputs, output);
    };
    ensure!(
        inputs.is_empty() && output.is_none(),
        "the pipelines file has [streams] of its own: leave INPUT and -o out, or its section"
    );
    let line = |line: &str| {
        let (input, output) = line.split_once(TO).context("a stream is INPUT -> OUTPUT")?;
        let input = Input::parse(Path::new(input.trim()))?;
        Ok((input, Output::parse(Path::new(output.trim()))?))
    };
    let streams = own.lines_of(Launch::STREAMS)?;
    let streams = streams.into_iter().map(line).collect::<Result<Vec<_>>>();
    Ok(Some(Job::new(streams.context("[streams]")?)?))
}

/// The job of inputs that share one output, or go each to its own.
fn of_command_line(inputs: &[PathBuf], output: Option<&Path>) -> Result<Option<Job>> {
    let inputs = inputs.iter().map(|text| Input::parse(text)).collect::<Result<Vec<_>>>()?;
    let parsed = output.map(Output::parse).transpose()?;
    if !inputs.iter().any(Input::is_live) && !parsed.as_ref().is_some_and(Output::is_live) {
        return Ok(None);
    }
    let many = inputs.len() > 1;
    let template = output.and_then(Path::to_str).filter(|text| text.contains("{n"));
    let output_of = |n: usize, input: &Input| match (template, &parsed) {
        (Some(text), _) => {
            let name = stream_name(input, n);
            let text = text.replace("{name}", &name).replace("{n}", &(n + 1).to_string());
            Output::parse(Path::new(&text))
        }
        (None, None) => Ok(Output::Window),
        (None, Some(one @ (Output::Null | Output::Window))) => Ok(one.clone()),
        (None, Some(one)) => {
            ensure!(!many, "{one}: several inputs need {{n}} in their output, as in live-{{n}}");
            Ok(one.clone())
        }
    };
    let streams = inputs.iter().enumerate();
    let streams = streams.map(|(n, input)| Ok((input.clone(), output_of(n, input)?)));
    Ok(Some(Job::new(streams.collect::<Result<_>>()?)?))
}

/// What {name} stands for.
fn stream_name(input: &Input, n: usize) -> String {
    match input {
        Input::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        Input::Rtsp(address) => address.name().to_owned(),
        _ => format!("{}", n + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_file(text: &str, inputs: &[PathBuf]) -> Result<Option<Job>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.launch");
        std::fs::write(&path, text).unwrap();
        job(inputs, None, Some(&path))
    }

    #[test]
    fn a_pipelines_file_holds_a_set_of_streams() {
        let set = "# two\n[streams]\ntest -> null\n\
                   rtsp://u:secret@a/1 -> rtsp://127.0.0.1:8554/a\n[sink]\nfakesink";
        let job = of_file(set, &[]).unwrap().unwrap();
        let told: Vec<_> = job.streams.iter().map(|(i, o)| format!("{i} {o}")).collect();
        assert_eq!(told, ["test null", "rtsp://a/1 rtsp://127.0.0.1:8554/a"]);
        assert!(of_file(set, &["test".into()]).is_err(), "two sets at once");
        let error = format!("{:#}", of_file("[streams]\ntest null", &[]).unwrap_err());
        assert_eq!(error, "[streams]: a stream is INPUT -> OUTPUT");
        assert!(of_file("[sink]\nfakesink", &["a.mp4".into()]).unwrap().is_none());
    }

    #[test]
    fn several_inputs_go_each_to_its_own_output() {
        let inputs = ["rtsp://a/door".into(), "test".into()];
        let to = |output: &str| job(&inputs, Some(Path::new(output)), None);
        let job = to("rtsp://127.0.0.1:8554/{n}-{name}").unwrap().unwrap();
        let outputs: Vec<_> = job.streams.iter().map(|(_, output)| output.to_string()).collect();
        assert_eq!(outputs, ["rtsp://127.0.0.1:8554/1-door", "rtsp://127.0.0.1:8554/2-2"]);
        assert!(to("rtsp://127.0.0.1:8554/x").unwrap_err().to_string().contains("{n}"));
        assert!(to("window").unwrap_err().to_string().contains("one window shows one stream"));
        assert!(to("null").is_ok());
    }
}
