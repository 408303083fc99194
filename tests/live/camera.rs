//! A camera: listed, chosen, pulled out and plugged in again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mask2face::geometry::Size;
use mask2face::media::live::LiveOptions;
use mask2face::media::stream::State;

use super::rig::{Keep, Rig, options};
use super::standin;

/// There is one plug; `cargo test` runs the tests of a binary at once, in one process.
static PLUG: Mutex<()> = Mutex::new(());

#[test]
fn a_camera_is_listed_chosen_by_name_and_found_again_when_it_is_plugged_in_again() {
    let _plug = PLUG.lock().unwrap_or_else(PoisonError::into_inner);
    mask2face::media::init().unwrap();
    standin::plug_in();
    let cameras = mask2face::media::camera::list().unwrap();
    let ours = cameras.iter().find(|camera| camera.name == "Stand-in Camera").unwrap();
    let formats: Vec<_> = ours.formats.iter().map(|f| (&*f.size, &*f.fps)).collect();
    assert_eq!(formats, [("320x240", "30"), ("160x120", "30")]);
    let rig = Rig::start(&[("camera:stand-in", "null")], &options());
    let came = rig.until(0, "pictures", |s| s.frames_out > 5);
    assert_eq!(came.known.size, Some((160, 120)), "the size asked for");
    standin::pull_out();
    let lost = rig.until(0, "the loss", |s| s.known.state == State::Lost);
    assert!(lost.known.trouble.unwrap().starts_with("there is no camera:stand-in; plug"));
    rig.until(0, "a holding picture", |s| s.held > 0);
    standin::plug_in_again();
    rig.until(0, "pictures again", |s| s.known.reconnects == 1);
    rig.end();
    let rig = Rig::start(&[("camera:no such one", "null")], &options());
    rig.until(0, "a failure", |s| s.known.state == State::Failed);
    rig.end();
}

#[test]
fn motion_jpeg_is_taken_where_usb_would_throttle_and_the_picture_is_mirrored() {
    let _plug = PLUG.lock().unwrap_or_else(PoisonError::into_inner);
    mask2face::media::init().unwrap();
    standin::plug_in();
    for (fps, mirror) in [(30, false), (15, true)] {
        let size = Some(Size::new(1280, 720));
        let options = LiveOptions { size, fps: Some(fps), mirror, ..options() };
        let keep = Keep::default();
        let rig =
            Rig::start_with(&[("camera:webcam", "null")], &options, |_| Box::new(keep.clone()));
        let came = rig.until(0, "pictures", |s| s.frames_out > 3);
        assert_eq!(came.known.size, Some((1280, 720)));
        rig.end();
        let frame = keep.0.lock().unwrap().take().unwrap().frame;
        let rate = Duration::from_secs(1) / fps;
        assert!(frame.duration().unwrap().abs_diff(rate) < Duration::from_millis(1));
        // Colour bars: white on the left, blue on the right.
        let planes = frame.read().unwrap();
        let luma = planes.picture().unwrap().planes[0];
        let (left, right) = (luma.data[20], luma.data[1260]);
        assert_eq!(left < right, mirror, "{left} {right}");
    }
}
