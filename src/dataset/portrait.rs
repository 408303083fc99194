//! One face of a photo: whether it is of use, and its crop.

use std::fmt;

use super::finder::Found;
use crate::face::{Landmarks, align};
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use crate::image::photo::Photo;
use crate::image::{Image, warp};
use crate::mask::{self, Unfit};

/// Faces whose landmarks' score is lower are left out.
pub const MIN_SCORE: f32 = 0.5;

/// Faces with eyes closer together than this, in pixels of the photo, are left out.
pub const MIN_EYE_DISTANCE: f32 = 24.0;

/// Faces whose edges are blurred more than this are left out: sigma of a Gaussian in pixels of
/// the canonical crop.
pub const MAX_BLUR: f32 = 2.9;

/// One face, ready to be masked.
#[derive(Clone, Debug)]
pub struct BareFace {
    /// The canonical crop.
    pub crop: Image,
    /// Landmarks in its pixels.
    pub landmarks: Landmarks<CropSpace>,
}

/// Why a photo, or a face of it, was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The file is no JPEG, PNG or WebP by its name.
    NoPhoto,
    /// The file is missing, broken or no picture: what was found.
    Unreadable(String),
    /// There is no face in it, or the table has no landmarks for it.
    NoFace,
    /// Landmarks with a score below [`MIN_SCORE`].
    LowScore,
    /// Eyes closer than [`MIN_EYE_DISTANCE`].
    TooSmall,
    /// Blurred more than [`MAX_BLUR`].
    TooBlurred,
    /// The face wears a mask already.
    Worn,
    /// No mask can be fitted to the landmarks.
    Unfit(Unfit),
}

impl Refusal {
    /// The reason in words, the same for all files that have it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoPhoto => "no JPEG, PNG or WebP",
            Self::Unreadable(_) => "unreadable",
            Self::NoFace => "no face",
            Self::LowScore => "unsure whether it is a face",
            Self::TooSmall => "too small (eyes closer than 24 px)",
            Self::TooBlurred => "too blurred",
            Self::Worn => "wears a mask already",
            Self::Unfit(unfit) => unfit.reason(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())?;
        if let Self::Unreadable(cause) = self {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

/// Crops a found face, `side` pixels wide and high.
///
/// # Errors
/// A [`Refusal`] tells why the face is no use.
pub fn crop(photo: &Photo, found: &Found, side: usize) -> Result<BareFace, Refusal> {
    if found.score.is_nan() || found.score < MIN_SCORE {
        return Err(Refusal::LowScore);
    }
    let eyes = found.landmarks.eye_distance();
    if eyes.is_nan() || eyes < MIN_EYE_DISTANCE {
        return Err(Refusal::TooSmall);
    }
    if found.worn {
        return Err(Refusal::Worn);
    }
    let face = cut_out(photo, found, side)?;
    let canonical = align::CROP.width;
    let blur = if side == canonical {
        mask::blur(&face.crop, &face.landmarks)
    } else {
        let face = cut_out(photo, found, canonical)?;
        mask::blur(&face.crop, &face.landmarks)
    };
    if blur.map_err(Refusal::Unfit)? > MAX_BLUR {
        return Err(Refusal::TooBlurred);
    }
    Ok(face)
}

fn cut_out(photo: &Photo, found: &Found, side: usize) -> Result<BareFace, Refusal> {
    let crop_from_frame =
        crop_of_side(&found.landmarks, side).ok_or(Refusal::Unfit(Unfit::Collapsed))?;
    let mut crop = Image::new(Size::new(side, side));
    warp::crop(&photo.picture(), &crop_from_frame, &mut crop)
        .map_err(|error| Refusal::Unreadable(format!("{error:#}")))?;
    // As the file will hold it: the mask's light and noise are read from the same values.
    let crop = Image::from_rgb8(crop.size(), &crop.to_rgb8()).unwrap_or(crop);
    Ok(BareFace { crop, landmarks: found.landmarks.map(&crop_from_frame) })
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
