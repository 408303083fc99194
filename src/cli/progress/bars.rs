//! The look of the bars: one for the file under way, one below it for the batch.

use std::path::Path;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::pace::{Batch, Pace, clock};
use super::{one_line, shown};

/// Steps of the batch's bar.
const STEPS: u64 = 1000;

#[derive(Debug)]
pub(super) struct Bars {
    multi: MultiProgress,
    file: ProgressBar,
    batch: Option<ProgressBar>,
}

impl Bars {
    /// Bars for `files` files; a single one needs none for the batch.
    pub fn new(files: usize) -> Self {
        let multi = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let file = multi.add(ProgressBar::no_length());
        let batch = (files > 1).then(|| multi.add(ProgressBar::new(STEPS)));
        if let Some(bar) = &batch {
            style(bar, "{bar:24} {percent:>3} % · {wide_msg}");
        }
        Self { multi, file, batch }
    }

    pub fn begin(&self, input: &Path) {
        let name = input.file_name().map_or_else(Default::default, |name| shown(name.as_ref()));
        self.expect(None);
        // last, as what is too long for the terminal is cut there
        self.file.set_message(one_line(&name));
        self.file.set_prefix("0 faces");
        self.file.reset();
    }

    pub fn expect(&self, frames: Option<u64>) {
        match frames {
            Some(frames) => {
                self.file.set_length(frames);
                style(&self.file, "{bar:24} {percent:>3} % · {prefix} · {wide_msg}");
            }
            None => style(&self.file, "{spinner} {prefix} · {wide_msg}"),
        }
    }

    pub fn show(&self, pace: &Pace, batch: &Batch, share: f64, now: Instant) {
        self.file.set_position(pace.frames());
        let left = pace.left(now).map(|left| format!(" · {} left", clock(left)));
        let left = left.unwrap_or_default();
        self.file.set_prefix(format!("{:.1} fps{left} · {} faces", pace.fps(now), pace.faces()));
        if let Some(bar) = &self.batch {
            bar.set_position((share * STEPS as f64) as u64);
            bar.set_message(batch.line(pace, share, now));
        }
    }

    /// Prints a line above the bars.
    pub fn above(&self, line: &str) {
        if self.multi.println(line).is_err() {
            eprintln!("{line}");
        }
    }

    pub fn end(&self) {
        self.file.finish_and_clear();
        if let Some(bar) = &self.batch {
            bar.finish_and_clear();
        }
    }
}

/// A template that does not parse leaves indicatif's own look.
fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
