//! `generate`: photos of bare faces into training pairs.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Verdict;
use crate::dataset::sample::Split;
use crate::dataset::store::Store;
use crate::dataset::{self, Recipe, Summary, labels};
use crate::mask::MaskStyle;

/// Options of `generate`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Folder with photos of bare faces
    #[arg(value_name = "FACES")]
    faces: PathBuf,
    /// Folder for the pairs
    #[arg(short, long, value_name = "PAIRS")]
    output: PathBuf,
    /// Table of landmarks: path,score,x0,y0,...,x67,y67; only its photos are taken
    #[arg(long, value_name = "CSV")]
    landmarks: PathBuf,
    /// At most so many pairs
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Pairs for each face
    #[arg(long, value_name = "K", default_value_t = 1)]
    per_face: usize,
    /// Styles to choose from, as KIND[-COLOUR][@WEAR]; without it, as a crowd wears them
    #[arg(long, value_name = "STYLES", value_delimiter = ',')]
    styles: Vec<MaskStyle>,
    /// Width and height of the crops in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = side)]
    size: usize,
    /// Share of the faces kept for validation
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    valid: f32,
    /// Number of faces kept for the final test
    #[arg(long, value_name = "N", default_value_t = 200)]
    test: usize,
    /// The same seed gives the same files
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; all cores without it
    #[arg(long, value_name = "N", default_value_t = 0)]
    jobs: usize,
}

fn side(text: &str) -> Result<usize, String> {
    let side = text.parse().map_err(|_| "this is no whole number".to_owned())?;
    if (32..=2048).contains(&side) { Ok(side) } else { Err("sizes go from 32 to 2048".into()) }
}

/// Makes the pairs and tells what became of each photo.
///
/// # Errors
/// If the table cannot be read or the pairs not be written.
pub fn run(args: &Args) -> Result<Verdict> {
    let table = File::open(&args.landmarks)
        .with_context(|| format!("opening the landmarks {}", args.landmarks.display()))?;
    let labels = labels::read(table)
        .with_context(|| format!("reading the landmarks {}", args.landmarks.display()))?;
    let recipe = Recipe {
        per_face: args.per_face,
        count: args.count,
        styles: args.styles.clone(),
        side: args.size,
        split: Split { valid: args.valid, test: args.test },
        seed: args.seed,
    };
    let store = Store::create(&args.output)?;
    let threads = rayon::ThreadPoolBuilder::new().num_threads(args.jobs).build()?;
    let bar = indicatif::ProgressBar::new(labels.len() as u64);
    let made = threads
        .install(|| dataset::generate(&args.faces, &labels, &recipe, &store, &|| bar.inc(1)));
    bar.finish_and_clear();
    print(&made?);
    Ok(Verdict::Done)
}

#[expect(clippy::print_stdout, reason = "the summary is this command's result")]
fn print(summary: &Summary) {
    println!("{} pairs of {} faces", summary.pairs, summary.faces);
    for (reason, paths) in &summary.left_out {
        let some: Vec<&str> = paths.iter().take(5).map(String::as_str).collect();
        let more = if paths.len() > some.len() { ", ..." } else { "" };
        println!("left out, {reason}: {} ({}{more})", paths.len(), some.join(", "));
    }
}
