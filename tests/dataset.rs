//! Training pairs: the same bytes whatever the threads and however often the run was killed, and
//! nothing stops them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use mask2face::dataset::journal::Start;
use mask2face::dataset::labels::{self, Label, Labels};
use mask2face::dataset::people::People;
use mask2face::dataset::sample::{self, Split};
use mask2face::dataset::store::{Entry, Store};
use mask2face::dataset::{Job, Recipe, Summary, make};
use mask2face::face::{Landmarks, align};
use mask2face::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use mask2face::image::photo::{Photo, PhotoFormat};
use mask2face::mask::Painter;

/// A face-shaped place in a photo, `scale` times as large as the canonical crop.
fn label(path: &str, scale: f32) -> Label {
    let to = Point::<FrameSpace>::new(160.0, 150.0);
    let frame_from_crop =
        Similarity::<CropSpace, FrameSpace>::about(Point::new(128.0, 128.0), to, scale, 0.1);
    let landmarks = Some(align::template().map(&frame_from_crop));
    Label { path: path.to_owned(), score: 0.9, landmarks }
}

fn write_photo(path: &Path, tint: u8) {
    let size = Size::new(320, 300);
    // A grain, so that it is not taken for blurred.
    let grain = |i: usize| (i.wrapping_mul(2_654_435_761) >> 7) as u8 & 31;
    let rgb: Vec<u8> = (0..320 * 300_usize)
        .flat_map(|i| [(i % 320 / 2) as u8 + grain(i), (i / 320 / 2) as u8 + grain(i), tint])
        .collect();
    let photo = Photo::from_rgb8(size, &rgb).unwrap();
    fs::write(path, photo.encode(PhotoFormat::Png).unwrap()).unwrap();
}

/// `count` photos in a folder, and their labels.
fn photos(folder: &Path, count: u8) -> Vec<Label> {
    let one = |i: u8| {
        let name = format!("face {i}.png");
        write_photo(&folder.join(&name), 40 * i);
        label(&name, 0.8)
    };
    (0..count).map(one).collect()
}

fn recipe() -> Recipe {
    Recipe {
        per_face: 3,
        count: None,
        guises: Vec::new(),
        painter: Painter::default(),
        side: 96,
        split: Split { valid: 0.3, test: 2 },
        people: People::Photo,
        seed: 4,
    }
}

/// One run, with so many threads.
struct Run<'a> {
    faces: &'a Path,
    labels: &'a [Label],
    recipe: Recipe,
    threads: usize,
    start: Start,
    progress: &'a (dyn Fn() + Sync),
}

impl<'a> Run<'a> {
    fn new(faces: &'a Path, labels: &'a [Label]) -> Self {
        let (threads, start) = (2, Start::Anew);
        Self { faces, labels, recipe: recipe(), threads, start, progress: &|| () }
    }

    fn write_to(&self, out: &Path) -> anyhow::Result<Summary> {
        let finder = Labels::new(self.labels.to_vec());
        let job = Job {
            folder: self.faces,
            photos: finder.paths(),
            others: &["notes.txt".to_owned()],
            finder: &finder,
            recipe: &self.recipe,
            start: self.start,
            progress: self.progress,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build().unwrap();
        let store = Store::create(out)?;
        pool.install(|| make(&job, &store))
    }
}

/// Every file under `root`, by its path.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in ["", "inputs", "outputs", "alpha"] {
        for entry in fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_same_seed_gives_the_same_bytes_with_one_two_and_five_threads() {
    let dir = tempfile::tempdir().unwrap();
    let labels = photos(dir.path(), 5);
    let made = [1, 2, 5].map(|threads| {
        let out = dir.path().join(threads.to_string());
        let summary = Run { threads, ..Run::new(dir.path(), &labels) }.write_to(&out).unwrap();
        assert_eq!((summary.faces, summary.pairs, summary.people), (5, 15, 5));
        files(&out)
    });
    // 15 inputs, 15 alphas, 5 outputs and more of bare faces with something before them,
    // manifest, what was left out, contact sheet.
    assert!(made[0].len() >= 38);
    assert!(made[0] == made[1] && made[0] == made[2]);
}

#[test]
fn a_run_that_was_killed_goes_on_and_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let labels = photos(dir.path(), 5);
    let whole = dir.path().join("whole");
    Run::new(dir.path(), &labels).write_to(&whole).unwrap();
    let out = dir.path().join("killed");
    let seen = AtomicUsize::new(0);
    let dies = || assert!(seen.fetch_add(1, Ordering::Relaxed) < 2, "killed");
    let killed = Run { progress: &dies, threads: 1, ..Run::new(dir.path(), &labels) };
    let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed.write_to(&out)));
    assert!(end.is_err());
    // A line of the journal and a file that were half written.
    let journal = out.join("journal.jsonl");
    let mut text = fs::read_to_string(&journal).unwrap();
    assert!(text.lines().count() >= 3 && !out.join("manifest.csv").exists());
    text.push_str("{\"index\":4,\"fa");
    fs::write(&journal, text).unwrap();
    let anew = Run::new(dir.path(), &labels).write_to(&out).unwrap_err().to_string();
    assert!(anew.contains("--resume"), "{anew}");
    let mut other = Run { start: Start::Resume, ..Run::new(dir.path(), &labels) };
    other.recipe.seed = 5;
    let other = other.write_to(&out).unwrap_err().to_string();
    assert!(other.contains("other photos or options"), "{other}");
    let resumed = Run { start: Start::Resume, ..Run::new(dir.path(), &labels) };
    assert_eq!(resumed.write_to(&out).unwrap().pairs, 15);
    assert!(files(&out) == files(&whole));
    assert!(resumed.write_to(&out).unwrap().complete_before);
    let again = Run::new(dir.path(), &labels).write_to(&out).unwrap_err().to_string();
    assert!(again.contains("holds pairs already"), "{again}");
}

