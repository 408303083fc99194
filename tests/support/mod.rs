//! Clips that tests make for themselves, and the program to run on them.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod facts;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gstreamer as gst;
use gstreamer::prelude::*;
use mask2face::media::probe::{self, Contents, Kind, Track};

/// Raw frames that every encoder takes.
pub const SMALL: &str = "video/x-raw,format=I420,width=160,height=120,framerate=30/1";

/// A folder of a test's own, gone when it ends.
pub fn folder() -> tempfile::TempDir {
    mask2face::media::init().unwrap();
    tempfile::tempdir().unwrap()
}

/// Runs launch text to its end; `{out}` stands for `path`. `vary` drops and delays frames at
/// the element of that name, if there is one.
pub fn make(path: &Path, text: &str) {
    let text = text.replace("{out}", path.to_str().unwrap());
    let pipeline = gst::parse::launch(&text).unwrap().downcast::<gst::Pipeline>().unwrap();
    if let Some(vary) = pipeline.by_name("vary") {
        let mut n = 0u64;
        let count = std::sync::Mutex::new(move || {
            n += 1;
            n
        });
        vary.static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let n = (count.lock().unwrap())();
            let buffer = info.buffer_mut().unwrap().make_mut();
            let pts = buffer.pts().unwrap() + gst::ClockTime::from_mseconds(n % 2 * 7);
            buffer.set_pts(pts);
            if n % 5 == 2 { gst::PadProbeReturn::Drop } else { gst::PadProbeReturn::Ok }
        });
    }
    pipeline.set_state(gst::State::Playing).unwrap();
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends);
    pipeline.set_state(gst::State::Null).unwrap();
    let end = end.expect("a clip took too long");
    assert_eq!(end.type_(), gst::MessageType::Eos, "{text}: {end:?}");
}

/// Two seconds of H.264 with B-frames and AAC.
pub fn talking(path: &Path) {
    make(
        path,
        &format!(
            "videotestsrc num-buffers=60 ! {SMALL} ! x264enc bframes=3 ! mp4mux faststart=true name=m \
             ! filesink location={{out}} audiotestsrc num-buffers=86 ! avenc_aac ! m."
        ),
    );
}

/// The program with `args`, run in `folder`.
pub fn mask2face(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mask2face")).args(args).current_dir(folder).output().unwrap()
}

/// Exit code and stderr.
pub fn outcome(output: &Output) -> (i32, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().expect("ended by a signal"), said)
}

/// The JSON report on stdout, of a batch.
pub fn whole_report(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("stdout is no JSON")
}

/// What the JSON report on stdout says of the one file.
pub fn report(output: &Output) -> serde_json::Value {
    let mut report = whole_report(output);
    assert_eq!(report["files"].as_array().map(Vec::len), Some(1), "{report}");
    report["files"][0].take()
}

/// A file's streams.
pub fn contents(path: &Path) -> Contents {
    probe::contents(path, &[]).unwrap()
}

/// The one video track.
pub fn video(contents: &Contents) -> &Track {
    contents.of(Kind::Video).next().expect("no video track")
}

/// Names of what lies in a folder, hidden files too, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Turns the picture of an mp4 or mov file a quarter clockwise by its header alone.
pub fn rotate(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let tkhd = bytes.windows(4).position(|word| word == b"tkhd").unwrap() - 4;
    let matrix: [i32; 9] = [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x4000_0000];
    let matrix: Vec<u8> = matrix.iter().flat_map(|value| value.to_be_bytes()).collect();
    bytes[tkhd + 48..tkhd + 84].copy_from_slice(&matrix);
    std::fs::write(path, bytes).unwrap();
}

/// A file of `share` (0..1) of `path`'s bytes beside it.
pub fn cut_off(path: &Path, name: &str, share: f64) -> PathBuf {
    let bytes = std::fs::read(path).unwrap();
    let cut = path.with_file_name(name);
    std::fs::write(&cut, &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
    cut
}
