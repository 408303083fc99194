//! A hand: soft capsules, lit as one surface.

use super::Dice;
use super::bench::Bench;
use super::fabric::{Rgb, mix};
use super::noise::{rough, step};
use super::skin::Skin;
use crate::geometry::{CropSpace, Point, Vec2};

type P = Point<CropSpace>;

/// How a hand is held. Lengths are in units, angles in radians.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand {
    /// Knuckle of the middle finger, in the head's axes from the middle of the face: right,
    /// down.
    pub knuckle: [f32; 2],
    /// The way the fingers point: 0 to the picture's right, growing to the chin.
    pub angle: f32,
    /// Angle between neighbouring fingers.
    pub spread: f32,
    /// How far each finger is bent, index to little: 0 straight, 1 its tip at the palm.
    pub curl: [f32; 4],
    /// +1: the thumb lies clockwise of the fingers.
    pub thumb: f32,
    /// How far the thumb stands off the fingers.
    pub open: f32,
    /// Size of the hand.
    pub size: f32,
    /// Colour of the sleeve.
    pub sleeve: Option<Rgb>,
    /// Painted nails.
    pub nails: Option<Rgb>,
}

impl Hand {
    /// A hand with its knuckles at a place, fingers towards `angle`.
    pub fn draw(knuckle: [f32; 2], angle: f32, dice: &mut Dice) -> Self {
        let bent = dice.range(0.0, 0.5);
        let nail = dice.weighted(&[
            ([0.7, 0.1, 0.15], 2.0),
            ([0.1; 3], 1.0),
            ([0.9, 0.85, 0.85], 2.0),
            ([0.3, 0.2, 0.5], 1.0),
        ]);
        let cloth = super::dyes::any(dice);
        Self {
            knuckle,
            angle,
            spread: dice.range(0.02, 0.2),
            curl: std::array::from_fn(|_| (bent + 0.08 * dice.normal()).clamp(0.0, 0.9)),
            thumb: if dice.chance(0.5) { 1.0 } else { -1.0 },
            open: dice.range(0.4, 1.0),
            size: dice.range(0.85, 1.1),
            sleeve: dice.chance(0.6).then_some(cloth),
            nails: dice.chance(0.3).then_some(nail),
        }
    }

    /// Lays the hand.
    pub fn lay(&self, bench: &mut Bench<'_, '_>, skin: &Skin, dice: &mut Dice) {
        let parts = self.parts(bench);
        let scale = bench.scale();
        // The skin was read as it is lit; the light is taken off before it is laid on again.
        let lamp = bench.light.shade([0.5; 3], [0.0, -0.2, 1.0], 0.0);
        let tone = 0.97 + 0.06 * dice.normal();
        let colour: Rgb = std::array::from_fn(|i| {
            let own = 0.5 * skin.colour[i] / lamp[i].max(0.1);
            (own * tone * (1.0 + 0.015 * dice.normal())).clamp(0.02, 0.97)
        });
        let look = Look { colour, sleeve: self.sleeve, nails: self.nails, seed: dice.bits() };
        relief(bench, &parts, scale, &look);
    }

    /// Where the point (forward, aside) of the hand lies in the crop.
    fn at(&self, bench: &Bench<'_, '_>, forward: f32, aside: f32) -> P {
        let (sin, cos) = self.angle.sin_cos();
        let (f, a) = (forward * self.size, aside * self.size * self.thumb);
        let right = self.knuckle[0] + f * cos - a * sin;
        let down = self.knuckle[1] + f * sin + a * cos;
        bench.head.middle(1.5) + bench.head.shift(right, down)
    }

