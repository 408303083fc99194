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
/// How glibc keeps memory. What is 3 MB and more, as a frame of 1080 lines, goes back to the system
/// when it is given back, and smaller pieces when 8 MB of them are: left alone, it raises the first
/// bar to the largest piece it has seen, and what was a frame is kept for what never comes. All
/// threads share one heap, as what one of them gives back another is about to ask for: frames wander.
/// A video of 1080 lines takes a tenth less memory by the one, and 10 MB less by the other.
const MEMORY: [(&str, &str); 3] = [
    ("MALLOC_MMAP_THRESHOLD_", "3000000"),
    ("MALLOC_TRIM_THRESHOLD_", "8000000"),
    ("MALLOC_ARENA_MAX", "1"),
];

/// Starts the program anew in its own place, with these in its environment: a process that changes
/// its own takes `unsafe`, and glibc has read it by then.
fn settle() {
    let Ok(program) = env::current_exe() else { return };
    let mut args = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = args.next() {
        again.arg0(name);
    }
    if MEMORY.iter().all(|(name, _)| env::var_os(name).is_none()) {
        again.envs(MEMORY);
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
