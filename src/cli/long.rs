//! A long video: stretch after stretch, each safe in the journal before the next begins, and
//! put together at the end. Whatever ends a run, the same command goes on after the last
//! stretch; other machines may do some of them.

use std::cell::{Cell, RefCell};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::batch::report::{Outcome, Status};
use super::batch::shard::Shard;
use super::counted::Counted;
use super::interrupt::Interrupt;
use super::journal::{JobFacts, Journal, Leaf, Opening};
use super::networks::Crew;
use super::run::Args;
use super::together::put_together;
use super::video::Job;
use crate::face::Choice;
use crate::media::source::{Ending, Promise};
use crate::media::stretch::{self, StretchSink};
use crate::media::{FileSource, Plan, Reel, StretchSource};
use crate::pipeline::Stats;

/// Whether a video of this promise is cut: it has room for two stretches. Painted masks and
/// chosen faces would change from stretch to stretch, as each numbers its faces anew.
pub(super) fn is_long(promise: &Promise, args: &Args) -> bool {
    let (every, faces) = (args.batch.stretch, &args.networks.faces.faces);
    let alike = args.put_on.paint_mask.is_none() && matches!(faces, Choice::All);
    let wanted = !every.is_zero() && alike;
    wanted && promise.duration.is_some_and(|whole| whole >= every * 2)
}

/// Runs the job: all stretches, or those of one part. `crews`: one for the first of them, and what
/// makes those of the others.
pub(super) fn run(
    job: &Job<'_>,
    source: FileSource,
    crews: (Crew, &dyn Fn() -> Result<Crew>),
    interrupt: &Interrupt,
) -> Result<Outcome> {
    let begun = Instant::now();
    let work = Work::begin(job, &source, crews, interrupt)?;
    let ended = work.run(source, begun);
    if ended.is_err() {
        work.journal.remove_if_empty();
    }
    ended
}

/// A long job under way.
struct Work<'a> {
    job: &'a Job<'a>,
    plan: Plan,
    journal: Journal,
    ending: Ending,
    interrupt: &'a Interrupt,
    crew: &'a dyn Fn() -> Result<Crew>,
    /// The one that was loaded to see what it is, for the first stretch.
    spare: RefCell<Option<Crew>>,
    /// Faces in the stretches of this run, for the progress.
    faces: Cell<u64>,
}

impl<'a> Work<'a> {
    fn begin(
        job: &'a Job<'a>,
        source: &FileSource,
        (spare, crew): (Crew, &'a dyn Fn() -> Result<Crew>),
        interrupt: &'a Interrupt,
    ) -> Result<Self> {
        let promise = source.promise();
        let plan = job.plan(&promise, spare.model.as_ref());
        let notes = stretch::check(&plan, job.launch)?;
        let model = spare.model.as_ref().map(|model| (&model.model, &model.sha256));
        let (args, every) = (job.args, job.args.batch.stretch);
        let picture = (&plan.encoding, args.encoding.deinterlace(), args.provenance.label);
        let options = (model, picture, every, &args.networks.faces);
        let options = format!("{options:?}");
        let facts = facts(job, &plan, options)?;
        let (journal, opening) = Journal::open(job.target.path(), &facts)?;
        let (done, name) = (journal.frames(), job.input.display());
        if opening == Opening::Replaced {
            job.board.note(&format!(
                "{name}: begins anew: the input or the options are not those of the earlier run"
            ));
        } else if done > 0 {
            job.board.note(&format!("{name}: goes on, {done} frames are done already"));
        }
        for note in notes {
            job.board.note(&format!("{name}: {note}"));
        }
        job.board.expect(promise.frames(), done);
        let (ending, spare) = (source.ending(), RefCell::new(Some(spare)));
        let faces = Cell::new(0);
        Ok(Self { job, plan, journal, ending, interrupt, crew, spare, faces })
    }

    fn run(&self, source: FileSource, begun: Instant) -> Result<Outcome> {
        if self.journal.whole().is_err() && !self.stretches(source)? {
            return Ok(self.stopped());
        }
        match self.job.part {
            Some(part) => Ok(self.part_done(part)),
            None => put_together(&self.plan, self.job.launch, &self.journal, self.job.board, begun),
        }
    }

    /// Does what is still to do of ours; false if it was stopped.
    fn stretches(&self, source: FileSource) -> Result<bool> {
        let reel = Reel::new(Box::new(source), self.job.args.batch.stretch)?;
        let reel = Arc::new(Mutex::new(reel));
        let stopped = || self.interrupt.stop.is_set();
        loop {
            let next = reel.lock().unwrap_or_else(PoisonError::into_inner).at();
            let Some(number) = next.filter(|_| !stopped()) else { return Ok(!stopped()) };
            let ours = self.job.part.is_none_or(|part| part.has(number as usize));
            if ours && self.journal.leaf(number).is_none() {
                self.stretch(&reel, number)?;
            } else {
                let mut reel = reel.lock().unwrap_or_else(PoisonError::into_inner);
                reel.skip(number)?;
                self.job.board.show(reel.passed(), self.faces.get());
            }
        }
    }

    /// Does one stretch and puts it down, unless it is stopped on the way.
    fn stretch(&self, reel: &Arc<Mutex<Reel>>, number: u64) -> Result<()> {
        let begun = Instant::now();
        let spare = self.spare.borrow_mut().take();
        let crew = spare.map_or_else(self.crew, Ok)?;
        let (model, stats) = (crew.model.clone(), Stats::default());
        let file = self.journal.begin(number)?;
        let sink = StretchSink::create(&self.plan, self.job.launch, file)?;
        let (told, source) = (sink.told(), StretchSource::new(reel, number));
        let before = (source.first(), self.faces.get());
        let ended = self.job.work((Box::new(source), Box::new(sink)), crew, &stats, before);
        if self.interrupt.stop.is_set() {
            return Ok(());
        }
        ended?;
        let stretch = told.take().context("the sink left no record")?;
        let next = reel.lock().unwrap_or_else(PoisonError::into_inner).at();
        let last = next.is_none();
        let broken = self.ending.broken().filter(|_| last);
        let notes = if last { self.ending.notes() } else { Vec::new() };
        let seconds = begun.elapsed().as_secs_f64();
        let counted = Counted::of(&stats, stretch.frames());
        self.faces.set(self.faces.get() + counted.faces);
        let leaf = Leaf { next, broken, notes, stretch, counted, model, seconds };
        self.journal.keep(number, &leaf)
    }

    fn stopped(&self) -> Outcome {
        let (name, done) = (self.job.input.display(), self.journal.frames());
        let why = format!("{name}: stopped after {done} frames; the same command goes on there");
        self.job.board.say(&why);
        Outcome::stopped(why)
    }

    fn part_done(&self, part: Shard) -> Outcome {
        let output = self.job.target.path().display();
        let why = format!(
            "part {part} of its stretches is done; when all are, 'mask2face join {output}' puts \
             them together"
        );
        Outcome { output: None, status: Status::Done, why: Some(why), details: None }
    }
}

/// What makes this job this job.
fn facts(job: &Job<'_>, plan: &Plan, options: String) -> Result<JobFacts> {
    let shown = job.input.display();
    let about = job.input.metadata().with_context(|| format!("{shown}: cannot be read"))?;
    let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let input = job.input.canonicalize().unwrap_or_else(|_| job.input.to_owned());
    Ok(JobFacts {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        input: input.as_os_str().as_bytes().to_owned(),
        bytes: about.len(),
        changed_ns: changed.map_or(0, |time| time.as_nanos() as u64),
        options,
        tagged: plan.mark.is_some(),
    })
}
