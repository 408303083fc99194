//! Everything that is drawn from the seed for one mask. No landmark and no pixel comes in
//! here: the same seed is the same mask on every frame.

use super::Dice;
use super::fabric::{Fabric, Print, Rgb, mix};
use super::fittings::{Filter, Straps, Valve};
use super::outline::Cut;
use super::relief::{Pleat, Relief};
use super::style::{MaskKind, MaskStyle};

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
    pub straps: Straps,
    /// An exhale valve.
    pub valve: Option<Valve>,
    /// Filters on the sides.
    pub filter: Option<Filter>,
    /// True when it takes no light: the flat style.
    pub flat: bool,
}

impl Design {
    /// Draws a mask of a style.
    pub fn draw(style: &MaskStyle, seed: u64) -> Self {
        let mut cut_dice = Dice::new(seed, 1);
        let mut dice = Dice::new(seed, 2);
        let mut design = Self {
            cut: Cut::draw(style.kind, style.wear, &mut cut_dice),
            relief: Relief { seed: dice.bits(), ..Relief::default() },
            fabric: plain([0.9; 3], &mut dice),
            straps: Straps::None,
            valve: None,
            filter: None,
            flat: false,
        };
        let colour = style.colour.map(|c| c.1);
        match style.kind {
            MaskKind::Polygon => design.polygon(colour, &mut dice),
            MaskKind::Surgical => design.surgical(colour, &mut dice),
            MaskKind::Cloth => design.cloth(colour, &mut dice),
            MaskKind::N95 => design.n95(colour, &mut dice),
            MaskKind::Kn95 => design.kn95(colour, &mut dice),
            MaskKind::Respirator => design.respirator(colour, &mut dice),
            MaskKind::Bandana => design.bandana(colour, &mut dice),
        }
        design
    }

    fn polygon(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        self.fabric = plain(colour.unwrap_or_else(|| any(dice)), dice);
        self.flat = dice.chance(0.5);
        self.relief.dome = dice.range(0.0, 0.1);
        if dice.chance(0.3) {
            self.straps = loops(self.fabric.base, dice);
        }
    }

