//! Landmarks to the four edges of a mask.

use super::cut::Cut;
use super::head::Head;
use super::noise::step;
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
        let upper = corner(head, cut, side, out(cut.upper.0, cut.upper.1)) + slip(0);
        let lower = out(cut.lower.0, cut.lower.1) + slip(1);
        let flank = top + (upper - top) * 0.26 + head.shift(0.0, -cut.rise.0);
        let cheek = top + (upper - top) * 0.62 + head.shift(0.0, -cut.rise.1);
        let follow = |index: f32, share: f32| {
            let on_jaw = out(index, 1.0 + cut.grow) + head.shift(0.0, cut.drop * share);
            on_jaw + (lower.lerp(tip, share) - on_jaw) * cut.tip
        };
        let under = |t: f32| cut.lower.0 + (8.0 - cut.lower.0) * t;
        let edge = upper.lerp(lower, 0.5) + head.shift(side * cut.side, 0.0) + slip(2) * 0.5;
        let edge = over_nose(head, side, edge);
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

/// Where the head turns away, the upper corner lies on the far cheek, which ends below the far
/// eye or behind the ridge of the nose; it does not stand out into the air.
fn corner(head: &Head<'_>, cut: &Cut, side: f32, p: P) -> P {
    let away = step(0.5, 0.9, 1.6 * side * head.yaw.sin());
    let middle = head.middle(1.5);
    let of = |p: P| side * (p - middle).dot(head.across) / head.unit;
    let eye = head.point(if side < 0.0 { 36 } else { 45 });
    let end = soft_max(of(head.middle(cut.top.min(1.0))) + 0.08, of(eye) + 0.06);
    p + head.shift(-side * away * (of(p) - end).max(0.0), 0.0)
}

/// The far edge passes before the tip of the nose.
fn over_nose(head: &Head<'_>, side: f32, p: P) -> P {
    let tip = head.point(30) + head.shift(0.07 * side, 0.0);
    let inside = side * (tip - p).dot(head.across) / head.unit;
    p + head.shift(side * soft_max(inside, 0.0) * step(-0.1, 0.1, inside), 0.0)
}

/// The larger of two numbers, smooth where they are equal.
fn soft_max(a: f32, b: f32) -> f32 {
    0.5 * (a + b + (a - b).hypot(0.08))
}
