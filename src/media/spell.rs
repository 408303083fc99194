//! A path as launch text can hold it: text.
//!
//! A name that is not UTF-8, or holds a line end, goes by the file's own descriptor instead.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use anyhow::{Context, Result};

use super::launch::quoted;

/// A path spelled out; keep it until the pipeline has opened the file.
#[derive(Debug)]
pub(super) struct Spelled {
    text: String,
    _open: Option<File>,
}

impl Spelled {
    /// A file that is to be read.
    pub fn input(path: &Path) -> Result<Self> {
        Self::new(path, File::options().read(true))
    }

    /// A file that exists and is to be written.
    pub fn output(path: &Path) -> Result<Self> {
        Self::new(path, File::options().write(true))
    }

    fn new(path: &Path, how: &std::fs::OpenOptions) -> Result<Self> {
        if let Some(text) = path.to_str().filter(|text| !text.contains(char::is_control)) {
            return Ok(Self { text: text.to_owned(), _open: None });
        }
        let shown = path.display();
        let file = how.open(path).with_context(|| format!("{shown}: cannot be opened"))?;
        Ok(Self { text: format!("/proc/self/fd/{}", file.as_raw_fd()), _open: Some(file) })
    }

    /// As a property holds it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One word of launch text.
    pub fn quoted(&self) -> String {
        quoted(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_plain_name_stays_and_an_odd_one_still_leads_to_its_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Spelled::input(Path::new("a b/\u{e9}")).unwrap().quoted(), "\"a b/\u{e9}\"");
        for name in [&b"a\xff\xfe.mp4"[..], b"a\nb.mp4"] {
            let path = folder.path().join(OsStr::from_bytes(name));
            std::fs::write(&path, name).unwrap();
            let spelled = Spelled::input(&path).unwrap();
            assert_eq!(std::fs::read(&spelled.text).unwrap(), name);
        }
    }
}
