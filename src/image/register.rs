//! How a picture of a face lies over an earlier one of it: registration by the brightness itself,
//! to hundredths of a pixel, where points that a network reads quiver by whole ones.
//!
//! Gauss-Newton over a small pyramid (Lucas and Kanade 1981; Baker and Matthews 2004) for a
//! similarity transform and an offset of brightness, with weights that leave out what moves by
//! itself: an eyelid, a lock of hair, the background.

use anyhow::Result;

use super::{Picture, filter, warp};
use crate::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity, Size, Vec2};

/// The crop's side at each level of the pyramid, the finest first.
const SIDES: [usize; 2] = [96, 48];
/// Corrections at each level at most, and the one in the crop's pixels after which no other follows.
const ROUNDS: usize = 6;
const ENOUGH: f64 = 0.01;
/// A brightness (0..1) that is missed by this much has lost three quarters of its weight.
const MISSED: f32 = 0.02;
/// Mean weight below which the two pictures do not show the same.
const SUPPORT: f32 = 0.25;
/// Motion in the crop's pixels, and as a share of its size or in radians, beyond which nothing is
/// believed.
const FARTHEST: (f64, f64) = (32.0, 0.15);

/// How a face moved within one crop.
pub type Motion = Similarity<CropSpace, CropSpace>;

/// The luma of a crop, at each level.
#[derive(Clone, Debug)]
pub struct View(Vec<Vec<f32>>);

impl View {
    /// What `picture` shows in a crop.
    ///
    /// # Errors
    /// If the picture's luma is shorter than its format says, or the kernel library refuses it.
    pub fn of(
        picture: &Picture<'_>,
        crop_from_frame: &Similarity<FrameSpace, CropSpace>,
    ) -> Result<Self> {
        let finest = Size::new(SIDES[0], SIDES[0]);
        let mut levels = vec![warp::luma(picture, crop_from_frame, SIDES[0])?];
        for side in &SIDES[1..] {
            levels.push(filter::resize(&levels[0], finest, Size::new(*side, *side))?);
        }
        Ok(Self(levels))
    }

    /// Where what is in `part` lies in `later`, beginning from a guess; `None` where the two do
    /// not show the same.
    pub fn motion_to(&self, later: &Self, part: Rect<CropSpace>, guess: &Motion) -> Option<Motion> {
        let pivot = part.center();
        let mut fit = Fit::of(guess, pivot);
        let mut support = 0.0;
        for (level, side) in SIDES.iter().enumerate().rev() {
            let samples = Samples::of(&self.0[level], *side, part);
            for _ in 0..ROUNDS {
                let (step, weight) = samples.step(&later.0[level], *side, &fit)?;
                support = weight;
                fit.correct(&step);
                if step[2].abs().max(step[3].abs()) < ENOUGH {
                    break;
                }
            }
        }
        let [a, b, x, y, _] = fit.values;
        let near = x.hypot(y) < FARTHEST.0 && a.hypot(b) < FARTHEST.1;
        (support > SUPPORT && near).then(|| fit.motion())
    }
}

/// A motion as its five unknowns: scale * cos - 1, scale * sin, the pivot's way in the crop's
/// pixels, and the offset of brightness.
struct Fit {
    values: [f64; 5],
    pivot: Point<CropSpace>,
}

impl Fit {
    fn of(motion: &Motion, pivot: Point<CropSpace>) -> Self {
        let [[a, b, _], _] = motion.rows();
        let way = motion.apply(pivot) - pivot;
        let values = [a - 1.0, -b, way.x, way.y, 0.0].map(f64::from);
        Self { values, pivot }
    }

    fn correct(&mut self, step: &[f64; 5]) {
        for (value, step) in self.values.iter_mut().zip(step) {
            *value += step;
        }
    }

    fn motion(&self) -> Motion {
        let [a, b, x, y, _] = self.values.map(|v| v as f32);
        let to = self.pivot + Vec2::new(x, y);
        Similarity::about(self.pivot, to, (1.0 + a).hypot(b), b.atan2(1.0 + a))
    }
}

/// One pixel of the earlier picture: its place from the pivot in the crop's pixels, brightness, and
/// how that changes with each unknown.
struct Sample {
    x: f32,
    y: f32,
    value: f32,
    slope: [f32; 5],
}

