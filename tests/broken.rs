//! A folder full of broken files: each costs one clear line, none stops the others.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(clippy::print_stdout, reason = "what it took is worth a line")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use support::{folder, names, outcome, talking, whole_report};

/// Seconds after which a file hangs, on however busy a machine: ten are asked for, and what it
/// took is printed. MB that the program may come to hold.
const LONGEST: f64 = 60.0;
const MOST_MEMORY: u64 = 1500;

/// One broken file: a good one cut off or with flipped bits, or a trap made for the purpose.
fn broken(n: usize, good: &[u8], photo: &[u8], random: &mut ChaCha8Rng) -> (Vec<u8>, Vec<u8>) {
    let cut = |whole: &[u8], share: f64| whole[..(whole.len() as f64 * share) as usize].to_vec();
    let (name, bytes) = match n % 8 {
        0 => ("cut.mp4", cut(good, random.random_range(0.05..0.999))),
        1 => ("flipped.mp4", flipped(good, random)),
        2 => ("cut.jpg", cut(photo, random.random_range(0.1..0.9))),
        3 => ("head.mp4", flipped(&good[..400], random)),
        4 => ("huge.png", huge(30_000, n as u32)),
        5 => ("text.webp", b"RIFF\xff\xff\xff\x7fWEBPVP8 nothing of the kind".to_vec()),
        6 => ("noise.mkv", (0..5000).map(|_| random.random_range(0..=255)).collect()),
        _ => ("empty.webm", Vec::new()),
    };
    let mut odd = format!("{n:03}").into_bytes();
    odd.extend_from_slice([&b"\n"[..], b"\xff", b" ", b"\t"][n / 8 % 4]);
    odd.extend_from_slice(name.as_bytes());
    (odd, bytes)
}

/// Every thirtieth byte is another.
fn flipped(good: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..bytes.len() / 30 {
        let at = random.random_range(0..bytes.len());
        bytes[at] ^= random.random_range(1..=255);
    }
    bytes
}

/// A PNG that promises `side` x `side` pixels, and is small: its data are one long run of zeros.
fn huge(side: u32, seed: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        let body = [&name[..], data].concat();
        bytes.extend(&body);
        let crc = body.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg())
            })
        });
        bytes.extend((!crc).to_be_bytes());
    };
    let size = [side.to_be_bytes(), (side + seed).to_be_bytes()].concat();
    chunk(b"IHDR", &[&size[..], &[8, 2, 0, 0, 0]].concat());
    chunk(b"IDAT", &[0x78, 0x01, 0xED, 0xC1]);
    chunk(b"IEND", &[]);
    bytes
}

/// A batch of `bad` broken files and `good` good ones.
fn batch(bad: usize, good: usize) {
    let folder = folder();
    let at = |name: &[u8]| folder.path().join("clips").join(OsStr::from_bytes(name));
    fs::create_dir(folder.path().join("clips")).unwrap();
    let whole = folder.path().join("good.mp4");
    talking(&whole);
    let (video, photo) = (fs::read(&whole).unwrap(), jpeg(folder.path()));
    let mut random = ChaCha8Rng::seed_from_u64(200);
    for n in 0..bad {
        let (name, bytes) = broken(n, &video, &photo, &mut random);
        fs::write(at(&name), bytes).unwrap();
    }
    for n in 0..good {
        let (name, bytes) = if n % 2 == 0 { ("mp4", &video) } else { ("jpg", &photo) };
        fs::write(at(format!("good {n}.{name}").as_bytes()), bytes).unwrap();
    }
    let (run, longest, memory) = watched(folder.path());
    let (code, said) = outcome(&run);
    assert_eq!(code, 1, "{said}");
    assert!(!said.contains("panicked"), "{said}");
    println!("{bad} broken files: {longest:.2} s for the slowest file, {memory} MB at most");
    assert!(longest < LONGEST, "a file took {longest:.1} s");
    assert!(memory < MOST_MEMORY, "{memory} MB");
    let report = whole_report(&run);
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), bad + good);
    let (fine, wrong): (Vec<&Value>, Vec<&Value>) =
        files.iter().partition(|file| file["input"].as_str().unwrap().contains("good"));
    assert!(fine.iter().all(|file| file["status"] == "done"), "{fine:#?}");
    for file in wrong {
        let (status, why) = (&file["status"], file["why"].as_str().unwrap_or_default());
        assert!(status == "failed" || status == "breach", "{file:#}");
        assert!(why.len() > 10, "{file:#}");
    }
    // one line each as it happens, and one in the summary
    let lines = |mark: &str| said.lines().filter(|line| line.starts_with(mark)).count();
    assert!(lines("mask2face: ") >= bad, "{said}");
    assert_eq!(lines("failed  ") + lines("breach  "), bad, "{said}");
    let made = names_of_any_bytes(&folder.path().join("out"));
    assert!(made.iter().all(|name| !name.starts_with(b".")), "something was left behind");
    let whole = made.iter().filter(|name| name.starts_with(b"good"));
    assert_eq!(whole.count(), good);
}

