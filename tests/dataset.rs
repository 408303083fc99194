//! Training pairs: the same bytes whatever the threads, and nothing stops them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mask2face::dataset::labels::{self, Label};
use mask2face::dataset::sample::{self, Split};
use mask2face::dataset::store::Store;
use mask2face::dataset::{Recipe, Summary, generate};
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

fn recipe() -> Recipe {
    Recipe {
        per_face: 3,
        count: None,
        looks: Vec::new(),
        painter: Painter::default(),
        side: 96,
        split: Split { valid: 0.3, test: 1 },
        seed: 4,
    }
}

fn make(faces: &Path, labels: &[Label], out: &Path, threads: usize) -> Summary {
    let store = Store::create(out).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| generate(faces, labels, &recipe(), &store, &|| ())).unwrap()
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
fn the_same_seed_gives_the_same_bytes_with_one_thread_and_with_three() {
    let dir = tempfile::tempdir().unwrap();
    let labels: Vec<Label> = (0..5)
        .map(|i| {
            let name = format!("face {i}.png");
            write_photo(&dir.path().join(&name), 40 * i);
            label(&name, 0.8)
        })
        .collect();
    let (one, three) = (dir.path().join("one"), dir.path().join("three"));
    let summary = make(dir.path(), &labels, &one, 1);
    assert_eq!((summary.faces, summary.pairs), (5, 15));
    assert_eq!(summary, make(dir.path(), &labels, &three, 3));
    let (one, three) = (files(&one), files(&three));
    // 15 inputs, 15 alphas, 5 outputs, manifest, contact sheet.
    assert_eq!(one.len(), 37);
    assert!(one == three);
}

#[test]
fn what_is_left_out_is_named_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["good.png", "faint.png", "small.png", "blank.png"] {
        write_photo(&dir.path().join(name), 9);
    }
    fs::write(dir.path().join("broken.png"), b"\x89PNG\r\n\x1a\nand no more").unwrap();
    let labels = [
        label("good.png", 0.8),
        label("broken.png", 0.8),
        label("absent.png", 0.8),
        Label { score: 0.2, ..label("faint.png", 0.8) },
        label("small.png", 0.25),
        Label { landmarks: None, ..label("blank.png", 0.8) },
    ];
    let summary = make(dir.path(), &labels, &dir.path().join("pairs"), 2);
    assert_eq!((summary.faces, summary.pairs), (1, 3));
    let left_out = |reason: &str| summary.left_out[reason].join(" ");
    assert_eq!(left_out("unreadable"), "broken.png absent.png");
    assert_eq!(left_out("unsure whether it is a face"), "faint.png");
    assert_eq!(left_out("too small (eyes closer than 24 px)"), "small.png");
    assert_eq!(left_out("no face"), "blank.png");
}

#[test]
fn input_output_and_alpha_of_a_pair_agree_outside_the_mask() {
    let dir = tempfile::tempdir().unwrap();
    write_photo(&dir.path().join("a.png"), 70);
    let out = dir.path().join("pairs");
    make(dir.path(), &[label("a.png", 0.8)], &out, 1);
    let read = |path: &str| Photo::decode(&fs::read(out.join(path)).unwrap()).unwrap();
    let manifest = fs::read_to_string(out.join("manifest.csv")).unwrap();
    let row: Vec<&str> = manifest.lines().nth(1).unwrap().split(',').collect();
    let input = read(&format!("inputs/{}.png", row[0]));
    let output = read(&format!("outputs/{}.png", row[1]));
    let alpha = read(&format!("alpha/{}.png", row[0]));
    let planes = [&input, &output, &alpha].map(|p| p.picture().planes[0].data.to_vec());
    let bare = planes[2].iter().enumerate().filter(|(_, a)| **a == 0);
    assert!(bare.clone().count() > 96 * 20);
    assert!(bare.clone().all(|(i, _)| planes[0][i] == planes[1][i]));
    assert_eq!(row[7].split(' ').count(), 136);
}

#[test]
fn a_person_is_in_one_part_only_whatever_else_is_in_the_table() {
    let labels: Vec<Label> = (0..300).map(|i| label(&format!("{i}.jpg"), 1.0)).collect();
    let mut recipe = recipe();
    recipe.split = Split { valid: 0.2, test: 40 };
    let plans = sample::plan(&labels, &recipe);
    let count = |part| plans.iter().filter(|p| p.part == part).count();
    assert_eq!(count(sample::Part::Test), 40);
    assert!((25..80).contains(&count(sample::Part::Valid)));
    recipe.per_face = 1;
    let again = sample::plan(&labels, &recipe);
    assert!(plans.iter().zip(&again).all(|(a, b)| (a.part, &a.person) == (b.part, &b.person)));
    assert!(plans.iter().zip(&again).all(|(a, b)| a.pairs[0].seed == b.pairs[0].seed));
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
