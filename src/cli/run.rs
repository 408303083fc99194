//! `mask2face run`: the main job.

use std::path::PathBuf;

use anyhow::Result;

use super::Verdict;
use super::batch::inputs::InputArgs;
use super::batch::{self, BatchArgs};
use super::encoding::EncodingArgs;
use super::live::{self, LiveArgs};
use super::networks::NetworkArgs;
use super::preview::WatchArgs;
use super::progress::ProgressArgs;
use super::provenance::ProvenanceArgs;
use super::put_on::PutOnArgs;
use super::streams;

/// Options of `mask2face run`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What to work on.
    #[command(flatten)]
    pub from: InputArgs,
    /// Output file; a folder for several inputs. Without it: NAME.unmasked.EXT beside the input
    #[arg(short, long, value_name = "OUTPUT")]
    pub output: Option<PathBuf>,
    /// Replace an output that exists already
    #[arg(long)]
    pub overwrite: bool,
    /// The networks.
    #[command(flatten)]
    pub networks: NetworkArgs,
    /// How the picture is encoded.
    #[command(flatten)]
    pub encoding: EncodingArgs,
    /// What the outputs say of themselves.
    #[command(flatten)]
    pub provenance: ProvenanceArgs,
    /// The inverse effect.
    #[command(flatten)]
    pub put_on: PutOnArgs,
    /// How the work is shared out.
    #[command(flatten)]
    pub batch: BatchArgs,
    /// Write what was done to each file, and what the check of its output found
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// The same on stdout
    #[arg(long)]
    pub json: bool,
    /// How progress is told.
    #[command(flatten)]
    pub progress: ProgressArgs,
    /// No progress, no notes, no summary; errors only
    #[arg(short, long)]
    pub quiet: bool,
    /// Live streams.
    #[command(flatten)]
    pub live: LiveArgs,
    /// How live streams are watched.
    #[command(flatten)]
    pub watch: WatchArgs,
    /// Pipelines of your own in place of the built-in ones, or a set of live streams
    #[arg(long, value_name = "FILE.launch")]
    pub pipeline: Option<PathBuf>,
}

/// Runs the job on every input, one after the other; a bad one does not stop the rest.
///
/// # Errors
/// If there is nothing to do, or the only input failed.
pub fn run(args: &Args) -> Result<Verdict> {
    match streams::job(&args.from.inputs, args.output.as_deref(), args.pipeline.as_deref())? {
        Some(job) => live::run(&job, args),
        None => batch::run(args),
    }
}
