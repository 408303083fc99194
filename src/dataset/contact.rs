//! A sheet of samples to look at: input, alpha and output side by side.

use std::fs;

use anyhow::{Context, Result};

use super::sample;
use super::store::{Entry, Store};
use crate::geometry::Size;
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
    let mut sheet = Sheet::new(side, chosen.len().div_ceil(COLUMNS));
    for (i, entry) in chosen.iter().enumerate() {
        let column = 3 * (i % COLUMNS);
        let paths =
            [store.input(&entry.name), store.alpha(&entry.name), store.output(&entry.output)];
        for (k, path) in paths.iter().enumerate() {
            sheet.paste(&read(path)?, column + k, i / COLUMNS);
        }
    }
    let path = store.contact();
    fs::write(&path, file::png(&sheet.image)?)
        .with_context(|| format!("writing {}", path.display()))
}

struct Sheet {
    image: Image,
    side: usize,
}

impl Sheet {
    fn new(side: usize, rows: usize) -> Self {
        Self { image: Image::new(Size::new(3 * COLUMNS * side, rows * side)), side }
    }

    fn paste(&mut self, photo: &Photo, column: usize, row: usize) {
        let (width, side) = (self.image.size().width, self.side);
        let picture = photo.picture();
        if photo.size() != Size::new(side, side) {
            return;
        }
        for (out, plane) in self.image.channels_mut().into_iter().zip(picture.planes) {
            for y in 0..side {
                let to = (row * side + y) * width + column * side;
                for (out, &v) in out[to..to + side].iter_mut().zip(&plane.data[y * plane.stride..])
                {
                    *out = f32::from(v) / 255.0;
                }
            }
        }
    }
}

fn read(path: &std::path::Path) -> Result<Photo> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Photo::decode(&bytes).with_context(|| format!("reading {}", path.display()))
}
