//! The commands.

pub mod generate;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Shows people in video without their face masks.
#[derive(Parser, Debug)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make training pairs from photos of bare faces
    Generate(generate::GenerateArgs),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever the command failed at.
    pub fn run(&self) -> Result<()> {
        match &self.command {
            Command::Generate(args) => generate::run(args),
        }
    }
}
