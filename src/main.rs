//! The command line.

use clap::Parser;

fn main() -> anyhow::Result<()> {
    mask2face::cli::Cli::parse().run()
}
