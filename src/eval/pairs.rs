//! Pairs to judge by, as `generate` wrote them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::face::Landmarks;
use crate::geometry::{CropSpace, Point};
use crate::image::photo::Photo;
use crate::image::{Image, Matte};

/// One masked crop, its truth and its mask, not read yet.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Name of the pair.
    pub name: String,
    /// Style of its mask, as the manifest has it.
    pub style: String,
    /// 68 points in crop pixels, where the manifest has them.
    pub landmarks: Option<Landmarks<CropSpace>>,
    /// Name of the bare crop: pairs of one face share it.
    pub face: String,
    root: PathBuf,
}

/// A pair's pictures.
#[derive(Clone, Debug)]
pub struct Crops {
    /// With the mask.
    pub masked: Image,
    /// Without.
    pub bare: Image,
    /// How much of each pixel is mask.
    pub alpha: Matte,
}

/// The pairs of a split (`all` for all) in the order of the manifest.
///
/// # Errors
/// If there is no manifest, it has no such columns, or there are no pairs of that split.
pub fn read(root: &Path, split: &str) -> Result<Vec<Pair>> {
    let path = root.join("manifest.csv");
    let shown = path.display();
    let bytes = fs::read(&path).with_context(|| {
        format!("{shown}: cannot be read; give a folder that `mask2face generate` made")
    })?;
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let header = table.headers().with_context(|| format!("{shown}: is no table"))?.clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let needed =
        |name: &str| column(name).with_context(|| format!("{shown}: there is no column '{name}'"));
    let (name, face, style) = (needed("name")?, needed("output")?, needed("style")?);
    let (part, landmarks) = (needed("split")?, column("landmarks"));
    let (mut pairs, mut splits) = (Vec::new(), std::collections::BTreeSet::new());
    for row in table.records() {
        let row = row.with_context(|| format!("{shown}: a row cannot be read"))?;
        let cell = |i: usize| row.get(i).unwrap_or_default().to_owned();
        splits.insert(cell(part));
        if split == "all" || cell(part) == split {
            pairs.push(Pair {
                name: cell(name),
                style: cell(style),
                landmarks: landmarks.and_then(|i| points(&cell(i))),
                face: cell(face),
                root: root.to_owned(),
            });
        }
    }
    if pairs.is_empty() {
        let has = splits.into_iter().collect::<Vec<_>>().join(", ");
        ensure!(!has.is_empty(), "{shown}: there are no pairs in it");
        bail!("{shown}: has no pairs of the split '{split}', but of {has}; choose with --split");
    }
    Ok(pairs)
}

fn points(text: &str) -> Option<Landmarks<CropSpace>> {
    let numbers: Vec<f32> = text.split([' ', ',', ';']).filter_map(|v| v.parse().ok()).collect();
    let points: Vec<Point<CropSpace>> =
        numbers.chunks_exact(2).map(|p| Point::new(p[0], p[1])).collect();
    Landmarks::from_slice(&points)
}

impl Pair {
    /// Reads the pictures.
    ///
    /// # Errors
    /// If one is missing or broken, or they differ in size.
    pub fn load(&self) -> Result<Crops> {
        let masked = self.picture("inputs", &self.name)?;
        let bare = self.bare()?;
        let alpha = self.picture("alpha", &self.name)?;
        let alpha = Matte::from_data(alpha.size(), alpha.channels()[0].to_vec());
        let alpha = alpha.with_context(|| format!("{}: has no alpha", self.name))?;
        ensure!(
            masked.size() == bare.size() && masked.size() == alpha.size(),
            "{}: input, output and alpha differ in size; generate the pairs again",
            self.name
        );
        Ok(Crops { masked, bare, alpha })
    }

    /// Reads the bare crop alone.
    ///
    /// # Errors
    /// If it is missing or broken.
    pub fn bare(&self) -> Result<Image> {
        self.picture("outputs", &self.face)
    }

    /// The style without its colour: what pairs are grouped by.
    pub fn group(&self) -> String {
        if self.style.starts_with("template:") {
            return self.style.split('+').next().unwrap_or_default().to_owned();
        }
        if self.style.starts_with("bare") {
            return self.style.clone();
        }
        let (look, wear) = self.style.split_once('@').unwrap_or((&self.style, ""));
        let kind = look.split_once('-').map_or(look, |(kind, _)| kind);
        if wear.is_empty() { kind.to_owned() } else { format!("{kind}@{wear}") }
    }

    fn picture(&self, folder: &str, name: &str) -> Result<Image> {
        let path = self.root.join(folder).join(format!("{name}.png"));
        let bytes = fs::read(&path).with_context(|| format!("{}: is missing", path.display()))?;
        Ok(Photo::decode(&bytes).with_context(|| path.display().to_string())?.image())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_that_is_not_there_is_told_with_those_that_are() {
        let dir = tempfile::tempdir().unwrap();
        let table = "name,output,source,split,style\na-0,a,a.jpg,train,surgical-blue@chin\n";
        fs::write(dir.path().join("manifest.csv"), table).unwrap();
        let pairs = read(dir.path(), "all").unwrap();
        assert_eq!(pairs[0].group(), "surgical@chin");
        assert!(pairs[0].landmarks.is_none());
        let told = read(dir.path(), "test").unwrap_err().to_string();
        assert!(told.ends_with("but of train; choose with --split"), "{told}");
        let told = read(Path::new("/nowhere"), "all").unwrap_err().to_string();
        assert!(told.contains("mask2face generate"), "{told}");
    }
}
