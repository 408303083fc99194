//! Landmarks to the four edges of a mask.

use super::Dice;
use super::head::Head;
use super::style::{MaskKind, Wear};
use crate::geometry::{CropSpace, Point, Vec2};

type P = Point<CropSpace>;

/// A smooth curve through knots: cubic Hermite pieces with finite-difference slopes.
#[derive(Clone, Debug)]
pub(super) struct Curve(Vec<(f32, P)>);

impl Curve {
    /// Through `knots`, given with rising parameters; at least two.
    pub fn new(knots: Vec<(f32, P)>) -> Self {
        Self(knots)
    }

    /// The point at parameter `t`.
    pub fn at(&self, t: f32) -> P {
        let knots = &self.0;
        let last = knots.len() - 2;
        let i = (0..last).find(|&i| t < knots[i + 1].0).unwrap_or(last);
        let ((t0, p0), (t1, p1)) = (knots[i], knots[i + 1]);
        let (h, w) = (t1 - t0, (t - t0) / (t1 - t0));
        let (m0, m1) = (self.slope(i) * h, self.slope(i + 1) * h);
        let (w2, w3) = (w * w, w * w * w);
        p0 + (p1 - p0) * (3.0 * w2 - 2.0 * w3) + m0 * (w3 - 2.0 * w2 + w) + m1 * (w3 - w2)
    }

    fn slope(&self, i: usize) -> Vec2 {
        let (a, b) = (i.saturating_sub(1), (i + 1).min(self.0.len() - 1));
        (self.0[b].1 - self.0[a].1) * (1.0 / (self.0[b].0 - self.0[a].0))
    }
}

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
            MaskKind::N95 => {
                self.upper = (dice.range(1.6, 2.2), dice.range(0.74, 0.92));
                self.lower = (dice.range(4.8, 5.8), dice.range(0.86, 1.0));
                self.side = dice.range(0.05, 0.12);
                self.corner = dice.range(0.15, 0.3);
                self.rise.1 = dice.range(-0.02, 0.1);
                self.drop = dice.range(0.02, 0.1);
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
            MaskKind::Bandana => {
                self.upper = (dice.range(0.5, 1.4), dice.range(0.98, 1.06));
                self.lower = (dice.range(3.6, 5.0), dice.range(1.02, 1.1));
                self.drop = dice.range(0.35, 1.0);
                self.grow = dice.range(0.03, 0.12);
                self.tip = dice.range(0.0, 1.0);
                self.corner = 0.0;
            }
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

/// The edges of a mask in crop pixels. Across, the parameter runs from -1 (the picture's left)
/// over 0 (the middle of the face) to 1; down, from 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    /// Upper edge.
    pub top: Curve,
    /// Lower edge.
    pub bottom: Curve,
    /// Edge on the picture's left.
    pub left: Curve,
    /// Edge on the picture's right.
    pub right: Curve,
}

impl Outline {
    /// Fits a mask to a head.
    pub fn fit(cut: &Cut, head: &Head<'_>) -> Self {
        let slip = |i: usize, j: usize| head.shift(cut.slip[i], cut.slip[j]);
        let top = head.middle(cut.top) + slip(0, 1);
        let (mouth, chin) = (head.middle(1.5), head.middle(4.0));
        let tip = mouth + (chin - mouth) * (1.0 + cut.grow) + head.shift(cut.slip[1], cut.drop);
        let sides = [-1.0_f32, 1.0].map(|side| Side::fit(cut, head, side, (top, tip)));
        let [l, r] = &sides;
        let knots = |pick: &dyn Fn(&Side) -> [P; 3], middle: P| {
            let ([a, b, c], [d, e, f]) = (pick(l), pick(r));
            vec![(-1.0, a), (-0.5, b), (-0.2, c), (0.0, middle), (0.2, f), (0.5, e), (1.0, d)]
        };
        let edge = |s: &Side| Curve::new(vec![(0.0, s.top[0]), (0.5, s.edge), (1.0, s.bottom[0])]);
        Self {
            top: Curve::new(knots(&|s| s.top, top)),
            bottom: Curve::new(knots(&|s| s.bottom, tip)),
            left: edge(l),
            right: edge(r),
        }
    }

    /// The point of the sheet at (u, v): a Coons patch over the four edges.
    pub fn at(&self, u: f32, v: f32) -> P {
        let s = f32::midpoint(u, 1.0);
        let rows = self.top.at(u).lerp(self.bottom.at(u), v);
        let columns = self.left.at(v).lerp(self.right.at(v), s);
        let upper = self.top.at(-1.0).lerp(self.top.at(1.0), s);
        let lower = self.bottom.at(-1.0).lerp(self.bottom.at(1.0), s);
        rows + (columns - upper.lerp(lower, v))
    }
}

/// The knots of one side, from the corner to the middle.
struct Side {
    top: [P; 3],
    bottom: [P; 3],
    edge: P,
}

impl Side {
    fn fit(cut: &Cut, head: &Head<'_>, side: f32, (top, tip): (P, P)) -> Self {
        let jaw = |index: f32| head.jaw(if side < 0.0 { index } else { 16.0 - index });
        let far = if side < 0.0 { 2 } else { 4 };
        let slip = |i: usize| head.shift(cut.slip[(far + i) % 8], cut.slip[(far + i + 3) % 8]);
        let middle = head.middle(1.5);
        let reach = reach_of_cheek(head, side);
        let out = |index: f32, share: f32| {
            let p = middle + (jaw(index) - middle) * share;
            let here = side * (p - middle).dot(head.across) / head.unit;
            // The chin lies further in than the cheek.
            let least = reach * (1.0 - ((index - 4.0) / 4.0).clamp(0.0, 1.0).powi(2));
            p + head.shift(side * (soft_max(here, least) - here), 0.0)
        };
        let upper = out(cut.upper.0, cut.upper.1) + slip(0);
        let lower = out(cut.lower.0, cut.lower.1) + slip(1);
        let flank = top + (upper - top) * 0.26 + head.shift(0.0, -cut.rise.0);
        let cheek = top + (upper - top) * 0.62 + head.shift(0.0, -cut.rise.1);
        let follow = |index: f32, share: f32| {
            let on_jaw = out(index, 1.0 + cut.grow) + head.shift(0.0, cut.drop * share);
            on_jaw + (lower.lerp(tip, share) - on_jaw) * cut.tip
        };
        let under = |t: f32| cut.lower.0 + (8.0 - cut.lower.0) * t;
        let edge = upper.lerp(lower, 0.5) + head.shift(side * cut.side, 0.0) + slip(2) * 0.5;
        Self {
            top: [upper, cheek, flank],
            bottom: [lower, follow(under(0.52), 0.58), follow(under(0.8), 0.86)],
            edge,
        }
    }
}

/// How far the skin reaches on one side of the middle, in units, as seen from the front of the
/// face: where the head turns away, the jaw hides behind the cheek and does not tell.
fn reach_of_cheek(head: &Head<'_>, side: f32) -> f32 {
    let (mouth, nose) = if side < 0.0 { (48, 31) } else { (54, 35) };
    let middle = head.middle(1.5);
    let of = |p: P| side * (p - middle).dot(head.across) / head.unit;
    soft_max(of(head.point(mouth)), of(head.point(nose))) + 0.16
}

/// The larger of two numbers, smooth where they are equal.
fn soft_max(a: f32, b: f32) -> f32 {
    0.5 * (a + b + (a - b).hypot(0.08))
}
