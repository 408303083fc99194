//! `evaluate`: pairs judged with a network whose answer is known, bad input, and a clip whose
//! masks were painted on.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::fs;
use std::path::Path;

use anyhow::Result;
use mask2face::eval::learned::Learned;
use mask2face::eval::metrics::Metric;
use mask2face::eval::{Contender, evaluate, pairs, sheet};
use mask2face::geometry::Size;
use mask2face::image::{Image, Layer, Matte, file};
use mask2face::onnx::library;
use mask2face::onnx::registry::Places;
use mask2face::unmask::Unmasker;

const SIZE: Size = Size::new(32, 32);

fn bare(n: usize) -> Image {
    let value = |i: usize| 0.4 + 0.2 * ((i * (n + 3)) as f32 * 0.05).sin();
    Image::from_planar(SIZE, (0..3 * 32 * 32).map(value).collect()).unwrap()
}

fn alpha() -> Matte {
    let lower = |i: usize| f32::from(u8::from(i / 32 >= 16));
    Matte::from_data(SIZE, (0..32 * 32).map(lower).collect()).unwrap()
}

/// Six pairs of three faces under white masks, two styles.
fn write_pairs(root: &Path) {
    for folder in ["inputs", "outputs", "alpha"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let mut table = "name,output,source,split,style\n".to_owned();
    let white = Image::from_planar(SIZE, vec![1.0; 3 * 32 * 32]).unwrap();
    for i in 0..6 {
        let (face, style) = (bare(i / 2), ["cloth-red", "n95"][i % 2]);
        let masked = Layer { pixels: white.clone(), alpha: alpha() }.over(&face);
        let path = |folder: &str, name: String| root.join(folder).join(name + ".png");
        fs::write(path("inputs", format!("p{i}")), file::png(&masked).unwrap()).unwrap();
        fs::write(path("alpha", format!("p{i}")), file::png_gray(&alpha()).unwrap()).unwrap();
        fs::write(path("outputs", format!("f{}", i / 2)), file::png(&face).unwrap()).unwrap();
        table.extend([format!("p{i},f{},x.jpg,test,{style}\n", i / 2)]);
    }
    fs::write(root.join("manifest.csv"), table).unwrap();
}

/// Paints mid gray where it sees white.
struct Gray;

impl Unmasker for Gray {
    fn crop_size(&self) -> Size {
        SIZE
    }

    fn unmask(&mut self, crops: &[Image]) -> Result<Vec<Layer>> {
        let layer = |crop: &Image| {
            let white = crop.channels()[0].iter().map(|&v| f32::from(u8::from(v > 0.99)));
            let alpha = Matte::from_data(SIZE, white.collect()).unwrap();
            Layer { pixels: Image::from_planar(SIZE, vec![0.4; 3 * 32 * 32]).unwrap(), alpha }
        };
        Ok(crops.iter().map(layer).collect())
    }
}

#[test]
fn a_known_network_gets_the_scores_that_it_deserves() {
    let dir = tempfile::tempdir().unwrap();
    write_pairs(dir.path());
    let pairs = pairs::read(dir.path(), "test").unwrap();
    let gray = Contender::Network { name: "gray".into(), unmasker: Box::new(Gray), fitted: false };
    let mut contenders = vec![Contender::Input, Contender::MeanSkin, gray];
    let report = evaluate(&pairs, &mut contenders, &mut Learned::default(), &|| ()).unwrap();
    let [input, _, gray] = &report.standings[..] else { panic!("three contenders") };
    assert_eq!((input.overall.pairs, gray.styles.len()), (6, 2));
    assert_eq!(gray.styles["cloth"].pairs, 3);
    assert!((gray.overall.mean[&Metric::AlphaIou] - 1.0).abs() < 1e-9);
    // A sine of amplitude .2 about .4: gray is off by .2 / sqrt(2), some 17 dB; white by .6.
    assert!((gray.overall.mean[&Metric::HolePsnr] - 17.0).abs() < 1.0, "{:?}", gray.overall);
    assert!((input.overall.mean[&Metric::HolePsnr] - 4.2).abs() < 0.5, "{:?}", input.overall);
    let half = gray.overall.mean[&Metric::HoleL1] / gray.overall.mean[&Metric::L1];
    assert!((half - 2.0).abs() < 1e-6, "the hole is half of the crop, the rest is untouched");
    let bare = gray.bare.unwrap();
    assert_eq!((bare.alpha, bare.painted, bare.psnr), (0.0, 0.0, 100.0));
    assert!(input.bare.is_none());
    assert_eq!(String::from_utf8(report.csv().unwrap()).unwrap().lines().count(), 7);
    assert!(sheet::png(&pairs, &mut contenders, &report).unwrap().len() > 1000);
}

#[test]
fn a_missing_picture_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write_pairs(dir.path());
    fs::remove_file(dir.path().join("outputs/f1.png")).unwrap();
    let pairs = pairs::read(dir.path(), "all").unwrap();
    let told = evaluate(&pairs, &mut [Contender::Input], &mut Learned::default(), &|| ());
    let told = format!("{:#}", told.unwrap_err());
    assert!(told.contains("outputs/f1.png: is missing"), "{told}");
}

