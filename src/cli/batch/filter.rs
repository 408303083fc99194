//! `--include` and `--exclude`.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Which of the files that were found are wanted.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Filter {
    /// Patterns without a slash are held against a file's name, others against its path below
    /// the folder that was named.
    ///
    /// # Errors
    /// If a pattern is no glob.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self> {
        let include = if include.is_empty() { None } else { Some(set("--include", include)?) };
        Ok(Self { include, exclude: set("--exclude", exclude)? })
    }

    /// Whether the file `below` is wanted.
    pub fn wants(&self, below: &Path) -> bool {
        let included = self.include.as_ref().is_none_or(|globs| globs.is_match(below));
        included && !self.exclude.is_match(below)
    }
}

fn set(option: &str, patterns: &[String]) -> Result<GlobSet> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        let anywhere = if pattern.contains('/') { pattern } else { &format!("**/{pattern}") };
        globs.add(glob(anywhere).with_context(|| format!("{option} {pattern}"))?);
    }
    Ok(globs.build()?)
}

/// A glob whose `*` stays within one folder; `**` does not.
pub(super) fn glob(pattern: &str) -> Result<Glob> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_err(|error| anyhow::anyhow!("is no glob: {}", error.kind()))
}

/// Whether `text` holds a character that a glob gives a meaning.
pub(super) fn is_glob(text: &OsStr) -> bool {
    text.as_encoded_bytes().iter().any(|byte| b"*?[{".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_anywhere_and_paths_from_the_top() {
        let filter = |include: &[&str], exclude: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
            Filter::new(&owned(include), &owned(exclude)).unwrap()
        };
        let wants = |filter: &Filter, path: &str| filter.wants(Path::new(path));
        let mp4 = filter(&["*.mp4"], &["raw/**"]);
        assert!(wants(&mp4, "a.mp4") && wants(&mp4, "x/y/a.mp4"));
        assert!(!wants(&mp4, "a.mkv") && !wants(&mp4, "raw/a.mp4") && wants(&mp4, "x/raw/a.mp4"));
        let all = filter(&[], &[]);
        assert!(wants(&all, "x/a.mkv"));
        let error = format!("{:#}", Filter::new(&["[a".to_owned()], &[]).unwrap_err());
        assert!(error.starts_with("--include [a: is no glob: "), "{error}");
    }
}