    fn surgical(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| near(named(dice, &SURGICAL), dice));
        self.fabric = plain(base, dice);
        self.fabric.stitch = Some((dice.range(0.03, 0.05), dice.range(-0.14, -0.04)));
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
        self.relief.wire = dice.range(0.0, 0.008);
        self.relief.grain = 0.0012;
        let light = if base[1] < 0.3 { near(base, dice) } else { [0.93, 0.94, 0.95] };
        self.straps = loops(if dice.chance(0.8) { light } else { base }, dice);
    }

    fn cloth(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| {
            if dice.chance(0.7) { near(named(dice, &CLOTH), dice) } else { any(dice) }
        });
        self.fabric = plain(base, dice);
        self.fabric.thread = dice.range(0.0, 0.05);
        self.relief.dome = dice.range(0.05, 0.3);
        self.relief.nose = dice.range(0.05, 0.16);
        self.relief.pull = 0.006 + 0.09 * dice.range(0.0, 1.0).powi(2);
        self.relief.creases = if dice.chance(0.4) { dice.range(0.005, 0.03) } else { 0.0 };
        self.relief.pull_count = dice.range(2.0, 6.0);
        self.relief.dents = dice.range(0.02, 0.1);
        self.relief.grain = dice.range(0.0, 0.003);
        if dice.chance(0.4) {
            // Moulded foam: smooth, a welded seam, the loops cut from the same piece.
            self.relief.seam = dice.range(0.004, 0.014);
            self.relief.crest = dice.range(0.05, 0.3);
            self.relief.pull *= 0.4;
            self.relief.creases = 0.0;
            self.cut.side = dice.range(-0.2, -0.08);
            self.cut.upper.1 = dice.range(0.78, 0.92);
            self.cut.lower.1 = dice.range(0.9, 1.0);
            self.straps = Straps::Wide { colour: base, reach: dice.range(0.75, 1.05) };
            return;
        }
        if colour.is_none() && dice.chance(0.55) {
            self.print(dice);
        }
        self.relief.seam = if dice.chance(0.35) { dice.range(0.004, 0.012) } else { 0.0 };
        self.relief.crest = if self.relief.seam > 0.0 { dice.range(0.0, 0.25) } else { 0.0 };
        self.relief.hem = (dice.range(0.03, 0.07), dice.range(0.0, 0.008));
        if dice.chance(0.6) {
            self.fabric.stitch = Some((dice.range(0.025, 0.05), dice.range(-0.25, 0.2)));
        }
        if dice.chance(0.15) {
            let at = dice.range(0.35, 0.65);
            self.relief.pleats.push(Pleat { at, height: 0.02, bow: 0.03, length: 0.15 });
        }
        let strap = if dice.chance(0.5) {
            base
        } else {
            dice.weighted(&[([0.08; 3], 2.0), ([0.92; 3], 2.0)])
        };
        self.straps = loops(strap, dice);
    }

    fn print(&mut self, dice: &mut Dice) {
        let fabric = &mut self.fabric;
        fabric.second = if dice.chance(0.4) {
            dice.weighted(&[([0.94; 3], 1.0), ([0.06; 3], 1.0)])
        } else {
            any(dice)
        };
        fabric.third = any(dice);
        let angle = dice.weighted(&[(0.0, 2.0), (1.571, 2.0), (0.785, 1.0), (2.356, 1.0)]);
        let prints = [
            (Print::Checks(dice.range(0.08, 0.3)), 2.0),
            (Print::Stripes(dice.range(0.06, 0.35), angle, dice.range(0.15, 0.6)), 2.0),
            (Print::Dots(dice.range(0.1, 0.3), dice.range(0.15, 0.35)), 1.5),
            (Print::Flowers(dice.range(0.18, 0.5)), 2.5),
            (Print::Patches(dice.range(0.2, 0.5)), 1.2),
            (
                Print::Text(
                    dice.range(0.09, 0.25),
                    (0.3, dice.range(0.5, 0.75)),
                    dice.range(0.3, 0.7),
                ),
                1.5,
            ),
        ];
        fabric.print = dice.weighted(&prints);
    }

    fn n95(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| near(named(dice, &STIFF), dice));
        self.fabric = plain(base, dice);
        self.relief.nose = dice.range(0.08, 0.2);
        self.relief.dents = dice.range(0.0, 0.03);
        self.relief.grain = dice.range(0.0, 0.002);
        self.relief.hem = (dice.range(0.04, 0.08), dice.range(-0.03, 0.004));
        if dice.chance(0.6) {
            self.relief.dome = dice.range(0.35, 0.6);
        } else {
            self.relief.dome = dice.range(0.1, 0.3);
            self.relief.bill = Some((dice.range(0.4, 0.9), dice.range(0.42, 0.6)));
            self.cut.corner = dice.range(0.06, 0.16);
        }
        self.relief.wire = if dice.chance(0.5) { dice.range(0.006, 0.015) } else { 0.0 };
        if dice.chance(0.35) {
            self.valve = Some(Valve::draw(base, dice));
        } else if dice.chance(0.5) {
            let rows = dice.range(0.5, 0.62);
            self.fabric.print =
                Print::Text(dice.range(0.05, 0.09), (rows, rows + 0.16), dice.range(0.15, 0.3));
            self.fabric.second = mix(base, [0.1, 0.15, 0.3], 0.8);
        }
        let strap = dice.weighted(&[
            ([0.90, 0.80, 0.45], 2.0),
            ([0.9; 3], 3.0),
            ([0.1; 3], 1.5),
            ([0.3, 0.45, 0.7], 1.0),
        ]);
        self.straps = Straps::Head {
            colour: strap,
            width: dice.range(0.04, 0.085),
            spread: dice.range(0.6, 1.2),
        };
    }

    fn kn95(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| near(named(dice, &STIFF), dice));
        self.fabric = plain(base, dice);
        self.fabric.stitch = Some((dice.range(0.02, 0.04), dice.range(-0.16, -0.05)));
        self.relief.crest = dice.range(0.25, 0.7);
        self.relief.dome = dice.range(0.1, 0.3);
        self.relief.nose = dice.range(0.02, 0.1);
        self.relief.dents = dice.range(0.0, 0.03);
        self.relief.pull = dice.range(0.0, 0.015);
        self.relief.pull_count = dice.range(3.0, 6.0);
        self.relief.seam = dice.range(0.0, 0.008);
        self.relief.wire = if dice.chance(0.6) { dice.range(0.004, 0.014) } else { 0.0 };
        self.relief.hem = (dice.range(0.03, 0.05), dice.range(-0.006, 0.003));
        if dice.chance(0.15) {
            self.valve = Some(Valve::draw(base, dice));
        } else if dice.chance(0.4) {
            let rows = dice.range(0.5, 0.68);
            self.fabric.print =
                Print::Text(dice.range(0.045, 0.09), (rows, rows + 0.14), dice.range(0.2, 0.5));
            self.fabric.second = mix(base, [0.25, 0.3, 0.4], 0.75);
        }
        self.straps = loops(if dice.chance(0.8) { base } else { [0.9; 3] }, dice);
    }

    fn respirator(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| {
            near(
                dice.weighted(&[
                    ([0.1, 0.1, 0.11], 3.0),
                    ([0.3, 0.32, 0.35], 3.0),
                    ([0.45, 0.5, 0.55], 1.0),
                    ([0.2, 0.25, 0.35], 1.0),
                ]),
                dice,
            )
        });
        self.fabric = plain(base, dice);
        self.fabric.gloss = dice.range(0.05, 0.3);
        self.relief.nose = dice.range(0.12, 0.25);
        self.relief.dome = dice.range(0.3, 0.6);
        self.relief.hem = (dice.range(0.06, 0.12), dice.range(-0.05, -0.01));
        self.valve = Some(Valve::draw(mix(base, [0.2; 3], 0.4), dice));
        self.filter = Some(Filter::draw(dice));
        self.straps = Straps::Head {
            colour: near([0.12; 3], dice),
            width: dice.range(0.08, 0.14),
            spread: dice.range(0.6, 1.0),
        };
    }

    fn bandana(&mut self, colour: Option<Rgb>, dice: &mut Dice) {
        let base = colour.unwrap_or_else(|| {
            if dice.chance(0.6) { near(named(dice, &CLOTH), dice) } else { any(dice) }
        });
        self.fabric = plain(base, dice);
        self.fabric.thread = dice.range(0.0, 0.05);
        if colour.is_none() && dice.chance(0.6) {
            self.print(dice);
        }
        self.relief.drape = dice.range(0.03, 0.11);
        self.relief.nose = dice.range(0.06, 0.16);
        self.relief.dome = dice.range(0.0, 0.15);
        self.relief.pull = dice.range(0.01, 0.04);
        self.relief.pull_count = dice.range(2.0, 5.0);
        self.relief.dents = dice.range(0.02, 0.07);
        self.straps = Straps::None;
    }
}

