//! Who was seen when: the tracks of a stream, for the report.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::face::{Face, TrackId};
use crate::restore::Patch;

/// One face of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackSpan {
    /// Its number: what `--faces` takes and `--draw` shows.
    pub id: u64,
    /// The first frame it was seen in, in seconds from the start.
    pub from_s: f64,
    /// The last one.
    pub to_s: f64,
    /// In how many frames.
    pub frames: u64,
    /// In how many of them it wore a mask.
    pub worn: u64,
    /// Over how many of them something was laid.
    pub painted: u64,
    /// Its largest height in pixels.
    pub height: f32,
}

/// The tracks so far.
#[derive(Clone, Debug)]
pub struct Tracks {
    spans: BTreeMap<TrackId, TrackSpan>,
    most: usize,
    left_out: u64,
}

impl Default for Tracks {
    fn default() -> Self {
        Self::at_most(usize::MAX)
    }
}

impl Tracks {
    /// Keeps the `most` tracks that were seen last: a stream may run for months.
    pub fn at_most(most: usize) -> Self {
        Self { spans: BTreeMap::new(), most, left_out: 0 }
    }

    /// Puts down the faces of the frame at `time`.
    pub fn saw(&mut self, faces: &[Face], time: Duration) {
        let seconds = time.as_secs_f64();
        for face in faces {
            let span = self.spans.entry(face.id).or_insert(TrackSpan {
                id: face.id.0,
                from_s: seconds,
                to_s: seconds,
                frames: 0,
                worn: 0,
                painted: 0,
                height: 0.0,
            });
            span.to_s = seconds;
            span.frames += 1;
            span.worn += u64::from(face.worn);
            span.height = span.height.max(face.bbox.height());
        }
        while self.spans.len() > self.most {
            let longest_gone = self.spans.values().min_by(|a, b| a.to_s.total_cmp(&b.to_s));
            let Some(id) = longest_gone.map(|span| TrackId(span.id)) else { break };
            self.spans.remove(&id);
            self.left_out += 1;
        }
    }

    /// Puts down what was laid over a frame.
    pub fn painted(&mut self, patches: &[Patch]) {
        for patch in patches {
            if let Some(span) = self.spans.get_mut(&patch.id) {
                span.painted += 1;
            }
        }
    }

    /// The tracks, by number.
    pub fn spans(&self) -> Vec<TrackSpan> {
        self.spans.values().cloned().collect()
    }

    /// How many are no longer among them.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::fixture;
    use crate::geometry::Point;

    #[test]
    fn who_stays_is_kept_however_many_pass_by() {
        let mut tracks = Tracks::at_most(3);
        for second in 0..10 {
            let faces =
                [1, second + 2].map(|id| fixture::face(id, Point::new(0.0, 0.0), 1.0, true));
            tracks.saw(&faces, Duration::from_secs(second));
        }
        let told: Vec<_> = tracks.spans().iter().map(|span| (span.id, span.frames)).collect();
        assert_eq!(told, [(1, 10), (10, 1), (11, 1)]);
        assert_eq!(tracks.left_out(), 8);
    }
}
