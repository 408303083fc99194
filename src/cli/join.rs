//! `mask2face join`: puts long videos together whose stretches several machines did.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use walkdir::WalkDir;

use super::Verdict;
use super::batch::claim::Claim;
use super::batch::report::{FileReport, Outcome, Report};
use super::batch::{Telling, conclude};
use super::interrupt::Interrupt;
use super::journal::Journal;
use super::progress::{Board, FileBoard, ProgressArgs};
use super::provenance::mark_of;
use super::together::put_together;
use crate::media::{Encoding, FileSource, Launch, Plan, Target};

/// Options of `mask2face join`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Outputs of `mask2face run --split`, or folders with all below them
    #[arg(required = true, value_name = "OUTPUT")]
    pub outputs: Vec<PathBuf>,
    /// Write what was done to each file, and what the check of its output found
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// The same on stdout
    #[arg(long)]
    pub json: bool,
    /// No progress, no notes; errors only
    #[arg(short, long)]
    pub quiet: bool,
    /// How progress is told.
    #[command(flatten)]
    pub progress: ProgressArgs,
    /// Pipelines of your own in place of the built-in pipelines/file.launch
    #[arg(long, value_name = "FILE.launch")]
    pub pipeline: Option<PathBuf>,
}

/// Puts every output together whose stretches are all there.
///
/// # Errors
/// If there is nothing to put together.
pub fn run(args: &Args) -> Result<Verdict> {
    let launch = args.pipeline.as_deref().map_or_else(|| Ok(Launch::file()), Launch::read)?;
    let outputs = outputs(&args.outputs)?;
    let interrupt = Interrupt::listen()?;
    let how = args.progress.unless(args.quiet);
    let board = Board::new(how, outputs.len(), 0);
    let mut report = Report::new(None);
    for output in outputs {
        let (journal, facts) = Journal::find(&output).with_context(|| nothing(&output))?;
        let input = PathBuf::from(OsStr::from_bytes(&facts.input));
        let file = board.begin(&input, 0);
        let goal = Goal { input: &input, output: &output, journal, tagged: facts.tagged };
        let outcome = goal.reach(&launch, &interrupt, &file);
        let outcome = outcome.unwrap_or_else(|error| {
            file.say(&format!("error: {error:#}"));
            Outcome::failed(&error)
        });
        file.end(outcome.status.name(), outcome.output.as_deref(), outcome.why.as_deref());
        report.add(FileReport::new(input.clone(), outcome));
    }
    board.end();
    let telling = Telling { json: args.json, file: args.report.as_deref() };
    conclude(&board, &mut report, false, telling)?;
    Ok(report.verdict())
}

/// One output that is to be put together.
struct Goal<'a> {
    input: &'a Path,
    output: &'a Path,
    journal: Journal,
    tagged: bool,
}

impl Goal<'_> {
    fn reach(
        self,
        launch: &Launch,
        interrupt: &Interrupt,
        board: &FileBoard<'_>,
    ) -> Result<Outcome> {
        let begun = Instant::now();
        let shown = self.output.display();
        let claim = Claim::take(self.output)?;
        let _claim = claim.with_context(|| format!("{shown}: another run is working on it"))?;
        let source = FileSource::open(self.input, launch, interrupt.stop.clone())?;
        let model = self.journal.leaf(0).and_then(|leaf| leaf.model);
        let plan = Plan {
            target: Target::new(self.output, false)?,
            input: self.input.to_owned(),
            promise: source.promise(),
            encoding: Encoding::default(),
            mark: self.tagged.then(|| mark_of(model.as_ref())),
            strict: false,
        };
        drop(source);
        put_together(&plan, launch, &self.journal, board, begun)
    }
}

/// The outputs that are meant: those named, and those below a folder that have a journal.
fn outputs(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut outputs = Vec::new();
    for path in named {
        if !path.is_dir() {
            outputs.push(path.clone());
            continue;
        }
        let before = outputs.len();
        let entries = WalkDir::new(path).sort_by_file_name().into_iter().filter_map(Result::ok);
        outputs.extend(entries.filter_map(|entry| output_of(entry.path())));
        ensure!(outputs.len() > before, "{}", nothing(path));
    }
    Ok(outputs)
}

/// The output whose journal lies in `folder`, if it is one.
fn output_of(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.as_bytes();
    let name = name.strip_prefix(b".")?.strip_suffix(b".part")?;
    folder.join("job.json").is_file().then(|| folder.with_file_name(OsStr::from_bytes(name)))
}

fn nothing(path: &Path) -> String {
    let shown = path.display();
    format!("{shown}: there are no stretches to put together; 'mask2face run --split' makes them")
}