    fn parts(&self, bench: &Bench<'_, '_>) -> Vec<Capsule> {
        let px = bench.head.unit * self.size;
        let mut parts = Vec::new();
        let mut add = |from: P, to: P, radii: [f32; 2], lift: [f32; 2], kind: Kind| {
            let (r, z) = (radii.map(|r| r * px), lift.map(|l| l * px));
            parts.push(Capsule { from, to, radii: r, lift: z, kind });
        };
        // Forearm and wrist, out of the picture.
        let (wrist, elbow) = (self.at(bench, -1.35, 0.0), self.at(bench, -4.5, 0.0));
        let arm = if self.sleeve.is_some() { Kind::Sleeve } else { Kind::Skin };
        add(wrist.lerp(elbow, 0.12), elbow, [0.42, 0.5], [-0.1, -0.1], arm);
        add(self.at(bench, -1.0, 0.0), wrist, [0.4, 0.34], [-0.12, -0.15], Kind::Skin);
        for i in 0..4 {
            let aside = 0.27 * (1.5 - i as f32);
            add(
                self.at(bench, -0.08 * (i as f32 - 1.0).abs(), aside),
                self.at(bench, -1.0, 0.75 * aside),
                [0.18, 0.26],
                [0.0, -0.08],
                Kind::Skin,
            );
        }
        for (i, length) in [1.02, 1.14, 1.06, 0.82].into_iter().enumerate() {
            let aside = 0.27 * (1.5 - i as f32);
            let tilt = self.spread * (1.5 - i as f32);
            let from = [-0.08 * (i as f32 - 1.0).abs(), aside];
            let curl = self.curl[i];
            let mut at = from;
            // Three bones; a bent finger is seen shortened.
            for (k, share) in [0.45, 0.31, 0.24].into_iter().enumerate() {
                let seen = length * share * (1.0 - curl * (0.25 + 0.55 * k as f32)).max(-0.6);
                let next = [at[0] + seen * tilt.cos(), at[1] + seen * tilt.sin()];
                let (r0, r1) = (0.142 - 0.012 * k as f32, 0.132 - 0.014 * k as f32);
                let kind = if k == 2 { Kind::Tip } else { Kind::Skin };
                let lift = 0.05 * curl * (1.5 - k as f32);
                add(
                    self.at(bench, at[0], at[1]),
                    self.at(bench, next[0], next[1]),
                    [r0, r1],
                    [0.02 + lift, lift],
                    kind,
                );
                at = next;
            }
        }
        let root = [-0.85, 0.45];
        let joint = [-0.45, 0.55 + 0.25 * self.open];
        let tip = [0.0 + 0.1 * (1.0 - self.open), 0.5 + 0.55 * self.open];
        add(
            self.at(bench, root[0], root[1]),
            self.at(bench, joint[0], joint[1]),
            [0.26, 0.165],
            [-0.05, 0.02],
            Kind::Skin,
        );
        let end = self.at(bench, tip[0], tip[1]);
        add(self.at(bench, joint[0], joint[1]), end, [0.165, 0.14], [0.02, 0.02], Kind::Tip);
        parts
    }
}

/// What a capsule is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Skin,
    /// The last bone of a finger: it has a nail.
    Tip,
    Sleeve,
}

/// A round limb between two points, crop pixels.
struct Capsule {
    from: P,
    to: P,
    radii: [f32; 2],
    lift: [f32; 2],
    kind: Kind,
}

/// Colours of a hand.
struct Look {
    colour: Rgb,
    sleeve: Option<Rgb>,
    nails: Option<Rgb>,
    seed: u32,
}

/// One canvas pixel of the surface: height, which limb, how far along it, how far aside.
#[derive(Clone, Copy)]
struct Cell {
    height: f32,
    part: usize,
    along: f32,
    aside: f32,
}

