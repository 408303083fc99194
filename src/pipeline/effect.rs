//! What is laid over the faces of a picture: the restored face, or, the other way round, a
//! painted mask. Photos and frames come through here alike.

use anyhow::Result;

use crate::face::{Face, align};
use crate::image::{Image, Picture, warp};
use crate::mask::{MaskStyle, paint};
use crate::restore::{Patch, Restorer};

/// One of the two directions.
pub enum Effect {
    /// Takes the masks off.
    Unmask(Restorer),
    /// Paints a mask on each bare face; every face of a stream keeps the one it got.
    PutOn(MaskStyle),
}

impl Effect {
    /// One patch for each face that needs one, in order.
    ///
    /// # Errors
    /// If the picture cannot be sampled or a network fails.
    pub fn patches(&mut self, picture: &Picture<'_>, faces: &[Face]) -> Result<Vec<Patch>> {
        match self {
            Self::Unmask(restorer) => restorer.patches(picture, faces),
            Self::PutOn(style) => {
                let bare = faces.iter().filter(|face| !face.worn);
                bare.filter_map(|face| put_on(style, picture, face).transpose()).collect()
            }
        }
    }
}

fn put_on(style: &MaskStyle, picture: &Picture<'_>, face: &Face) -> Result<Option<Patch>> {
    let Some(crop_from_frame) = align::crop_from_landmarks(&face.landmarks) else {
        return Ok(None);
    };
    let mut crop = Image::new(align::CROP);
    warp::crop(picture, &crop_from_frame, &mut crop)?;
    let layer = paint(&crop, &face.landmarks.map(&crop_from_frame), style, face.id.0);
    Ok(Some(Patch { id: face.id, layer, crop_from_frame }))
}
