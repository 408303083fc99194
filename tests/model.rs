//! What goes wrong with models and with ONNX Runtime: one line that names the thing and the
//! cure, exit 1, and nothing under the final name.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mask2face::face::align;
use mask2face::geometry::Size;
use mask2face::image::Image;
use mask2face::image::photo::{Photo, PhotoFormat};
use mask2face::onnx::{Device, Engine, library};
use mask2face::unmask::{Unet, Unmasker};
use tempfile::TempDir;

/// A folder with a small gray photo in it.
fn folder_with_photo() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let photo = Photo::from_rgb8(Size::new(64, 48), &[128; 3 * 64 * 48]).unwrap();
    let path = folder.path().join("photo.png");
    fs::write(&path, photo.encode(PhotoFormat::Png).unwrap()).unwrap();
    (folder, path)
}

/// Runs the program on a photo and gives the one line it fails with.
fn failure(change: impl FnOnce(&mut Command, &Path)) -> String {
    let (folder, photo) = folder_with_photo();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mask2face"));
    command.arg("run").arg(&photo).env_remove("ORT_DYLIB_PATH").env_remove("MASK2FACE_MODELS");
    change(&mut command, folder.path());
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(!folder.path().join("photo.unmasked.png").exists());
    assert_eq!(told.lines().count(), 1, "{told}");
    told.trim_end().replace(&folder.path().display().to_string(), "DIR")
}

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(file)
}

#[test]
fn a_model_that_is_not_there() {
    let told = failure(|c, _| _ = c.args(["--model", "nowhere.onnx"]));
    assert_eq!(
        told,
        "mask2face: error: cannot read the model nowhere.onnx: No such file or directory (os error 2)"
    );
    let told = failure(|c, _| _ = c.args(["--model", "lihgt"]));
    assert_eq!(
        told,
        "mask2face: error: there is no model 'lihgt': choose light, reference or the path of an .onnx file"
    );
}

#[test]
fn a_shipped_model_that_is_truncated() {
    let told = failure(|c, dir| {
        let whole = fs::read(shipped("light.onnx")).unwrap();
        fs::write(dir.join("light.onnx"), &whole[..1000]).unwrap();
        c.env("MASK2FACE_MODELS", dir);
    });
    let whole = fs::metadata(shipped("light.onnx")).unwrap().len();
    assert_eq!(
        told,
        format!(
            "mask2face: error: the model 'light' at DIR/light.onnx is damaged: 1000 bytes instead \
             of {whole}; delete it and take it from the repository again"
        )
    );
}

#[test]
fn a_model_of_ones_own_that_is_truncated() {
    let told = failure(|c, dir| {
        let whole = fs::read(shipped("light.onnx")).unwrap();
        fs::write(dir.join("own.onnx"), &whole[..1000]).unwrap();
        c.arg("--model").arg(dir.join("own.onnx"));
    });
    let start = "mask2face: error: the model DIR/own.onnx: this is no network that ONNX Runtime \
                 can run; choose another with --model: ";
    assert!(told.starts_with(start), "{told}");
}

#[test]
fn a_model_of_another_shape() {
    let told = failure(|c, _| _ = c.arg("--model").arg(shipped("landmarks.onnx")));
    let told = told.replace(&shipped("").display().to_string(), "MODELS/");
    assert_eq!(
        told,
        "mask2face: error: the model MODELS/landmarks.onnx: input 'image' should be \
         [-1, 3, 256, 256] (-1: any), it has [-1, 3, 112, 112]; choose another with --model"
    );
}

#[test]
fn a_device_that_cannot_be_had_is_an_error_and_no_fall_back() {
    let told = failure(|c, _| _ = c.args(["--device", "cuda"]));
    assert!(
        told.contains("CUDAExecutionProvider cannot be had; use --device auto or cpu"),
        "{told}"
    );
}

#[test]
fn a_library_that_is_not_there() {
    let told = failure(|c, dir| _ = c.env("ORT_DYLIB_PATH", dir.join("none.so")));
    assert_eq!(
        told,
        "mask2face: error: ORT_DYLIB_PATH names DIR/none.so, but there is no such file; correct \
         it, or unset it and run 'make setup'"
    );
}

#[test]
fn a_library_that_is_too_old() {
    // The version is read out of the file, as its symbols carry it, before anything is loaded.
    let told = failure(|c, dir| {
        fs::write(dir.join("old.so"), b"\x7fELF..\0VERS_1.17.3\0..").unwrap();
        c.env("ORT_DYLIB_PATH", dir.join("old.so"));
    });
    assert!(
        told.starts_with("mask2face: error: the ONNX Runtime library DIR/old.so is version 1.17.3"),
        "{told}"
    );
    assert!(told.contains("1.23.0 or newer is needed; run 'make setup'"), "{told}");
}

#[test]
fn a_library_that_is_none() {
    let told = failure(|c, dir| {
        fs::write(dir.join("text.so"), "no library at all").unwrap();
        c.env("ORT_DYLIB_PATH", dir.join("text.so"));
    });
    assert!(told.contains("DIR/text.so is no ONNX Runtime of version 1.23 or newer"), "{told}");
    assert!(told.ends_with("; run 'make setup'"), "{told}");
    assert!(library::library().is_ok(), "'make setup' fetches one that works");
}

/// What runs the light network, where it is at hand, and the network's file.
fn light() -> Option<(Engine, Vec<u8>)> {
    let Ok(library) = library::library() else {
        eprintln!("skipped: no ONNX Runtime here, 'make setup' fetches it");
        return None;
    };
    let engine = Engine::start(&library, Device::Cpu, 1).unwrap();
    Some((engine, fs::read(shipped("light.onnx")).unwrap()))
}

#[test]
fn a_bound_network_gives_what_an_unbound_one_gives_for_every_shape_and_input() {
    let Some((engine, bytes)) = light() else { return };
    let mut plain = engine.load("light", &bytes).unwrap();
    let mut bound = engine.load("light", &bytes).unwrap();
    bound.bind().unwrap();
    for (many, shade) in [(1, 3), (2, 5), (1, 7)] {
        let shape = [many, 3, 256, 256];
        let value = |i: usize| (i * shade % 251) as f32 / 250.0;
        let data: Vec<f32> = (0..shape.iter().product()).map(value).collect();
        let input = ("image", &shape[..], &data[..]);
        let outputs = ["face", "alpha"];
        assert_eq!(bound.run(input, &outputs).unwrap(), plain.run(input, &outputs).unwrap());
    }
    let short = ("image", &[1, 3, 256, 256][..], &[0.0; 7][..]);
    assert!(bound.run(short, &["face"]).is_err());
}

#[test]
fn a_batch_that_is_filled_up_gives_what_each_crop_gives_alone() {
    let Some((engine, bytes)) = light() else { return };
    let load = || Unet::new(&engine, "light", &bytes, align::TEMPLATE_ID).unwrap();
    let crop = |shade: usize| {
        let value = |i: usize| (i * shade % 251) as f32 / 250.0;
        Image::from_planar(align::CROP, (0..3 * 256 * 256).map(value).collect()).unwrap()
    };
    let crops: Vec<Image> = (1..=3).map(crop).collect();
    let alone = load().unmask(&crops).unwrap();
    let filled = load().in_batches(&[1, 2, 4]).unmask(&crops).unwrap();
    assert_eq!(filled.len(), 3);
    for (a, b) in alone.iter().zip(&filled) {
        let pairs = a.pixels.data().iter().zip(b.pixels.data());
        let pairs = pairs.chain(a.alpha.data().iter().zip(b.alpha.data()));
        let most = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(most < 1e-4, "{most}");
    }
}
