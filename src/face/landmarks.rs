//! 68 facial points in iBUG order (Sagonas et al. 2013), in one coordinate space.

use crate::geometry::{Point, Similarity};

/// 68 points: jaw 0-16 (from the picture's left ear to its right), brows 17-26, nose 27-35,
/// eyes 36-47, mouth 48-67.
#[derive(Clone, Debug, PartialEq)]
pub struct Landmarks<S>([Point<S>; 68]);

impl<S> Landmarks<S> {
    /// How many points there are.
    pub const COUNT: usize = 68;

    /// Points in iBUG order.
    pub fn new(points: [Point<S>; 68]) -> Self {
        Self(points)
    }

    /// Points in iBUG order; `None` unless there are 68.
    pub fn from_slice(points: &[Point<S>]) -> Option<Self> {
        Some(Self(points.try_into().ok()?))
    }

    /// All points.
    pub fn points(&self) -> &[Point<S>; 68] {
        &self.0
    }

    /// Jaw line, 17 points from the picture's left to its right; 8 is the chin.
    pub fn jaw(&self) -> &[Point<S>] {
        &self.0[0..17]
    }

    /// Both brows, 5 points each, picture's left first.
    pub fn brows(&self) -> &[Point<S>] {
        &self.0[17..27]
    }

    /// Nose: bridge (4 points, downwards, the last is the tip), then the base (5 points).
    pub fn nose(&self) -> &[Point<S>] {
        &self.0[27..36]
    }

    /// Outline of the eye on the picture's left, 6 points.
    pub fn left_eye(&self) -> &[Point<S>] {
        &self.0[36..42]
    }

    /// Outline of the eye on the picture's right, 6 points.
    pub fn right_eye(&self) -> &[Point<S>] {
        &self.0[42..48]
    }

    /// Mouth: outer outline (12 points), then inner (8).
    pub fn mouth(&self) -> &[Point<S>] {
        &self.0[48..68]
    }

    /// Middle of the eye on the picture's left and of the one on its right.
    pub fn eye_centers(&self) -> [Point<S>; 2] {
        let mean = |eye: &[Point<S>]| {
            let n = eye.len() as f32;
            let (x, y) = eye.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
            Point::new(x / n, y / n)
        };
        [mean(self.left_eye()), mean(self.right_eye())]
    }

    /// Distance between the eye centres in pixels: the unit in which errors are told.
    pub fn eye_distance(&self) -> f32 {
        let [left, right] = self.eye_centers();
        left.distance(right)
    }

    /// The same points in another space.
    pub fn map<T>(&self, transform: &Similarity<S, T>) -> Landmarks<T> {
        Landmarks(self.0.map(|p| transform.apply(p)))
    }
}
