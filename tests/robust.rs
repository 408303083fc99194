//! Bad input and bad places: one line that names the thing and the cure, and nothing
//! half-written.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::path::Path;
use std::process::Command;

use support::facts::{H264, PICTURE, SOUND, ffmpeg};
use support::{cut_off, folder, mask2face, names, outcome, report, talking};

/// Runs `args` and expects exactly this exit code and line, and no new file.
fn says(folder: &Path, args: &[&str], code: i32, line: &str) {
    let before = names(folder);
    let (found, said) = outcome(&mask2face(folder, args));
    assert_eq!((found, said.trim_end()), (code, line), "{args:?}");
    assert_eq!(names(folder), before, "{args:?} left something behind");
}

#[test]
fn a_missing_file() {
    says(
        folder().path(),
        &["run", "gone.mp4"],
        1,
        "mask2face: error: gone.mp4: no such file; check the path",
    );
}

#[test]
fn a_text_file_that_is_called_mp4() {
    let folder = folder();
    std::fs::write(folder.path().join("text.mp4"), "this is no video at all\n").unwrap();
    says(
        folder.path(),
        &["run", "text.mp4"],
        1,
        "mask2face: error: text.mp4: not a video that can be read: Could not determine type of \
         stream; check that it is whole and plays elsewhere",
    );
}

#[test]
fn an_empty_file() {
    let folder = folder();
    std::fs::write(folder.path().join("empty.mp4"), "").unwrap();
    says(
        folder.path(),
        &["run", "empty.mp4"],
        1,
        "mask2face: error: empty.mp4: the file is empty; copy it again",
    );
}

#[test]
fn a_file_without_a_picture() {
    let folder = folder();
    support::make(
        &folder.path().join("sound.mp4"),
        "audiotestsrc num-buffers=20 ! avenc_aac ! mp4mux ! filesink location={out}",
    );
    says(
        folder.path(),
        &["run", "sound.mp4"],
        1,
        "mask2face: error: sound.mp4: not a video that can be read: there is no picture in it; \
         check that it is whole and plays elsewhere",
    );
}

#[test]
fn a_file_that_lost_its_index() {
    let folder = folder();
    let path = folder.path().join("in.mp4");
    support::make(
        &path,
        "videotestsrc num-buffers=60 ! video/x-raw,format=I420 ! x264enc ! mp4mux ! filesink location={out}",
    );
    cut_off(&path, "cut.mp4", 0.5);
    says(
        folder.path(),
        &["run", "cut.mp4"],
        1,
        "mask2face: error: cut.mp4: not a video that can be read: This file contains no playable \
         streams; check that it is whole and plays elsewhere",
    );
}

#[test]
fn a_truncated_file_gives_its_good_part() {
    let folder = folder();
    let path = folder.path().join("in.mp4");
    talking(&path);
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!(bytes > 10_000, "the clip is too small to be cut");
    cut_off(&path, "cut.mp4", 0.6);
    let run = mask2face(folder.path(), &["run", "cut.mp4", "-o", "out.mp4", "--json"]);
    let (code, said) = outcome(&run);
    assert_eq!(code, 3, "{said}");
    let report = report(&run);
    let breach = report["check"]["breaches"][0].as_str().unwrap();
    assert!(breach.starts_with("the input breaks off at "), "{breach}");
    assert!(breach.contains(" s of the 2.0"), "{breach}");
    // a slow machine tells its progress before
    let last = said.lines().last();
    let expected = format!("mask2face: cut.mp4: {breach}; the result is out.mp4");
    assert_eq!(last, Some(expected.as_str()));
    assert!(report["check"]["frames_found"].as_u64().unwrap() > 10);
    assert_eq!(report["check"]["frames_found"], report["check"]["frames_pushed"]);
}

