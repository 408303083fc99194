//! The part of a layer that is painted, in pixels and in the cells that smooth things are worked
//! out in.

use std::ops::Range;

use anyhow::Result;

use crate::geometry::Size;
use crate::image::{Layer, filter};

/// Less coverage than this is never shown (see `image::blend`).
const FAINT: f32 = 1.0 / 1024.0;
/// Below and above the painted rows, what the blurs reach.
const BAND: usize = 8;

/// What is smooth anyway is worked out at a quarter of the crop's resolution, at a sixteenth of
/// the cost.
pub(super) const COARSE: usize = 4;

/// The rows of a layer that hold any alpha, and a few around them: nothing else changes. It
/// begins and ends with a row of coarse cells.
pub(super) struct Band {
    /// First row of cells, and the one after the last.
    pub rows: Range<usize>,
    /// Of the whole layer, in pixels.
    pub layer: Size,
}

impl Band {
    pub fn of(layer: &Layer) -> Option<Self> {
        let size = layer.alpha.size();
        let alpha = layer.alpha.data();
        let first = alpha.iter().position(|&a| a > FAINT)? / size.width;
        let last = alpha.iter().rposition(|&a| a > FAINT)? / size.width;
        let rows = first.saturating_sub(BAND) / COARSE
            ..(last + 1 + BAND).min(size.height).div_ceil(COARSE);
        Some(Self { rows, layer: size })
    }

    pub fn size(&self) -> Size {
        Size::new(self.layer.width, self.rows.len() * COARSE)
    }

    /// Where its pixels lie among the layer's.
    pub fn pixels(&self) -> Range<usize> {
        let row = self.layer.width * COARSE;
        self.rows.start * row..self.rows.end * row
    }

    /// A plane of cells as pixels of the band, bilinear; goes into `out`.
    pub fn fine<'a>(&self, cells: &[f32], out: &'a mut Vec<f32>) -> Result<&'a [f32]> {
        let width = self.layer.width / COARSE;
        // A row more on each side, where there is one: beyond, the last would be repeated.
        let first = self.rows.start.saturating_sub(1);
        let rows = (self.rows.end + 1).min(self.layer.height / COARSE) - first;
        let to = Size::new(self.layer.width, rows * COARSE);
        let out = fitting(out, to.width * to.height);
        let cells = &cells[first * width..(first + rows) * width];
        filter::resize_into(cells, Size::new(width, rows), to, out)?;
        let skipped = (self.rows.start - first) * COARSE * to.width;
        Ok(&out[skipped..skipped + self.pixels().len()])
    }
}

/// `plane` with room for `n` values; nothing is allocated once it was as long.
pub(super) fn fitting(plane: &mut Vec<f32>, n: usize) -> &mut [f32] {
    plane.resize(n, 0.0);
    plane
}

/// How many cells a layer of `size` has across and down.
pub(super) fn coarse(size: Size) -> Size {
    Size::new(size.width / COARSE, size.height / COARSE)
}
