//! Video files in, video files out: frames, times, sound and tags stay as they were.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use mask2face::image::xmp::{self, Mark};
use mask2face::media::encoding::{Codec, Pick, Rate, Speed};
use mask2face::media::probe::{Contents, Kind};
use mask2face::media::sink::Written;
use mask2face::media::source::Promise;
use mask2face::media::{
    Encoding, FileSink, FileSource, Frame, Launch, Plan, Source, StopSignal, Target, verify,
};
use mask2face::pipeline::{Pipeline, Round, Stage, Stats};
use support::{SMALL, contents, folder, make, names, talking, video};

fn plan(target: Target, input: &Path, promise: Promise) -> Plan {
    Plan {
        target,
        input: input.to_owned(),
        promise,
        encoding: Encoding::default(),
        mark: Some(Mark::new("AI-reconstructed faces: mask2face", xmp::TRAINED)),
        strict: false,
    }
}

/// Sends a file through source, threads and sink, without a look at its faces.
fn pass(input: &Path, output: &Path) -> (Promise, Written) {
    pass_as(input, output, Encoding::default()).unwrap()
}

/// The same with an encoding of one's own.
fn pass_as(input: &Path, output: &Path, encoding: Encoding) -> Result<(Promise, Written)> {
    let stop = StopSignal::default();
    let source = FileSource::open(input, &Launch::file(), stop.clone()).unwrap();
    let promise = source.promise();
    let target = Target::new(output, false).unwrap();
    let plan = Plan { encoding, ..plan(target, input, promise.clone()) };
    let sink = FileSink::create(plan, &Launch::file(), stop)?;
    let record = sink.record();
    let running = Pipeline::from_source(Box::new(source), Stats::default());
    running.into_sink(Box::new(sink)).unwrap().join()?;
    Ok((promise, record.take().unwrap()))
}

/// Sends a file through and holds the output against it.
fn survives(folder: &Path, input: &str, output: &str) -> (Promise, Written) {
    let (from, to) = (folder.join(input), folder.join(output));
    let (promise, written) = pass(&from, &to);
    let check = verify::verify(&from, &written).unwrap();
    assert!(check.breaches.is_empty(), "{input} -> {output}: {:?}", check.breaches);
    let (before, after) = (contents(&from), contents(&to));
    let (before_video, after_video) = (video(&before), video(&after));
    assert_eq!(before_video.units, after_video.units, "{input} -> {output}: frames");
    // AVI tells presentation times of keyframes only
    let told = before_video.times.len() == before_video.units;
    for (a, b) in before_video.times.iter().zip(&after_video.times).filter(|_| told) {
        assert!(a.abs_diff(*b) <= Duration::from_millis(1), "{input} -> {output}: {a:?} {b:?}");
    }
    let sound = |of: &Contents| -> Vec<_> {
        of.of(Kind::Audio).map(|t| (t.codec.clone(), t.units, t.sha256.clone())).collect()
    };
    assert_eq!(sound(&before), sound(&after), "{input} -> {output}: sound");
    (promise, written)
}

#[test]
fn b_frames_and_sound_survive_every_container() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    for output in ["out.mp4", "out.m4v", "out.mov", "out.mkv"] {
        let (_, written) = survives(folder.path(), "in.mp4", output);
        assert_eq!(written.times.len(), 60);
    }
}

#[test]
fn other_containers_are_read() {
    let folder = folder();
    let inputs = [
        ("in.mkv", "x264enc bframes=2 ! matroskamux", "vorbisenc"),
        ("in.webm", "vp8enc deadline=1 cpu-used=8 ! webmmux", "opusenc"),
        ("in.mov", "x264enc ! qtmux", "audio/x-raw,format=S16LE,rate=44100"),
        ("in.avi", "avenc_mpeg4 ! avimux", "lamemp3enc"),
        ("in.ts", "x264enc bframes=2 ! mpegtsmux", "avenc_aac"),
    ];
    for (name, video, sound) in inputs {
        let sound = format!("audiotestsrc num-buffers=50 ! audioconvert ! audioresample ! {sound}");
        make(
            &folder.path().join(name),
            &format!(
                "videotestsrc num-buffers=30 ! {SMALL} ! {video} name=m ! filesink location={{out}} \
                 {sound} ! m."
            ),
        );
        survives(folder.path(), name, &format!("{name}.out.mkv"));
    }
    survives(folder.path(), "in.webm", "out.webm");
    survives(folder.path(), "in.mov", "out.mov");
}

