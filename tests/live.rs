//! Live streams with real parts: RTSP servers in this process, on loopback, at free ports.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mask2face::geometry::Size;
use mask2face::media::endpoint::{Input, Output};
use mask2face::media::entrance::Entrance;
use mask2face::media::live::{Feed, LiveOptions, Transport};
use mask2face::media::open::Opener;
use mask2face::media::outflow::Belonging;
use mask2face::media::outlet::{Nothing, Outlet, Shown};
use mask2face::media::soundline::SoundLine;
use mask2face::media::still::{Peek, Watched};
use mask2face::media::stream::{State, Status};
use mask2face::media::timer::{Steady, Timer};
use mask2face::media::{Frame, StopSignal};
use mask2face::pipeline::outlets::StreamSnapshot;
use mask2face::pipeline::{Live, LiveStats, Load, Outlets, Pipeline, Running, Stats};
use mask2face::watch::{Subject, Watch};
use support::server::{Camera, picture};
use support::standin;

/// Live streams through the pipeline, without a look at faces.
struct Rig {
    statuses: Vec<Status>,
    stats: LiveStats,
    stop: StopSignal,
    running: Running,
    threads: Vec<JoinHandle<()>>,
    opener: Opener,
}

fn options() -> LiveOptions {
    LiveOptions {
        max_latency: Duration::from_secs(1),
        transport: Transport::Tcp,
        stall: Duration::from_secs(2),
        patience: Duration::from_secs(30),
        hold: true,
        size: Some(Size::new(160, 120)),
        fps: Some(30),
        ..LiveOptions::default()
    }
}

fn belonging(status: &Status, sound: &SoundLine) -> Belonging {
    Belonging {
        status: status.clone(),
        sound: sound.clone(),
        patience: Duration::from_millis(150),
        comment: Some("test".to_owned()),
    }
}

impl Rig {
    fn start(streams: &[(&str, &str)], options: &LiveOptions) -> Self {
        Self::start_with(streams, options, |_| Box::new(Nothing))
    }

    /// With an outlet of the test's own in place of `null`.
    fn start_with(
        streams: &[(&str, &str)],
        options: &LiveOptions,
        null: impl Fn(usize) -> Box<dyn Outlet>,
    ) -> Self {
        mask2face::media::init().unwrap();
        let (entrance, timer): (Entrance<Frame>, Arc<dyn Timer>) =
            (Entrance::new(), Steady::begin());
        let (stop, mut opener) = (StopSignal::default(), Opener::new(None, false));
        let (mut feeds, mut outlets): (Vec<Feed>, Vec<Box<dyn Outlet>>) = Default::default();
        for (input, output) in streams {
            let input = Input::parse(input.as_ref()).unwrap();
            let (status, sound) = (Status::new(&input.to_string()), SoundLine::default());
            let output = Output::parse(output.as_ref()).unwrap();
            outlets.push(match output {
                Output::Null => null(feeds.len()),
                output => opener.open(&output, belonging(&status, &sound)).unwrap(),
            });
            feeds.push(Feed {
                input,
                options: options.clone(),
                launch: None,
                door: Arc::new(entrance.open()),
                status,
                sound,
                stop: stop.clone(),
                timer: Arc::clone(&timer),
            });
        }
        let statuses: Vec<_> = feeds.iter().map(|feed| feed.status.clone()).collect();
        let load = Load::new(options.max_latency);
        let stats = LiveStats::new(entrance.clone(), load, options.max_latency, &statuses);
        let outlets = Outlets::new(outlets, stats.clone(), timer);
        let running = Pipeline::from_rounds(Box::new(Live::new(entrance)), Stats::default())
            .into_rounds(Box::new(outlets))
            .unwrap();
        let threads = feeds.into_iter().map(|feed| feed.start().unwrap()).collect();
        Self { statuses, stats, stop, running, threads, opener }
    }

    fn stream(&self, n: usize) -> StreamSnapshot {
        self.stats.snapshot().streams.swap_remove(n)
    }

    /// Waits until the stream is as wanted.
    fn until(
        &self,
        n: usize,
        wanted: &str,
        is: impl Fn(&StreamSnapshot) -> bool,
    ) -> StreamSnapshot {
        eventually(wanted, || Some(self.stream(n)).filter(&is))
            .unwrap_or_else(|| panic!("never came: {wanted}; it stands at {:?}", self.stream(n)))
    }

    /// Ends everything and gives what the streams had to say.
    fn end(self) -> Vec<String> {
        self.stop.stop();
        self.running.join().unwrap();
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.statuses.iter().flat_map(Status::take_notes).collect()
    }
}

