//! How a face moves from frame to frame, told by its own look and not by its landmarks: a small
//! view of the eyes and the brow, which no mask hides, is kept, and each frame is laid over it.
//!
//! What is painted sticks to the face by this; points that are read anew in each frame slip by a
//! pixel, and held ones lag behind.

use anyhow::Result;

use super::{Landmarks, align};
use crate::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity};
use crate::image::Picture;
use crate::image::register::{Motion, View};

/// The part of the canonical crop that is compared: from above the brows to the tip of the nose.
const UPPER: Rect<CropSpace> = Rect::new(Point::new(36.0, 20.0), Point::new(220.0, 112.0));
/// Pixels of the crop by which a corner of that part may have moved before another view is kept.
const NEAR: f32 = 8.0;

/// How points of the frame moved.
pub(super) type Step = Similarity<FrameSpace, FrameSpace>;

/// The view of one face that is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Carry {
    kept: Option<Kept>,
}

#[derive(Clone, Debug)]
struct Kept {
    crop_from_frame: Similarity<FrameSpace, CropSpace>,
    view: View,
    /// Where the face is by now.
    motion: Motion,
}

impl Carry {
    /// How the face moved since the frame before; `None` where that cannot be seen.
    ///
    /// # Errors
    /// If the picture cannot be sampled.
    pub fn step(&mut self, picture: &Picture<'_>) -> Result<Option<Step>> {
        let Some(kept) = &mut self.kept else { return Ok(None) };
        let now = View::of(picture, &kept.crop_from_frame)?;
        let Some(motion) = kept.view.motion_to(&now, UPPER, &kept.motion) else {
            self.kept = None;
            return Ok(None);
        };
        let moved = kept.motion.inverse().then(&motion);
        kept.motion = motion;
        let back = kept.crop_from_frame.inverse();
        Ok(Some(kept.crop_from_frame.then(&moved).then(&back)))
    }

    /// Keeps a view of the face where the landmarks are, unless the one that is kept is near.
    ///
    /// # Errors
    /// If the picture cannot be sampled.
    pub fn keep(&mut self, picture: &Picture<'_>, landmarks: &Landmarks<FrameSpace>) -> Result<()> {
        if self.kept.as_ref().is_some_and(Kept::is_near) {
            return Ok(());
        }
        let Some(crop_from_frame) = align::crop_from_landmarks(landmarks) else {
            self.kept = None;
            return Ok(());
        };
        let view = View::of(picture, &crop_from_frame)?;
        let origin = Point::new(0.0, 0.0);
        let motion = Motion::about(origin, origin, 1.0, 0.0);
        self.kept = Some(Kept { crop_from_frame, view, motion });
        Ok(())
    }
}

impl Kept {
    fn is_near(&self) -> bool {
        let corners = [UPPER.min, UPPER.max];
        corners.iter().all(|corner| self.motion.apply(*corner).distance(*corner) < NEAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::image::{Colorimetry, PictureFormat, Plane};

    const FRAME: Size = Size::new(320, 320);

    /// The luma of waves that were moved to the right.
    fn luma(right: f32) -> Vec<u8> {
        let pixel = |i: usize| {
            let (x, y) = ((i % FRAME.width) as f32 - right, (i / FRAME.width) as f32);
            let value = 128.0 + 50.0 * (x * 0.11 + y * 0.07).sin() + 40.0 * (y * 0.13).cos();
            value.round() as u8
        };
        (0..FRAME.width * FRAME.height).map(pixel).collect()
    }

    fn step(carry: &mut Carry, luma: &[u8], landmarks: &Landmarks<FrameSpace>) -> Option<f32> {
        let gray = vec![128; FRAME.width * FRAME.height / 4];
        let plane = |data, stride| Plane { data, stride };
        let half = FRAME.width / 2;
        let picture = Picture {
            format: PictureFormat::i420(FRAME, Colorimetry::BT601),
            planes: [plane(luma, FRAME.width), plane(&gray, half), plane(&gray, half)],
        };
        let step = carry.step(&picture).unwrap();
        carry.keep(&picture, landmarks).unwrap();
        step.map(|step| step.apply(Point::new(150.0, 80.0)).x - 150.0)
    }

    #[test]
    fn a_face_is_followed_far_beyond_the_view_that_was_kept_first() {
        let place = |right: f32| {
            let origin = Point::new(0.0, 0.0);
            align::template().map(&Similarity::about(
                origin,
                Point::new(20.0 + right, 0.0),
                1.0,
                0.0,
            ))
        };
        let mut carry = Carry::default();
        assert_eq!(step(&mut carry, &luma(0.0), &place(0.0)), None, "nothing was seen before");
        let mut way = 0.0;
        for frame in 1..=12 {
            let right = 2.5 * frame as f32;
            way += step(&mut carry, &luma(right), &place(right)).unwrap();
        }
        assert!((way - 30.0).abs() < 0.5, "{way}");
        assert_eq!(step(&mut carry, &vec![255; FRAME.width * FRAME.height], &place(30.0)), None);
    }
}
