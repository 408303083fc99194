//! The command line: one file a verb.
//!
//! | file | does |
//! |---|---|
//! | [`run`] | the main job |
//! | [`batch`] | which inputs, to which outputs, and what came of each |
//! | `video`, `photo` | one video file, one photo |
//! | `long`, `journal`, `together` | a long video in stretches, safe against a crash |
//! | [`join`] | puts stretches together that several machines did |
//! | `counted` | what a pipeline counted |
//! | [`live`], `streams`, [`preview`] | live streams; which, and how they are watched |
//! | [`cameras`] | which cameras there are |
//! | [`generate`] | photos of bare faces into training pairs |
//! | [`evaluate`] | how well masks are taken off, against the truth |
//! | [`mod@bench`] | what the job costs, beside the sum of its parts |
//! | [`cameras`] | the cameras of this machine |
//! | [`doctor`] | what works on this machine |
//! | [`models`] | which models there are, and whether they are whole |
//! | [`faces`] | options about faces: which, how small, drawn or not |
//! | [`networks`] | options of the networks, and how they are put together |
//! | `process` | what this process has used |
//! | `threads` | who gets how many threads |
//! | `table` | tables and JSON on stdout |
//! | [`encoding`] | options of the output's picture |
//! | [`put_on`] | options of painting masks |
//! | [`interrupt`] | Ctrl-C |
//! | [`provenance`] | what outputs say of themselves |
//! | [`progress`] | how far a job is |

pub mod batch;
pub mod bench;
pub mod cameras;
mod counted;
pub mod doctor;
pub mod encoding;
pub mod evaluate;
pub mod faces;
pub mod generate;
pub mod interrupt;
pub mod join;
mod journal;
pub mod live;
mod long;
pub mod models;
pub mod networks;
mod photo;
pub mod preview;
mod process;
pub mod progress;
pub mod provenance;
pub mod put_on;
pub mod run;
mod streams;
mod table;
mod threads;
mod together;
mod video;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Shows people in video without their face masks.
#[derive(Debug, Parser)]
#[command(name = "mask2face", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take the masks off the faces in videos and photos
    Run(Box<run::Args>),
    /// Put together long videos whose stretches several machines did
    Join(join::Args),
    /// Make training pairs from photos of bare faces
    Generate(generate::Args),
    /// Measure how well masks are taken off, on pairs or a clip with its truth
    Evaluate(evaluate::Args),
    /// Measure what the job costs, beside plain transcoding and the sum of its parts
    Bench(bench::Args),
    /// List cameras by name with their formats
    Cameras(cameras::Args),
    /// List the models and verify each file
    Models(models::Args),
    /// Say what works on this machine, what does not, and the cure
    Doctor(doctor::Args),
}

/// How a job that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As wanted: exit code 0.
    Done,
    /// The output's own check found a breach: exit code 3.
    Breach,
    /// Not all of it was done; what and why has been said: exit code 1.
    Incomplete,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done => Self::SUCCESS,
            Verdict::Breach => Self::from(3),
            Verdict::Incomplete => Self::from(1),
        }
    }
}

/// Does what the command line says.
///
/// # Errors
/// If the job failed.
pub fn dispatch(cli: Cli) -> Result<Verdict> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Join(args) => join::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Cameras(args) => cameras::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Doctor(args) => doctor::run(&args),
    }
}

/// `text` on one line: names may hold line ends.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// A path as text that tells every byte: those that are no UTF-8 as `\xNN`.
pub fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02X}"); // A string takes everything.
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn odd_names_are_told_on_one_line_byte_by_byte() {
        assert_eq!(one_line("a\nb\u{1b}[0m \u{e9}"), "a\\nb\\u{1b}[0m \u{e9}");
        assert_eq!(shown(Path::new(OsStr::from_bytes(b"a\xff\xc3\xa9"))), "a\\xFF\u{e9}");
    }
}
