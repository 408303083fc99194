//! Servers and networks that fail: what is told, and how a stream comes back.

use std::time::{Duration, Instant};

use mask2face::media::live::LiveOptions;
use mask2face::media::stream::State;

use super::rig::{Rig, options, resident};
use super::server::{Camera, picture};
use super::support;

/// As long as `run` waits for a first picture.
const PATIENCE: Duration = Duration::from_secs(10);

/// Kills the server in the middle of a group of pictures and starts it anew, `times` times.
/// Gives how long pictures took to come again, and the memory before each death.
fn restarts(times: u64) -> (Vec<Duration>, Vec<usize>) {
    // A key picture in ten seconds: whoever comes gets one, and the death falls behind it.
    let text = picture("x264enc tune=zerolatency key-int-max=300 ! rtph264pay");
    let camera = Camera::start(None);
    let port = camera.port();
    camera.serve("/a", &text);
    let rig = Rig::start(&[(&camera.url("/a"), "null")], &options());
    let (mut camera, mut returns, mut memory) = (Some(camera), Vec::new(), Vec::new());
    for n in 0..times {
        let before =
            rig.until(0, "pictures", |s| s.known.state == State::Live && s.known.reconnects == n);
        rig.until(0, "more", |s| s.frames_out > before.frames_out + 5);
        memory.push(resident());
        drop(camera.take());
        let lost = rig.until(0, "the loss", |s| s.known.state == State::Lost);
        rig.until(0, "a holding picture", |s| s.held > lost.held);
        let again = Camera::at(port, None);
        again.serve("/a", &text);
        let back = Instant::now();
        rig.until(0, "the return", |s| s.known.reconnects == n + 1);
        returns.push(back.elapsed());
        camera = Some(again);
    }
    let back = rig.until(0, "the last return", |s| s.known.reconnects == times);
    assert_eq!(back.known.state, State::Live);
    let notes = rig.end();
    assert!(notes.iter().any(|note| note.contains("closed from the other side")), "{notes:?}");
    assert!(notes.iter().any(|note| note.ends_with("pictures again")), "{notes:?}");
    (returns, memory)
}

#[test]
fn a_server_that_goes_and_comes_again_is_found_and_meanwhile_a_picture_holds() {
    restarts(3);
}

#[test]
#[ignore = "measures: half a minute, on a quiet machine and with MALLOC_ARENA_MAX=1"]
fn twenty_restarts_are_found_within_three_seconds_and_cost_no_memory() {
    let (returns, memory) = restarts(20);
    eprintln!("back after {returns:?}; memory {memory:?}");
    assert!(returns.iter().all(|back| *back < Duration::from_secs(3)), "{returns:?}");
    // With several arenas the allocator fills one after the other before it is steady.
    let grown = memory[19].saturating_sub(memory[5]);
    assert!(grown < 4 << 20, "{grown} bytes more");
}

#[test]
fn a_stall_is_told_from_an_end() {
    let camera = Camera::start(None);
    let gate = camera.serve_gated("/a", &picture("jpegenc ! rtpjpegpay"));
    let options = LiveOptions { stall: Duration::from_millis(700), ..options() };
    let rig = Rig::start(&[(&camera.url("/a"), "null")], &options);
    rig.until(0, "pictures", |s| s.frames_out > 5);
    gate.close();
    let lost = rig.until(0, "the stall", |s| s.known.state == State::Lost);
    assert!(lost.known.trouble.unwrap().starts_with("stalled: no picture for"));
    gate.open();
    rig.until(0, "pictures again", |s| s.known.state == State::Live);
    rig.end();
}

