//! From one kind of container to another, held by ffprobe: what the new one can hold goes along, and
//! what it cannot is told. `cargo nextest run --test containers --no-capture` prints the table.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(clippy::print_stdout, reason = "the table is what this is for")]

mod support;

use std::path::Path;

use support::facts::{Allowed, H264, PICTURE, SOUND, ffmpeg, ffprobe, plain_row};
use support::{folder, mask2face, outcome};

const OTHER: Allowed = Allowed { turned: false, format: false, kind: true };

/// Makes the clip and sends it into each of the other containers.
fn others(folder: &Path, name: &str, arguments: &str, outputs: &[&str]) {
    ffmpeg(folder, arguments, name);
    for kind in outputs {
        plain_row(folder, (name, &format!("{name}.{kind}")), OTHER);
    }
}

fn papers(folder: &Path) {
    let text =
        "1\n00:00:00,000 --> 00:00:00,400\nA b & c\n\n2\n00:00:00,500 --> 00:00:00,700\nZwei\n";
    std::fs::write(folder.join("s.srt"), text).unwrap();
    let chapters = ";FFMETADATA1\ntitle=Old ferry\nartist=Somebody\n\
         creation_time=2020-05-04T03:02:01.000000Z\n\
         [CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=300\ntitle=Start\n\
         [CHAPTER]\nTIMEBASE=1/1000\nSTART=300\nEND=800\ntitle=Überfahrt\n";
    std::fs::write(folder.join("chapters"), chapters).unwrap();
}

#[test]
fn chapters_dates_titles_and_languages_go_along() {
    let folder = folder();
    let folder = folder.path();
    papers(folder);
    let tracks = format!(
        "{PICTURE} {SOUND} -f lavfi -i sine=880:d=0.8:r=44100 -i s.srt -i s.srt -i chapters -map 0 -map 1 -map 2 \
         -map 3 -map 4 -map_metadata 5 {H264} -metadata:s:v language=fra -metadata:s:a:0 language=eng \
         -metadata:s:a:1 language=deu -metadata:s:a:1 title=Kommentar -metadata:s:s:1 language=deu \
         -disposition:a:0 0 -disposition:a:1 default -disposition:s:0 0"
    );
    others(folder, "all.mp4", &format!("{tracks} -c:a aac -c:s mov_text"), &["mkv", "mov"]);
    others(folder, "all.mov", &format!("{tracks} -c:a aac -c:s mov_text"), &["mkv", "mp4"]);
    // and on from there: back into what it was
    plain_row(folder, ("all.mp4.mkv", "back.mkv"), Allowed::default());
    let sound = "-c:a:0 aac -c:a:1 libopus -map -0:s -map -3 -map -4";
    others(folder, "all.mkv", &format!("{tracks} {sound}"), &["mp4"]);
}

#[test]
fn times_stay_and_no_sound_gets_lost() {
    let folder = folder();
    let folder = folder.path();
    let sound = format!("{PICTURE} {SOUND} {H264} -bf 3 -b_strategy 0 -c:a aac");
    others(folder, "b-frames.mp4", &sound, &["mkv"]);
    others(folder, "b-frames.mkv", &sound, &["mp4"]);
    // our own Matroska says how much of the sound comes before the start
    plain_row(folder, ("b-frames.mp4.mkv", "again.mp4"), OTHER);
    ffmpeg(folder, &format!("{PICTURE} {SOUND} {H264} -g 24 -c:a aac"), "whole.mp4");
    others(folder, "edit-list.mp4", "-ss 0.3 -i whole.mp4 -c copy", &["mkv", "mov"]);
    let longer = format!("{PICTURE} -f lavfi -i sine=440:d=2:r=48000 {H264} -c:a aac");
    others(folder, "sound-longer.mp4", &longer, &["mkv"]);
    let late = format!("{PICTURE} -itsoffset 0.25 {SOUND} {H264} -c:a aac");
    others(folder, "sound-late.mp4", &late, &["mkv", "mov"]);
    others(folder, "sound-late.mkv", &late, &["mp4"]);
    let vary =
        "-vf select='not(eq(mod(n\\,5)\\,2))',setpts='PTS+mod(N\\,2)*0.007/TB' -fps_mode vfr";
    others(folder, "vfr.mp4", &format!("{PICTURE} {SOUND} {H264} {vary} -c:a aac"), &["mkv"]);
}

#[test]
fn opus_keeps_its_time() {
    let folder = folder();
    let folder = folder.path();
    let two = format!(
        "-f lavfi -i sine=880:d=0.8:r=48000 -map 0 -map 1 -map 2 {H264} -c:a libopus \
         -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv"
    );
    others(folder, "opus.mkv", &format!("{PICTURE} {SOUND} {two}"), &["mp4", "webm"]);
    plain_row(folder, ("opus.mkv.mp4", "again.mkv"), OTHER);
    plain_row(folder, ("opus.mkv.webm", "back.mkv"), OTHER);
    // what a decoder swings in with, in samples
    let skipped = |file: &str| {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let at = bytes.windows(8).position(|w| w == b"OpusHead").unwrap() + 10;
        u16::from_le_bytes([bytes[at], bytes[at + 1]])
    };
    assert_eq!(skipped("again.mkv"), skipped("opus.mkv"));
}

