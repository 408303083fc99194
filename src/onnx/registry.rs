//! The pinned files: which models there are, where they and ONNX Runtime lie, and whether each
//! file still is the one that was pinned.
//!
//! A model is looked for in `$MASK2FACE_MODELS`, in `models` of the repository that the program
//! was built in, in `models` beside the program, then in the cache that `make setup` fills. The
//! first file found counts: one that is damaged is an error, never a reason to look further.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MANIFEST: &str = include_str!("../../models/manifest.json");

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Finds faces in a picture.
    #[serde(alias = "detector")]
    Detect,
    /// Finds the points of a face.
    Landmarks,
    /// Paints what a mask hides.
    #[serde(alias = "unmasker")]
    Unmask,
    /// Compares pictures: for `evaluate`, and optional.
    Measure,
}

impl Role {
    /// The word that the manifest uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Landmarks => "landmarks",
            Self::Unmask => "unmask",
            Self::Measure => "measure",
        }
    }
}

/// One model of `models/manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// How users call it: `light`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Version of the weights.
    pub version: String,
    /// Name of the file, without folders.
    pub file: String,
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// Inputs and outputs that it keeps to: `unmask/1`.
    pub contract: String,
    /// Licence of the weights.
    pub licence: String,
    /// Where `make setup` takes it from; none if it lies in the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What was measured of it, by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Manifest {
    models: Vec<Entry>,
}

/// A model's name, where it lies and its bytes, checked where it is a pinned one.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name for messages: the manifest's, or the path that the user gave.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
    /// What the manifest says of it; none for a user's own file.
    pub entry: Option<Entry>,
}

/// The folders that are searched.
#[derive(Clone, Debug)]
pub struct Places {
    /// Folders of models, first choice first.
    pub models: Vec<PathBuf>,
    /// What `make setup` fills: `$MASK2FACE_CACHE`, else mask2face in the user's cache folder.
    pub cache: PathBuf,
    /// `$ORT_DYLIB_PATH`.
    pub library: Option<PathBuf>,
}

impl Places {
    /// The places of this process's environment.
    pub fn from_env() -> Self {
        let path = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let cache = path("MASK2FACE_CACHE").unwrap_or_else(|| {
            path("XDG_CACHE_HOME")
                .or_else(|| path("HOME").map(|home| home.join(".cache")))
                .unwrap_or_else(env::temp_dir)
                .join("mask2face")
        });
        let beside = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("models")));
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let models = path("MASK2FACE_MODELS").into_iter().chain([built]).chain(beside);
        Self {
            models: models.chain([cache.join("models")]).collect(),
            cache,
            library: path("ORT_DYLIB_PATH"),
        }
    }
}

/// The manifest and the places where its files may lie.
#[derive(Clone, Debug)]
pub struct Registry {
    entries: Vec<Entry>,
    places: Places,
}

impl Registry {
    /// The manifest that the program was built with, and the places of the environment.
    ///
    /// # Errors
    /// If the manifest is malformed.
    pub fn from_env() -> Result<Self> {
        Self::new(MANIFEST, Places::from_env())
    }

    /// A registry of the JSON text of a manifest.
    ///
    /// # Errors
    /// If the text is malformed.
    pub fn new(manifest: &str, places: Places) -> Result<Self> {
        let manifest: Manifest =
            serde_json::from_str(manifest).context("models/manifest.json is malformed")?;
        Ok(Self { entries: manifest.models, places })
    }

    /// Every model that is known, found or not.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where files are looked for.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The model for `role`: the one that `wanted` names, the file at the path `wanted`, or,
    /// with none wanted, the manifest's first for that role.
    ///
    /// # Errors
    /// If there is none, or its file is missing or not the pinned one.
    pub fn open(&self, role: Role, wanted: Option<&str>) -> Result<Model> {
        let fitting = || self.entries.iter().filter(|e| e.role == role);
        let entry = match wanted {
            None => fitting().next(),
            Some(name) => fitting().find(|e| e.name == name),
        };
        if let Some(entry) = entry {
            let (path, bytes) = self.read(entry)?;
            return Ok(Model { name: entry.name.clone(), path, bytes, entry: Some(entry.clone()) });
        }
        let names = fitting().map(|e| e.name.as_str()).collect::<Vec<_>>().join(", ");
        match wanted {
            Some(path) if Path::new(path).extension().is_some_and(|e| e == "onnx") => {
                let bytes =
                    fs::read(path).with_context(|| format!("cannot read the model {path}"))?;
                Ok(Model { name: path.to_owned(), path: path.into(), bytes, entry: None })
            }
            Some(name) => {
                bail!("there is no model '{name}': choose {names} or the path of an .onnx file")
            }
            None => bail!("models/manifest.json lists no model for the role '{}'", role.name()),
        }
    }

    /// The model `name` of an optional `role`; `None` if its file lies nowhere.
    ///
    /// # Errors
    /// If the file is not the pinned one.
    pub fn installed(&self, role: Role, name: &str) -> Result<Option<Model>> {
        let known = self.entries.iter().find(|e| e.role == role && e.name == name);
        match known {
            Some(entry) if self.find(entry).is_ok() => self.open(role, Some(name)).map(Some),
            _ => Ok(None),
        }
    }

