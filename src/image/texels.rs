//! A layer as it is sampled: what a picture's three planes take from it, and how much of it
//! counts, side by side, so that one look gives all four.

use std::ops::Range;

use super::warp::PlaneMap;
use super::{Layer, PictureFormat};
use crate::geometry::{CropSpace, Rect};

/// The part of a layer that can be seen, averaged down to the fineness of the plane it goes
/// into. One texel of no coverage is around it.
#[derive(Default)]
pub(super) struct Texels {
    /// Pixels of the layer that a texel spans each way; 0 before the first layer.
    pub factor: usize,
    /// The layer's pixel at which the first texel begins, across and down.
    corner: [usize; 2],
    width: usize,
    height: usize,
    woven: Vec<[f32; 4]>,
    planes: [Vec<f32>; 4],
}

impl Texels {
    /// Takes the `painted` part of a layer, whose coverage counts `opacity` times.
    pub fn take(
        &mut self,
        (layer, opacity): (&Layer, f32),
        painted: &Rect<CropSpace>,
        factor: usize,
        format: &PictureFormat,
    ) {
        let size = layer.alpha.size();
        // Beyond what is painted, as far as the neighbours of a sample.
        let low = |v: f32| (v as usize).saturating_sub(1) / factor * factor;
        let high = |v: f32, end: usize| (v.ceil() as usize + 1).min(end);
        let (x, right) = (low(painted.min.x), high(painted.max.x, size.width));
        let (y, bottom) = (low(painted.min.y), high(painted.max.y, size.height));
        (self.factor, self.corner) = (factor, [x, y]);
        (self.width, self.height) = ((right - x).div_ceil(factor), (bottom - y).div_ceil(factor));
        let [r, g, b] = layer.pixels.channels();
        for (channel, out) in [r, g, b, layer.alpha.data()].into_iter().zip(&mut self.planes) {
            let rows = channel.chunks_exact(size.width).take(bottom).skip(y);
            shrink(rows.map(|row| &row[x..right]), factor, self.width, out);
        }
        let [r, g, b, alpha] = &mut self.planes;
        format.color.from_rgb(format.bits, [r, g, b]);
        for alpha in alpha {
            *alpha *= opacity;
        }
        self.weave();
    }

    /// Puts the planes side by side, and the border around them.
    fn weave(&mut self) {
        let stride = self.width + 2;
        self.woven.clear();
        self.woven.resize(stride * (self.height + 2), [0.0; 4]);
        let [r, g, b, a] = self.planes.each_ref().map(|plane| plane.chunks_exact(self.width));
        let rows = self.woven.chunks_exact_mut(stride).skip(1);
        for ((((row, r), g), b), a) in rows.zip(r).zip(g).zip(b).zip(a) {
            for (i, texel) in row[1..=self.width].iter_mut().enumerate() {
                *texel = [r[i], g[i], b[i], a[i]];
            }
            row[0] = uncovered(row[1]);
            row[self.width + 1] = uncovered(row[self.width]);
        }
        for x in 0..stride {
            self.woven[x] = uncovered(self.woven[stride + x]);
            let last = self.height * stride + x;
            self.woven[last + stride] = uncovered(self.woven[last]);
        }
    }

    /// What lies under the samples of `row`, from column 0 on: the value for `PLANE`, and the
    /// coverage, bilinear. `map` leads from samples to pixels of the layer.
    pub fn sample<const PLANE: usize>(&self, map: &PlaneMap, row: usize, line: &mut [[f32; 2]]) {
        let texel = |(x, y): (f64, f64)| {
            // A texel's centre lies half a texel from its corner; the border is one before.
            let at = |v: f64, corner: usize| {
                let texels = (v + 0.5 - corner as f64) / self.factor as f64 + 0.5;
                (texels * FRACTION.exp2()) as i64
            };
            [at(x, self.corner[0]), at(y, self.corner[1])]
        };
        let [x0, y0] = texel(map.apply(0.0, row as f64));
        let [x1, y1] = texel(map.apply(1.0, row as f64));
        let (across, down) = (Walk::new(x0, x1), Walk::new(y0, y1));
        let (wide, high) = (across.inside(self.width + 1), down.inside(self.height + 1));
        let end = wide.end.min(high.end).clamp(0, line.len() as i64) as usize;
        let begin = (wide.start.max(high.start).max(0) as usize).min(end);
        line[..begin].fill([0.0; 2]);
        line[end..].fill([0.0; 2]);
        let stride = self.width + 2;
        for (i, out) in (begin as i64..).zip(&mut line[begin..end]) {
            let ((column, across), (row, down)) = (across.at(i), down.at(i));
            let first = row * stride + column;
            let (top, below) = (&self.woven[first..first + 2], &self.woven[first + stride..]);
            let top = mixed(top[0], top[1], across);
            let texel = mixed(top, mixed(below[0], below[1], across), down);
            *out = [texel[PLANE], texel[3]];
        }
    }
}

