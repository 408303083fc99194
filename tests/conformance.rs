//! The conformance table: clips of every kind go through the whole program, and ffprobe, not our
//! own code, holds each output against its input. `cargo nextest run conformance` prints it with
//! `--no-capture`.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(clippy::print_stdout, reason = "the table is what this is for")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{folder, mask2face, outcome};

/// Plain H.264, as ffmpeg's options; `keyint` is short, so that several groups are there.
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12";
const PICTURE: &str = "-f lavfi -i testsrc2=size=160x120:rate=30:duration=0.8";
const SOUND: &str = "-f lavfi -i sine=440:d=0.8:r=48000";

fn ffmpeg(folder: &Path, arguments: &str, output: &str) {
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(output)
        .current_dir(folder)
        .output()
        .expect("ffmpeg is missing; 'make setup' installs it");
    assert!(done.status.success(), "{output}: {}", String::from_utf8_lossy(&done.stderr));
}

fn ffprobe(path: &Path, more: &[&str]) -> Value {
    let done = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams", "-show_format", "-show_chapters"])
        .args(more)
        .arg(path)
        .output()
        .unwrap();
    serde_json::from_slice(&done.stdout).unwrap()
}

/// All there is to know of a file.
struct Facts {
    all: Value,
    frame: Value,
}

impl Facts {
    fn of(path: &Path) -> Self {
        let all = ffprobe(path, &["-show_packets", "-show_data_hash", "sha256"]);
        let first = ["-select_streams", "v:0", "-show_frames", "-read_intervals", "%+#1"];
        let frame = ffprobe(path, &first)["frames"][0].clone();
        Self { all, frame }
    }

    fn streams(&self, kind: &str) -> Vec<&Value> {
        let streams = self.all["streams"].as_array().unwrap().iter();
        streams.filter(|stream| stream["codec_type"] == kind).collect()
    }

    fn packets(&self, stream: &Value) -> Vec<&Value> {
        let packets = self.all["packets"].as_array().unwrap().iter();
        packets.filter(|packet| packet["stream_index"] == stream["index"]).collect()
    }

    /// When packets that are shown are shown, in seconds, sorted.
    fn times(&self, stream: &Value) -> Vec<f64> {
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

fn seconds(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// What a row is allowed to change.
#[derive(Clone, Copy, Default)]
struct Allowed {
    /// Upright, so width and height may swap.
    turned: bool,
    /// Written as 4:4:4 or made progressive.
    format: bool,
}

/// What differs between an input and its output, sentence by sentence; empty is a pass.
fn differences(before: &Facts, after: &Facts, allowed: Allowed) -> Vec<String> {
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
        compare("avg_frame_rate", &a["avg_frame_rate"], &b["avg_frame_rate"]);
    }
    compare("grading", &before.grading().into(), &after.grading().into());
    compare("language", &a["tags"]["language"], &b["tags"]["language"]);
    for tag in ["title", "artist", "creation_time"] {
        compare(tag, &before.all["format"]["tags"][tag], &after.all["format"]["tags"][tag]);
    }
    found.extend(moved(&before.times(a), &after.times(b)));
    if before.chapters() != after.chapters() {
        found.push(format!("chapters: {:?} -> {:?}", before.chapters(), after.chapters()));
    }
    let apart =
        seconds(&before.all["format"]["duration"]) - seconds(&after.all["format"]["duration"]);
    if apart.abs() > 0.0015 {
        found.push(format!("duration: {apart:.4} s apart"));
    }
    for kind in ["audio", "subtitle"] {
        found.extend(others(before, after, kind));
    }
    found
}

/// Sound or subtitles: the same bytes at the same times, with the same names.
fn others(before: &Facts, after: &Facts, kind: &str) -> Vec<String> {
    let (a, b) = (before.streams(kind), after.streams(kind));
    if a.len() != b.len() {
        return vec![format!("{kind}: {} tracks -> {}", a.len(), b.len())];
    }
    let mut found = Vec::new();
    for (n, (a, b)) in a.into_iter().zip(b).enumerate() {
        for field in ["codec_name", "disposition", "sample_rate"] {
            if a[field] != b[field] {
                found.push(format!("{kind} {n} {field}: {} -> {}", a[field], b[field]));
            }
        }
        for tag in ["language", "title"] {
            if a["tags"][tag] != b["tags"][tag] {
                found.push(format!("{kind} {n} {tag}"));
            }
        }
        if before.bytes(a) != after.bytes(b) {
            found.push(format!("{kind} {n}: bytes differ"));
        }
        found.extend(moved(&before.times(a), &after.times(b)));
    }
    found
}

fn moved(a: &[f64], b: &[f64]) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("{} shown -> {}", a.len(), b.len()));
    }
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    (worst > 0.001).then(|| format!("{:.1} ms off", worst * 1e3))
}