#[test]
fn a_set_with_a_limit_is_the_same_when_it_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let labels = photos(dir.path(), 5);
    let mut run = Run::new(dir.path(), &labels);
    run.recipe.count = Some(8);
    let summary = run.write_to(&dir.path().join("a")).unwrap();
    assert_eq!((summary.pairs, summary.faces), (8, 3));
    let seen = AtomicUsize::new(0);
    let dies = || assert!(seen.fetch_add(1, Ordering::Relaxed) < 1, "killed");
    let mut killed = Run { progress: &dies, threads: 1, ..Run::new(dir.path(), &labels) };
    killed.recipe.count = Some(8);
    let out = dir.path().join("b");
    let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed.write_to(&out)));
    assert!(end.is_err());
    run.start = Start::Resume;
    run.write_to(&out).unwrap();
    assert!(files(&out) == files(&dir.path().join("a")));
}

#[test]
fn what_is_left_out_is_named_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["good.png", "faint.png", "small.png", "blank.png"] {
        write_photo(&dir.path().join(name), 9);
    }
    let flat = Photo::from_rgb8(Size::new(320, 300), &vec![99; 3 * 320 * 300]).unwrap();
    fs::write(dir.path().join("blurred.png"), flat.encode(PhotoFormat::Png).unwrap()).unwrap();
    fs::write(dir.path().join("broken.png"), b"\x89PNG\r\n\x1a\nand no more").unwrap();
    let labels = [
        label("good.png", 0.8),
        label("broken.png", 0.8),
        label("absent.png", 0.8),
        Label { score: 0.2, ..label("faint.png", 0.8) },
        label("small.png", 0.25),
        Label { landmarks: None, ..label("blank.png", 0.8) },
        label("blurred.png", 0.8),
    ];
    let out = dir.path().join("pairs");
    let summary = Run::new(dir.path(), &labels).write_to(&out).unwrap();
    assert_eq!((summary.files, summary.faces, summary.pairs), (8, 1, 3));
    let left_out = |reason: &str| summary.left_out[reason].join(" ");
    assert_eq!(left_out("unreadable"), "broken.png absent.png");
    assert_eq!(left_out("unsure whether it is a face"), "faint.png face 1");
    assert_eq!(left_out("too small (eyes closer than 24 px)"), "small.png face 1");
    assert_eq!(left_out("no face"), "blank.png");
    assert_eq!(left_out("too blurred"), "blurred.png face 1");
    assert_eq!(left_out("no JPEG, PNG or WebP"), "notes.txt");
    let table = fs::read_to_string(out.join("left-out.csv")).unwrap();
    assert_eq!(table.lines().count(), 8);
    assert!(table.contains("absent.png,0,unreadable,No such file"), "{table}");
}

#[test]
fn a_manifest_row_tells_all_of_a_pair() {
    let dir = tempfile::tempdir().unwrap();
    let labels = photos(dir.path(), 1);
    let out = dir.path().join("pairs");
    Run::new(dir.path(), &labels).write_to(&out).unwrap();
    let mut table = csv::Reader::from_path(out.join("manifest.csv")).unwrap();
    let rows: Vec<Entry> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert!(out.join(format!("inputs/{}.png", row.name)).is_file());
        assert!(out.join(format!("alpha/{}.png", row.name)).is_file());
        assert!(out.join(format!("outputs/{}.png", row.output)).is_file());
        assert_eq!((row.source.as_str(), row.landmarks.split(' ').count()), ("face 0.png", 136));
        assert_eq!(row.face.split(' ').count(), 4);
        assert!(["train", "valid", "test"].contains(&row.split.as_str()));
    }
}

/// A row of which only the person counts.
fn entry(person: usize, name: usize) -> Entry {
    Entry {
        name: name.to_string(),
        output: String::new(),
        source: String::new(),
        split: String::new(),
        style: String::new(),
        seed: 0,
        person: person.to_string(),
        landmarks: String::new(),
        face: String::new(),
    }
}

#[test]
fn a_person_is_in_one_part_only_and_the_parts_have_their_sizes() {
    let mut entries: Vec<Entry> = (0..3000).map(|i| entry(i * i % 700, i)).collect();
    let split = Split { valid: 0.2, test: 300 };
    sample::divide(&mut entries, &split, 7);
    let mut parts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in &entries {
        parts.entry(&entry.person).or_default().insert(&entry.split);
    }
    assert!(parts.values().all(|parts| parts.len() == 1));
    let count = |part| entries.iter().filter(|e| e.split == part).count();
    // A person may be some pairs too many.
    assert!((300..340).contains(&count("test")), "{}", count("test"));
    assert!((500..580).contains(&count("valid")), "{}", count("valid"));
    // A small set is not all test.
    let mut few: Vec<Entry> = (0..50).map(|i| entry(i, i)).collect();
    sample::divide(&mut few, &Split { valid: 0.2, test: 1000 }, 7);
    assert_eq!(few.iter().filter(|e| e.split == "test").count(), 10);
}

#[test]
fn a_row_without_numbers_has_no_landmarks_and_a_full_one_has_them() {
    let numbers: Vec<String> = (0..136).map(|i| format!("{i}.5")).collect();
    let table = format!("path,score,x0\nfull.jpg,0.7,{}\nempty.jpg,,\n", numbers.join(","));
    let labels = labels::read(table.as_bytes()).unwrap();
    let points = labels[0].landmarks.as_ref().map(Landmarks::points).unwrap();
    assert_eq!(points[67], Point::new(134.5, 135.5));
    assert!(labels[1].landmarks.is_none());
    assert!(labels::read("file,x\na,1\n".as_bytes()).is_err());
}
