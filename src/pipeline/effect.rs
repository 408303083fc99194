//! What is laid over the faces of a picture: the restored face, or, the other way round, a
//! painted mask. Photos and frames come through here alike.

use std::collections::HashMap;

use anyhow::Result;

use crate::face::{Face, TrackId, align};
use crate::image::{Image, Picture, warp};
use crate::mask::{Guise, Memory, Painter};
use crate::restore::{Painting, Patch, Place, Restorer};

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

    fn painting(&mut self, picture: &Picture<'_>, face: &Face) -> Result<Option<Painting>> {
        let Some(crop_from_frame) = align::crop_from_landmarks(&face.landmarks) else {
            return Ok(None);
        };
        let mut crop = Image::new(align::CROP);
        warp::crop(picture, &crop_from_frame, &mut crop)?;
        let landmarks = face.landmarks.map(&crop_from_frame);
        let memory = self.faces.entry(face.id).or_default();
        let layer =
            self.painter.steady_layer(&crop, &landmarks, &self.guise, (face.id.0, memory)).ok();
        let (id, opacity) = (face.id, face.to_put_on());
        let place = Place { id, opacity, crop_from_frame };
        Ok(layer.map(|layer| Painting { place, layer }))
    }
}

impl Effect {
    /// One patch for each face of a photo that needs one, in order.
    ///
    /// # Errors
    /// If the picture cannot be sampled or a network fails.
    pub fn patches(&mut self, picture: &Picture<'_>, faces: &[Face]) -> Result<Vec<Patch>> {
        let look = Look { stream: 0, picture, faces };
        let painted = self.paint(&[look])?.into_iter().flatten();
        Ok(painted.map(Patch::from).collect())
    }

    /// What is painted for the faces of several pictures, which come in one batch.
    ///
    /// # Errors
    /// As [`Effect::patches`].
    pub fn paint(&mut self, looks: &[Look<'_>]) -> Result<Vec<Vec<Painting>>> {
        match self {
            Self::Unmask(restorer) => restorer.paint(looks),
            Self::PutOn(put_on) => {
                let of_one = |look: &Look<'_>| {
                    let bare = look.faces.iter().filter(|face| face.to_put_on() > 0.0);
                    bare.filter_map(|face| put_on.painting(look.picture, face).transpose())
                        .collect()
                };
                looks.iter().map(of_one).collect()
            }
        }
    }
}
