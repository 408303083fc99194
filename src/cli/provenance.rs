//! Options of what an output says of itself.

use super::networks::ModelFacts;
use crate::image::xmp::{self, Mark};

const RECONSTRUCTED: &str = "AI-reconstructed faces";
const PAINTED: &str = "Painted masks";

/// What the outputs say of themselves.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Provenance")]
pub struct ProvenanceArgs {
    /// Write "AI-reconstructed faces" into the picture too, for all to see
    #[arg(long)]
    pub label: bool,
    /// Leave out the tag that says that the faces are reconstructed; needs --i-know
    #[arg(long, requires = "i_know")]
    pub no_tag: bool,
    /// You know that an imagined face passed off as real can harm people
    #[arg(long)]
    pub i_know: bool,
}

impl ProvenanceArgs {
    /// Whether outputs are tagged.
    pub fn tagged(&self) -> bool {
        !self.no_tag
    }

    /// What an output is that was made with `model`, or without one.
    pub fn mark(&self, model: Option<&ModelFacts>) -> Mark {
        mark_of(model)
    }

    /// What is to be written into the picture, if anything.
    pub fn label(&self, mark: &Mark) -> Option<&'static str> {
        let text = if mark.source == xmp::TRAINED { RECONSTRUCTED } else { PAINTED };
        self.label.then_some(text)
    }
}

/// What an output is that was made with `model`, or without one.
pub(super) fn mark_of(model: Option<&ModelFacts>) -> Mark {
    let version = env!("CARGO_PKG_VERSION");
    match model {
        Some(model) => {
            let text = format!("{RECONSTRUCTED}: mask2face {version}, {}", model.model);
            Mark::new(text, xmp::TRAINED)
        }
        None => Mark::new(format!("{PAINTED}: mask2face {version}"), xmp::SYNTHETIC),
    }
}
