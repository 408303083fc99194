//! What ffprobe, which is none of ours, says of an input and its output, and how they differ.

#![allow(clippy::print_stdout, reason = "a table of clips is what this is for")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{mask2face, outcome};

/// Plain H.264, as ffmpeg's options; `keyint` is short, so that several groups are there.
pub const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12";
pub const PICTURE: &str = "-f lavfi -i testsrc2=size=160x120:rate=30:duration=0.8";
pub const SOUND: &str = "-f lavfi -i sine=440:d=0.8:r=48000";

pub fn ffmpeg(folder: &Path, arguments: &str, output: &str) {
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(output)
        .current_dir(folder)
        .output()
        .expect("ffmpeg is missing; 'make setup' installs it");
    assert!(done.status.success(), "{output}: {}", String::from_utf8_lossy(&done.stderr));
}

pub fn ffprobe(path: &Path, more: &[&str]) -> Value {
    let done = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams", "-show_format", "-show_chapters"])
        .args(more)
        .arg(path)
        .output()
        .unwrap();
    serde_json::from_slice(&done.stdout).unwrap()
}

/// All there is to know of a file.
pub struct Facts {
    path: PathBuf,
    all: Value,
    frame: Value,
}

impl Facts {
    pub fn of(path: &Path) -> Self {
        let all = ffprobe(path, &["-show_packets", "-show_data_hash", "sha256"]);
        let first = ["-select_streams", "v:0", "-show_frames", "-read_intervals", "%+#1"];
        let frame = ffprobe(path, &first)["frames"][0].clone();
        Self { path: path.to_owned(), all, frame }
    }

    pub fn streams(&self, kind: &str) -> Vec<&Value> {
        let streams = self.all["streams"].as_array().unwrap().iter();
        streams.filter(|stream| stream["codec_type"] == kind).collect()
    }

    fn packets(&self, stream: &Value) -> Vec<&Value> {
        let packets = self.all["packets"].as_array().unwrap().iter();
        packets.filter(|packet| packet["stream_index"] == stream["index"]).collect()
    }

