//! Light on the mask, and what the photo's own optics do to it: sharpness and noise.

use super::Dice;
use super::fabric::Rgb;
use super::head::Head;
use crate::geometry::{CropSpace, Point, Size};
use crate::image::Image;

/// Light over the sheet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Light {
    /// To the lamp: right, down, to the viewer; length 1.
    direction: [f32; 3],
    ambient: f32,
    gain: f32,
    tint: Rgb,
    /// How dark the contact shadow is, 0..1.
    pub shadow: f32,
    /// How far it reaches, in units.
    pub reach: f32,
}

impl Light {
    /// Draws a light. Brightness and colour come from the seed alone; `side` (-1..1, > 0:
    /// brighter on the picture's right), read from the photo, only turns it.
    pub fn draw(dice: &mut Dice, side: f32) -> Self {
        let aside = 0.9 * side + 0.3 * dice.normal();
        let (x, y): (f32, f32) = (aside.clamp(-0.9, 0.9), dice.range(-0.75, -0.1));
        let length = (x * x + y * y + 1.0).sqrt();
        let warm = 0.035 * dice.normal();
        Self {
            direction: [x / length, y / length, 1.0 / length],
            ambient: dice.range(0.3, 0.62),
            gain: 1.2 - 0.5 * dice.range(0.0, 1.0).powi(2),
            tint: [1.0 + warm, 1.0, 1.0 - warm],
            shadow: dice.range(0.12, 0.5),
            reach: dice.range(0.03, 0.09),
        }
    }

    /// How far a shadow `reach` pixels long falls, in whole pixels to the right and down.
    pub fn fall(&self, reach: f32) -> [i32; 2] {
        let [x, y, _] = self.direction;
        [(-x * reach).round() as i32, (-y * reach).round() as i32]
    }

    /// `colour` as it looks on a surface with `normal` (any length), shining by `gloss`.
    pub fn shade(&self, colour: Rgb, normal: [f32; 3], gloss: f32) -> Rgb {
        let [x, y, z] = normal;
        let length = (x * x + y * y + z * z).sqrt().max(1e-6);
        let [lx, ly, lz] = self.direction;
        let facing = (x * lx + y * ly + z * lz) / length;
        let diffuse = ((facing + 0.4) / 1.38).max(0.0);
        let level = self.gain * (self.ambient + (1.0 - self.ambient) * diffuse);
        // Half way between lamp and viewer: where a surface shines.
        let half = ((lx * x + ly * y + (lz + 1.0) * z) / length / (2.0 + 2.0 * lz).sqrt()).max(0.0);
        let shine = gloss * self.gain * half.powi(24);
        std::array::from_fn(|i| shoulder((colour[i] * level + shine) * self.tint[i]))
    }
}

/// A camera's response near white: brighter and brighter, never quite there.
fn shoulder(value: f32) -> f32 {
    const KNEE: f32 = 0.78;
    if value < KNEE {
        return value;
    }
    KNEE + (1.0 - KNEE) * ((value - KNEE) / (1.0 - KNEE)).tanh()
}

/// What the photo tells about how it was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Optics {
    /// Which side of the face is brighter: -1 left .. 1 right.
    pub side: f32,
    /// Blur of the photo's edges in crop pixels, as the sigma of a Gaussian.
    pub blur: f32,
    /// Deviation of the photo's noise, 0..1.
    pub noise: f32,
}

impl Optics {
    /// Reads the bare upper face of a picture.
    pub fn read(face: &Image, head: &Head<'_>) -> Self {
        let luma = Luma::of(face);
        let cheek = |eye: usize, mouth: usize| {
            luma.mean(head.point(eye).lerp(head.point(mouth), 0.3), 0.12 * head.unit)
        };
        let (left, right) = (cheek(41, 48), cheek(46, 54));
        let side = ((right - left) / (right + left).max(0.05) * 2.0).clamp(-0.7, 0.7);
        let (fine, coarse) = luma.detail(head);
        let ratio = (fine.0 / coarse.max(1e-6)).sqrt();
        Self { side, blur: blur_of(ratio), noise: (0.55 * fine.1).clamp(0.0, 0.02) }
    }
}