/// Makes the clip, sends it through the program and prints its row.
fn row(folder: &Path, name: &str, arguments: &str, allowed: Allowed) {
    ffmpeg(folder, arguments, name);
    let output = format!("out-{name}");
    let run = mask2face(folder, &["run", name, "-o", &output, "--quiet", "--speed", "fastest"]);
    let (code, said) = outcome(&run);
    assert_eq!(code, 0, "{name}: {said}");
    let (before, after) = (Facts::of(&folder.join(name)), Facts::of(&folder.join(&output)));
    let found = differences(&before, &after, allowed);
    let frames = after.times(after.streams("video")[0]).len();
    let verdict = if found.is_empty() { "as it was".to_owned() } else { found.join("; ") };
    println!("| {name} | {frames} frames | {verdict} |");
    assert!(found.is_empty(), "{name}: {found:#?}");
}

fn same(folder: &Path, name: &str, arguments: &str) {
    row(folder, name, arguments, Allowed::default());
}

#[test]
fn conformance_of_sound_subtitles_and_tags() {
    let folder = folder();
    let folder = folder.path();
    std::fs::write(folder.join("s.srt"), "1\n00:00:00,100 --> 00:00:00,400\nA <b>b</b> & c\n\n2\n00:00:00,500 --> 00:00:00,700\nZwei\n").unwrap();
    std::fs::write(
        folder.join("chapters"),
        ";FFMETADATA1\ntitle=Old ferry\nartist=Somebody\ncreation_time=2020-05-04T03:02:01.000000Z\n\
         [CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=300\ntitle=Start\n\
         [CHAPTER]\nTIMEBASE=1/1000\nSTART=300\nEND=800\ntitle=Rest\n",
    )
    .unwrap();
    let three = format!(
        "{PICTURE} {SOUND} -f lavfi -i sine=880:d=0.8:r=44100 -f lavfi -i sine=660:d=0.8 -map 0 -map 1 \
         -map 2 -map 3 {H264} -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu \
         -metadata:s:a:1 title=Kommentar -metadata:s:a:2 language=fra"
    );
    same(folder, "three.mp4", &format!("{three} -c:a aac"));
    same(folder, "three.mov", &format!("{three} -c:a:0 pcm_s16le -c:a:1 aac -c:a:2 alac"));
    same(
        folder,
        "three.mkv",
        &format!(
            "{three} -c:a:0 aac -c:a:1 libopus -c:a:2 flac -disposition:a:1 default -disposition:a:0 0"
        ),
    );
    let texts = format!(
        "{PICTURE} {SOUND} -i s.srt -i s.srt -i chapters -map 0 -map 1 -map 2 -map 3 -map_metadata 4 {H264} -c:a aac -metadata:s:s:0 language=deu -metadata:s:v language=fra"
    );
    same(folder, "texts.mp4", &format!("{texts} -c:s mov_text"));
    same(folder, "texts.mkv", &format!("{texts} -c:s:0 srt -c:s:1 ass"));
    same(folder, "silent.mp4", &format!("{PICTURE} {H264}"));
    same(
        folder,
        "sound-longer.mp4",
        &format!("{PICTURE} -f lavfi -i sine=440:d=2:r=48000 {H264} -c:a aac"),
    );
}

#[test]
fn conformance_of_timing() {
    let folder = folder();
    let folder = folder.path();
    same(folder, "b-frames.mp4", &format!("{PICTURE} {SOUND} {H264} -bf 3 -b_strategy 0 -c:a aac"));
    same(
        folder,
        "open-gop.mkv",
        &format!(
            "{PICTURE} {SOUND} {H264} -x264-params open-gop=1:bframes=3:keyint=8:min-keyint=8 -c:a aac"
        ),
    );
    ffmpeg(folder, &format!("{PICTURE} {SOUND} {H264} -g 24 -c:a aac"), "whole.mp4");
    same(folder, "edit-list.mp4", "-ss 0.3 -i whole.mp4 -c copy");
    let vary =
        "-vf select='not(eq(mod(n\\,5)\\,2))',setpts='PTS+mod(N\\,2)*0.007/TB' -fps_mode vfr";
    same(
        folder,
        "vfr.mp4",
        &format!("{PICTURE} {SOUND} {H264} {vary} -video_track_timescale 90000 -c:a aac"),
    );
    same(folder, "vfr.mkv", &format!("{PICTURE} {SOUND} {H264} {vary} -c:a aac"));
    for (name, rate) in [("23.976.mp4", "24000/1001"), ("59.94.mp4", "60000/1001")] {
        let picture = format!("-f lavfi -i testsrc2=size=160x120:rate={rate}:duration=0.8");
        same(folder, name, &format!("{picture} {SOUND} {H264} -c:a aac"));
    }
    same(folder, "one-frame.mp4", &format!("{PICTURE} -frames:v 1 {H264}"));
}

