//! `mask2face bench`: what the job costs, beside the plain transcode of the same input and the
//! sum of its parts.
//!
//! | file | does |
//! |---|---|
//! | `growth` | how it grows with faces, pixels, streams and time |
//! | `measure` | the job and the plain transcode, in turns |
//! | `report` | table, JSON, chart |
//! | `synthetic` | inputs of any size, rate and number of faces |

mod growth;
mod measure;
mod report;
mod synthetic;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;

use super::networks::NetworkArgs;
use super::{Verdict, table, threads};
use crate::geometry::Size;
use crate::image::chart;
use crate::media::draft::Draft;
use crate::onnx::registry::Places;
use report::Bench;
use synthetic::Scene;

/// Options of `bench`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// A video file; without it a clip is made as --size, --masked, --rate and --seconds say
    #[arg(value_name = "INPUT", conflicts_with_all = ["size", "masked", "rate", "seconds", "keep"])]
    input: Option<PathBuf>,
    /// The networks.
    #[command(flatten)]
    networks: NetworkArgs,
    /// How often job and transcode take turns; figures are medians
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=99))]
    rounds: u8,
    /// Only make the clip, into --keep
    #[arg(long, requires = "keep")]
    synthetic: bool,
    /// Width and height of the clip that is made
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size)]
    size: Size,
    /// Masked faces in it
    #[arg(long, value_name = "N", default_value_t = 1)]
    masked: usize,
    /// Its frames a second
    #[arg(long, value_name = "FPS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=240))]
    rate: u32,
    /// Its length
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Keep the clip that is made
    #[arg(long, value_name = "FILE.mp4")]
    keep: Option<PathBuf>,
    /// Whose face it shows, in a photo
    #[arg(long, value_name = "PHOTO")]
    portrait: Option<PathBuf>,
    /// The table as JSON
    #[arg(long)]
    json: bool,
    /// Makes clips of --seconds and more, and plots how the job grows: with faces, with pixels of
    /// frames and of faces, with files and with time
    #[arg(long, value_name = "FILE.png", conflicts_with_all = ["input", "synthetic", "plot", "size", "masked", "keep"])]
    growth: Option<PathBuf>,
    /// Time by stage as a picture
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
}

fn size(text: &str) -> Result<Size, String> {
    let parts = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match parts {
        Some((width, height)) if [width, height].iter().all(|n: &usize| n.is_multiple_of(2)) => {
            let fits = |n: usize| (64..=8192).contains(&n);
            let size = fits(width) && fits(height);
            size.then_some(Size::new(width, height)).ok_or("sizes go from 64 to 8192".into())
        }
        _ => Err("a size is two even numbers, as 1280x720".into()),
    }
}

/// Measures and tells.
///
/// # Errors
/// If the input cannot be made or read, or the job or the transcode fails.
pub fn run(args: &Args) -> Result<Verdict> {
    if let Some(path) = &args.growth {
        return args.grow(path);
    }
    let folder = tempfile::tempdir().context("no place for a clip")?;
    let input = match &args.input {
        Some(input) => input.clone(),
        None => args.make(folder.path().join("synthetic.mp4"))?,
    };
    if args.synthetic {
        return Ok(Verdict::Done);
    }
    let bar = ProgressBar::new(2 * u64::from(args.rounds));
    let rounds = measure::rounds(&input, &args.options(), usize::from(args.rounds), &|| bar.inc(1));
    bar.finish_and_clear();
    let mut rounds = rounds?;
    measure::correct(&mut rounds, &args.networks)?;
    let cores = threads::cores();
    let name = args.input.as_ref().map_or_else(|| args.clip_name(), |i| i.display().to_string());
    let bench = Bench::new(name, cores, &rounds).context("nothing was measured")?;
    if let Some(path) = &args.plot {
        plot(path, &bench.panels())?;
    }
    if args.json {
        table::print_json(&bench)?;
    } else {
        bench.table().split(Vec::is_empty).try_for_each(|part| {
            table::print(part)?;
            table::print(&[Vec::new()])
        })?;
    }
    Ok(Verdict::Done)
}

fn plot(path: &Path, panels: &[chart::Panel]) -> Result<()> {
    std::fs::write(path, chart::png(panels)?)
        .with_context(|| format!("{}: cannot be written", path.display()))
}

impl Args {
    /// Makes the clip.
    fn make(&self, place: PathBuf) -> Result<PathBuf> {
        let path = self.keep.clone().unwrap_or(place);
        ensure!(!path.exists(), "{}: exists already; choose another --keep", path.display());
        let portrait = self.portrait();
        let frames = u64::from(self.rate) * u64::from(self.seconds);
        let draft = Draft { size: self.size, rate: self.rate, frames };
        let scene = Scene { draft, faces: self.masked, side: usize::MAX };
        synthetic::write(&scene, &portrait, &self.networks, &path)?;
        Ok(path)
    }

    fn portrait(&self) -> PathBuf {
        let given = self.portrait.clone();
        given.unwrap_or_else(|| Places::from_env().cache.join("demo/astronaut.png"))
    }

    /// Measures how the job grows and plots it.
    fn grow(&self, path: &Path) -> Result<Verdict> {
        let growth = growth::measure(self, &self.portrait())?;
        plot(path, &growth.panels())?;
        if self.json {
            table::print_json(&growth)?;
        } else {
            table::print(&growth.table())?;
        }
        Ok(Verdict::Done)
    }

    fn clip_name(&self) -> String {
        let Size { width, height } = self.size;
        let (faces, rate, seconds) = (self.masked, self.rate, self.seconds);
        format!("made: {width}x{height}, {faces} faces, {rate} fps, {seconds} s")
    }

    /// What the job gets along.
    fn options(&self) -> Vec<String> {
        let NetworkArgs { model, device, threads, .. } = &self.networks;
        let pairs = [
            ("--model", model.clone()),
            ("--device", device.to_string()),
            ("--threads", threads.to_string()),
        ];
        pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}
