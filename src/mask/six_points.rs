//! Where a template's six key points lie on a face, and which way the face is turned, as
//! `MaskTheFace` (Anwar and Raychowdhury 2020, "Masked face recognition for secure
//! authentication") takes them from 68 landmarks.

use super::head::Head;
use super::memory::Memory;
use crate::geometry::{CropSpace, Point, Vec2};

type P = Point<CropSpace>;

/// Which template of a style is laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Side {
    /// The head looks ahead.
    Front,
    /// The template whose name ends in `_left`.
    Left,
    /// The one that ends in `_right`.
    Right,
}

/// Beyond this angle between nose and nose-to-lip line, in degrees, a side template is laid.
const TILT: f32 = 13.0;

/// Points a to f on a face, in the order of masks.cfg, and the side.
pub(super) fn of(head: &Head<'_>, memory: &mut Memory) -> ([P; 6], Side) {
    let eye = |from: usize| {
        let points: Vec<P> = (from..from + 6).map(|i| head.point(i)).collect();
        Point::mean(&points).unwrap_or(points[0])
    };
    let (left, right) = (eye(36), eye(42));
    let (root, tip) = (head.point(27), head.point(30));
    let nose = tip - root;
    let lip: Vec<P> =
        [54, 55, 56, 57, 58, 59, 48, 60, 67, 66, 65, 64].map(|i| head.point(i)).to_vec();
    let lip_middle = Point::mean(&lip).unwrap_or(lip[0]);
    // The script measures downwards along the picture; measured along the nose, a tilted head
    // is the same as an upright one.
    let drop = head.shift(0.0, nose.dot(head.down) / head.unit);
    let along_eyes = right - left;
    let ends = |shift: Vec2| {
        let on_jaw = crossings(head, left + shift, along_eyes);
        match (on_jaw.first(), on_jaw.last()) {
            (Some(&a), Some(&c)) if on_jaw.len() > 1 => (a, c),
            _ => (head.jaw(0.0), head.jaw(16.0)),
        }
    };
    let (a, c) = ends(drop);
    let low = lip.iter().map(|&p| (p - left.lerp(right, 0.5)).dot(head.down)).fold(0.0, f32::max);
    let (d, f) = ends(head.shift(0.0, low / head.unit));
    let middle = left.lerp(right, 0.5) + drop * 0.5;
    let below_eyes = crossings(head, middle, along_eyes.perpendicular());
    let below_nose = crossings(head, root, lip_middle - root);
    let e = match (below_eyes.first(), below_nose.first()) {
        (Some(&p), Some(&q)) => p.lerp(q, 0.5),
        (Some(&p), None) | (None, Some(&p)) => p,
        (None, None) => head.point(8),
    };
    let side = memory.side(between(lip_middle - root, nose), TILT);
    ([a, root.lerp(tip, 0.5), c, d, e, f], side)
}

/// Where a line crosses the jaw, from the picture's left ear to its right.
fn crossings(head: &Head<'_>, from: P, way: Vec2) -> Vec<P> {
    let normal = way.perpendicular();
    let off = |p: P| (p - from).dot(normal);
    (0..16)
        .filter_map(|i| {
            let (p, q) = (head.point(i), head.point(i + 1));
            let (a, b) = (off(p), off(q));
            let crosses = (a <= 0.0) != (b <= 0.0);
            crosses.then(|| p.lerp(q, a / (a - b)))
        })
        .collect()
}

/// The angle from direction `a` to `b` in degrees, lines without sense: -90..90.
fn between(a: Vec2, b: Vec2) -> f32 {
    let angle = (b.y.atan2(b.x) - a.y.atan2(a.x)).to_degrees();
    (angle + 90.0).rem_euclid(180.0) - 90.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::{Landmarks, align};

    #[test]
    fn a_face_that_looks_ahead_takes_the_front_and_a_bent_nose_the_sides() {
        let face = align::template();
        let head = Head::of(&face, align::CROP).unwrap();
        let (points, side) = of(&head, &mut Memory::default());
        assert_eq!(side, Side::Front);
        let [a, b, c, d, e, f] = points;
        assert!(a.x < d.x && d.x < e.x && e.x < f.x && f.x < c.x);
        assert!(b.y < a.y && a.y < d.y && d.y < e.y);
        for (shift, want) in [(-14.0, Side::Left), (14.0, Side::Right)] {
            let mut turned = *face.points();
            turned[30].x += shift;
            let turned = Landmarks::new(turned);
            let head = Head::of(&turned, align::CROP).unwrap();
            assert_eq!(of(&head, &mut Memory::default()).1, want);
        }
    }
}
