//! Coverage and colour laid over each other, finer than the crop.

use tiny_skia::{FillRule, LineCap, LineJoin, Mask, Path, PathBuilder, Stroke, Transform};

use super::fabric::Rgb;
use crate::geometry::{CropSpace, Point, Size};

/// A picture in the making: colour multiplied by coverage, and coverage, `scale` canvas pixels
/// to a crop pixel.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    /// Canvas pixels.
    pub size: Size,
    /// Canvas pixels per crop pixel.
    pub scale: usize,
    rgb: Vec<Rgb>,
    alpha: Vec<f32>,
}

impl Canvas {
    /// An empty canvas over a crop.
    pub fn new(crop: Size, scale: usize) -> Self {
        let size = Size::new(crop.width * scale, crop.height * scale);
        let n = size.width * size.height;
        Self { size, scale, rgb: vec![[0.0; 3]; n], alpha: vec![0.0; n] }
    }

    /// An empty canvas of the same measures.
    pub fn like(other: &Self) -> Self {
        let n = other.alpha.len();
        Self { size: other.size, scale: other.scale, rgb: vec![[0.0; 3]; n], alpha: vec![0.0; n] }
    }

    /// Lays another canvas over this one. `visible(covered, x, y)` is how much of it is seen
    /// at a crop pixel whose canvas pixel is `covered` by what is there already.
    pub fn over(&mut self, other: &Self, visible: impl Fn(f32, usize, usize) -> f32) {
        for i in 0..other.alpha.len() {
            if other.alpha[i] > 0.0 {
                let (x, y) = (i % self.size.width, i / self.size.width);
                let share = visible(self.alpha[i], x / self.scale, y / self.scale);
                let cover = other.alpha[i] * share;
                let colour = other.rgb[i].map(|c| c / other.alpha[i]);
                self.lay(i, colour, cover);
            }
        }
    }

    /// Lays `colour` over what is there, at canvas pixel `index`.
    pub fn lay(&mut self, index: usize, colour: Rgb, cover: f32) {
        let rgb = &mut self.rgb[index];
        for (out, c) in rgb.iter_mut().zip(colour) {
            *out = *out * (1.0 - cover) + c * cover;
        }
        self.alpha[index] += (1.0 - self.alpha[index]) * cover;
    }

    /// Lays `colour(x, y)` (canvas pixels) over what is there, wherever `shape` is.
    pub fn fill(&mut self, shape: &Path, mut colour: impl FnMut(f32, f32) -> Rgb) {
        let (width, height) = (self.size.width as u32, self.size.height as u32);
        let Some(mut mask) = Mask::new(width, height) else { return };
        mask.fill_path(shape, FillRule::Winding, true, Transform::identity());
        let box_ = shape.bounds();
        let range = |low: f32, high: f32, end: u32| {
            (low.clamp(0.0, end as f32) as u32, (high + 1.0).clamp(0.0, end as f32) as u32)
        };
        let (x0, x1) = range(box_.left(), box_.right(), width);
        let (y0, y1) = range(box_.top(), box_.bottom(), height);
        for y in y0..y1 {
            for x in x0..x1 {
                let index = (y * width + x) as usize;
                let cover = mask.data()[index];
                if cover > 0 {
                    let c = colour(x as f32 + 0.5, y as f32 + 0.5);
                    self.lay(index, c, f32::from(cover) / 255.0);
                }
            }
        }
    }

    /// Averages down to crop pixels: three planes of colour times coverage, and coverage.
    pub fn planes(&self) -> [Vec<f32>; 4] {
        let (width, height) = (self.size.width / self.scale, self.size.height / self.scale);
        let mut out: [Vec<f32>; 4] = std::array::from_fn(|_| vec![0.0; width * height]);
        let share = 1.0 / (self.scale * self.scale) as f32;
        for y in 0..self.size.height {
            for x in 0..self.size.width {
                let from = y * self.size.width + x;
                if self.alpha[from] > 0.0 {
                    let to = y / self.scale * width + x / self.scale;
                    for (plane, c) in out.iter_mut().zip(self.rgb[from]) {
                        plane[to] += share * c;
                    }
                    out[3][to] += share * self.alpha[from];
                }
            }
        }
        out
    }
}

/// A round-ended line of `width` canvas pixels through crop points; the curve touches each.
pub(super) fn line(points: &[Point<CropSpace>], scale: f32, width: f32) -> Option<Path> {
    let at = |i: usize| (points[i].x * scale, points[i].y * scale);
    let mut path = PathBuilder::new();
    let (x, y) = at(0);
    path.move_to(x, y);
    if let [_, middle, end] = points {
        // A parabola through the middle point at half its way.
        let control = middle.lerp(points[0].lerp(*end, 0.5), -1.0);
        path.quad_to(control.x * scale, control.y * scale, end.x * scale, end.y * scale);
    } else {
        (1..points.len()).map(at).for_each(|(x, y)| path.line_to(x, y));
    }
    let stroke =
        Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
    path.finish()?.stroke(&stroke, 1.0)
}

/// An ellipse around a canvas point: half axes along `across` (a unit vector) and at right
/// angles to it.
pub(super) fn ellipse(center: [f32; 2], axes: [f32; 2], across: [f32; 2]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for i in 0..40 {
        let (s, c) = (i as f32 / 40.0 * std::f32::consts::TAU).sin_cos();
        let (a, b) = (c * axes[0], s * axes[1]);
        let (x, y) =
            (center[0] + a * across[0] - b * across[1], center[1] + a * across[1] + b * across[0]);
        if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    path.close();
    path.finish()
}