struct Samples {
    all: Vec<Sample>,
    pivot: Point<CropSpace>,
}

impl Samples {
    /// The pixels of `part`; of large levels every other one.
    fn of(plane: &[f32], side: usize, part: Rect<CropSpace>) -> Self {
        let (pivot, scale) = (part.center(), side as f32 / warp::SIDE);
        let inner = |v: f32| ((v * scale) as usize).clamp(1, side - 1);
        let (columns, rows) =
            (inner(part.min.x)..inner(part.max.x), inner(part.min.y)..inner(part.max.y));
        let pitch = if side == SIDES[0] { 2 } else { 1 };
        let sample = |column: usize, row: usize| {
            let at = row * side + column;
            let dx = (plane[at + 1] - plane[at - 1]) * 0.5 * scale;
            let dy = (plane[at + side] - plane[at - side]) * 0.5 * scale;
            let x = (column as f32 + 0.5) / scale - pivot.x;
            let y = (row as f32 + 0.5) / scale - pivot.y;
            let slope = [dx * x + dy * y, dy * x - dx * y, dx, dy, -1.0];
            Sample { x, y, value: plane[at], slope }
        };
        let all = rows.flat_map(|row| {
            columns.clone().skip(row % pitch).step_by(pitch).map(move |c| (c, row))
        });
        Self { all: all.map(|(column, row)| sample(column, row)).collect(), pivot }
    }

    /// The next correction, and the mean weight of the samples.
    fn step(&self, later: &[f32], side: usize, fit: &Fit) -> Option<([f64; 5], f32)> {
        let [a, b, dx, dy, light] = fit.values.map(|v| v as f32);
        let scale = side as f32 / warp::SIDE;
        let (mut square, mut right, mut total) = ([[0.0f32; 5]; 5], [0.0f32; 5], 0.0f32);
        for sample in &self.all {
            let u = sample.x * (1.0 + a) - sample.y * b + dx + self.pivot.x;
            let v = sample.x * b + sample.y * (1.0 + a) + dy + self.pivot.y;
            let missed =
                between(later, side, u * scale - 0.5, v * scale - 0.5) - sample.value - light;
            let ratio = missed / MISSED;
            let weight = (1.0 + ratio * ratio).powi(-2);
            total += weight;
            for i in 0..5 {
                let weighted = weight * sample.slope[i];
                right[i] -= weighted * missed;
                for (sum, slope) in square[i].iter_mut().zip(&sample.slope[..=i]) {
                    *sum += weighted * slope;
                }
            }
        }
        let step = solved(square, right)?;
        Some((step, total / self.all.len().max(1) as f32))
    }
}

/// Bilinear; beyond the border its last pixels are repeated.
fn between(plane: &[f32], side: usize, x: f32, y: f32) -> f32 {
    let last = (side - 1) as f32;
    let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
    let (column, row) = ((x as usize).min(side - 2), (y as usize).min(side - 2));
    let (fx, fy) = (x - column as f32, y - row as f32);
    let at = row * side + column;
    let (upper, lower) = (&plane[at..at + 2], &plane[at + side..at + side + 2]);
    let across = |line: &[f32]| line[0] + (line[1] - line[0]) * fx;
    across(upper) + (across(lower) - across(upper)) * fy
}

