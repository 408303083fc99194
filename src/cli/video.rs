//! One video file through the pipeline, checked afterwards.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;

use super::batch::report::{Details, Outcome, Status};
use super::batch::shard::Shard;
use super::counted::{Counted, StageTime};
use super::interrupt::Interrupt;
use super::long;
use super::networks::{Crew, ModelFacts};
use super::process;
use super::progress::{FileBoard, TICK};
use super::run::Args;
use crate::image::label::Label;
use crate::media::sink::Written;
use crate::media::source::Promise;
use crate::media::{FileSink, FileSource, Launch, Plan, Sink, Source, Target, verify};
use crate::onnx::meter;
use crate::pipeline::latency::Percentiles;
use crate::pipeline::ledger::Span;
use crate::pipeline::stats::Snapshot;
use crate::pipeline::tracks::TrackSpan;
use crate::pipeline::{Detect, Lay, Paint, Pipeline, Stats};

/// What to do.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub input: &'a Path,
    pub target: Target,
    pub launch: &'a Launch,
    pub args: &'a Args,
    pub board: &'a FileBoard<'a>,
    /// Whether it is one of a batch, which is simply run again after a stop.
    pub many: bool,
    /// Whose stretches of a long video are done; all if none.
    pub part: Option<Shard>,
}

impl Job<'_> {
    /// What is to be written.
    pub fn plan(&self, promise: &Promise, model: Option<&ModelFacts>) -> Plan {
        Plan {
            target: self.target.clone(),
            input: self.input.to_owned(),
            promise: promise.clone(),
            encoding: self.args.encoding.encoding(),
            mark: self.args.provenance.tagged().then(|| self.args.provenance.mark(model)),
            strict: self.args.encoding.strict,
        }
    }

    /// Takes every frame from the source to the sink, and shows how far it is: beyond the frames
    /// and faces `before`.
    ///
    /// # Errors
    /// The first error of a stage.
    pub fn work(
        &self,
        ends: (Box<dyn Source>, Box<dyn Sink>),
        crew: Crew,
        stats: &Stats,
        before: (u64, u64),
    ) -> Result<()> {
        let label = self.label(crew.model.as_ref())?;
        let painters = crew.effects.into_iter().map(|effect| Paint::new(effect, stats.clone()));
        let running = Pipeline::from_source(ends.0, stats.clone())
            .then(Detect::new(crew.tracker, stats.clone()))
            .then_shared(painters.collect())
            .then(Lay::new(stats.clone()).labelled(label).drawing(crew.draw))
            .into_sink(ends.1)?;
        while !running.is_done() {
            let now = stats.snapshot();
            self.board.show(before.0 + now.frames_out, before.1 + now.faces);
            thread::sleep(TICK);
        }
        running.join()
    }

    /// The line to burn in, if it is wanted.
    fn label(&self, model: Option<&ModelFacts>) -> Result<Option<Label>> {
        let provenance = &self.args.provenance;
        provenance.label(&provenance.mark(model)).map(Label::new).transpose()
    }
}

/// What the report says of a video.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Report {
    width: usize,
    height: usize,
    model: Option<ModelFacts>,
    encoder: String,
    notes: Vec<String>,
    stats: Snapshot,
    /// Who was seen when.
    tracks: Vec<TrackSpan>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<Percentiles>,
    stages: Vec<StageTime>,
    networks: Vec<meter::Cost>,
    usage: process::Usage,
}

/// All that is known of a video once it is written and checked.
pub(super) struct Facts {
    pub model: Option<ModelFacts>,
    pub written: Written,
    pub counted: Counted,
    pub check: verify::Verdict,
    pub begun: Instant,
    /// How long ago the first frame left, where that was in this run.
    pub first_frame: Option<Duration>,
}

