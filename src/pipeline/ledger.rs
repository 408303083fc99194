//! Which frames were changed: enough to find every one of them again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Frames in a row that were changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The first of them, counted from 0 in the order in which frames are shown.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// When the first is shown, in seconds from the start of the stream.
    pub from_s: f64,
    /// When the last is shown.
    pub to_s: f64,
    /// Most faces changed in one of them.
    pub faces: usize,
}

/// Keeps the spans while frames pass in order.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    frames: u64,
    spans: Vec<Span>,
}

impl Ledger {
    /// Puts down the next frame, shown at `time`, of which `faces` faces were changed.
    pub fn note(&mut self, time: Duration, faces: usize) {
        let frame = self.frames;
        self.frames += 1;
        if faces == 0 {
            return;
        }
        let seconds = time.as_secs_f64();
        let here = Span { first: frame, last: frame, from_s: seconds, to_s: seconds, faces };
        join(&mut self.spans, here);
    }

    /// What was put down.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.clone()
    }
}

/// Adds `next` behind `spans`, as one with the last of them where they touch.
pub fn join(spans: &mut Vec<Span>, next: Span) {
    match spans.last_mut() {
        Some(last) if last.last + 1 == next.first => {
            (last.last, last.to_s) = (next.last, next.to_s);
            last.faces = last.faces.max(next.faces);
        }
        _ => spans.push(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_frames_become_spans() {
        let mut ledger = Ledger::default();
        for (n, faces) in [0, 1, 2, 0, 0, 1].into_iter().enumerate() {
            ledger.note(Duration::from_millis(40 * n as u64), faces);
        }
        let span = |first, last, from_s, to_s, faces| Span { first, last, from_s, to_s, faces };
        assert_eq!(ledger.spans(), [span(1, 2, 0.04, 0.08, 2), span(5, 5, 0.2, 0.2, 1)]);
    }
}
