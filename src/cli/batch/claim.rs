//! Two runs never work on one output: whoever holds the lock on its claim file does.
//!
//! The lock (flock) goes away with its process, whatever ended it, so a claim file that nobody
//! holds is a dead run's and is taken over.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::cli::journal::Journal;

/// The right to write an output, or to do a part of it; given back when dropped.
#[derive(Debug)]
pub(in crate::cli) struct Claim {
    path: PathBuf,
    file: File,
}

impl Claim {
    /// The claim on all of `output`; `None` while another run holds one. What a dead run has
    /// left behind of no use is cleared away.
    ///
    /// # Errors
    /// If the folder cannot be written, or its file system knows no locks.
    pub fn take(output: &Path) -> Result<Option<Self>> {
        let Some((claim, left)) = Self::lock(output, File::try_lock)? else { return Ok(None) };
        if left {
            clear(output);
        }
        Ok(Some(claim))
    }

    /// The claim on a part of `output`, beside others who do other parts; `None` while another
    /// run holds all of it.
    ///
    /// # Errors
    /// As [`Claim::take`].
    pub fn share(output: &Path) -> Result<Option<Self>> {
        Ok(Self::lock(output, File::try_lock_shared)?.map(|(claim, _)| claim))
    }

    /// Whether a run has been at `output`, and may still be.
    pub fn is_there(output: &Path) -> bool {
        name(output).exists()
    }

    /// The claim, and whether its file was there already.
    fn lock(
        output: &Path,
        how: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Option<(Self, bool)>> {
        let shown = output.display();
        let path = name(output);
        loop {
            let mut open = File::options();
            let file = open.read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = file.map_err(|cause| {
                anyhow!("{shown}: cannot be written: {cause}; choose another folder with -o")
            })?;
            match how(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(cause)) => {
                    return Err(cause).with_context(|| {
                        format!("{shown}: its folder knows no file locks; choose another with -o")
                    });
                }
            }
            // The last holder may have removed the file between our opening and locking it.
            let held = file.metadata().with_context(|| format!("{shown}: cannot be claimed"))?;
            if path.metadata().is_ok_and(|now| now.ino() == held.ino()) {
                // Who holds it is for people only, and so not worth a failure.
                let _ = writeln!(file, "mask2face, process {}", std::process::id());
                return Ok(Some((Self { path, file }, held.len() > 0)));
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Removed while locked by us alone: nobody can hold a file that no longer has this name.
        if self.file.try_lock().is_ok() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes unfinished files of `output`, and the journal too once the output is whole.
fn clear(output: &Path) {
    let mut start = OsString::from(".");
    start.push(output.file_stem().unwrap_or_default().to_string_lossy().as_ref());
    start.push(".part-");
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten();
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(start.as_encoded_bytes()) {
            let _ = std::fs::remove_file(entry.path())
                .or_else(|_| std::fs::remove_dir_all(entry.path()));
        }
    }
    if output.exists() {
        let _ = std::fs::remove_dir_all(Journal::folder_of(output));
    }
}

/// `.NAME.EXT.claim` beside NAME.EXT.
fn name(output: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(output.file_name().unwrap_or_default());
    name.push(".claim");
    output.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_a_dead_ones_claim_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.mp4");
        std::fs::write(name(&output), "mask2face, process 1\n").unwrap();
        let claim = Claim::take(&output).unwrap().expect("nobody holds it");
        assert!(Claim::take(&output).unwrap().is_none());
        drop(claim);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        assert!(Claim::take(&output).unwrap().is_some());
    }

    #[test]
    fn parts_are_shared_and_the_whole_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.mp4");
        let parts =
            [(); 2].map(|()| Claim::share(&output).unwrap().expect("others do other parts"));
        assert!(Claim::take(&output).unwrap().is_none());
        let [one, two] = parts;
        drop(one);
        assert!(Claim::is_there(&output), "the other part is still held");
        drop(two);
        assert!(!Claim::is_there(&output));
        let _whole = Claim::take(&output).unwrap().unwrap();
        assert!(Claim::share(&output).unwrap().is_none());
    }

    #[test]
    fn what_a_dead_run_left_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.mp4");
        let at = |name: &str| folder.path().join(name);
        let left = || {
            std::fs::write(name(&output), "mask2face, process 1\n").unwrap();
            std::fs::write(at(".a.part-x1Y2z3.mp4"), "half").unwrap();
            std::fs::create_dir_all(at(".a.mp4.part")).unwrap();
        };
        left();
        drop(Claim::take(&output).unwrap().unwrap());
        assert!(at(".a.mp4.part").exists(), "the journal is what the next run goes on with");
        left();
        std::fs::write(&output, "whole").unwrap();
        drop(Claim::take(&output).unwrap().unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn many_at_once_never_hold_it_together() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.mp4");
        let held = std::sync::atomic::AtomicUsize::new(0);
        let order = std::sync::atomic::Ordering::SeqCst;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Some(claim) = Claim::take(&output).unwrap() {
                            assert_eq!(held.fetch_add(1, order), 0);
                            held.fetch_sub(1, order);
                            drop(claim);
                        }
                    }
                });
            }
        });
    }
}
