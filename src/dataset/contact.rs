//! A sheet of samples to look at: input, alpha and output side by side.

use std::path::Path;

use anyhow::{Context, Result};

use super::grid::Grid;
use super::sample;
use super::store::{Entry, Store, whole};
use crate::image::photo::Photo;
use crate::image::{Image, file};

const COLUMNS: usize = 3;
const ROWS: usize = 8;

/// Writes the contact sheet of a set: 24 pairs chosen by the seed. A set without pairs has none.
///
/// # Errors
/// If a pair cannot be read back or the sheet not be written.
pub fn write(store: &Store, entries: &[Entry], seed: u64) -> Result<()> {
    let mut chosen: Vec<&Entry> = entries.iter().collect();
    chosen.sort_by_key(|e| sample::hash(seed, &e.name, 77));
    chosen.truncate(COLUMNS * ROWS);
    let Some(first) = chosen.first() else { return Ok(()) };
    let side = read(&store.input(&first.name))?.size().width;
    let mut grid = Grid::new(3 * COLUMNS, chosen.len().div_ceil(COLUMNS), side);
    for (i, entry) in chosen.iter().enumerate() {
        let column = 3 * (i % COLUMNS);
        let paths =
            [store.input(&entry.name), store.alpha(&entry.name), store.output(&entry.output)];
        for (k, path) in paths.iter().enumerate() {
            grid.paste(&read(path)?, column + k, i / COLUMNS);
        }
    }
    whole(&store.contact(), &file::png(grid.image())?)
}

fn read(path: &Path) -> Result<Image> {
    let shown = || format!("reading {}", path.display());
    let bytes = std::fs::read(path).with_context(shown)?;
    let photo = Photo::decode(&bytes).with_context(shown)?;
    let size = photo.size();
    let planes = photo.picture().planes;
    let values = planes.iter().flat_map(|plane| plane.data).map(|&v| f32::from(v) / 255.0);
    Image::from_planar(size, values.collect()).context("a picture of another size")
}
