//! Points, rectangles and similarity transforms, each tied to its coordinate space.
//!
//! Units are pixels; x grows to the right, y grows *down*; the centre of the first pixel is
//! at (0.5, 0.5). The space is part of the type, so a point of a crop cannot be drawn into a
//! frame by accident. A transform is named after what it does: `crop_from_frame` takes a
//! frame point and gives a crop point.

use std::marker::PhantomData;
use std::ops::{Add, Sub};

/// The full picture: a video frame or a photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FrameSpace {}

/// The canonical, aligned face crop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CropSpace {}

/// A place in space `S`, in pixels. Points are not added to each other: see [`Vec2`].
#[derive(Debug, PartialEq)]
pub struct Point<S> {
    /// Pixels to the right of the left edge.
    pub x: f32,
    /// Pixels below the top edge.
    pub y: f32,
    space: PhantomData<S>,
}

// Derived Clone and Copy would ask the same of S, which is only a name.
impl<S> Clone for Point<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Point<S> {}

impl<S> Point<S> {
    /// A point at `x` pixels to the right and `y` pixels down.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y, space: PhantomData }
    }

    /// The point at share `t` (0..1) of the way to `other`.
    #[must_use]
    pub fn lerp(self, other: Self, t: f32) -> Self {
        self + (other - self) * t
    }

    /// Euclidean distance to `other` in pixels.
    pub fn distance(self, other: Self) -> f32 {
        (other - self).length()
    }

    /// The mean of `points`; `None` when there are none.
    pub fn mean(points: &[Self]) -> Option<Self> {
        if points.is_empty() {
            return None;
        }
        let n = points.len() as f32;
        let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
        Some(Self::new(x / n, y / n))
    }
}

/// A displacement in pixels: the difference of two points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vec2 {
    /// Pixels to the right.
    pub x: f32,
    /// Pixels down.
    pub y: f32,
}

impl Vec2 {
    /// A displacement of `x` to the right and `y` down.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Euclidean length in pixels.
    pub fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    /// The same displacement turned by a quarter, clockwise as seen on the screen.
    #[must_use]
    pub fn perpendicular(self) -> Self {
        Self::new(-self.y, self.x)
    }

    /// Scalar product.
    pub fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }
}

impl<S> Sub for Point<S> {
    type Output = Vec2;
    fn sub(self, other: Self) -> Vec2 {
        Vec2::new(self.x - other.x, self.y - other.y)
    }
}

impl<S> Add<Vec2> for Point<S> {
    type Output = Self;
    fn add(self, v: Vec2) -> Self {
        Self::new(self.x + v.x, self.y + v.y)
    }
}

impl Add for Vec2 {
    type Output = Self;
    fn add(self, v: Self) -> Self {
        Self::new(self.x + v.x, self.y + v.y)
    }
}

impl std::ops::Mul<f32> for Vec2 {
    type Output = Self;
    fn mul(self, k: f32) -> Self {
        Self::new(self.x * k, self.y * k)
    }
}

/// Width and height in whole pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

impl Size {
    /// A size of `width` by `height` pixels.
    pub const fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }
}

/// An axis-parallel rectangle in space `S`: left, top, right, bottom in pixels.
#[derive(Debug, PartialEq)]
pub struct Rect<S> {
    /// Corner with the smallest coordinates.
    pub min: Point<S>,
    /// Corner with the largest coordinates.
    pub max: Point<S>,
}

impl<S> Clone for Rect<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Rect<S> {}

impl<S> Rect<S> {
    /// The rectangle between two corners.
    pub const fn new(min: Point<S>, max: Point<S>) -> Self {
        Self { min, max }
    }

    /// Pixels across.
    pub fn width(&self) -> f32 {
        self.max.x - self.min.x
    }

    /// Pixels down.
    pub fn height(&self) -> f32 {
        self.max.y - self.min.y
    }

    /// The middle.
    pub fn center(&self) -> Point<S> {
        self.min.lerp(self.max, 0.5)
    }

    /// Area in square pixels; 0 for an empty or inverted rectangle.
    pub fn area(&self) -> f32 {
        self.width().max(0.0) * self.height().max(0.0)
    }