/// What the program says of a file that it can read in part.
fn breach(folder: &Path, name: &str) -> String {
    let run = mask2face(folder, &["run", name, "-o", "out.mkv", "--overwrite", "--json"]);
    let (code, said) = outcome(&run);
    let check = &report(&run)["check"];
    assert_eq!(code, 3, "{name}: {said} {check}");
    check["breaches"][0].as_str().unwrap().to_owned()
}

#[test]
fn a_file_that_lost_its_last_moment_is_told_whatever_its_kind() {
    let folder = folder();
    let folder = folder.path();
    let clip = format!("{PICTURE} {SOUND} {H264} -c:a aac");
    ffmpeg(folder, &clip, "whole.mkv");
    let copies = [
        ("a.mp4", "-c copy -movflags +faststart"),
        ("b.mp4", "-c copy -movflags frag_keyframe+empty_moov"),
        ("c.mkv", "-c copy"),
        ("d.mkv", "-c copy -live 1"),
        ("e.avi", "-c:v mpeg4 -c:a mp2"),
        ("f.ts", "-c copy"),
        ("g.flv", "-c copy"),
        ("h.wmv", "-c:v wmv2 -c:a wmav2"),
    ];
    for (name, how) in copies {
        ffmpeg(folder, &format!("-i whole.mkv {how}"), name);
        let whole = mask2face(folder, &["run", name, "-o", "out.mkv", "--overwrite"]);
        assert_eq!(outcome(&whole).0, 0, "{name}: {}", outcome(&whole).1);
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let cut = format!("cut-{name}");
        std::fs::write(folder.join(&cut), &bytes[..bytes.len() - 101]).unwrap();
        let said = breach(folder, &cut);
        assert!(said.starts_with("the input breaks off at 0.8"), "{name}: {said}");
        assert!(said.ends_with(" bytes at least are missing"), "{name}: {said}");
    }
}

/// Two frames at one time, times that begin late, streams that come out one by one.
#[test]
fn old_kinds_of_files_give_every_frame() {
    let folder = folder();
    let folder = folder.path();
    let clips = [
        ("a.avi", "-c:v mpeg4 -bf 2 -c:a mp3"),
        ("b.mpg", "-c:v mpeg1video -bf 2 -c:a mp2"),
        ("c.mpg", "-c:v mpeg2video -bf 2 -c:a mp2"),
        ("d.flv", "-c:v libx264 -c:a aac"),
        ("e.webm", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -b:v 300k -c:a libvorbis"),
    ];
    for (name, how) in clips {
        ffmpeg(folder, &format!("{PICTURE} {SOUND} {how}"), name);
        let args = ["run", name, "-o", "out.mkv", "--overwrite", "--json"];
        let run = mask2face(folder, &args);
        assert_eq!(outcome(&run).0, 0, "{name}: {}", outcome(&run).1);
        assert_eq!(report(&run)["check"]["frames_found"], 24, "{name}");
    }
}

#[test]
fn frames_that_cannot_be_decoded_are_counted() {
    let folder = folder();
    let path = folder.path().join("in.mp4");
    talking(&path);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2000].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let said = breach(folder.path(), "in.mp4");
    assert!(said.ends_with(" of the input's 60 frames cannot be decoded"), "{said}");
}

#[test]
fn an_output_that_exists() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    std::fs::write(folder.path().join("out.mp4"), "precious").unwrap();
    says(
        folder.path(),
        &["run", "in.mp4", "-o", "out.mp4"],
        1,
        "mask2face: error: out.mp4: exists already; add --overwrite or choose another name with -o",
    );
    assert_eq!(std::fs::read(folder.path().join("out.mp4")).unwrap(), b"precious");
    let args = ["run", "in.mp4", "-o", "out.mp4", "--overwrite"];
    assert_eq!(outcome(&mask2face(folder.path(), &args)).0, 0);
    assert!(std::fs::metadata(folder.path().join("out.mp4")).unwrap().len() > 1000);
}

