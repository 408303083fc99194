//! One video file through the pipeline, checked afterwards.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;

use super::Verdict;
use super::interrupt::Interrupt;
use super::networks::{Crew, ModelFacts};
use super::progress::{Progress, TICK};
use crate::media::{FileSink, FileSource, Launch, Plan, Target, verify};
use crate::pipeline::stats::Snapshot;
use crate::pipeline::{Detect, Lay, Pipeline, Stats};

/// What to do.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub input: &'a Path,
    pub target: Target,
    pub launch: &'a Launch,
    pub quiet: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    input: PathBuf,
    output: PathBuf,
    partial: bool,
    width: usize,
    height: usize,
    model: Option<ModelFacts>,
    encoder: String,
    notes: Vec<String>,
    seconds: f64,
    frames_per_second: f64,
    stats: Snapshot,
    check: verify::Verdict,
}

/// Runs the job.
pub(super) fn run(
    job: &Job<'_>,
    crew: impl FnOnce() -> Result<Crew>,
    interrupt: &Interrupt,
) -> Result<(Verdict, Report)> {
    let begun = Instant::now();
    let source = FileSource::open(job.input, job.launch, interrupt.stop.clone())?;
    let crew = crew()?;
    let (promise, ending) = (source.promise(), source.ending());
    let plan = Plan {
        target: job.target.clone(),
        input: job.input.to_owned(),
        promise: promise.clone(),
        comment: comment(crew.model.as_ref()),
    };
    let sink = FileSink::create(plan, job.launch, interrupt.stop.clone())?;
    interrupt.guard(sink.part_path().map(Path::to_owned));
    let mut progress = Progress::new(job.input, promise.frames(), job.quiet);
    if !job.quiet {
        sink.notes().iter().for_each(|note| progress.say(note));
    }
    let (record, stats) = (sink.record(), Stats::default());
    let running = Pipeline::from_source(Box::new(source), stats.clone())
        .then(Detect::new(crew.tracker, stats.clone()))
        .then(Lay::new(crew.effect, stats.clone()))
        .into_sink(Box::new(sink))?;
    while !running.is_done() {
        progress.show(&stats.snapshot());
        std::thread::sleep(TICK);
    }
    let ended = running.join();
    interrupt.guard(None);
    progress.end();
    ended?;
    let written = record.take().context("the sink left no record")?;
    let mut check = verify::verify(job.input, &written)?;
    if let Some(cause) = ending.broken() {
        let end = written.times.last().copied().unwrap_or_default().as_secs_f64();
        if check.breaches.is_empty() {
            check.breaches.push(format!("the input breaks off at {end:.2} s: {cause}"));
        }
    }
    let verdict = conclude(job.input, &written.path, written.partial, &check);
    let seconds = begun.elapsed().as_secs_f64();
    let report = Report {
        input: job.input.to_owned(),
        output: written.path,
        partial: written.partial,
        width: promise.size().width,
        height: promise.size().height,
        model: crew.model,
        encoder: written.encoder,
        notes: written.notes,
        seconds,
        frames_per_second: check.frames_pushed as f64 / seconds,
        stats: stats.snapshot(),
        check,
    };
    Ok((verdict, report))
}

/// Says what is wrong, if anything.
fn conclude(input: &Path, output: &Path, partial: bool, check: &verify::Verdict) -> Verdict {
    for breach in &check.breaches {
        eprintln!("mask2face: {}: {breach}; the result is {}", input.display(), output.display());
    }
    if partial {
        eprintln!("mask2face: stopped early; the part that is done is {}", output.display());
        return Verdict::Incomplete;
    }
    if check.breaches.is_empty() { Verdict::Done } else { Verdict::Breach }
}

/// The tag that says what this file is.
pub(super) fn comment(model: Option<&ModelFacts>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match model {
        Some(model) => format!("AI-reconstructed faces: mask2face {version}, {}", model.model),
        None => format!("Painted masks: mask2face {version}"),
    }
}