    /// Intersection over union with `other`, 0..1.
    pub fn iou(&self, other: &Self) -> f32 {
        let both = self.intersection(other).area();
        let either = self.area() + other.area() - both;
        if either > 0.0 { both / either } else { 0.0 }
    }

    /// How much of the smaller of the two lies in the larger, 0..1.
    pub fn shared(&self, other: &Self) -> f32 {
        let smaller = self.area().min(other.area());
        if smaller > 0.0 { self.intersection(other).area() / smaller } else { 0.0 }
    }

    /// What lies in both; its sides are negative where they do not meet.
    fn intersection(&self, other: &Self) -> Self {
        Self::new(
            Point::new(self.min.x.max(other.min.x), self.min.y.max(other.min.y)),
            Point::new(self.max.x.min(other.max.x), self.max.y.min(other.max.y)),
        )
    }

    /// The smallest rectangle around `points`; `None` when there are none.
    pub fn around(points: &[Point<S>]) -> Option<Self> {
        let first = *points.first()?;
        Some(points.iter().fold(Self::new(first, first), |r, p| {
            Self::new(
                Point::new(r.min.x.min(p.x), r.min.y.min(p.y)),
                Point::new(r.max.x.max(p.x), r.max.y.max(p.y)),
            )
        }))
    }
}

/// Rotation, uniform scale and shift from space `From` to space `To`.
///
/// ```
/// use mask2face::geometry::{CropSpace, FrameSpace, Point, Similarity};
/// let frame = [Point::<FrameSpace>::new(10.0, 10.0), Point::new(30.0, 10.0)];
/// let crop = [Point::<CropSpace>::new(0.0, 0.0), Point::new(10.0, 0.0)];
/// let crop_from_frame = Similarity::estimate(&frame, &crop).unwrap();
/// assert!((crop_from_frame.scale() - 0.5).abs() < 1e-6);
/// let back = crop_from_frame.inverse().apply(Point::new(5.0, 0.0));
/// assert!((back.x - 20.0).abs() < 1e-4 && (back.y - 10.0).abs() < 1e-4);
/// ```
#[derive(Debug, PartialEq)]
pub struct Similarity<From, To> {
    /// scale * cos(angle)
    a: f32,
    /// scale * sin(angle), clockwise on the screen
    b: f32,
    shift: Vec2,
    spaces: PhantomData<(From, To)>,
}

impl<A, B> Clone for Similarity<A, B> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A, B> Copy for Similarity<A, B> {}

impl<A, B> Similarity<A, B> {
    /// The transform of `scale` and `angle` (radians, clockwise on the screen) that takes
    /// `from` to `to`.
    pub fn about(from: Point<A>, to: Point<B>, scale: f32, angle: f32) -> Self {
        let (a, b) = (scale * angle.cos(), scale * angle.sin());
        let shift = Vec2::new(to.x - (a * from.x - b * from.y), to.y - (b * from.x + a * from.y));
        Self { a, b, shift, spaces: PhantomData }
    }

    /// The least-squares transform that takes `from` to `to` (Umeyama 1991, in two dimensions
    /// and without reflection). `None` for fewer than two points, unequal counts, or points
    /// that all coincide.
    pub fn estimate(from: &[Point<A>], to: &[Point<B>]) -> Option<Self> {
        Self::estimate_weighted(from, to, &vec![1.0; from.len()])
    }

    /// As [`Similarity::estimate`], with a weight >= 0 for each pair.
    pub fn estimate_weighted(from: &[Point<A>], to: &[Point<B>], weights: &[f32]) -> Option<Self> {
        if from.len() != to.len() || from.len() != weights.len() || from.len() < 2 {
            return None;
        }
        let total: f32 = weights.iter().sum();
        let center = |xy: &dyn Fn(usize) -> Vec2| {
            let sum = (0..weights.len()).fold(Vec2::new(0.0, 0.0), |s, i| s + xy(i) * weights[i]);
            sum * (1.0 / total)
        };
        let from_at = |i: usize| Vec2::new(from[i].x, from[i].y);
        let to_at = |i: usize| Vec2::new(to[i].x, to[i].y);
        let (from_mean, to_mean) = (center(&from_at), center(&to_at));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (i, w) in weights.iter().enumerate() {
            let p = from_at(i) + from_mean * -1.0;
            let q = to_at(i) + to_mean * -1.0;
            along += w * p.dot(q);
            across += w * p.perpendicular().dot(q);
            spread += w * p.dot(p);
        }
        if spread.is_nan() || spread <= f32::EPSILON {
            return None;
        }
        let (a, b) = (along / spread, across / spread);
        let shift = Vec2::new(
            to_mean.x - (a * from_mean.x - b * from_mean.y),
            to_mean.y - (b * from_mean.x + a * from_mean.y),
        );
        (a.hypot(b) > f32::EPSILON).then_some(Self { a, b, shift, spaces: PhantomData })
    }

