//! Long videos against whatever ends a run: the next one goes on, and the result is that of a
//! run that nothing disturbed, frame for frame.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use mask2face::onnx::registry::Places;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{folder, make, mask2face, names, outcome, report};

/// Three seconds with sound: a masked face where the set-up has fetched one, a test picture
/// elsewhere.
fn clip(path: &Path) {
    let portrait = Places::from_env().cache.join("demo/astronaut.png");
    let masked = path.with_file_name("masked.png");
    let mask = ["run", portrait.to_str().unwrap(), "-o", "masked.png", "--paint-mask", "surgical"];
    let faces = portrait.is_file() && mask2face(path.parent().unwrap(), &mask).status.success();
    let picture = if faces {
        let from = masked.display();
        format!(
            "filesrc location={from} ! pngdec ! imagefreeze num-buffers=45 ! videoconvert ! videoscale"
        )
    } else {
        eprintln!("no portrait: 'make setup' fetches it; this goes with a picture without faces");
        "videotestsrc num-buffers=45".to_owned()
    };
    make(
        path,
        &format!(
            "{picture} ! video/x-raw,format=I420,width=320,height=320,framerate=15/1 \
             ! x264enc bframes=2 key-int-max=20 ! mp4mux name=m ! filesink location={{out}} \
             audiotestsrc num-buffers=130 ! avenc_aac ! m."
        ),
    );
    let _ = std::fs::remove_file(masked);
}

const RUN: [&str; 7] = ["run", "in.mp4", "-o", "out.mp4", "--stretch", "1", "--json"];

/// The SHA-256 of every decoded frame, by ffmpeg: no code of ours.
fn frames(path: &Path) -> String {
    let hashes = Command::new("ffmpeg")
        .args(["-v", "error", "-i", path.to_str().unwrap(), "-map", "0", "-c:a", "copy"])
        .args(["-f", "framehash", "-"])
        .output()
        .unwrap();
    assert!(hashes.status.success(), "{}", String::from_utf8_lossy(&hashes.stderr));
    String::from_utf8(hashes.stdout).unwrap()
}

fn start(folder: &Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mask2face"))
        .args(args)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until the first stretch is safe, and holds the program there.
fn hold_after_first_stretch(child: &mut Child, folder: &Path) {
    let leaf = folder.join(".out.mp4.part/0.json");
    while !leaf.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first stretch");
        std::thread::yield_now();
    }
    signal(child, "-STOP");
}

