//! The page of `--http`.

use std::process::Command;

use mask2face::media::outlet::Nothing;
use mask2face::media::still::{Peek, Watched};
use mask2face::watch::{Subject, Watch};

use super::rig::{Rig, options};
use super::server::{Camera, picture};
use super::support;

/// Status and body of a request.
pub fn get(at: std::net::SocketAddr, path: &str, header: &str) -> (u16, Vec<u8>) {
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
    let at = watch.address();
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
    let at = locked.address();
    assert_eq!(get(at, "/metrics", "Host: x").0, 401);
    assert_eq!(get(at, "/metrics?token=let-me-in", "Host: x").0, 200);
    assert_eq!(get(at, "/metrics", "Host: x\r\nAuthorization: Bearer let-me-in").0, 200);
    drop((watch, locked));
    rig.end();
}

#[test]
fn a_browser_fills_the_page_with_pictures_and_figures() {
    let browser = ["chromium", "chromium-browser", "google-chrome"];
    let found = |name: &&&str| Command::new(name).arg("--version").output().is_ok();
    let Some(browser) = browser.iter().find(found) else {
        eprintln!("skipped: no Chromium is installed");
        return;
    };
    let peek = Peek::default();
    let rig = Rig::start_with(&[("test", "null")], &options(), |_| {
        Box::new(Watched { outlet: Box::new(Nothing), peek: peek.clone() })
    });
    rig.until(0, "pictures", |s| s.frames_out > 3);
    let (stats, provider) = (rig.stats.clone(), "TheProvider".to_owned());
    let subject = Subject { stats, peeks: vec![peek.clone()], provider };
    let watch = Watch::start("127.0.0.1:0".parse().unwrap(), None, &subject).unwrap();
    let folder = support::folder();
    let page = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000"])
        .arg(format!("--user-data-dir={}", folder.path().display()))
        .args(["--dump-dom", &format!("http://{}/", watch.address())])
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    assert!(page.contains("TheProvider</small>"), "{page}");
    assert!(page.contains("<td>test</td><td>live</td>"), "{page}");
    // The canvas takes the size of the first picture.
    assert!(page.contains("<canvas width=\"160\" height=\"120\">"), "{page}");
    rig.end();
}