#[test]
fn subtitles_that_begin_late_or_were_cut_keep_their_time() {
    let folder = folder();
    let folder = folder.path();
    let text = "1\n00:00:00,300 --> 00:00:00,400\nA b\n\n2\n00:00:00,500 --> 00:00:00,700\nZwei\n";
    std::fs::write(folder.join("late.srt"), text).unwrap();
    let late = format!("{PICTURE} {SOUND} -i late.srt -map 0 -map 1 -map 2 {H264} -c:a aac");
    others(folder, "late.mp4", &format!("{late} -c:s mov_text"), &["mkv", "mov"]);
    others(folder, "late.mov", &format!("{late} -c:s mov_text"), &["mkv", "mp4"]);
    // FFmpeg 5.1 misreads the times of text that an edit list cuts, so they are counted here: of
    // the first text, which begins before the cut, the rest is shown
    let text = "1\n00:00:00,200 --> 00:00:00,400\nA b\n\n2\n00:00:00,500 --> 00:00:00,700\nZwei\n";
    std::fs::write(folder.join("late.srt"), text).unwrap();
    ffmpeg(folder, &format!("{late} -g 24 -c:s mov_text"), "whole.mp4");
    ffmpeg(folder, "-ss 0.3 -i whole.mp4 -map 0 -c copy", "cut.mp4");
    for (output, wraps) in [("cut.mov", 2), ("cut.mkv", 0)] {
        let (code, said) = outcome(&mask2face(folder, &["run", "cut.mp4", "-o", output]));
        assert_eq!(code, 0, "{said}");
        let found = ffprobe(&folder.join(output), &["-show_packets", "-select_streams", "s"]);
        let ms = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap() * 1e3;
        let packets = found["packets"].as_array().unwrap().iter();
        let texts = packets.filter(|packet| packet["size"] != "2").map(|packet| {
            let size: usize = packet["size"].as_str().unwrap().parse().unwrap();
            let [from, lasts] =
                ["pts_time", "duration_time"].map(|field| ms(&packet[field]).round());
            // FFmpeg lets the last one of a file that it cuts last up to the end
            (size - wraps, from, lasts.min(200.0))
        });
        assert_eq!(texts.collect::<Vec<_>>(), [(3, 0.0, 100.0), (4, 200.0, 200.0)], "{output}");
        let lasts = [folder.join("cut.mp4"), folder.join(output)]
            .map(|path| ms(&ffprobe(&path, &[])["format"]["duration"]));
        assert!((lasts[0] - lasts[1]).abs() < 2.5, "{output}: {lasts:?} ms");
    }
}

#[test]
fn what_colours_mean_goes_along() {
    let folder = folder();
    let folder = folder.path();
    let hdr = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 \
               -colorspace bt2020nc -color_range tv -tag:v hvc1 -x265-params log-level=error:hdr10=1:repeat-headers=1:\
               colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:\
               master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)";
    others(folder, "pq.mp4", &format!("{PICTURE} {hdr}"), &["mkv", "mov"]);
    others(folder, "pq.mkv", &format!("{PICTURE} {hdr}"), &["mp4"]);
}

#[test]
fn what_the_other_container_cannot_hold_is_told_and_strictly_an_error() {
    let folder = folder();
    let folder = folder.path();
    papers(folder);
    let odd = format!(
        "{PICTURE} {SOUND} -i s.srt {H264} -c:a aac -c:s srt -attach s.srt \
         -metadata:s:t mimetype=text/plain -metadata MOOD=calm"
    );
    ffmpeg(folder, &odd, "odd.mkv");
    let (code, said) = outcome(&mask2face(folder, &["run", "odd.mkv", "-o", "odd.mp4"]));
    assert_eq!(code, 0, "{said}");
    for lost in ["its subtitles (", "the attached file s.srt: left out", "the tag MOOD: left out"] {
        assert!(said.contains(&format!("a mp4 file cannot hold {lost}")), "{lost}: {said}");
    }
    let strict = mask2face(folder, &["run", "odd.mkv", "-o", "x.mp4", "--strict"]);
    let (code, said) = outcome(&strict);
    assert!(code == 1 && said.contains("leave out --strict"), "{code}: {said}");
    assert!(!folder.join("x.mp4").exists());
    // data that nobody decodes is no reason to stop
    ffmpeg(folder, "-i odd.mkv -map 0:v -map 0:a -c copy -timecode 01:00:00:00", "timed.mov");
    let (code, said) = outcome(&mask2face(folder, &["run", "timed.mov", "-o", "timed.mkv"]));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("a mkv file cannot hold a track of data (tmcd): left out"), "{said}");
    let kinds = &ffprobe(&folder.join("timed.mkv"), &[])["streams"];
    assert_eq!(kinds.as_array().unwrap().len(), 2);
}
