//! Faces: where they are, which way they look, and the canonical crop around them.
//!
//! | file | holds |
//! |---|---|
//! | [`detect`] | boxes: `YuNet` |
//! | [`search`] | where the detector looks, and how closely |
//! | [`landmarks`] | 68 points in iBUG order |
//! | [`framing`] | the square that a face fills |
//! | [`landmarker`] | this project's network: points, face or not, worn or bare |
//! | [`align`] | the canonical crop |
//! | [`tracker`] | the faces of a stream, frame by frame |
//! | `track` | one face over time, made of: |
//! | `carry` | how it moved since the frame before, by its look |
//! | [`smooth`] | One-Euro filter over landmarks |
//! | [`motion`] | where it will be |
//! | [`worn`] | whether it wears a mask |
//! | [`trust`] | whether it is a face still |
//! | [`assign`] | which observation belongs to which track |
//! | [`scene`] | cuts, and what moves |
//! | [`choose`] | which faces the user wants |

pub mod align;
pub mod assign;
mod carry;
pub mod choose;
pub mod detect;
pub mod framing;
pub mod landmarker;
pub mod landmarks;
pub mod motion;
pub mod scene;
pub mod search;
pub mod smooth;
mod track;
pub mod tracker;
pub mod trust;
pub mod worn;

pub use choose::Choice;
pub use detect::{Detector, FaceDetection, FindFaces};
pub use framing::Framing;
pub use landmarker::{Landmarker, ReadFaces, Reading};
pub use landmarks::Landmarks;
pub use tracker::FaceTracker;

use crate::geometry::{FrameSpace, Rect};

/// Number of a face within one stream, from 1 on; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(pub u64);

/// A face in one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Which face of the stream it is.
    pub id: TrackId,
    /// Box around the face, with its forehead, without hair and ears.
    pub bbox: Rect<FrameSpace>,
    /// 68 points, smoothed over time.
    pub landmarks: Landmarks<FrameSpace>,
    /// The same points as the network gave them for this picture alone.
    pub raw: Landmarks<FrameSpace>,
    /// How sure the landmark network is that this is a face, 0..1.
    pub score: f32,
    /// Whether a mask is worn.
    pub worn: bool,
    /// Probability that a mask is worn, by this picture alone.
    pub probability: f32,
    /// How far a change of that has been shown, 0 (bare) ..1 (worn): what is laid over a face
    /// comes and goes within a tenth of a second.
    pub shown: f32,
    /// Whether the user wants something laid over this face.
    pub chosen: bool,
}

impl Face {
    /// How much of a restored face is to be laid over this one, 0..1.
    pub fn to_take_off(&self) -> f32 {
        if self.is_workable() { self.shown } else { 0.0 }
    }

    /// How much of a painted mask is to be laid over this one, 0..1.
    pub fn to_put_on(&self) -> f32 {
        if self.is_workable() { 1.0 - self.shown } else { 0.0 }
    }

    /// Nothing is laid over a face whose points mean nothing: turned away, or hidden.
    fn is_workable(&self) -> bool {
        self.chosen && self.score >= trust::LOST
    }
}

/// Faces for tests.
#[cfg(test)]
pub(crate) mod fixture {
    use super::{Face, TrackId, align};
    use crate::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity};

    /// The mean face, chosen, its crop's corner at `corner` and a crop's pixel `scale` pixels wide.
    pub fn face(id: u64, corner: Point<FrameSpace>, scale: f32, worn: bool) -> Face {
        let origin = Point::<CropSpace>::new(0.0, 0.0);
        let there: Similarity<CropSpace, FrameSpace> =
            Similarity::about(origin, corner, scale, 0.0);
        let landmarks = align::template().map(&there);
        Face {
            id: TrackId(id),
            bbox: Rect::around(landmarks.points()).unwrap(),
            raw: landmarks.clone(),
            landmarks,
            score: 1.0,
            worn,
            probability: f32::from(worn),
            shown: f32::from(worn),
            chosen: true,
        }
    }
}