/// A run of `clips` clips that is killed `kills` times at random moments, and what it gives in
/// the end against runs that nothing disturbs.
fn kill_and_go_on(clips: usize, kills: usize) {
    let folder = folder();
    clip(&folder.path().join("in.mp4"));
    std::fs::create_dir(folder.path().join("clips")).unwrap();
    for n in 0..clips {
        let name = format!("clips/{n}.mp4");
        std::fs::copy(folder.path().join("in.mp4"), folder.path().join(name)).unwrap();
    }
    let begun = Instant::now();
    let whole = mask2face(folder.path(), &RUN);
    assert_eq!(outcome(&whole).0, 0);
    let whole = report(&whole);
    assert_eq!(whole["stats"]["frames_out"], 45);
    let (took, wanted) = (begun.elapsed(), frames(&folder.path().join("out.mp4")));
    let args = ["run", "clips", "-o", "out", "--stretch", "1", "--json"];
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut killed = 0;
    while killed < kills {
        let mut child = start(folder.path(), &args);
        let moment = took.mul_f64(random.random_range(0.0..1.0) * 1.2);
        std::thread::sleep(moment);
        if child.try_wait().unwrap().is_some() {
            // all was done: the next kill strikes a batch that begins anew
            compare(folder.path(), clips, &wanted);
            std::fs::remove_dir_all(folder.path().join("out")).unwrap();
            continue;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        for name in names_if_any(&folder.path().join("out")) {
            // whatever bears a final name is whole
            if !name.starts_with('.') {
                assert!(frames(&folder.path().join("out").join(&name)) == wanted, "{name}");
            }
        }
    }
    let last = mask2face(folder.path(), &args);
    assert_eq!(outcome(&last).0, 0);
    compare(folder.path(), clips, &wanted);
    let last = support::whole_report(&last);
    let done = last["files"].as_array().unwrap().iter().find(|file| file["status"] == "done");
    if let Some(done) = done {
        for field in ["changed", "check", "stats", "model"] {
            assert_eq!(done[field], whole[field], "{field}");
        }
    }
}

fn names_if_any(folder: &Path) -> Vec<String> {
    if folder.is_dir() { names(folder) } else { Vec::new() }
}

/// All clips are there with the frames `wanted`, and nothing else is.
fn compare(folder: &Path, clips: usize, wanted: &str) {
    let expected: Vec<_> = (0..clips).map(|n| format!("{n}.unmasked.mp4")).collect();
    assert_eq!(names(&folder.join("out")), expected);
    for name in expected {
        assert!(frames(&folder.join("out").join(&name)) == *wanted, "{name} has other frames");
    }
}

#[test]
fn killed_at_random_moments_it_goes_on_to_the_same_frames() {
    kill_and_go_on(1, 4);
}

#[test]
#[ignore = "takes minutes: 50 kills over six clips"]
fn killed_fifty_times_over_a_folder() {
    kill_and_go_on(6, 50);
}

/// The allocator fills what it hands out with other bytes: none may be read before it is set.
#[test]
fn frames_do_not_depend_on_what_memory_held() {
    let folder = folder();
    make(
        &folder.path().join("in.mp4"),
        "videotestsrc pattern=smpte horizontal-speed=3 num-buffers=60 ! video/x-raw,format=I420,width=320,height=240 \
         ! x264enc ! mp4mux ! filesink location={out}",
    );
    let coded = ["1", "85", "170"].map(|byte| {
        let run = Command::new(env!("CARGO_BIN_EXE_mask2face"))
            .args(["run", "in.mp4", "-o", "out.mp4", "--overwrite", "--quiet"])
            .env("MALLOC_PERTURB_", byte)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(outcome(&run).0, 0);
        frames(&folder.path().join("out.mp4"))
    });
    assert!(coded[0] == coded[1] && coded[1] == coded[2]);
}

#[test]
fn stretches_done_apart_join_to_the_same_frames() {
    let folder = folder();
    clip(&folder.path().join("in.mp4"));
    let whole = mask2face(folder.path(), &RUN);
    assert_eq!(outcome(&whole).0, 0);
    let (whole, wanted) = (report(&whole), frames(&folder.path().join("out.mp4")));
    std::fs::remove_file(folder.path().join("out.mp4")).unwrap();
    let part = |shard: &str| -> Output {
        let more = ["--split", "--shard", shard];
        mask2face(folder.path(), &[&RUN[..], &more].concat())
    };
    let join = || mask2face(folder.path(), &["join", "out.mp4", "--json"]);
    assert_eq!(outcome(&part("2/2")).0, 0);
    let (code, said) = outcome(&join());
    assert_eq!(code, 1);
    assert!(said.contains("out.mp4: its stretch 0 is not done; run the part"), "{said}");
    assert_eq!(report(&part("1/2"))["status"], "done");
    let joined = join();
    assert_eq!(outcome(&joined).0, 0);
    assert!(frames(&folder.path().join("out.mp4")) == wanted);
    let joined = report(&joined);
    for field in ["changed", "check", "stats", "model"] {
        assert_eq!(joined[field], whole[field], "{field}");
    }
    assert_eq!(names(folder.path()), ["in.mp4", "out.mp4"]);
    let (code, said) = outcome(&join());
    assert!(code == 1 && said.contains("there are no stretches to put together"), "{said}");
}

#[test]
fn ctrl_c_keeps_what_is_done_and_other_options_begin_anew() {
    let folder = folder();
    clip(&folder.path().join("in.mp4"));
    let mut child = start(folder.path(), &RUN);
    hold_after_first_stretch(&mut child, folder.path());
    signal(&child, "-INT");
    signal(&child, "-CONT");
    let stopped = child.wait_with_output().unwrap();
    let (code, said) = outcome(&stopped);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("frames; the same command goes on there"), "{said}");
    assert_eq!(names(folder.path()), [".out.mp4.part", "in.mp4"]);
    let again = mask2face(folder.path(), &RUN);
    let (code, said) = outcome(&again);
    assert_eq!(code, 0);
    assert!(said.contains("in.mp4: goes on, "), "{said}");
    assert_eq!(names(folder.path()), ["in.mp4", "out.mp4"]);
    // what another job has done is not taken for ours
    std::fs::create_dir(folder.path().join(".new.mp4.part")).unwrap();
    let args = ["run", "in.mp4", "-o", "new.mp4", "--stretch", "1"];
    let (code, said) = outcome(&mask2face(folder.path(), &args));
    assert!(code == 0 && said.contains("in.mp4: begins anew: the input or the options"), "{said}");
    assert!(frames(&folder.path().join("new.mp4")) == frames(&folder.path().join("out.mp4")));
}

