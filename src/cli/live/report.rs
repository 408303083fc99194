//! What a live job did, stream by stream.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::cli::Verdict;
use crate::cli::networks::ModelFacts;
use crate::cli::streams::Job;
use crate::media::stream::State;
use crate::pipeline::outlets::{LiveSnapshot, StreamSnapshot};
use crate::pipeline::stats::Snapshot;
use crate::pipeline::tracks::TrackSpan;
use crate::pipeline::{LiveStats, Stats};

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    outputs: Vec<String>,
    model: Option<ModelFacts>,
    seconds: f64,
    stats: Snapshot,
    #[serde(flatten)]
    live: LiveSnapshot,
    /// Of each stream, in the same order.
    faces: Vec<Seen>,
}

/// The faces of one stream.
#[derive(Debug, Serialize)]
struct Seen {
    /// Who was seen when, in seconds from the start of the job.
    tracks: Vec<TrackSpan>,
    /// How many are no longer listed, as the stream ran for so long.
    left_out: u64,
}

impl Report {
    pub fn new(
        job: &Job,
        model: Option<ModelFacts>,
        took: Duration,
        stats: &Stats,
        live: &LiveStats,
    ) -> Self {
        let seen = |stream| {
            let tracks = stats.tracks(stream);
            Seen { tracks: tracks.spans(), left_out: tracks.left_out() }
        };
        Self {
            outputs: job.streams.iter().map(|(_, output)| output.to_string()).collect(),
            model,
            seconds: took.as_secs_f64(),
            stats: stats.snapshot(),
            live: live.snapshot(),
            faces: (0..job.streams.len()).map(seen).collect(),
        }
    }

    /// Tells it on stdout, if that is wanted, and in its file.
    #[expect(clippy::print_stdout, reason = "results go to stdout")]
    pub fn tell(&self, on_stdout: bool, file: Option<&Path>) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        if on_stdout {
            println!("{text}");
        }
        if let Some(path) = file {
            std::fs::write(path, text + "\n")
                .with_context(|| format!("{}: the report cannot be written", path.display()))?;
        }
        Ok(())
    }

    /// A job of which every stream failed has failed.
    pub fn verdict(&self) -> Result<Verdict> {
        let failed: Vec<_> = self.live.streams.iter().filter_map(failure).collect();
        match failed.as_slice() {
            [] => Ok(Verdict::Done),
            [one] if self.live.streams.len() == 1 => bail!("{one}"),
            some => {
                for told in some {
                    eprintln!("mask2face: error: {told}");
                }
                Ok(Verdict::Incomplete)
            }
        }
    }
}

/// Why a stream did not do what it was to do, if it did not.
fn failure(stream: &StreamSnapshot) -> Option<String> {
    let known = &stream.known;
    if known.state == State::Failed || stream.frames_in == 0 {
        let trouble = known.trouble.as_deref().unwrap_or("no picture came");
        return Some(format!("{}: {trouble}", known.name));
    }
    let lost = known.output_trouble.as_ref()?;
    Some(format!("{}: the output was lost to the end: {lost}", known.name))
}