#[test]
fn a_container_without_times_for_its_b_frames_is_not_called_cut_off() {
    let folder = folder();
    let text = "videotestsrc num-buffers=60 ! {SMALL} ! x264enc bframes=3 ! h264parse ! avimux";
    let text = format!("{} ! filesink location={{out}}", text.replace("{SMALL}", SMALL));
    make(&folder.path().join("in.avi"), &text);
    survives(folder.path(), "in.avi", "out.mkv");
}

#[test]
fn a_file_without_sound_does_not_hang() {
    let folder = folder();
    let path = folder.path().join("in.mp4");
    make(
        &path,
        &format!(
            "videotestsrc num-buffers=30 ! {SMALL} ! x264enc ! mp4mux ! filesink location={{out}}"
        ),
    );
    survives(folder.path(), "in.mp4", "out.mp4");
    assert_eq!(contents(&folder.path().join("out.mp4")).tracks.len(), 1);
}

#[test]
fn odd_sizes_stay_and_are_told() {
    let folder = folder();
    let odd = "video/x-raw,format=I420,width=641,height=359,framerate=30/1";
    make(
        &folder.path().join("in.mkv"),
        &format!(
            "videotestsrc num-buffers=10 ! {odd} ! avenc_ffv1 ! matroskamux ! filesink location={{out}}"
        ),
    );
    let (_, written) = survives(folder.path(), "in.mkv", "out.mp4");
    assert!(written.notes[0].contains("written as 4:4:4"), "{:?}", written.notes);
    let size = open(&folder.path().join("out.mp4")).promise().size();
    assert_eq!((size.width, size.height), (641, 359));
}

#[test]
fn a_varying_frame_rate_stays() {
    let folder = folder();
    make(
        &folder.path().join("in.mp4"),
        &format!(
            "videotestsrc num-buffers=50 ! {SMALL} ! identity name=vary ! x264enc bframes=2 \
             ! mp4mux trak-timescale=90000 ! filesink location={{out}}"
        ),
    );
    let times = &video(&contents(&folder.path().join("in.mp4"))).times.clone();
    let steps: std::collections::BTreeSet<_> =
        times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_millis()).collect();
    assert!(steps.len() >= 3, "the clip is not varying: {steps:?}");
    survives(folder.path(), "in.mp4", "out.mp4");
    survives(folder.path(), "in.mp4", "out.mkv");
}

#[test]
fn a_rotated_clip_comes_out_upright() {
    let folder = folder();
    let path = folder.path().join("in.mp4");
    talking(&path);
    support::rotate(&path);
    let (promise, _) = survives(folder.path(), "in.mp4", "out.mp4");
    assert_eq!((promise.size().width, promise.size().height), (120, 160));
    // SMPTE bars begin bright on the left and end in blue: a quarter clockwise, that is
    // bright at the top and dark further down, along the right edge
    let frame = open(&folder.path().join("out.mp4")).next_frame().unwrap().unwrap();
    let read = frame.read().unwrap();
    let luma = read.picture().unwrap().planes[0];
    let at = |x: usize, y: usize| luma.data[y * luma.stride + x];
    assert!(at(115, 5) > 150 && at(115, 155) < 80, "{} {}", at(115, 5), at(115, 155));
}

