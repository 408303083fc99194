//! `mask2face run`: the main job.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::interrupt::Interrupt;
use super::networks::NetworkArgs;
use super::video::{self, Job};
use super::{Verdict, photo};
use crate::mask::MaskStyle;
use crate::media::{Launch, Place, Target};

/// Extensions of files in a folder that are taken for videos.
const VIDEO: [&str; 13] =
    ["mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "mts", "m2ts", "mpg", "mpeg", "wmv", "flv"];

/// Options of `mask2face run`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Video files, photos (JPEG, PNG, WebP), or folders of them
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Output file; a folder for several inputs. Without it: NAME.unmasked.EXT beside the input
    #[arg(short, long, value_name = "OUTPUT")]
    pub output: Option<PathBuf>,
    /// Replace an output that exists already
    #[arg(long)]
    pub overwrite: bool,
    /// The networks.
    #[command(flatten)]
    pub networks: NetworkArgs,
    /// Put painted masks on bare faces instead: the inverse effect
    #[arg(long, value_name = "STYLE")]
    pub paint_mask: Option<MaskStyle>,
    /// Write what was done and what the check of the output found
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// The same on stdout
    #[arg(long)]
    pub json: bool,
    /// No progress, no notes
    #[arg(short, long)]
    pub quiet: bool,
    /// Pipelines of your own in place of the built-in pipelines/file.launch
    #[arg(long, value_name = "FILE.launch")]
    pub pipeline: Option<PathBuf>,
}

/// One input and where its result goes.
#[derive(Clone, Debug)]
struct Pair {
    input: PathBuf,
    output: PathBuf,
}

/// Runs the job on every input, one after the other; a bad one does not stop the rest.
///
/// # Errors
/// If there is nothing to do, or the only input failed.
pub fn run(args: &Args) -> Result<Verdict> {
    let launch = args.pipeline.as_deref().map_or_else(|| Ok(Launch::file()), Launch::read)?;
    let pairs = pairs(args)?;
    let interrupt = Interrupt::listen()?;
    let mut reports = Vec::new();
    let mut worst = Verdict::Done;
    for pair in &pairs {
        if interrupt.stop.is_set() {
            break;
        }
        match one(pair, args, &launch, &interrupt) {
            Ok((verdict, report)) => {
                worst = worst.max(verdict);
                reports.push(report);
            }
            Err(error) if pairs.len() == 1 => return Err(error),
            Err(error) => {
                eprintln!("mask2face: error: {error:#}");
                reports.push(serde_json::json!({
                    "input": pair.input, "error": format!("{error:#}")
                }));
                worst = Verdict::Incomplete;
            }
        }
    }
    tell(args, &reports)?;
    Ok(worst)
}

/// One input through the pipeline. Photos branch off here.
fn one(
    pair: &Pair,
    args: &Args,
    launch: &Launch,
    interrupt: &Interrupt,
) -> Result<(Verdict, serde_json::Value)> {
    same_file(pair)?;
    // Loaded once the input is known to be good, and anew for each: tracks belong to one stream.
    let crew = || args.networks.crew(args.paint_mask);
    if photo::is_photo(&pair.input) {
        let place = Place::new(&pair.output, args.overwrite)?;
        let report = photo::run(&pair.input, &place, crew)?;
        return Ok((Verdict::Done, serde_json::to_value(report)?));
    }
    let target = Target::new(&pair.output, args.overwrite)?;
    let job = Job { input: &pair.input, target, launch, quiet: args.quiet };
    let (verdict, report) = video::run(&job, crew, interrupt)?;
    Ok((verdict, serde_json::to_value(report)?))
}

/// Every input file with its output.
fn pairs(args: &Args) -> Result<Vec<Pair>> {
    let mut inputs = Vec::new();
    for input in &args.inputs {
        if input.is_dir() {
            inputs.extend(files_in(input)?);
        } else {
            inputs.push(input.clone());
        }
    }
    let many = inputs.len() > 1 || args.inputs.iter().any(|input| input.is_dir());
    let into = args.output.as_ref().filter(|output| many || output.is_dir());
    if let Some(folder) = into.filter(|_| many) {
        ensure!(
            !folder.is_file(),
            "{}: is a file; several inputs need a folder as output",
            folder.display()
        );
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
    }
    let output = |input: &Path| match (into, &args.output) {
        (Some(folder), _) => folder.join(beside(input).file_name().unwrap_or_default()),
        (None, Some(file)) => file.clone(),
        (None, None) => beside(input),
    };
    Ok(inputs.into_iter().map(|input| Pair { output: output(&input), input }).collect())
}

/// NAME.unmasked.EXT beside `input`.
fn beside(input: &Path) -> PathBuf {
    match input.extension().filter(|_| photo::is_photo(input)) {
        Some(extension) => Place::beside(input, extension),
        None => Target::name_beside(input),
    }
}

/// The videos and photos of a folder by their extension, sorted; our own outputs left out.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = folder.display();
    let listed = std::fs::read_dir(folder).with_context(|| format!("{shown}: cannot be read"))?;
    let mut files = Vec::new();
    for entry in listed {
        let path = entry.with_context(|| format!("{shown}: cannot be read"))?.path();
        let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let video = extension.is_some_and(|extension| VIDEO.contains(&extension.as_str()));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let ours = stem.ends_with(".unmasked") || stem.ends_with(".partial");
        if (video || photo::is_photo(&path)) && !ours {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("{shown}: there are no videos ({}) or photos in it", VIDEO.join(", "));
    }
    files.sort();
    Ok(files)
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

/// The report, on stdout and in its file.
#[expect(clippy::print_stdout, reason = "results go to stdout")]
fn tell(args: &Args, reports: &[serde_json::Value]) -> Result<()> {
    let text = match reports {
        [one] => serde_json::to_string_pretty(one)?,
        all => serde_json::to_string_pretty(all)?,
    };
    if args.json {
        println!("{text}");
    } else {
        for path in reports.iter().filter_map(|report| report["output"].as_str()) {
            println!("{path}");
        }
    }
    if let Some(path) = &args.report {
        std::fs::write(path, text + "\n")
            .with_context(|| format!("{}: the report cannot be written", path.display()))?;
    }
    Ok(())
}
