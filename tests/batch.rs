//! Many files at once: which are meant, where they go, who does them, and what is told.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{SMALL, folder, make, mask2face, names, outcome, whole_report};

/// A few frames without a face.
fn short(path: &Path) {
    let text = "videotestsrc num-buffers=5 ! {SMALL} ! x264enc ! mp4mux ! filesink location={out}";
    make(path, &text.replace("{SMALL}", SMALL));
}

/// Copies of one short clip under `names`, in `clips` within `folder`.
fn clips(folder: &Path, names: &[&[u8]]) {
    let first = folder.join("first.mp4");
    short(&first);
    for name in names {
        let path = folder.join("clips").join(OsStr::from_bytes(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(&first, path).unwrap();
    }
    std::fs::remove_file(first).unwrap();
}

/// The (input, status) pairs of a report.
fn ends(report: &Value) -> Vec<(&str, &str)> {
    let files = report["files"].as_array().unwrap();
    files.iter().map(|f| (f["input"].as_str().unwrap(), f["status"].as_str().unwrap())).collect()
}

#[test]
fn odd_names_come_through_and_the_tree_is_kept() {
    let folder = folder();
    let odd: &[&[u8]] =
        &[b"a/b\xff.mp4", b"a/c\nd.mp4", b"a\xfe/e.mp4", b".h.mp4", b"\"q\" \\.mp4"];
    clips(folder.path(), odd);
    std::fs::write(folder.path().join("clips/notes.txt"), "x").unwrap();
    let run = mask2face(folder.path(), &["run", "clips", "-o", "out", "--json"]);
    let (code, said) = outcome(&run);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("left out: 1 hidden, 1 neither video nor photo\n"), "{said}");
    let out = folder.path().join("out");
    let made: [&[u8]; 4] = [
        b"\"q\" \\.unmasked.mp4",
        b"a/b\xff.unmasked.mp4",
        b"a/c\nd.unmasked.mp4",
        b"a\xfe/e.unmasked.mp4",
    ];
    for name in made {
        assert!(out.join(OsStr::from_bytes(name)).is_file(), "{name:?}");
    }
    let report = whole_report(&run);
    assert_eq!(report["version"], 1);
    let inputs: Vec<_> = ends(&report).into_iter().map(|(input, _)| input).collect();
    assert_eq!(
        inputs,
        ["clips/\"q\" \\.mp4", "clips/a/b\\xFF.mp4", "clips/a/c\nd.mp4", "clips/a\\xFE/e.mp4"]
    );
}

#[test]
fn finished_files_are_skipped_and_told_and_the_rest_is_done() {
    let folder = folder();
    clips(folder.path(), &[b"a.mp4", b"b.mp4"]);
    let first = mask2face(folder.path(), &["run", "clips/a.mp4", "-o", "a.unmasked.mp4", "-q"]);
    assert_eq!(outcome(&first), (0, String::new()));
    let args = ["run", "clips/*.mp4", "-o", ".", "--json"];
    let run = mask2face(folder.path(), &args);
    let (code, said) = outcome(&run);
    assert_eq!(code, 0, "{said}");
    let report = whole_report(&run);
    assert_eq!(ends(&report), [("clips/a.mp4", "skipped"), ("clips/b.mp4", "done")]);
    assert_eq!(report["files"][0]["why"], "finished already: ./a.unmasked.mp4 exists");
    assert!(said.contains("mask2face: 1 done, 1 skipped\n"), "{said}");
    assert_eq!(names(folder.path()), ["a.unmasked.mp4", "b.unmasked.mp4", "clips"]);
}

#[test]
fn a_list_on_standard_input_names_files_of_any_bytes() {
    let folder = folder();
    clips(folder.path(), &[b"x/a\n\xff.mp4", b"x/b.mp4", b"x/c.mp4"]);
    let args = ["run", "--files-from", "-", "--null", "--exclude", "c.*", "-o", "out", "-q"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_mask2face"))
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let list = b"clips/x/a\n\xff.mp4\0clips/x/b.mp4\0clips/x/c.mp4\0";
    child.stdin.take().unwrap().write_all(list).unwrap();
    assert!(child.wait().unwrap().success());
    let out = folder.path().join("out/clips/x");
    assert_eq!(out.read_dir().unwrap().count(), 2);
    assert!(out.join(OsStr::from_bytes(b"a\n\xff.unmasked.mp4")).is_file());
}

#[test]
fn progress_as_events_is_one_object_a_line() {
    let folder = folder();
    clips(folder.path(), &[b"a.mp4"]);
    std::fs::write(folder.path().join("clips/b.mp4"), "no video").unwrap();
    let run = mask2face(folder.path(), &["run", "clips", "-o", "out", "--progress", "json"]);
    let (code, said) = outcome(&run);
    assert_eq!(code, 1, "{said}");
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    let kinds: Vec<_> = kinds.into_iter().filter(|kind| *kind != "progress").collect();
    assert_eq!(kinds, ["start", "file", "done", "file", "failed", "end"]);
    let failed = events.iter().find(|event| event["event"] == "failed").unwrap();
    assert!(failed["why"].as_str().unwrap().starts_with("clips/b.mp4: not a video"), "{failed}");
    assert_eq!(events.last().unwrap()["counts"]["failed"], 1);
}

#[test]
fn a_file_that_another_run_holds_is_left_to_it() {
    let folder = folder();
    clips(folder.path(), &[b"a.mp4", b"b.mp4"]);
    let claim = File::create(folder.path().join(".a.unmasked.mp4.claim")).unwrap();
    claim.try_lock().unwrap();
    let run = mask2face(folder.path(), &["run", "clips", "-o", ".", "--json"]);
    assert_eq!(outcome(&run).0, 0);
    let report = whole_report(&run);
    assert_eq!(ends(&report), [("clips/a.mp4", "skipped"), ("clips/b.mp4", "done")]);
    assert_eq!(report["files"][0]["why"], "another run is working on it");
    let alone = ["run", "clips/a.mp4", "-o", "a.unmasked.mp4"];
    let (code, said) = outcome(&mask2face(folder.path(), &alone));
    let expected = "mask2face: error: clips/a.mp4: another run is working on it\n";
    assert_eq!((code, said.as_str()), (1, expected));
    // the other run dies: its claim file stays, and is worth nothing
    drop(claim);
    let run = mask2face(folder.path(), &["run", "clips", "-o", ".", "--json"]);
    assert_eq!(ends(&whole_report(&run)), [("clips/a.mp4", "done"), ("clips/b.mp4", "skipped")]);
    assert_eq!(names(folder.path()), ["a.unmasked.mp4", "b.unmasked.mp4", "clips"]);
}

#[test]
fn runs_side_by_side_do_every_file_once() {
    let folder = folder();
    let many: Vec<_> = (0..8).map(|n| format!("{n}.mp4").into_bytes()).collect();
    clips(folder.path(), &many.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_mask2face"))
            .args(["run", "clips", "-o", "out", "--json", "-q"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let done: Vec<String> = [start(), start(), start()]
        .into_iter()
        .flat_map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            let report = whole_report(&output);
            let done = ends(&report).into_iter().filter(|(_, status)| *status == "done");
            done.map(|(input, _)| input.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let mut distinct = done.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((done.len(), distinct.len()), (8, 8), "{done:?}");
    assert_eq!(names(&folder.path().join("out")).len(), 8);
}

#[test]
fn shards_part_the_files_whoever_says_which() {
    let folder = folder();
    clips(folder.path(), &[b"a.mp4", b"b.mp4", b"c.mp4"]);
    let part = |shard: &str, environment: &[(&str, &str)]| {
        let run = Command::new(env!("CARGO_BIN_EXE_mask2face"))
            .args(["run", "clips", "-o", "out", "--json", "-q", "--shard", shard])
            .envs(environment.iter().copied())
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(outcome(&run).0, 0);
        let report = whole_report(&run);
        let ends = ends(&report).into_iter().map(|(a, b)| format!("{a} {b}")).collect::<Vec<_>>();
        (report["shard"].as_str().unwrap().to_owned(), ends.join(", "))
    };
    let slurm = [("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_COUNT", "2")];
    let second = part("auto", &slurm);
    assert_eq!(second, ("2/2".to_owned(), "clips/b.mp4 done".to_owned()));
    // finished files count as before, so that the parts stay what they were
    let first = part("auto/2", &[("JOB_COMPLETION_INDEX", "0")]);
    assert_eq!(first, ("1/2".to_owned(), "clips/a.mp4 done, clips/c.mp4 done".to_owned()));
    assert_eq!(part("2/2", &[]).1, "clips/b.mp4 skipped");
}

#[test]
fn two_batches_give_the_same_report_but_for_times() {
    let folder = folder();
    clips(folder.path(), &[b"a.mp4", b"b/c.mp4"]);
    std::fs::write(folder.path().join("clips/d.mp4"), "no video").unwrap();
    let mut reports = ["one.json", "two.json"].map(|name| {
        let run = mask2face(folder.path(), &["run", "clips", "-o", "out", "--report", name]);
        assert_eq!(outcome(&run).0, 1);
        std::fs::remove_dir_all(folder.path().join("out")).unwrap();
        let text = std::fs::read(folder.path().join(name)).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()
    });
    for report in &mut reports {
        for file in report["files"].as_array_mut().unwrap() {
            let times = file.as_object_mut().unwrap().remove("times");
            assert_eq!(times.is_some(), file["status"] == "done");
        }
    }
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0]["files"][0]["model"]["model"], "light");
}
