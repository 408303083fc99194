//! Files of a set of pairs.
//!
//! `inputs/NAME.png` masked crops, `outputs/NAME.png` bare crops, one for each face,
//! `alpha/NAME.png` how much of each pixel is mask, `manifest.csv` a row for each pair.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::sample::{Pair, Plan};
use crate::face::Landmarks;
use crate::geometry::CropSpace;
use crate::image::{Image, Matte, file};

/// A folder of pairs, open for writing.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// One row of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl Entry {
    /// The row of one pair.
    pub fn new(
        plan: &Plan<'_>,
        pair: &Pair,
        landmarks: &Landmarks<CropSpace>,
        own_output: bool,
    ) -> Self {
        let numbers: Vec<String> =
            landmarks.points().iter().map(|p| format!("{:.1} {:.1}", p.x, p.y)).collect();
        Self {
            name: pair.name.clone(),
            output: if own_output { pair.name.clone() } else { plan.name.clone() },
            source: plan.label.path.clone(),
            split: plan.part.to_string(),
            style: pair.look.to_string(),
            seed: pair.seed,
            person: plan.person.clone(),
            landmarks: numbers.join(" "),
        }
    }
}

impl Store {
    /// Creates the folders of a set; what lies there already stays.
    ///
    /// # Errors
    /// If they cannot be created.
    pub fn create(root: &Path) -> Result<Self> {
        for folder in ["inputs", "outputs", "alpha"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        }
        Ok(Self { root: root.to_owned() })
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

    /// Path of the contact sheet.
    pub fn contact(&self) -> PathBuf {
        self.root.join("contact.png")
    }

    /// Writes the bare crop of a face.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_output(&self, name: &str, crop: &Image) -> Result<()> {
        write(&self.output(name), &file::png(crop)?)
    }

    /// Writes the masked crop of a pair and its alpha.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write_input(&self, name: &str, crop: &Image, alpha: &Matte) -> Result<()> {
        write(&self.input(name), &file::png(crop)?)?;
        write(&self.alpha(name), &file::png_gray(alpha)?)
    }

    /// Writes the manifest, in the order given.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_manifest(&self, entries: &[Entry]) -> Result<()> {
        let path = self.root.join("manifest.csv");
        let mut table = csv::Writer::from_writer(Vec::new());
        let columns = "name output source split style seed person landmarks";
        table.write_record(columns.split(' '))?;
        for e in entries {
            let seed = e.seed.to_string();
            table.write_record([
                &e.name,
                &e.output,
                &e.source,
                &e.split,
                &e.style,
                &seed,
                &e.person,
                &e.landmarks,
            ])?;
        }
        write(&path, &table.into_inner().context("finishing the manifest")?)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