/// Looks again and again, for as long as a busy machine may need.
fn eventually<T>(wanted: &str, look: impl Fn() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(90) {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    eprintln!("waited in vain for: {wanted}");
    None
}

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

#[test]
fn a_server_that_goes_and_comes_again_is_found_and_meanwhile_a_picture_holds() {
    let text = picture("x264enc tune=zerolatency key-int-max=15 ! rtph264pay");
    let camera = Camera::start(None);
    let port = camera.port();
    camera.serve("/a", &text);
    let rig = Rig::start(&[(&camera.url("/a"), "null")], &options());
    let mut camera = Some(camera);
    for n in 0..3 {
        let before =
            rig.until(0, "pictures", |s| s.known.state == State::Live && s.known.reconnects == n);
        rig.until(0, "more", |s| s.frames_out > before.frames_out + 5);
        drop(camera.take());
        let lost = rig.until(0, "the loss", |s| s.known.state == State::Lost);
        rig.until(0, "a holding picture", |s| s.held > lost.held);
        let again = Camera::at(port, None);
        again.serve("/a", &text);
        camera = Some(again);
    }
    let back = rig.until(0, "the last return", |s| s.known.reconnects == 3);
    assert_eq!(back.known.state, State::Live);
    let notes = rig.end();
    assert!(notes.iter().any(|note| note.contains("closed from the other side")), "{notes:?}");
    assert_eq!(notes.iter().filter(|note| note.ends_with("pictures again")).count(), 3);
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

/// Keeps the last frame that it was shown.
struct Keep(Arc<Mutex<Option<Shown>>>);

impl Outlet for Keep {
    fn show(&mut self, shown: &Shown) -> anyhow::Result<()> {
        *self.0.lock().unwrap() = Some(shown.clone());
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        Ok(())
    }
}

#[test]
fn without_a_client_two_hours_of_frames_cost_no_memory() {
    let kept = Arc::new(Mutex::new(None));
    let rig =
        Rig::start_with(&[("test", "null")], &options(), |_| Box::new(Keep(Arc::clone(&kept))));
    rig.until(0, "a frame", |s| s.frames_out > 0);
    rig.end();
    let shown: Shown = kept.lock().unwrap().take().unwrap();
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

/// Memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
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

/// Status and body of a request.
fn get(at: std::net::SocketAddr, path: &str, header: &str) -> (u16, Vec<u8>) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(at).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nConnection: close\r\n{header}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer[head + 4..].to_vec())
}

#[test]
fn the_page_shows_pictures_and_figures_and_no_password() {
    let camera = Camera::start(Some(("jo", "pass-word")));
    camera.serve("/a", &picture("jpegenc ! rtpjpegpay"));
    let peek = Peek::default();
    let url = camera.url("/a").replace("//", "//jo:pass-word@");
    let rig = Rig::start_with(&[(&url, "null")], &options(), |_| {
        Box::new(Watched { outlet: Box::new(Nothing), peek: peek.clone() })
    });
    rig.until(0, "pictures", |s| s.frames_out > 3);
    let subject = Subject {
        stats: rig.stats.clone(),
        peeks: vec![peek.clone()],
        provider: "CPUExecutionProvider (no CUDA: \"why\")".to_owned(),
    };
    let local = "127.0.0.1:0".parse().unwrap();
    let watch = Watch::start(local, None, &subject).unwrap();
    let at = watch.address().unwrap();
    let mut seen = String::new();
    for (path, holds) in [
        ("/", "<canvas"),
        ("/healthz", "CPUExecutionProvider"),
        ("/figures.json", "\"frames_in\":"),
        ("/metrics", "mask2face_frames_in_total{stream=\"1\",name=\"rtsp://127.0.0.1:"),
    ] {
        let (status, body) = get(at, path, "Host: localhost");
        let body = String::from_utf8(body).unwrap();
        assert!(status == 200 && body.contains(holds), "{path}: {status} {body}");
        seen += &body;
    }
    assert!(!seen.contains("pass-word"));
    let (status, jpeg) = get(at, "/pair.jpg", "Host: 127.0.0.1");
    assert!(status == 200 && jpeg.starts_with(&[0xff, 0xd8]), "{status}");
    assert_eq!(get(at, "/", "Host: elsewhere.example").0, 403);
    assert_eq!(get(at, "/pair.jpg?stream=7", "Host: localhost").0, 404);

    let refused = Watch::start("0.0.0.0:0".parse().unwrap(), None, &subject).err().unwrap();
    assert!(refused.to_string().contains("--http-token"), "{refused}");
    let token = Some(mask2face::media::address::Secret::new("let-me-in"));
    let locked = Watch::start(local, token, &subject).unwrap();
    let at = locked.address().unwrap();
    assert_eq!(get(at, "/metrics", "Host: x").0, 401);
    assert_eq!(get(at, "/metrics?token=let-me-in", "Host: x").0, 200);
    assert_eq!(get(at, "/metrics", "Host: x\r\nAuthorization: Bearer let-me-in").0, 200);
    drop((watch, locked));
    rig.end();
}
