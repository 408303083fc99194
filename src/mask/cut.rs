//! The measures that a mask is cut to, before it meets a head.

use super::Dice;
use super::style::{MaskKind, Wear};

/// Measures of a mask on the face. Jaw indices count from the ear (0) to the chin (8), the
/// same on both sides; shares are of the way from the middle of the face to the jaw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Where the upper edge crosses the middle of the face, as [`Head::middle`] counts.
    pub top: f32,
    /// Upper corners: jaw index and share.
    pub upper: (f32, f32),
    /// Lower corners: jaw index and share.
    pub lower: (f32, f32),
    /// How far the lowest point hangs below the chin, in units.
    pub drop: f32,
    /// How far the lower edge keeps outside the jaw, as a share of its distance.
    pub grow: f32,
    /// How far the upper edge rises above a straight line from nose to corner, in units: beside
    /// the nose, and over the cheek. < 0 sags.
    pub rise: (f32, f32),
    /// How far the side edges bulge outwards, in units; < 0 cuts them in.
    pub side: f32,
    /// Radius of the corners, as a share of the sheet.
    pub corner: f32,
    /// How pointed the lower edge is: 0 follows the jaw, 1 is a straight line to the tip.
    pub tip: f32,
    /// Small faults in the position of the knots, in units, and the stretch of a slanted fit.
    pub slip: [f32; 8],
}

impl Cut {
    /// Draws the measures of a mask.
    pub fn draw(kind: MaskKind, wear: Wear, dice: &mut Dice) -> Self {
        let high = dice.chance(0.6);
        let top = if high { dice.range(0.22, 0.55) } else { dice.range(0.55, 0.85) };
        let mut cut = Self {
            top,
            upper: (dice.range(1.0, 2.1), dice.range(0.88, 1.02)),
            lower: (dice.range(4.3, 5.6), dice.range(0.98, 1.06)),
            drop: dice.range(0.03, 0.14),
            grow: dice.range(0.03, 0.1),
            rise: (dice.range(-0.02, 0.12), dice.range(-0.06, 0.14)),
            side: dice.range(-0.03, 0.03),
            corner: dice.range(0.02, 0.07),
            tip: dice.range(0.0, 0.12),
            slip: std::array::from_fn(|_| 0.012 * dice.normal()),
        };
        cut.shape(kind, dice);
        cut.wear(wear, dice);
        cut
    }

    fn shape(&mut self, kind: MaskKind, dice: &mut Dice) {
        match kind {
            MaskKind::Surgical => {}
            MaskKind::Polygon => {
                self.slip = std::array::from_fn(|_| 0.05 * dice.normal());
                self.corner = 0.0;
                self.upper = (dice.range(0.8, 2.4), dice.range(0.85, 1.05));
            }
            MaskKind::Cloth => {
                self.side = dice.range(-0.13, 0.03);
                self.rise.1 = dice.range(-0.12, 0.12);
                self.tip = dice.range(0.0, 0.4);
                self.upper.1 = dice.range(0.84, 1.0);
            }
            MaskKind::Bandana => {
                self.upper = (dice.range(0.5, 1.4), dice.range(0.98, 1.06));
                self.lower = (dice.range(3.6, 5.0), dice.range(1.02, 1.1));
                self.drop = dice.range(0.35, 1.0);
                self.grow = dice.range(0.03, 0.12);
                self.tip = dice.range(0.0, 1.0);
                self.corner = 0.0;
            }
            MaskKind::Scarf => {
                self.upper = (dice.range(0.6, 1.9), dice.range(1.0, 1.12));
                self.lower = (dice.range(3.0, 4.6), dice.range(1.06, 1.2));
                self.drop = dice.range(0.6, 1.3);
                self.grow = dice.range(0.08, 0.18);
                self.rise.1 = dice.range(-0.1, 0.05);
                self.tip = dice.range(0.0, 0.5);
                self.corner = 0.0;
            }
            _ => self.stiff(kind, dice),
        }
    }

    fn stiff(&mut self, kind: MaskKind, dice: &mut Dice) {
        match kind {
            MaskKind::N95 => {
                self.upper = (dice.range(1.6, 2.2), dice.range(0.74, 0.92));
                self.lower = (dice.range(4.8, 5.8), dice.range(0.86, 1.0));
                self.side = dice.range(0.05, 0.12);
                self.corner = dice.range(0.15, 0.3);
                self.rise.1 = dice.range(-0.02, 0.1);
                self.drop = dice.range(0.02, 0.1);
            }
            MaskKind::Duckbill => {
                self.upper = (dice.range(1.5, 2.1), dice.range(0.80, 0.96));
                self.lower = (dice.range(4.6, 5.5), dice.range(0.88, 1.0));
                self.side = dice.range(0.0, 0.06);
                self.corner = dice.range(0.06, 0.16);
                self.rise = (dice.range(-0.03, 0.04), dice.range(-0.06, 0.04));
                self.drop = dice.range(0.02, 0.12);
            }
            MaskKind::Kn95 => {
                self.upper = (dice.range(1.5, 2.1), dice.range(0.80, 0.95));
                self.lower = (dice.range(3.9, 4.8), dice.range(0.86, 0.98));
                self.rise = (dice.range(-0.04, 0.05), dice.range(-0.05, 0.03));
                self.tip = dice.range(0.25, 0.8);
                self.corner = dice.range(0.03, 0.1);
            }
            MaskKind::Respirator => {
                self.upper = (dice.range(2.0, 2.5), dice.range(0.58, 0.70));
                self.lower = (dice.range(5.2, 6.0), dice.range(0.74, 0.9));
                self.side = dice.range(0.04, 0.1);
                self.corner = dice.range(0.15, 0.3);
                self.rise = (dice.range(0.0, 0.06), dice.range(-0.04, 0.03));
            }
            MaskKind::Gas => {
                self.upper = (dice.range(1.7, 2.4), dice.range(0.6, 0.8));
                self.lower = (dice.range(4.8, 5.8), dice.range(0.78, 0.95));
                self.side = dice.range(0.04, 0.12);
                self.corner = dice.range(0.15, 0.3);
                self.rise = (dice.range(0.0, 0.06), dice.range(-0.04, 0.04));
                self.drop = dice.range(0.05, 0.18);
            }
            _ => {}
        }
    }

    fn wear(&mut self, wear: Wear, dice: &mut Dice) {
        match wear {
            Wear::Proper => {}
            Wear::BelowNose => {
                self.top = dice.range(1.5, 1.8);
                self.upper.0 = self.upper.0.max(dice.range(2.2, 2.9));
                self.lower.0 = self.lower.0.max(dice.range(4.7, 5.5));
                self.drop += dice.range(0.02, 0.08);
                self.rise = (dice.range(-0.03, 0.03), dice.range(-0.04, 0.06));
            }
            Wear::Chin => {
                self.top = dice.range(3.05, 3.45);
                self.upper = (dice.range(4.0, 4.7), dice.range(0.94, 1.02));
                self.lower = (dice.range(5.6, 6.2), dice.range(1.0, 1.1));
                self.drop += dice.range(0.22, 0.42);
                self.rise = (dice.range(-0.03, 0.03), dice.range(-0.04, 0.04));
            }
        }
    }
}