    /// Where the file of `entry` lies.
    ///
    /// # Errors
    /// If it lies nowhere.
    pub fn find(&self, entry: &Entry) -> Result<PathBuf> {
        let candidates = self.places.models.iter().map(|dir| dir.join(&entry.file));
        candidates.clone().find(|path| path.is_file()).with_context(|| {
            let dirs: Vec<_> = self.places.models.iter().map(|d| d.display().to_string()).collect();
            format!(
                "the model '{}' is missing: no {} in {}; {}",
                entry.name,
                entry.file,
                dirs.join(", "),
                cure(entry)
            )
        })
    }

    /// Finds the file of `entry` and reads it.
    ///
    /// # Errors
    /// If it is missing, of another length or of another SHA-256.
    pub fn read(&self, entry: &Entry) -> Result<(PathBuf, Vec<u8>)> {
        let path = self.find(entry)?;
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        check(entry, &path, &bytes)?;
        Ok((path, bytes))
    }
}

fn check(entry: &Entry, path: &Path, bytes: &[u8]) -> Result<()> {
    let place = path.display();
    let (name, cure) = (&entry.name, cure(entry));
    let found = bytes.len() as u64;
    ensure!(
        found == entry.bytes,
        "the model '{name}' at {place} is damaged: {found} bytes instead of {}; delete it and {cure}",
        entry.bytes
    );
    let found = hex(&Sha256::digest(bytes));
    ensure!(
        found == entry.sha256,
        "the model '{name}' at {place} is damaged: SHA-256 {found} instead of {}; delete it and {cure}",
        entry.sha256
    );
    Ok(())
}

fn cure(entry: &Entry) -> &'static str {
    match (entry.role, &entry.source) {
        (Role::Measure, _) => "run 'make metrics'",
        (_, Some(_)) => "run 'make setup'",
        (_, None) => "take it from the repository again",
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A registry of one model of eight bytes, in a folder that stands for the cache.
    fn registry(dir: &Path) -> Registry {
        let sha = hex(&Sha256::digest(b"8 bytes!"));
        let manifest = format!(
            r#"{{"models": [{{"name": "light", "role": "unmasker", "version": "1", "file": "light.onnx",
                "bytes": 8, "sha256": "{sha}", "contract": "unmask/1", "licence": "MIT",
                "source": "PyPI"}}]}}"#
        );
        let places = Places { models: vec![dir.into()], cache: dir.into(), library: None };
        Registry::new(&manifest, places).unwrap()
    }

    #[test]
    fn a_whole_model_is_opened_by_name_or_by_role_and_any_other_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("light.onnx"), b"8 bytes!").unwrap();
        let own = dir.path().join("own.onnx");
        fs::write(&own, b"whatever").unwrap();
        let registry = registry(dir.path());
        for wanted in [None, Some("light")] {
            let model = registry.open(Role::Unmask, wanted).unwrap();
            assert_eq!((model.name.as_str(), model.bytes.as_slice()), ("light", &b"8 bytes!"[..]));
        }
        let model = registry.open(Role::Unmask, own.to_str()).unwrap();
        assert_eq!((model.path, model.entry), (own, None));
    }

    #[test]
    fn a_missing_model_is_named_with_where_it_was_sought_and_the_cure() {
        let error = registry(Path::new("/nowhere")).open(Role::Unmask, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the model 'light' is missing: no light.onnx in /nowhere; run 'make setup'"
        );
    }

    #[test]
    fn a_truncated_or_changed_model_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("light.onnx");
        for (content, told) in [("8 byt", "5 bytes instead of 8"), ("8 bytes?", "SHA-256")] {
            fs::write(&path, content).unwrap();
            let error = registry(dir.path()).open(Role::Unmask, None).unwrap_err().to_string();
            let start = format!("the model 'light' at {} is damaged: {told}", path.display());
            assert!(error.starts_with(&start), "{error}");
            assert!(error.ends_with("; delete it and run 'make setup'"), "{error}");
        }
    }

    #[test]
    fn an_unknown_name_and_an_unreadable_path_are_told() {
        let registry = registry(Path::new("/nowhere"));
        assert_eq!(
            registry.open(Role::Unmask, Some("lihgt")).unwrap_err().to_string(),
            "there is no model 'lihgt': choose light or the path of an .onnx file"
        );
        assert_eq!(
            registry.open(Role::Unmask, Some("/nowhere/a.onnx")).unwrap_err().to_string(),
            "cannot read the model /nowhere/a.onnx"
        );
    }

    #[test]
    fn the_shipped_manifest_is_well_formed() {
        let registry = Registry::from_env().unwrap();
        assert!(registry.entries().iter().any(|e| e.role == Role::Detect));
        for entry in registry.entries() {
            assert_eq!(entry.sha256.len(), 64, "{}", entry.name);
            assert!(!entry.file.contains('/'), "{}", entry.name);
        }
    }

    #[test]
    fn every_model_that_lies_in_the_repository_is_pinned_as_it_is() {
        let registry = Registry::from_env().unwrap();
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|e| e != "onnx") {
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            let entry = registry.entries().iter().find(|e| e.file == name);
            let entry = entry.unwrap_or_else(|| panic!("{name} is not in models/manifest.json"));
            check(entry, &path, &fs::read(&path).unwrap()).unwrap();
        }
    }
}
