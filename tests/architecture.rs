//! Keeps the house in order: which room may import which, which crates each may use, where
//! `unsafe` and printing are allowed, how long files may be and what lies at the top.
//!
//! Each rule is a function from a source to its breaches, and is tried on a made-up source too,
//! so that a rule which can no longer fail is noticed.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The rooms, from the ground up: an import may only go down, and the rooms of one floor do not
/// know each other.
const FLOORS: &[&[&str]] = &[
    &["geometry"],
    &["onnx", "image"],
    &["face", "unmask", "media"],
    &["restore", "mask"],
    &["pipeline", "dataset"],
    &["eval", "watch"],
    &["cli"],
    &["main"],
];

/// Crates that stay in their rooms, and the rooms. `gstreamer` stands for its whole family.
const FENCES: &[(&str, &[&str])] = &[
    ("gstreamer", &["media"]),
    ("ort", &["onnx"]),
    ("opencv", &["image"]),
    ("embedded_graphics", &["image"]),
    ("img_parts", &["image"]),
    ("jpeg_encoder", &["image"]),
    ("tiny_skia", &["mask"]),
    ("crossbeam_channel", &["pipeline"]),
    ("clap", &["cli", "main"]),
    ("indicatif", &["cli"]),
    ("axum", &["watch"]),
    ("tokio", &["watch"]),
    ("ctrlc", &["cli", "main"]),
    ("rustix", &["onnx", "pipeline", "cli"]),
];

/// The only file that may hold `unsafe`: OpenCV's view over pixels that it does not own.
const UNSAFE_FILE: &str = "image/mat.rs";
const LONGEST_FILE: usize = 400;
const LONGEST_MEDIAN: usize = 180;

/// What the repository holds at its top.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "models",
    "pipelines",
    "rustfmt.toml",
    "src",
    "tests",
];