#[test]
fn ten_bits_and_fuller_colour_stay() {
    let folder = folder();
    for (format, bits, shift) in [("I420_10LE", 10, 1), ("Y444", 8, 0), ("Y42B", 8, 1)] {
        let caps = format!("video/x-raw,format={format},width=160,height=120,framerate=30/1");
        let name = format!("{format}.mkv");
        make(
            &folder.path().join(&name),
            &format!(
                "videotestsrc num-buffers=10 ! {caps} ! x264enc ! matroskamux ! filesink location={{out}}"
            ),
        );
        survives(folder.path(), &name, &format!("{format}.out.mp4"));
        let mut output = open(&folder.path().join(format!("{format}.out.mp4")));
        let found = output.next_frame().unwrap().unwrap().format();
        assert_eq!((found.bits, found.chroma_shift_x), (bits, shift), "{format}");
    }
}

#[test]
fn both_audio_tracks_stay() {
    let folder = folder();
    make(
        &folder.path().join("in.mkv"),
        &format!(
            "videotestsrc num-buffers=30 ! {SMALL} ! x264enc ! matroskamux name=m \
             ! filesink location={{out}} audiotestsrc num-buffers=40 ! avenc_aac ! m. \
             audiotestsrc freq=880 num-buffers=40 ! audioconvert ! opusenc ! m."
        ),
    );
    survives(folder.path(), "in.mkv", "out.mkv");
    survives(folder.path(), "in.mkv", "out.mp4");
}

#[test]
fn colour_tags_go_along() {
    let folder = folder();
    let caps = "video/x-raw,format=I420,width=160,height=120,framerate=30/1,colorimetry=bt2020";
    make(
        &folder.path().join("in.mp4"),
        &format!(
            "videotestsrc num-buffers=10 ! {caps} ! x264enc ! mp4mux ! filesink location={{out}}"
        ),
    );
    survives(folder.path(), "in.mp4", "out.mp4");
    let mut output = open(&folder.path().join("out.mp4"));
    let color = output.next_frame().unwrap().unwrap().format().color;
    assert_eq!(color, mask2face::image::Colorimetry::BT2020);
}

#[test]
fn tags_go_along_and_one_is_added() {
    let folder = folder();
    make(
        &folder.path().join("in.mp4"),
        &format!(
            "videotestsrc num-buffers=10 ! {SMALL} ! x264enc ! taginject tags=\"title=\\\"Old\\ ferry\\\"\" \
             ! mp4mux ! filesink location={{out}}"
        ),
    );
    for output in ["out.mp4", "out.mkv"] {
        survives(folder.path(), "in.mp4", output);
        let bytes = std::fs::read(folder.path().join(output)).unwrap();
        for text in ["Old ferry", "AI-reconstructed faces: mask2face"] {
            let found = bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(found, "{text} is missing in {output}");
        }
    }
}

fn open(path: &Path) -> FileSource {
    FileSource::open(path, &Launch::file(), StopSignal::default()).unwrap()
}

/// Does something at the tenth frame.
struct AtTen<F: FnMut() + Send + 'static>(usize, F);

impl<F: FnMut() + Send + 'static> Stage for AtTen<F> {
    type In = Round<Frame>;
    type Out = Round<Frame>;
    const NAME: &'static str = "at-ten";

    fn process(&mut self, mut round: Round<Frame>) -> Result<Option<Round<Frame>>> {
        self.0 += 1;
        if self.0 == 10 {
            (self.1)();
        }
        // every frame is written to, so that copies are tried too
        for (_, frame) in round.items_mut() {
            frame.write()?.picture()?.planes[0].data[0] = 16;
        }
        Ok(Some(round))
    }
}

/// in.mp4 to out.mp4 in `folder`, with `act` at the tenth frame.
fn through(
    folder: &Path,
    stop: &StopSignal,
    act: impl FnMut() + Send + 'static,
) -> (Result<()>, mask2face::media::sink::Record) {
    let input = folder.join("in.mp4");
    talking(&input);
    let source = FileSource::open(&input, &Launch::file(), stop.clone()).unwrap();
    let target = Target::new(&folder.join("out.mp4"), false).unwrap();
    let plan = plan(target, &input, source.promise());
    let sink = FileSink::create(plan, &Launch::file(), stop.clone()).unwrap();
    let record = sink.record();
    let running = Pipeline::from_source(Box::new(source), Stats::default())
        .then(AtTen(0, act))
        .into_sink(Box::new(sink))
        .unwrap();
    (running.join(), record)
}

