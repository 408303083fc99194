//! Photos of bare faces into training pairs: the masked crop, the bare crop, and the alpha of
//! what was painted.
//!
//! | file | holds |
//! |---|---|
//! | [`labels`] | the table of photos and their landmarks |
//! | [`sample`] | seeded choices: style, seed and split of each pair |
//! | [`store`] | files of a set of pairs: names, manifest |
//! | [`contact`] | a sheet of samples to look at |

pub mod contact;
pub mod finder;
pub mod grid;
pub mod labels;
pub mod portrait;
pub mod sample;
pub mod scan;
pub mod sheet;
pub mod store;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::image::photo::Photo;
use crate::mask::{Look, Painter};
use finder::Found;
use labels::Label;
use portrait::{BareFace, Refusal};
use sample::{Plan, Split};
use store::{Entry, Store};

/// What to generate.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Pairs for each face.
    pub per_face: usize,
    /// At most so many pairs altogether.
    pub count: Option<usize>,
    /// Looks to draw from, all equally likely; empty: as a crowd wears them.
    pub looks: Vec<Look>,
    /// Who paints.
    pub painter: Painter,
    /// Width and height of the crops in pixels.
    pub side: usize,
    /// Which faces are kept for validation and for the final test.
    pub split: Split,
    /// Everything random follows from this and the photos' paths.
    pub seed: u64,
}

/// What was made, and what was left out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Photos that became pairs.
    pub faces: usize,
    /// Pairs written.
    pub pairs: usize,
    /// Photos left out: reason -> their paths, in the order of the table.
    pub left_out: BTreeMap<String, Vec<String>>,
}

/// Reads the photo of a label and crops its face, `side` pixels wide and high.
///
/// # Errors
/// A [`Refusal`] tells why the photo is no use.
pub fn bare_face(folder: &Path, label: &Label, side: usize) -> Result<BareFace, Refusal> {
    let landmarks = label.landmarks.clone().ok_or(Refusal::NoFace)?;
    let found = Found { landmarks, score: label.score, worn: false };
    let unreadable = |error: anyhow::Error| Refusal::Unreadable(format!("{error:#}"));
    let bytes = std::fs::read(folder.join(&label.path)).map_err(|e| unreadable(e.into()))?;
    let photo = Photo::decode(&bytes).map_err(unreadable)?;
    portrait::crop(&photo, &found, side)
}

/// Makes all pairs of `labels` (paths are relative to `folder`) and writes them into `store`.
/// The same seed gives the same bytes, whatever the number of threads. `progress` is called
/// once for each photo. Photos that are no use are told in the summary and stop nothing.
///
/// # Errors
/// If the store cannot be written.
pub fn generate(
    folder: &Path,
    labels: &[Label],
    recipe: &Recipe,
    store: &Store,
    progress: &(dyn Fn() + Sync),
) -> Result<Summary> {
    let plans = sample::plan(labels, recipe);
    let refused = Mutex::new(Vec::new());
    let done: Vec<Option<Vec<Entry>>> = plans
        .par_iter()
        .map(|plan| {
            let entries = one_face(folder, plan, recipe, store);
            progress();
            match entries? {
                Ok(entries) => Ok(Some(entries)),
                Err(refusal) => {
                    if let Ok(mut refused) = refused.lock() {
                        refused.push((plan.order, plan.label.path.clone(), refusal));
                    }
                    Ok(None)
                }
            }
        })
        .collect::<Result<_>>()?;
    let entries: Vec<Entry> = done.into_iter().flatten().flatten().collect();
    store.write_manifest(&entries)?;
    contact::write(store, &entries, recipe.seed).context("writing the contact sheet")?;
    let mut refused = refused.into_inner().unwrap_or_default();
    refused.sort_by_key(|r| r.0);
    let mut summary = Summary { pairs: entries.len(), ..Summary::default() };
    for (_, path, refusal) in refused {
        summary.left_out.entry(refusal.reason().to_owned()).or_default().push(path);
    }
    let missing: usize = summary.left_out.values().map(Vec::len).sum();
    summary.faces = plans.len() - missing;
    Ok(summary)
}

/// All pairs of one face.
fn one_face(
    folder: &Path,
    plan: &Plan<'_>,
    recipe: &Recipe,
    store: &Store,
) -> Result<Result<Vec<Entry>, Refusal>> {
    let face = match bare_face(folder, plan.label, recipe.side) {
        Ok(face) => face,
        Err(refusal) => return Ok(Err(refusal)),
    };
    store.write_output(&plan.name, &face.crop)?;
    let mut entries = Vec::with_capacity(plan.pairs.len());
    for pair in &plan.pairs {
        let painted = match recipe.painter.pair(&face.crop, &face.landmarks, &pair.look, pair.seed)
        {
            Ok(painted) => painted,
            Err(unfit) => return Ok(Err(Refusal::Unfit(unfit))),
        };
        store.write_input(&pair.name, &painted.masked, &painted.alpha)?;
        if let Some(clean) = &painted.clean {
            store.write_output(&pair.name, clean)?;
        }
        entries.push(Entry::new(plan, pair, &face.landmarks, painted.clean.is_some()));
    }
    Ok(Ok(entries))
}