/// Bits of a texel's fraction in whole numbers: a walk over any picture ends where it should.
const FRACTION: f64 = 32.0;

/// One coordinate along a row of samples, in texels of 2^32: whole numbers spare the processor
/// the way from floats to places in memory.
#[derive(Clone, Copy)]
struct Walk {
    start: i64,
    step: i64,
}

impl Walk {
    fn new(first: i64, second: i64) -> Self {
        Self { start: first, step: second - first }
    }

    /// The texel and the share of the next one at sample `i`.
    fn at(self, i: i64) -> (usize, f32) {
        let place = self.start + i * self.step;
        let fraction = (place as u32 >> 8) as i32 as f32;
        ((place >> 32) as usize, fraction * (1.0 / (1 << 24) as f32))
    }

    /// The samples at texels from 0 to below `end`.
    fn inside(self, end: usize) -> Range<i64> {
        let Self { start, step } = self;
        let end = (end as i64) << 32;
        match step {
            0 if (0..end).contains(&start) => 0..i64::MAX,
            0 => 0..0,
            1.. => -start.div_euclid(step)..-(start - end).div_euclid(step),
            _ => (start - end).div_euclid(-step) + 1..start.div_euclid(-step) + 1,
        }
    }
}

fn mixed(a: [f32; 4], b: [f32; 4], share: f32) -> [f32; 4] {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share)
}

fn uncovered([a, b, c, _]: [f32; 4]) -> [f32; 4] {
    [a, b, c, 0.0]
}

/// Means over squares of `factor` x `factor` values; at the end, over what is there.
fn shrink<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    factor: usize,
    width: usize,
    out: &mut Vec<f32>,
) {
    out.clear();
    for (n, row) in rows.enumerate() {
        if factor == 1 {
            out.extend_from_slice(row);
            continue;
        }
        if n.is_multiple_of(factor) {
            out.resize(out.len() + width, 0.0);
        }
        let (begin, seen) = (out.len() - width, (n % factor) as f32);
        for (mean, values) in out[begin..].iter_mut().zip(row.chunks(factor)) {
            let value = values.iter().sum::<f32>() / values.len() as f32;
            *mean += (value - *mean) / (seen + 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_inside_just_where_its_places_are() {
        let unit = 1i64 << 32;
        for step in [unit / 3, -unit / 3, 7, -7, unit, 0] {
            for start in [-2 * unit, -1, 0, unit + 5, 3 * unit - 1, 3 * unit, 5 * unit] {
                let walk = Walk { start, step };
                let inside = walk.inside(3);
                for i in -20..20 {
                    let is_there = (0..3 * unit).contains(&(start + i * step));
                    assert!(i < 0 || is_there == inside.contains(&i), "{start} {step} {i}");
                }
            }
        }
        let walk = Walk { start: unit / 2, step: unit / 4 };
        assert_eq!(walk.at(3), (1, 0.25));
    }

    #[test]
    fn squares_are_averaged_and_those_at_the_end_over_what_is_there() {
        let rows = [[1.0, 3.0, 5.0], [2.0, 6.0, 7.0], [9.0, 11.0, 1.0]];
        let mut out = Vec::new();
        shrink(rows.iter().map(|row| &row[..]), 2, 2, &mut out);
        assert_eq!(out, [3.0, 6.0, 10.0, 1.0]);
    }
}
