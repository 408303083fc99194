//! Colour of the sheet: plain, printed, stitched.

use std::f32::consts::TAU;

use super::noise::{hash, rough, step, unit};

/// Gamma-encoded red, green, blue, 0..1.
pub(super) type Rgb = [f32; 3];

/// A repeating print. Lengths are in units.
#[derive(Clone, Copy, Debug)]
pub(super) enum Print {
    /// One colour.
    Plain,
    /// Two directions of stripes that overlap: period.
    Checks(f32),
    /// Stripes: period, direction in radians, share of the second colour.
    Stripes(f32, f32, f32),
    /// Dots: period, radius as a share of it.
    Dots(f32, f32),
    /// Flowers of five petals: period.
    Flowers(f32),
    /// Patches: wavelength.
    Patches(f32),
    /// Rows of letters: height of a row, and the rows it is confined to (v) and half width (u).
    Text(f32, (f32, f32), f32),
}

/// What the sheet is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fabric {
    /// Main colour.
    pub base: Rgb,
    /// Colour of the print.
    pub second: Rgb,
    /// Colour within the print.
    pub third: Rgb,
    /// The print.
    pub print: Print,
    /// Stitched or welded border: distance from the edge (share), how dark or light (+-).
    pub stitch: Option<(f32, f32)>,
    /// Unevenness of the colour, 0..0.1.
    pub mottle: f32,
    /// Fine thread pattern, 0..0.1.
    pub thread: f32,
    /// Shine, 0..0.3.
    pub gloss: f32,
    /// Seed of the noise.
    pub seed: u32,
}

impl Fabric {
    /// Colour at (u, v) before light.
    pub fn colour(&self, u: f32, v: f32) -> Rgb {
        let (x, y) = (u * 1.05, (v - 0.5) * 1.25);
        let c = self.printed(x, y, (u, v));
        let uneven = self.mottle * rough(3.0 * x, 3.0 * y, self.seed)
            + self.thread * rough(24.0 * x, 24.0 * y, self.seed ^ 0x3c);
        let mut gain = 1.0 + uneven;
        if let Some((at, strength)) = self.stitch {
            gain += strength * stitches(u, v, at);
        }
        c.map(|c| c * gain)
    }

    fn printed(&self, x: f32, y: f32, uv: (f32, f32)) -> Rgb {
        match self.print {
            Print::Plain => self.base,
            Print::Checks(period) => {
                let bar = |t: f32| if (t / period).rem_euclid(1.0) < 0.5 { 0.5 } else { 0.0 };
                mix(self.base, self.second, bar(x) + bar(y))
            }
            Print::Stripes(period, angle, share) => {
                let t = (x * angle.cos() + y * angle.sin()) / period;
                if t.rem_euclid(1.0) < share { self.second } else { self.base }
            }
            Print::Dots(period, radius) => {
                let (row, shifted) = ((y / period).floor(), x / period);
                let shifted = shifted + 0.5 * row.rem_euclid(2.0);
                let (dx, dy) = (shifted - shifted.floor() - 0.5, y / period - row - 0.5);
                if dx.hypot(dy) < radius { self.second } else { self.base }
            }
            Print::Flowers(period) => self.flowers(x / period, y / period),
            Print::Patches(size) => {
                let n = rough(x / size, y / size, self.seed ^ 0x55);
                let m = rough(x / size + 40.0, y / size, self.seed ^ 0x56);
                if n > 0.18 {
                    self.second
                } else if m > 0.2 {
                    self.third
                } else {
                    self.base
                }
            }
            Print::Text(height, rows, half) => self.text((x, y), uv, height, (rows, half)),
        }
    }

    fn flowers(&self, x: f32, y: f32) -> Rgb {
        let (cx, cy) = (x.floor(), y.floor());
        let at = |salt: u32| unit(cx as i32, cy as i32, self.seed ^ salt);
        let (dx, dy) = (x - cx - 0.3 - 0.4 * at(1), y - cy - 0.3 - 0.4 * at(2));
        let radius =
            (0.2 + 0.12 * at(3)) * (0.72 + 0.28 * (5.0 * dy.atan2(dx) + TAU * at(4)).cos());
        let distance = dx.hypot(dy);
        let (petal, heart) =
            if at(5) < 0.35 { (self.third, self.second) } else { (self.second, self.third) };
        if distance < 0.07 {
            heart
        } else if distance < radius {
            mix(petal, self.base, 0.3 * distance / radius)
        } else {
            self.base
        }
    }

    fn text(
        &self,
        (x, y): (f32, f32),
        (u, v): (f32, f32),
        height: f32,
        ((low, high), half): ((f32, f32), f32),
    ) -> Rgb {
        if v < low || v > high || u.abs() > half {
            return self.base;
        }
        // Letters of 3 x 5 dots with a dot of space; some are blanks.
        let (column, row) = ((x / (0.7 * height)).floor(), (y / height).floor());
        let dot = |t: f32, n: f32| ((t - t.floor()) * n) as i32;
        let (i, j) = (dot(x / (0.7 * height), 4.0), dot(y / height, 7.0));
        let letter = hash(column as i32, row as i32, self.seed);
        let inked = i < 3 && j < 5 && letter & 7 != 0 && (letter >> (8 + i + 3 * j)) & 1 == 1;
        if inked { self.second } else { self.base }
    }
}

/// A dashed line `at` a distance from the edge: 0..1.
fn stitches(u: f32, v: f32, at: f32) -> f32 {
    let (rows, columns) = (v.min(1.0 - v), 0.6 * (1.0 - u.abs()));
    let along = if rows < columns { 34.0 * u } else { 22.0 * v };
    let line = step(0.008, 0.003, (rows.min(columns) - at).abs());
    if along.rem_euclid(1.0) < 0.62 { line } else { 0.0 }
}

/// Share `t` of the way from `a` to `b`.
pub(super) fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}
