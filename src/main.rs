//! The program: parse, start, dispatch, print the error once.

use std::process::ExitCode;

use clap::Parser;
use mask2face::cli::{self, Cli};
use mask2face::{image, media};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match image::init().and_then(|()| media::init()).and_then(|()| cli::dispatch(cli)) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            eprintln!("mask2face: error: {}", cli::one_line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
