//! Designs of soft masks: cloth, bandanas, scarves.

use std::sync::Arc;

use super::Dice;
use super::border::{Course, Seam};
use super::design::Design;
use super::dyes::{CLOTH, any, loops, named, near, plain};
use super::fabric::{Rgb, mix};
use super::lettering::Block;
use super::print::Print;
use super::relief::Pleat;
use super::straps::Straps;
use super::texture::Texture;

impl Design {
    /// A mask of cloth: moulded foam, or sewn.
    pub(super) fn cloth(
        &mut self,
        colour: Option<Rgb>,
        dice: &mut Dice,
        textures: &[Arc<Texture>],
    ) {
        let base = self.woven(colour, 0.7, dice);
        self.fabric.thread = dice.range(0.0, 0.05);
        self.relief.dome = dice.range(0.05, 0.3);
        self.relief.nose = dice.range(0.05, 0.16);
        self.relief.pull = 0.006 + 0.09 * dice.range(0.0, 1.0).powi(2);
        self.relief.creases = if dice.chance(0.4) { dice.range(0.005, 0.03) } else { 0.0 };
        self.relief.pull_count = dice.range(2.0, 6.0);
        self.relief.dents = dice.range(0.02, 0.1);
        self.relief.grain = dice.range(0.0, 0.003);
        if dice.chance(0.35) {
            self.foam(dice);
            if colour.is_none() && dice.chance(0.25) {
                self.decorate(dice, textures);
            }
            return;
        }
        if colour.is_none() && dice.chance(0.6) {
            self.decorate(dice, textures);
        }
        self.relief.seam = if dice.chance(0.35) { dice.range(0.004, 0.012) } else { 0.0 };
        self.relief.crest = if self.relief.seam > 0.0 { dice.range(0.0, 0.25) } else { 0.0 };
        self.relief.hem = (dice.range(0.03, 0.07), dice.range(0.0, 0.008));
        self.stitching(dice);
        if dice.chance(0.25) {
            let count = 1 + (dice.bits() % 3) as usize;
            for i in 0..count {
                let at = 0.35 + 0.16 * i as f32 + 0.03 * dice.normal();
                self.relief.pleats.push(Pleat { at, height: 0.02, bow: 0.03, length: 0.15 });
            }
        }
        let other = any(dice);
        let strap = dice.weighted(&[(base, 4.5), ([0.08; 3], 2.0), ([0.92; 3], 2.0), (other, 0.5)]);
        self.straps = vec![loops(strap, dice)];
    }

    /// Moulded foam: smooth, a welded seam, the loops cut from the same piece.
    fn foam(&mut self, dice: &mut Dice) {
        self.relief.seam = dice.range(0.004, 0.014);
        self.relief.crest = dice.range(0.05, 0.3);
        self.relief.pull *= 0.4;
        self.relief.creases = 0.0;
        self.cut.side = dice.range(-0.2, -0.08);
        self.cut.upper.1 = dice.range(0.78, 0.92);
        self.cut.lower.1 = dice.range(0.9, 1.0);
        let colour = self.fabric.base;
        self.straps = vec![Straps::Wide { colour, reach: dice.range(0.75, 1.05) }];
    }

    fn decorate(&mut self, dice: &mut Dice, textures: &[Arc<Texture>]) {
        let fabric = &mut self.fabric;
        fabric.second = if dice.chance(0.4) {
            dice.weighted(&[([0.94; 3], 1.0), ([0.06; 3], 1.0)])
        } else {
            any(dice)
        };
        fabric.third = any(dice);
        if dice.chance(0.18) {
            fabric.words = Some((Arc::new(Block::slogan(dice)), fabric.second));
            if dice.chance(0.7) {
                return;
            }
        }
        fabric.print = Print::draw(dice, textures);
    }

    /// Hems, dashed or unbroken, and bound edges of another colour.
    fn stitching(&mut self, dice: &mut Dice) {
        if dice.chance(0.65) {
            let (at, dashes) =
                (dice.range(0.02, 0.055), (dice.range(40.0, 90.0), dice.range(0.5, 1.1)));
            let (half, strength) = (dice.range(0.003, 0.007), dice.range(-0.3, 0.25));
            self.fabric.seams.push(Seam { course: Course::Around(at), half, dashes, strength });
            if dice.chance(0.3) {
                let course = Course::Around(at + dice.range(0.015, 0.03));
                self.fabric.seams.push(Seam { course, half, dashes, strength });
            }
        }
        if dice.chance(0.25) {
            let other = any(dice);
            let colour = dice.weighted(&[([0.08; 3], 2.0), ([0.93; 3], 2.0), (other, 2.0)]);
            self.fabric.rim = Some((colour, dice.range(0.015, 0.05)));
        }
    }

    /// Woven in one colour: the one given, else with the chance `usual` one that cloth often has.
    fn woven(&mut self, colour: Option<Rgb>, usual: f32, dice: &mut Dice) -> Rgb {
        let base = colour.unwrap_or_else(|| {
            if dice.chance(usual) { near(named(dice, &CLOTH), dice) } else { any(dice) }
        });
        self.fabric = plain(base, dice);
        base
    }

    /// A bandana.
    pub(super) fn bandana(
        &mut self,
        colour: Option<Rgb>,
        dice: &mut Dice,
        textures: &[Arc<Texture>],
    ) {
        self.woven(colour, 0.6, dice);
        self.fabric.thread = dice.range(0.0, 0.05);
        if colour.is_none() && dice.chance(0.75) {
            self.decorate(dice, textures);
            if dice.chance(0.4) && textures.is_empty() {
                self.fabric.print = Print::Paisley(dice.range(0.18, 0.4));
            }
        }
        self.relief.drape = dice.range(0.03, 0.11);
        self.relief.nose = dice.range(0.06, 0.16);
        self.relief.dome = dice.range(0.0, 0.15);
        self.relief.pull = dice.range(0.01, 0.04);
        self.relief.pull_count = dice.range(2.0, 5.0);
        self.relief.dents = dice.range(0.02, 0.07);
    }

    /// A scarf, knitted or smooth, in thick folds.
    pub(super) fn scarf(
        &mut self,
        colour: Option<Rgb>,
        dice: &mut Dice,
        textures: &[Arc<Texture>],
    ) {
        let base = self.woven(colour, 0.6, dice);
        self.fabric.gloss = 0.0;
        if colour.is_none() && dice.chance(0.5) {
            self.decorate(dice, textures);
            self.fabric.words = None;
            if dice.chance(0.4) && textures.is_empty() {
                self.fabric.print = Print::Tartan(dice.range(0.3, 0.8));
            }
        }
        self.fabric.thread = dice.range(0.0, 0.08);
        self.fabric.mottle = dice.range(0.0, 0.06);
        if dice.chance(0.4) {
            // Ribs of a knit.
            let (count, strength) = (dice.range(30.0, 60.0), dice.range(-0.25, -0.08));
            for i in 0..5 {
                let course = Course::Across(0.1 + 0.2 * i as f32, 0.2, 1.1);
                let seam = Seam { course, half: 0.09, dashes: (count, 0.35), strength };
                self.fabric.seams.push(seam);
            }
        }
        self.relief.drape = dice.range(0.1, 0.24);
        self.relief.nose = dice.range(0.04, 0.14);
        self.relief.dome = dice.range(0.05, 0.25);
        self.relief.dents = dice.range(0.04, 0.12);
        self.relief.grain = dice.range(0.0, 0.005);
        self.fabric.third = mix(self.fabric.third, base, 0.2);
    }
}
