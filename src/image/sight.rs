//! What a crop of a picture looks like, as coarsely as change from frame to frame is measured.

use anyhow::Result;

use super::{Picture, filter, warp};
use crate::geometry::{CropSpace, FrameSpace, Similarity, Size};

/// Cells along the side of the crop.
pub const CELLS: usize = 32;
/// Samples along the side of the crop, from which the cells are averaged.
const SAMPLES: usize = 64;
/// Cells by which a change reaches beyond its own.
const REACH: f32 = 1.0;

/// The luma of a crop, 0..1 over the format's whole range of values, averaged over cells.
#[derive(Clone, Debug)]
pub struct Sight(Vec<f32>);

impl Sight {
    /// The cells as a picture.
    pub const GRID: Size = Size::new(CELLS, CELLS);

    /// What `picture` shows in a crop.
    ///
    /// # Errors
    /// If the picture's luma is shorter than its format says, or the kernel library refuses it.
    pub fn of(
        picture: &Picture<'_>,
        crop_from_frame: &Similarity<FrameSpace, CropSpace>,
    ) -> Result<Self> {
        let luma = warp::luma(picture, crop_from_frame, SAMPLES)?;
        Ok(Self(filter::resize(&luma, Size::new(SAMPLES, SAMPLES), Self::GRID)?))
    }

    /// A crop of one brightness.
    pub fn flat(luma: f32) -> Self {
        Self(vec![luma; CELLS * CELLS])
    }

    /// How much `later` differs, in each cell and a little around it.
    ///
    /// # Errors
    /// If the kernel library refuses the cells.
    pub fn change_to(&self, later: &Self) -> Result<Vec<f32>> {
        let change: Vec<f32> = self.0.iter().zip(&later.0).map(|(a, b)| (a - b).abs()).collect();
        filter::blur(&change, Self::GRID, REACH)
    }
}
