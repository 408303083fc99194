//! Which files are meant: files, folders, globs and lists of them.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use walkdir::WalkDir;

use super::filter::{self, Filter};
use super::list;
use crate::cli::photo;

/// Extensions of files in a folder that are taken for videos.
const VIDEO: [&str; 13] =
    ["mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "mts", "m2ts", "mpg", "mpeg", "wmv", "flv"];

/// What to work on.
#[derive(clap::Args, Clone, Debug)]
pub struct InputArgs {
    /// Videos, photos (JPEG, PNG, WebP), folders with all below them, or globs of these
    #[arg(required_unless_present_any = ["files_from", "pipeline"], value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Read more inputs from a file, one a line; `-` is standard input
    #[arg(long, value_name = "LIST")]
    pub files_from: Option<PathBuf>,
    /// Paths in the list end in NUL, as `find -print0` writes them
    #[arg(long, requires = "files_from")]
    pub null: bool,
    /// Only files that match: a name such as '*.mp4', or a path below the folder, as 'day1/**'
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Not the files that match
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
}

/// A file, and where it lies below the folder that was named: the tree that an output keeps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub path: PathBuf,
    pub below: PathBuf,
}

/// How many files of the folders were left out, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub hidden: usize,
    pub excluded: usize,
    pub ours: usize,
    pub others: usize,
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub found: Vec<Found>,
    /// Inputs that cannot be looked into.
    pub bad: Vec<(PathBuf, anyhow::Error)>,
    pub left_out: LeftOut,
    /// Whether an output would have to be a folder.
    pub many: bool,
    seen: HashSet<PathBuf>,
}

/// Finds all files that `args` mean; nothing below the output folder `spare` is an input.
///
/// # Errors
/// If a list cannot be read, a pattern is no glob, or the only input holds nothing.
pub(super) fn gather(args: &InputArgs, spare: Option<&Path>) -> Result<Gathered> {
    let listed = match &args.files_from {
        Some(list) => list::read(list, args.null)?,
        None => Vec::new(),
    };
    let walk = Walk {
        filter: Filter::new(&args.include, &args.exclude)?,
        spare: spare.and_then(|path| path.canonicalize().ok()),
    };
    let mut all = Gathered { many: args.files_from.is_some(), ..Gathered::default() };
    let named = args.inputs.iter().map(|input| (input, PathBuf::new()));
    let listed = listed.iter().map(|input| (input, tree(input)));
    let inputs: Vec<_> = named.chain(listed).collect();
    for (input, tree) in &inputs {
        match walk.one(input, tree, &mut all) {
            Ok(()) => {}
            Err(error) if inputs.len() == 1 => return Err(error),
            Err(error) => all.bad.push(((*input).clone(), error)),
        }
    }
    all.many |= inputs.len() > 1;
    Ok(all)
}

/// The folders of a relative path in a list; of others none, as they lie nowhere below.
fn tree(input: &Path) -> PathBuf {
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let parts: PathBuf =
        input.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    match parts.parent() {
        Some(parent) if input.components().all(plain) => parent.to_owned(),
        _ => PathBuf::new(),
    }
}

struct Walk {
    filter: Filter,
    spare: Option<PathBuf>,
}

impl Walk {
    fn one(&self, input: &Path, tree: &Path, all: &mut Gathered) -> Result<()> {
        let name = input.file_name().unwrap_or_default();
        if input.is_dir() {
            all.many = true;
            return self.folder(input, tree, all);
        }
        if !filter::is_glob(input.as_os_str()) || input.symlink_metadata().is_ok() {
            let below = tree.join(name);
            if self.filter.wants(&below) {
                all.add(input.to_owned(), below);
            } else {
                all.left_out.excluded += 1;
            }
            return Ok(());
        }
        all.many = true;
        self.matches(input, all)
    }

    /// The videos and photos below a folder, sorted.
    fn folder(&self, folder: &Path, tree: &Path, all: &mut Gathered) -> Result<()> {
        let before = (all.found.len(), all.left_out, all.bad.len());
        self.below(folder, all, |below| Some(tree.join(below)));
        let counted = LeftOut { others: 0, ..all.left_out };
        if (all.found.len(), counted, all.bad.len()) == (before.0, before.1, before.2) {
            let videos = VIDEO.join(", ");
            bail!("{}: there are no videos ({videos}) or photos in it", folder.display());
        }
        Ok(())
    }

    /// The files that match a glob which the shell has not expanded, and all below the folders
    /// that match.
    fn matches(&self, input: &Path, all: &mut Gathered) -> Result<()> {
        let shown = input.display();
        let literal = |part: &Component| !filter::is_glob(part.as_os_str());
        let base: PathBuf = input.components().take_while(literal).collect();
        let rest: PathBuf = input.components().skip_while(literal).collect();
        let pattern = rest.to_str().ok_or_else(|| anyhow!("{shown}: a glob has to be UTF-8"))?;
        let glob = filter::glob(pattern).map_err(|error| anyhow!("{shown}: {error}"))?;
        let glob = glob.compile_matcher();
        let from = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
        let before = all.found.len() + all.bad.len() + all.left_out.excluded;
        self.below(from, all, |below| {
            below.ancestors().any(|path| glob.is_match(path)).then(|| below.to_owned())
        });
        if before == all.found.len() + all.bad.len() + all.left_out.excluded {
            bail!("{shown}: no video or photo matches; check the pattern");
        }
        Ok(())
    }

