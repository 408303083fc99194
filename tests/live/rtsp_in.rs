//! RTSP in: codecs, transports, and what is told of a server that gives nothing.

use mask2face::media::live::{LiveOptions, Transport};
use mask2face::media::stream::State;

use super::rig::{Rig, options};
use super::server::{Camera, picture};

#[test]
fn pictures_and_sound_come_over_tcp_and_udp_in_every_codec() {
    let camera = Camera::start(None);
    camera.serve("/h264", &picture("x264enc tune=zerolatency key-int-max=15 ! rtph264pay"));
    let h265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph265pay";
    camera.serve("/h265", &picture(h265));
    camera.serve("/mjpeg", &picture("jpegenc ! rtpjpegpay"));
    camera.serve_with_sound(
        "/sound",
        &picture("x264enc tune=zerolatency key-int-max=15 ! rtph264pay"),
    );
    for (path, transport, codec) in [
        ("/h264", Transport::Udp, "H264"),
        ("/h265", Transport::Tcp, "H265"),
        ("/mjpeg", Transport::Tcp, "JPEG"),
        ("/sound", Transport::Auto, "H264"),
    ] {
        let options = LiveOptions { transport, ..options() };
        let rig = Rig::start(&[(&camera.url(path), "null")], &options);
        let came = rig.until(0, "20 frames", |s| s.frames_out >= 20);
        assert_eq!(came.known.codec.as_deref(), Some(codec));
        assert_eq!((came.known.size, came.known.sound), (Some((160, 120)), path == "/sound"));
        let notes = rig.end();
        assert_eq!(came.known.reconnects, 0, "{notes:?}");
    }
}

#[test]
fn a_wrong_password_is_told_at_once_and_never_shown() {
    let camera = Camera::start(Some(("jo", "right-one")));
    camera.serve("/a", &picture("jpegenc ! rtpjpegpay"));
    let wrong = camera.url("/a").replace("//", "//jo:wrong-one@");
    let rig = Rig::start(&[(&wrong, "null")], &options());
    let came = rig.until(0, "a failure", |s| s.known.state == State::Failed);
    assert_eq!(came.known.failed_attempts, 1, "no second attempt");
    let told = came.known.trouble.clone().unwrap();
    assert!(told.starts_with("the server refuses user and password; put the right"), "{told}");
    let all = format!("{}{:?}{came:?}", serde_json::to_string(&came).unwrap(), rig.end());
    assert!(!all.contains("wrong-one"), "{all}");

    let right = camera.url("/a").replace("//", "//jo:right-one@");
    let rig = Rig::start(&[(&right, "null")], &options());
    rig.until(0, "pictures", |s| s.frames_out > 3);
    assert!(!rig.end().join("").contains("right-one"));
}

#[test]
fn a_path_that_is_not_there_and_a_server_that_is_not_are_told_apart() {
    let camera = Camera::start(None);
    let rig = Rig::start(&[(&camera.url("/nothing"), "null")], &options());
    let came = rig.until(0, "a failure", |s| s.known.state == State::Failed);
    assert!(came.known.trouble.unwrap().contains("no such stream (404)"));
    rig.end();

    let nobody = camera.url("/a");
    drop(camera);
    let rig = Rig::start(&[(&nobody, "null")], &options());
    let came = rig.until(0, "three attempts", |s| s.known.failed_attempts >= 3);
    assert_eq!(came.known.state, State::Connecting);
    assert_eq!(came.known.trouble.as_deref(), Some("cannot be reached: Connection refused"));
    assert_eq!(rig.end().len(), 1, "told once, not at every attempt");
}
