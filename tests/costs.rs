//! `bench`: an input of its own making, and what is told of it.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::path::Path;
use std::process::Output;

use mask2face::onnx::library;
use mask2face::onnx::registry::Places;
use tempfile::TempDir;

/// A folder to work in, where what the clips are made of is at hand.
fn place() -> Option<TempDir> {
    let portrait = Places::from_env().cache.join("demo/astronaut.png");
    let ready = portrait.is_file() && library::library().is_ok();
    if !ready {
        eprintln!("skipped: no portrait or no ONNX Runtime here, 'make setup' fetches them");
    }
    ready.then(support::folder)
}

/// Runs the program with `args` in `dir`.
fn run(dir: &Path, args: &str) -> Output {
    let args: Vec<&str> = args.split(' ').collect();
    let output = support::mask2face(dir, &args);
    assert_eq!(output.status.code(), Some(0), "{}", support::outcome(&output).1);
    output
}

#[test]
fn an_input_is_made_and_measured_beside_its_plain_transcode() {
    let Some(dir) = place() else { return };
    let run = |args: &str| run(dir.path(), args);
    run("bench --synthetic --size 480x270 --masked 2 --rate 10 --seconds 1 --keep made.mp4");
    let told = run("bench made.mp4 --rounds 1 --threads 16 --json --plot plot.png");
    let bench: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(bench["frames"], 10);
    assert!(bench["faces"].as_u64().unwrap() >= 16, "{bench}");
    assert!(bench["painted"].as_u64().unwrap() >= 16, "{bench}");
    let number = |path: &str| bench.pointer(path).and_then(serde_json::Value::as_f64).unwrap();
    let parts = number("/plain/cpu_s") + number("/networks_cpu_s");
    assert!((number("/bound_s") * number("/cores") - parts).abs() < 1e-9);
    assert!(number("/networks_cpu_s") > 0.0 && number("/job/cpu_s") > 0.0);
    let light = bench["networks"].as_array().unwrap().iter().find(|n| n["threads"] == 2).unwrap();
    let served = light["items"].as_u64().unwrap() + bench["reused"].as_u64().unwrap();
    assert!(served >= bench["painted"].as_u64().unwrap(), "{bench}");
    assert!(number("/peak_memory_mb") > 20.0 && number("/first_frame_s") > 0.0);
    let stages: Vec<_> = bench["stages"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(stages, ["source", "detect", "paint", "lay", "sink"]);
    assert!(std::fs::read(dir.path().join("plot.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_frame_that_is_shown_again_is_not_painted_again() {
    let Some(dir) = place() else { return };
    let run = |args: &str| run(dir.path(), args);
    run("bench --synthetic --size 480x270 --rate 1 --seconds 3 --keep slides.mp4");
    let slides = dir.path().join("slides.mp4");
    let text = format!(
        "filesrc location={} ! decodebin ! videorate ! video/x-raw,framerate=20/1 \
         ! x264enc pass=quant quantizer=0 ! mp4mux ! filesink location={{out}}",
        slides.display()
    );
    support::make(&dir.path().join("slow.mp4"), &text);
    let report = support::report(&run("run slow.mp4 --json"));
    let frames = report["stats"]["frames_out"].as_u64().unwrap();
    let painted = report["stats"]["painted"].as_u64().unwrap();
    let networks = report["times"]["networks"].as_array().unwrap();
    let light = networks.iter().find(|n| n["network"] == "light").unwrap();
    let items = light["items"].as_u64().unwrap();
    assert!(frames >= 40 && painted > frames - 3, "{painted} of {frames} were painted");
    // A slide is painted while its faces come to rest.
    assert!(items < frames / 2, "the network painted {items} of {frames} frames");
}

#[test]
fn growth_is_measured_with_faces_pixels_files_and_time() {
    let Some(dir) = place() else { return };
    let told = run(dir.path(), "bench --growth growth.png --seconds 1 --rate 2 --json");
    let growth: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let last = |axis: &str| growth[axis].as_array().unwrap().last().unwrap()["of"].as_f64();
    let axes = ["faces", "frame_megapixels", "face_kilopixels", "streams", "seconds"];
    assert_eq!(axes.map(last), [32.0, 8.2944, 562.5, 8.0, 60.0].map(Some));
    for step in axes.iter().flat_map(|axis| growth[axis].as_array().unwrap()) {
        let number = |name: &str| step[name].as_f64().unwrap();
        assert!(number("job_ms") > number("plain_ms") && number("plain_ms") > 0.0, "{step}");
        assert!(number("memory_mb") > 20.0, "{step}");
    }
    assert!(std::fs::read(dir.path().join("growth.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn bad_input_is_told_in_one_line() {
    let dir = support::folder();
    let outcome = |args: &[&str]| support::outcome(&support::mask2face(dir.path(), args));
    let (code, told) = outcome(&["bench", "absent.mp4"]);
    assert_eq!((code, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("absent.mp4"), "{told}");
    let (code, told) = outcome(&["bench", "--size", "641x480"]);
    assert!(code == 2 && told.contains("two even numbers"), "{told}");
    std::fs::write(dir.path().join("there.mp4"), "x").unwrap();
    let (code, told) = outcome(&["bench", "--synthetic", "--keep", "there.mp4"]);
    assert!(code == 1 && told.contains("exists already"), "{told}");
}
