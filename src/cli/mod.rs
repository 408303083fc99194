//! The command line: one file a verb.
//!
//! | file | does |
//! |---|---|
//! | [`run`] | the main job |
//! | [`networks`] | options of the networks, shared by the verbs |
//! | [`interrupt`] | Ctrl-C |
//! | [`progress`] | how far a job is |

pub mod interrupt;
pub mod networks;
pub mod progress;
pub mod run;
mod video;

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
    Run(run::RunArgs),
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
    }
}
