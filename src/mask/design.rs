//! Everything that is drawn from the seed for one mask. No landmark and no pixel comes in
//! here: the same seed is the same mask on every frame.

use std::sync::Arc;

use super::Dice;
use super::border::{Course, Seam};
use super::cut::Cut;
use super::dyes::{SURGICAL, any, loops, named, near, plain};
use super::fabric::{Fabric, Rgb};
use super::filters::Part;
use super::relief::{Pleat, Relief};
use super::straps::Straps;
use super::style::{MaskKind, MaskStyle};
use super::texture::Texture;

/// A mask before it is fitted to a head.
#[derive(Clone, Debug)]
pub(super) struct Design {
    /// Its measures.
    pub cut: Cut,
    /// Its folds.
    pub relief: Relief,
    /// Its colours.
    pub fabric: Fabric,
    /// What holds it.
    pub straps: Vec<Straps>,
    /// Valves, filters, canisters.
    pub parts: Vec<Part>,
    /// True when it takes no light: the flat style.
    pub flat: bool,
}

impl Design {
    /// Draws a mask of a style; prints may show one of `textures`.
    pub fn draw(style: &MaskStyle, seed: u64, textures: &[Arc<Texture>]) -> Self {
        let mut cut_dice = Dice::new(seed, 1);
        let mut dice = Dice::new(seed, 2);
        let mut design = Self {
            cut: Cut::draw(style.kind, style.wear, &mut cut_dice),
            relief: Relief { seed: dice.bits(), ..Relief::default() },
            fabric: plain([0.9; 3], &mut dice),
            straps: Vec::new(),
            parts: Vec::new(),
            flat: false,
        };
        let colour = style.colour.map(|c| c.1);
        match style.kind {
            MaskKind::Polygon => design.polygon(colour, &mut dice),
            MaskKind::Surgical => design.surgical(colour, &mut dice),
            MaskKind::Cloth => design.cloth(colour, &mut dice, textures),
            MaskKind::N95 => design.cup(colour, &mut dice),
            MaskKind::Duckbill => design.duckbill(colour, &mut dice),
            MaskKind::Kn95 => design.kn95(colour, &mut dice),
            MaskKind::Respirator => design.respirator(colour, &mut dice),
            MaskKind::Gas => design.gas(colour, &mut dice),
            MaskKind::Bandana => design.bandana(colour, &mut dice, textures),
            MaskKind::Scarf => design.scarf(colour, &mut dice, textures),
        }
        design
    }

    fn polygon(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        self.fabric = plain(colour.unwrap_or_else(|| any(dice)), dice);
        self.flat = dice.chance(0.5);
        self.relief.dome = dice.range(0.0, 0.1);
        if dice.chance(0.3) {
            self.straps = vec![loops(self.fabric.base, dice)];
        }
    }

    fn surgical(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| near(named(dice, &SURGICAL), dice));
        self.fabric = plain(base, dice);
        self.welds(dice);
        let count = dice.weighted(&[(2usize, 1.0), (3, 5.0), (4, 1.0)]);
        let (first, last) = (dice.range(0.22, 0.34), dice.range(0.64, 0.8));
        let open = dice.range(0.006, 0.028);
        let bow = dice.range(-0.05, 0.09);
        let pleat = |i: usize, dice: &mut Dice| Pleat {
            at: first + (last - first) * i as f32 / (count - 1) as f32 + 0.012 * dice.normal(),
            height: open * dice.range(0.6, 1.4),
            bow: bow * (0.4 + i as f32 / 2.0) + 0.012 * dice.normal(),
            length: dice.range(0.08, 0.18),
        };
        self.relief.pleats = (0..count).map(|i| pleat(i, dice)).collect();
        self.relief.nose = dice.range(0.06, 0.16);
        self.relief.dome = dice.range(0.05, 0.25);
        self.relief.pull = 0.012 + 0.09 * dice.range(0.0, 1.0).powi(2);
        self.relief.pull_count = dice.range(3.0, 7.0);
        self.relief.dents = dice.range(0.02, 0.1);
        self.relief.creases = if dice.chance(0.5) { dice.range(0.005, 0.035) } else { 0.0 };
        self.fabric.thread = dice.range(0.0, 0.025);
        self.relief.hem = (dice.range(0.045, 0.075), dice.range(0.002, 0.006));
        self.relief.wire = dice.range(0.0, 0.012);
        self.relief.grain = 0.0012;
        let light = if base[1] < 0.3 { near(base, dice) } else { [0.93, 0.94, 0.95] };
        if dice.chance(0.25) {
            // The lining shows as a rim of another colour.
            self.fabric.rim = Some((near(light, dice), dice.range(0.02, 0.05)));
        }
        self.straps = vec![loops(if dice.chance(0.8) { light } else { base }, dice)];
    }

    /// Rows of pressed dots along the edges.
    fn welds(&mut self, dice: &mut Dice) {
        let strength = dice.range(-0.2, -0.05);
        let dashes =
            (dice.range(28.0, 70.0), dice.weighted(&[(0.55, 3.0), (0.7, 1.0), (1.0, 0.7)]));
        let (at, half) = (dice.range(0.025, 0.05), dice.range(0.004, 0.009));
        let row = |course| Seam { course, half, dashes, strength };
        self.fabric.seams.push(row(Course::Rims(at)));
        if dice.chance(0.7) {
            self.fabric.seams.push(row(Course::Rims(at + dice.range(0.025, 0.05))));
        }
        if dice.chance(0.7) {
            self.fabric.seams.push(row(Course::Sides(dice.range(0.9, 0.95))));
            self.fabric.seams.push(row(Course::Sides(dice.range(0.955, 0.985))));
        }
        if dice.chance(0.3) {
            // Hatched sides, as an ultrasonic welder leaves them.
            let hatch = Seam {
                course: Course::Sides(0.95),
                half: 0.022,
                dashes: (dice.range(25.0, 50.0), 0.5),
                strength: 0.6 * strength,
            };
            self.fabric.seams.push(hatch);
        }
    }
}
