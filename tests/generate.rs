//! `generate` from the command line: bad input is told and stops nothing; faces are found by
//! the program's own networks.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{DynamicImage, ImageFormat};
use mask2face::onnx::registry::Places;

fn mask2face(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mask2face")).args(args).current_dir(folder).output().unwrap()
}

/// Exit code and stderr of a run that must fail with one line.
fn refused(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = mask2face(folder, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said)
}

/// The portrait, or `None`, with the reason printed, where the set-up has not run.
fn portrait() -> Option<DynamicImage> {
    let path = Places::from_env().cache.join("demo/astronaut.png");
    if !path.is_file() {
        eprintln!("skipped: no {}; 'make setup' fetches it", path.display());
        return None;
    }
    Some(image::open(path).unwrap())
}

/// A JPEG with an EXIF block that says how its picture is turned.
fn with_orientation(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let mut jpeg = std::io::Cursor::new(Vec::new());
    picture.to_rgb8().write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    let mut exif = b"\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}

#[test]
fn a_folder_without_photos_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    let (code, said) = refused(dir.path(), &["generate", "empty", "-o", "pairs"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("empty: there are no JPEG, PNG or WebP photos in it"), "{said}");
    fs::write(dir.path().join("empty/notes.txt"), "none").unwrap();
    let (code, said) = refused(dir.path(), &["generate", "empty", "-o", "pairs"]);
    assert!(code == Some(1) && said.contains("(1 other files)"), "{said}");
    let (code, said) = refused(dir.path(), &["generate", "absent", "-o", "pairs"]);
    assert!(code == Some(1) && said.contains("absent: is no folder"), "{said}");
    assert!(!dir.path().join("pairs").exists());
}

#[test]
fn wrong_options_are_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("faces")).unwrap();
    let with = |more: &[&str]| {
        let all = [&["generate", "faces", "-o", "pairs"], more].concat();
        refused(dir.path(), &all)
    };
    let (code, said) = with(&["--styles", "surgical,plaid"]);
    assert!(code == Some(2) && said.contains("'plaid' is unknown"), "{said}");
    let (code, said) = with(&["--people", "no group"]);
    assert!(code == Some(2) && said.contains("pattern with a group"), "{said}");
    let (code, said) = with(&["--valid", "1.5"]);
    assert!(code == Some(2) && said.contains("from 0 to 1"), "{said}");
}

#[test]
fn a_target_that_cannot_be_written_and_a_broken_library_are_told() {
    let Some(portrait) = portrait() else { return };
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("faces")).unwrap();
    portrait.save(dir.path().join("faces/a.png")).unwrap();
    fs::write(dir.path().join("file"), "in the way").unwrap();
    let (code, said) = refused(dir.path(), &["generate", "faces", "-o", "file/pairs"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("file/pairs: the folder of pairs cannot be made"), "{said}");
    fs::create_dir(dir.path().join("masks")).unwrap();
    let cfg = "[cloth]\ntemplate: templates/cloth.png\nmask_a: 1, two\n";
    fs::write(dir.path().join("masks/masks.cfg"), cfg).unwrap();
    let args = ["generate", "faces", "-o", "pairs", "--templates", "masks"];
    let (code, said) = refused(dir.path(), &args);
    assert_eq!(code, Some(1));
    assert!(said.contains("masks/masks.cfg:3: 'mask_a' wants two numbers"), "{said}");
    let args = ["generate", "faces", "-o", "pairs", "--styles", "template:cloth"];
    let (code, said) = refused(dir.path(), &args);
    assert!(code == Some(1) && said.contains("needs --templates DIR"), "{said}");
}

