//! What a run did, file by file: the same for standard output, `--report` and the summary. The
//! README holds the schema.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Serialize, Serializer};

use crate::cli::{Verdict, photo, shown, video};

/// Raised when a field goes away or comes to mean something else.
const VERSION: u32 = 1;

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum Status {
    /// As wanted.
    Done,
    /// Written, but its own check found something wrong.
    Breach,
    /// Stopped early; what was done until then is kept.
    Partial,
    /// Not touched, and for a good reason.
    Skipped,
    /// Nothing was written.
    Failed,
}

impl Status {
    /// Its name in reports and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Breach => "breach",
            Self::Partial => "partial",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// What it means for the exit code.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Done | Self::Skipped => Verdict::Done,
            Self::Breach => Verdict::Breach,
            Self::Partial | Self::Failed => Verdict::Incomplete,
        }
    }
}

/// What was done to a video or a photo.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(in crate::cli) enum Details {
    Video(Box<video::Report>),
    Photo(photo::Report),
}

/// How one file ended, and what was done to it.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Outcome {
    #[serde(serialize_with = "path_if_any")]
    pub output: Option<PathBuf>,
    pub status: Status,
    /// Why it is not simply done.
    pub why: Option<String>,
    #[serde(flatten)]
    pub details: Option<Details>,
}

impl Outcome {
    /// Not touched.
    pub fn skipped(why: String) -> Self {
        Self { output: None, status: Status::Skipped, why: Some(why), details: None }
    }

    /// Stopped early, with nothing to show yet.
    pub fn stopped(why: String) -> Self {
        Self { output: None, status: Status::Partial, why: Some(why), details: None }
    }

    /// Nothing was written.
    pub fn failed(error: &anyhow::Error) -> Self {
        let why = Some(format!("{error:#}"));
        Self { output: None, status: Status::Failed, why, details: None }
    }
}

/// One file.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct FileReport {
    #[serde(serialize_with = "path")]
    pub input: PathBuf,
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl FileReport {
    pub fn new(input: PathBuf, outcome: Outcome) -> Self {
        Self { input, outcome }
    }
}

/// How many files ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Counts {
    pub done: usize,
    pub breach: usize,
    pub partial: usize,
    pub skipped: usize,
    pub failed: usize,
}

/// The whole run.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Report {
    /// Of this schema.
    version: u32,
    program: &'static str,
    shard: Option<String>,
    counts: Counts,
    files: Vec<FileReport>,
}

impl Report {
    /// A report of nothing yet.
    pub fn new(shard: Option<String>) -> Self {
        let program = concat!("mask2face ", env!("CARGO_PKG_VERSION"));
        Self { version: VERSION, program, shard, counts: Counts::default(), files: Vec::new() }
    }

    /// Adds a file.
    pub fn add(&mut self, file: FileReport) {
        let count = match file.outcome.status {
            Status::Done => &mut self.counts.done,
            Status::Breach => &mut self.counts.breach,
            Status::Partial => &mut self.counts.partial,
            Status::Skipped => &mut self.counts.skipped,
            Status::Failed => &mut self.counts.failed,
        };
        *count += 1;
        self.files.push(file);
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn files(&self) -> &[FileReport] {
        &self.files
    }

    /// The worst that happened to a file.
    pub fn verdict(&self) -> Verdict {
        self.files.iter().map(|file| file.outcome.status.verdict()).max().unwrap_or(Verdict::Done)
    }

    /// As JSON, with the files in order of their inputs whatever came first.
    pub fn text(&mut self) -> Result<String> {
        self.files.sort_by(|a, b| a.input.cmp(&b.input));
        Ok(serde_json::to_string_pretty(self)?)
    }
}

/// Writes `text` to the file `to`, whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write(to: &Path, text: &str) -> Result<()> {
    let told = || format!("{}: the report cannot be written", to.display());
    if to.exists() && !to.is_file() {
        return std::fs::write(to, format!("{text}\n")).with_context(told);
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".report-").suffix(".part");
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let file = builder.permissions(permissions).tempfile_in(folder.unwrap_or(Path::new(".")));
    let file = file.with_context(told)?;
    std::fs::write(file.path(), format!("{text}\n")).with_context(told)?;
    file.persist(to).map(|_| ()).map_err(|error| error.error).with_context(told)
}

fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(path))
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn path_if_any<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serializer.serialize_some(&shown(path)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(input: &str, status: Status) -> FileReport {
        let outcome = Outcome { output: None, status, why: None, details: None };
        FileReport::new(input.into(), outcome)
    }

    #[test]
    fn the_worst_file_decides_and_skipped_ones_do_no_harm() {
        let mut report = Report::new(None);
        assert_eq!(report.verdict(), Verdict::Done);
        report.add(file("b", Status::Skipped));
        assert_eq!(report.verdict(), Verdict::Done);
        report.add(file("c", Status::Breach));
        assert_eq!(report.verdict(), Verdict::Breach);
        report.add(file("a", Status::Failed));
        assert_eq!(report.verdict(), Verdict::Incomplete);
        let counts = Counts { breach: 1, skipped: 1, failed: 1, ..Counts::default() };
        assert_eq!(report.counts(), counts);
        let text = report.text().unwrap();
        let at = |name: &str| text.find(name).unwrap();
        assert!(at("\"a\"") < at("\"b\"") && at("\"b\"") < at("\"c\""));
    }

    #[test]
    fn a_report_takes_the_place_of_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("r.json");
        write(&to, "old").unwrap();
        write(&to, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "new\n");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        let error = write(&folder.path().join("no/r.json"), "x").unwrap_err().to_string();
        assert!(error.ends_with("no/r.json: the report cannot be written"), "{error}");
    }
}
