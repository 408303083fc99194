//! Where an output goes: its container, its name, and the name it bears until it is whole.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use tempfile::NamedTempFile;

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
    path: PathBuf,
    container: Container,
    overwrite: bool,
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
        ensure!(overwrite || path.symlink_metadata().is_err(), exists(path));
        ensure!(!path.is_dir(), "{shown}: is a folder; give a file name");
        let folder = folder(path);
        ensure!(
            folder.is_dir(),
            "{shown}: the folder {} does not exist; make it first",
            folder.display()
        );
        Ok(Self { path: path.to_owned(), container, overwrite })
    }

    /// NAME.unmasked.EXT beside `input`, where EXT is the input's own if it can be written and
    /// mkv otherwise.
    pub fn name_beside(input: &Path) -> PathBuf {
        let extension = match (Container::of(input), input.extension()) {
            (Some(_), Some(extension)) => extension.to_owned(),
            _ => OsString::from("mkv"),
        };
        with_suffix(input, "unmasked", &extension)
    }

    /// The final name.
    pub fn path(&self) -> &Path {
        &self.path
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
        let shown = self.path.display();
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let file = tempfile::Builder::new()
            .prefix(&format!(".{name}.part-"))
            .suffix(&format!(".{}", self.container.name()))
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder(&self.path))
            .map_err(|error| {
                let cause = error.get_ref().and_then(std::error::Error::source);
                let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
                anyhow!("{shown}: cannot be written: {cause}; choose another folder with -o")
            })?;
        Ok(Part { file, target: self.clone() })
    }
}

/// An output on its way.
#[derive(Debug)]
pub(super) struct Part {
    file: NamedTempFile,
    target: Target,
}

impl Part {
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives the whole file its name, NAME.partial.EXT if only a part was done, and returns it.
    pub fn keep(self, partial: bool) -> Result<PathBuf> {
        let Self { mut file, target } = self;
        File::open(file.path())
            .and_then(|file| file.sync_all())
            .with_context(|| format!("{}: cannot be written", target.path.display()))?;
        if !partial {
            let kept = if target.overwrite {
                file.persist(&target.path)
            } else {
                file.persist_noclobber(&target.path)
            };
            return match kept {
                Ok(_) => Ok(target.path),
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                    bail!(exists(&target.path))
                }
                Err(error) => Err(error.error)
                    .with_context(|| format!("{}: cannot be named", target.path.display())),
            };
        }
        let extension = target.path.extension().unwrap_or_default();
        for n in 1.. {
            let mark = if n == 1 { "partial".to_owned() } else { format!("partial-{n}") };
            let name = with_suffix(&target.path, &mark, extension);
            match file.persist_noclobber(&name) {
                Ok(_) => return Ok(name),
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                    file = error.file;
                }
                Err(error) => {
                    return Err(error.error)
                        .with_context(|| format!("{}: cannot be named", name.display()));
                }
            }
        }
        bail!("{}: no free name", target.path.display())
    }
}

fn exists(path: &Path) -> String {
    format!("{}: exists already; add --overwrite or choose another name with -o", path.display())
}

/// The folder of `path`.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// NAME.EXT as NAME.mark.extension.
fn with_suffix(path: &Path, mark: &str, extension: &std::ffi::OsStr) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".");
    name.push(mark);
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
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

    #[test]
    fn a_part_leaves_nothing_behind_and_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mp4");
        let target = Target::new(&path, false).unwrap();
        drop(target.begin().unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        let late = target.begin().unwrap();
        assert_eq!(target.begin().unwrap().keep(false).unwrap(), path);
        let error = late.keep(false).unwrap_err().to_string();
        assert_eq!(error, exists(&path));
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        let partial = |name: &str| {
            assert_eq!(target.begin().unwrap().keep(true).unwrap(), folder.path().join(name));
        };
        partial("x.partial.mp4");
        partial("x.partial-2.mp4");
    }
}
