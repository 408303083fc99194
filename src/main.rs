//! The program: parse, start, dispatch, print the error once.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use clap::Parser;
use mask2face::cli::{self, Cli};
use mask2face::{image, media};

/// With this in its environment ONNX Runtime does not tell its maker that it was started, by whom
/// and where. Whatever else says so is heard only after it has.
const SILENCE: &str = "ORT_DISABLE_TELEMETRY";
/// Memory of 3 MB and more, as a frame of 1080 lines, goes back to the system when it is given
/// back, and smaller pieces when 64 MB of them are. Left alone, glibc raises the first bar to the
/// largest piece it has seen: what was a frame is kept for what never comes, and a video of 1080
/// lines takes a tenth more memory.
const GIVE_BACK: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "3000000"), ("MALLOC_TRIM_THRESHOLD_", "67108864")];

/// Starts the program anew in its own place, with these in its environment: a process that changes
/// its own takes `unsafe`, and glibc has read it by then.
fn settle() {
    let Ok(program) = env::current_exe() else { return };
    let mut args = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = args.next() {
        again.arg0(name);
    }
    if GIVE_BACK.iter().all(|(name, _)| env::var_os(name).is_none()) {
        again.envs(GIVE_BACK);
    }
    // It comes back only if that fails, and then everything is as it would be without.
    let _ = again.args(args).env(SILENCE, "1").exec();
}

fn main() -> ExitCode {
    if env::var_os(SILENCE).is_none() {
        settle();
    }
    let cli = Cli::parse();
    match image::init().and_then(|()| media::init()).and_then(|()| cli::dispatch(cli)) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            eprintln!("mask2face: error: {}", cli::one_line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
