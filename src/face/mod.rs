//! Faces: where they are, which way they look, and the canonical crop around them.
//!
//! | file | holds |
//! |---|---|
//! | [`detect`] | boxes: `YuNet` |
//! | [`landmarks`] | 68 points in iBUG order |
//! | [`landmarker`] | this project's network: points, face or not, worn or bare |
//! | [`align`] | the canonical crop |
//! | [`smooth`] | One-Euro filter over landmarks |
//! | [`track`] | identities over frames |

pub mod align;
pub mod detect;
pub mod landmarker;
pub mod landmarks;
pub mod smooth;
pub mod track;

pub use detect::{Detector, FaceDetection};
pub use landmarker::Landmarker;
pub use landmarks::Landmarks;
pub use track::FaceTracker;

use crate::geometry::{FrameSpace, Rect};

/// Number of a face within one stream, from 1 on; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(pub u64);

/// A face in one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Which face of the stream it is.
    pub id: TrackId,
    /// Box around the landmarks.
    pub bbox: Rect<FrameSpace>,
    /// 68 points, smoothed over time.
    pub landmarks: Landmarks<FrameSpace>,
    /// How sure the landmark network is that this is a face, 0..1.
    pub score: f32,
    /// Whether a mask is worn.
    pub worn: bool,
}