/// The blur of an edge whose second differences at steps of one and of two pixels have root
/// mean squares in this `ratio`: computed for a step blurred by a Gaussian.
fn blur_of(ratio: f32) -> f32 {
    const TABLE: [(f32, f32); 9] = [
        (0.577, 0.3),
        (0.469, 0.5),
        (0.393, 0.7),
        (0.331, 1.0),
        (0.309, 1.2),
        (0.289, 1.5),
        (0.273, 2.0),
        (0.265, 2.5),
        (0.260, 3.0),
    ];
    let after = TABLE.iter().position(|t| ratio > t.0);
    match after {
        Some(0) => TABLE[0].1,
        Some(i) => {
            let ((r0, s0), (r1, s1)) = (TABLE[i - 1], TABLE[i]);
            s0 + (s1 - s0) * (r0 - ratio) / (r0 - r1)
        }
        None => TABLE[TABLE.len() - 1].1,
    }
}

/// Brightness of each pixel, 0..1.
struct Luma {
    size: Size,
    data: Vec<f32>,
}

impl Luma {
    fn of(face: &Image) -> Self {
        let [r, g, b] = face.channels();
        let weigh = |((&r, &g), &b): ((&f32, &f32), &f32)| 0.299 * r + 0.587 * g + 0.114 * b;
        Self { size: face.size(), data: r.iter().zip(g).zip(b).map(weigh).collect() }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.size.width + x]
    }

    /// Rows and columns of a box, kept `margin` pixels inside the picture.
    fn inside(&self, min: [f32; 2], max: [f32; 2], margin: usize) -> [std::ops::Range<usize>; 2] {
        let size = self.size;
        let range = |low: f32, high: f32, end: usize| {
            let end = end.saturating_sub(margin);
            (low.max(0.0) as usize).clamp(margin.min(end), end)..(high.max(0.0) as usize).min(end)
        };
        [range(min[0], max[0], size.width), range(min[1], max[1], size.height)]
    }

    fn mean(&self, center: Point<CropSpace>, radius: f32) -> f32 {
        let (x, y) = (center.x, center.y);
        let [columns, rows] = self.inside([x - radius, y - radius], [x + radius, y + radius], 0);
        let count = (columns.len() * rows.len()).max(1) as f32;
        rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
            .map(|(x, y)| self.at(x, y))
            .sum::<f32>()
            / count
    }

    /// ((energy of second differences at step 1, noise deviation), energy at step 2), around
    /// eyes and brows. Noise after Immerkaer 1996, from the quieter half of the rows.
    fn detail(&self, head: &Head<'_>) -> ((f32, f32), f32) {
        let (left, right) = (head.point(17), head.point(26));
        let (low, high) = (head.point(41), head.point(46));
        let pad = 0.15 * head.unit;
        let xs = [left.x, right.x, low.x, high.x];
        let ys = [left.y, right.y, low.y, high.y];
        let min = |v: &[f32; 4]| v.iter().copied().fold(f32::MAX, f32::min) - pad;
        let max = |v: &[f32; 4]| v.iter().copied().fold(f32::MIN, f32::max) + pad;
        let [columns, rows] = self.inside([min(&xs), min(&ys)], [max(&xs), max(&ys)], 2);
        let (mut fine, mut coarse) = (0.0, 0.0);
        let mut rough: Vec<f32> = Vec::with_capacity(rows.len());
        for y in rows {
            let mut row = 0.0;
            for x in columns.clone() {
                let c = 2.0 * self.at(x, y);
                let (dx, dy) = (
                    self.at(x - 1, y) + self.at(x + 1, y) - c,
                    self.at(x, y - 1) + self.at(x, y + 1) - c,
                );
                let (ex, ey) = (
                    self.at(x - 2, y) + self.at(x + 2, y) - c,
                    self.at(x, y - 2) + self.at(x, y + 2) - c,
                );
                fine += dx * dx + dy * dy;
                coarse += ex * ex + ey * ey;
                let corners = self.at(x - 1, y - 1)
                    + self.at(x + 1, y - 1)
                    + self.at(x - 1, y + 1)
                    + self.at(x + 1, y + 1);
                let sides = dx + dy + 2.0 * c;
                row += (corners - 2.0 * sides + 2.0 * c).abs();
            }
            rough.push(row / columns.len().max(1) as f32);
        }
        rough.sort_by(f32::total_cmp);
        let quiet = rough.get(rough.len() / 4).copied().unwrap_or(0.0);
        ((fine, quiet * (std::f32::consts::FRAC_PI_2).sqrt() / 6.0), coarse)
    }
}
