//! What has been done, a line for each finished photo, so that a killed run goes on where it
//! was.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::store::{Entry, LeftOut, Store};

/// All that came of one photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its place in the list of photos.
    pub index: usize,
    /// Faces that became pairs.
    pub faces: usize,
    /// Its pairs.
    pub entries: Vec<Entry>,
    /// Faces, or the whole photo, left out.
    pub left_out: Vec<LeftOut>,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

/// What a new run may do in a folder where another one was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Only begin: a folder that holds pairs is refused.
    Anew,
    /// Go on where a run with the same options was killed.
    Resume,
}

impl Journal {
    /// Opens the journal of a store and reads what an earlier run, of the same `recipe` (its
    /// fingerprint), got done. `None`: that run had ended, all is there.
    ///
    /// # Errors
    /// If the folder holds the pairs of another run, or the journal cannot be written.
    pub fn open(
        store: &Store,
        recipe: &str,
        start: Start,
    ) -> Result<Option<(Self, BTreeMap<usize, Done>)>> {
        let path = store.root().join("journal.jsonl");
        let folder = store.root().display();
        let (begun, ended) = (path.exists(), store.manifest().exists());
        if start == Start::Anew {
            ensure!(
                !begun,
                "{folder}: holds an interrupted run; go on with --resume, or choose another folder"
            );
            ensure!(!ended, "{folder}: holds pairs already; choose another folder");
        }
        if ended && !begun {
            return Ok(None);
        }
        let (done, whole) = if begun { read(&path, recipe)? } else { Default::default() };
        let shown = || format!("{}: cannot be written", path.display());
        let mut file =
            OpenOptions::new().create(true).append(true).open(&path).with_context(shown)?;
        // A line that the killed run left half written goes.
        file.set_len(whole).with_context(shown)?;
        if whole == 0 {
            file.write_all(format!("{recipe}\n").as_bytes()).with_context(shown)?;
        }
        Ok(Some((Self { path, file: Mutex::new(file) }, done)))
    }

    /// Notes that a photo is done; its files must be in place.
    ///
    /// # Errors
    /// If the line cannot be written.
    pub fn note(&self, done: &Done) -> Result<()> {
        let line = serde_json::to_string(done)? + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.write_all(line.as_bytes());
        written.with_context(|| format!("{}: cannot be written", self.path.display()))
    }

    /// Removes the journal: the set is whole.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn close(self) -> Result<()> {
        drop(self.file);
        fs::remove_file(&self.path)
            .with_context(|| format!("{}: cannot be removed", self.path.display()))
    }
}

/// The photos that a journal names, and how many of its bytes are whole lines.
fn read(path: &PathBuf, recipe: &str) -> Result<(BTreeMap<usize, Done>, u64)> {
    let shown = path.display();
    let text = fs::read(path).with_context(|| format!("{shown}: cannot be read"))?;
    let text = String::from_utf8_lossy(&text);
    let mut done = BTreeMap::new();
    let mut whole = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let Some(line) = line.strip_suffix('\n') else { break };
        if number == 0 {
            ensure!(
                line == recipe,
                "{shown}: was begun with other photos or options; give the same, or choose \
                 another folder"
            );
        } else {
            let Ok(photo) = serde_json::from_str::<Done>(line) else { break };
            done.insert(photo.index, photo);
        }
        whole += line.len() as u64 + 1;
    }
    Ok((done, whole))
}
