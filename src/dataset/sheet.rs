//! Every guise on every face: a sheet to judge the painter by.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::finder::Finder;
use super::grid::Grid;
use super::portrait::{self, BareFace};
use super::sample;
use super::store::whole;
use crate::image::photo::Photo;
use crate::image::{Image, file};
use crate::mask::{Guise, Painter};

/// What a sheet shows.
#[derive(Clone, Debug)]
pub struct SheetRecipe {
    /// One column each.
    pub guises: Vec<Guise>,
    /// At most so many faces.
    pub faces: usize,
    /// Rows for each face: as many masks of every style.
    pub rows: usize,
    /// Width and height of a cell in pixels.
    pub side: usize,
    /// Another seed draws other masks.
    pub seed: u64,
}

/// Paints every guise on the first face of each photo and writes the sheet; its first column
/// shows the bare faces.
///
/// # Errors
/// If no photo has a face, or the sheet cannot be written.
pub fn write(
    photos: &[PathBuf],
    finder: &dyn Finder,
    painter: &Painter,
    recipe: &SheetRecipe,
    path: &Path,
) -> Result<usize> {
    let mut faces: Vec<BareFace> = Vec::new();
    for photo in photos {
        if faces.len() == recipe.faces {
            break;
        }
        let Some(photo) = std::fs::read(photo).ok().and_then(|b| Photo::decode(&b).ok()) else {
            continue;
        };
        let found = finder.find("", &photo)?;
        let crops = found.iter().filter_map(|f| portrait::crop(&photo, f, recipe.side).ok());
        faces.extend(crops.take(1));
    }
    ensure!(!faces.is_empty(), "no face was found in the photos");
    let rows = faces.len() * recipe.rows;
    let cells: Vec<(usize, usize)> =
        (0..rows).flat_map(|row| (0..recipe.guises.len()).map(move |c| (row, c))).collect();
    let painted: Vec<Image> = cells
        .par_iter()
        .map(|&(row, column)| {
            let (face, guise) = (&faces[row / recipe.rows], &recipe.guises[column]);
            let seed = sample::hash(recipe.seed, &guise.to_string(), row as u64);
            let shown = painter.pair(&face.crop, &face.landmarks, guise, seed);
            shown.map_or_else(|_| face.crop.clone(), |pair| pair.masked)
        })
        .collect();
    let mut grid = Grid::new(recipe.guises.len() + 1, rows, recipe.side);
    for row in 0..rows {
        grid.paste(&faces[row / recipe.rows].crop, 0, row);
    }
    for ((row, column), cell) in cells.iter().zip(&painted) {
        grid.paste(cell, column + 1, *row);
    }
    whole(path, &file::png(grid.image())?)?;
    Ok(faces.len())
}
