//! Hard parts on a mask: exhale valves, filters, canisters, and the bracket that holds them.

use super::Dice;
use super::bench::Bench;
use super::fabric::{Rgb, mix};
use super::solid::{Ring, Solid};
use super::surface::{facing, normal};

/// A hard part on the sheet. Lengths are in units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Where its foot stands: u, v.
    at: [f32; 2],
    /// The way it points, in the head's own axes: right, down, forward.
    axis: [f32; 3],
    /// Half of its cross-section: across, down.
    half: [f32; 2],
    /// How far it stands off.
    depth: f32,
    /// 2 round, larger squarer.
    square: i32,
    shape: Shape,
    colours: [Rgb; 4],
    gloss: f32,
}

/// How a part is turned.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// A low dome with slots: an exhale valve.
    Valve,
    /// A flat disc on a neck.
    Disc,
    /// A cartridge: a box on a neck, with a coloured band and a cover.
    Box,
    /// A canister: a tin with ribs and a pierced end.
    Can,
}

impl Part {
    /// An exhale valve that goes with a mask of `base` colour.
    pub fn valve(base: Rgb, dice: &mut Dice) -> Self {
        let aside = dice.weighted(&[(0.0, 3.0), (0.35, 1.0), (-0.35, 1.0)]);
        let at = [aside + 0.03 * dice.normal(), dice.range(0.45, 0.62)];
        let radius = dice.range(0.13, 0.22);
        let blue = [0.35, 0.5, 0.75];
        let body = dice.weighted(&[(base, 3.0), ([0.88; 3], 1.5), ([0.3; 3], 1.0), (blue, 0.7)]);
        let dark = mix(body, [0.02; 3], 0.55);
        Self {
            at,
            axis: [0.75 * at[0], 0.5 * (at[1] - 0.4), 1.0],
            half: [radius, radius * dice.range(0.75, 1.0)],
            depth: dice.range(0.05, 0.12),
            square: dice.weighted(&[(2, 3.0), (4, 1.0), (6, 1.0)]),
            shape: Shape::Valve,
            colours: [body, dark, mix(body, [1.0; 3], 0.12), dark],
            gloss: dice.range(0.05, 0.25),
        }
    }

    /// The filters of a half mask: one on each side, or a canister in front.
    pub fn filters(dice: &mut Dice) -> Vec<Self> {
        let shape = dice.weighted(&[(Shape::Disc, 2.0), (Shape::Box, 3.0), (Shape::Can, 2.0)]);
        let one = match shape {
            Shape::Disc | Shape::Valve => Self::disc(dice),
            Shape::Box => Self::cartridge(dice),
            Shape::Can => Self::can(dice),
        };
        one.pair()
    }

    /// The canisters of a gas mask: bigger, on both sides, or a single one in front.
    pub fn canisters(dice: &mut Dice) -> Vec<Self> {
        if dice.chance(0.35) {
            let mut one = Self::can(dice);
            one.at = [0.0, dice.range(0.62, 0.78)];
            one.axis = [0.0, dice.range(0.2, 0.9), 1.0];
            one.half = [dice.range(0.3, 0.42); 2];
            return vec![one];
        }
        let mut one = if dice.chance(0.5) { Self::can(dice) } else { Self::cartridge(dice) };
        let grow = dice.range(1.1, 1.3);
        one.half = one.half.map(|h| h * grow);
        one.depth *= dice.range(1.0, 1.5);
        one.pair()
    }

    fn pair(self) -> Vec<Self> {
        let mut other = self;
        other.at[0] = -self.at[0];
        other.axis[0] = -self.axis[0];
        vec![self, other]
    }

    fn aside(dice: &mut Dice) -> ([f32; 2], [f32; 3]) {
        let at = [dice.range(0.6, 0.95), dice.range(0.52, 0.72)];
        (at, [dice.range(0.5, 1.3), dice.range(-0.1, 0.45), dice.range(0.5, 1.0)])
    }

    fn disc(dice: &mut Dice) -> Self {
        let (at, axis) = Self::aside(dice);
        let radius = dice.range(0.28, 0.42);
        let face = pick_bright(dice);
        let rim = dice.weighted(&[(face, 1.5), ([0.12; 3], 2.0), ([0.8; 3], 1.0), ([0.4; 3], 1.0)]);
        Self {
            at,
            axis,
            half: [radius, radius],
            depth: dice.range(0.08, 0.2),
            square: dice.weighted(&[(2, 4.0), (4, 1.0)]),
            shape: Shape::Disc,
            colours: [rim, mix(rim, [0.0; 3], 0.4), face, mix(face, [0.1; 3], 0.3)],
            gloss: dice.range(0.0, 0.15),
        }
    }

    fn cartridge(dice: &mut Dice) -> Self {
        let (at, axis) = Self::aside(dice);
        let high = dice.range(0.28, 0.42);
        let cover = dice.weighted(&[
            ([0.9; 3], 3.0),
            ([0.75; 3], 1.5),
            ([0.2; 3], 1.5),
            ([0.85, 0.6, 0.68], 1.0),
        ]);
        let body = dice.weighted(&[([0.6, 0.62, 0.64], 2.0), ([0.15; 3], 2.0), ([0.82; 3], 1.0)]);
        Self {
            at,
            axis,
            half: [high * dice.range(0.75, 1.1), high],
            depth: dice.range(0.2, 0.4),
            square: dice.weighted(&[(4, 2.0), (6, 2.0), (8, 1.0)]),
            shape: Shape::Box,
            colours: [body, pick_bright(dice), cover, mix(cover, [0.2; 3], 0.25)],
            gloss: dice.range(0.0, 0.2),
        }
    }

