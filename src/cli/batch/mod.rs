//! Many files, one after the other: a bad one does not stop the rest, and two runs never take
//! the same one.
//!
//! | file | holds |
//! |---|---|
//! | [`inputs`] | which files are meant |
//! | `filter`, `list` | `--include` and `--exclude`; lists of paths |
//! | `outputs` | where each result goes |
//! | [`shard`] | which part of the batch is ours |
//! | `claim` | the right to write an output |
//! | `work` | the loop over the files |
//! | `report`, `summary` | what was done, for programs and for people |

pub(in crate::cli) mod claim;
mod filter;
pub mod inputs;
mod list;
mod outputs;
pub(in crate::cli) mod report;
pub mod shard;
mod summary;
mod work;

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use self::inputs::{Gathered, gather};
use self::outputs::{Output, Pair};
use self::report::{Report, Status};
use self::shard::{Shard, ShardChoice};
use self::work::Work;
use super::Verdict;
use super::interrupt::Interrupt;
use super::progress::Board;
use super::run::Args;
use crate::media::Launch;

/// How a batch is shared out.
#[derive(clap::Args, Clone, Debug)]
pub struct BatchArgs {
    /// Only part I of N of the files; `auto` asks Slurm, `auto/N` Kubernetes
    #[arg(long, value_name = "I/N")]
    pub shard: Option<ShardChoice>,
    /// Share out long videos too, stretch by stretch; afterwards: mask2face join
    #[arg(long, requires = "shard")]
    pub split: bool,
    /// Length of a stretch: what a crash can cost of a long video; 0: none is cut
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub stretch: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|s: &f64| *s == 0.0 || (1.0..=86400.0).contains(s));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "write 1 to 86400, or 0".to_owned())
}

/// Where a report goes beside the summary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling<'a> {
    /// On stdout, instead of the outputs' names.
    pub json: bool,
    pub file: Option<&'a Path>,
}

/// One file that is to be done, or cannot be.
struct Task {
    pair: Result<Pair, (PathBuf, anyhow::Error)>,
    /// Whether it is in our part of the batch; stretches of it may be anyway.
    ours: bool,
}

/// Runs the job on every input.
///
/// # Errors
/// If there is nothing to do, or the only input failed.
pub(super) fn run(args: &Args) -> Result<Verdict> {
    let launch = args.pipeline.as_deref().map_or_else(|| Ok(Launch::file()), Launch::read)?;
    let shard = args.batch.shard.map(|choice| choice.resolve(|name| std::env::var(name).ok()));
    let shard = shard.transpose()?;
    let gathered = gather(&args.from, args.output.as_deref())?;
    let (many, left_out) = (gathered.many, told(&gathered));
    let tasks = tasks(args, gathered, shard.unwrap_or(Shard::WHOLE))?;
    let interrupt = Interrupt::listen()?;
    let pairs = tasks.iter().filter_map(|task| task.pair.as_ref().ok());
    let weight = pairs.map(|pair| work::weight(&pair.input)).sum();
    let how = args.progress.unless(args.quiet);
    let board = Board::new(how, tasks.len(), weight);
    if let Some(left_out) = left_out {
        board.note(&left_out);
    }
    let part = shard.filter(|_| args.batch.split);
    let work = Work { args, launch: &launch, interrupt: &interrupt, board: &board, many, part };
    let mut report = Report::new(shard.map(|shard| shard.to_string()));
    let lone = work.all(tasks, &mut report);
    board.end();
    let table = many && !args.quiet;
    conclude(
        &board,
        &mut report,
        table,
        Telling { json: args.json, file: args.report.as_deref() },
    )?;
    match lone {
        Some(error) if !board.is_json() => Err(error),
        _ => Ok(report.verdict()),
    }
}

/// The files of our part, each with its output. Parts are counted over all files, finished ones
/// too, so that all machines agree.
fn tasks(args: &Args, gathered: Gathered, shard: Shard) -> Result<Vec<Task>> {
    let output = Output::new(args.output.as_deref(), gathered.many)?;
    let bad = gathered.bad.into_iter().map(Err);
    let all = bad.chain(output.pairs(gathered.found)).enumerate();
    let tasks = all.map(|(nth, pair)| Task { pair, ours: shard.has(nth) });
    let splits = |task: &Task| args.batch.split && task.pair.is_ok();
    Ok(tasks.filter(|task| task.ours || splits(task)).collect())
}

/// A sentence on what was left out of the folders.
fn told(gathered: &Gathered) -> Option<String> {
    let left = gathered.left_out;
    let counted = [
        (left.hidden, "hidden"),
        (left.excluded, "not wanted by --include or --exclude"),
        (left.ours, "results of earlier runs"),
        (left.others, "neither video nor photo"),
    ];
    let counted = counted.iter().filter(|(n, _)| *n > 0);
    let parts: Vec<_> = counted.map(|(n, what)| format!("{n} {what}")).collect();
    (!parts.is_empty()).then(|| format!("left out: {}", parts.join(", ")))
}

/// The results on stdout, the summary on stderr, the report in its file.
pub(super) fn conclude(
    board: &Board,
    report: &mut Report,
    table: bool,
    to: Telling<'_>,
) -> Result<()> {
    if table && !board.is_json() {
        eprint!("{}", summary::text(report));
    }
    board.event(&serde_json::json!({"event": "end", "counts": report.counts()}));
    let text = report.text()?;
    let mut out = std::io::stdout().lock();
    if to.json {
        writeln!(out, "{text}")?;
    } else {
        for file in report.files().iter().filter(|file| file.outcome.status != Status::Skipped) {
            if let Some(output) = &file.outcome.output {
                out.write_all(output.as_os_str().as_bytes())?;
                writeln!(out)?;
            }
        }
    }
    to.file.map_or(Ok(()), |path| report::write(path, &text))
}
