//! The loop over the files of a batch.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::Task;
use super::claim::Claim;
use super::outputs::Pair;
use super::report::{FileReport, Outcome, Report};
use super::shard::Shard;
use crate::cli::interrupt::Interrupt;
use crate::cli::progress::{Board, FileBoard};
use crate::cli::run::Args;
use crate::cli::video::{self, Job};
use crate::cli::{long, photo};
use crate::media::{FileSource, Launch, Place, Target};

/// What the loop needs.
pub(super) struct Work<'a> {
    pub args: &'a Args,
    pub launch: &'a Launch,
    pub interrupt: &'a Interrupt,
    pub board: &'a Board,
    /// Whether it is a batch: then a finished output is skipped, not refused, and folders are
    /// made.
    pub many: bool,
    /// Whose stretches of long videos are done, where these are shared out.
    pub part: Option<Shard>,
}

/// What is to be done about one file.
enum Step {
    Photo(Place, Claim),
    Video(Target, Claim),
    /// Stretches of a long video.
    Part(Target, Shard, [Claim; 2]),
    /// Nothing, and why.
    Skip(String),
    /// Nothing now: another run is at it.
    Held,
}

impl Work<'_> {
    /// Does all `tasks`; gives the error of the one file, if that was all there was.
    pub fn all(&self, tasks: Vec<Task>, report: &mut Report) -> Option<anyhow::Error> {
        let mut lone = None;
        let mut waiting = tasks;
        // Files that another run holds come last: it may have finished them by then, or died.
        for last in [false, true] {
            for task in std::mem::take(&mut waiting) {
                match self.task(task, last, report) {
                    Ok(again) => waiting.extend(again),
                    Err(error) => lone = Some(error),
                }
            }
        }
        lone
    }

    /// Does one task, or gives it back for later. The error is that of a lone file.
    fn task(&self, task: Task, last: bool, report: &mut Report) -> Result<Option<Task>> {
        let (input, step) = match task.pair {
            Err((input, error)) => (input, Err(error)),
            Ok(pair) => match self.step(&pair, task.ours) {
                Ok(Step::Held) if !last => return Ok(Some(Task { pair: Ok(pair), ..task })),
                step => (pair.input, step),
            },
        };
        let board = self.board.begin(&input, weight(&input));
        let (outcome, error) = match step.and_then(|step| self.go(step, &input, &board)) {
            Ok(outcome) => (outcome, None),
            Err(error) => (Outcome::failed(&error), Some(error)),
        };
        if let Some(error) = error.as_ref().filter(|_| self.many && !self.board.is_json()) {
            board.say(&format!("error: {error:#}"));
        }
        board.end(outcome.status.name(), outcome.output.as_deref(), outcome.why.as_deref());
        report.add(FileReport::new(input, outcome));
        error.filter(|_| !self.many).map_or(Ok(None), Err)
    }

    /// Looks what is to be done, and claims the output for it.
    fn step(&self, pair: &Pair, ours: bool) -> Result<Step> {
        if self.interrupt.stop.is_set() {
            return Ok(Step::Skip("stopped before its turn".to_owned()));
        }
        same_file(pair)?;
        let (output, overwrite) = (&pair.output, self.args.overwrite);
        let finished = || self.many && !overwrite && output.symlink_metadata().is_ok();
        let skip = || Ok(Step::Skip(format!("finished already: {} exists", output.display())));
        if Claim::is_there(output) && output.exists() {
            // of a run that died after its last step, maybe: taking the claim clears up
            drop(Claim::take(output)?);
        }
        if finished() {
            return skip();
        }
        if let Some(folder) = output.parent().filter(|_| self.many) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{}: cannot be made", folder.display()))?;
        }
        let is_photo = photo::is_photo(&pair.input);
        if let Some(part) = self.part.filter(|_| !is_photo && self.is_long(&pair.input)) {
            return self.part(output, part);
        }
        if !ours {
            return Ok(Step::Skip("another part of the batch does it".to_owned()));
        }
        let step: Box<dyn FnOnce(Claim) -> Step> = if is_photo {
            let place = Place::new(output, overwrite)?;
            Box::new(|claim| Step::Photo(place, claim))
        } else {
            let target = Target::new(output, overwrite)?;
            Box::new(|claim| Step::Video(target, claim))
        };
        match Claim::take(output)? {
            None => Ok(Step::Held),
            Some(_) if finished() => skip(),
            Some(claim) => Ok(step(claim)),
        }
    }

    /// Claims our stretches of a long video.
    fn part(&self, output: &Path, part: Shard) -> Result<Step> {
        let target = Target::new(output, self.args.overwrite)?;
        let mut ours = output.as_os_str().to_owned();
        ours.push(format!(".{}-of-{}", part.number(), part.count()));
        match (Claim::share(output)?, Claim::take(Path::new(&ours))?) {
            (Some(all), Some(ours)) => Ok(Step::Part(target, part, [ours, all])),
            _ => Ok(Step::Held),
        }
    }

    /// Whether a video is cut into stretches; one that cannot be opened is not.
    fn is_long(&self, input: &Path) -> bool {
        let source = FileSource::open(input, self.launch, self.interrupt.stop.clone());
        source.is_ok_and(|source| long::is_long(&source.promise(), self.args))
    }

    fn go(&self, step: Step, input: &Path, board: &FileBoard<'_>) -> Result<Outcome> {
        // Loaded once the input is known to be good, and anew for each: tracks belong to one
        // stream.
        let job = |target: Target, part: Option<Shard>| Job {
            input,
            target,
            launch: self.launch,
            args: self.args,
            board,
            many: self.many,
            part,
        };
        let networks = &self.args.networks;
        let crew = || networks.crew(self.args.put_on.effect()?);
        let prompt = || networks.prompt_crew(self.args.put_on.effect()?);
        match step {
            Step::Photo(place, _claim) => photo::run(input, &place, &self.args.provenance, prompt),
            Step::Video(target, _claim) => video::run(&job(target, None), &crew, self.interrupt),
            Step::Part(target, part, _claims) => {
                video::run(&job(target, Some(part)), &crew, self.interrupt)
            }
            Step::Skip(why) => Ok(Outcome::skipped(why)),
            Step::Held => {
                ensure!(self.many, "{}: another run is working on it", input.display());
                Ok(Outcome::skipped("another run is working on it".to_owned()))
            }
        }
    }
}

/// What a file counts in the progress of a batch: its bytes.
pub(super) fn weight(input: &Path) -> u64 {
    input.metadata().map_or(0, |about| about.len())
}

/// An output may never be its own input.
fn same_file(pair: &Pair) -> Result<()> {
    let same = match (pair.input.canonicalize(), pair.output.canonicalize()) {
        (Ok(input), Ok(output)) => input == output,
        _ => false,
    };
    ensure!(!same, "{}: is input and output at once; choose another -o", pair.input.display());
    Ok(())
}