/// A tree of good and bad files; where they lie.
fn tree(root: &Path, portrait: &DynamicImage) -> PathBuf {
    let faces = root.join("faces");
    fs::create_dir_all(faces.join("bad")).unwrap();
    fs::create_dir_all(faces.join("good")).unwrap();
    let good = |name: &str| faces.join("good").join(name);
    portrait.save(good("plain.png")).unwrap();
    DynamicImage::ImageRgb16(portrait.to_rgb16()).save(good("sixteen.png")).unwrap();
    DynamicImage::ImageLuma8(portrait.to_luma8()).save(good("grey.png")).unwrap();
    // Orientation 6: the file's picture is to be turned to the right, so it lies to the left.
    fs::write(good("turned.jpg"), with_orientation(&portrait.rotate270(), 6)).unwrap();
    let bad = |name: &str| faces.join("bad").join(name);
    fs::write(bad("empty.jpg"), "").unwrap();
    let jpeg = with_orientation(portrait, 1);
    fs::write(bad("cut.jpg"), &jpeg[..jpeg.len() / 2]).unwrap();
    fs::write(bad("text.jpg"), "this is no picture").unwrap();
    fs::write(bad("notes.txt"), "nor is this").unwrap();
    DynamicImage::new_rgb8(1, 1).save(bad("dot.png")).unwrap();
    fs::write(bad("cmyk.jpg"), include_bytes!("data/cmyk.jpg")).unwrap();
    portrait.thumbnail(90, 90).save(bad("tiny.png")).unwrap();
    faces
}

#[test]
fn faces_are_found_in_pictures_of_every_sort_and_bad_files_are_named() {
    let Some(portrait) = portrait() else { return };
    let dir = tempfile::tempdir().unwrap();
    tree(dir.path(), &portrait);
    let args = ["generate", "faces", "-o", "pairs", "--size", "96", "--per-face", "2", "--json"];
    let output = mask2face(dir.path(), &args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let left_out = |reason: &str| {
        let list = summary["left_out"][reason].as_array().cloned().unwrap_or_default();
        let names: Vec<String> =
            list.iter().map(|v| v.as_str().unwrap().trim_start_matches("bad/").into()).collect();
        names.join(" ")
    };
    assert_eq!(left_out("unreadable"), "cut.jpg empty.jpg text.jpg", "{summary}");
    assert_eq!(left_out("no JPEG, PNG or WebP"), "notes.txt");
    let none = left_out("no face");
    assert!(none.contains("cmyk.jpg") && none.contains("dot.png"), "{summary}");
    assert!(summary.to_string().contains("tiny.png"), "{summary}");
    assert_eq!((&summary["faces"], &summary["pairs"]), (&4.into(), &8.into()), "{summary}");
    assert_eq!(summary["files"], 11);
    let table = fs::read_to_string(dir.path().join("pairs/left-out.csv")).unwrap();
    assert!(table.contains("bad/empty.jpg,0,unreadable,the file is empty"), "{table}");
    // The same face, however the file was stored: the crops lie at the same place.
    let mut manifest = csv::Reader::from_path(dir.path().join("pairs/manifest.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = manifest.records().map(Result::unwrap).collect();
    let face = |source: &str| -> Vec<f32> {
        let row = rows.iter().find(|row| &row[2] == source).unwrap();
        row[8].split(' ').map(|n| n.parse().unwrap()).collect()
    };
    let plain = face("good/plain.png");
    for other in ["good/sixteen.png", "good/grey.png", "good/turned.jpg"] {
        let apart = plain.iter().zip(face(other)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 6.0, "{other}: {apart} px");
    }
}

#[test]
fn a_sheet_of_every_style_is_one_picture() {
    let Some(portrait) = portrait() else { return };
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("faces")).unwrap();
    portrait.save(dir.path().join("faces/a.png")).unwrap();
    let args = ["generate", "faces", "--sheet", "sheet.png", "--size", "64"];
    let output = mask2face(dir.path(), &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sheet = image::open(dir.path().join("sheet.png")).unwrap();
    // The bare face, ten kinds of masks, seven bare guises.
    assert_eq!((sheet.width(), sheet.height()), (18 * 64, 64));
}