/// Solves the normal equations, whose lower half is given, by Cholesky's decomposition; `None`
/// where they say nothing.
fn solved(square: [[f32; 5]; 5], right: [f32; 5]) -> Option<[f64; 5]> {
    let mut lower = [[0.0f64; 5]; 5];
    for i in 0..5 {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let left = f64::from(square[i][j]) - known;
            if i == j {
                // A flat picture has no slope: a trace of one on the diagonal keeps it in place.
                lower[i][i] = (left + 1e-6).sqrt();
                if lower[i][i].is_nan() {
                    return None;
                }
            } else {
                lower[i][j] = left / lower[j][j];
            }
        }
    }
    let mut x = right.map(f64::from);
    for i in 0..5 {
        let known: f64 = (0..i).map(|k| lower[i][k] * x[k]).sum();
        x[i] = (x[i] - known) / lower[i][i];
    }
    for i in (0..5).rev() {
        let known: f64 = (i + 1..5).map(|k| lower[k][i] * x[k]).sum();
        x[i] = (x[i] - known) / lower[i][i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Colorimetry, PictureFormat, Plane};

    const FRAME: Size = Size::new(320, 320);
    const UPPER: Rect<CropSpace> = Rect::new(Point::new(36.0, 20.0), Point::new(220.0, 112.0));

    /// What waves of several lengths look like once they have moved; `noise` in levels of 255.
    fn luma(motion: &Motion, noise: f32) -> Vec<u8> {
        let back = motion.inverse();
        let mut seed = 7u32;
        let pixel = |i: usize| {
            let at = Point::new((i % FRAME.width) as f32 + 0.5, (i / FRAME.width) as f32 + 0.5);
            let from = back.apply(at);
            let value = 128.0
                + 50.0 * (from.x * 0.11 + from.y * 0.07).sin()
                + 40.0 * (from.y * 0.13 - from.x * 0.05).cos();
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let chance = f32::from((seed >> 16) as u16) / 65_536.0 - 0.5;
            (value + chance * noise * 3.4).round().clamp(0.0, 255.0) as u8
        };
        (0..FRAME.width * FRAME.height).map(pixel).collect()
    }

    fn view(luma: &[u8]) -> View {
        let gray = vec![128; FRAME.width * FRAME.height / 4];
        let color = Colorimetry { full_range: true, ..Colorimetry::BT601 };
        let plane = |data, stride| Plane { data, stride };
        let picture = Picture {
            format: PictureFormat::i420(FRAME, color),
            planes: [
                plane(luma, FRAME.width),
                plane(&gray, FRAME.width / 2),
                plane(&gray, FRAME.width / 2),
            ],
        };
        let origin = Point::new(0.0, 0.0);
        View::of(&picture, &Similarity::about(origin, Point::new(0.0, 0.0), 1.0, 0.0)).unwrap()
    }

    fn still() -> Motion {
        Motion::about(Point::new(0.0, 0.0), Point::new(0.0, 0.0), 1.0, 0.0)
    }

    /// How far two motions take the corners of the upper face apart.
    fn apart(a: &Motion, b: &Motion) -> f32 {
        let corners = [UPPER.min, UPPER.max, Point::new(UPPER.min.x, UPPER.max.y)];
        corners.iter().map(|p| a.apply(*p).distance(b.apply(*p))).fold(0.0, f32::max)
    }

    #[test]
    fn a_turn_a_zoom_and_a_shift_are_found_to_a_tenth_of_a_pixel_through_noise() {
        let truth = Motion::about(Point::new(128.0, 66.0), Point::new(132.5, 63.0), 1.02, 0.03);
        let found =
            view(&luma(&still(), 3.0)).motion_to(&view(&luma(&truth, 3.0)), UPPER, &still());
        let error = apart(&found.unwrap(), &truth);
        assert!(error < 0.1, "{error}");
    }

    #[test]
    fn what_moves_by_itself_and_a_change_of_light_do_not_count() {
        let truth = Motion::about(Point::new(128.0, 66.0), Point::new(130.0, 66.5), 1.0, 0.0);
        let mut later = luma(&truth, 0.0);
        for (i, value) in later.iter_mut().enumerate() {
            let inside =
                (60..110).contains(&(i % FRAME.width)) && (40..80).contains(&(i / FRAME.width));
            *value = if inside { 20 } else { value.saturating_add(6) };
        }
        let found = view(&luma(&still(), 0.0)).motion_to(&view(&later), UPPER, &still()).unwrap();
        let error = apart(&found, &truth);
        assert!(error < 0.15, "{error}");
    }

    #[test]
    fn another_picture_is_no_motion_and_a_flat_one_stands_still() {
        let flat = view(&vec![90; FRAME.width * FRAME.height]);
        assert!(apart(&flat.motion_to(&flat, UPPER, &still()).unwrap(), &still()) < 1e-3);
        let other: Vec<u8> = luma(&still(), 0.0).iter().map(|v| 255 - v).collect();
        assert!(view(&luma(&still(), 0.0)).motion_to(&view(&other), UPPER, &still()).is_none());
    }
}