/// Lays capsules as one surface of heights.
fn relief(bench: &mut Bench<'_, '_>, parts: &[Capsule], scale: f32, look: &Look) {
    let (width, height) = (bench.canvas.size.width, bench.canvas.size.height);
    let mut cells: Vec<Option<Cell>> = vec![None; width * height];
    for (index, part) in parts.iter().enumerate() {
        raster(&mut cells, (width, height), index, part, scale);
    }
    let tall = bench.head.unit * scale;
    soften(&mut cells, width, (0.03 * tall) as usize);
    for y in 0..height {
        for x in 0..width {
            let i = y * width + x;
            let Some(cell) = cells[i] else { continue };
            let at = |j: Option<usize>| j.and_then(|j| cells.get(j).copied().flatten());
            let h = |j: Option<usize>| at(j).map_or(cell.height, |c| c.height);
            let dx = 0.5 * (h(Some(i + 1)) - h(i.checked_sub(1)));
            let dy = 0.5 * (h(Some(i + width)) - h(i.checked_sub(width)));
            // A step down to what lies behind is an edge, not a slope.
            let slope = |d: f32| if d.abs() > 3.0 { 0.0 } else { d.clamp(-1.6, 1.6) };
            let part = &parts[cell.part];
            let grain = 0.05 * rough(x as f32 / tall * 5.0, y as f32 / tall * 5.0, look.seed);
            let mut colour = match part.kind {
                Kind::Sleeve => look.sleeve.unwrap_or(look.colour),
                _ => look.colour,
            };
            if part.kind == Kind::Tip {
                let red = [1.04, 0.9, 0.9];
                colour = std::array::from_fn(|k| colour[k] * (1.0 + cell.along * (red[k] - 1.0)));
                let nail =
                    (cell.along - 0.62).hypot(0.7 * cell.aside) < 0.3 && cell.aside.abs() < 0.55;
                if nail && look.seed & 1 == 0 {
                    colour = look.nails.unwrap_or(mix(colour, [0.95, 0.8, 0.78], 0.3));
                }
            }
            let rim = step(0.75, 1.0, cell.aside.abs());
            let dark = (1.0 + grain) * (1.0 - 0.22 * rim);
            let lit =
                bench.light.shade(colour.map(|c| c * dark), [-slope(dx), -slope(dy), 1.0], 0.03);
            bench.canvas.lay(i, lit, 1.0);
        }
    }
}

/// Flesh is soft: averages heights over `reach` cells each way, but not over an edge.
fn soften(cells: &mut [Option<Cell>], width: usize, reach: usize) {
    let edge = 2.0 * reach as f32 + 2.0;
    for step in [1, width] {
        let before: Vec<Option<f32>> = cells.iter().map(|c| c.map(|c| c.height)).collect();
        for (i, cell) in cells.iter_mut().enumerate() {
            let Some(cell) = cell else { continue };
            let (mut sum, mut count) = (0.0, 0.0);
            for k in 0..=2 * reach {
                let near = (i + k * step).checked_sub(reach * step).and_then(|j| before.get(j));
                if let Some(h) = near.copied().flatten()
                    && (h - cell.height).abs() < edge
                {
                    sum += h;
                    count += 1.0;
                }
            }
            if count > 0.0 {
                cell.height = sum / count;
            }
        }
    }
}

fn raster(
    cells: &mut [Option<Cell>],
    (width, height): (usize, usize),
    index: usize,
    part: &Capsule,
    scale: f32,
) {
    let [a, b] = [part.from, part.to].map(|p| Vec2::new(p.x * scale, p.y * scale));
    let [ra, rb] = part.radii.map(|r| r * scale);
    let axis = Vec2::new(b.x - a.x, b.y - a.y);
    let length2 = axis.dot(axis).max(1e-3);
    let reach = ra.max(rb);
    if !(a.x + a.y + b.x + b.y).is_finite() {
        return;
    }
    let span = |p: f32, q: f32, end: usize| {
        let (low, high) = (p.min(q) - reach, p.max(q) + reach + 1.0);
        (low.clamp(0.0, end as f32) as usize, high.clamp(0.0, end as f32) as usize)
    };
    let ((x0, x1), (y0, y1)) = (span(a.x, b.x, width), span(a.y, b.y, height));
    for y in y0..y1 {
        for x in x0..x1 {
            let d = Vec2::new(x as f32 + 0.5 - a.x, y as f32 + 0.5 - a.y);
            let t = (d.dot(axis) / length2).clamp(0.0, 1.0);
            let off = Vec2::new(d.x - axis.x * t, d.y - axis.y * t);
            let (r, distance) = (ra + (rb - ra) * t, off.length());
            if distance >= r {
                continue;
            }
            let lift = scale * (part.lift[0] + (part.lift[1] - part.lift[0]) * t);
            let dome = 0.85 * (r * r - distance * distance).sqrt();
            let cell = &mut cells[y * width + x];
            let side = off.dot(axis.perpendicular()).signum();
            if cell.is_none_or(|c| c.height < lift + dome) {
                *cell = Some(Cell {
                    height: lift + dome,
                    part: index,
                    along: t,
                    aside: side * distance / r,
                });
            }
        }
    }
}
