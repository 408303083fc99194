//! Latency and freshness over a network that stalls: pictures tell their number, patches what
//! picture they were made of.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gstreamer as gst;
use mask2face::media::live::LiveOptions;

use super::cable::Cable;
use super::rig::{Rig, eventually, options};
use super::server::Camera;
use super::stamped::{Captured, Notebook, SIZE, Sight, sight};

/// A stream of numbered pictures with a masked face, over a cable.
struct Watched {
    rig: Rig,
    cable: Cable,
    seen: Arc<Mutex<Vec<Sight>>>,
    _camera: Camera,
}

impl Watched {
    fn start(options: &LiveOptions) -> Self {
        let camera = Camera::start(None);
        let captured = Captured::default();
        let text = format!(
            "videotestsrc is-live=true ! video/x-raw,format=I420,width={},height={},\
             framerate=30/1 ! identity name=gate ! jpegenc quality=95 ! rtpjpegpay name=pay0",
            SIZE.width, SIZE.height
        );
        let stamps = captured.clone();
        camera.serve_probed("/a", &text, move |buffer: &mut gst::BufferRef| {
            stamps.stamp(&mut buffer.map_writable().unwrap());
            true
        });
        let cable = Cable::to(camera.port());
        let seen = Arc::default();
        let notes = |_| {
            let (captured, seen) = (captured.clone(), Arc::clone(&seen));
            Box::new(Notebook { captured, seen }) as _
        };
        let rig = Rig::start_seeing(&[(&cable.url("/a"), "null")], options, notes, Some(sight()));
        Self { rig, cable, seen, _camera: camera }
    }

    fn seen(&self) -> Vec<Sight> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many more pictures came out.
    fn more(&self, pictures: usize) {
        let before = self.seen().len();
        eventually("more pictures", || (self.seen().len() > before + pictures).then_some(()))
            .unwrap();
    }
}

/// Order is kept, and every patch is of its own picture.
fn check(seen: &[Sight]) {
    assert!(seen.windows(2).all(|two| two[0].n < two[1].n), "the order is kept");
    let restored: Vec<_> = seen.iter().filter(|sight| sight.restored).collect();
    assert!(restored.len() * 2 > seen.len(), "{} of {}", restored.len(), seen.len());
    // Neighbours differ by nine levels.
    let stale: Vec<_> = restored.iter().filter(|sight| sight.off.abs() > 4.0).collect();
    assert!(stale.is_empty(), "{} of {}: {:?}", stale.len(), restored.len(), &stale[0]);
}

#[test]
fn after_a_stall_of_the_network_each_frame_carries_its_own_patch() {
    let watched = Watched::start(&options());
    watched.more(30);
    watched.cable.stall();
    std::thread::park_timeout(Duration::from_millis(700));
    watched.cable.flow();
    watched.more(60);
    check(&watched.seen());
    let stream = watched.rig.stream(0);
    assert_eq!(stream.known.reconnects, 0, "{stream:?}");
    let tracks = watched.rig.counts.tracks(0).spans();
    assert!(tracks.iter().all(|track| track.worn == track.frames), "{tracks:?}");
    assert!(tracks.iter().map(|track| track.painted).sum::<u64>() >= 90, "{tracks:?}");
    watched.rig.end();
}

#[test]
#[ignore = "measures: the machine must be quiet"]
fn after_a_stall_of_two_seconds_the_latency_is_back_within_one() {
    let bound = Duration::from_millis(150);
    let defaults = LiveOptions::default();
    let watched =
        Watched::start(&LiveOptions { max_latency: bound, stall: defaults.stall, ..options() });
    watched.more(90);
    watched.cable.stall();
    std::thread::park_timeout(Duration::from_secs(2));
    watched.cable.flow();
    let flowed = Instant::now();
    watched.more(120);
    let seen = watched.seen();
    check(&seen);
    let after: Vec<_> = seen.iter().filter(|sight| sight.at > flowed).collect();
    let late = after.iter().filter(|sight| sight.age > bound);
    let last = late.clone().map(|sight| sight.at - flowed).max().unwrap_or_default();
    let ages: Vec<_> = after.iter().step_by(10).map(|sight| sight.age.as_millis()).collect();
    eprintln!(
        "under {bound:?} {last:?} after the stall; {} pictures were older; ages in ms of every tenth: {ages:?}",
        late.count()
    );
    eprintln!("{:?}", watched.rig.stream(0));
    assert!(last < Duration::from_secs(1), "{last:?}");
    watched.rig.end();
}
