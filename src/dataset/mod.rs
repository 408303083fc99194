//! Photos of bare faces into training pairs: the masked crop, the bare crop, and the alpha of
//! what was painted.
//!
//! | file | holds |
//! |---|---|
//! | [`labels`] | the table of photos and their landmarks |
//! | [`sample`] | seeded choices: style, seed and split of each pair |
//! | [`store`] | files of a set of pairs: names, manifest |
//! | [`contact`] | a sheet of samples to look at |

pub mod contact;
pub mod labels;
pub mod sample;
pub mod store;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::face::{Landmarks, align};
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use crate::image::photo::Photo;
use crate::image::{Image, Layer, warp};
use crate::mask::{MaskStyle, paint};
use labels::Label;
use sample::{Plan, Split};
use store::{Entry, Store};

/// Photos whose landmarks' score is lower are left out.
pub const MIN_SCORE: f32 = 0.5;

/// Photos with eyes closer together than this, in their own pixels, are left out.
pub const MIN_EYE_DISTANCE: f32 = 24.0;

/// What to generate.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Pairs for each face.
    pub per_face: usize,
    /// At most so many pairs altogether.
    pub count: Option<usize>,
    /// Styles to draw from, all equally likely; empty: as a crowd wears them.
    pub styles: Vec<MaskStyle>,
    /// Width and height of the crops in pixels.
    pub side: usize,
    /// Which faces are kept for validation and for the final test.
    pub split: Split,
    /// Everything random follows from this and the photos' paths.
    pub seed: u64,
}

/// What was made, and what was left out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Photos that became pairs.
    pub faces: usize,
    /// Pairs written.
    pub pairs: usize,
    /// Photos left out: reason -> their paths, in the order of the table.
    pub left_out: BTreeMap<String, Vec<String>>,
}

/// One face, ready to be masked.
#[derive(Clone, Debug)]
pub struct BareFace {
    /// The canonical crop.
    pub crop: Image,
    /// Landmarks in its pixels.
    pub landmarks: Landmarks<CropSpace>,
}

/// Why a photo was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The file is missing, broken or no picture.
    Unreadable,
    /// The table has no landmarks for it.
    NoLandmarks,
    /// Landmarks with a score below [`MIN_SCORE`].
    LowScore,
    /// Eyes closer than [`MIN_EYE_DISTANCE`].
    TooSmall,
}

impl Refusal {
    /// The reason in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NoLandmarks => "no landmarks",
            Self::LowScore => "landmarks' score below .5",
            Self::TooSmall => "eyes closer than 24 px",
        }
    }
}

/// Reads the photo of a label and crops its face, `side` pixels wide and high.
///
/// # Errors
/// A [`Refusal`] tells why the photo is no use.
pub fn bare_face(folder: &Path, label: &Label, side: usize) -> Result<BareFace, Refusal> {
    let landmarks = label.landmarks.as_ref().ok_or(Refusal::NoLandmarks)?;
    if label.score.is_nan() || label.score < MIN_SCORE {
        return Err(Refusal::LowScore);
    }
    let eyes = landmarks.eye_distance();
    if eyes.is_nan() || eyes < MIN_EYE_DISTANCE {
        return Err(Refusal::TooSmall);
    }
    let bytes = std::fs::read(folder.join(&label.path)).map_err(|_| Refusal::Unreadable)?;
    let photo = Photo::decode(&bytes).map_err(|_| Refusal::Unreadable)?;
    let crop_from_frame = crop_of_side(landmarks, side).ok_or(Refusal::NoLandmarks)?;
    let mut crop = Image::new(Size::new(side, side));
    warp::crop(&photo.picture(), &crop_from_frame, &mut crop).map_err(|_| Refusal::Unreadable)?;
    // As the file will hold it: the mask's light and noise are read from the same values.
    let crop = Image::from_rgb8(crop.size(), &crop.to_rgb8()).unwrap_or(crop);
    Ok(BareFace { crop, landmarks: landmarks.map(&crop_from_frame) })
}

/// The canonical alignment at another size than its own.
fn crop_of_side(
    landmarks: &Landmarks<FrameSpace>,
    side: usize,
) -> Option<Similarity<FrameSpace, CropSpace>> {
    let canonical = align::crop_from_landmarks(landmarks)?;
    let scale = side as f32 / align::CROP.width as f32;
    let origin = Point::<CropSpace>::new(0.0, 0.0);
    Some(canonical.then(&Similarity::<CropSpace, CropSpace>::about(origin, origin, scale, 0.0)))
}

/// Makes all pairs of `labels` (paths are relative to `folder`) and writes them into `store`.
/// The same seed gives the same bytes, whatever the number of threads. `progress` is called
/// once for each photo. Photos that are no use are told in the summary and stop nothing.
///
/// # Errors
/// If the store cannot be written.
pub fn generate(
    folder: &Path,
    labels: &[Label],
    recipe: &Recipe,
    store: &Store,
    progress: &(dyn Fn() + Sync),
) -> Result<Summary> {
    let plans = sample::plan(labels, recipe);
    let refused = Mutex::new(Vec::new());
    let done: Vec<Option<Vec<Entry>>> = plans
        .par_iter()
        .map(|plan| {
            let entries = one_face(folder, plan, recipe, store);
            progress();
            match entries? {
                Ok(entries) => Ok(Some(entries)),
                Err(refusal) => {
                    if let Ok(mut refused) = refused.lock() {
                        refused.push((plan.order, plan.label.path.clone(), refusal));
                    }
                    Ok(None)
                }
            }
        })
        .collect::<Result<_>>()?;
    let entries: Vec<Entry> = done.into_iter().flatten().flatten().collect();
    store.write_manifest(&entries)?;
    contact::write(store, &entries, recipe.seed).context("writing the contact sheet")?;
    let mut refused = refused.into_inner().unwrap_or_default();
    refused.sort_by_key(|r| r.0);
    let mut summary = Summary { pairs: entries.len(), ..Summary::default() };
    for (_, path, refusal) in refused {
        summary.left_out.entry(refusal.reason().to_owned()).or_default().push(path);
    }
    let missing: usize = summary.left_out.values().map(Vec::len).sum();
    summary.faces = plans.len() - missing;
    Ok(summary)
}

/// All pairs of one face.
fn one_face(
    folder: &Path,
    plan: &Plan<'_>,
    recipe: &Recipe,
    store: &Store,
) -> Result<Result<Vec<Entry>, Refusal>> {
    let face = match bare_face(folder, plan.label, recipe.side) {
        Ok(face) => face,
        Err(refusal) => return Ok(Err(refusal)),
    };
    store.write_output(&plan.name, &face.crop)?;
    let mut entries = Vec::with_capacity(plan.pairs.len());
    for pair in &plan.pairs {
        let layer = eight_bit(paint(&face.crop, &face.landmarks, &pair.style, pair.seed));
        store.write_input(&pair.name, &layer.over(&face.crop), &layer.alpha)?;
        entries.push(Entry::new(plan, pair, &face.landmarks));
    }
    Ok(Ok(entries))
}

/// The layer with its alpha rounded to what the file can hold, so that input, output and alpha
/// agree.
fn eight_bit(mut layer: Layer) -> Layer {
    for alpha in layer.alpha.data_mut() {
        *alpha = (*alpha * 255.0).round() / 255.0;
    }
    layer
}
