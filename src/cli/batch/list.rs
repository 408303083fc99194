//! A list of paths, from a file or standard input.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The paths in the file `list` (`-`: standard input), as bytes between line ends or NULs.
///
/// # Errors
/// If it cannot be read.
pub(super) fn read(list: &Path, null: bool) -> Result<Vec<PathBuf>> {
    let mut bytes = Vec::new();
    let shown = list.display();
    if list == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        bytes = std::fs::read(list).with_context(|| format!("{shown}: cannot be read"))?;
    }
    Ok(split(&bytes, null))
}

fn split(bytes: &[u8], null: bool) -> Vec<PathBuf> {
    let paths = bytes.split(|byte| *byte == if null { 0 } else { b'\n' });
    let paths = paths.map(|path| match path.strip_suffix(b"\r") {
        Some(path) if !null => path,
        _ => path,
    });
    paths.filter(|path| !path.is_empty()).map(|path| OsStr::from_bytes(path).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_or_nuls_part_paths_of_any_bytes() {
        let odd = PathBuf::from(OsStr::from_bytes(b"b\xff"));
        assert_eq!(split(b"a\r\n\nb\xff\n", false), [PathBuf::from("a"), odd.clone()]);
        assert_eq!(split(b"a\nx\0b\xff\0", true), [PathBuf::from("a\nx"), odd]);
    }
}
