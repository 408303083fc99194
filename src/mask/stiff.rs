//! Designs of stiff masks: cups, duckbills, folded ones, rubber half masks.

use std::sync::Arc;

use super::Dice;
use super::border::{Course, Seam};
use super::design::Design;
use super::dyes::{STIFF, any, loops, named, near, plain};
use super::fabric::{Rgb, mix};
use super::filters::Part;
use super::lettering::Block;
use super::straps::Straps;

impl Design {
    /// A moulded cup.
    pub(super) fn cup(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = self.stiff(colour, dice);
        self.relief.dome = dice.range(0.35, 0.6);
        if dice.chance(0.5) {
            // A rib pressed across the cup.
            self.weld(Course::Across(dice.range(0.3, 0.45), dice.range(-0.1, 0.15), 0.9), dice);
        }
        self.clip(base, dice);
        self.mark(base, 0.35, dice);
    }

    /// Two panels that meet in a bill.
    pub(super) fn duckbill(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = self.stiff(colour, dice);
        self.relief.dome = dice.range(0.1, 0.3);
        let at = dice.range(0.42, 0.6);
        self.relief.bill = Some((dice.range(0.4, 0.9), at));
        self.relief.pull = dice.range(0.0, 0.02);
        self.relief.pull_count = dice.range(3.0, 6.0);
        self.weld(Course::Across(at, 0.0, 1.0), dice);
        if dice.chance(0.6) {
            self.weld(Course::Around(dice.range(0.02, 0.05)), dice);
        }
        self.clip(base, dice);
        self.mark(base, 0.25, dice);
    }

    /// What cups and duckbills share.
    fn stiff(&mut self, colour: Option<Rgb>, dice: &mut Dice) -> Rgb {
        let base = colour.unwrap_or_else(|| near(named(dice, &STIFF), dice));
        self.fabric = plain(base, dice);
        self.relief.nose = dice.range(0.08, 0.2);
        self.relief.dents = dice.range(0.0, 0.03);
        self.relief.grain = dice.range(0.0, 0.002);
        self.relief.hem = (dice.range(0.04, 0.08), dice.range(-0.03, 0.004));
        self.relief.wire = if dice.chance(0.5) { dice.range(0.006, 0.015) } else { 0.0 };
        let other = any(dice);
        let colour = dice.weighted(&[
            ([0.90, 0.80, 0.45], 2.0),
            ([0.93, 0.83, 0.2], 1.5),
            ([0.9; 3], 3.0),
            ([0.1; 3], 1.5),
            ([0.3, 0.45, 0.7], 1.0),
            (other, 0.5),
        ]);
        let at = if dice.chance(0.5) { dice.range(0.78, 0.94) } else { 1.0 };
        let (width, spread) = (dice.range(0.035, 0.1), dice.range(0.6, 1.2));
        self.straps = vec![Straps::Head { colour, width, spread, at }];
        base
    }

    /// A metal clip over the nose.
    fn clip(&mut self, base: Rgb, dice: &mut Dice) {
        if dice.chance(0.4) {
            let metal =
                dice.weighted(&[([0.72, 0.73, 0.75], 3.0), (mix(base, [0.5; 3], 0.3), 2.0)]);
            let (half, from) = (dice.range(0.22, 0.42), dice.range(0.02, 0.06));
            let to = from + dice.range(0.03, 0.06);
            self.fabric.plate = Some(([half, half, from, to], metal));
        }
    }

    /// A valve, or what the maker prints instead.
    fn mark(&mut self, base: Rgb, valve: f32, dice: &mut Dice) {
        if dice.chance(valve) {
            self.parts.push(Part::valve(base, dice));
        } else if dice.chance(0.65) {
            let ink = dice.weighted(&[
                ([0.1, 0.12, 0.2], 3.0),
                ([0.15, 0.2, 0.45], 1.0),
                ([0.55, 0.15, 0.15], 0.5),
                (mix(base, [0.45; 3], 0.6), 2.0),
            ]);
            let ink = mix(base, ink, dice.range(0.5, 0.95));
            self.fabric.words = Some((Arc::new(Block::stamp(dice)), ink));
        }
    }

    fn weld(&mut self, course: Course, dice: &mut Dice) {
        let dashes = (dice.range(25.0, 60.0), dice.weighted(&[(0.5, 2.0), (1.0, 2.0)]));
        let (half, strength) = (dice.range(0.004, 0.011), dice.range(-0.25, -0.06));
        self.fabric.seams.push(Seam { course, half, dashes, strength });
    }

