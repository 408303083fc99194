//! What is laid over the faces of a picture: the restored face, or, the other way round, a
//! painted mask. Photos and frames come through here alike.

use std::collections::HashMap;

use anyhow::Result;

use crate::face::{Face, TrackId, align};
use crate::image::{Image, Picture, warp};
use crate::mask::{Guise, Memory, Painter};
use crate::restore::{Patch, Restorer};

pub use crate::restore::Look;

/// One of the two directions.
pub enum Effect {
    /// Takes the masks off.
    Unmask(Restorer),
    /// Paints a mask on each bare face; every face of a stream keeps the one it got.
    PutOn(PutOn),
}

/// Who paints which mask, and what is remembered of each face.
pub struct PutOn {
    painter: Painter,
    guise: Guise,
    faces: HashMap<TrackId, Memory>,
}

impl PutOn {
    /// Masks of one style.
    pub fn new(painter: Painter, guise: Guise) -> Self {
        Self { painter, guise, faces: HashMap::new() }
    }

    fn patch(&mut self, picture: &Picture<'_>, face: &Face) -> Result<Option<Patch>> {
        let Some(crop_from_frame) = align::crop_from_landmarks(&face.landmarks) else {
            return Ok(None);
        };
        let mut crop = Image::new(align::CROP);
        warp::crop(picture, &crop_from_frame, &mut crop)?;
        let landmarks = face.landmarks.map(&crop_from_frame);
        let memory = self.faces.entry(face.id).or_default();
        let layer =
            self.painter.steady_layer(&crop, &landmarks, &self.guise, (face.id.0, memory)).ok();
        Ok(layer.map(|mut layer| {
            layer.alpha.fade(face.to_put_on());
            Patch { id: face.id, layer, crop_from_frame }
        }))
    }
}

impl Effect {
    /// One patch for each face that needs one, in order.
    ///
    /// # Errors
    /// If the picture cannot be sampled or a network fails.
    pub fn patches(&mut self, picture: &Picture<'_>, faces: &[Face]) -> Result<Vec<Patch>> {
        let look = Look { stream: 0, picture, faces };
        Ok(self.patches_of(&[look])?.pop().unwrap_or_default())
    }

    /// The patches of several pictures, whose faces come in one batch.
    ///
    /// # Errors
    /// As [`Effect::patches`].
    pub fn patches_of(&mut self, looks: &[Look<'_>]) -> Result<Vec<Vec<Patch>>> {
        match self {
            Self::Unmask(restorer) => restorer.patches_of(looks),
            Self::PutOn(put_on) => {
                let of_one = |look: &Look<'_>| {
                    let bare = look.faces.iter().filter(|face| face.to_put_on() > 0.0);
                    bare.filter_map(|face| put_on.patch(look.picture, face).transpose()).collect()
                };
                looks.iter().map(of_one).collect()
            }
        }
    }
}
