//! Turned solids, seen under any angle: filters, valves, canisters, microphones, cups.

use super::canvas::Canvas;
use super::fabric::Rgb;

/// A solid around an axis; its cross-section is an ellipse or a rounded box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solid {
    /// Middle of its foot, canvas pixels.
    pub foot: [f32; 2],
    /// The way its axis points: right, down, to the viewer; length 1.
    pub axis: [f32; 3],
    /// The head's downward direction in the picture: how it is rolled around the axis.
    pub down: [f32; 2],
    /// Half of the cross-section at share 1, canvas pixels: across, down.
    pub half: [f32; 2],
    /// 2 is an ellipse; the larger (even), the squarer.
    pub square: i32,
}

/// The solid's outline at one height; between two rings it runs straight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring {
    /// Height over the foot, canvas pixels.
    pub at: f32,
    /// Share of the cross-section.
    pub share: f32,
    /// Colour from here on to the next ring.
    pub colour: Rgb,
}

/// Least share of the axis that points to the viewer: an edge-on face is a line, and cannot be
/// turned back into places on it.
const LEAST_FRONT: f32 = 0.16;
/// Slices of one solid.
const MOST_SLICES: usize = 300;

/// One cross-section on its way to the canvas.
struct Slice {
    center: [f32; 2],
    share: f32,
    colour: Rgb,
    /// Slope of the side: along the radius, along the axis; length 1.
    lean: [f32; 2],
}

impl Solid {
    /// Draws the solid. `shade` turns a colour and a normal into what is seen.
    pub fn draw(&self, canvas: &mut Canvas, rings: &[Ring], shade: &dyn Fn(Rgb, [f32; 3]) -> Rgb) {
        let axis = self.forward();
        let [b1, b2] = self.basis(axis);
        let det = b1[0] * b2[1] - b1[1] * b2[0];
        let slices = self.slices(axis, rings);
        if det.abs() < 1e-4 || slices.is_empty() || !self.foot.iter().all(|v| v.is_finite()) {
            return;
        }
        let reach = self.half[0].hypot(self.half[1]);
        let ([x0, x1], [y0, y1]) = (
            span(&slices, 0, reach, canvas.size.width),
            span(&slices, 1, reach, canvas.size.height),
        );
        // From an offset in the picture to shares of the cross-section.
        let (sx, sy) = (1.0 / (det * self.half[0]), 1.0 / (det * self.half[1]));
        let power = |v: f32| even_power(v, self.square);
        for y in y0..y1 {
            for x in x0..x1 {
                let place = |slice: &Slice| {
                    let (dx, dy) =
                        (x as f32 + 0.5 - slice.center[0], y as f32 + 0.5 - slice.center[1]);
                    let (p, q) = ((dx * b2[1] - dy * b2[0]) * sx, (dy * b1[0] - dx * b1[1]) * sy);
                    [p, q]
                };
                let inside = |slice: &Slice| {
                    let ([p, q], r) = (place(slice), slice.share);
                    p.abs() < r && q.abs() < r && power(p) + power(q) < power(r)
                };
                // The last slice lies on top.
                let Some(slice) = slices.iter().rev().find(|s| inside(s)) else { continue };
                let [p, q] = place(slice).map(|v| v / slice.share);
                let out = [power(p) / steady(p), power(q) / steady(q)];
                let out_length = out[0].hypot(out[1]).max(1e-6);
                let [radial, along] = slice.lean;
                let normal = std::array::from_fn(|i| {
                    radial * (b1[i] * out[0] + b2[i] * out[1]) / out_length + along * axis[i]
                });
                canvas.lay(y * canvas.size.width + x, shade(slice.colour, normal), 1.0);
            }
        }
    }

    /// The axis, never quite edge-on nor turned away.
    fn forward(&self) -> [f32; 3] {
        let [x, y, z] = self.axis;
        let flat = x.hypot(y).max(1e-6);
        let front = z.max(LEAST_FRONT);
        let k = (1.0 - front * front).max(0.0).sqrt() / flat;
        [x * k, y * k, front]
    }

    /// Two directions of the cross-section, at right angles to the axis and to each other.
    fn basis(&self, a: [f32; 3]) -> [[f32; 3]; 2] {
        let d = [self.down[0], self.down[1], 0.0];
        let mut b1 = cross(d, a);
        let length = b1.iter().map(|v| v * v).sum::<f32>().sqrt();
        // The axis hardly ever runs straight down; then any roll will do.
        b1 = if length > 0.05 { b1.map(|v| v / length) } else { [d[1], -d[0], 0.0] };
        [b1, cross(a, b1)]
    }

    fn slices(&self, axis: [f32; 3], rings: &[Ring]) -> Vec<Slice> {
        let mut out = Vec::new();
        let flat = axis[0].hypot(axis[1]);
        for pair in rings.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            let (rise, shrink) =
                (to.at - from.at, (from.share - to.share) * self.half[0].min(self.half[1]));
            // As close as the scallops between two slices stay below a fifth of a pixel.
            let radius = from.share.min(to.share) * self.half[0].min(self.half[1]);
            let apart = (1.5 * radius).sqrt().max(1.0);
            let steps =
                (flat * rise.abs() / apart).max(shrink.abs()).ceil().clamp(1.0, 80.0) as usize;
            let length = rise.hypot(shrink).max(1e-6);
            for k in 0..steps {
                let t = k as f32 / steps as f32;
                let at = from.at + rise * t;
                out.push(Slice {
                    center: [self.foot[0] + axis[0] * at, self.foot[1] + axis[1] * at],
                    share: from.share + (to.share - from.share) * t,
                    colour: from.colour,
                    lean: [rise.abs() / length, shrink / length],
                });
            }
        }
        out.truncate(MOST_SLICES);
        out
    }
}

/// `v` to an even power up to 8.
fn even_power(v: f32, power: i32) -> f32 {
    let two = v * v;
    match power {
        2 => two,
        4 => two * two,
        6 => two * two * two,
        _ => two * two * two * two,
    }
}

/// Never 0, of the same sign.
fn steady(v: f32) -> f32 {
    if v.abs() < 1e-6 { 1e-6 } else { v }
}

/// Rows or columns that the slices may touch.
fn span(slices: &[Slice], k: usize, reach: f32, end: usize) -> [usize; 2] {
    let at = |f: fn(f32, f32) -> f32, start| slices.iter().map(|s| s.center[k]).fold(start, f);
    let low = (at(f32::min, f32::MAX) - reach).clamp(0.0, end as f32) as usize;
    let high = (at(f32::max, f32::MIN) + reach + 1.0).clamp(0.0, end as f32) as usize;
    [low, high]
}

fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