/// What a power cut leaves: any file as far as it was written, and nothing that came after.
#[test]
fn after_a_power_cut_it_goes_on_with_what_is_whole() {
    let folder = folder();
    let folder = folder.path();
    clip(&folder.join("in.mp4"));
    assert_eq!(outcome(&mask2face(folder, &RUN)).0, 0);
    let wanted = frames(&folder.join("out.mp4"));
    std::fs::remove_file(folder.join("out.mp4")).unwrap();
    let mut child = start(folder, &RUN);
    hold_after_first_stretch(&mut child, folder);
    child.kill().unwrap();
    child.wait().unwrap();
    let at = |name: &str| folder.join(".out.mp4.part").join(name);
    let kept =
        ["job.json", "0.json", "0.units"].map(|name| (name, std::fs::read(at(name)).unwrap()));
    let length = |n: usize| kept[n].1.len();
    // the journal's own tests cut each file everywhere
    let states: [&[(&str, usize, &str)]; 3] = [
        &[("job.json", length(0) / 2, "begins anew")],
        &[("0.units", length(2) / 2, ""), ("0.json.new", length(1) / 2, "")],
        &[("1.units", 1000, "goes on, 15 frames are done already"), ("1.json.new", 10, "")],
    ];
    for state in states {
        std::fs::remove_dir_all(folder.join(".out.mp4.part")).ok();
        std::fs::create_dir(folder.join(".out.mp4.part")).unwrap();
        for (name, bytes) in &kept {
            std::fs::write(at(name), bytes).unwrap();
        }
        for (name, bytes, _) in state {
            let like =
                kept.iter().find(|(known, _)| name.ends_with(&known[1..])).unwrap_or(&kept[1]);
            std::fs::write(at(name), &like.1[..*bytes]).unwrap();
        }
        let (code, said) = outcome(&mask2face(folder, &RUN));
        assert!(code == 0 && said.contains(state[0].2), "{state:?}: {code} {said}");
        assert!(frames(&folder.join("out.mp4")) == wanted, "{state:?}");
        assert_eq!(names(folder), ["in.mp4", "out.mp4"], "{state:?}");
        std::fs::remove_file(folder.join("out.mp4")).unwrap();
    }
}

#[test]
fn an_input_that_goes_away_is_told() {
    let folder = folder();
    clip(&folder.path().join("in.mp4"));
    let mut child = start(folder.path(), &RUN);
    hold_after_first_stretch(&mut child, folder.path());
    let away = folder.path().join("away.mp4");
    std::fs::rename(folder.path().join("in.mp4"), &away).unwrap();
    signal(&child, "-CONT");
    let (code, said) = outcome(&child.wait_with_output().unwrap());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("in.mp4: no such file; check the path"), "{said}");
    assert_eq!(names(folder.path()), [".out.mp4.part", "away.mp4"]);
    std::fs::rename(away, folder.path().join("in.mp4")).unwrap();
    assert_eq!(outcome(&mask2face(folder.path(), &RUN)).0, 0);
    assert_eq!(names(folder.path()), ["in.mp4", "out.mp4"]);
}

/// A short file has no journal: nothing is left of it but a clear word.
#[test]
fn a_short_input_that_is_deleted_on_the_way_is_told() {
    let folder = folder();
    clip(&folder.path().join("in.mp4"));
    let mut child = start(folder.path(), &["run", "in.mp4", "-o", "out.mp4"]);
    while !names(folder.path()).iter().any(|name| name.starts_with(".out.part")) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    std::fs::remove_file(folder.path().join("in.mp4")).unwrap();
    let (code, said) = outcome(&child.wait_with_output().unwrap());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("in.mp4: no such file; check the path"), "{said}");
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
}

/// A small disk of our own, where the system lets us make one.
#[test]
fn a_full_disk_keeps_what_is_done() {
    let folder = folder();
    clip(&folder.path().join("in.mp4"));
    std::fs::create_dir(folder.path().join("disk")).unwrap();
    let script = "mount -t tmpfs -o size=28k none disk || exit 77
        \"$0\" run in.mp4 -o disk/out.mp4 --stretch 1; echo $? > first
        ls -A disk > left
        mount -o remount,size=50m disk
        \"$0\" run in.mp4 -o disk/out.mp4 --stretch 1 && ls -A disk > end
        mount -o remount,ro disk
        \"$0\" run in.mp4 -o disk/other.mp4; echo $? > third";
    let run = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_mask2face")])
        .current_dir(folder.path())
        .output();
    let Some(run) = run.ok().filter(|run| run.status.code() == Some(0)) else {
        eprintln!("skipped: no disk can be mounted here");
        return;
    };
    let said = String::from_utf8_lossy(&run.stderr);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("first"), "1\n", "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(!read("left").contains("out.mp4\n"), "{}", read("left"));
    assert_eq!(read("end"), "out.mp4\n", "{said}");
    assert_eq!(read("third"), "1\n", "{said}");
    assert!(said.contains("disk/other.mp4: cannot be written: Read-only file system"), "{said}");
}
