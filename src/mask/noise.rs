//! Smooth noise fields over the plane: wrinkles, weave, camouflage.

/// Scrambles a lattice point into 32 bits (after Wang's integer hash).
pub(super) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x85eb_ca6b) ^ (y as u32).wrapping_mul(0xc2b2_ae35) ^ seed;
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
    h ^ (h >> 15)
}

/// A number 0..1 for a lattice point.
pub(super) fn unit(x: i32, y: i32, seed: u32) -> f32 {
    (hash(x, y, seed) >> 8) as f32 / (1 << 24) as f32
}

/// Value noise of wavelength 1, -1..1, continuous with its slope.
pub(super) fn value(x: f32, y: f32, seed: u32) -> f32 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i32, fy as i32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (ease(x - fx), ease(y - fy));
    let row = |j| {
        let (a, b) = (unit(ix, iy + j, seed), unit(ix + 1, iy + j, seed));
        a + (b - a) * tx
    };
    let (top, bottom) = (row(0), row(1));
    2.0 * (top + (bottom - top) * ty) - 1.0
}

/// Two octaves of [`value`], about -1..1.
pub(super) fn rough(x: f32, y: f32, seed: u32) -> f32 {
    0.68 * value(x, y, seed) + 0.32 * value(2.1 * x + 5.3, 2.1 * y - 3.7, seed ^ 0x9e37_79b9)
}

/// A field over the sheet, computed on a grid and read between its points: for what changes
/// slowly and is costly.
#[derive(Clone, Debug)]
pub(super) struct Field {
    columns: usize,
    rows: usize,
    values: Vec<f32>,
}

impl Field {
    /// `value(u, v)` over u -1..1 and v 0..1, on `columns` x `rows` points.
    pub fn new(columns: usize, rows: usize, value: impl Fn(f32, f32) -> f32) -> Self {
        let at = |i: usize| {
            let (x, y) = ((i % columns) as f32, (i / columns) as f32);
            value(2.0 * x / (columns - 1) as f32 - 1.0, y / (rows - 1) as f32)
        };
        Self { columns, rows, values: (0..columns * rows).map(at).collect() }
    }

    /// The value at (u, v).
    pub fn at(&self, u: f32, v: f32) -> f32 {
        let x = (0.5 * (u + 1.0)).clamp(0.0, 1.0) * (self.columns - 1) as f32;
        let y = v.clamp(0.0, 1.0) * (self.rows - 1) as f32;
        let (i, j) = ((x as usize).min(self.columns - 2), (y as usize).min(self.rows - 2));
        let (tx, ty) = (x - i as f32, y - j as f32);
        let row = |j: usize| {
            let pair = &self.values[j * self.columns + i..];
            pair[0] + (pair[1] - pair[0]) * tx
        };
        let (top, low) = (row(j), row(j + 1));
        top + (low - top) * ty
    }
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(super) fn step(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_agrees_with_what_it_stands_for() {
        let wave = |u: f32, v: f32| (3.0 * u + 2.0 * v).sin();
        let field = Field::new(64, 48, wave);
        for (u, v) in [(-1.0, 0.0), (1.0, 1.0), (0.13, 0.77), (-0.6, 0.31)] {
            assert!((field.at(u, v) - wave(u, v)).abs() < 5e-3);
        }
    }

    #[test]
    fn noise_stays_in_range_and_is_continuous() {
        for i in 0..2000 {
            let (x, y) = (i as f32 * 0.137 - 90.0, i as f32 * 0.071);
            assert!(value(x, y, 5).abs() <= 1.0);
            assert!((value(x + 1e-3, y, 5) - value(x, y, 5)).abs() < 0.01);
        }
    }
}
