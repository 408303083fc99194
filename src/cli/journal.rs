//! What a long job has done so far, in a hidden folder beside its output: coded stretches, and
//! for each a leaf that says what is in it. A leaf appears only when its stretch is safe on the
//! disk, so whatever ends a run, the next goes on after the last leaf.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::counted::Counted;
use super::networks::ModelFacts;
use crate::media::stretch::Stretch;

/// What has to be the same for a job to go on: another input or other options begin anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobFacts {
    /// The program's version: another may paint otherwise.
    pub program: String,
    /// The input, for `mask2face join`.
    pub input: Vec<u8>,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub changed_ns: u64,
    /// Everything that shows in the picture: model, effect, encoder, length of a stretch.
    pub options: String,
    /// Whether the output says what it is.
    pub tagged: bool,
}

/// What was done in one stretch.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Leaf {
    /// The stretch that follows; `None` after the last.
    pub next: Option<u64>,
    /// Why the input breaks off here, if it does.
    pub broken: Option<String>,
    /// What the user should know of the input, after its last stretch.
    pub notes: Vec<String>,
    /// The coded picture.
    pub stretch: Stretch,
    /// What was counted on the way.
    pub counted: Counted,
    /// What painted them.
    pub model: Option<ModelFacts>,
    /// How long it took.
    pub seconds: f64,
}

/// How a journal was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// There was none.
    Fresh,
    /// Of the same job.
    GoesOn,
    /// Of another job: it was dropped.
    Replaced,
}

/// The folder of a job under way.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// The folder that belongs to `output`: `.NAME.EXT.part` beside it.
    pub fn folder_of(output: &Path) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(output.file_name().unwrap_or_default());
        name.push(".part");
        output.with_file_name(name)
    }

    /// The journal of `output`, for the job of these facts. Others may open it at the same time.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn open(output: &Path, facts: &JobFacts) -> Result<(Self, Opening)> {
        let journal = Self { folder: Self::folder_of(output) };
        let mut opening = Opening::GoesOn;
        loop {
            if journal.facts().as_ref() == Some(facts) {
                return Ok((journal, opening));
            }
            let told = || format!("{}: cannot be written", output.display());
            opening = if journal.folder.exists() {
                journal.put_away(output, facts).with_context(told)?;
                Opening::Replaced
            } else {
                journal.make(output, facts).with_context(told)?;
                if opening == Opening::Replaced { opening } else { Opening::Fresh }
            };
        }
    }

    /// Makes the folder, at once with what is in it.
    fn make(&self, output: &Path, facts: &JobFacts) -> Result<()> {
        let new = Self { folder: aside(output) };
        fs::create_dir_all(&new.folder)?;
        new.write("job.json", facts)?;
        match fs::rename(&new.folder, &self.folder) {
            // another run was faster: its folder is as good
            Err(_) if self.folder.exists() => Ok(fs::remove_dir_all(&new.folder)?),
            done => Ok(done?),
        }
    }

    /// Removes the folder of another job, and puts it back if it is that of ours after all.
    fn put_away(&self, output: &Path, facts: &JobFacts) -> Result<()> {
        let old = Self { folder: aside(output) };
        match fs::rename(&self.folder, &old.folder) {
            Err(_) if !self.folder.exists() => return Ok(()),
            done => done?,
        }
        let ours = old.facts().as_ref() == Some(facts);
        if !ours || fs::rename(&old.folder, &self.folder).is_err() {
            fs::remove_dir_all(&old.folder)?;
        }
        Ok(())
    }

    /// The journal of `output` that another run has begun.
    pub fn find(output: &Path) -> Option<(Self, JobFacts)> {
        let journal = Self { folder: Self::folder_of(output) };
        let facts = journal.facts()?;
        Some((journal, facts))
    }

    /// A file for the coded picture of the stretch `number`, not yet to be counted on.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn begin(&self, number: u64) -> Result<File> {
        let path = self.folder.join(format!("{number}.units"));
        let mut how = File::options();
        how.read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(|cause| anyhow!("{}: cannot be written: {cause}", path.display()))
    }

    /// Puts a finished stretch down: from now on it is never done again.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub fn keep(&self, number: u64, leaf: &Leaf) -> Result<()> {
        let units = self.folder.join(format!("{number}.units"));
        File::open(units).and_then(|file| file.sync_all()).context("the journal")?;
        self.write(&format!("{number}.json"), leaf)
    }

    /// What was done in the stretch `number`, if it is whole.
    pub fn leaf(&self, number: u64) -> Option<Leaf> {
        let leaf: Leaf = read(&self.folder.join(format!("{number}.json")))?;
        let length = self.folder.join(format!("{number}.units")).metadata().ok()?.len();
        (leaf.stretch.bytes() == length).then_some(leaf)
    }

    /// The coded picture of the stretch `number`.
    ///
    /// # Errors
    /// If it is gone.
    pub fn units(&self, number: u64) -> Result<File> {
        let path = self.folder.join(format!("{number}.units"));
        File::open(&path).with_context(|| format!("{}: is gone", path.display()))
    }

    /// All stretches in order, if none is missing; otherwise the number of the first that is.
    pub fn whole(&self) -> Result<Vec<(u64, Leaf)>, u64> {
        let (mut leaves, mut next) = (Vec::new(), Some(0));
        while let Some(number) = next {
            let leaf = self.leaf(number).ok_or(number)?;
            next = leaf.next;
            leaves.push((number, leaf));
        }
        Ok(leaves)
    }

    /// Frames that are done, in whichever stretches.
    pub fn frames(&self) -> u64 {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let numbers = names.filter_map(|name| name.strip_suffix(".json")?.parse().ok());
        numbers.filter_map(|number| self.leaf(number)).map(|leaf| leaf.counted.frames).sum()
    }

    /// Removes the folder: the output is whole.
    pub fn remove(&self) {
        // What cannot be removed does no harm: the next run finds it to be of a finished job.
        let _ = fs::remove_dir_all(&self.folder);
    }

    /// Removes the folder if not one stretch in it is done.
    pub fn remove_if_empty(&self) {
        if self.frames() == 0 {
            self.remove();
        }
    }

    fn facts(&self) -> Option<JobFacts> {
        read(&self.folder.join("job.json"))
    }

    /// Writes a file that is there whole or not at all, even after a power cut.
    fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let new = self.folder.join(format!("{name}.new"));
        let mut file = File::create(&new).context("the journal")?;
        file.write_all(&serde_json::to_vec(value)?).context("the journal")?;
        file.sync_all().context("the journal")?;
        fs::rename(&new, self.folder.join(name)).context("the journal")?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).context("the journal")
    }
}

