//! The whole way on a real face: a public-domain portrait that the set-up fetches is masked by
//! the painter and unmasked again.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mask2face::image::Picture;
use mask2face::image::photo::{Photo, PhotoFormat};
use mask2face::onnx::registry::Places;
use serde_json::Value;

/// The portrait, or `None`, with the reason printed, where the set-up has not run.
fn portrait() -> Option<PathBuf> {
    let path = Places::from_env().cache.join("demo/astronaut.png");
    if !path.is_file() {
        eprintln!("skipped: no {}; 'make setup' fetches it", path.display());
        return None;
    }
    Some(path)
}

fn run(input: &Path, output: &Path, more: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mask2face"));
    let done =
        command.arg("run").arg(input).arg("-o").arg(output).args(more).arg("--json").output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut report: Value = serde_json::from_slice(&done.stdout).unwrap();
    report["files"][0].take()
}

fn photo(path: &Path) -> Photo {
    Photo::decode(&fs::read(path).unwrap()).unwrap()
}

/// Mean absolute difference in levels over the samples that `wanted` picks by row and column.
fn difference(a: &Picture<'_>, b: &Picture<'_>, wanted: impl Fn(usize, usize) -> bool) -> f64 {
    let (mut sum, mut n) = (0u64, 0u64);
    for (a, b) in a.planes.iter().zip(&b.planes) {
        for (i, (x, y)) in a.data.iter().zip(b.data).enumerate() {
            if wanted(i / a.stride, i % a.stride) {
                sum += u64::from(x.abs_diff(*y));
                n += 1;
            }
        }
    }
    sum as f64 / n.max(1) as f64
}

#[test]
fn a_bare_face_passes_byte_for_byte() {
    let Some(portrait) = portrait() else { return };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.png");
    let report = run(&portrait, &output, &[]);
    assert_eq!((&report["faces"], &report["painted"]), (&1.into(), &0.into()));
    assert!(fs::read(&portrait).unwrap() == fs::read(&output).unwrap());
}

#[test]
fn a_mask_goes_on_and_comes_off_again() {
    let Some(portrait) = portrait() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [masked, bare] = ["masked.png", "bare.png"].map(|name| folder.path().join(name));
    let report = run(&portrait, &masked, &["--paint-mask", "surgical-white"]);
    assert_eq!(report["painted"], 1);
    let report = run(&masked, &bare, &[]);
    assert_eq!((&report["faces"], &report["painted"]), (&1.into(), &1.into()));
    let [truth, masked, bare] = [portrait.as_path(), &masked, &bare].map(photo);
    let (truth, masked, bare) = (truth.picture(), masked.picture(), bare.picture());
    // Where the mask was painted, the result lies much nearer to the truth than the mask did.
    let (width, n) = (truth.format.size.width, truth.planes[0].data.len());
    let mask: Vec<bool> = (0..n)
        .map(|i| (0..3).any(|c| truth.planes[c].data[i].abs_diff(masked.planes[c].data[i]) > 24))
        .collect();
    let under = |row: usize, column: usize| mask[row * width + column];
    let (before, after) = (difference(&truth, &masked, under), difference(&truth, &bare, under));
    assert!(after < 0.5 * before, "{after:.1} levels from the truth, the mask was {before:.1}");
    // Away from the face every pixel is as it was.
    let away = |row: usize, column: usize| row > 300 || !(60..=400).contains(&column);
    assert!(difference(&masked, &bare, away).abs() < f64::EPSILON);
}

#[test]
fn jpeg_and_webp_go_the_same_way() {
    let Some(portrait) = portrait() else { return };
    let folder = tempfile::tempdir().unwrap();
    let masked = folder.path().join("masked.png");
    run(&portrait, &masked, &["--paint-mask", "cloth-black"]);
    for (name, format) in [("a.jpg", PhotoFormat::Jpeg), ("b.webp", PhotoFormat::WebP)] {
        let input = folder.path().join(name);
        fs::write(&input, photo(&masked).encode(format).unwrap()).unwrap();
        let output = folder.path().join(format!("out-{name}"));
        assert_eq!(run(&input, &output, &[])["painted"], 1);
        assert_eq!(photo(&output).size(), photo(&masked).size());
    }
}

#[test]
fn what_is_no_whole_photo_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let gray =
        Photo::from_rgb8(mask2face::geometry::Size::new(64, 64), &[90; 3 * 64 * 64]).unwrap();
    let jpeg = gray.encode(PhotoFormat::Jpeg).unwrap();
    let cases: [(&str, &[u8], &str); 3] = [
        ("empty.png", b"", "the file is empty; copy it again"),
        ("cut.jpg", &jpeg[..jpeg.len() - 20], "the JPEG breaks off before its end; copy it again"),
        (
            "text.webp",
            b"plain text",
            "this is no whole JPEG, PNG or WebP picture (The image format \
            could not be determined); check that other programs show it",
        ),
    ];
    for (name, bytes, told) in cases {
        fs::write(folder.path().join(name), bytes).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mask2face"));
        let done = command.current_dir(folder.path()).args(["run", name]).output().unwrap();
        let line = String::from_utf8(done.stderr).unwrap();
        assert_eq!(line.trim_end(), format!("mask2face: error: {name}: cannot be read: {told}"));
        assert_eq!(done.status.code(), Some(1));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}
