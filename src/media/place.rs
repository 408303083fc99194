//! An output's final name, and the name it bears until it is whole.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use tempfile::NamedTempFile;

/// A final name that may be taken.
#[derive(Clone, Debug)]
pub struct Place {
    path: PathBuf,
    overwrite: bool,
}

impl Place {
    /// The output `path`.
    ///
    /// # Errors
    /// If it exists and `overwrite` is not set, or its folder does not exist.
    pub fn new(path: &Path, overwrite: bool) -> Result<Self> {
        let shown = path.display();
        ensure!(overwrite || path.symlink_metadata().is_err(), exists(path));
        ensure!(!path.is_dir(), "{shown}: is a folder; give a file name");
        let folder = folder(path);
        ensure!(
            folder.is_dir(),
            "{shown}: the folder {} does not exist; make it first",
            folder.display()
        );
        Ok(Self { path: path.to_owned(), overwrite })
    }

    /// NAME.unmasked.EXTENSION beside `input`.
    pub fn beside(input: &Path, extension: &OsStr) -> PathBuf {
        with_suffix(input, "unmasked", extension)
    }

    /// The final name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file beside the final name, ending in `extension`, that goes away unless it is kept.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin(&self, extension: &str) -> Result<Part> {
        let shown = self.path.display();
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let file = tempfile::Builder::new()
            .prefix(&format!(".{name}.part-"))
            .suffix(&format!(".{extension}"))
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder(&self.path))
            .map_err(|error| {
                // tempfile adds the temporary path, which means nothing to the user.
                let text = error.to_string();
                let cause = text.split(" at path ").next().unwrap_or(&text);
                anyhow!("{shown}: cannot be written: {cause}; choose another folder with -o")
            })?;
        Ok(Part { file, place: self.clone() })
    }
}

/// Room beside `path` for what is needed only until it is whole: a file without a name, which
/// the system itself clears away.
pub(super) fn scratch(path: &Path) -> Result<File> {
    tempfile::tempfile_in(folder(path))
        .with_context(|| format!("{}: cannot be written", path.display()))
}

/// Such room, for those who want a path: the name that the system gives to what is open.
#[derive(Debug)]
pub(super) struct Room {
    path: PathBuf,
    _file: File,
}

impl Room {
    /// Beside `path`.
    pub fn beside(path: &Path) -> Result<Self> {
        let file = scratch(path)?;
        Ok(Self { path: format!("/proc/self/fd/{}", file.as_raw_fd()).into(), _file: file })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// An output on its way.
#[derive(Debug)]
pub struct Part {
    file: NamedTempFile,
    place: Place,
}

impl Part {
    /// Its name until it is whole.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives the whole file its name, NAME.partial.EXT if only a part was done, and returns it.
    ///
    /// # Errors
    /// If another file came to bear that name meanwhile, or the disk is full.
    pub fn keep(self, partial: bool) -> Result<PathBuf> {
        let Self { mut file, place } = self;
        File::open(file.path())
            .and_then(|file| file.sync_all())
            .with_context(|| format!("{}: cannot be written", place.path.display()))?;
        if !partial {
            let kept = if place.overwrite {
                file.persist(&place.path)
            } else {
                file.persist_noclobber(&place.path)
            };
            return match kept {
                Ok(_) => {
                    // What is cleared away next must not be gone before the name is there; some
                    // systems sync no folders, and then there is no help.
                    let _ = File::open(folder(&place.path)).and_then(|folder| folder.sync_all());
                    Ok(place.path)
                }
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                    bail!(exists(&place.path))
                }
                Err(error) => Err(error.error)
                    .with_context(|| format!("{}: cannot be named", place.path.display())),
            };
        }
        let extension = place.path.extension().unwrap_or_default();
        for n in 1.. {
            let mark = if n == 1 { "partial".to_owned() } else { format!("partial-{n}") };
            let name = with_suffix(&place.path, &mark, extension);
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
        bail!("{}: no free name", place.path.display())
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
    fn a_part_leaves_nothing_behind_and_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mp4");
        let place = Place::new(&path, false).unwrap();
        drop(place.begin("mp4").unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        let late = place.begin("mp4").unwrap();
        assert_eq!(place.begin("mp4").unwrap().keep(false).unwrap(), path);
        let error = late.keep(false).unwrap_err().to_string();
        assert_eq!(error, exists(&path));
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        let partial = |name: &str| {
            assert_eq!(place.begin("mp4").unwrap().keep(true).unwrap(), folder.path().join(name));
        };
        partial("x.partial.mp4");
        partial("x.partial-2.mp4");
    }
}
