//! What is printed on cloth.

use std::f32::consts::TAU;
use std::sync::Arc;

use super::Dice;
use super::fabric::{Rgb, mix};
use super::noise::{rough, unit};
use super::texture::Texture;

/// A print. Lengths are in units.
#[derive(Clone, Debug)]
pub(super) enum Print {
    /// One colour.
    Plain,
    /// Two directions of stripes that overlap: period.
    Checks(f32),
    /// A tartan: period.
    Tartan(f32),
    /// Stripes: period, direction in radians, share of the second colour.
    Stripes(f32, f32, f32),
    /// Dots: period, radius as a share of it.
    Dots(f32, f32),
    /// Flowers of five petals: period.
    Flowers(f32),
    /// Drops with a curl, as on a bandana: period.
    Paisley(f32),
    /// Patches: wavelength.
    Patches(f32),
    /// Colours that run into each other: wavelength.
    TieDye(f32),
    /// Upper part in the second colour: where the border runs, how steep.
    Halves(f32, f32),
    /// One large figure: its middle and size, how many points it has.
    Figure([f32; 3], f32),
    /// A drawn mouth: half width, bow.
    Mouth(f32, f32),
    /// A picture: its place, width and turn.
    Picture(Arc<Texture>, [f32; 4]),
}

impl Print {
    /// Draws a print; one of the user's own `textures` where there are any.
    pub fn draw(dice: &mut Dice, textures: &[Arc<Texture>]) -> Self {
        if !textures.is_empty() && dice.chance(0.5) {
            let texture = Arc::clone(&textures[dice.bits() as usize % textures.len()]);
            let turn = dice.weighted(&[(0.0, 3.0), (0.785, 0.5), (1.571, 0.5)]);
            let place = [dice.range(0.0, 1.0), dice.range(0.0, 1.0), dice.range(0.5, 2.4), turn];
            return Self::Picture(texture, place);
        }
        let angle = dice.weighted(&[(0.0, 2.0), (1.571, 2.0), (0.785, 1.0), (2.356, 1.0)]);
        let kind = dice.weighted(&[
            (0, 1.5),
            (1, 1.5),
            (2, 2.0),
            (3, 1.5),
            (4, 2.5),
            (5, 1.5),
            (6, 1.5),
            (7, 1.2),
            (8, 0.8),
            (9, 1.2),
            (10, 0.8),
        ]);
        match kind {
            0 => Self::Checks(dice.range(0.06, 0.3)),
            1 => Self::Tartan(dice.range(0.25, 0.8)),
            2 => Self::Stripes(dice.range(0.04, 0.35), angle, dice.range(0.15, 0.6)),
            3 => Self::Dots(dice.range(0.06, 0.3), dice.range(0.15, 0.38)),
            4 => Self::Flowers(dice.range(0.15, 0.6)),
            5 => Self::Paisley(dice.range(0.2, 0.5)),
            6 => Self::Patches(dice.range(0.15, 0.6)),
            7 => Self::TieDye(dice.range(0.3, 0.9)),
            8 => Self::Halves(dice.range(-0.3, 0.3), 0.3 * dice.normal()),
            9 => {
                let points = dice.weighted(&[(0.0, 2.0), (4.0, 1.0), (5.0, 2.0), (6.0, 1.0)]);
                let at = [0.35 * dice.normal(), 0.15 * dice.normal(), dice.range(0.08, 0.4)];
                Self::Figure(at, points)
            }
            _ => Self::Mouth(dice.range(0.25, 0.6), dice.range(-0.1, 0.25)),
        }
    }

