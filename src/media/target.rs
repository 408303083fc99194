//! A video output: its container and its name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::place::{Part, Place};

/// The containers that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// MPEG-4: .mp4 and .m4v.
    Mp4,
    /// `QuickTime`: .mov.
    Mov,
    /// Matroska: .mkv.
    Mkv,
    /// `WebM`: .webm.
    Webm,
}

impl Container {
    /// The container of files that end like `path`.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "mp4" | "m4v" => Some(Self::Mp4),
            "mov" => Some(Self::Mov),
            "mkv" => Some(Self::Mkv),
            "webm" => Some(Self::Webm),
            _ => None,
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Mkv => "mkv",
            Self::Webm => "webm",
        }
    }

    /// The muxer, as launch text.
    pub(super) fn muxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4mux",
            Self::Mov => "qtmux",
            Self::Mkv => "matroskamux",
            Self::Webm => "webmmux",
        }
    }
}

/// An output file that may be written.
#[derive(Clone, Debug)]
pub struct Target {
    place: Place,
    container: Container,
}

impl Target {
    /// The output `path`.
    ///
    /// # Errors
    /// If its extension is unknown, it exists and `overwrite` is not set, or its folder does
    /// not exist.
    pub fn new(path: &Path, overwrite: bool) -> Result<Self> {
        let shown = path.display();
        let container = Container::of(path).ok_or_else(|| {
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            anyhow!("{shown}: unknown extension '{extension}'; use .mp4, .m4v, .mov, .mkv or .webm")
        })?;
        Ok(Self { place: Place::new(path, overwrite)?, container })
    }

    /// NAME.unmasked.EXT beside `input`, where EXT is the input's own if it can be written and
    /// mkv otherwise.
    pub fn name_beside(input: &Path) -> PathBuf {
        let extension = match (Container::of(input), input.extension()) {
            (Some(_), Some(extension)) => extension.to_owned(),
            _ => OsString::from("mkv"),
        };
        Place::beside(input, &extension)
    }

    /// The final name.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// What is written.
    pub fn container(&self) -> Container {
        self.container
    }

    /// A file beside the final name that goes away unless it is kept.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(super) fn begin(&self) -> Result<Part> {
        self.place.begin(self.container.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_lies_beside_its_input() {
        let beside = |name: &str| Target::name_beside(Path::new(name));
        assert_eq!(beside("a/b.c.MP4"), Path::new("a/b.c.unmasked.MP4"));
        assert_eq!(beside("b.avi"), Path::new("b.unmasked.mkv"));
    }
}
