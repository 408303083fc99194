//! Seeded choices: which masks, which part of the set. All of it follows from the seed and the
//! photos' paths, so it does not depend on threads.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use super::Recipe;
use super::store::Entry;
use crate::mask::{Dice, Guise};

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

/// How pairs are divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Share of the pairs that are not for the test, for validation, 0..1.
    pub valid: f32,
    /// So many pairs for the final test, but never more than [`MOST_TEST`] of all.
    pub test: usize,
}

/// The test takes at most this share of a set, so that a small one is not all test.
pub const MOST_TEST: f32 = 0.2;

/// One mask for one face.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Name of its files, without extension.
    pub name: String,
    /// The mask, or what stands before the bare face.
    pub guise: Guise,
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

/// The order in which photos are taken: shuffled, so that a set that ends early is a fair
/// sample of the tree.
pub fn order(photos: &[String], seed: u64) -> Vec<usize> {
    let mut ranked: Vec<(u64, usize)> =
        photos.iter().enumerate().map(|(i, path)| (hash(seed, path, u64::MAX), i)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|r| r.1).collect()
}

/// Name of the files of face number `face` of photo number `index`.
pub fn face_name(index: usize, path: &str, face: usize) -> String {
    let name = format!("{index:05}-{}", readable(path));
    if face == 0 { name } else { format!("{name}-f{face}") }
}

/// The masks of a face: the first `count` of those that its seed gives.
pub fn pairs(path: &str, face: usize, name: &str, count: usize, recipe: &Recipe) -> Vec<Pair> {
    let face_path = if face == 0 { path.to_owned() } else { format!("{path}#{face}") };
    (0..count)
        .map(|index| {
            let seed = hash(recipe.seed, &face_path, index as u64);
            let mut dice = Dice::new(seed, 0);
            let guise = if recipe.guises.is_empty() {
                recipe.painter.draw(&mut dice)
            } else {
                recipe.guises[(dice.bits() as usize) % recipe.guises.len()].clone()
            };
            Pair { name: format!("{name}-{index}"), guise, seed }
        })
        .collect()
}

/// Gives each pair its part. A person is in one part only: persons are shuffled, the first are
/// the test until it has its pairs, the next the validation.
pub fn divide(entries: &mut [Entry], split: &Split, seed: u64) {
    let mut people: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries.iter() {
        *people.entry(entry.person.clone()).or_default() += 1;
    }
    let mut ranked: Vec<(u64, String, usize)> = people
        .into_iter()
        .map(|(person, count)| (hash(seed, &person, u64::MAX - 1), person, count))
        .collect();
    ranked.sort_unstable();
    let total = entries.len();
    let test = split.test.min((MOST_TEST * total as f32) as usize);
    let valid = (split.valid * (total - test) as f32).round() as usize;
    let mut given = 0;
    let mut parts = BTreeMap::new();
    for (_, person, count) in ranked {
        let part = if given < test {
            Part::Test
        } else if given < test + valid {
            Part::Valid
        } else {
            Part::Train
        };
        given += count;
        parts.insert(person, part);
    }
    for entry in entries {
        entry.split = parts.get(&entry.person).copied().unwrap_or(Part::Train).to_string();
    }
}

/// A path's file name without extension, in letters that every file system takes.
fn readable(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    stem.chars().take(40).map(plain).collect()
}