/// Runs the batch, and gives with its output the seconds of the file that took longest, and the
/// most memory in MB.
fn watched(folder: &Path) -> (Output, f64, u64) {
    // lines, as they come, tell when each file begins and ends
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v 6000000; exec \"$0\" run clips -o out --report report.json"])
        .arg(env!("CARGO_BIN_EXE_mask2face"))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut said, mut longest, mut memory) = (Vec::new(), 0.0f64, 0);
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let (mut begun, mut from) = (Instant::now(), 0);
    while lines.read_until(b'\n', &mut said).unwrap() > 0 {
        // [12/220] NAME: STATUS
        if said[from..].starts_with(b"[") {
            longest = longest.max(begun.elapsed().as_secs_f64());
            begun = Instant::now();
        }
        from = said.len();
        let peak = fs::read_to_string(&status).unwrap_or_default();
        let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        memory = memory.max(kib.unwrap_or_default() / 1000);
    }
    let stdout = fs::read(folder.join("report.json")).unwrap();
    (Output { status: child.wait().unwrap(), stdout, stderr: said }, longest, memory)
}

fn names_of_any_bytes(folder: &Path) -> Vec<Vec<u8>> {
    let entries = folder.read_dir().unwrap();
    entries.map(|entry| entry.unwrap().file_name().as_bytes().to_vec()).collect()
}

fn jpeg(folder: &Path) -> Vec<u8> {
    let path = folder.join("good.jpg");
    support::make(
        &path,
        "videotestsrc num-buffers=1 ! video/x-raw,width=320,height=240 ! jpegenc \
         ! filesink location={out}",
    );
    let bytes = fs::read(&path).unwrap();
    assert!(names(folder).contains(&"good.jpg".to_owned()));
    bytes
}

#[test]
fn broken_files_cost_a_line_each() {
    batch(16, 2);
}

/// An element that sleeps stands in for a decoder that never comes back.
#[test]
#[ignore = "waits the eight seconds after which a file counts as stuck"]
fn a_file_that_is_stuck_is_given_up() {
    let folder = folder();
    let folder = folder.path();
    fs::create_dir(folder.join("clips")).unwrap();
    talking(&folder.join("clips/a.mp4"));
    fs::write(folder.join("clips/b.jpg"), jpeg(folder)).unwrap();
    let sound = include_str!("../pipelines/file.launch");
    let stuck = sound.replace("name=scale", "name=scale ! identity sleep-time=1000000000");
    fs::write(folder.join("stuck.launch"), stuck).unwrap();
    let begun = Instant::now();
    let args = ["run", "clips", "-o", "out", "--pipeline", "stuck.launch", "--json"];
    let run = support::mask2face(folder, &args);
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(outcome(&run).0, 1);
    let report = whole_report(&run);
    let why = report["files"][0]["why"].as_str().unwrap();
    assert!(why.contains("nothing has come from it for 8 s"), "{why}");
    assert_eq!(report["files"][1]["status"], "done");
    println!("a stuck file and a photo: {took:.2} s");
    assert!(took < LONGEST, "{took}");
    assert_eq!(names(&folder.join("out")), ["b.unmasked.jpg"]);
}

#[test]
#[ignore = "takes minutes: 200 broken files and 20 good ones"]
fn two_hundred_broken_files_and_twenty_good_ones() {
    batch(200, 20);
}
