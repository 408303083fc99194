//! Lines in the sheet: welds, stitches, hems, where layers are joined.

use super::noise::step;

/// Where a line runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Course {
    /// Around the sheet, at this share from its edge.
    Around(f32),
    /// Along the upper and lower edge only.
    Rims(f32),
    /// Across: v at the middle, how far it bows down towards the sides, half width (u).
    Across(f32, f32, f32),
    /// Down both sides, at this |u|.
    Sides(f32),
}

/// A line of dashes or dots, or an unbroken one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seam {
    /// Where it runs.
    pub course: Course,
    /// Half of its width, share of the sheet.
    pub half: f32,
    /// Dashes over the sheet's width, and how much of each is drawn (1: unbroken).
    pub dashes: (f32, f32),
    /// How much darker (< 0) or lighter it is.
    pub strength: f32,
}

impl Seam {
    /// Brightness added at (u, v), as a share.
    pub fn gain(&self, u: f32, v: f32) -> f32 {
        let (off, along) = self.place(u, v);
        let line = step(self.half * 1.4, self.half * 0.6, off.abs());
        let (count, share) = self.dashes;
        let on = share >= 1.0 || (along * count).rem_euclid(1.0) < share;
        if on { self.strength * line } else { 0.0 }
    }

    /// Distance from the line and place along it, in shares of the sheet.
    fn place(&self, u: f32, v: f32) -> (f32, f32) {
        let (rows, columns) = (v.min(1.0 - v), 0.6 * (1.0 - u.abs()));
        match self.course {
            Course::Around(at) if columns < rows => (columns - at, 0.7 * v),
            Course::Around(at) | Course::Rims(at) => (rows - at, 0.5 * u),
            Course::Across(at, bow, half) => {
                let off = v - at - bow * u * u;
                (if u.abs() < half { off } else { 1.0 }, 0.5 * u)
            }
            Course::Sides(at) => (0.6 * (u.abs() - at), 0.7 * v),
        }
    }
}
