//! What a mask has besides its sheet: ear loops, straps, valves, filters.

use tiny_skia::{Path, PathBuilder};

use super::Dice;
use super::canvas::{Canvas, ellipse, line};
use super::fabric::{Rgb, mix};
use super::head::Head;
use super::light::Light;
use super::noise::step;
use super::outline::Outline;
use super::surface::{facing, normal};
use crate::geometry::{CropSpace, Point};

type P = Point<CropSpace>;

/// What holds a mask. Widths are in units; `reach` is a share of the way to the ear.
#[derive(Clone, Copy, Debug)]
pub(super) enum Straps {
    /// Nothing to be seen.
    None,
    /// Two thin cords on each side, from the corners to the ear.
    Loops { colour: Rgb, width: f32, reach: f32, bow: f32 },
    /// Broad bands of the sheet's own cloth around the ear.
    Wide { colour: Rgb, reach: f32 },
    /// Bands around the head, one above the ear, one below it.
    Head { colour: Rgb, width: f32, spread: f32 },
}

/// The tools that every fitting is drawn with.
pub(super) struct Bench<'a, 'b> {
    /// Where to draw.
    pub canvas: &'a mut Canvas,
    /// Whose head.
    pub head: &'a Head<'b>,
    /// The mask's edges.
    pub outline: &'a Outline,
    /// The light on it.
    pub light: &'a Light,
}

impl Bench<'_, '_> {
    fn scale(&self) -> f32 {
        self.canvas.scale as f32
    }

    /// Lays a cord of `width` units, rounded by light.
    fn cord(&mut self, points: &[P], width: f32, colour: Rgb) {
        let pixels = width * self.head.unit * self.scale();
        for (share, gain) in [(1.0, 0.72), (0.62, 0.92), (0.3, 1.02)] {
            if let Some(path) = line(points, self.scale(), pixels * share) {
                let lit = self.light.shade(colour.map(|c| c * gain), [0.0, -0.2, 1.0], 0.0);
                self.canvas.fill(&path, |_, _| lit);
            }
        }
    }

    /// Lays a band of cloth from an edge of the sheet towards the ear, where it is a third as
    /// broad; `at` is where it ends between ear (0) and lobe (1), and how far it goes.
    fn band(&mut self, from: [P; 2], ear: [P; 2], (at, reach): (f32, f32), colour: Rgb) {
        let end = |t: f32| ear[0].lerp(ear[1], t);
        let to = [from[0].lerp(end(at), reach), from[1].lerp(end(at + 0.3), reach)];
        let scale = self.scale();
        let mut path = PathBuilder::new();
        path.move_to(from[0].x * scale, from[0].y * scale);
        for p in [to[0], to[1], from[1]] {
            path.line_to(p.x * scale, p.y * scale);
        }
        path.close();
        let side = (to[0] - from[0]).dot(self.head.across).signum();
        let lit = self.light.shade(colour, normal(self.head, 0.9 * side, 0.4), 0.0);
        if let Some(path) = path.finish() {
            self.canvas.fill(&path, |_, _| lit);
        }
    }

    /// Lays a disc whose normals bulge by `dome`.
    fn disc(&mut self, center: [f32; 2], axes: [f32; 2], look: (Rgb, f32), base: [f32; 3]) {
        let across = [self.head.across.x, self.head.across.y];
        let Some(path): Option<Path> = ellipse(center, axes, across) else { return };
        let (light, (colour, dome)) = (*self.light, look);
        self.canvas.fill(&path, |x, y| {
            let (dx, dy) = ((x - center[0]) / axes[0], (y - center[1]) / axes[1]);
            let bulge = dome * (dx * dx + dy * dy);
            light.shade(colour, [base[0] + bulge * dx, base[1] + bulge * dy, base[2]], 0.08)
        });
    }
}

impl Straps {
    /// Draws what lies under the sheet's edge, on both sides.
    pub fn draw(&self, bench: &mut Bench<'_, '_>) {
        for side in [-1.0_f32, 1.0] {
            let head = bench.head;
            let jaw = |i: f32| head.jaw(if side < 0.0 { i } else { 16.0 - i });
            // An ear behind the cheek is not seen, nor what leads to it.
            let outer = head.point(if side < 0.0 { 36 } else { 45 });
            let seen = step(-0.05, 0.2, side * (jaw(0.0) - outer).dot(head.across) / head.unit);
            if seen < 0.2 {
                continue;
            }
            let corner = |v: f32| bench.outline.at(side * 0.97, v);
            match *self {
                Self::None => {}
                Self::Loops { colour, width, reach, bow } => {
                    let ends = [
                        (corner(0.03), jaw(0.0) + head.shift(0.1 * side, 0.02)),
                        (corner(0.96), jaw(0.9) + head.shift(0.08 * side, 0.05)),
                    ];
                    for (from, ear) in ends {
                        let end = from.lerp(ear, reach * seen);
                        let middle = from.lerp(end, 0.5) + head.shift(0.0, bow);
                        bench.cord(&[from, middle, end], width, colour);
                    }
                }
                Self::Wide { colour, reach } => {
                    let ear = jaw(0.1) + head.shift(0.08 * side, -0.02);
                    let lobe = jaw(1.2) + head.shift(0.07 * side, 0.0);
                    bench.band(
                        [corner(0.01), corner(0.27)],
                        [ear, lobe],
                        (0.0, reach * seen),
                        colour,
                    );
                    bench.band(
                        [corner(0.7), corner(0.96)],
                        [ear, lobe],
                        (0.55, reach * seen),
                        colour,
                    );
                }
                Self::Head { colour, width, spread } => {
                    let up = jaw(0.0) + head.shift(0.06 * side, -0.3 * spread);
                    let low = jaw(1.8 + spread) + head.shift(0.05 * side, 0.0);
                    for (from, to) in [(corner(0.3), up), (corner(0.72), low)] {
                        bench.cord(&[from, from.lerp(to, seen)], width, colour);
                    }
                }
            }
        }
    }
}

