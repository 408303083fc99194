//! Two runs never work on one output: whoever holds the lock on its claim file does.
//!
//! The lock (flock) goes away with its process, whatever ended it, so a claim file that nobody
//! holds is a dead run's and is taken over.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

/// The right to write an output; given back when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _file: File,
}

impl Claim {
    /// The claim on `output`; `None` while another run holds it.
    ///
    /// # Errors
    /// If the folder cannot be written, or its file system knows no locks.
    pub fn take(output: &Path) -> Result<Option<Self>> {
        let shown = output.display();
        let path = name(output);
        loop {
            let mut how = File::options();
            let file = how.read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = file.map_err(|cause| {
                anyhow!("{shown}: cannot be written: {cause}; choose another folder with -o")
            })?;
            match file.try_lock() {
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
                let _ = file.set_len(0).and_then(|()| file.rewind());
                let _ = writeln!(file, "mask2face, process {}", std::process::id());
                return Ok(Some(Self { path, _file: file }));
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Removed while still locked: nobody can hold a file that no longer has this name.
        let _ = std::fs::remove_file(&self.path);
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
