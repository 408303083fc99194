//! Networks as ONNX Runtime made them ready for this processor, kept on disk: optimising a graph
//! takes a tenth of a second and 30 MB, loading the result a hundredth and next to nothing.
//!
//! A file is named by all that it depends on, and begins with the SHA-256 of the rest: one that
//! is damaged is made anew. Where nothing can be kept, all works as well, only later.

use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};

use super::registry::hex;

/// Length of the digest at the beginning.
const DIGEST: usize = 32;

/// The place of one network's ready forms.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    path: PathBuf,
    engines: PathBuf,
}

impl Prepared {
    /// The place in `folder` for the network of `bytes`, as the present library makes it ready
    /// for the present processor.
    pub fn new(folder: &Path, bytes: &[u8]) -> Self {
        Self::made_by(ort::info(), folder, bytes)
    }

    fn made_by(library: &str, folder: &Path, bytes: &[u8]) -> Self {
        let network = Sha256::digest(bytes);
        let mut key = Sha256::new();
        key.update(network);
        for part in [library, &processor()] {
            key.update([0]);
            key.update(part);
        }
        let name = hex(&key.finalize()[..16]);
        let engines = folder.join("engines").join(hex(&network[..16]));
        Self { path: folder.join(name).with_extension("onnx"), engines }
    }

    /// The folder for what an accelerator builds of the network, which is made if need be. The
    /// accelerator's own kind and version are in the names of the files that it puts there.
    pub fn engines(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.engines)?;
        Ok(self.engines.clone())
    }

    /// What is kept, if it is whole.
    pub fn read(&self) -> Option<Vec<u8>> {
        let mut bytes = fs::read(&self.path).ok()?;
        let rest = bytes.split_off(bytes.len().min(DIGEST));
        (Sha256::digest(&rest)[..] == bytes[..]).then_some(rest)
    }

    /// Has `make` write the ready form into a file, and keeps it.
    pub fn keep<T>(&self, make: impl FnOnce(Option<&Path>) -> T) -> T {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let scratch = fs::create_dir_all(folder).and_then(|()| tempfile::tempdir_in(folder));
        let Ok(scratch) = scratch else { return make(None) };
        let (ready, whole) = (scratch.path().join("ready"), scratch.path().join("whole"));
        let made = make(Some(&ready));
        // What cannot be kept is made again next time.
        let _ = fs::read(&ready).and_then(|bytes| {
            let all = [&Sha256::digest(&bytes)[..], &bytes].concat();
            fs::write(&whole, all)?;
            fs::rename(&whole, &self.path)
        });
        made
    }
}

/// What the processor can do: the ready form holds weights in its own order.
fn processor() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = told.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    format!("{} {flags}", std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_has_a_folder_of_its_own_for_engines() {
        let dir = tempfile::tempdir().unwrap();
        let of = |bytes: &[u8]| Prepared::made_by("1", dir.path(), bytes).engines().unwrap();
        assert!(of(b"a").is_dir() && of(b"a") == of(b"a") && of(b"a") != of(b"b"));
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(Prepared::made_by("1", &dir.path().join("file"), b"a").engines().is_err());
    }

    #[test]
    fn a_damaged_file_is_as_none_and_none_can_be_made() {
        let dir = tempfile::tempdir().unwrap();
        let prepared = Prepared::made_by("1", &dir.path().join("deep"), b"network");
        assert_eq!(prepared.read(), None);
        let made = prepared.keep(|path| fs::write(path.unwrap(), "ready").is_ok());
        assert!(made);
        assert_eq!(prepared.read().as_deref(), Some(&b"ready"[..]));
        let mut bytes = fs::read(&prepared.path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&prepared.path, bytes).unwrap();
        assert_eq!(prepared.read(), None);
        fs::write(&prepared.path, "short").unwrap();
        assert_eq!(prepared.read(), None);
        let left: Vec<_> = fs::read_dir(dir.path().join("deep")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
