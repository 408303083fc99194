//! Options about faces: which, how small, and whether they are drawn.

use clap::Args;

use crate::face::Choice;
use crate::face::tracker::Options;

/// Weaker detections are left out by default. Masked faces score low; what only seems a face is
/// sorted out by the landmark network.
const SCORE: f32 = 0.35;

/// Which faces are looked for, and which are worked on.
#[derive(Args, Clone, Debug)]
pub struct FaceArgs {
    /// Faces to work on: `all`, `largest`, or numbers from an earlier run's --draw or --report
    #[arg(long, default_value = "all", value_name = "all|largest|IDs")]
    pub faces: Choice,
    /// Height of the smallest face to look for, in pixels of the input; without it 40 px in a
    /// frame of 1080 lines, in others in proportion
    #[arg(long, value_name = "PX", value_parser = pixels)]
    pub min_face: Option<f32>,
    /// Detections that are less sure than this (0..1) are left out
    #[arg(long, default_value_t = SCORE, value_name = "SCORE", value_parser = share)]
    pub face_score: f32,
    /// Draw what was found over the result: boxes, points, numbers, worn or bare
    #[arg(long)]
    pub draw: bool,
}

impl Default for FaceArgs {
    fn default() -> Self {
        Self { faces: Choice::All, min_face: None, face_score: SCORE, draw: false }
    }
}

impl FaceArgs {
    /// The same for the tracker.
    pub fn options(&self) -> Options {
        Options { min_face: self.min_face, choice: self.faces.clone() }
    }
}

fn pixels(text: &str) -> Result<f32, String> {
    let pixels = text.parse().ok().filter(|pixels: &f32| (4.0..=10_000.0).contains(pixels));
    pixels.ok_or_else(|| "write a number of pixels from 4 to 10000".to_owned())
}

fn share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share: &f32| (0.05..=1.0).contains(share));
    share.ok_or_else(|| "scores go from 0.05 to 1".to_owned())
}
