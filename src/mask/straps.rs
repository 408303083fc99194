//! What holds a mask: ear loops, bands of its own cloth, straps around the head.

use super::bench::Bench;
use super::fabric::{Rgb, mix};
use super::noise::step;

/// What holds a mask. Widths are in units; `reach` is a share of the way to the ear, `at` the
/// place on the sheet (|u|) where it is fixed: the edge is 1.
#[derive(Clone, Copy, Debug)]
pub(super) enum Straps {
    /// Two thin cords on each side, from the corners to the ear.
    Loops { colour: Rgb, width: f32, reach: f32, bow: f32, at: f32 },
    /// Broad bands of the sheet's own cloth around the ear.
    Wide { colour: Rgb, reach: f32 },
    /// Bands around the head, one above the ear, one below it.
    Head { colour: Rgb, width: f32, spread: f32, at: f32 },
    /// Arms on the sheet, from |u| to |u| at v = `at`, that carry filters.
    Bracket { colour: Rgb, width: f32, from: f32, to: f32, at: f32 },
}

/// Fixed nearer to the middle than this, a strap lies on the sheet instead of under its edge.
const EDGE: f32 = 0.96;

impl Straps {
    /// Whether they lie on the sheet.
    pub fn on_top(&self) -> bool {
        match *self {
            Self::Loops { at, .. } | Self::Head { at, .. } => at < EDGE,
            Self::Bracket { .. } => true,
            Self::Wide { .. } => false,
        }
    }

    /// Draws them on both sides.
    pub fn draw(&self, bench: &mut Bench<'_, '_>) {
        for side in [-1.0_f32, 1.0] {
            // An ear behind the cheek is not seen, nor what leads to it.
            let head = bench.head;
            let ear = head.jaw(if side < 0.0 { 0.0 } else { 16.0 });
            let outer = head.point(if side < 0.0 { 36 } else { 45 });
            let seen = step(-0.05, 0.2, side * (ear - outer).dot(head.across) / head.unit);
            if seen >= 0.2 {
                self.one_side(bench, side, seen);
            }
        }
    }

    fn one_side(&self, bench: &mut Bench<'_, '_>, side: f32, seen: f32) {
        let (head, outline) = (bench.head, bench.outline);
        let jaw = |i: f32| head.jaw(if side < 0.0 { i } else { 16.0 - i });
        let place = |u: f32, v: f32| outline.at(side * u, v);
        match *self {
            Self::Loops { colour, width, reach, bow, at } => {
                let u = at.min(0.97);
                let ends = [
                    (place(u, 0.03 + 0.5 * (0.97 - u)), jaw(0.0) + head.shift(0.1 * side, 0.02)),
                    (place(u, 0.96 - 0.9 * (0.97 - u)), jaw(0.9) + head.shift(0.08 * side, 0.05)),
                ];
                for (from, ear) in ends {
                    let end = from.lerp(ear, reach * seen);
                    let middle = from.lerp(end, 0.5) + head.shift(0.0, bow);
                    bench.cord(&[from, middle, end], width, colour);
                    if u < EDGE {
                        let tab = [from, from.lerp(end, 0.12)];
                        bench.strap(&tab, 2.2 * width, mix(colour, [0.5; 3], 0.2));
                    }
                }
            }
            Self::Wide { colour, reach } => {
                let ear = jaw(0.1) + head.shift(0.08 * side, -0.02);
                let lobe = jaw(1.2) + head.shift(0.07 * side, 0.0);
                let reach = reach * seen;
                bench.band(
                    [place(0.97, 0.01), place(0.97, 0.27)],
                    [ear, lobe],
                    (0.0, reach),
                    colour,
                );
                bench.band(
                    [place(0.97, 0.7), place(0.97, 0.96)],
                    [ear, lobe],
                    (0.55, reach),
                    colour,
                );
            }
            Self::Bracket { colour, width, from, to, at } => {
                let arm = [place(from, at), place(0.5 * (from + to), at), place(to, at)];
                bench.strap(&arm, width, colour);
            }
            Self::Head { colour, width, spread, at } => {
                let up = jaw(0.0) + head.shift(0.06 * side, -0.3 * spread);
                let low = jaw(1.8 + spread) + head.shift(0.05 * side, 0.0);
                for (from, to) in [(place(at.min(0.97), 0.3), up), (place(at.min(0.97), 0.72), low)]
                {
                    bench.strap(&[from, from.lerp(to, seen)], width, colour);
                    if at < EDGE {
                        let tab = [from, from.lerp(to, 0.1 * seen)];
                        bench.strap(&tab, 1.25 * width, mix(colour, [0.35; 3], 0.45));
                    }
                }
            }
        }
    }
}