/// A file of `src/`, its comments taken out.
struct Source {
    /// Path below `src/`, with slashes.
    path: String,
    code: String,
    lines: usize,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let code: Vec<&str> = text.lines().map(without_comment).collect();
        Self { path: path.to_owned(), code: code.join("\n"), lines: code.len() }
    }

    /// The room that the file belongs to: the folder, or the name of a file without one.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// What stands before and after each `word` that is not part of a longer one.
    fn around<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let around = |at: usize| (&self.code[..at], &self.code[at + word.len()..]);
        let places = self.code.match_indices(word).map(move |(at, _)| around(at));
        places.filter(|(before, after)| !before.ends_with(in_name) && !after.starts_with(in_name))
    }
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The line up to a comment; `//` right after a colon belongs to an address in a string.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The first names of what `tree` imports: `a` and `b` of `{a::B, b::{C, D}}`.
fn first_names(tree: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| in_name(*c)).collect();
    let Some(group) = tree.strip_prefix('{') else { return vec![name(tree)] };
    let mut names: Vec<String> = vec![name(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(name(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn imports_go_down(source: &Source) -> Vec<String> {
    let (path, room) = (&source.path, source.room());
    if room == "lib" {
        return Vec::new();
    }
    let Some(here) = floor(room) else {
        return vec![format!("{path}: the room '{room}' has no floor")];
    };
    let mut breaches = Vec::new();
    if source.code.contains("super::super::") {
        breaches.push(format!("{path}: super::super:: hides which room is meant, write crate::"));
    }
    let roots = source.around("crate").chain(source.around("mask2face"));
    let imported = roots.filter_map(|(_, rest)| rest.strip_prefix("::")).flat_map(first_names);
    for other in imported.filter(|other| other != room) {
        match floor(&other) {
            Some(there) if there < here => {}
            Some(_) => breaches.push(format!("{path}: {room} may not import {other}")),
            None => breaches.push(format!("{path}: imports '{other}', which is no room")),
        }
    }
    breaches
}

/// Whether the code uses a crate of this name: `name::`, or `use name`.
fn uses(source: &Source, name: &str) -> bool {
    let family = |c: char| name == "gstreamer" && in_name(c);
    source.code.match_indices(name).any(|(at, _)| {
        let before = &source.code[..at];
        let after = source.code[at + name.len()..].trim_start_matches(family);
        let inside = before.ends_with(in_name) || before.ends_with("::") || before.ends_with('"');
        let path = after.starts_with("::") || before.ends_with("use ");
        !inside && !after.starts_with(in_name) && path
    })
}

fn crates_stay_in_their_rooms(source: &Source) -> Vec<String> {
    let breach = |name: &str| format!("{}: {name} may not be used in this room", source.path);
    let outside = FENCES.iter().filter(|(_, rooms)| !rooms.contains(&source.room()));
    let mut breaches: Vec<_> =
        outside.filter(|(name, _)| uses(source, name)).map(|(name, _)| breach(name)).collect();
    if source.room() == "geometry" {
        let used = source.around("use").map(|(_, rest)| first_names(rest.trim_start()).concat());
        let foreign = used.filter(|n| !["std", "super", "crate"].contains(&n.as_str()));
        breaches.extend(foreign.map(|name| breach(&name)));
    }
    breaches
}

fn unsafe_stays_in_its_file(source: &Source) -> Vec<String> {
    let free = source.path == UNSAFE_FILE || source.around("unsafe").next().is_none();
    if free { Vec::new() } else { vec![format!("{}: unsafe", source.path)] }
}

fn only_the_command_line_prints(source: &Source) -> Vec<String> {
    if ["cli", "main"].contains(&source.room()) {
        return Vec::new();
    }
    let prints = |name: &&str| source.around(name).any(|(_, rest)| rest.starts_with('!'));
    let found = ["print", "println", "eprint", "eprintln"].into_iter().filter(prints);
    found.map(|name| format!("{}: {name}!", source.path)).collect()
}

fn files_are_short(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().filter(|s| s.lines > LONGEST_FILE);
    let mut breaches: Vec<_> =
        long.map(|s| format!("{}: {} lines, more than {LONGEST_FILE}", s.path, s.lines)).collect();
    let mut lengths: Vec<_> = sources.iter().map(|s| s.lines).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    if median > LONGEST_MEDIAN {
        breaches.push(format!("the median file has {median} lines, more than {LONGEST_MEDIAN}"));
    }
    breaches
}

fn top_is_as_drawn<'a>(tracked: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut top: Vec<_> = tracked.filter_map(|path| path.split('/').next()).collect();
    top.sort_unstable();
    top.dedup();
    top.retain(|entry| !TOP.contains(entry));
    top.iter().map(|entry| format!("{entry}: does not belong at the top")).collect()
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path: PathBuf = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let below = path.strip_prefix(&root).expect("below src").display().to_string();
                found.push(Source::new(&below, &std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found
}

#[test]
fn every_source_keeps_the_rules() {
    let sources = sources();
    assert!(sources.len() > 10, "src/ was not found");
    let rules = [
        imports_go_down,
        crates_stay_in_their_rooms,
        unsafe_stays_in_its_file,
        only_the_command_line_prints,
    ];
    let mut breaches: Vec<_> =
        rules.iter().flat_map(|rule| sources.iter().flat_map(rule)).collect();
    breaches.extend(files_are_short(&sources));
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_top_of_the_repository_is_as_drawn() {
    let root = env!("CARGO_MANIFEST_DIR");
    match Command::new("git").arg("ls-files").current_dir(root).output() {
        Ok(list) if list.status.success() => {
            let tracked = String::from_utf8_lossy(&list.stdout);
            let breaches = top_is_as_drawn(tracked.lines());
            assert!(breaches.is_empty(), "{}", breaches.join("\n"));
        }
        _ => eprintln!("skipped: this is no git checkout"),
    }
}

#[test]
fn an_import_that_does_not_go_down_is_found() {
    let breaches = |path, text| imports_go_down(&Source::new(path, text)).len();
    assert_eq!(breaches("face/a.rs", "use crate::{geometry::Point, image::{Image, warp}};"), 0);
    assert_eq!(breaches("face/a.rs", "use crate::face::b; // crate::cli"), 0);
    assert_eq!(breaches("face/a.rs", "use crate::{geometry::Point, unmask::{Unet, x}};"), 1);
    assert_eq!(breaches("restore.rs", "fn a() { crate::mask::paint(); }"), 1);
    assert_eq!(breaches("image/a.rs", "use super::super::face;"), 1);
    assert_eq!(breaches("main.rs", "use mask2face::cli;"), 0);
    assert_eq!(breaches("attic/a.rs", ""), 1);
    assert_eq!(breaches("cli/a.rs", "use crate::attic;"), 1);
}

#[test]
fn a_crate_outside_its_room_is_found() {
    let breaches = |path, text| crates_stay_in_their_rooms(&Source::new(path, text)).len();
    assert_eq!(breaches("media/a.rs", "use gstreamer as gst;\nuse gstreamer_app::AppSrc;"), 0);
    assert_eq!(breaches("cli/a.rs", "use gstreamer as gst;"), 1);
    assert_eq!(breaches("cli/a.rs", "use gstreamer_app::AppSrc;"), 1);
    assert_eq!(breaches("face/a.rs", "fn a() { ort::init(); }"), 1);
    assert_eq!(breaches("face/a.rs", "fn a() { sort::init(); Device::ort(); let ort = 1; }"), 0);
    assert_eq!(breaches("mask/a.rs", "#[derive(clap::Args)]"), 1);
    assert_eq!(breaches("geometry.rs", "use std::ops::Add;"), 0);
    assert_eq!(breaches("geometry.rs", "use serde::Serialize;"), 1);
}

#[test]
fn unsafe_and_printing_in_the_wrong_place_are_found() {
    let code = "fn a() { unsafe { b() }; println!(\"c\") }";
    for (path, unsafes, prints) in [("image/mat.rs", 0, 1), ("cli/a.rs", 1, 0), ("eval/a.rs", 1, 1)]
    {
        let source = Source::new(path, code);
        assert_eq!(unsafe_stays_in_its_file(&source).len(), unsafes, "{path}");
        assert_eq!(only_the_command_line_prints(&source).len(), prints, "{path}");
    }
    let harmless = Source::new("face/a.rs", "// unsafe println!\nfn not_unsafe() {}");
    assert!(unsafe_stays_in_its_file(&harmless).is_empty());
    assert!(only_the_command_line_prints(&harmless).is_empty());
}

#[test]
fn long_files_and_strangers_at_the_top_are_found() {
    let of = |lines: usize| Source::new("a.rs", &"x\n".repeat(lines));
    assert!(files_are_short(&[of(400), of(180), of(10)]).is_empty());
    assert_eq!(files_are_short(&[of(401), of(180), of(10)]).len(), 1);
    assert_eq!(files_are_short(&[of(181), of(181), of(10)]).len(), 1);
    assert!(top_is_as_drawn(["src/a.rs", "Makefile"].into_iter()).is_empty());
    assert_eq!(top_is_as_drawn(["docs/a.md", "docs/b.md"].into_iter()).len(), 1);
}
