//! Which colours masks have, and how often.

use super::Dice;
use super::fabric::{Fabric, Rgb};
use super::print::Print;
use super::straps::Straps;
use super::style::MaskStyle;

/// Names of [`MaskStyle::COLOURS`] and how often each is worn.
pub(super) type Odds = [(&'static str, f32)];

pub(super) const SURGICAL: [(&str, f32); 7] = [
    ("white", 4.0),
    ("lightblue", 5.0),
    ("blue", 2.0),
    ("green", 1.5),
    ("black", 2.5),
    ("pink", 1.0),
    ("gray", 0.7),
];

pub(super) const CLOTH: [(&str, f32); 14] = [
    ("white", 2.0),
    ("lightblue", 1.0),
    ("blue", 1.0),
    ("green", 0.7),
    ("black", 5.0),
    ("pink", 1.0),
    ("gray", 3.0),
    ("navy", 2.0),
    ("red", 1.0),
    ("beige", 1.0),
    ("brown", 0.7),
    ("purple", 0.7),
    ("yellow", 0.5),
    ("teal", 0.7),
];

pub(super) const STIFF: [(&str, f32); 6] = [
    ("white", 9.0),
    ("black", 2.0),
    ("gray", 0.7),
    ("lightblue", 0.7),
    ("beige", 0.5),
    ("pink", 0.4),
];

/// A named colour by its odds.
pub(super) fn named(dice: &mut Dice, odds: &Odds) -> Rgb {
    let name = dice.weighted(odds);
    MaskStyle::COLOURS.iter().find(|c| c.0 == name).map_or([0.9; 3], |c| c.1)
}

/// A colour a little beside another.
pub(super) fn near(colour: Rgb, dice: &mut Dice) -> Rgb {
    let black = colour.iter().sum::<f32>() < 0.5;
    let all = 0.025 * dice.normal() + if black { dice.range(0.0, 0.1) } else { 0.0 };
    colour.map(|c| (c + all + 0.018 * dice.normal()).clamp(0.02, 0.97))
}

/// Any colour.
pub(super) fn any(dice: &mut Dice) -> Rgb {
    let grey = dice.range(0.05, 0.92);
    let strength = dice.range(0.0, 1.0);
    std::array::from_fn(|_| (grey + strength * dice.range(-0.5, 0.5)).clamp(0.03, 0.96))
}

/// A sheet of one colour.
pub(super) fn plain(base: Rgb, dice: &mut Dice) -> Fabric {
    Fabric {
        base,
        second: base,
        third: base,
        print: Print::Plain,
        words: None,
        plate: None,
        rim: None,
        seams: Vec::new(),
        mottle: dice.range(0.0, 0.03),
        thread: dice.range(0.0, 0.015),
        gloss: dice.range(0.0, 0.05),
        seed: dice.bits(),
    }
}

/// Two ear loops.
pub(super) fn loops(colour: Rgb, dice: &mut Dice) -> Straps {
    Straps::Loops {
        colour,
        width: dice.range(0.022, 0.055),
        reach: dice.range(0.8, 1.08),
        bow: dice.range(-0.05, 0.08),
        at: 1.0,
    }
}
