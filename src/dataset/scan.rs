//! A folder tree of photos.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::image::photo::PhotoFormat;

/// What lies in a folder tree: paths relative to it with `/` between parts, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// JPEG, PNG and WebP files, by their names.
    pub photos: Vec<String>,
    /// All other files.
    pub others: Vec<String>,
}

/// Lists a folder and all folders in it. Links to folders are not followed, so that no tree
/// is without end; hidden files and folders are left alone.
///
/// # Errors
/// If the folder, or one in it, cannot be read.
pub fn scan(root: &Path) -> Result<Scan> {
    let mut found = Scan::default();
    walk(root, "", &mut found)?;
    found.photos.sort();
    found.others.sort();
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Scan) -> Result<()> {
    let shown = folder.display();
    let listed = fs::read_dir(folder).with_context(|| format!("{shown}: cannot be read"))?;
    for entry in listed {
        let entry = entry.with_context(|| format!("{shown}: cannot be read"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), &format!("{path}/"), found)?;
        } else if PhotoFormat::of(Path::new(&name)).is_some() {
            found.photos.push(path);
        } else {
            found.others.push(path);
        }
    }
    Ok(())
}
