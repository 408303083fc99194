//! Colour of the sheet: what it is made of, what is printed on it, how it is joined.

use std::sync::Arc;

use super::border::Seam;
use super::lettering::Block;
use super::noise::{Field, rough, value};
use super::print::Print;

/// Gamma-encoded red, green, blue, 0..1.
pub(super) type Rgb = [f32; 3];

/// What the sheet is made of.
#[derive(Clone, Debug)]
pub(super) struct Fabric {
    /// Main colour.
    pub base: Rgb,
    /// Colour of the print.
    pub second: Rgb,
    /// Colour within the print.
    pub third: Rgb,
    /// The print.
    pub print: Print,
    /// Words, in this colour.
    pub words: Option<(Arc<Block>, Rgb)>,
    /// A plate in front: half widths at its top and foot (u), from and to (v), colour.
    pub plate: Option<([f32; 4], Rgb)>,
    /// Colour of the rim around the sheet, and its width (share).
    pub rim: Option<(Rgb, f32)>,
    /// Welds and stitches.
    pub seams: Vec<Seam>,
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
    /// Unevenness of the colour, on a grid.
    pub fn grid(&self) -> Field {
        Field::new(48, 40, |u, v| self.mottle * rough(3.15 * u, 3.75 * (v - 0.5), self.seed))
    }

    /// Colour at (u, v) before light; `mottle` is this fabric's own, on a grid.
    pub fn colour(&self, u: f32, v: f32, mottle: &Field) -> Rgb {
        let (x, y) = (u * 1.05, (v - 0.5) * 1.25);
        let c = self.dyed(x, y, (u, v));
        let uneven = mottle.at(u, v) + self.thread * value(24.0 * x, 24.0 * y, self.seed ^ 0x3c);
        let seams: f32 = self.seams.iter().map(|s| s.gain(u, v)).sum();
        c.map(|c| c * (1.0 + uneven + seams))
    }

    fn dyed(&self, x: f32, y: f32, (u, v): (f32, f32)) -> Rgb {
        if let Some((rim, width)) = self.rim
            && v.min(1.0 - v).min(0.6 * (1.0 - u.abs())) < width
        {
            return rim;
        }
        if let Some((words, ink)) = &self.words
            && words.inked(x, y)
        {
            return *ink;
        }
        if let Some(([top, foot, from, to], colour)) = self.plate {
            let half = top + (foot - top) * ((v - from) / (to - from));
            if (from..to).contains(&v) && u.abs() < half {
                return colour;
            }
        }
        self.print.colour([self.base, self.second, self.third], [x, y], self.seed)
    }
}

/// Share `t` of the way from `a` to `b`.
pub(super) fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}
