//! The table of photos and their landmarks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use anyhow::{Context, Result, ensure};

use super::finder::{Finder, Found};
use crate::face::Landmarks;
use crate::geometry::{FrameSpace, Point};
use crate::image::photo::Photo;

/// One photo of a bare face.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Where the photo lies, relative to the folder of faces, with `/` between parts.
    pub path: String,
    /// How sure the landmarks are, 0..1.
    pub score: f32,
    /// 68 points in pixels of the photo; `None` where the table has none.
    pub landmarks: Option<Landmarks<FrameSpace>>,
}

/// A table of photos, each with one face at most.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    paths: Vec<String>,
    found: BTreeMap<String, Found>,
}

impl Labels {
    /// The rows of a table; a photo that stands in it twice is taken once.
    pub fn new(rows: Vec<Label>) -> Self {
        let (mut labels, mut seen) = (Self::default(), BTreeSet::new());
        for row in rows {
            if !seen.insert(row.path.clone()) {
                continue;
            }
            if let Some(landmarks) = row.landmarks {
                let found = Found { landmarks, score: row.score, worn: false };
                labels.found.insert(row.path.clone(), found);
            }
            labels.paths.push(row.path);
        }
        labels
    }

    /// The photos, in the order of the table.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }
}

impl Finder for Labels {
    fn find(&self, path: &str, _photo: &Photo) -> Result<Vec<Found>> {
        Ok(self.found.get(path).cloned().into_iter().collect())
    }
}

/// Reads a table with the header `path,score,x0,y0,...,x67,y67`: points in photo pixels with
/// pixel centres at +0.5. Rows whose numbers are missing or no numbers have no landmarks.
///
/// ```
/// let table = "path,score,x0,y0\na.jpg,0.9,,\n";
/// let labels = mask2face::dataset::labels::read(table.as_bytes()).unwrap();
/// assert_eq!(labels[0].path, "a.jpg");
/// assert!(labels[0].landmarks.is_none());
/// ```
///
/// # Errors
/// If the table cannot be read or does not begin with the columns `path` and `score`.
pub fn read(table: impl Read) -> Result<Vec<Label>> {
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(table);
    let header = rows.headers().context("reading the table of landmarks")?;
    ensure!(
        header.get(0) == Some("path") && header.get(1) == Some("score"),
        "a table of landmarks begins with the columns path,score,x0,y0"
    );
    rows.records()
        .map(|row| {
            let row = row.context("reading a row of the table of landmarks")?;
            Ok(label(&row))
        })
        .collect()
}

fn label(row: &csv::StringRecord) -> Label {
    let number = |i: usize| row.get(i)?.trim().parse::<f32>().ok().filter(|v| v.is_finite());
    let points: Option<Vec<Point<FrameSpace>>> = (0..Landmarks::<FrameSpace>::COUNT)
        .map(|i| Some(Point::new(number(2 + 2 * i)?, number(3 + 2 * i)?)))
        .collect();
    Label {
        path: row.get(0).unwrap_or_default().to_owned(),
        score: number(1).unwrap_or(0.0),
        landmarks: points.and_then(|p| Landmarks::from_slice(&p)),
    }
}
