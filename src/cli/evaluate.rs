//! `mask2face evaluate`: how well masks are taken off, on pairs or on a clip with its truth.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use super::faces::FaceArgs;
use super::networks::{ModelFacts, NetworkArgs};
use super::{Verdict, table};
use crate::eval::clip::{self, ClipReport, Clips, Maker};
use crate::eval::learned::Learned;
use crate::eval::report::{Report, Standing};
use crate::eval::{self, Contender, pairs, sheet};
use crate::image::chart;
use crate::media::{FileSource, Launch, Source, StopSignal};
use crate::onnx::registry::Registry;
use crate::onnx::{Device, Engine, library};
use crate::pipeline::{Detect, Effect, Lay, Paint, Stats};

/// Options of `evaluate`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Folder of pairs that `mask2face generate` made
    #[arg(value_name = "PAIRS", required_unless_present = "clip")]
    pairs: Option<PathBuf>,
    /// Instead of pairs: a bare clip, the same clip masked, and clips that were made of that
    #[arg(long, num_args = 2.., value_names = ["CLEAN", "MASKED"], conflicts_with = "pairs")]
    clip: Vec<PathBuf>,
    /// Network to judge, by name or path; may be given several times
    #[arg(long = "model", value_name = "NAME|PATH", default_values_t = ["light".to_owned()])]
    models: Vec<String>,
    /// `auto`, `cpu`, `cuda[:N]` or `tensorrt[:N]`
    #[arg(long, default_value = "auto")]
    device: Device,
    /// CPU threads of the networks; 0: half of the cores
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Which part of the pairs: test, valid, train or all
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    split: String,
    /// At most so many pairs, evenly chosen
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Fit what is painted to its surroundings, as `run` does; without it the network alone
    #[arg(long)]
    fitted: bool,
    /// Leave out the measures that are networks themselves
    #[arg(long)]
    quick: bool,
    /// The table as JSON
    #[arg(long)]
    json: bool,
    /// A row for each pair, or for each face of each frame
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
    /// The best, median and worst pairs as a picture
    #[arg(long, value_name = "FILE.png", conflicts_with = "clip")]
    sheet: Option<PathBuf>,
    /// The measures of a clip over time as a picture
    #[arg(long, value_name = "FILE.png", requires = "clip")]
    plot: Option<PathBuf>,
}

/// The answer as JSON gives it.
#[derive(Serialize)]
struct Answer<'a> {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<usize>,
    models: &'a [ModelFacts],
    fitted: bool,
    not_installed: &'a [&'static str],
    notes: &'a [String],
    standings: &'a [Standing],
}

/// Judges and tells.
///
/// # Errors
/// If pairs, clips or networks cannot be read, or a result not be written.
pub fn run(args: &Args) -> Result<Verdict> {
    match &args.pairs {
        Some(folder) => on_pairs(args, folder),
        None => on_clip(args),
    }
}

fn on_pairs(args: &Args, folder: &Path) -> Result<Verdict> {
    let mut chosen = pairs::read(folder, &args.split)?;
    if let Some(limit) = args.limit.filter(|limit| *limit < chosen.len()) {
        let step = chosen.len() as f64 / limit.max(1) as f64;
        chosen = (0..limit).map(|i| chosen[(i as f64 * step) as usize].clone()).collect();
    }
    let (mut learned, missing) = args.learned()?;
    let mut contenders = vec![Contender::Input, Contender::MeanSkin];
    let mut models = Vec::new();
    for model in &args.models {
        let (unet, facts) = args.networks(model).unet()?;
        let (name, unmasker) = (facts.model.clone(), Box::new(unet));
        contenders.push(Contender::Network { name, unmasker, fitted: args.fitted });
        models.push(facts);
    }
    let bar = ProgressBar::new(chosen.len() as u64);
    let report = eval::evaluate(&chosen, &mut contenders, &mut learned, &|| bar.inc(1));
    bar.finish_and_clear();
    let report = report?;
    if let Some(path) = &args.sheet {
        write(path, sheet::png(&chosen, &mut contenders, &report)?)?;
    }
    let answer = Answer {
        version: env!("CARGO_PKG_VERSION"),
        split: Some(&args.split),
        frames: None,
        models: &models,
        fitted: args.fitted,
        not_installed: &missing,
        notes: &[],
        standings: &report.standings,
    };
    tell(args, &answer, &report)
}

fn on_clip(args: &Args) -> Result<Verdict> {
    let launch = Launch::file();
    let open = |path: &Path| -> Result<Box<dyn Source>> {
        Ok(Box::new(FileSource::open(path, &launch, StopSignal::default())?))
    };
    let (clean, masked) = (open(&args.clip[0])?, open(&args.clip[1])?);
    let mut makers = Vec::new();
    for path in &args.clip[2..] {
        makers.push((path.display().to_string(), Maker::Played(open(path)?)));
    }
    let (mut learned, missing) = args.learned()?;
    let mut models = Vec::new();
    for model in &args.models {
        let networks = args.networks(model);
        let (restorer, facts) = networks.restorer()?;
        let stats = Stats::default();
        let detect = Detect::new(networks.tracker()?, stats.clone());
        let paint = Paint::new(Effect::Unmask(restorer), stats.clone());
        let stages = Box::new((detect, paint, Lay::new(stats)));
        makers.push((facts.model.clone(), Maker::Restore(stages)));
        models.push(facts);
    }
    let tracker = args.networks("").tracker()?;
    let bar = ProgressBar::new_spinner();
    let clips = Clips { clean, masked, makers, tracker };
    let compared = clip::compare(clips, &mut learned, &|| bar.inc(1));
    bar.finish_and_clear();
    let compared = compared?;
    if let Some(path) = &args.plot {
        write(path, chart::png(&compared.panels())?)?;
    }
    let ClipReport { report, frames, notes, .. } = &compared;
    let answer = Answer {
        version: env!("CARGO_PKG_VERSION"),
        split: None,
        frames: Some(*frames),
        models: &models,
        fitted: true,
        not_installed: &missing,
        notes,
        standings: &report.standings,
    };
    tell(args, &answer, report)
}

impl Args {
    fn networks(&self, model: &str) -> NetworkArgs {
        let (device, threads) = (self.device, self.threads);
        NetworkArgs { model: model.to_owned(), device, threads, faces: FaceArgs::default() }
    }

    /// The measures that are networks, and the names of those that are not installed.
    fn learned(&self) -> Result<(Learned, Vec<&'static str>)> {
        if self.quick {
            return Ok((Learned::default(), Vec::new()));
        }
        let engine = Engine::start(&library::library()?, self.device, self.threads.max(1))?;
        Learned::open(&Registry::from_env()?, &engine)
    }
}

/// The table or JSON on stdout, the rest into files.
fn tell(args: &Args, answer: &Answer<'_>, report: &Report) -> Result<Verdict> {
    if let Some(path) = &args.csv {
        write(path, report.csv()?)?;
    }
    for note in answer.notes {
        eprintln!("mask2face: {note}");
    }
    if !answer.not_installed.is_empty() {
        eprintln!(
            "mask2face: not installed, so their columns are left out: {}; 'make metrics' brings them",
            answer.not_installed.join(", ")
        );
    }
    if args.json {
        table::print_json(answer)?;
        return Ok(Verdict::Done);
    }
    table::print(&report.table())?;
    let bare = report.bare_table();
    if bare.len() > 1 {
        table::print(&std::iter::once(Vec::new()).chain(bare).collect::<Vec<_>>())?;
    }
    Ok(Verdict::Done)
}

fn write(path: &Path, bytes: Vec<u8>) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}