/// An exhale valve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Valve {
    at: [f32; 2],
    radius: f32,
    shape: f32,
    colour: Rgb,
}

impl Valve {
    /// Draws one that goes with a mask of `base` colour.
    pub fn draw(base: Rgb, dice: &mut Dice) -> Self {
        let aside = dice.weighted(&[(0.0, 3.0), (0.35, 1.0), (-0.35, 1.0)]);
        let blue = [0.35, 0.5, 0.75];
        Self {
            at: [aside + 0.03 * dice.normal(), dice.range(0.45, 0.62)],
            radius: dice.range(0.13, 0.22),
            shape: dice.range(0.75, 1.0),
            colour: dice.weighted(&[(base, 3.0), ([0.88; 3], 1.5), ([0.3; 3], 1.0), (blue, 0.7)]),
        }
    }

    /// Draws it onto the sheet.
    pub fn lay(&self, bench: &mut Bench<'_, '_>) {
        let [u, v] = self.at;
        let p = bench.outline.at(u, v);
        let k = bench.scale();
        let size = self.radius * bench.head.unit * k;
        let base = normal(bench.head, u * 0.6, v * 0.8);
        let flat = facing(bench.head, u);
        let center = [p.x * k, p.y * k];
        let shadow = self.colour.map(|c| 0.45 * c);
        let rings = [
            (1.08, shadow, 0.0),
            (1.0, self.colour, 0.9),
            (0.72, shadow, 0.3),
            (0.66, self.colour, -0.5),
        ];
        for (share, colour, dome) in rings {
            let axes = [size * share * flat, size * share * self.shape];
            bench.disc(center, axes, (colour, dome), base);
        }
        for i in -2..=2 {
            let y = center[1] + size * 0.2 * i as f32;
            let axes = [size * 0.42 * flat, size * 0.035];
            let dark = mix(self.colour, [0.02; 3], 0.5);
            bench.disc([center[0], y], axes, (dark, 0.0), base);
        }
    }
}

/// A pair of round filters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    at: [f32; 2],
    radius: f32,
    colour: Rgb,
    ring: Rgb,
}

impl Filter {
    /// Draws a pair.
    pub fn draw(dice: &mut Dice) -> Self {
        let pink = [0.85, 0.25, 0.5];
        Self {
            at: [dice.range(0.72, 0.95), dice.range(0.5, 0.72)],
            radius: dice.range(0.26, 0.4),
            colour: dice.weighted(&[
                (pink, 2.0),
                ([0.85; 3], 2.0),
                ([0.15; 3], 2.0),
                ([0.5, 0.52, 0.55], 1.0),
                ([0.9, 0.8, 0.3], 0.5),
            ]),
            ring: dice.weighted(&[([0.1; 3], 2.0), ([0.8; 3], 1.0), ([0.35; 3], 1.0)]),
        }
    }

    /// Draws both onto the sides of the sheet.
    pub fn lay(&self, bench: &mut Bench<'_, '_>) {
        for side in [-1.0, 1.0] {
            let u = side * self.at[0];
            let p = bench.outline.at(u, self.at[1]);
            let k = bench.scale();
            let size = self.radius * bench.head.unit * k;
            let base = normal(bench.head, u * 0.7, self.at[1] * 0.7);
            let flat = facing(bench.head, u * 0.75);
            let out = 0.12 * side * size;
            let rings = [
                (1.0, mix(self.ring, [0.0; 3], 0.4), 0.3, 0.0),
                (0.97, self.ring, 0.6, 0.5),
                (0.8, mix(self.colour, [0.0; 3], 0.35), 0.0, 1.0),
                (0.76, self.colour, 0.35, 1.0),
                (0.2, mix(self.colour, [0.0; 3], 0.25), 0.2, 1.0),
            ];
            for (share, colour, dome, lift) in rings {
                let (ax, ay) = (bench.head.across.x, bench.head.across.y);
                let center = [p.x * k + ax * out * lift, p.y * k + ay * out * lift];
                bench.disc(center, [size * share * flat, size * share], (colour, dome), base);
            }
        }
    }
}