    /// Colour at a place of the sheet, from its `dyes`: base, second, third.
    pub fn colour(&self, dyes: [Rgb; 3], at: [f32; 2], seed: u32) -> Rgb {
        let ([base, second, third], [x, y]) = (dyes, at);
        match self {
            Self::Plain => base,
            Self::Checks(period) => {
                let bar = |t: f32| if (t / period).rem_euclid(1.0) < 0.5 { 0.5 } else { 0.0 };
                mix(base, second, bar(x) + bar(y))
            }
            Self::Tartan(period) => {
                let sett = |t: f32| tartan(dyes, (t / period).rem_euclid(1.0));
                mix(sett(x), sett(y + 0.13), 0.5)
            }
            Self::Stripes(period, angle, share) => {
                let t = (x * angle.cos() + y * angle.sin()) / period;
                if t.rem_euclid(1.0) < *share { second } else { base }
            }
            Self::Dots(period, radius) => {
                let (row, shifted) = ((y / period).floor(), x / period);
                let shifted = shifted + 0.5 * row.rem_euclid(2.0);
                let (dx, dy) = (shifted - shifted.floor() - 0.5, y / period - row - 0.5);
                if dx.hypot(dy) < *radius { second } else { base }
            }
            Self::Flowers(period) => flowers(dyes, x / period, y / period, seed),
            Self::Paisley(period) => paisley(dyes, x / period, y / period, seed),
            Self::Patches(size) => {
                let n = rough(x / size, y / size, seed ^ 0x55);
                let m = rough(x / size + 40.0, y / size, seed ^ 0x56);
                if n > 0.18 {
                    second
                } else if m > 0.2 {
                    third
                } else {
                    base
                }
            }
            Self::TieDye(size) => {
                let bend = rough(x / size, y / size, seed ^ 0x61);
                let n = 0.5 + 0.7 * rough(x / size + bend, y / size - bend, seed ^ 0x62);
                let m = 0.5 + 0.7 * rough(x / size + 9.0, y / size + bend, seed ^ 0x63);
                mix(mix(base, second, n.clamp(0.0, 1.0)), third, m.clamp(0.0, 1.0))
            }
            Self::Halves(at, slope) => {
                if y < at + slope * x {
                    second
                } else {
                    base
                }
            }
            Self::Figure(place, points) => {
                figure(dyes, [x - place[0], y - place[1]], place[2], *points)
            }
            Self::Mouth(half, bow) => mouth(dyes, [x, y], *half, *bow),
            Self::Picture(texture, place) => texture.at(at, *place),
        }
    }
}

fn tartan([base, second, third]: [Rgb; 3], t: f32) -> Rgb {
    match t {
        0.0..0.3 => second,
        0.36..0.39 | 0.86..0.89 => third,
        0.5..0.75 => mix(base, second, 0.4),
        _ => base,
    }
}

fn flowers([base, second, third]: [Rgb; 3], x: f32, y: f32, seed: u32) -> Rgb {
    let (cx, cy) = (x.floor(), y.floor());
    let at = |salt: u32| unit(cx as i32, cy as i32, seed ^ salt);
    let (dx, dy) = (x - cx - 0.3 - 0.4 * at(1), y - cy - 0.3 - 0.4 * at(2));
    let radius = (0.2 + 0.12 * at(3)) * (0.72 + 0.28 * (5.0 * dy.atan2(dx) + TAU * at(4)).cos());
    let distance = dx.hypot(dy);
    let (petal, heart) = if at(5) < 0.35 { (third, second) } else { (second, third) };
    if distance < 0.07 {
        heart
    } else if distance < radius {
        mix(petal, base, 0.3 * distance / radius)
    } else {
        base
    }
}

fn paisley([base, second, third]: [Rgb; 3], x: f32, y: f32, seed: u32) -> Rgb {
    let (cx, cy) = (x.floor(), y.floor());
    let at = |salt: u32| unit(cx as i32, cy as i32, seed ^ salt);
    let turn = TAU * at(7);
    let (dx, dy) = (x - cx - 0.5, y - cy - 0.5);
    let (px, py) = (dx * turn.cos() + dy * turn.sin(), dy * turn.cos() - dx * turn.sin());
    // A drop that bends to its tip.
    let bent = px - 0.9 * (py - 0.1) * (py - 0.1);
    let size = 0.3 * (1.0 - (py + 0.1).max(0.0) / 0.5).clamp(0.0, 1.0).sqrt();
    let inside = bent.hypot(py.min(0.0) * 1.1) / size.max(1e-3);
    if inside > 1.0 {
        let dot = (8.0 * x).sin() * (8.0 * y).sin();
        return if dot > 0.9 { second } else { base };
    }
    let layer = (inside * 4.0) as i32;
    match layer {
        0 => third,
        2 => base,
        _ => second,
    }
}

fn figure([base, second, third]: [Rgb; 3], [x, y]: [f32; 2], size: f32, points: f32) -> Rgb {
    let radius =
        if points > 0.0 { size * (0.7 + 0.3 * (points * y.atan2(x) + 1.571).cos()) } else { size };
    let inside = x.hypot(y) / radius;
    match inside {
        0.0..0.45 if points == 0.0 => third,
        0.0..0.9 => second,
        0.9..1.0 => third,
        _ => base,
    }
}

/// A smile or a grin with teeth where the hidden mouth would be.
fn mouth([base, second, third]: [Rgb; 3], [x, y]: [f32; 2], half: f32, bow: f32) -> Rgb {
    let across = x / half;
    if across.abs() >= 1.0 {
        return base;
    }
    let middle = 0.08 - bow * across * across;
    let thick = (0.05 + 0.4 * bow.abs()) * (1.0 - across * across).sqrt();
    let off = (y - middle) / thick.max(1e-3);
    if off.abs() > 1.0 {
        base
    } else if off.abs() > 0.72 {
        third
    } else if (14.0 * across).rem_euclid(1.0) < 0.1 || off.abs() < 0.06 {
        mix(third, [0.1; 3], 0.5)
    } else {
        second
    }
}
