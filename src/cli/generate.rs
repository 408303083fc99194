//! `generate`: photos of bare faces into training pairs.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Verdict;
use super::networks::face_finder;
use crate::dataset::finder::Networks;
use crate::dataset::sample::Split;
use crate::dataset::sheet::{self, SheetRecipe};
use crate::dataset::store::Store;
use crate::dataset::{self, Recipe, Summary, labels, scan};
use crate::mask::{Look, Painter, Texture};

/// Options of `generate`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Folder with photos of bare faces
    #[arg(value_name = "FACES")]
    faces: PathBuf,
    /// Folder for the pairs
    #[arg(short, long, value_name = "PAIRS", required_unless_present = "sheet")]
    output: Option<PathBuf>,
    /// Table of landmarks: path,score,x0,y0,...,x67,y67; only its photos are taken
    #[arg(long, value_name = "CSV", required_unless_present = "sheet")]
    landmarks: Option<PathBuf>,
    /// At most so many pairs
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Pairs for each face
    #[arg(long, value_name = "K", default_value_t = 1)]
    per_face: usize,
    /// Styles to choose from, as KIND[-COLOUR][@WEAR] or bare[+THING]; without it, as a crowd
    /// wears them
    #[arg(long, value_name = "STYLES", value_delimiter = ',')]
    styles: Vec<Look>,
    /// Folder of pictures that printed cloth shows half of the time
    #[arg(long, value_name = "DIR")]
    textures: Option<PathBuf>,
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
    /// Write no pairs but one picture: every style (or those of --styles) on the first faces
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
}

fn side(text: &str) -> Result<usize, String> {
    let side = text.parse().map_err(|_| "this is no whole number".to_owned())?;
    if (32..=2048).contains(&side) { Ok(side) } else { Err("sizes go from 32 to 2048".into()) }
}

/// The painter with the user's own textures.
fn painter(args: &Args) -> Result<Painter> {
    let textures = args.textures.as_deref().map(Texture::folder).transpose()?;
    Ok(textures.map_or_else(Painter::default, Painter::with_textures))
}

/// Faces on a sheet.
const SHEET_FACES: usize = 8;

fn sheet(args: &Args, path: &Path) -> Result<Verdict> {
    let finder = Networks::new(face_finder)?;
    let photos = scan::scan(&args.faces)?.photos;
    let photos: Vec<PathBuf> = photos.iter().map(|photo| args.faces.join(photo)).collect();
    let looks = if args.styles.is_empty() { Look::catalogue() } else { args.styles.clone() };
    let recipe = SheetRecipe { looks, faces: SHEET_FACES, side: args.size, seed: args.seed };
    sheet::write(&photos, &finder, &painter(args)?, &recipe, path)?;
    Ok(Verdict::Done)
}

/// Makes the pairs and tells what became of each photo.
///
/// # Errors
/// If the table cannot be read or the pairs not be written.
pub fn run(args: &Args) -> Result<Verdict> {
    if let Some(path) = &args.sheet {
        return sheet(args, path);
    }
    let (Some(output), Some(landmarks)) = (&args.output, &args.landmarks) else {
        bail!("generate needs -o and --landmarks");
    };
    let table = File::open(landmarks)
        .with_context(|| format!("opening the landmarks {}", landmarks.display()))?;
    let labels = labels::read(table)
        .with_context(|| format!("reading the landmarks {}", landmarks.display()))?;
    let recipe = Recipe {
        per_face: args.per_face,
        count: args.count,
        looks: args.styles.clone(),
        painter: painter(args)?,
        side: args.size,
        split: Split { valid: args.valid, test: args.test },
        seed: args.seed,
    };
    let store = Store::create(output)?;
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
