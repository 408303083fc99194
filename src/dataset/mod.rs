//! Photos of bare faces into training pairs: the masked crop, the bare crop, and the alpha of
//! what was painted.
//!
//! | file | holds |
//! |---|---|
//! | [`scan`] | a folder tree of photos |
//! | [`finder`] | the faces of a photo: from the networks |
//! | [`labels`] | the same from a table of landmarks |
//! | [`portrait`] | one face: whether it is of use, and its crop |
//! | [`people`] | whose face it is |
//! | [`sample`] | seeded choices: guise and seed of each pair, split |
//! | [`make`](make()) | all of it, photo by photo |
//! | [`store`] | files of a set of pairs: names, tables |
//! | [`journal`] | what is done, for a run that was killed |
//! | [`contact`], [`sheet`], [`grid`] | sheets to look at |

pub mod contact;
pub mod finder;
pub mod grid;
pub mod journal;
pub mod labels;
mod make;
pub mod people;
pub mod portrait;
pub mod sample;
pub mod scan;
pub mod sheet;
pub mod store;

pub use make::{Job, make};

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mask::{Guise, Painter};
use people::People;
use sample::Split;

/// What to generate.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Pairs for each face.
    pub per_face: usize,
    /// At most so many pairs altogether.
    pub count: Option<usize>,
    /// Guises to draw from, all equally likely; empty: as a crowd wears them.
    pub guises: Vec<Guise>,
    /// Who paints.
    pub painter: Painter,
    /// Width and height of the crops in pixels.
    pub side: usize,
    /// Which pairs are kept for validation and for the final test.
    pub split: Split,
    /// Who is who.
    pub people: People,
    /// Everything random follows from this and the photos' paths.
    pub seed: u64,
}

/// What was made, and what was left out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Files looked at.
    pub files: usize,
    /// Faces that became pairs.
    pub faces: usize,
    /// How many persons these are.
    pub people: usize,
    /// How persons were told apart.
    pub told_by: &'static str,
    /// Pairs written.
    pub pairs: usize,
    /// Pairs of each part.
    pub parts: BTreeMap<String, usize>,
    /// Files and faces left out: reason -> paths, in the order of the list.
    pub left_out: BTreeMap<String, Vec<String>>,
    /// True when an earlier run had made all of it already.
    pub complete_before: bool,
}
