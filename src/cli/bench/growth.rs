//! How the job grows: with faces, with the pixels of a frame, with the pixels of a face, with
//! streams and with time. Each clip is made, then transcoded plainly and run, once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use super::Args;
use super::measure;
use super::synthetic::{self, Scene};
use crate::geometry::Size;
use crate::image::chart::{Curve, Marks, Panel};
use crate::media::draft::Draft;

const FACES: [usize; 6] = [1, 2, 4, 8, 16, 32];
const SIZES: [(usize, usize); 4] = [(854, 480), (1280, 720), (1920, 1080), (3840, 2160)];
/// Side of a face's square in pixels of the frame.
const SIDES: [usize; 5] = [150, 300, 450, 600, 750];
/// The side where something else grows.
const SIDE: usize = 240;
const STREAMS: [usize; 4] = [1, 2, 4, 8];
/// Times as long as asked.
const LONGER: [u32; 4] = [1, 4, 15, 60];

/// One clip, or several in one run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Step {
    /// What grows.
    pub of: f64,
    /// Processor time of a frame in ms: the job, its plain transcode.
    pub job_ms: f64,
    pub plain_ms: f64,
    /// The largest resident memory in MB.
    pub memory_mb: f64,
}

/// What was measured, by what grew.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Growth {
    pub faces: Vec<Step>,
    pub frame_megapixels: Vec<Step>,
    pub face_kilopixels: Vec<Step>,
    pub streams: Vec<Step>,
    pub seconds: Vec<Step>,
}

/// Measures it all.
pub(super) fn measure(args: &Args, portrait: &Path) -> Result<Growth> {
    let folder = tempfile::tempdir().context("no place for clips")?;
    let all = FACES.len() + SIZES.len() + SIDES.len() + STREAMS.len() + LONGER.len();
    let lab = Lab { args, portrait, folder: folder.path(), bar: ProgressBar::new(all as u64) };
    let hd = Size::new(1280, 720);
    let mut growth = Growth::default();
    for faces in FACES {
        growth.faces.push(lab.step(faces as f64, &lab.scene(hd, faces, usize::MAX, 1), 1)?);
    }
    for (width, height) in SIZES {
        let of = (width * height) as f64 / 1e6;
        let scene = lab.scene(Size::new(width, height), 1, SIDE, 1);
        growth.frame_megapixels.push(lab.step(of, &scene, 1)?);
    }
    for side in SIDES {
        let scene = lab.scene(Size::new(1920, 1080), 1, side, 1);
        growth.face_kilopixels.push(lab.step((side * side) as f64 / 1e3, &scene, 1)?);
    }
    let sd = Size::new(854, 480);
    for streams in STREAMS {
        growth.streams.push(lab.step(streams as f64, &lab.scene(sd, 1, SIDE, 1), streams)?);
    }
    for longer in LONGER {
        let seconds = f64::from(longer * args.seconds);
        growth.seconds.push(lab.step(seconds, &lab.scene(sd, 1, SIDE, longer), 1)?);
    }
    lab.bar.finish_and_clear();
    Ok(growth)
}

/// Where clips are made and measured.
struct Lab<'a> {
    args: &'a Args,
    portrait: &'a Path,
    folder: &'a Path,
    bar: ProgressBar,
}

impl Lab<'_> {
    fn scene(&self, size: Size, faces: usize, side: usize, longer: u32) -> Scene {
        let frames = u64::from(self.args.rate) * u64::from(self.args.seconds * longer);
        Scene { draft: Draft { size, rate: self.args.rate, frames }, faces, side }
    }

    /// Makes the clip and measures it, as `streams` files in one run.
    fn step(&self, of: f64, scene: &Scene, streams: usize) -> Result<Step> {
        let name = |n: usize| self.folder.join(format!("{n}.mp4"));
        synthetic::write(scene, self.portrait, &self.args.networks, &name(0))?;
        let clips: Vec<PathBuf> = (0..streams).map(name).collect();
        for clip in &clips[1..] {
            std::fs::copy(&clips[0], clip).context("no place for a clip")?;
        }
        let (plain, usage) = measure::together(&clips, self.folder, &self.args.options())?;
        clips.iter().try_for_each(std::fs::remove_file).context("a clip cannot be removed")?;
        self.bar.inc(1);
        let of_frame = |cpu_s: f64| 1e3 * cpu_s / (scene.draft.frames as f64 * streams as f64);
        Ok(Step {
            of,
            job_ms: of_frame(usage.cpu_s),
            plain_ms: of_frame(plain.cpu_s * streams as f64),
            memory_mb: usage.peak_memory_mb,
        })
    }
}

impl Growth {
    /// One chart for each thing that grows, and one of memory.
    pub fn panels(&self) -> Vec<Panel> {
        let all = [
            ("a frame of 1280x720", "faces", &self.faces),
            (
                "a frame with a face of 240 pixels",
                "megapixels of the frame",
                &self.frame_megapixels,
            ),
            ("a frame of 1920x1080 with a face", "kilopixels of the face", &self.face_kilopixels),
            ("a frame of 854x480 with a face", "files in one run", &self.streams),
            ("a frame of 854x480 with a face", "seconds of video", &self.seconds),
        ];
        let mut panels: Vec<Panel> = all
            .into_iter()
            .map(|(title, axis, steps)| {
                let curve =
                    |name: &str, ink, value: &dyn Fn(&Step) -> f64| curve(name, ink, steps, value);
                let curves = vec![
                    curve("the job", 0, &|s| s.job_ms),
                    curve("plain transcode", 1, &|s| s.plain_ms),
                    curve("the difference", 2, &|s| s.job_ms - s.plain_ms),
                ];
                panel(&format!("CPU milliseconds of {title}"), axis, curves)
            })
            .collect();
        let memory = curve("the job", 0, &self.seconds, &|s| s.memory_mb);
        panels.push(panel("peak memory in MB", "seconds of video", vec![memory]));
        panels
    }

    /// Rows of a table.
    pub fn table(&self) -> Vec<Vec<String>> {
        let head = ["grows", "to", "CPU ms a frame", "plain transcode", "peak MB"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let all = [
            ("faces", &self.faces),
            ("megapixels of the frame", &self.frame_megapixels),
            ("kilopixels of the face", &self.face_kilopixels),
            ("files in one run", &self.streams),
            ("seconds of video", &self.seconds),
        ];
        for (name, steps) in all {
            rows.extend(steps.iter().map(|step| {
                let values = [step.of, step.job_ms, step.plain_ms, step.memory_mb];
                std::iter::once(name.to_owned()).chain(values.map(|v| format!("{v:.1}"))).collect()
            }));
        }
        rows
    }
}

fn curve(name: &str, ink: usize, steps: &[Step], value: &dyn Fn(&Step) -> f64) -> Curve {
    let points = steps.iter().map(|step| (step.of, value(step))).collect();
    Curve { name: name.to_owned(), ink, points }
}

fn panel(title: &str, axis: &str, curves: Vec<Curve>) -> Panel {
    Panel { title: title.to_owned(), axis: axis.to_owned(), marks: Marks::Curves(curves) }
}