#[test]
fn an_output_that_is_its_own_input() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    says(
        folder.path(),
        &["run", "in.mp4", "-o", "./in.mp4", "--overwrite"],
        1,
        "mask2face: error: in.mp4: is input and output at once; choose another -o",
    );
}

#[test]
fn an_unknown_extension() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    says(
        folder.path(),
        &["run", "in.mp4", "-o", "out.xyz"],
        1,
        "mask2face: error: out.xyz: unknown extension 'xyz'; use .mp4, .m4v, .mov, .mkv or .webm",
    );
}

#[test]
fn a_folder_that_is_not_there_or_not_one() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    for place in ["nowhere", "in.mp4"] {
        says(
            folder.path(),
            &["run", "in.mp4", "-o", &format!("{place}/out.mp4")],
            1,
            &format!(
                "mask2face: error: {place}/out.mp4: the folder {place} does not exist; make it first"
            ),
        );
    }
}

#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(locked.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write anywhere");
        return;
    }
    says(
        folder.path(),
        &["run", "in.mp4", "-o", "locked/out.mp4"],
        1,
        "mask2face: error: locked/out.mp4: cannot be written: Permission denied (os error 13); \
         choose another folder with -o",
    );
}

#[test]
fn sound_that_the_container_cannot_hold() {
    let folder = folder();
    support::make(
        &folder.path().join("in.mkv"),
        &format!(
            "videotestsrc num-buffers=30 ! {} ! x264enc ! matroskamux name=m \
             ! filesink location={{out}} audiotestsrc num-buffers=40 ! audioconvert ! vorbisenc ! m.",
            support::SMALL
        ),
    );
    says(
        folder.path(),
        &["run", "in.mkv", "-o", "out.mp4"],
        1,
        "mask2face: error: out.mp4: a mp4 file cannot hold its sound (Vorbis); write to a .mkv \
         file with -o",
    );
}

/// A limit on a file's size is a full disk to whoever writes, and needs no rights.
#[test]
fn a_full_disk() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    let before = names(folder.path());
    let run = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" run in.mp4 -o out.mp4"])
        .arg(env!("CARGO_BIN_EXE_mask2face"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let (code, said) = outcome(&run);
    assert_eq!(
        (code, said.lines().last().unwrap_or_default()),
        (
            1,
            "mask2face: error: sink: out.mp4: cannot be written: File too large; free some space \
             or choose another disk with -o"
        )
    );
    assert_eq!(names(folder.path()), before);
}

#[test]
fn a_pipeline_of_ones_own_that_lacks_a_piece() {
    let folder = folder();
    talking(&folder.path().join("in.mp4"));
    std::fs::write(folder.path().join("my.launch"), "[source]\nfilesrc location={nothing}\n")
        .unwrap();
    says(
        folder.path(),
        &["run", "in.mp4", "--pipeline", "my.launch"],
        1,
        "mask2face: error: my.launch: [source]: {nothing} is unknown; known are {input}, {formats}, \
         {deinterlace}, {upright}",
    );
}

#[test]
fn a_folder_is_done_file_by_file_past_a_bad_one() {
    let folder = folder();
    let clips = folder.path().join("clips");
    std::fs::create_dir(&clips).unwrap();
    talking(&clips.join("a.mp4"));
    std::fs::write(clips.join("b.mp4"), "no video").unwrap();
    std::fs::copy(clips.join("a.mp4"), clips.join("c.mp4")).unwrap();
    std::fs::write(clips.join("notes.txt"), "no video either").unwrap();
    let run = mask2face(folder.path(), &["run", "clips", "-o", "out", "--json"]);
    assert_eq!(outcome(&run).0, 1);
    assert_eq!(names(&folder.path().join("out")), ["a.unmasked.mp4", "c.unmasked.mp4"]);
    let report = support::whole_report(&run);
    let ended: Vec<_> =
        report["files"].as_array().unwrap().iter().map(|f| f["status"].as_str().unwrap()).collect();
    assert_eq!(ended, ["done", "failed", "done"]);
}
