//! Measures agree with scikit-image and lpips on the pictures of `tests/metrics/reference.py`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use std::collections::BTreeMap;

use mask2face::eval::learned::Learned;
use mask2face::eval::metrics::{Metric, likeness};
use mask2face::geometry::Size;
use mask2face::image::Image;
use mask2face::onnx::registry::Registry;
use mask2face::onnx::{Device, Engine, library};

const SIZE: Size = Size::new(64, 56);
const CLOSE: f64 = 1e-4;

/// For each pair, what the public implementations say.
fn values() -> Vec<BTreeMap<String, f64>> {
    let values: Vec<_> = serde_json::from_str(include_str!("metrics/values.json")).unwrap();
    assert_eq!(values.len(), 20);
    values
}

fn noise(k: u64, x: u64, y: u64, c: u64) -> u64 {
    let h = (x * 73_856_093) ^ (y * 19_349_663) ^ (c * 83_492_791) ^ (k * 2_654_435_761);
    let h = h & 0xffff_ffff;
    let h = ((h ^ (h >> 13)) * 1_274_126_177) & 0xffff_ffff;
    (h ^ (h >> 16)) & 255
}

/// What was got, the truth and the hole of pair `k`: `pair` of the script.
fn pair(k: u64) -> (Image, Image, Vec<bool>) {
    let (mut got, mut truth, mut hole) = (Vec::new(), Vec::new(), Vec::new());
    for y in 0..SIZE.height as u64 {
        for x in 0..SIZE.width as u64 {
            let reach = 9 + k / 2;
            let inside = x.abs_diff(32).pow(2) + y.abs_diff(34).pow(2) < reach * reach;
            hole.push(inside);
            for c in 0..3 {
                let wave = (2 * x * (1 + c % 2) + y * (1 + k % 4)) % 128;
                let true_value = 64 + wave + (noise(k, x, y, c) >> 4);
                let step = (k % 7) as i64 * (((x / 8 + y / 8 + k) % 3) as i64 - 1);
                let moved = true_value as i64 + step + (noise(k + 100, x, y, c) >> 6) as i64;
                let covered = ((true_value + 3 * (90 + 5 * k)) / 4) as i64;
                truth.push(true_value.min(255) as u8);
                got.push(if inside { covered } else { moved }.clamp(0, 255) as u8);
            }
        }
    }
    let image = |rgb: &[u8]| Image::from_rgb8(SIZE, rgb).unwrap();
    (image(&got), image(&truth), hole)
}

#[test]
fn ssim_psnr_and_l1_agree_with_scikit_image() {
    for (k, values) in values().iter().enumerate() {
        let (got, truth, hole) = pair(k as u64);
        let scores = likeness(&got, &truth, &hole).unwrap();
        for metric in &Metric::ALL[..6] {
            let (ours, theirs) = (scores[metric], values[metric.key()]);
            assert!((ours - theirs).abs() < CLOSE, "pair {k}: {metric:?} {ours} {theirs}");
        }
    }
}

#[test]
fn perceptual_distances_agree_with_lpips() {
    let Ok(library) = library::library() else {
        return eprintln!("skipped: ONNX Runtime is not installed");
    };
    let engine = Engine::start(&library, Device::Cpu, 1).unwrap();
    let (mut learned, missing) = Learned::open(&Registry::from_env().unwrap(), &engine).unwrap();
    if !missing.is_empty() {
        eprintln!("skipped for {}: 'make metrics' installs them", missing.join(", "));
    }
    for (k, values) in values().iter().enumerate() {
        let (got, truth, _) = pair(k as u64);
        for (metric, ours) in learned.distances(&got, &truth).unwrap() {
            let theirs = values[metric.key()];
            assert!((ours - theirs).abs() < CLOSE, "pair {k}: {metric:?} {ours} {theirs}");
        }
    }
}