/// Runs the job.
pub(super) fn run(
    job: &Job<'_>,
    crew: &(dyn Fn() -> Result<Crew> + Sync),
    interrupt: &Interrupt,
) -> Result<Outcome> {
    let begun = Instant::now();
    let (stop, deinterlace) = (interrupt.stop.clone(), job.args.encoding.deinterlace());
    // Each takes a tenth of a second and waits for nothing of the other.
    let (source, ready) = thread::scope(|scope| {
        let ready = scope.spawn(crew);
        let source = FileSource::open_as(job.input, job.launch, stop, deinterlace);
        (source, ready.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let (source, ready) = (source?, ready?);
    let (promise, ending) = (source.promise(), source.ending());
    if long::is_long(&promise, job.args) {
        return long::run(job, source, (ready, crew), interrupt);
    }
    let crew = ready;
    let plan = job.plan(&promise, crew.model.as_ref());
    let sink = FileSink::create(plan.clone(), job.launch, interrupt.stop.clone())?;
    interrupt.guard(Some(sink.part_path().to_owned()));
    job.board.expect(promise.frames(), 0);
    sink.notes().iter().for_each(|note| job.board.note(note));
    let (record, stats, model) = (sink.record(), Stats::default(), crew.model.clone());
    let ended = job.work((Box::new(source), Box::new(sink)), crew, &stats, (0, 0));
    interrupt.guard(None);
    let stopped = || Ok(Outcome::stopped("stopped; the same command does it again".to_owned()));
    // so early that not one frame was coded, for example
    if ended.is_err() && job.many && interrupt.stop.is_set() {
        return stopped();
    }
    ended?;
    let mut written = record.take().context("the sink left no record")?;
    if written.partial && job.many {
        let _ = std::fs::remove_file(&written.path); // What cannot be removed is named as partial.
        return stopped();
    }
    add_notes(&mut written, ending.notes(), job.input, job.board);
    let mut check = verify::verify(job.input, &written)?;
    if let Some(cause) = ending.broken() {
        breaks_off(&mut check, &written, &cause);
    }
    let counted = Counted::of(&stats, written.times.len());
    let first_frame = stats.first_frame();
    let facts = Facts { model, written, counted, check, begun, first_frame };
    Ok(conclude(&plan, job.board, facts))
}

/// Tells what turned out on the way, now and in the report.
pub(super) fn add_notes(
    written: &mut Written,
    notes: Vec<String>,
    input: &Path,
    board: &FileBoard<'_>,
) {
    for note in notes {
        let note = format!("{}: {note}", input.display());
        board.note(&note);
        written.notes.push(note);
    }
}

/// Puts down that the input could not be read to its end.
pub(super) fn breaks_off(check: &mut verify::Verdict, written: &Written, cause: &str) {
    if check.breaches.is_empty() {
        let end = written.times.last().copied().unwrap_or_default().as_secs_f64();
        check.breaches.push(format!("the input breaks off at {end:.2} s: {cause}"));
    }
}

/// Says what is wrong, if anything, and makes the report.
pub(super) fn conclude(plan: &Plan, board: &FileBoard<'_>, facts: Facts) -> Outcome {
    let Facts { model, written, counted, check, begun, first_frame } = facts;
    let (input, output) = (plan.input.display(), written.path.display());
    for breach in &check.breaches {
        board.say(&format!("{input}: {breach}; the result is {output}"));
    }
    let (status, why) = if written.partial {
        let why = format!("stopped early; the part that is done is {output}");
        board.say(&why);
        (Status::Partial, Some(why))
    } else if check.breaches.is_empty() {
        (Status::Done, None)
    } else {
        (Status::Breach, Some(check.breaches.join("; ")))
    };
    let seconds = begun.elapsed().as_secs_f64();
    let frames_per_second = counted.frames as f64 / seconds;
    let size = plan.promise.size();
    let report = Report {
        width: size.width,
        height: size.height,
        model,
        encoder: written.encoder,
        notes: written.notes,
        stats: counted.snapshot(),
        tracks: counted.tracks,
        changed: counted.changed,
        check,
        times: Times {
            seconds,
            frames_per_second,
            latency: counted.latency,
            stages: counted.stages,
            networks: meter::costs(),
            usage: process::usage(first_frame),
        },
    };
    let details = Some(Details::Video(Box::new(report)));
    Outcome { output: Some(written.path), status, why, details }
}
