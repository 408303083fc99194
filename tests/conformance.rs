//! The conformance table: clips of every kind go through the whole program, and ffprobe, not our
//! own code, holds each output against its input. This prints it, the hour of black included:
//! `cargo nextest run --test conformance --run-ignored all --no-capture`.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(clippy::print_stdout, reason = "the table is what this is for")]

mod support;

use mask2face::onnx::registry::Places;
use support::facts::{Allowed, H264, PICTURE, SOUND, ffmpeg, ffprobe, head, row, same};
use support::{folder, mask2face, names, outcome, report};

#[test]
fn conformance_of_sound_subtitles_and_tags() {
    let folder = folder();
    let folder = folder.path();
    head();
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
    head();
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
    head();
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

/// A masked face, where the set-up has fetched one: without loss, only it changes.
#[test]
fn conformance_around_a_face() {
    let portrait = Places::from_env().cache.join("demo/astronaut.png");
    if !portrait.is_file() {
        eprintln!("skipped: no {}; 'make setup' fetches it", portrait.display());
        return;
    }
    let folder = folder();
    let folder = folder.path();
    let mask = ["run", portrait.to_str().unwrap(), "-o", "masked.png", "--paint-mask", "surgical"];
    assert_eq!(outcome(&mask2face(folder, &mask)).0, 0);
    let still = "-loop 1 -framerate 15 -t 0.6 -i masked.png -pix_fmt";
    for (name, format) in [("face.mkv", "yuv420p"), ("face-10.mkv", "yuv420p10le")] {
        ffmpeg(folder, &format!("{still} {format} -c:v ffv1"), name);
        let output = format!("out-{name}");
        let wish = ["run", name, "-o", &output, "--quality", "lossless", "--json"];
        let run = mask2face(folder, &wish);
        assert_eq!(outcome(&run).0, 0, "{}", outcome(&run).1);
        let report = report(&run);
        assert_eq!(report["stats"]["painted"], report["stats"]["frames_out"], "{report}");
        // below and beside the face nothing may change; the face does
        let part = |file: &str, crop: &str| {
            let copy = format!("-i {file} -vf crop={crop} -f framemd5");
            ffmpeg(folder, &copy, "part");
            std::fs::read_to_string(folder.join("part")).unwrap()
        };
        for crop in ["512:204:0:308", "56:512:0:0", "108:512:404:0"] {
            assert_eq!(part(name, crop), part(&output, crop), "{name}: {crop}");
        }
        assert_ne!(part(name, "512:308:0:0"), part(&output, "512:308:0:0"), "{name}");
        println!("| {name}, without loss | 9 | all but the face identical |");
    }
}

#[test]
fn quality_is_not_held_under_a_bit_rate() {
    let folder = folder();
    let snow = "-f lavfi -i color=gray:s=640x360:r=30:d=1,noise=alls=60:allf=t -c:v ffv1";
    ffmpeg(folder.path(), snow, "snow.mkv");
    let run = mask2face(folder.path(), &["run", "snow.mkv", "-o", "out.mkv"]);
    assert_eq!(outcome(&run).0, 0, "{}", outcome(&run).1);
    let bits = 8 * std::fs::metadata(folder.path().join("out.mkv")).unwrap().len();
    println!("| snow at the usual quality | {bits} bits a second | not capped |");
    // x264enc alone holds it at two million
    assert!(bits > 10_000_000, "{bits}");
}

#[test]
fn conformance_of_no_picture() {
    let folder = folder();
    ffmpeg(folder.path(), &format!("{SOUND} -c:a aac"), "no-picture.mp4");
    ffmpeg(folder.path(), &format!("{PICTURE} -frames:v 0 {H264}"), "no-frames.mkv");
    let told = ["there is no picture in it", "there is not one frame in it"];
    for (name, told) in ["no-picture.mp4", "no-frames.mkv"].into_iter().zip(told) {
        let (code, said) = outcome(&mask2face(folder.path(), &["run", name]));
        println!("| {name} | 0 | refused: {} |", said.trim());
        assert_eq!(code, 1);
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(names(folder.path()), ["no-frames.mkv", "no-picture.mp4"]);
}

#[test]
fn conformance_of_provenance() {
    let folder = folder();
    let folder = folder.path();
    ffmpeg(folder, &format!("{PICTURE} {H264}"), "in.mp4");
    let source = b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
    for output in ["out.mp4", "out.mov", "out.mkv", "labelled.mkv"] {
        let mut arguments = vec!["run", "in.mp4", "-o", output, "--quiet"];
        arguments.extend(output.starts_with("label").then_some("--label"));
        assert_eq!(outcome(&mask2face(folder, &arguments)).0, 0);
        let bytes = std::fs::read(folder.join(output)).unwrap();
        assert!(bytes.windows(source.len()).any(|w| w == source), "{output}");
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

#[test]
#[ignore = "an hour of black, a frame a second, takes a minute"]
fn conformance_of_an_hour_of_black() {
    let folder = folder();
    head();
    let black = "-f lavfi -i color=black:size=160x120:rate=1:duration=3600";
    same(
        folder.path(),
        "hour.mp4",
        &format!("{black} -f lavfi -i anullsrc=d=3600 {H264} -c:a aac"),
    );
}
