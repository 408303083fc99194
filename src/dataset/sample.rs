//! Seeded choices: which faces, which masks, which split. All of it follows from the seed and
//! the photos' paths, so it does not depend on threads, nor on what other photos there are.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

use super::Recipe;
use super::labels::Label;
use crate::mask::{Dice, Look};

/// Which part of a set a pair belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// To learn from.
    Train,
    /// To judge by while learning.
    Valid,
    /// To judge by at the end.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        })
    }
}

/// How faces are divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Share of the faces for validation, 0..1.
    pub valid: f32,
    /// Number of faces for the final test.
    pub test: usize,
}

/// What is to be made of one photo.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Its place in the table.
    pub order: usize,
    /// The photo.
    pub label: &'a Label,
    /// Name of its files, without extension.
    pub name: String,
    /// The person: photos of one path are one person, and one person is in one part only.
    pub person: String,
    /// Where it belongs.
    pub part: Part,
    /// The masks to paint.
    pub pairs: Vec<Pair>,
}

/// One mask for one face.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Name of its files, without extension.
    pub name: String,
    /// The mask, or what stands before the bare face.
    pub look: Look,
    /// The seed of the painter.
    pub seed: u64,
}

/// 64 bits that depend on a seed, a text and a number, the same on every machine.
pub fn hash(seed: u64, text: &str, number: u64) -> u64 {
    let mut sha = Sha256::new();
    sha.update(seed.to_le_bytes());
    sha.update(number.to_le_bytes());
    sha.update(text.as_bytes());
    let digest = sha.finalize();
    digest.iter().take(8).fold(0, |bits, &byte| bits << 8 | u64::from(byte))
}

/// Decides what is to be made of each photo of the table, in its order. Photos that stand in
/// it twice are taken once.
pub fn plan<'a>(labels: &'a [Label], recipe: &Recipe) -> Vec<Plan<'a>> {
    let mut seen = BTreeSet::new();
    let photos: Vec<(usize, &Label)> =
        labels.iter().enumerate().filter(|(_, l)| seen.insert(l.path.as_str())).collect();
    let mut ranked: Vec<(u64, usize)> =
        photos.iter().map(|(order, l)| (hash(recipe.seed, &l.path, u64::MAX), *order)).collect();
    ranked.sort_unstable();
    let test: BTreeSet<usize> = ranked.iter().take(recipe.split.test).map(|r| r.1).collect();
    let mut left = recipe.count.unwrap_or(usize::MAX);
    let mut plans = Vec::new();
    for (order, label) in photos {
        let count = recipe.per_face.min(left);
        if count == 0 {
            break;
        }
        left -= count;
        let part = if test.contains(&order) {
            Part::Test
        } else if share(hash(recipe.seed, &label.path, u64::MAX - 1)) < recipe.split.valid {
            Part::Valid
        } else {
            Part::Train
        };
        let name = format!("{:05}-{}", order, readable(&label.path));
        let pairs = (0..count).map(|k| pair(label, k, &name, recipe)).collect();
        let person = format!("{:016x}", hash(0, &label.path, 0));
        plans.push(Plan { order, label, name, person, part, pairs });
    }
    plans
}

fn pair(label: &Label, index: usize, name: &str, recipe: &Recipe) -> Pair {
    let seed = hash(recipe.seed, &label.path, index as u64);
    let mut dice = Dice::new(seed, 0);
    let look = if recipe.looks.is_empty() {
        Look::draw(&mut dice)
    } else {
        let looks: Vec<(Look, f32)> = recipe.looks.iter().map(|&l| (l, 1.0)).collect();
        dice.weighted(&looks)
    };
    Pair { name: format!("{name}-{index}"), look, seed }
}

/// A path's file name without extension, in letters that every file system takes.
fn readable(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    stem.chars().take(40).map(plain).collect()
}

fn share(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1u64 << 24) as f32
}
