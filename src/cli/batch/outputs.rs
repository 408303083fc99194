//! Where each input's result goes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};

use super::inputs::Found;
use crate::cli::photo;
use crate::media::{Place, Target};

/// One input and where its result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub input: PathBuf,
    pub output: PathBuf,
}

/// `-o` as it is meant here.
#[derive(Clone, Debug)]
pub(super) enum Output<'a> {
    /// Beside each input.
    Beside,
    /// This file, for the one input.
    File(&'a Path),
    /// Below this folder, in the tree of the inputs.
    Folder(&'a Path),
}

impl<'a> Output<'a> {
    /// What `-o path` means for one or `many` inputs.
    ///
    /// # Errors
    /// If several inputs are to go to one file.
    pub fn new(path: Option<&'a Path>, many: bool) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::Beside) };
        let shown = path.display();
        ensure!(
            !many || !path.is_file(),
            "{shown}: is a file; several inputs need a folder as output"
        );
        Ok(if many || path.is_dir() { Self::Folder(path) } else { Self::File(path) })
    }

    /// The pair of each input. Two inputs that would meet in one output, as `a.avi` and `a.ts`
    /// in `a.unmasked.mkv`, are told apart by their whole names.
    pub fn pairs(&self, found: Vec<Found>) -> Vec<Result<Pair, (PathBuf, anyhow::Error)>> {
        let mut wanted: HashMap<PathBuf, usize> = HashMap::new();
        for found in &found {
            *wanted.entry(self.of(found)).or_default() += 1;
        }
        let mut taken: HashMap<PathBuf, PathBuf> = HashMap::new();
        let pair = |found: Found| {
            let mut output = self.of(&found);
            if wanted[&output] > 1 && !matches!(self, Self::File(_)) {
                output = output.with_file_name(whole_name(&found.path, &output));
            }
            if let Some(other) = taken.get(&output) {
                let (shown, other) = (output.display(), other.display());
                let error = anyhow!(
                    "{}: {shown} is already the output of {other}; give it another name or another -o",
                    found.path.display()
                );
                return Err((found.path, error));
            }
            taken.insert(output.clone(), found.path.clone());
            Ok(Pair { input: found.path, output })
        };
        found.into_iter().map(pair).collect()
    }

    fn of(&self, found: &Found) -> PathBuf {
        match self {
            Self::Beside => beside(&found.path),
            Self::File(file) => (*file).to_owned(),
            Self::Folder(folder) => folder.join(beside(&found.below)),
        }
    }
}

/// NAME.EXT.unmasked.EXT of the input NAME.EXT.
fn whole_name(input: &Path, output: &Path) -> OsString {
    let mut name = input.file_name().unwrap_or_default().to_owned();
    name.push(".unmasked.");
    name.push(output.extension().unwrap_or_default());
    name
}

/// NAME.unmasked.EXT beside `input`.
fn beside(input: &Path) -> PathBuf {
    match input.extension().filter(|_| photo::is_photo(input)) {
        Some(extension) => Place::beside(input, extension),
        None => Target::name_beside(input),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_keep_the_tree_and_never_meet() {
        let found = |path: &str| Found { path: Path::new("in").join(path), below: path.into() };
        let all = ["a/x.mp4", "a/y.avi", "a/y.ts", "b/y.ts", "c.jpg"].map(found);
        let outputs = |output: Output<'_>, found: Vec<Found>| -> Vec<String> {
            let shown = |pair: Result<Pair, (PathBuf, anyhow::Error)>| match pair {
                Ok(pair) => pair.output.display().to_string(),
                Err((_, error)) => error.to_string(),
            };
            output.pairs(found).into_iter().map(shown).collect()
        };
        assert_eq!(
            outputs(Output::Folder(Path::new("out")), all.to_vec()),
            [
                "out/a/x.unmasked.mp4",
                "out/a/y.avi.unmasked.mkv",
                "out/a/y.ts.unmasked.mkv",
                "out/b/y.unmasked.mkv",
                "out/c.unmasked.jpg"
            ]
        );
        assert_eq!(outputs(Output::Beside, all[..1].to_vec()), ["in/a/x.unmasked.mp4"]);
        let twice =
            vec![found("x.mp4"), Found { path: "other/x.mp4".into(), below: "x.mp4".into() }];
        assert_eq!(
            outputs(Output::Folder(Path::new("out")), twice)[1],
            "other/x.mp4: out/x.mp4.unmasked.mp4 is already the output of in/x.mp4; give it \
             another name or another -o"
        );
    }

    #[test]
    fn several_inputs_do_not_go_into_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Output::new(Some(file.path()), true).is_err());
        assert!(matches!(Output::new(Some(file.path()), false), Ok(Output::File(_))));
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Output::new(Some(folder.path()), false), Ok(Output::Folder(_))));
    }
}
