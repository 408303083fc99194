//! `generate`: photos of bare faces into training pairs.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::Verdict;
use super::networks::face_finder;
use super::put_on::{PainterArgs, check};
use crate::dataset::finder::{Finder, Networks};
use crate::dataset::journal::Start;
use crate::dataset::labels::{self, Labels};
use crate::dataset::people::People;
use crate::dataset::sample::Split;
use crate::dataset::scan::{self, Scan};
use crate::dataset::sheet::{self, SheetRecipe};
use crate::dataset::store::Store;
use crate::dataset::{Job, Recipe, Summary, make};
use crate::mask::Guise;

/// Options of `generate`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Folder with photos of bare faces, in any folders
    #[arg(value_name = "FACES")]
    faces: PathBuf,
    /// Folder for the pairs
    #[arg(short, long, value_name = "PAIRS", required_unless_present = "sheet")]
    output: Option<PathBuf>,
    /// Table of landmarks in place of the networks: path,score,x0,y0,...,x67,y67; only its
    /// photos are taken
    #[arg(long, value_name = "CSV")]
    landmarks: Option<PathBuf>,
    /// At most so many pairs, of photos chosen by the seed
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Pairs for each face
    #[arg(long, value_name = "K", default_value_t = 1)]
    per_face: usize,
    /// Styles to choose from, as `KIND[-COLOUR][@WEAR]`, `bare[+THING]` or `template:NAME`; without
    /// it, as a crowd wears them
    #[arg(long, value_name = "STYLES", value_delimiter = ',')]
    styles: Vec<Guise>,
    /// What the painter works with.
    #[command(flatten)]
    painter: PainterArgs,
    /// Width and height of the crops in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = side)]
    size: usize,
    /// Pairs kept for the final test, a fifth of all at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    test: usize,
    /// Share of the other pairs kept for validation
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = share)]
    valid: f32,
    /// Whose face it is, as no person is in two parts: auto, photo, folder, FILE.csv of
    /// path,person, or a pattern with a group, as `([^/]+)_[0-9]+`
    #[arg(long, value_name = "HOW", default_value = "auto")]
    people: People,
    /// The same seed gives the same files
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; all cores without it
    #[arg(long, value_name = "N", default_value_t = 0)]
    jobs: usize,
    /// Go on where a run with the same options was killed
    #[arg(long)]
    resume: bool,
    /// The summary as JSON
    #[arg(long)]
    json: bool,
    /// Write no pairs but one picture: every style (or those of --styles) on the first faces,
    /// in --per-face rows each
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
}

fn side(text: &str) -> Result<usize, String> {
    let side = text.parse().map_err(|_| "this is no whole number".to_owned())?;
    if (32..=2048).contains(&side) { Ok(side) } else { Err("sizes go from 32 to 2048".into()) }
}

fn share(text: &str) -> Result<f32, String> {
    let share: f32 = text.parse().map_err(|_| "this is no number".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("shares go from 0 to 1".into()) }
}

/// Faces on a sheet.
const SHEET_FACES: usize = 8;

/// Makes the pairs and tells what became of each photo.
///
/// # Errors
/// If there are no photos, an option is wrong, or the pairs cannot be written.
pub fn run(args: &Args) -> Result<Verdict> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(args.jobs).build()?;
    let (found, finder) = source(args)?;
    let painter = args.painter.painter()?;
    args.styles.iter().try_for_each(|guise| check(&painter, guise))?;
    if let Some(path) = &args.sheet {
        let photos: Vec<PathBuf> = found.photos.iter().map(|p| args.faces.join(p)).collect();
        let guises = if args.styles.is_empty() { painter.catalogue() } else { args.styles.clone() };
        let (faces, rows) = (SHEET_FACES, args.per_face.max(1));
        let recipe = SheetRecipe { guises, faces, rows, side: args.size, seed: args.seed };
        threads.install(|| sheet::write(&photos, finder.as_ref(), &painter, &recipe, path))?;
        return Ok(Verdict::Done);
    }
    let Some(output) = &args.output else { bail!("generate needs -o PAIRS") };
    let recipe = Recipe {
        per_face: args.per_face,
        count: args.count,
        guises: args.styles.clone(),
        painter,
        side: args.size,
        split: Split { valid: args.valid, test: args.test },
        people: args.people.clone(),
        seed: args.seed,
    };
    let store = Store::create(output)?;
    let bar = indicatif::ProgressBar::new(found.photos.len() as u64);
    let job = Job {
        folder: &args.faces,
        photos: &found.photos,
        others: &found.others,
        finder: finder.as_ref(),
        recipe: &recipe,
        start: if args.resume { Start::Resume } else { Start::Anew },
        progress: &|| bar.inc(1),
    };
    let made = threads.install(|| make(&job, &store));
    bar.finish_and_clear();
    tell(args, &store, &made?)?;
    Ok(Verdict::Done)
}

/// The photos, and what finds the faces in them.
fn source(args: &Args) -> Result<(Scan, Box<dyn Finder>)> {
    let shown = args.faces.display();
    ensure!(args.faces.is_dir(), "{shown}: is no folder; generate wants a folder of photos");
    let Some(table) = &args.landmarks else {
        let found = scan::scan(&args.faces)?;
        let others = found.others.len();
        ensure!(
            !found.photos.is_empty(),
            "{shown}: there are no JPEG, PNG or WebP photos in it or below ({others} other files)"
        );
        return Ok((found, Box::new(Networks::new(face_finder)?)));
    };
    let file =
        File::open(table).with_context(|| format!("opening the landmarks {}", table.display()))?;
    let rows =
        labels::read(file).with_context(|| format!("reading the landmarks {}", table.display()))?;
    let labels = Labels::new(rows);
    let found = Scan { photos: labels.paths().to_vec(), others: Vec::new() };
    Ok((found, Box::new(labels)))
}

#[expect(clippy::print_stdout, reason = "the summary is this command's result")]
fn tell(args: &Args, store: &Store, summary: &Summary) -> Result<()> {
    if args.json {
        println!("{}", serde_json::to_string_pretty(summary)?);
        return Ok(());
    }
    if summary.complete_before {
        println!("{}: is complete already", store.root().display());
        return Ok(());
    }
    let parts: Vec<String> = summary.parts.iter().map(|(part, n)| format!("{part} {n}")).collect();
    println!(
        "{} pairs of {} faces of {} people ({}): {}",
        summary.pairs,
        summary.faces,
        summary.people,
        summary.told_by,
        parts.join(", ")
    );
    for (reason, paths) in &summary.left_out {
        let some: Vec<&str> = paths.iter().take(5).map(String::as_str).collect();
        let more = if paths.len() > some.len() { ", ..." } else { "" };
        println!("left out, {reason}: {} ({}{more})", paths.len(), some.join(", "));
    }
    if !summary.left_out.is_empty() {
        println!("all that was left out: {}", shown(&store.left_out()));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
