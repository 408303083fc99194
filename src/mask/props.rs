//! Things before a bare face that are no mask: nothing is to be painted there, and a network
//! has to learn to leave them alone.

use std::f32::consts::{PI, TAU};
use std::fmt;
use std::str::FromStr;

use super::Dice;
use super::bench::Bench;
use super::fabric::{Rgb, mix};
use super::hand::Hand;
use super::skin::Skin;
use super::solid::{Ring, Solid};

/// A thing that is no worn mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Prop {
    /// Nothing: the face as it is.
    Nothing,
    /// A hand before mouth, chin or cheek.
    Hand,
    /// A microphone, held or on a stand.
    Microphone,
    /// A cup or bottle at the mouth.
    Cup,
    /// A telephone before the face.
    Phone,
    /// A mask held in a hand beside the face.
    HeldMask,
    /// A collar or scarf that ends below the chin.
    Collar,
}

impl Prop {
    /// All of them, each with its share; the shares sum to 1.
    pub const SHARES: [(Self, f32); 7] = [
        (Self::Nothing, 0.12),
        (Self::Hand, 0.30),
        (Self::Microphone, 0.16),
        (Self::Cup, 0.08),
        (Self::Phone, 0.06),
        (Self::HeldMask, 0.18),
        (Self::Collar, 0.10),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "bare",
            Self::Hand => "bare+hand",
            Self::Microphone => "bare+microphone",
            Self::Cup => "bare+cup",
            Self::Phone => "bare+phone",
            Self::HeldMask => "bare+held-mask",
            Self::Collar => "bare+collar",
        }
    }
}

impl fmt::Display for Prop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Prop {
    type Err = String;

    /// ```
    /// use mask2face::mask::Prop;
    /// assert_eq!("bare+hand".parse(), Ok(Prop::Hand));
    /// assert!("bare+ladder".parse::<Prop>().is_err());
    /// ```
    fn from_str(name: &str) -> Result<Self, String> {
        let names: Vec<_> = Self::SHARES.iter().map(|p| p.0.name()).collect();
        let found = Self::SHARES.iter().find(|p| p.0.name() == name);
        found.map(|p| p.0).ok_or_else(|| format!("'{name}' is none of {}", names.join(" ")))
    }
}

/// Lays a hand, a microphone, a cup or a telephone.
pub(super) fn lay(prop: Prop, bench: &mut Bench<'_, '_>, skin: &Skin, dice: &mut Dice) {
    match prop {
        Prop::Nothing | Prop::HeldMask | Prop::Collar => {}
        Prop::Hand => hand(bench, skin, dice),
        Prop::Microphone => microphone(bench, skin, dice),
        Prop::Cup => cup(bench, skin, dice),
        Prop::Phone => phone(bench, skin, dice),
    }
}

fn hand(bench: &mut Bench<'_, '_>, skin: &Skin, dice: &mut Dice) {
    let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let pose = dice.weighted(&[(0, 3.0), (1, 2.0), (2, 2.0)]);
    let mut hand = match pose {
        // Over the mouth, fingers to the other side.
        0 => {
            let from = [side * dice.range(0.25, 0.8), dice.range(0.35, 0.85)];
            let up = dice.range(-0.75, 0.25);
            let angle = if side > 0.0 { PI - up } else { up };
            Hand::draw(from, angle, dice)
        }
        // Fingers up along the cheek.
        1 => {
            let from = [side * dice.range(0.5, 1.0), dice.range(0.6, 1.2)];
            Hand::draw(from, -1.571 + side * dice.range(-0.7, 0.3), dice)
        }
        // A fist or bent fingers at the chin.
        _ => {
            let from = [side * dice.range(-0.1, 0.5), dice.range(0.9, 1.35)];
            let mut fist = Hand::draw(from, -1.571 - side * dice.range(0.0, 0.8), dice);
            fist.curl = std::array::from_fn(|_| dice.range(0.55, 0.9));
            fist
        }
    };
    hand.thumb = if dice.chance(0.8) { -side } else { side };
    hand.lay(bench, skin, dice);
}

/// A direction in the picture's plane, from the head's axes: right, down, and some to the
/// viewer.
fn lying(bench: &Bench<'_, '_>, angle: f32, front: f32) -> [f32; 3] {
    let (sin, cos) = angle.sin_cos();
    let shift = bench.head.shift(cos, sin);
    let unit = bench.head.unit;
    let length = (1.0 + front * front).sqrt();
    [shift.x / unit / length, shift.y / unit / length, front / length]
}

/// A solid that stands at a place of the head's axes, measured from the base of the nose.
fn solid(bench: &Bench<'_, '_>, at: [f32; 2], axis: [f32; 3], half: [f32; 2]) -> Solid {
    let k = bench.scale();
    let foot = bench.head.middle(1.5) + bench.head.shift(at[0], at[1]);
    let unit = bench.head.unit * k;
    // Across its axis in the picture, so that boxes do not twist.
    let flat = axis[0].hypot(axis[1]).max(1e-6);
    Solid {
        foot: [foot.x * k, foot.y * k],
        axis,
        down: [-axis[1] / flat, axis[0] / flat],
        half: half.map(|h| h * unit),
        square: 2,
    }
}

