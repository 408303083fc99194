//! Passwords, keys and tokens are in nothing that the program says, writes or answers.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::page::get;
use super::server::{Camera, picture};
use super::support;

/// What may be seen nowhere.
const SECRETS: [&str; 8] = [
    "camera-pass",
    "wrong-pass",
    "viewer-pass",
    "pushed-pass",
    "stream-key",
    "srt-passphrase",
    "page-token",
    "query-key",
];

fn run(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mask2face"));
    command.args(["run", "--report", "report.json", "--json"]).args(args).current_dir(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Everything that a run left behind.
fn traces(folder: &Path, output: &Output) -> String {
    let read = |name: &String| std::fs::read(folder.join(name)).unwrap();
    let files = support::names(folder).iter().flat_map(read).collect::<Vec<u8>>();
    let all = [&output.stdout[..], &output.stderr[..], &files[..]].concat();
    String::from_utf8_lossy(&all).into_owned()
}

fn check(all: &str, what: &str) {
    for secret in SECRETS {
        assert!(!all.contains(secret), "{what}: {secret} is in\n{all}");
    }
}

#[test]
fn no_report_page_or_message_holds_a_password() {
    let camera = Camera::start(Some(("jo", "camera-pass")));
    camera.serve("/a", &picture("jpegenc ! rtpjpegpay"));
    let folder = support::folder();
    let input = camera.url("/a?key=query-key").replace("//", "//jo:camera-pass@");
    let output = "rtsp://amy:viewer-pass@127.0.0.1:0/live";
    let watch = ["--http", "127.0.0.1:0", "--http-token", "page-token", "--duration", "4"];
    let mut running =
        run(folder.path(), &[&[&input, "-o", output], &watch[..]].concat()).spawn().unwrap();
    let mut said = BufReader::new(running.stderr.take().unwrap());
    let (mut all, mut line) = (String::new(), String::new());
    while !line.contains("watch it at http://") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "{all}");
        all += &line;
    }
    let at = line.trim().rsplit("http://").next().unwrap().trim_end_matches('/').parse().unwrap();
    for path in ["/", "/healthz", "/metrics", "/figures.json", "/none"] {
        let (status, body) = get(at, path, "Host: x\r\nAuthorization: Bearer page-token");
        assert!([200, 404, 503].contains(&status), "{path}: {status}");
        all += &String::from_utf8_lossy(&body);
        all += &String::from_utf8_lossy(&get(at, path, "Host: x").1);
    }
    said.read_to_string(&mut all).unwrap();
    let output = running.wait_with_output().unwrap();
    all += &traces(folder.path(), &output);
    assert!(output.status.success() && all.contains("frames_out"), "{all}");
    check(&all, "a stream that came");
}

#[test]
fn no_failure_tells_a_password() {
    let camera = Camera::start(Some(("jo", "camera-pass")));
    camera.serve("/a", &picture("jpegenc ! rtpjpegpay"));
    let wrong = camera.url("/a").replace("//", "//jo:wrong-pass@");
    let short = ["--duration", "1"];
    for (what, args, code) in [
        ("a wrong password", vec![&*wrong, "-o", "null"], 1),
        ("nobody there", vec!["rtsp://jo:wrong-pass@127.0.0.1:1/x", "-o", "null"], 1),
        ("no address", vec!["rtsp://jo:wrong-pass@:x/", "-o", "null"], 1),
        ("push", vec!["test", "-o", "rtsp+push://jo:pushed-pass@127.0.0.1:1/x"], 1),
        ("RTMP", vec!["test", "-o", "rtmp://127.0.0.1:1/live/stream-key"], 1),
        ("SRT", vec!["test", "-o", "srt://127.0.0.1:1?passphrase=srt-passphrase"], 1),
    ] {
        let folder = support::folder();
        let mut command = run(folder.path(), &[&args[..], &short[..]].concat());
        let output = command.env("MASK2FACE_RTSP_PASSWORD", "wrong-pass").output().unwrap();
        let all = traces(folder.path(), &output);
        assert_eq!(output.status.code(), Some(code), "{what}: {all}");
        check(&all, what);
    }
}