    /// Where `p` comes to lie.
    pub fn apply(&self, p: Point<A>) -> Point<B> {
        Point::new(
            self.a * p.x - self.b * p.y + self.shift.x,
            self.b * p.x + self.a * p.y + self.shift.y,
        )
    }

    /// The transform back.
    pub fn inverse(&self) -> Similarity<B, A> {
        let n = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / n, -self.b / n);
        let shift = Vec2::new(
            -(a * self.shift.x - b * self.shift.y),
            -(b * self.shift.x + a * self.shift.y),
        );
        Similarity { a, b, shift, spaces: PhantomData }
    }

    /// This transform first, then `next`.
    pub fn then<C>(&self, next: &Similarity<B, C>) -> Similarity<A, C> {
        let moved = next.apply(Point::new(self.shift.x, self.shift.y));
        Similarity {
            a: next.a * self.a - next.b * self.b,
            b: next.b * self.a + next.a * self.b,
            shift: Vec2::new(moved.x, moved.y),
            spaces: PhantomData,
        }
    }

    /// How many pixels of `B` one pixel of `A` becomes.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// Rotation in radians, clockwise on the screen.
    pub fn angle(&self) -> f32 {
        self.b.atan2(self.a)
    }

    /// The two rows of the 2x3 matrix, for points whose pixel centres lie at +0.5.
    pub fn rows(&self) -> [[f32; 3]; 2] {
        [[self.a, -self.b, self.shift.x], [self.b, self.a, self.shift.y]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned() -> Similarity<FrameSpace, CropSpace> {
        Similarity::about(Point::new(3.0, 4.0), Point::new(-2.0, 7.0), 1.7, 0.6)
    }

    #[test]
    fn estimate_finds_the_transform_that_made_the_points() {
        let from = [(0.0, 0.0), (5.0, 1.0), (2.0, 8.0), (-3.0, 4.0)].map(|(x, y)| Point::new(x, y));
        let to = from.map(|p| turned().apply(p));
        let found = Similarity::estimate(&from, &to).unwrap();
        assert!((found.scale() - 1.7).abs() < 1e-5);
        assert!((found.angle() - 0.6).abs() < 1e-5);
        assert!(found.apply(from[2]).distance(to[2]) < 1e-4);
    }

    #[test]
    fn inverse_and_then_undo_each_other() {
        let there_and_back = turned().then(&turned().inverse());
        let p = Point::new(11.0, -6.0);
        assert!(there_and_back.apply(p).distance(p) < 1e-4);
    }

    #[test]
    fn coinciding_points_give_nothing() {
        let p = [Point::<FrameSpace>::new(1.0, 1.0); 3];
        let q = [Point::<CropSpace>::new(0.0, 0.0), Point::new(1.0, 0.0), Point::new(0.0, 1.0)];
        assert!(Similarity::estimate(&p, &q).is_none());
    }

    #[test]
    fn overlap_of_a_half_shifted_square_is_a_third() {
        let r = |x: f32| Rect::<FrameSpace>::new(Point::new(x, 0.0), Point::new(x + 2.0, 2.0));
        assert!((r(0.0).iou(&r(1.0)) - 1.0 / 3.0).abs() < 1e-6);
        assert!(r(0.0).iou(&r(5.0)).abs() < 1e-6);
        assert!((r(0.0).shared(&r(1.0)) - 0.5).abs() < 1e-6);
        assert!(r(0.0).shared(&r(5.0)).abs() < 1e-6);
    }
}