#[test]
fn conformance_of_the_picture() {
    let folder = folder();
    let folder = folder.path();
    ffmpeg(folder, &format!("{PICTURE} {SOUND} {H264} -c:a aac"), "flat.mp4");
    for degrees in [90, 180, 270] {
        let turned = Allowed { turned: true, ..Allowed::default() };
        let arguments = format!("-i flat.mp4 -c copy -metadata:s:v rotate={degrees}");
        row(folder, &format!("rotated-{degrees}.mp4"), &arguments, turned);
    }
    for matrix in ["bt709", "smpte170m"] {
        let tags = format!(
            "-color_primaries {matrix} -color_trc {matrix} -colorspace {matrix} -color_range tv"
        );
        same(folder, &format!("{matrix}.mp4"), &format!("{PICTURE} {H264} {tags}"));
    }
    let full = "-vf scale=out_range=pc,format=yuvj420p -c:v libx264 -preset ultrafast -color_range pc \
                -colorspace bt709 -color_primaries bt709 -color_trc bt709";
    same(folder, "full-range.mp4", &format!("{PICTURE} {full}"));
    let hdr = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 \
               -colorspace bt2020nc -color_range tv -tag:v hvc1 -x265-params log-level=error:hdr10=1:repeat-headers=1:\
               colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:\
               master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)";
    same(folder, "bt2020-pq.mp4", &format!("{PICTURE} {hdr}"));
    same(folder, "bt2020-pq.mkv", &format!("{PICTURE} {hdr}"));
    same(
        folder,
        "aspect.mp4",
        &format!(
            "{PICTURE} -vf setsar=4/3 {H264} -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv"
        ),
    );
    same(
        folder,
        "ten-bit.mp4",
        &format!(
            "{PICTURE} -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv"
        ),
    );
    let format = Allowed { format: true, ..Allowed::default() };
    let odd = "-vf scale=641:359,setsar=1 -c:v ffv1 -pix_fmt yuv420p -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv";
    row(folder, "641x359.mkv", &format!("{PICTURE} {odd}"), format);
    let lines = "-f lavfi -i testsrc2=size=160x120:rate=60:duration=0.8 -vf interlace -flags +ilme+ildct -x264-params tff=1";
    row(folder, "interlaced.mp4", &format!("{lines} {H264}"), format);
    let output = ffprobe(&folder.join("out-interlaced.mp4"), &[]);
    assert_eq!(output["streams"][0]["field_order"], "progressive");
    let run =
        mask2face(folder, &["run", "interlaced.mp4", "-o", "x.mp4", "--deinterlace", "refuse"]);
    let (code, said) = outcome(&run);
    assert_eq!(code, 1);
    assert!(said.contains("the picture is interlaced; use --deinterlace auto"), "{said}");
}

#[test]
fn conformance_of_no_picture() {
    let folder = folder();
    ffmpeg(folder.path(), &format!("{SOUND} -c:a aac"), "no-frames.mp4");
    let run = mask2face(folder.path(), &["run", "no-frames.mp4"]);
    let (code, said) = outcome(&run);
    println!("| no-frames.mp4 | 0 frames | refused: {} |", said.trim());
    assert_eq!(code, 1);
    assert!(said.contains("there is no picture in it"), "{said}");
}

#[test]
fn conformance_of_provenance() {
    let folder = folder();
    let folder = folder.path();
    ffmpeg(folder, &format!("{PICTURE} {H264}"), "in.mp4");
    let source = b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
    for output in ["out.mp4", "out.mov", "out.mkv", "labelled.mkv"] {
        // an MP4 made into a Matroska file bears the comment alone
        let uri = output != "out.mkv" && output != "labelled.mkv";
        let mut arguments = vec!["run", "in.mp4", "-o", output, "--quiet"];
        arguments.extend(output.starts_with("label").then_some("--label"));
        assert_eq!(outcome(&mask2face(folder, &arguments)).0, 0);
        let bytes = std::fs::read(folder.join(output)).unwrap();
        assert_eq!(bytes.windows(source.len()).any(|w| w == source), uri, "{output}");
        let tags = &ffprobe(&folder.join(output), &[])["format"]["tags"];
        let text = tags.as_object().unwrap().values().any(|tag| {
            tag.as_str().is_some_and(|tag| tag.starts_with("AI-reconstructed faces: mask2face"))
        });
        assert!(text, "{output}: {tags}");
    }
    let refused = mask2face(folder, &["run", "in.mp4", "-o", "x.mp4", "--no-tag"]);
    let (code, said) = outcome(&refused);
    assert!(code == 2 && said.contains("--i-know"), "{code}: {said}");
    let bare = mask2face(folder, &["run", "in.mp4", "-o", "x.mp4", "--no-tag", "--i-know"]);
    assert_eq!(outcome(&bare).0, 0);
    let bytes = std::fs::read(folder.join("x.mp4")).unwrap();
    assert!(!bytes.windows(9).any(|w| w == b"mask2face"));
}

/// Measured by hand: `cargo nextest run --run-ignored only an_hour`.
#[test]
#[ignore = "an hour of black, a frame a second, takes a while"]
fn conformance_of_an_hour_of_black() {
    let folder = folder();
    let black = "-f lavfi -i color=black:size=160x120:rate=1:duration=3600";
    same(
        folder.path(),
        "hour.mp4",
        &format!("{black} -f lavfi -i anullsrc=d=3600 {H264} -c:a aac"),
    );
}