/// Names of [`MaskStyle::COLOURS`] and how often each is worn.
type Odds = [(&'static str, f32)];
const SURGICAL: [(&str, f32); 7] = [
    ("white", 4.0),
    ("lightblue", 5.0),
    ("blue", 2.0),
    ("green", 1.5),
    ("black", 2.5),
    ("pink", 1.0),
    ("gray", 0.7),
];
const CLOTH: [(&str, f32); 14] = [
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
const STIFF: [(&str, f32); 6] = [
    ("white", 9.0),
    ("black", 2.0),
    ("gray", 0.7),
    ("lightblue", 0.7),
    ("beige", 0.5),
    ("pink", 0.4),
];

fn named(dice: &mut Dice, odds: &Odds) -> Rgb {
    let name = dice.weighted(odds);
    MaskStyle::COLOURS.iter().find(|c| c.0 == name).map_or([0.9; 3], |c| c.1)
}

/// A colour a little beside another.
fn near(colour: Rgb, dice: &mut Dice) -> Rgb {
    let all = 0.025 * dice.normal();
    colour.map(|c| (c + all + 0.018 * dice.normal()).clamp(0.02, 0.97))
}

/// Any colour.
fn any(dice: &mut Dice) -> Rgb {
    let grey = dice.range(0.05, 0.92);
    let strength = dice.range(0.0, 1.0);
    std::array::from_fn(|_| (grey + strength * dice.range(-0.5, 0.5)).clamp(0.03, 0.96))
}

fn plain(base: Rgb, dice: &mut Dice) -> Fabric {
    Fabric {
        base,
        second: base,
        third: base,
        print: Print::Plain,
        stitch: None,
        mottle: dice.range(0.0, 0.03),
        thread: dice.range(0.0, 0.015),
        gloss: dice.range(0.0, 0.03),
        seed: dice.bits(),
    }
}

fn loops(colour: Rgb, dice: &mut Dice) -> Straps {
    Straps::Loops {
        colour,
        width: dice.range(0.022, 0.05),
        reach: dice.range(0.8, 1.08),
        bow: dice.range(-0.05, 0.08),
    }
}
