//! Where an output goes. Nothing stands under its final name before it is whole, and nothing
//! that stands there is lost without `--overwrite`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::{Builder, TempPath};

/// A final name, and the temporary one beside it under which the output is written.
pub struct Place {
    target: PathBuf,
    overwrite: bool,
    part: TempPath,
}

/// The final name for `input`'s result: `output`, or NAME.unmasked.EXTENSION in the folder
/// `output`, or the same beside the input.
pub fn target(input: &Path, output: Option<&Path>, extension: &str) -> PathBuf {
    let name = input.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{name}.unmasked.{extension}");
    match output {
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(file) => file.to_owned(),
        None => input.with_file_name(name),
    }
}

impl Place {
    /// Makes room for `target`.
    ///
    /// # Errors
    /// If it exists and may not be overwritten, or its folder cannot be written to.
    pub fn reserve(target: &Path, overwrite: bool) -> Result<Self> {
        if target.is_dir() {
            bail!("the output {} is a folder; name a file", target.display());
        }
        if !overwrite {
            refuse_existing(target)?;
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let (name, extension) = (file_name(target), extension(target));
        let part = Builder::new()
            .prefix(&format!(".{name}.part-"))
            .suffix(&format!(".{extension}"))
            .tempfile_in(folder)
            .with_context(|| {
                format!("cannot write into the folder {}; choose another with -o", folder.display())
            })?;
        Ok(Self { target: target.to_owned(), overwrite, part: part.into_temp_path() })
    }

    /// The temporary name; the file goes away with the place unless it is kept.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Gives the output its final name.
    ///
    /// # Errors
    /// If something came to stand there meanwhile and may not be overwritten.
    pub fn keep(self) -> Result<PathBuf> {
        let target = self.target.clone();
        self.keep_as(&target)
    }

    /// Gives the output the name NAME.partial.EXTENSION: it is valid, but not all of it.
    ///
    /// # Errors
    /// As [`Place::keep`].
    pub fn keep_partial(self) -> Result<PathBuf> {
        let name = self.target.file_stem().unwrap_or_default().to_string_lossy();
        let partial =
            self.target.with_file_name(format!("{name}.partial.{}", extension(&self.target)));
        self.keep_as(&partial)
    }

    fn keep_as(self, target: &Path) -> Result<PathBuf> {
        make_readable(&self.part)?;
        let told = || format!("cannot give the output its name {}", target.display());
        if self.overwrite {
            self.part.persist(target).with_context(told)?;
        } else {
            refuse_existing(target)?;
            self.part.persist_noclobber(target).with_context(told)?;
        }
        Ok(target.to_owned())
    }
}

fn refuse_existing(target: &Path) -> Result<()> {
    if target.symlink_metadata().is_ok() {
        bail!("{} exists already; use --overwrite or another -o", target.display());
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().into_owned()
}

/// Temporary files are private; the final one gets the rights that the user's umask gives.
fn make_readable(part: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let probe = Builder::new().permissions(fs::Permissions::from_mode(0o666)).tempfile_in(
        part.parent().unwrap_or_else(|| Path::new(".")),
    )?;
    let rights = probe.as_file().metadata()?.permissions();
    fs::set_permissions(part, rights).context("setting the output's rights")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_beside_the_input_in_a_folder_or_as_given() {
        let dir = tempfile::tempdir().unwrap();
        let input = Path::new("/a/clip.mov");
        assert_eq!(target(input, None, "mov"), Path::new("/a/clip.unmasked.mov"));
        let folder = target(input, Some(dir.path()), "mkv");
        assert_eq!(folder, dir.path().join("clip.unmasked.mkv"));
        assert_eq!(target(input, Some(Path::new("b.mp4")), "mov"), Path::new("b.mp4"));
    }

    #[test]
    fn an_output_appears_whole_and_what_is_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out.mp4");
        let place = Place::reserve(&target, false).unwrap();
        fs::write(place.part(), "whole").unwrap();
        assert!(!target.exists());
        place.keep().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        drop(Place::reserve(&target, true).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_exists_is_refused_before_and_after_the_work() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out.mp4");
        let place = Place::reserve(&target, false).unwrap();
        fs::write(&target, "mine").unwrap();
        let told = format!("{} exists already; use --overwrite or another -o", target.display());
        assert_eq!(place.keep().unwrap_err().to_string(), told);
        assert_eq!(Place::reserve(&target, false).err().unwrap().to_string(), told);
        assert_eq!(fs::read(&target).unwrap(), b"mine");
        let place = Place::reserve(&target, true).unwrap();
        assert!(place.keep_partial().unwrap().ends_with("out.partial.mp4"));
    }
}