#[test]
fn bad_input_is_told_in_one_line() {
    let dir = support::folder();
    let (code, told) = support::outcome(&support::mask2face(dir.path(), &["evaluate", "nowhere"]));
    assert_eq!((code, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("nowhere/manifest.csv: cannot be read; give a folder"), "{told}");
    for args in [&["evaluate"][..], &["evaluate", "--clip", "one.mp4"]] {
        let (code, told) = support::outcome(&support::mask2face(dir.path(), args));
        assert_eq!(code, 2, "{told}");
    }
    let absent = ["evaluate", "--clip", "a.mp4", "b.mp4"];
    let (code, told) = support::outcome(&support::mask2face(dir.path(), &absent));
    assert_eq!((code, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("a.mp4"), "{told}");
}

/// Eight frames of a portrait that stands still, bare and with a painted mask.
#[test]
fn a_clip_with_painted_masks_is_measured_over_time() {
    let portrait = Places::from_env().cache.join("demo/astronaut.png");
    if !portrait.is_file() || library::library().is_err() {
        return eprintln!(
            "skipped: no portrait or no ONNX Runtime here, 'make setup' fetches them"
        );
    }
    let dir = support::folder();
    let clean = dir.path().join("clean.mp4");
    support::make(
        &clean,
        &format!(
            "filesrc location={} ! pngdec ! videoconvert ! videoscale ! \
             video/x-raw,format=I420,width=320,height=320 ! imagefreeze num-buffers=8 ! \
             x264enc pass=quant quantizer=14 ! mp4mux ! filesink location={{out}}",
            portrait.display()
        ),
    );
    let paint = ["run", "clean.mp4", "-o", "masked.mp4", "--paint-mask", "surgical", "-q"];
    let (code, told) = support::outcome(&support::mask2face(dir.path(), &paint));
    assert_eq!(code, 0, "{told}");
    let args = ["evaluate", "--clip", "clean.mp4", "masked.mp4", "masked.mp4", "--quick", "--json"];
    let files = ["--plot", "plot.png", "--csv", "rows.csv"];
    let output = support::mask2face(dir.path(), &[&args[..], &files].concat());
    assert_eq!(output.status.code(), Some(0), "{}", support::outcome(&output).1);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["frames"], 8);
    let mean = |name: &str, metric: &str| {
        let standings = answer["standings"].as_array().unwrap();
        let of = standings.iter().find(|s| s["name"] == name).unwrap();
        of["overall"]["mean"][metric].as_f64().unwrap()
    };
    // What is played back is the masked clip itself, and the network does better than that.
    assert!((mean("masked.mp4", "hole_psnr") - mean("masked input", "hole_psnr")).abs() < 1e-9);
    assert!(mean("light", "hole_psnr") > mean("masked input", "hole_psnr") + 3.0, "{answer}");
    assert!(mean("clean clip", "flicker").abs() < 1e-9);
    assert!(mean("light", "warping_error") < 5.0, "{answer}");
    assert!(fs::read(dir.path().join("plot.png")).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(fs::read_to_string(dir.path().join("rows.csv")).unwrap().lines().count(), 9);
}