    /// When packets that are shown are shown, in seconds, sorted.
    pub fn times(&self, stream: &Value) -> Vec<f64> {
        let shown = self.packets(stream).into_iter();
        let shown = shown.filter(|packet| !packet["flags"].as_str().unwrap().contains('D'));
        let mut times: Vec<f64> = shown.map(|packet| seconds(&packet["pts_time"])).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    /// Sizes and hashes.
    fn bytes(&self, stream: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let packets = self.packets(stream).into_iter();
        packets.map(|packet| (text(&packet["size"]), text(&packet["data_hash"]))).collect()
    }

    /// Sizes and hashes of the packets that are heard.
    fn heard(&self, stream: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let packets = self.packets(stream).into_iter().filter(|packet| is_heard(packet));
        packets.map(|packet| (text(&packet["size"]), text(&packet["data_hash"]))).collect()
    }

    fn heard_at(&self, stream: &Value) -> Vec<f64> {
        let packets = self.packets(stream).into_iter().filter(|packet| is_heard(packet));
        packets.map(|packet| seconds(&packet["pts_time"])).collect()
    }

    /// How much later the first track of sound is heard than the first picture is shown, in
    /// seconds: the last unit tells, as nothing of it is hidden.
    fn offset(&self) -> Option<f64> {
        let sound = self.heard_at(self.streams("audio").first()?);
        Some(sound.last()? - self.times(self.streams("video")[0]).first()?)
    }

    /// The text of a track of subtitles with its times, in milliseconds.
    fn text(&self, nth: usize) -> String {
        let done = Command::new("ffmpeg")
            // else a file's first unit of sound, which lies before time zero, moves all
            .args(["-v", "error", "-copyts", "-i"])
            .arg(&self.path)
            .args(["-map", &format!("0:s:{nth}"), "-f", "srt", "-"])
            .output()
            .unwrap();
        // the muxer's own font is no text
        let text = String::from_utf8_lossy(&done.stdout).replace("</font>", "");
        text.replace("<font face=\"Serif\" size=\"6\">", "")
    }

    /// A tag of the whole, however its name is spelled.
    fn tag(&self, name: &str) -> Value {
        let tags = self.all["format"]["tags"].as_object().cloned().unwrap_or_default();
        let found = tags.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or(Value::Null, |(_, text)| text)
    }

    fn chapters(&self) -> Vec<(Value, Value, Value)> {
        let chapters = self.all["chapters"].as_array().unwrap().iter();
        let parts = |c: &Value| {
            (c["start_time"].clone(), c["end_time"].clone(), c["tags"]["title"].clone())
        };
        chapters.map(parts).collect()
    }

    /// Metadata of the display for which the first frame was graded.
    fn grading(&self) -> Vec<Value> {
        let data = self.frame["side_data_list"].as_array().cloned().unwrap_or_default();
        let kept = |data: &Value| {
            let kind = data["side_data_type"].as_str().unwrap_or_default();
            kind.starts_with("Mastering") || kind.starts_with("Content light")
        };
        data.into_iter().filter(kept).collect()
    }
}

/// Whether a packet is not one of those that decoders only swing in with.
fn is_heard(packet: &Value) -> bool {
    let lasts = packet["duration_time"].as_str().map_or(0.0, |text| text.parse().unwrap());
    !packet["flags"].as_str().unwrap().contains('D') && seconds(&packet["pts_time"]) + lasts > 0.002
}

fn seconds(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// What a row is allowed to change.
#[derive(Clone, Copy, Default)]
pub struct Allowed {
    /// Upright, so width and height may swap.
    pub turned: bool,
    /// Written as 4:4:4 or made progressive.
    pub format: bool,
    /// Another container: ticks of a millisecond, tags in capitals, what an edit list hides is
    /// gone or told otherwise, plain text in its place of subtitles.
    pub kind: bool,
}

/// What differs between an input and its output, sentence by sentence; empty is a pass.
pub fn differences(before: &Facts, after: &Facts, allowed: Allowed) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, a: &Value, b: &Value| {
        if a != b {
            found.push(format!("{what}: {a} -> {b}"));
        }
    };
    let (a, b) = (before.streams("video")[0], after.streams("video")[0]);
    for field in ["color_range", "color_space", "color_transfer", "color_primaries"] {
        compare(field, &a[field], &b[field]);
    }
    compare("sample_aspect_ratio", &a["sample_aspect_ratio"], &b["sample_aspect_ratio"]);
    if !allowed.turned {
        compare("width", &a["width"], &b["width"]);
        compare("height", &a["height"], &b["height"]);
    }
    if !allowed.format {
        compare("pix_fmt", &a["pix_fmt"], &b["pix_fmt"]);
    }
    if !allowed.format && !allowed.kind {
        compare("avg_frame_rate", &a["avg_frame_rate"], &b["avg_frame_rate"]);
    }
    compare("grading", &before.grading().into(), &after.grading().into());
    compare("language", &said(a, "language"), &said(b, "language"));
    for tag in ["title", "artist", "creation_time"] {
        compare(tag, &before.tag(tag), &after.tag(tag));
    }
    found.extend(moved(&before.times(a), &after.times(b)));
    let chapters = |of: &Facts| -> Vec<_> {
        // the last one's end is the file's own in MPEG-4
        of.chapters().into_iter().map(|(start, _, title)| (start, title)).collect()
    };
    let same = chapters(before) == chapters(after);
    if !same || !allowed.kind && before.chapters() != after.chapters() {
        found.push(format!("chapters: {:?} -> {:?}", before.chapters(), after.chapters()));
    }
    let apart =
        seconds(&before.all["format"]["duration"]) - seconds(&after.all["format"]["duration"]);
    if apart.abs() > if allowed.kind { 0.0025 } else { 0.0015 } {
        found.push(format!("duration: {apart:.4} s apart"));
    }
    for kind in ["audio", "subtitle"] {
        found.extend(others(before, after, (kind, allowed.kind)));
    }
    found
}

/// Sound or subtitles: the same bytes at the same times, with the same names.
fn others(before: &Facts, after: &Facts, (kind, other): (&str, bool)) -> Vec<String> {
    let (a, b) = (before.streams(kind), after.streams(kind));
    if a.len() != b.len() {
        return vec![format!("{kind}: {} tracks -> {}", a.len(), b.len())];
    }
    let mut found = Vec::new();
    for (n, (a, b)) in a.into_iter().zip(b).enumerate() {
        for field in ["codec_name", "disposition", "sample_rate"] {
            // MPEG-4 knows one coding of subtitles, and its players play no sound but what is default
            let other = match field {
                "codec_name" => other && kind == "subtitle",
                _ => other && n == 0 && field == "disposition" && a[field]["default"] == 0,
            };
            if a[field] != b[field] && !other {
                found.push(format!("{kind} {n} {field}: {} -> {}", a[field], b[field]));
            }
        }
        for tag in ["language", "title"] {
            let [a, b] = [said(a, tag), said(b, tag)];
            // FFmpeg 5.1 reads no titles of tracks in MPEG-4
            if a != b && !(other && tag == "title" && (a.is_null() || b.is_null())) {
                found.push(format!("{kind} {n} {tag}: {a} -> {b}"));
            }
        }
        let same = match (kind, other) {
            ("subtitle", true) => before.text(n) == after.text(n),
            (_, true) => before.heard(a) == after.heard(b),
            _ => before.bytes(a) == after.bytes(b),
        };
        if !same {
            let texts = [before, after].map(|facts| facts.text(n)).join(" -> ");
            found.push(format!("{kind} {n}: bytes differ {texts}"));
        }
        found.extend(match (kind, other) {
            ("subtitle", true) => None, // what its text says holds the times too
            (_, true) => moved(&before.heard_at(a), &after.heard_at(b)),
            _ => moved(&before.times(a), &after.times(b)),
        });
    }
    found
}

/// A tag of a track; a language that is not told is undetermined, which ffprobe says of MPEG-4 alone.
fn said(stream: &Value, tag: &str) -> Value {
    let unsaid = if tag == "language" { "und".into() } else { Value::Null };
    match stream["tags"].get(tag).and_then(Value::as_str) {
        // two codes for one language
        Some("fre") => "fra".into(),
        Some("ger") => "deu".into(),
        Some(said) => said.into(),
        None => unsaid,
    }
}

fn moved(a: &[f64], b: &[f64]) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("{} shown -> {}", a.len(), b.len()));
    }
    let worst = farthest(a, b);
    (worst > 0.001).then(|| format!("{:.1} ms off", worst * 1e3))
}

