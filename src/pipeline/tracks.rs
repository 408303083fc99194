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
#[derive(Clone, Debug, Default)]
pub struct Tracks(BTreeMap<TrackId, TrackSpan>);

impl Tracks {
    /// Puts down the faces of the frame at `time`.
    pub fn saw(&mut self, faces: &[Face], time: Duration) {
        let seconds = time.as_secs_f64();
        for face in faces {
            let span = self.0.entry(face.id).or_insert(TrackSpan {
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
    }

    /// Puts down what was laid over a frame.
    pub fn painted(&mut self, patches: &[Patch]) {
        for patch in patches {
            if let Some(span) = self.0.get_mut(&patch.id) {
                span.painted += 1;
            }
        }
    }

    /// All tracks, by number.
    pub fn spans(&self) -> Vec<TrackSpan> {
        self.0.values().cloned().collect()
    }
}
