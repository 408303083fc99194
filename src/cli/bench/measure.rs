//! The job and the plain transcode of the same input, in turns.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::cli::networks::NetworkArgs;
use crate::cli::process::{self, Usage};
use crate::image::Image;
use crate::media::transcode::Transcode;
use crate::media::{Launch, Target};
use crate::onnx::meter;
use crate::pipeline::latency::Percentiles;
use crate::pipeline::spread::Times;
use crate::unmask::Unmasker;

/// Seconds of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Spent {
    pub wall_s: f64,
    pub cpu_s: f64,
}

/// What `run --report` tells, as far as it is wanted here.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Job {
    pub encoder: String,
    pub model: Option<Model>,
    pub stats: Stats,
    pub times: JobTimes,
}

/// The part of it that differs from run to run.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct JobTimes {
    pub seconds: f64,
    pub latency: Percentiles,
    pub stages: Vec<Stage>,
    pub usage: Usage,
    pub networks: Vec<meter::Cost>,
}

#[derive(Deserialize)]
struct Told {
    files: Vec<Job>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Model {
    pub model: String,
    pub provider: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Stats {
    pub frames_out: u64,
    pub faces: u64,
    pub painted: u64,
    pub reused: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Stage {
    pub name: String,
    pub cpu_s: f64,
    pub wall: Times,
    pub cpu: Times,
}

/// One turn.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub plain: Spent,
    pub job: Job,
}

/// The plain transcode, then the job, `rounds` times. The job is this program's own `run` with
/// `options`, a process of its own, so that its memory and its start are its own.
pub(super) fn rounds(
    input: &Path,
    options: &[String],
    rounds: usize,
    progress: &dyn Fn(),
) -> Result<Vec<Round>> {
    let folder = tempfile::tempdir().context("no place for the outputs")?;
    let round = |_| {
        let plain = plain(input, &folder.path().join("plain.mp4"))?;
        progress();
        let job = job(input, folder.path(), options)?;
        progress();
        Ok(Round { plain, job })
    };
    (0..rounds).map(round).collect()
}

/// Runs of the painting network by which its cost is found.
const RUNS: u32 = 20;

/// Puts the painting network's processor time right where several threads share its work: while
/// the job runs, theirs cannot be told from that of others, so the network is run alone.
pub(super) fn correct(rounds: &mut [Round], networks: &NetworkArgs) -> Result<()> {
    let all = || rounds.iter().flat_map(|round| &round.job.times.networks);
    if all().all(|cost| cost.threads == 1) {
        return Ok(());
    }
    let (mut unet, _) = networks.unet()?;
    let crop = Image::new(unet.crop_size());
    let crops = std::slice::from_ref(&crop);
    unet.unmask(crops)?; // the first one also takes memory
    let cpu = process::cpu();
    (0..RUNS).try_for_each(|_| unet.unmask(crops).map(|_| ()))?;
    let one = process::cpu().saturating_sub(cpu).as_secs_f64() / f64::from(RUNS);
    let shared = rounds.iter_mut().flat_map(|round| &mut round.job.times.networks);
    for cost in shared.filter(|cost| cost.threads > 1) {
        cost.cpu_s = one * cost.items as f64;
    }
    Ok(())
}

fn plain(input: &Path, output: &Path) -> Result<Spent> {
    let transcode = Transcode::new(input, output, &Launch::file())?;
    let (begun, cpu) = (Instant::now(), process::cpu());
    transcode.run()?;
    let cpu = process::cpu().saturating_sub(cpu);
    Ok(Spent { wall_s: begun.elapsed().as_secs_f64(), cpu_s: cpu.as_secs_f64() })
}

fn job(input: &Path, folder: &Path, options: &[String]) -> Result<Job> {
    let beside = Target::name_beside(input);
    let name = Path::new("job").with_extension(beside.extension().unwrap_or_default());
    let files = run(&[input.to_owned()], &folder.join(name), folder, options)?;
    files.into_iter().next().context("the job's report is empty")
}

/// The plain transcode of the first of `inputs`, and what a run over all of them used; outputs
/// go into a folder in `folder`.
pub(super) fn together(
    inputs: &[PathBuf],
    folder: &Path,
    options: &[String],
) -> Result<(Spent, Usage)> {
    let first = inputs.first().context("no input")?;
    let plain = plain(first, &folder.join("plain.mp4"))?;
    let output = folder.join("out");
    fs::create_dir_all(&output).context("no place for the outputs")?;
    let to = if inputs.len() > 1 { output.clone() } else { output.join("job.mp4") };
    let files = run(inputs, &to, folder, options)?;
    // Each file's report tells what the whole process had used by then.
    let last = files.iter().map(|job| job.times.usage).max_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    fs::remove_dir_all(&output).context("the outputs cannot be removed")?;
    Ok((plain, last.context("the job's report is empty")?))
}

fn run(inputs: &[PathBuf], output: &Path, folder: &Path, options: &[String]) -> Result<Vec<Job>> {
    let report = folder.join("report.json");
    let program = std::env::current_exe().context("this program does not find itself")?;
    let mut run = Command::new(program);
    run.arg("run").args(inputs).arg("-o").arg(output).arg("--report").arg(&report);
    run.args(["--overwrite", "--quiet", "--stretch", "0"]).args(options).stdout(Stdio::null());
    let done = run.output().context("the job does not start")?;
    if !done.status.success() {
        let told = String::from_utf8_lossy(&done.stderr);
        bail!("the job failed: {}", told.trim().trim_start_matches("mask2face: error: "));
    }
    let told = fs::read(&report).context("the job left no report")?;
    let told: Told = serde_json::from_slice(&told).context("the job's report")?;
    Ok(told.files)
}