    /// All wanted files below `folder`; `place` gives the path that an output keeps.
    fn below(&self, folder: &Path, all: &mut Gathered, place: impl Fn(&Path) -> Option<PathBuf>) {
        let mut hidden = 0;
        let entries = WalkDir::new(folder).follow_links(true).min_depth(1).sort_by_file_name();
        let entries = entries.into_iter().filter_entry(|entry| {
            let shows = !is_hidden(entry.file_name());
            hidden += usize::from(!shows && !is_work(entry.file_name()));
            shows && !(entry.file_type().is_dir() && self.is_spare(entry.path()))
        });
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    all.bad.push((error.path().unwrap_or(folder).to_owned(), cause(&error)));
                    continue;
                }
            };
            let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let Some(kept) = place(below).filter(|_| !entry.file_type().is_dir()) else { continue };
            let path = if folder == Path::new(".") { below } else { entry.path() };
            match sort(path) {
                Sort::Ours => all.left_out.ours += 1,
                Sort::Other => all.left_out.others += 1,
                Sort::Wanted if !self.filter.wants(below) => all.left_out.excluded += 1,
                Sort::Wanted => all.add(path.to_owned(), kept),
            }
        }
        all.left_out.hidden += hidden;
    }

    fn is_spare(&self, folder: &Path) -> bool {
        self.spare.is_some() && folder.canonicalize().ok() == self.spare
    }
}

impl Gathered {
    /// Adds a file, unless it is there already under whatever name.
    fn add(&mut self, path: PathBuf, below: PathBuf) {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        if self.seen.insert(real) {
            self.found.push(Found { path, below });
        }
    }
}

enum Sort {
    Wanted,
    /// A result of an earlier run.
    Ours,
    Other,
}

fn sort(path: &Path) -> Sort {
    let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    let video = extension.is_some_and(|extension| VIDEO.contains(&extension.as_str()));
    let stem = path.file_stem().unwrap_or_default().as_encoded_bytes();
    if !video && !photo::is_photo(path) {
        Sort::Other
    } else if stem.ends_with(b".unmasked") || stem.ends_with(b".partial") {
        Sort::Ours
    } else {
        Sort::Wanted
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether a hidden file is one of this program's own, which is not worth a word.
fn is_work(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let has = |mark: &[u8]| name.windows(mark.len()).any(|part| part == mark);
    has(b".part") || name.ends_with(b".claim")
}

fn cause(error: &walkdir::Error) -> anyhow::Error {
    let shown = error.path().unwrap_or(Path::new("?")).display();
    match (error.io_error(), error.loop_ancestor()) {
        (Some(io), _) => anyhow!("{shown}: cannot be read: {io}"),
        (None, Some(up)) => anyhow!("{shown}: is a link back to {}; left out", up.display()),
        (None, None) => anyhow!("{shown}: cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(inputs: &[PathBuf]) -> InputArgs {
        let inputs = inputs.to_vec();
        InputArgs { inputs, files_from: None, null: false, include: vec![], exclude: vec![] }
    }

    fn tree_of(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    fn below(gathered: &Gathered) -> Vec<&str> {
        gathered.found.iter().map(|found| found.below.to_str().unwrap()).collect()
    }

    #[test]
    fn a_folder_gives_its_tree_and_counts_what_it_leaves_out() {
        let folder = tree_of(&[
            "b.mp4",
            "a/x.JPG",
            "a/n.txt",
            ".h.mp4",
            ".g/z.mp4",
            "b.unmasked.mp4",
            "out/c.mp4",
        ]);
        let mut args = args(&[folder.path().to_owned()]);
        args.exclude = vec!["z*".to_owned()];
        let all = gather(&args, Some(&folder.path().join("out"))).unwrap();
        assert_eq!(below(&all), ["a/x.JPG", "b.mp4"]);
        assert_eq!(all.left_out, LeftOut { hidden: 2, excluded: 0, ours: 1, others: 1 });
        args.include = vec!["*.mp4".to_owned()];
        let all = gather(&args, Some(&folder.path().join("out"))).unwrap();
        assert_eq!((below(&all), all.left_out.excluded), (vec!["b.mp4"], 1));
    }

    #[test]
    fn a_glob_keeps_the_tree_below_its_first_star() {
        let folder = tree_of(&["a/1.mp4", "a/2.mkv", "b/c/3.mp4", "[x].mp4"]);
        let glob = |text: &str| gather(&args(&[folder.path().join(text)]), None);
        assert_eq!(below(&glob("*/*.mp4").unwrap()), ["a/1.mp4"]);
        assert_eq!(below(&glob("**/*.mp4").unwrap()), ["[x].mp4", "a/1.mp4", "b/c/3.mp4"]);
        assert_eq!(below(&glob("b*").unwrap()), ["b/c/3.mp4"]);
        assert_eq!(below(&glob("[x].mp4").unwrap()), ["[x].mp4"]);
        let error = glob("*.mov").unwrap_err().to_string();
        assert!(error.ends_with("*.mov: no video or photo matches; check the pattern"), "{error}");
    }

    #[test]
    fn a_file_named_twice_is_one_and_a_link_back_is_told() {
        let folder = tree_of(&["a/1.mp4"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        let file = folder.path().join("a/1.mp4");
        let all = gather(&args(&[folder.path().to_owned(), file]), None).unwrap();
        assert_eq!(below(&all), ["a/1.mp4"]);
        assert!(all.bad[0].1.to_string().contains("is a link back to"), "{:?}", all.bad);
    }

    #[test]
    fn relative_paths_of_a_list_keep_their_folders() {
        for (path, kept) in [("./a/b/c.mp4", "a/b"), ("c.mp4", ""), ("/a/c.mp4", ""), ("../c", "")]
        {
            assert_eq!(tree(Path::new(path)), Path::new(kept), "{path}");
        }
    }
}
