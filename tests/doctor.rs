//! `doctor` and `models` tell what is missing or damaged, name it, name the cure and exit with 1.
//!
//! The lacks are made by pointing the environment at empty folders and made-up files, so nothing
//! of the machine is touched.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use mask2face::onnx::registry::Places;
use serde_json::Value;

fn mask2face(verb: &str) -> Command {
    let mut command = Command::cargo_bin("mask2face").expect("the program is built");
    command.args([verb, "--json"]).env_remove("ORT_DYLIB_PATH").env_remove("MASK2FACE_MODELS");
    command
}

/// Exit code and parsed standard output.
fn answer(mut command: Command) -> (Option<i32>, Value) {
    let output = command.output().expect("it runs");
    let told = serde_json::from_slice(&output.stdout).expect("JSON on stdout");
    (output.status.code(), told)
}

/// What doctor says of `name`, as state and detail.
fn finding(told: &Value, name: &str) -> (String, String) {
    let found = told["findings"].as_array().expect("a list").iter().find(|f| f["name"] == name);
    let text = |key: &str| found.expect(name)[key].as_str().expect(key).to_owned();
    (text("state"), text("detail"))
}

fn copy_of_yunet(dir: &Path, bytes: usize) {
    let file = dir.join("face_detection_yunet_2023mar.onnx");
    fs::write(file, vec![0; bytes]).expect("a writable folder");
}

#[test]
fn doctor_names_a_missing_library_and_a_missing_model() {
    let empty = tempfile::tempdir().expect("a folder");
    let mut command = mask2face("doctor");
    command.env("MASK2FACE_CACHE", empty.path());
    let (code, told) = answer(command);
    assert_eq!((code, &told["ready"]), (Some(1), &Value::Bool(false)));
    let place = empty.path().join("onnxruntime-1.32.0/libonnxruntime.so.1.32.0");
    let expected =
        format!("the ONNX Runtime library is missing: no {}; run 'make setup'", place.display());
    assert_eq!(finding(&told, "ONNX Runtime"), ("broken".to_owned(), expected));
    let (state, detail) = finding(&told, "yunet");
    assert_eq!(state, "broken");
    assert!(
        detail.starts_with("the model 'yunet' is missing: no face_detection_yunet"),
        "{detail}"
    );
}

#[test]
fn onnx_runtime_leaves_no_traces_for_its_maker() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = mask2face("doctor");
    // What `make setup` filled, at a place that does not follow the home.
    command.env("MASK2FACE_CACHE", Places::from_env().cache);
    command.env("HOME", home.path()).env_remove("XDG_CACHE_HOME");
    command.env_remove("ORT_DISABLE_TELEMETRY");
    let (_, told) = answer(command);
    assert_eq!(finding(&told, "ONNX Runtime").0, "ok", "it was loaded");
    assert!(!home.path().join(".cache/Microsoft").exists());
}

#[test]
fn doctor_refuses_a_library_that_is_too_old() {
    let dir = tempfile::tempdir().expect("a folder");
    let library = dir.path().join("libonnxruntime.so");
    fs::write(&library, b"VERS_1.21.0\0").expect("a writable folder");
    let mut command = mask2face("doctor");
    command.env("ORT_DYLIB_PATH", &library);
    let (code, told) = answer(command);
    assert_eq!(code, Some(1));
    let (state, detail) = finding(&told, "ONNX Runtime");
    assert_eq!(state, "broken");
    assert!(detail.contains("is version 1.21.0, but 1.23.0 or newer is needed"), "{detail}");
}

#[test]
fn a_truncated_and_a_changed_model_are_told_by_both_verbs() {
    let dir = tempfile::tempdir().expect("a folder");
    for (bytes, told) in [(1000, "1000 bytes instead of 232589"), (232_589, "SHA-256")] {
        copy_of_yunet(dir.path(), bytes);
        let mut doctor = mask2face("doctor");
        doctor.env("MASK2FACE_MODELS", dir.path());
        let (code, answered) = answer(doctor);
        let (state, detail) = finding(&answered, "yunet");
        assert_eq!((code, state.as_str()), (Some(1), "broken"));
        assert!(detail.contains(told) && detail.ends_with("run 'make setup'"), "{detail}");

        let mut models = mask2face("models");
        models.env("MASK2FACE_MODELS", dir.path());
        let (code, rows) = answer(models);
        let row = rows.as_array().expect("rows").iter().find(|r| r["name"] == "yunet");
        let fault = row.expect("a row")["fault"].as_str().expect("a fault");
        assert_eq!(code, Some(1));
        assert!(fault.contains(told), "{fault}");
    }
}
