//! How far a job is: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pipeline::stats::Snapshot;

/// How often a job is looked at.
pub const TICK: Duration = Duration::from_millis(20);
/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Shows a job's progress on stderr.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    total: Option<u64>,
    last_line: Instant,
    begun: Instant,
}

impl Progress {
    /// Progress of the job on `input`, of `total` frames where that is known.
    pub fn new(input: &Path, total: Option<u64>, quiet: bool) -> Self {
        let plain = !quiet && !stderr().is_terminal();
        let target = if quiet || plain {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = if total.is_some() {
            "{prefix} {bar:24} {pos}/{len} frames · {per_sec} · {eta} left{msg}"
        } else {
            "{prefix} {spinner} {pos} frames · {per_sec} · {elapsed}{msg}"
        };
        // A template that does not parse leaves indicatif's own look.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key(
                "per_sec",
                |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{:.1} fps", state.per_sec());
                },
            ));
        }
        bar.set_prefix(input.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let now = Instant::now();
        Self { bar, plain, total, last_line: now, begun: now }
    }

    /// Shows where the job is.
    pub fn show(&mut self, now: &Snapshot) {
        self.bar.set_position(now.frames_out);
        if now.faces > 0 {
            self.bar.set_message(format!(" · {} faces", now.faces));
        }
        if self.plain && self.last_line.elapsed() >= LINE {
            self.last_line = Instant::now();
            let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
            let fps = now.frames_out as f64 / self.begun.elapsed().as_secs_f64();
            eprintln!("{}: {}{of} frames, {fps:.1} fps", self.bar.prefix(), now.frames_out);
        }
    }

    /// Prints a line above the bar.
    pub fn say(&self, line: &str) {
        if self.bar.is_hidden() {
            eprintln!("mask2face: {line}");
        } else {
            self.bar.println(format!("mask2face: {line}"));
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
