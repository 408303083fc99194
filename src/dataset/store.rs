//! Files of a set of pairs.
//!
//! `inputs/NAME.png` masked crops, `outputs/NAME.png` bare crops, one for each face,
//! `alpha/NAME.png` how much of each pixel is mask, `manifest.csv` a row for each pair,
//! `left-out.csv` a row for each file and face that gave none, `contact.png` a sheet of samples.
//! Every file is written beside its final name and renamed when whole.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::image::{Image, Matte, file};

/// A folder of pairs, open for writing.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// One row of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Name of `inputs/NAME.png` and `alpha/NAME.png`.
    pub name: String,
    /// Name of `outputs/NAME.png`: the face's, or the pair's own where something stands before
    /// the face.
    pub output: String,
    /// Path of the photo, relative to the folder of faces.
    pub source: String,
    /// `train`, `valid` or `test`.
    pub split: String,
    /// Style of the mask, as it parses; `bare` or `bare+THING` where none is worn.
    pub style: String,
    /// Seed of the painter.
    pub seed: u64,
    /// Name of the person.
    pub person: String,
    /// 136 numbers: x and y of the 68 landmarks in crop pixels.
    pub landmarks: String,
    /// Box around the landmarks in pixels of the photo: left, top, right, bottom.
    pub face: String,
}

/// One row of what was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Path of the file, relative to the folder of faces.
    pub path: String,
    /// Which face of the photo, from 1 on; 0 where the whole file was left out.
    pub face: usize,
    /// The reason, the same words for all that have it.
    pub reason: String,
    /// What exactly was found, or nothing.
    pub cause: String,
}

impl Store {
    /// Creates the folders of a set; what lies there already stays.
    ///
    /// # Errors
    /// If they cannot be created, or nothing can be written into them.
    pub fn create(root: &Path) -> Result<Self> {
        for folder in ["inputs", "outputs", "alpha"] {
            let path = root.join(folder);
            let shown = || format!("{}: the folder of pairs cannot be made", root.display());
            fs::create_dir_all(&path).with_context(shown)?;
            tempfile::tempfile_in(&path)
                .with_context(|| format!("{}: cannot be written", path.display()))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Path of the masked crop of a pair.
    pub fn input(&self, name: &str) -> PathBuf {
        self.root.join("inputs").join(format!("{name}.png"))
    }

    /// Path of the bare crop of a face.
    pub fn output(&self, name: &str) -> PathBuf {
        self.root.join("outputs").join(format!("{name}.png"))
    }

    /// Path of the alpha of a pair.
    pub fn alpha(&self, name: &str) -> PathBuf {
        self.root.join("alpha").join(format!("{name}.png"))
    }

    /// Path of the manifest.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("manifest.csv")
    }

    /// Path of the table of what was left out.
    pub fn left_out(&self) -> PathBuf {
        self.root.join("left-out.csv")
    }

    /// Path of the contact sheet.
    pub fn contact(&self) -> PathBuf {
        self.root.join("contact.png")
    }

    /// Writes the bare crop of a face.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_output(&self, name: &str, crop: &Image) -> Result<()> {
        whole(&self.output(name), &file::png(crop)?)
    }

    /// Writes the masked crop of a pair and its alpha.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write_input(&self, name: &str, crop: &Image, alpha: &Matte) -> Result<()> {
        whole(&self.input(name), &file::png(crop)?)?;
        whole(&self.alpha(name), &file::png_gray(alpha)?)
    }

    /// Writes the manifest, in the order given.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_manifest(&self, entries: &[Entry]) -> Result<()> {
        let columns = "name output source split style seed person landmarks face";
        whole(&self.manifest(), &table(columns, entries)?)
    }

    /// Writes the table of what was left out, in the order given.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_left_out(&self, rows: &[LeftOut]) -> Result<()> {
        whole(&self.left_out(), &table("path face reason cause", rows)?)
    }
}

fn table(columns: &str, rows: &[impl Serialize]) -> Result<Vec<u8>> {
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    table.write_record(columns.split(' '))?;
    rows.iter().try_for_each(|row| table.serialize(row))?;
    table.into_inner().context("finishing a table")
}

/// Writes a file so that under its name there is all of it or nothing.
pub(super) fn whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let shown = || format!("{}: cannot be written", path.display());
    fs::write(&part, bytes).with_context(shown)?;
    fs::rename(&part, path).with_context(shown)
}
