//! The square of the frame that a face fills: what the landmark network looks at, and what is
//! carried from frame to frame.

use super::{FaceDetection, Landmarks};
use crate::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity, Size, Vec2};

/// A square of the frame, upright to the face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    center: Point<FrameSpace>,
    side: f32,
    angle: f32,
}

/// Side of the square in boxes of the detector.
const SIDE_IN_BOXES: f32 = 1.35;
/// The same square from points: side and rise of the centre, in longer sides of their box.
const SIDE_IN_POINTS: f32 = 1.76;
const RISE_IN_POINTS: f32 = 0.17;

/// Squares that differ by less are nearly the same, in sides and in radians.
const NEARLY: f32 = 0.03;

impl Framing {
    /// The square around a detected face.
    pub fn of_detection(face: &FaceDetection) -> Self {
        let across = face.keypoints[1] - face.keypoints[0];
        Self {
            center: face.bbox.center(),
            side: SIDE_IN_BOXES * face.bbox.width().max(face.bbox.height()),
            angle: across.y.atan2(across.x),
        }
    }

    /// The same square from the points that an earlier look gave; `None` if they coincide.
    pub fn of_landmarks(landmarks: &Landmarks<FrameSpace>) -> Option<Self> {
        let [left, right] = landmarks.eye_centers();
        let across = right - left;
        let angle = across.y.atan2(across.x);
        let upright: Similarity<FrameSpace, CropSpace> =
            Similarity::about(left, Point::new(0.0, 0.0), 1.0, -angle);
        let bounds = Rect::around(landmarks.map(&upright).points())?;
        let longer = bounds.width().max(bounds.height());
        let center = bounds.center() + Vec2::new(0.0, -RISE_IN_POINTS * longer);
        let center = upright.inverse().apply(center);
        let sane = longer > f32::EPSILON && longer.is_finite() && angle.is_finite();
        sane.then_some(Self { center, side: SIDE_IN_POINTS * longer, angle })
    }

    /// The middle of the square.
    pub fn center(&self) -> Point<FrameSpace> {
        self.center
    }

    /// Its side in pixels.
    pub fn side(&self) -> f32 {
        self.side
    }

    /// How far the face leans, in radians, clockwise on the screen; 0 is upright.
    pub fn angle(&self) -> f32 {
        self.angle
    }

    /// The same square elsewhere.
    #[must_use]
    pub fn moved(&self, by: Vec2) -> Self {
        Self { center: self.center + by, ..*self }
    }

    /// The face's box as the detector would draw it, its sides parallel to the frame's.
    pub fn bbox(&self) -> Rect<FrameSpace> {
        let half = self.side / SIDE_IN_BOXES / 2.0;
        let reach = Vec2::new(half, half);
        Rect::new(self.center + reach * -1.0, self.center + reach)
    }

    /// How far another square is from this one: the distance of their centres in sides of the
    /// larger, and how many times as large it is (natural logarithm, no sign), added up.
    pub fn distance(&self, other: &Self) -> f32 {
        let apart = (other.center - self.center).length() / self.side.max(other.side);
        apart + (self.side / other.side).ln().abs()
    }

    /// Whether another square is so nearly the same that a network sees no difference worth
    /// telling.
    pub fn is_nearly(&self, other: &Self) -> bool {
        let turned = (self.angle - other.angle).sin().abs();
        self.distance(other) < NEARLY && turned < NEARLY
    }

    /// The transform that takes the square, times `margin`, to a crop of `size`.
    pub fn crop_from_frame(&self, size: Size, margin: f32) -> Similarity<FrameSpace, CropSpace> {
        let middle = Point::new(size.width as f32 / 2.0, size.height as f32 / 2.0);
        let scale = size.width as f32 / (self.side * margin);
        Similarity::about(self.center, middle, scale, -self.angle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::align;

    #[test]
    fn the_framing_turns_and_grows_with_the_face() {
        let upright: Similarity<CropSpace, FrameSpace> =
            Similarity::about(Point::new(128.0, 128.0), Point::new(500.0, 400.0), 1.0, 0.0);
        let turned = Similarity::about(Point::new(128.0, 128.0), Point::new(80.0, 90.0), 2.0, 1.0);
        let face = align::template();
        let a = Framing::of_landmarks(&face.map(&upright)).unwrap();
        let b = Framing::of_landmarks(&face.map(&turned)).unwrap();
        assert!((b.side / a.side - 2.0).abs() < 1e-3);
        assert!((b.angle - 1.0).abs() < 1e-3);
        // The same face lies at the same place of both crops.
        let size = Size::new(112, 112);
        let eye = |framing: &Framing, from: &Similarity<CropSpace, FrameSpace>| {
            framing.crop_from_frame(size, 1.0).apply(from.apply(face.eye_centers()[0]))
        };
        assert!(eye(&a, &upright).distance(eye(&b, &turned)) < 0.01);
    }

    #[test]
    fn points_that_coincide_frame_nothing() {
        assert!(Framing::of_landmarks(&Landmarks::new([Point::new(3.0, 3.0); 68])).is_none());
    }
}
