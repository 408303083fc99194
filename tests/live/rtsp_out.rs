//! RTSP out: clients, none, and many frames.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;

use mask2face::media::endpoint::Output;
use mask2face::media::open::Opener;
use mask2face::media::soundline::SoundLine;
use mask2face::media::stream::{State, Status};

use super::rig::{Keep, Rig, belonging, options, resident};
use super::server::{Camera, picture};

#[test]
fn what_is_served_can_be_watched_by_who_knows_the_password() {
    let camera = Camera::start(None);
    camera.serve_with_sound("/a", &picture("jpegenc ! rtpjpegpay"));
    let served =
        Rig::start(&[(&camera.url("/a"), "rtsp://jo:pass-word@127.0.0.1:0/live")], &options());
    served.until(0, "pictures", |s| s.frames_out > 5);
    let port = served.opener.ports()[0];
    let watch = |login: &str| {
        let url = format!("rtsp://{login}127.0.0.1:{port}/live");
        Rig::start(&[(&url, "null")], &options())
    };
    let (one, two, stranger) = (watch("jo:pass-word@"), watch("jo:pass-word@"), watch(""));
    for watcher in [&one, &two] {
        let came = watcher.until(0, "pictures", |s| s.frames_out > 20);
        assert_eq!((came.known.codec.as_deref(), came.known.sound), (Some("H264"), true));
    }
    stranger.until(0, "a refusal", |s| s.known.state == State::Failed);
    one.end();
    let before = two.stream(0).frames_out;
    two.until(0, "more after the other left", |s| s.frames_out > before + 20);
    let said = [two.end(), stranger.end(), served.end()].concat().join(" ");
    assert!(!said.contains("pass-word"), "{said}");
}

#[test]
fn a_player_built_on_ffmpeg_gets_whole_pictures() {
    let served = Rig::start(&[("test", "rtsp://127.0.0.1:0/live")], &options());
    served.until(0, "pictures", |s| s.frames_out > 5);
    let url = format!("rtsp://127.0.0.1:{}/live", served.opener.ports()[0]);
    let player = Command::new("timeout")
        .args(["60", "ffmpeg", "-v", "verbose", "-rtsp_transport", "tcp", "-i", &url])
        .args(["-frames:v", "45", "-f", "null", "-"])
        .output()
        .unwrap();
    served.end();
    if player.status.code() == Some(127) {
        eprintln!("skipped: ffmpeg is not installed");
        return;
    }
    let said = String::from_utf8_lossy(&player.stderr);
    assert!(player.status.success(), "{said}");
    // Where there are several cores, a picture comes in slices. One that is missing is told so.
    assert!(!said.contains("concealing") && !said.contains("corrupt"), "{said}");
}

#[test]
fn without_a_client_two_hours_of_frames_cost_no_memory() {
    let keep = Keep::default();
    let rig = Rig::start_with(&[("test", "null")], &options(), |_| Box::new(keep.clone()));
    rig.until(0, "a frame", |s| s.frames_out > 0);
    rig.end();
    let shown = keep.0.lock().unwrap().take().unwrap();
    let mut opener = Opener::new(None, false);
    let output = Output::parse("rtsp://127.0.0.1:0/a".as_ref()).unwrap();
    let mut outlet =
        opener.open(&output, belonging(&Status::new("a"), &SoundLine::default())).unwrap();
    (0..1000).for_each(|_| outlet.show(&shown).unwrap());
    let before = resident();
    (0..216_000).for_each(|_| outlet.show(&shown).unwrap());
    let grown = resident().saturating_sub(before);
    assert!(grown < 2 << 20, "{grown} bytes more");
}

/// Asks for a stream inside its RTSP connection, and never reads what comes.
fn deaf_client(port: u16, path: &str) -> TcpStream {
    let url = format!("rtsp://127.0.0.1:{port}{path}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut session = String::new();
    let asks = [
        format!("DESCRIBE {url} RTSP/1.0\r\nAccept: application/sdp\r\n"),
        format!(
            "SETUP {url}/stream=0 RTSP/1.0\r\n\
             Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        ),
        format!("PLAY {url} RTSP/1.0\r\n"),
    ];
    for (n, ask) in asks.iter().enumerate() {
        write!(stream, "{ask}CSeq: {}\r\n{session}\r\n", n + 1).unwrap();
        let (mut line, mut length) = (String::new(), 0);
        answers.read_line(&mut line).unwrap();
        assert!(line.contains("200 OK"), "{ask}: {line}");
        while line != "\r\n" {
            line.clear();
            answers.read_line(&mut line).unwrap();
            if let Some(bytes) = line.strip_prefix("Content-Length: ") {
                length = bytes.trim().parse().unwrap();
            }
            if line.starts_with("Session:") {
                session = format!("{}\r\n", line.split(';').next().unwrap().trim());
            }
        }
        answers.read_exact(&mut vec![0; length]).unwrap();
    }
    stream
}

#[test]
#[ignore = "takes a minute: so long do sockets swallow what nobody reads"]
fn a_client_that_does_not_read_delays_nobody() {
    let camera = Camera::start(None);
    let snow = picture("jpegenc ! rtpjpegpay").replace("is-live=true", "is-live=true pattern=snow");
    camera.serve("/snow", &snow.replace("width=160,height=120", "width=640,height=480"));
    let streams = [(&*camera.url("/snow"), "rtsp://127.0.0.1:0/live")];
    let served = Rig::start(&streams, &options());
    served.until(0, "pictures", |s| s.frames_out > 5);
    let port = served.opener.ports()[0];
    let watcher = Rig::start(&[(&format!("rtsp://127.0.0.1:{port}/live"), "null")], &options());
    watcher.until(0, "pictures", |s| s.frames_out > 20);
    let deaf: Vec<_> = (0..3).map(|_| deaf_client(port, "/live")).collect();
    let (there, here) = (served.stream(0), watcher.stream(0));
    // At 2 Mbit/s the four megabytes that a connection holds are full after 16 seconds.
    served.until(0, "twenty seconds", |s| s.frames_out > there.frames_out + 600);
    let before = resident();
    let out = served.until(0, "fifty seconds", |s| s.frames_out > there.frames_out + 1500);
    let grown = resident().saturating_sub(before);
    assert_eq!(out.known.output_dropped, 0);
    let seen = watcher.until(0, "as much", |s| s.frames_out > here.frames_out + 1400);
    assert_eq!((seen.known.state, seen.known.reconnects), (State::Live, 0));
    assert!(grown < 8 << 20, "{grown} bytes more");
    drop(deaf);
    watcher.end();
    served.end();
}