    fn can(dice: &mut Dice) -> Self {
        let (at, axis) = Self::aside(dice);
        let radius = dice.range(0.24, 0.36);
        let body = dice.weighted(&[
            ([0.12; 3], 3.0),
            ([0.3, 0.34, 0.26], 1.5),
            ([0.55; 3], 1.5),
            ([0.85; 3], 1.0),
        ]);
        let band = if dice.chance(0.5) { pick_bright(dice) } else { body };
        Self {
            at,
            axis,
            half: [radius, radius],
            depth: dice.range(0.25, 0.55),
            square: 2,
            shape: Shape::Can,
            colours: [body, band, mix(body, [0.5; 3], 0.2), mix(body, [0.0; 3], 0.7)],
            gloss: dice.range(0.05, 0.3),
        }
    }

    /// Whether it stands on the side that is turned away, so that the sheet lies before it.
    pub fn behind(&self, bench: &Bench<'_, '_>) -> bool {
        bench.seen(self.axis)[2] < 0.05
    }

    /// Draws it.
    pub fn draw(&self, bench: &mut Bench<'_, '_>) {
        let k = bench.head.unit * bench.scale();
        let [u, v] = self.at;
        let foot = bench.outline.at(u, v);
        let down = bench.head.down;
        let solid = Solid {
            foot: [foot.x * bench.scale(), foot.y * bench.scale()],
            axis: bench.seen(self.axis),
            down: [down.x, down.y],
            half: self.half.map(|h| h * k),
            square: self.square,
        };
        bench.turn(&solid, &self.rings(self.depth * k), self.gloss);
        if matches!(self.shape, Shape::Valve) {
            self.slots(bench, &solid, self.depth * k);
        }
    }

    /// The profile from foot to end, for a part `d` pixels deep.
    fn rings(&self, d: f32) -> Vec<Ring> {
        let [a, b, c, e] = self.colours;
        let profile: &[(f32, f32, Rgb)] = match self.shape {
            Shape::Valve => &[
                (0.0, 1.06, b),
                (0.15, 1.0, a),
                (0.7, 0.97, a),
                (1.0, 0.72, b),
                (0.94, 0.66, c),
                (1.15, 0.35, c),
                (1.2, 0.0, c),
            ],
            Shape::Disc => &[
                (0.0, 0.5, b),
                (0.3, 0.5, b),
                (0.32, 1.0, a),
                (0.85, 1.0, a),
                (1.0, 0.9, a),
                (0.97, 0.84, e),
                (0.97, 0.78, c),
                (1.05, 0.22, e),
                (1.05, 0.16, c),
                (1.05, 0.0, c),
            ],
            Shape::Box => &[
                (0.0, 0.55, a),
                (0.15, 0.55, a),
                (0.18, 0.98, a),
                (0.5, 1.0, b),
                (0.68, 1.0, c),
                (0.9, 0.99, c),
                (1.0, 0.86, e),
                (0.98, 0.8, c),
                (1.0, 0.5, e),
                (1.0, 0.46, c),
                (1.0, 0.0, c),
            ],
            Shape::Can => &[
                (-0.1, 0.6, e),
                (0.1, 0.6, e),
                (0.12, 0.96, a),
                (0.28, 1.0, a),
                (0.3, 0.95, b),
                (0.62, 0.95, b),
                (0.64, 1.0, a),
                (0.92, 1.0, c),
                (1.0, 0.88, e),
                (0.96, 0.8, a),
                (0.98, 0.56, e),
                (0.98, 0.5, a),
                (0.98, 0.3, e),
                (0.98, 0.25, a),
                (0.98, 0.0, a),
            ],
        };
        profile.iter().map(|&(at, share, colour)| Ring { at: at * d, share, colour }).collect()
    }

    /// Slots over a valve.
    fn slots(&self, bench: &mut Bench<'_, '_>, solid: &Solid, depth: f32) {
        let [u, v] = self.at;
        let flat = facing(bench.head, u);
        let base = normal(bench.head, u * 0.6, v * 0.8);
        let dark = bench.light.shade(self.colours[1], base, 0.0);
        let top = std::array::from_fn::<_, 2, _>(|i| solid.foot[i] + solid.axis[i] * depth * 1.1);
        let (across, down) = (bench.head.across, bench.head.down);
        for i in -2..=2 {
            let off = 0.2 * i as f32 * solid.half[1];
            let center = [top[0] + down.x * off, top[1] + down.y * off];
            let axes = [solid.half[0] * 0.42 * flat, solid.half[1] * 0.04];
            if let Some(path) = super::canvas::ellipse(center, axes, [across.x, across.y]) {
                bench.canvas.fill(&path, |_, _| dark);
            }
        }
    }
}

/// Colours that filters and their labels have.
fn pick_bright(dice: &mut Dice) -> Rgb {
    dice.weighted(&[
        ([0.85, 0.25, 0.5], 2.0),
        ([0.85; 3], 2.0),
        ([0.15; 3], 1.5),
        ([0.5, 0.52, 0.55], 1.0),
        ([0.9, 0.8, 0.3], 0.8),
        ([0.55, 0.33, 0.18], 1.0),
        ([0.75, 0.4, 0.15], 0.8),
        ([0.3, 0.55, 0.35], 0.6),
        ([0.25, 0.4, 0.65], 0.6),
    ])
}
