//! `run` on a photo: the same core call, once.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::batch::report::{Details, Outcome, Status};
use super::networks::{Crew, ModelFacts};
use super::provenance::ProvenanceArgs;
use crate::face::Face;
use crate::image::label::Label;
use crate::image::papers::Papers;
use crate::image::photo::{Photo, PhotoFormat};
use crate::media::Place;
use crate::pipeline::markup;
use crate::restore::Patch;

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    width: usize,
    height: usize,
    model: Option<ModelFacts>,
    /// Faces found.
    faces: usize,
    /// Faces over which something was laid.
    painted: usize,
    /// What was found, by number.
    found: Vec<Found>,
}

/// One face of a photo.
#[derive(Debug, Serialize)]
struct Found {
    /// Its number: what `--faces` takes and `--draw` shows.
    id: u64,
    /// Left, top, right, bottom in pixels.
    bbox: [f32; 4],
    /// How sure the landmark network is of a face, 0..1.
    score: f32,
    /// Whether a mask is worn, and the probability.
    worn: bool,
    probability: f32,
    /// Whether something was laid over it.
    painted: bool,
}

impl Found {
    fn new(face: &Face, patches: &[Patch]) -> Self {
        let bbox = face.bbox;
        Self {
            id: face.id.0,
            bbox: [bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y],
            score: face.score,
            worn: face.worn,
            probability: face.probability,
            painted: patches.iter().any(|patch| patch.id == face.id),
        }
    }
}

/// Whether `path` is named like a photo.
pub(super) fn is_photo(path: &Path) -> bool {
    PhotoFormat::of(path).is_some()
}

/// Does the job on the photo `input`. Where nothing is to be laid and the format stays, the
/// output is the input, byte for byte.
pub(super) fn run(
    input: &Path,
    place: &Place,
    provenance: &ProvenanceArgs,
    crew: impl FnOnce() -> Result<Crew>,
) -> Result<Outcome> {
    let shown = place.path().display();
    let format = PhotoFormat::of(place.path()).with_context(|| {
        format!("{shown}: unknown extension for a photo; use .jpg, .jpeg, .png or .webp")
    })?;
    let told = || format!("{}: cannot be read", input.display());
    let bytes = std::fs::read(input).with_context(told)?;
    let mut photo = Photo::decode(&bytes).with_context(told)?;
    let size = photo.size();
    let mut crew = crew()?;
    let faces = crew.tracker.still(&photo.picture())?;
    let effect = crew.effects.first_mut().context("nothing to lay over faces")?;
    let patches = effect.patches(&photo.picture(), &faces)?;
    let mut picture = photo.picture_mut();
    patches.iter().try_for_each(|patch| patch.lay(&mut picture))?;
    if crew.draw {
        markup::draw(&mut picture, &faces);
    }
    let drawn = crew.draw && !faces.is_empty();
    let untouched = patches.is_empty() && !drawn && PhotoFormat::of(input) == Some(format);
    let mark = provenance.mark(crew.model.as_ref());
    let written = if untouched {
        bytes
    } else {
        if let Some(label) = provenance.label(&mark).filter(|_| !patches.is_empty()) {
            Label::new(label)?.lay(&mut photo.picture_mut())?;
        }
        let papers = PhotoFormat::of(input).map(|own| Papers::of(&bytes, own)).unwrap_or_default();
        let mark = Some(&mark).filter(|_| provenance.tagged() && !patches.is_empty());
        photo.encode_with(format, &papers, mark)?
    };
    let extension = place.path().extension().unwrap_or_default().to_string_lossy();
    let part = place.begin(&extension)?;
    std::fs::write(part.path(), written).with_context(|| format!("{shown}: cannot be written"))?;
    let report = Report {
        width: size.width,
        height: size.height,
        model: crew.model,
        faces: faces.len(),
        painted: patches.len(),
        found: faces.iter().map(|face| Found::new(face, &patches)).collect(),
    };
    let (output, details) = (Some(part.keep(false)?), Some(Details::Photo(report)));
    Ok(Outcome { output, status: Status::Done, why: None, details })
}