    /// Folded along the middle, with ear loops.
    pub(super) fn kn95(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| near(named(dice, &STIFF), dice));
        self.fabric = plain(base, dice);
        self.relief.crest = dice.range(0.25, 0.7);
        self.relief.dome = dice.range(0.1, 0.3);
        self.relief.nose = dice.range(0.02, 0.1);
        self.relief.dents = dice.range(0.0, 0.03);
        self.relief.pull = dice.range(0.0, 0.015);
        self.relief.pull_count = dice.range(3.0, 6.0);
        self.relief.seam = dice.range(0.0, 0.008);
        self.relief.wire = if dice.chance(0.4) { dice.range(0.004, 0.014) } else { 0.0 };
        self.relief.hem = (dice.range(0.03, 0.05), dice.range(-0.006, 0.003));
        self.weld(Course::Around(dice.range(0.015, 0.035)), dice);
        if dice.chance(0.5) {
            self.weld(Course::Around(dice.range(0.04, 0.06)), dice);
        }
        for _ in 0..dice.bits() % 3 {
            let at = dice.range(0.2, 0.7);
            self.weld(Course::Across(at, dice.range(-0.25, 0.25), dice.range(0.4, 0.95)), dice);
        }
        self.clip(base, dice);
        self.mark(base, 0.15, dice);
        let colour = if dice.chance(0.8) { base } else { [0.9; 3] };
        let mut loops = loops(colour, dice);
        if let Straps::Loops { at, .. } = &mut loops
            && dice.chance(0.5)
        {
            *at = dice.range(0.84, 0.94);
        }
        self.straps = vec![loops];
    }

    /// A rubber half mask with a filter on each side.
    pub(super) fn respirator(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = self.rubber(colour, dice);
        self.parts = Part::filters(dice);
        if dice.chance(0.8) {
            self.parts.push(Part::valve(mix(base, [0.2; 3], 0.4), dice));
        }
        let (width, spread) = (dice.range(0.06, 0.14), dice.range(0.6, 1.0));
        self.straps.push(Straps::Head { colour: near([0.12; 3], dice), width, spread, at: 0.99 });
    }

    /// A rubber half mask with large canisters.
    pub(super) fn gas(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = self.rubber(colour, dice);
        self.relief.dome = dice.range(0.4, 0.7);
        self.parts = Part::canisters(dice);
        if self.parts.len() > 1 && dice.chance(0.7) {
            self.parts.push(Part::valve(mix(base, [0.1; 3], 0.4), dice));
        }
        let (width, spread) = (dice.range(0.1, 0.2), dice.range(0.5, 1.0));
        let colour = near(dice.weighted(&[([0.1; 3], 3.0), ([0.35; 3], 1.0), (base, 1.0)]), dice);
        self.straps.push(Straps::Head { colour, width, spread, at: 0.99 });
    }

    fn rubber(&mut self, colour: Option<Rgb>, dice: &mut Dice) -> Rgb {
        let base = colour.unwrap_or_else(|| {
            let body = dice.weighted(&[
                ([0.1, 0.1, 0.11], 3.0),
                ([0.3, 0.32, 0.35], 3.0),
                ([0.45, 0.5, 0.55], 1.5),
                ([0.2, 0.27, 0.4], 1.0),
                ([0.32, 0.45, 0.56], 1.2),
                ([0.62, 0.64, 0.66], 1.0),
                ([0.75, 0.35, 0.15], 0.4),
                ([0.3, 0.33, 0.24], 0.6),
            ]);
            near(body, dice)
        });
        self.fabric = plain(base, dice);
        self.fabric.gloss = dice.range(0.05, 0.3);
        self.relief.nose = dice.range(0.12, 0.3);
        self.relief.dome = dice.range(0.3, 0.6);
        self.relief.crest = dice.range(0.0, 0.3);
        self.relief.hem = (dice.range(0.06, 0.12), dice.range(-0.05, -0.01));
        if dice.chance(0.6) {
            let plate = dice.weighted(&[
                (mix(base, [0.0; 3], 0.4), 2.0),
                (mix(base, [0.7; 3], 0.4), 2.0),
                ([0.8; 3], 0.7),
            ]);
            let (top, foot) = (dice.range(0.12, 0.3), dice.range(0.15, 0.35));
            let place = [top, foot, dice.range(0.2, 0.4), dice.range(0.85, 1.0)];
            self.fabric.plate = Some((place, plate));
        }
        if dice.chance(0.4) {
            let course = Course::Around(dice.range(0.05, 0.11));
            self.fabric.seams.push(Seam {
                course,
                half: 0.008,
                dashes: (1.0, 1.0),
                strength: -0.3,
            });
        }
        if dice.chance(0.3) {
            let ink = mix(base, [0.9; 3], dice.range(0.4, 0.9));
            self.fabric.words = Some((Arc::new(Block::stamp(dice)), ink));
        }
        if dice.chance(0.55) {
            // The bracket that carries the filters.
            let colour = mix(base, [0.4; 3], dice.range(0.2, 0.9));
            self.straps.push(Straps::Bracket {
                colour,
                width: dice.range(0.08, 0.18),
                from: dice.range(0.1, 0.3),
                to: dice.range(0.7, 0.95),
                at: dice.range(0.5, 0.68),
            });
        }
        base
    }
}