fn microphone(bench: &mut Bench<'_, '_>, skin: &Skin, dice: &mut Dice) {
    let head = [0.35 * dice.normal(), dice.range(0.2, 0.85)];
    // From below, aslant; the axis runs from the handle to the ball.
    let angle = -1.571 + 0.5 * dice.normal();
    let axis = lying(bench, angle, -0.1);
    let (ball, grip) = (dice.range(0.2, 0.38), dice.range(0.1, 0.16));
    let length = 2.6;
    let foot = [head[0] - length * angle.cos(), head[1] - length * angle.sin()];
    let mut solid = solid(bench, foot, axis, [ball, ball]);
    let unit = bench.head.unit * bench.scale();
    let body = dice.weighted(&[([0.08; 3], 4.0), ([0.5; 3], 1.5), ([0.75; 3], 0.7)]);
    let foam = super::dyes::any(dice);
    let top = dice.weighted(&[([0.1; 3], 3.0), ([0.45, 0.46, 0.48], 2.0), (foam, 1.5)]);
    let (r, g) = (ball, grip / ball);
    let mut rings = vec![
        Ring { at: 0.0, share: 0.8 * g, colour: body },
        Ring { at: (length - 1.4 * r) * unit, share: g, colour: body },
        Ring { at: (length - 0.8 * r) * unit, share: 0.8, colour: mix(top, [0.5; 3], 0.3) },
    ];
    if dice.chance(0.25) {
        solid.square = 4;
    }
    for i in 0..=10 {
        let a = -0.6 + (1.571 + 0.6) * i as f32 / 10.0;
        let ring = if i == 4 { mix(top, [0.6; 3], 0.4) } else { top };
        rings.push(Ring {
            at: (length + r * a.sin()) * unit,
            share: a.cos().max(0.0),
            colour: ring,
        });
    }
    bench.turn(&solid, &rings, dice.range(0.0, 0.15));
    if dice.chance(0.6) {
        let grip_at = length - dice.range(1.0, 1.5);
        let at = [foot[0] + grip_at * angle.cos(), foot[1] + grip_at * angle.sin()];
        grasp(bench, skin, at, angle, dice);
    }
}

/// A hand around something that runs along `angle` through a place.
fn grasp(bench: &mut Bench<'_, '_>, skin: &Skin, at: [f32; 2], angle: f32, dice: &mut Dice) {
    let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    // The arm comes from below.
    let level = angle + side * 1.571;
    let across = level - (level.sin() + dice.range(0.1, 0.6)) * level.cos().signum();
    let knuckle = [at[0] - 0.35 * across.cos(), at[1] - 0.35 * across.sin()];
    let mut hand = Hand::draw(knuckle, across, dice);
    hand.curl = std::array::from_fn(|_| dice.range(0.45, 0.7));
    hand.thumb = side;
    hand.spread = dice.range(0.0, 0.05);
    hand.lay(bench, skin, dice);
}

fn cup(bench: &mut Bench<'_, '_>, skin: &Skin, dice: &mut Dice) {
    let rim = [0.15 * dice.normal(), dice.range(0.3, 0.5)];
    let angle = -1.571 + 0.25 * dice.normal();
    let (wide, tall) = (dice.range(0.35, 0.6), dice.range(0.8, 1.5));
    let foot = [rim[0] - tall * angle.cos(), rim[1] - tall * angle.sin()];
    let solid = solid(bench, foot, lying(bench, angle, 0.25), [wide, wide]);
    let unit = bench.head.unit * bench.scale();
    let other = super::dyes::any(dice);
    let body = dice.weighted(&[([0.92; 3], 3.0), (other, 3.0), ([0.12; 3], 1.0)]);
    let band: Rgb = super::dyes::any(dice);
    let taper = dice.range(0.7, 1.0);
    let at = |t: f32| (t * tall * unit, taper + (1.0 - taper) * t);
    let ring = |t: f32, colour| Ring { at: at(t).0, share: at(t).1, colour };
    let band = if dice.chance(0.5) { band } else { body };
    let rings = [
        ring(0.0, body),
        ring(0.3, band),
        ring(0.65, body),
        ring(1.0, mix(body, [1.0; 3], 0.3)),
        Ring { at: tall * unit, share: 0.94, colour: mix(body, [0.1; 3], 0.6) },
        Ring { at: tall * unit, share: 0.0, colour: body },
    ];
    bench.turn(&solid, &rings, dice.range(0.0, 0.2));
    if dice.chance(0.8) {
        let t = tall * dice.range(0.3, 0.5);
        let at = [foot[0] + t * angle.cos(), foot[1] + t * angle.sin()];
        grasp(bench, skin, at, angle, dice);
    }
}

fn phone(bench: &mut Bench<'_, '_>, skin: &Skin, dice: &mut Dice) {
    let at = [0.8 * dice.normal(), dice.range(0.4, 1.1)];
    let axis = lying(bench, dice.range(0.0, TAU), 5.0);
    let mut solid = solid(bench, at, axis, [dice.range(0.45, 0.55), dice.range(0.9, 1.1)]);
    let tilt = bench.head.shift(0.25 * dice.normal(), 1.0);
    let length = tilt.length().max(1e-6);
    solid.down = [tilt.x / length, tilt.y / length];
    solid.square = 8;
    let unit = bench.head.unit * bench.scale();
    let other = super::dyes::any(dice);
    let back = dice.weighted(&[([0.07; 3], 4.0), ([0.85; 3], 1.5), (other, 1.5)]);
    let rings = [
        Ring { at: 0.0, share: 1.0, colour: mix(back, [0.4; 3], 0.3) },
        Ring { at: 0.06 * unit, share: 1.0, colour: mix(back, [0.6; 3], 0.2) },
        Ring { at: 0.07 * unit, share: 0.95, colour: back },
        Ring { at: 0.07 * unit, share: 0.0, colour: back },
    ];
    let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    bench.turn(&solid, &rings, dice.range(0.05, 0.3));
    let knuckle = [at[0] + side * 0.75, at[1] + 0.5];
    let angle = if side > 0.0 { PI } else { 0.0 } - 0.3 * side;
    let mut hand = Hand::draw(knuckle, angle, dice);
    hand.curl = std::array::from_fn(|_| dice.range(0.35, 0.6));
    hand.lay(bench, skin, dice);
}