#[test]
#[ignore = "takes most of a minute"]
fn a_stall_of_half_a_minute_ends_soon_after_its_end() {
    let camera = Camera::start(None);
    let gate = camera.serve_gated("/a", &picture("jpegenc ! rtpjpegpay"));
    let options = LiveOptions { stall: Duration::from_secs(3), patience: PATIENCE, ..options() };
    let rig = Rig::start(&[(&camera.url("/a"), "null")], &options);
    rig.until(0, "pictures", |s| s.frames_out > 5);
    gate.close();
    let closed = Instant::now();
    let lost = rig.until(0, "the stall", |s| s.known.state == State::Lost);
    eprintln!("told after {:?}: {:?}", closed.elapsed(), lost.known.trouble);
    while closed.elapsed() < Duration::from_secs(30) {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let still = rig.stream(0);
    assert!(still.held > lost.held + 50, "a picture holds all the while");
    gate.open();
    let opened = Instant::now();
    let back = rig.until(0, "pictures again", |s| s.known.state == State::Live);
    eprintln!("back after {:?}, {:?}", opened.elapsed(), back.known);
    assert!(opened.elapsed() < Duration::from_secs(3));
    rig.end();
}

#[test]
fn another_size_is_told_and_does_not_end_a_recording() {
    let folder = support::folder();
    let path = folder.path().join("out.mkv");
    let camera = Camera::start(None);
    let port = camera.port();
    camera.serve("/a", &picture("jpegenc ! rtpjpegpay"));
    let rig = Rig::start(&[(&camera.url("/a"), path.to_str().unwrap())], &options());
    rig.until(0, "pictures", |s| s.frames_out > 10);
    drop(camera);
    let again = Camera::at(port, None);
    let bigger = picture("x264enc tune=zerolatency ! rtph264pay")
        .replace("width=160,height=120", "width=320,height=176");
    again.serve("/a", &bigger);
    let before = rig.until(0, "the other size", |s| s.known.size == Some((320, 176)));
    rig.until(0, "more", |s| s.frames_out > before.frames_out + 10);
    let notes = rig.end().join("\n");
    assert!(notes.contains("the picture changes from 160x120 to 320x176"), "{notes}");
    assert!(notes.contains("the codec changes from JPEG to H264"), "{notes}");
    let recorded = support::contents(&path);
    assert!(support::video(&recorded).units > 20);
    assert_eq!(support::names(folder.path()), ["out.mkv"]);
}

#[test]
fn a_size_that_changes_mid_stream_is_told_and_the_stream_goes_on() {
    let camera = Camera::start(None);
    for (path, rest) in [
        ("/jpeg", "jpegenc ! rtpjpegpay"),
        ("/h264", "x264enc tune=zerolatency key-int-max=15 ! rtph264pay config-interval=-1"),
    ] {
        let text = picture(&format!("videoscale ! capsfilter name=size ! {rest}"));
        let sizes = camera.serve_sized(path, &text);
        let rig = Rig::start(&[(&camera.url(path), "null")], &options());
        rig.until(0, "pictures", |s| s.frames_out > 10);
        sizes.set(320, 176);
        let before = rig.until(0, "the other size", |s| s.known.size == Some((320, 176)));
        rig.until(0, "more", |s| s.frames_out > before.frames_out + 10);
        let notes = rig.end().join("\n");
        assert_eq!(before.known.reconnects, 0, "{path}: {notes}");
        assert!(notes.contains("the picture changes from 160x120 to 320x176"), "{path}: {notes}");
    }
}

#[test]
fn one_streams_death_leaves_the_others_alone() {
    let camera = Camera::start(None);
    camera.serve("/a", &picture("jpegenc ! rtpjpegpay"));
    let dying = Camera::start(Some(("jo", "x")));
    dying.serve("/b", &picture("jpegenc ! rtpjpegpay"));
    let streams = [
        (&*camera.url("/a"), "null"),
        (&*dying.url("/b"), "null"),
        ("test", "null"),
        ("test", "null"),
    ];
    let rig = Rig::start(&streams, &options());
    rig.until(1, "one failure", |s| s.known.state == State::Failed);
    let counts: Vec<_> = [0, 2, 3].map(|n| (n, rig.stream(n).frames_out)).into();
    for (n, before) in counts {
        rig.until(n, "going on", |s| s.frames_out > before + 20);
    }
    rig.end();
}
