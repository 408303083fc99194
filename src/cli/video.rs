//! One video file through the pipeline, checked afterwards.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;

use super::batch::report::{Details, Outcome, Status};
use super::interrupt::Interrupt;
use super::networks::{Crew, ModelFacts};
use super::process;
use super::progress::{FileBoard, TICK};
use crate::media::{FileSink, FileSource, Launch, Plan, Target, verify};
use crate::onnx::meter;
use crate::pipeline::latency::Percentiles;
use crate::pipeline::ledger::Span;
use crate::pipeline::stats::{Snapshot, StageSnapshot};
use crate::pipeline::{Detect, Lay, Pipeline, Stats};

/// What to do.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub input: &'a Path,
    pub target: Target,
    pub launch: &'a Launch,
    pub board: &'a FileBoard<'a>,
}

/// What was done.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Report {
    width: usize,
    height: usize,
    model: Option<ModelFacts>,
    encoder: String,
    notes: Vec<String>,
    stats: Snapshot,
    /// The frames that were changed.
    changed: Vec<Span>,
    check: verify::Verdict,
    times: Times,
}

/// All that differs from run to run.
#[derive(Debug, Serialize)]
struct Times {
    seconds: f64,
    frames_per_second: f64,
    latency: Percentiles,
    stages: Vec<StageSnapshot>,
    networks: Vec<meter::Cost>,
    usage: process::Usage,
}

/// Runs the job.
pub(super) fn run(
    job: &Job<'_>,
    crew: impl FnOnce() -> Result<Crew>,
    interrupt: &Interrupt,
) -> Result<Outcome> {
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
    job.board.expect(promise.frames(), 0);
    sink.notes().iter().for_each(|note| job.board.note(note));
    let (record, stats) = (sink.record(), Stats::default());
    let running = Pipeline::from_source(Box::new(source), stats.clone())
        .then(Detect::new(crew.tracker, stats.clone()))
        .then(Lay::new(crew.effect, stats.clone()))
        .into_sink(Box::new(sink))?;
    while !running.is_done() {
        let now = stats.snapshot();
        job.board.show(now.frames_out, now.faces);
        std::thread::sleep(TICK);
    }
    let ended = running.join();
    interrupt.guard(None);
    ended?;
    let written = record.take().context("the sink left no record")?;
    let mut check = verify::verify(job.input, &written)?;
    if let Some(cause) = ending.broken() {
        let end = written.times.last().copied().unwrap_or_default().as_secs_f64();
        if check.breaches.is_empty() {
            check.breaches.push(format!("the input breaks off at {end:.2} s: {cause}"));
        }
    }
    let (status, why) = conclude(job, &written.path, written.partial, &check);
    let seconds = begun.elapsed().as_secs_f64();
    let mut stats_now = stats.snapshot();
    let stages = std::mem::take(&mut stats_now.stages);
    let frames_per_second = check.frames_pushed as f64 / seconds;
    let report = Report {
        width: promise.size().width,
        height: promise.size().height,
        model: crew.model,
        encoder: written.encoder,
        notes: written.notes,
        stats: stats_now,
        changed: stats.changes(),
        check,
        times: Times {
            seconds,
            frames_per_second,
            latency: stats.latency(),
            stages,
            networks: meter::costs(),
            usage: process::usage(stats.first_frame()),
        },
    };
    let details = Some(Details::Video(Box::new(report)));
    Ok(Outcome { output: Some(written.path), status, why, details })
}

/// Says what is wrong, if anything.
fn conclude(
    job: &Job<'_>,
    output: &Path,
    partial: bool,
    check: &verify::Verdict,
) -> (Status, Option<String>) {
    let (input, output) = (job.input.display(), output.display());
    for breach in &check.breaches {
        job.board.say(&format!("{input}: {breach}; the result is {output}"));
    }
    if partial {
        let why = format!("stopped early; the part that is done is {output}");
        job.board.say(&why);
        return (Status::Partial, Some(why));
    }
    if check.breaches.is_empty() {
        (Status::Done, None)
    } else {
        (Status::Breach, Some(check.breaches.join("; ")))
    }
}

/// The tag that says what this file is.
pub(super) fn comment(model: Option<&ModelFacts>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match model {
        Some(model) => format!("AI-reconstructed faces: mask2face {version}, {}", model.model),
        None => format!("Painted masks: mask2face {version}"),
    }
}
