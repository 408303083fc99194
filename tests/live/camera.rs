//! A camera: listed, chosen, pulled out and plugged in again.

use mask2face::media::stream::State;

use super::rig::{Rig, options};
use super::standin;

#[test]
fn a_camera_is_listed_chosen_by_name_and_found_again_when_it_is_plugged_in_again() {
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
