//! `run` on a photo: the same core call, once.

use std::path::Path;

use anyhow::{Context, Result};

use super::place::Place;
use crate::face::FaceTracker;
use crate::image::photo::{Photo, PhotoFormat};
use crate::pipeline::Effect;
use crate::restore::Patch;

/// How many faces there were, and over how many something was laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Faces found.
    pub faces: usize,
    /// Faces painted over.
    pub restored: usize,
}

/// Lays `effect` over the faces of the photo at `input`, into `place`, as the format that `output` is named after.
///
/// # Errors
/// If the photo cannot be read, a network fails, or the output cannot be written.
pub fn process(
    (input, output): (&Path, &Path),
    place: &Place,
    tracker: &mut FaceTracker,
    effect: &mut Effect,
) -> Result<Counts> {
    let format = PhotoFormat::of(output).with_context(|| {
        format!("{}: a photo is written as .jpg, .png or .webp; choose one", output.display())
    })?;
    let told = || format!("cannot read {}", input.display());
    let bytes = std::fs::read(input).with_context(told)?;
    let mut photo = Photo::decode(&bytes).with_context(told)?;
    tracker.reset();
    let faces = tracker.faces(&photo.picture(), 0.0)?;
    let patches = effect.patches(&photo.picture(), &faces)?;
    lay(&mut photo, &patches)?;
    let written = if patches.is_empty() && PhotoFormat::of(input) == Some(format) {
        bytes // Nothing to restore: the file itself, not a copy that was encoded again.
    } else {
        photo.encode(format)?
    };
    std::fs::write(place.part(), written)
        .with_context(|| format!("cannot write {}", output.display()))?;
    Ok(Counts { faces: faces.len(), restored: patches.len() })
}

fn lay(photo: &mut Photo, patches: &[Patch]) -> Result<()> {
    let mut picture = photo.picture_mut();
    patches.iter().try_for_each(|patch| patch.lay(&mut picture))
}
