//! `cargo bench --bench follow -- CLIP [TABLE.csv]`: follows the faces of a clip and writes a row
//! for each face of each frame: points as read and as smoothed, corners of the crop, worn or
//! bare. Says what a frame cost in CPU time of the following thread. `steadiness.py` and others
//! in this folder read the table.

#![allow(clippy::print_stdout, reason = "results go to stdout")]

use std::path::Path;

use anyhow::{Context, Result};
use clap::Parser;
use mask2face::cli::networks::NetworkArgs;
use mask2face::face::{Face, Landmarks, align};
use mask2face::geometry::{CropSpace, FrameSpace, Point};
use mask2face::media::{FileSource, Launch, Source, StopSignal};

#[derive(Parser)]
struct Args {
    /// The clip
    clip: std::path::PathBuf,
    /// Where the rows go
    table: Option<std::path::PathBuf>,
    #[command(flatten)]
    networks: NetworkArgs,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// CPU time of this thread in milliseconds (`proc_pid_schedstat(5)`).
fn cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

fn numbers(points: &[Point<FrameSpace>]) -> impl Iterator<Item = String> {
    points.iter().flat_map(|p| [format!("{:.3}", p.x), format!("{:.3}", p.y)])
}

fn corners(landmarks: &Landmarks<FrameSpace>) -> Option<[Point<FrameSpace>; 4]> {
    let frame_from_crop = align::crop_from_landmarks(landmarks)?.inverse();
    let side = align::CROP.width as f32;
    let corners: [Point<CropSpace>; 4] =
        [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)].map(|(x, y)| Point::new(x, y));
    Some(corners.map(|corner| frame_from_crop.apply(corner)))
}

fn header() -> Vec<String> {
    let mut header: Vec<String> =
        "frame seconds id score probability worn shown left top right bottom"
            .split(' ')
            .map(str::to_owned)
            .collect();
    for (kind, count) in [("raw_corner", 4), ("corner", 4), ("raw", 68), ("smooth", 68)] {
        header.extend((0..count).flat_map(|i| [format!("{kind}_x{i}"), format!("{kind}_y{i}")]));
    }
    header
}

/// `None` where the points coincide.
fn row(frame: usize, seconds: f64, face: &Face) -> Option<Vec<String>> {
    let mut row = vec![
        frame.to_string(),
        format!("{seconds:.4}"),
        face.id.0.to_string(),
        format!("{:.4}", face.score),
        format!("{:.4}", face.probability),
        u8::from(face.worn).to_string(),
        format!("{:.3}", face.shown),
    ];
    row.extend(numbers(&[face.bbox.min, face.bbox.max]));
    row.extend(numbers(&corners(&face.raw)?));
    row.extend(numbers(&corners(&face.landmarks)?));
    row.extend(numbers(face.raw.points()));
    row.extend(numbers(face.landmarks.points()));
    Some(row)
}

fn follow(args: &Args, clip: &Path) -> Result<()> {
    let mut source = FileSource::open(clip, &Launch::file(), StopSignal::default())?;
    let mut tracker = args.networks.tracker()?;
    let mut table = Vec::new();
    let (mut frames, mut faces, mut costs) = (0, 0, Vec::new());
    while let Some(frame) = source.next_frame()? {
        let seconds = frame.time().as_secs_f64();
        let planes = frame.read()?;
        let begun = cpu_ms();
        let found = tracker.faces(&planes.picture()?, seconds)?;
        costs.push(cpu_ms() - begun);
        faces += found.len();
        table.extend(found.iter().filter_map(|face| row(frames, seconds, face)));
        frames += 1;
    }
    if let Some(path) = &args.table {
        let mut file = csv::Writer::from_path(path).with_context(|| path.display().to_string())?;
        file.write_record(header())?;
        table.iter().try_for_each(|row| file.write_record(row))?;
        file.flush()?;
    }
    let total: f64 = costs.iter().sum();
    let mean = total / frames.max(1) as f64;
    costs.sort_by(f64::total_cmp);
    let at = |share: f64| costs.get((share * frames as f64) as usize).copied().unwrap_or(0.0);
    println!(
        "{}: {frames} frames, {faces} faces, CPU ms a frame: mean {mean:.2}, median {:.2}, 99 % {:.2}",
        clip.display(),
        at(0.5),
        at(0.99)
    );
    Ok(())
}

fn main() -> Result<()> {
    let args = Args::parse();
    mask2face::media::init()?;
    follow(&args, &args.clip)
}