/// A name beside `output` of this process's own; whoever claims the output clears it away.
fn aside(output: &Path) -> PathBuf {
    let name = output.file_stem().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!(".{name}.part-{}", std::process::id()))
}

/// What a file says, if it is there and whole.
fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(options: &str) -> JobFacts {
        JobFacts {
            program: "1".to_owned(),
            input: b"in.mp4".to_vec(),
            bytes: 7,
            changed_ns: 1,
            options: options.to_owned(),
            tagged: true,
        }
    }

    fn leaf(next: Option<u64>, bytes: u32) -> Leaf {
        let stretch = serde_json::json!({
            "caps": "video/x-h264", "times_ns": [0], "end_ns": 1, "encoder": "x", "notes": [],
            "units": [{"offset": 0, "size": bytes, "pts": 0, "dts": 0, "key": true}],
        });
        let stretch = serde_json::from_value(stretch).unwrap();
        let counted = Counted { frames: 1, ..Counted::default() };
        let notes = Vec::new();
        Leaf { next, broken: None, notes, stretch, counted, model: None, seconds: 1.0 }
    }

    #[test]
    fn a_job_goes_on_after_its_last_whole_leaf_and_another_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out.mp4");
        let (journal, opening) = Journal::open(&output, &facts("a")).unwrap();
        assert_eq!((opening, journal.whole().err()), (Opening::Fresh, Some(0)));
        for (number, next) in [(0, Some(2)), (2, None)] {
            journal.begin(number).unwrap().write_all(b"four").unwrap();
            journal.keep(number, &leaf(next, 4)).unwrap();
        }
        let (again, opening) = Journal::open(&output, &facts("a")).unwrap();
        assert_eq!((opening, again.frames()), (Opening::GoesOn, 2));
        assert_eq!(again.whole().unwrap().len(), 2);
        // a stretch that was begun anew does not count, nor one whose bytes are not all there
        fs::write(folder.path().join(".out.mp4.part/2.units"), b"fo").unwrap();
        assert_eq!(again.whole().err(), Some(2));
        let (other, opening) = Journal::open(&output, &facts("b")).unwrap();
        assert_eq!((opening, other.frames()), (Opening::Replaced, 0));
        other.remove_if_empty();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_a_power_cut_left_half_written_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out.mp4");
        let (journal, _) = Journal::open(&output, &facts("a")).unwrap();
        journal.begin(0).unwrap().write_all(b"four").unwrap();
        journal.keep(0, &leaf(None, 4)).unwrap();
        let at = |name: &str| journal.folder.join(name);
        // the bytes of a stretch are safe before its leaf is, and the leaf before its name
        for name in ["0.units", "0.json", "job.json"] {
            let whole = fs::read(at(name)).unwrap();
            for length in 0..whole.len() {
                fs::write(at(name), &whole[..length]).unwrap();
                assert!(journal.facts().is_none() || journal.leaf(0).is_none(), "{name}: {length}");
            }
            fs::write(at(name), &whole).unwrap();
            assert!(journal.facts().is_some() && journal.leaf(0).is_some());
        }
        fs::rename(at("0.json"), at("0.json.new")).unwrap();
        assert!(journal.leaf(0).is_none() && journal.frames() == 0);
        let cut = fs::read(at("job.json")).unwrap();
        fs::write(at("job.json"), &cut[1..]).unwrap();
        let (_, opening) = Journal::open(&output, &facts("a")).unwrap();
        assert_eq!(opening, Opening::Replaced);
    }
}
