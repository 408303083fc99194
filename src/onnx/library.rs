//! Where the ONNX Runtime library lies, and whether it is new enough to be loaded.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::registry::Places;

/// Where `make setup` puts the library within the cache.
const PINNED: &str = "onnxruntime-1.32.0/libonnxruntime.so.1.32.0";
/// Older ones are refused by the bindings or abort in them.
const OLDEST: Version = Version { major: 1, minor: 23, patch: 0 };

/// The version of a library. Orders by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number: the one that tells which interface the library speaks.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A library that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The shared object.
    pub path: PathBuf,
    /// Its version; none if the file does not say.
    pub version: Option<Version>,
}

/// The library of this process's environment: `$ORT_DYLIB_PATH`, else the one in the cache.
///
/// # Errors
/// If it is missing, cannot be read, or is older than 1.23.
pub fn library() -> Result<PathBuf> {
    Ok(find(&Places::from_env())?.path)
}

/// The library that `places` name.
///
/// # Errors
/// If it is missing, cannot be read, or is older than 1.23.
pub fn find(places: &Places) -> Result<Library> {
    let path = places.library.clone().unwrap_or_else(|| places.cache.join(PINNED));
    if !path.is_file() {
        let place = path.display();
        match places.library {
            Some(_) => bail!(
                "ORT_DYLIB_PATH names {place}, but there is no such file; correct it, or unset it \
                 and run 'make setup'"
            ),
            None => bail!("the ONNX Runtime library is missing: no {place}; run 'make setup'"),
        }
    }
    let version = version(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if let Some(version) = version {
        ensure!(
            version >= OLDEST,
            "the ONNX Runtime library {} is version {version}, but {OLDEST} or newer is needed; \
             run 'make setup' and unset ORT_DYLIB_PATH",
            path.display()
        );
    }
    Ok(Library { path, version })
}

/// Reads the version out of the file, so that a library too old is never loaded. Its symbols
/// carry it: `VERS_1.32.0`.
fn version(path: &Path) -> std::io::Result<Option<Version>> {
    const CHUNK: u64 = 1 << 20;
    const OVERLAP: usize = 32;
    let mut file = File::open(path)?;
    let mut window = Vec::new();
    loop {
        let read = file.by_ref().take(CHUNK).read_to_end(&mut window)?;
        if let Some(version) = version_in(&window) {
            return Ok(Some(version));
        }
        if read == 0 {
            return Ok(None);
        }
        window.drain(..window.len().saturating_sub(OVERLAP));
    }
}

fn version_in(bytes: &[u8]) -> Option<Version> {
    const MARK: &[u8] = b"VERS_";
    bytes.windows(MARK.len()).enumerate().filter(|(_, w)| *w == MARK).find_map(|(at, _)| {
        let text = bytes[at + MARK.len()..].split(|b| *b == 0).next()?;
        let mut numbers = std::str::from_utf8(text).ok()?.split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Version { major: next()?, minor: next()?, patch: next()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::registry::{Entry, Registry, Role};

    fn places(library: Option<PathBuf>, cache: &Path) -> Places {
        Places { models: Vec::new(), cache: cache.to_owned(), library }
    }

    #[test]
    fn the_version_is_read_across_the_border_of_two_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lib.so");
        let mut bytes = vec![0_u8; (1 << 20) - 7];
        bytes.extend(b"VERS_1.32.0\0");
        std::fs::write(&path, bytes).unwrap();
        let found = find(&places(Some(path.clone()), dir.path())).unwrap();
        assert_eq!(found.path, path);
        assert_eq!(found.version.unwrap().to_string(), "1.32.0");
    }

    #[test]
    fn an_old_library_is_refused_with_both_versions_and_the_cure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lib.so");
        std::fs::write(&path, b"...VERS_1.22.1\0").unwrap();
        let error = find(&places(Some(path.clone()), dir.path())).unwrap_err().to_string();
        let expected = format!(
            "the ONNX Runtime library {} is version 1.22.1, but 1.23.0 or newer is needed; \
             run 'make setup' and unset ORT_DYLIB_PATH",
            path.display()
        );
        assert_eq!(error, expected);
    }

    #[test]
    fn a_missing_library_is_named_and_so_is_the_variable_that_names_it() {
        let nowhere = Path::new("/nowhere");
        assert_eq!(
            find(&places(None, nowhere)).unwrap_err().to_string(),
            "the ONNX Runtime library is missing: no \
             /nowhere/onnxruntime-1.32.0/libonnxruntime.so.1.32.0; run 'make setup'"
        );
        assert_eq!(
            find(&places(Some("/nowhere/ort.so".into()), nowhere)).unwrap_err().to_string(),
            "ORT_DYLIB_PATH names /nowhere/ort.so, but there is no such file; correct it, or unset \
             it and run 'make setup'"
        );
    }

    #[test]
    fn the_pinned_library_and_models_are_the_ones_that_the_set_up_fetches() {
        let pins = include_str!("../../.ci/runtime");
        assert!(pins.contains(PINNED));
        let registry = Registry::from_env().unwrap();
        let fetched = |e: &&Entry| e.source.is_some() && e.role != Role::Measure;
        for entry in registry.entries().iter().filter(fetched) {
            let place = format!("{} models/{} all", entry.sha256, entry.file);
            assert!(pins.contains(&place), ".ci/runtime does not pin {}", entry.name);
        }
    }
}
