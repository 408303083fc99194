//! Faces that look as they did a moment ago: what was painted then is laid where the face is now,
//! and the network rests. About half of the faces of a film are such.

use std::collections::HashMap;

use anyhow::Result;

use crate::face::{Face, TrackId, align};
use crate::geometry::{CropSpace, Point};
use crate::image::Picture;
use crate::image::sight::{CELLS, Sight};
use crate::restore::Place;

/// A change of luma (0..1) in any cell of the lower face from which on it is painted anew: the
/// edge of a mask that has moved by about a pixel of the crop.
const CHANGE: f32 = 0.02;
/// Frames for which one painting serves, beside its own.
const FRAMES: usize = 3;
/// Where a mask may be: an ellipse of the canonical crop, from the bridge of the nose to below
/// the chin.
const MIDDLE: Point<CropSpace> = Point::new(128.0, 150.0);
const RADII: (f32, f32) = (100.0, 82.0);

/// A face over which something is to be laid.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub face: Face,
    /// Where its mask is taken off and what the crop there looks like, if that is to be done.
    pub bared: Option<(Place, Sight)>,
    /// Whether what was painted of it last serves once more.
    pub reuse: bool,
}

/// What the faces of a stream looked like when they were painted last.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    painted: HashMap<TrackId, Painted>,
}

#[derive(Debug)]
struct Painted {
    sight: Sight,
    /// Frames for which it has served since.
    served: usize,
}

impl Reuse {
    /// What is due for the faces of the next frame. Every frame must come by, in order: a face
    /// that was away for one is painted anew.
    ///
    /// # Errors
    /// If the picture cannot be sampled.
    pub fn due(&mut self, picture: &Picture<'_>, faces: Vec<Face>) -> Result<Vec<Due>> {
        let mut last = std::mem::take(&mut self.painted);
        let due = |face: Face| {
            let place = Place::to_take_off(&face).filter(|place| place.opacity > 0.0);
            let Some(place) = place else { return Ok(Due { face, bared: None, reuse: false }) };
            let sight = Sight::of(picture, &place.crop_from_frame)?;
            let serves = match last.remove(&face.id).filter(|painted| painted.served < FRAMES) {
                Some(painted) if painted.sight.change_to(&sight).map(worst)? < CHANGE => {
                    Some(painted)
                }
                _ => None,
            };
            let reuse = serves.is_some();
            let painted = serves.map_or_else(
                || Painted { sight: sight.clone(), served: 0 },
                |painted| Painted { served: painted.served + 1, ..painted },
            );
            self.painted.insert(face.id, painted);
            Ok(Due { face, bared: Some((place, sight)), reuse })
        };
        faces.into_iter().map(due).collect()
    }
}

/// The greatest change where a mask may be.
fn worst(change: Vec<f32>) -> f32 {
    let cell = align::CROP.width as f32 / CELLS as f32;
    let inside = |i: usize| {
        let (x, y) = ((i % CELLS) as f32 + 0.5, (i / CELLS) as f32 + 0.5);
        let (dx, dy) = ((x * cell - MIDDLE.x) / RADII.0, (y * cell - MIDDLE.y) / RADII.1);
        dx.hypot(dy) < 1.0
    };
    change.into_iter().enumerate().filter(|(i, _)| inside(*i)).map(|(_, c)| c).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::fixture;
    use crate::geometry::Size;
    use crate::image::{Colorimetry, PictureFormat, Plane};

    const FRAME: Size = Size::new(256, 256);

    /// Which of the frames reuse what was painted before, if a mask's upper edge lies in these
    /// rows of the crop.
    fn reused(edges: &[usize]) -> Vec<bool> {
        let mut reuse = Reuse::default();
        let next = |&edge: &usize| one(&mut reuse, edge, true);
        edges.iter().map(next).collect()
    }

    fn one(reuse: &mut Reuse, edge: usize, worn: bool) -> bool {
        let row = |y: usize| if y < edge { 130 } else { 200 };
        let luma: Vec<u8> = (0..FRAME.width * FRAME.height).map(|i| row(i / FRAME.width)).collect();
        let gray = vec![128; luma.len() / 4];
        let plane = |data, stride| Plane { data, stride };
        let planes = [plane(&luma[..], FRAME.width), plane(&gray, 128), plane(&gray, 128)];
        let format = PictureFormat::i420(FRAME, Colorimetry::BT601);
        let picture = Picture::new(format, planes).unwrap();
        let face = fixture::face(1, Point::new(0.0, 0.0), 1.0, worn);
        reuse.due(&picture, vec![face]).unwrap()[0].reuse
    }

    #[test]
    fn a_face_that_looks_the_same_is_painted_once_in_four_frames() {
        let want = [false, true, true, true, false, true, true, true, false];
        assert_eq!(reused(&[120; 9]), want);
    }

    #[test]
    fn a_mask_that_slips_by_two_pixels_is_painted_anew_however_slowly() {
        assert_eq!(reused(&[120, 122, 122]), [false, false, true]);
        assert_eq!(reused(&[120, 121, 122, 123]), [false, true, false, true]);
    }

    #[test]
    fn a_bare_face_is_never_due_and_nothing_is_kept_of_it() {
        let mut reuse = Reuse::default();
        let all = [true, false, true, true].map(|worn| one(&mut reuse, 120, worn));
        assert_eq!(all, [false, false, false, true]);
    }
}