/// The bytes of all planes of all frames.
fn pixels(path: &Path) -> Vec<Vec<u8>> {
    let mut source = open(path);
    let mut frames = Vec::new();
    while let Some(frame) = source.next_frame().unwrap() {
        let read = frame.read().unwrap();
        let picture = read.picture().unwrap();
        let mut bytes = Vec::new();
        for (i, plane) in picture.planes.iter().enumerate() {
            let size = picture.format.plane_size(i);
            let row = size.width * picture.format.sample_bytes();
            bytes.extend(
                plane.data.chunks(plane.stride).take(size.height).flat_map(|line| &line[..row]),
            );
        }
        frames.push(bytes);
    }
    frames
}

#[test]
fn every_codec_is_written_and_lossless_is_lossless() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    let before = pixels(&folder.path().join("in.mp4"));
    let cases = [
        ("h264", "a.mp4", "video/x-h264"),
        ("h265", "b.mov", "video/x-h265"),
        ("vp9", "c.mkv", "video/x-vp9"),
        ("av1", "d.mp4", "video/x-av1"),
    ];
    for (codec, name, media_type) in cases {
        let codec = Some(codec.parse().unwrap());
        let speed = Speed::Fastest;
        let output = folder.path().join(name);
        let encoding = Encoding { codec, speed, rate: Rate::Lossless, ..Encoding::default() };
        pass_as(&folder.path().join("in.mp4"), &output, encoding).unwrap();
        assert_eq!(video(&contents(&output)).codec, media_type);
        assert!(pixels(&output) == before, "{name} is not lossless");
    }
}

#[test]
fn an_encoding_that_cannot_be_is_told() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    let h264 = Encoding { codec: Some(Codec::H264), ..Encoding::default() };
    let named = |name: &str| Encoding { pick: Pick::Named(name.to_owned()), ..Encoding::default() };
    let cases = [
        (
            "a.webm",
            h264,
            "a webm file cannot hold H.264; use another --codec, or write to a .mkv file with -o",
        ),
        (
            "a.mp4",
            named("no-such"),
            "--encoder no-such: there is no such element here; 'mask2face doctor' lists them",
        ),
        (
            "a.mp4",
            named("vp9enc"),
            "--encoder vp9enc: is no encoder of H.264; name another or use another --codec",
        ),
    ];
    for (name, encoding, told) in cases {
        let error = pass_as(&folder.path().join("in.mp4"), &folder.path().join(name), encoding);
        assert_eq!(error.unwrap_err().to_string(), told);
    }
    assert_eq!(names(folder.path()), ["in.mp4"]);
}

#[test]
fn a_stop_leaves_a_whole_file_marked_as_partial() {
    let (folder, stop) = (folder(), StopSignal::default());
    let ours = stop.clone();
    let (ended, record) = through(folder.path(), &stop, move || ours.stop());
    ended.unwrap();
    let written = record.take().unwrap();
    assert_eq!(written.path, folder.path().join("out.partial.mp4"));
    assert_eq!(names(folder.path()), ["in.mp4", "out.partial.mp4"]);
    assert!((10..20).contains(&written.times.len()), "{}", written.times.len());
    let check = verify::verify(&folder.path().join("in.mp4"), &written).unwrap();
    assert!(check.breaches.is_empty(), "{:?}", check.breaches);
    assert_eq!(check.frames_found, written.times.len());
    let partial = contents(&written.path);
    assert!(partial.end() < Duration::from_millis(800), "sound goes on to {:?}", partial.end());
}

#[test]
fn a_panic_in_a_stage_is_an_error_and_leaves_nothing() {
    let folder = folder();
    let (ended, record) =
        through(folder.path(), &StopSignal::default(), || panic!("a bug on purpose"));
    assert_eq!(format!("{:#}", ended.unwrap_err()), "at-ten: panicked: a bug on purpose");
    assert!(record.take().is_none());
    assert_eq!(names(folder.path()), ["in.mp4"]);
}