/// The largest distance of two times, in seconds.
fn farthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Prints the table's head; every test of it prints its own.
pub fn head() {
    println!(
        "| clip | frames | moved | sound against picture | tracks of sound, text | verdict | without loss |"
    );
    println!("|---|---|---|---|---|---|---|");
}

/// Makes the clip, sends it through the program, once more without loss, and prints its row.
pub fn row(folder: &Path, name: &str, arguments: &str, allowed: Allowed) {
    ffmpeg(folder, arguments, name);
    let line = held(folder, (name, &format!("out-{name}")), allowed);
    println!("{line} {} |", lossless(folder, name));
}

/// Makes the clip, sends it through the program and prints its row.
pub fn plain_row(folder: &Path, (name, output): (&str, &str), allowed: Allowed) {
    println!("{}", held(folder, (name, output), allowed));
}

/// Sends a clip through the program and gives its row.
fn held(folder: &Path, (name, output): (&str, &str), allowed: Allowed) -> String {
    let run = mask2face(folder, &["run", name, "-o", output, "--quiet", "--speed", "fastest"]);
    let (code, said) = outcome(&run);
    assert_eq!(code, 0, "{name}: {said}");
    let (before, after) = (Facts::of(&folder.join(name)), Facts::of(&folder.join(output)));
    let found = differences(&before, &after, allowed);
    let pictures = [&before, &after].map(|facts| facts.times(facts.streams("video")[0]));
    let tracks = ["audio", "subtitle"].map(|kind| after.streams(kind).len().to_string());
    let verdict = if found.is_empty() { "as it was".to_owned() } else { found.join("; ") };
    let shown = if allowed.kind { format!("{name} to {output}") } else { name.to_owned() };
    let apart = before.offset().zip(after.offset()).map(|(a, b)| (b - a) * 1e3);
    if let Some(apart) = apart {
        assert!(apart.abs() <= 1.0, "{shown}: sound against picture: {apart:.2} ms");
    }
    assert!(found.is_empty(), "{shown}: {found:#?}");
    format!(
        "| {shown} | {} | {:.2} ms | {} | {} | {verdict} |",
        pictures[1].len(),
        farthest(&pictures[0], &pictures[1]) * 1e3,
        apart.map_or("no sound".to_owned(), |ms| format!("{ms:+.2} ms")),
        tracks.join(", "),
    )
}

pub fn same(folder: &Path, name: &str, arguments: &str) {
    row(folder, name, arguments, Allowed::default());
}

/// The clip has no face, so every sample of every frame has to come back.
fn lossless(folder: &Path, name: &str) -> String {
    let output = format!("lossless-{name}");
    let wish = ["--quality", "lossless", "--speed", "fastest", "--deinterlace", "off"];
    let run = mask2face(folder, &[&["run", name, "-o", &output, "--quiet"], &wish[..]].concat());
    let (code, said) = outcome(&run);
    assert_eq!(code, 0, "{name}: {said}");
    let format = ffprobe(&folder.join(name), &[])["streams"][0]["pix_fmt"].clone();
    let samples = |file: &str| -> Vec<String> {
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-i", file, "-map", "0:v:0", "-fps_mode", "passthrough"])
            // what had to be written with more colour than it has is asked for its own
            .args(["-sws_flags", "neighbor", "-pix_fmt", format.as_str().unwrap()])
            .args(["-f", "framemd5", "-"])
            .current_dir(folder)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
    };
    let (before, after) = (samples(name), samples(&output));
    let same = before.iter().zip(&after).filter(|(a, b)| a == b).count();
    assert!(!before.is_empty() && same == before.len() && same == after.len(), "{name}: {same}");
    format!("{same} of {} identical", before.len())
}
