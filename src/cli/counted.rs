//! What a pipeline counted, of a whole video or of one of its stretches.

use serde::{Deserialize, Serialize};

use crate::pipeline::Stats;
use crate::pipeline::latency::Percentiles;
use crate::pipeline::ledger::{self, Span};
use crate::pipeline::spread::Times;
use crate::pipeline::stats::{Snapshot, StageSnapshot};
use crate::pipeline::tracks::TrackSpan;

/// The counters, without those that only matter while the pipeline runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counted {
    /// Frames written.
    pub frames: u64,
    /// Faces seen, summed over the frames.
    pub faces: u64,
    /// Faces over which something was laid, summed over the frames.
    pub painted: u64,
    /// Faces for which what was painted before served again, summed over the frames.
    pub reused: u64,
    /// Frames that passed as they were because something failed on them.
    pub failed: u64,
    /// What failed on the first of them.
    pub failure: Option<String>,
    /// Who was seen when. Each stretch numbers its faces anew, so the numbers go on over the
    /// seams.
    pub tracks: Vec<TrackSpan>,
    /// Which frames were changed.
    pub changed: Vec<Span>,
    /// How long frames were under way; not known of several stretches together.
    pub latency: Option<Percentiles>,
    /// How long each stage worked.
    pub stages: Vec<StageTime>,
}

/// How long a stage worked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StageTime {
    /// Its name.
    pub name: String,
    /// Wall time at work, without waiting, in seconds.
    pub busy_s: f64,
    /// Processor time of its own thread, in seconds.
    pub cpu_s: f64,
    /// Wall time of one item; not known of several stretches together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Times>,
    /// Processor time of one item, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Times>,
}

impl StageTime {
    fn of(stage: &StageSnapshot) -> Self {
        Self {
            name: stage.name.to_owned(),
            busy_s: stage.busy_s,
            cpu_s: stage.cpu_s,
            wall: Some(stage.wall),
            cpu: Some(stage.cpu),
        }
    }

    fn add(&mut self, next: &Self) {
        self.busy_s += next.busy_s;
        self.cpu_s += next.cpu_s;
        (self.wall, self.cpu) = (None, None);
    }
}

impl Counted {
    /// What `stats` says, of a pipeline that has written `frames` frames.
    pub fn of(stats: &Stats, frames: usize) -> Self {
        let now = stats.snapshot();
        let stages = now.stages.iter();
        Self {
            frames: frames as u64,
            faces: now.faces,
            painted: now.painted,
            reused: now.reused,
            failed: now.failed,
            failure: now.failure,
            tracks: stats.tracks(0).spans(),
            changed: stats.changes(),
            latency: Some(stats.latency()),
            stages: stages.map(StageTime::of).collect(),
        }
    }

    /// The counters as a report shows them.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            frames_in: self.frames,
            frames_out: self.frames,
            faces: self.faces,
            painted: self.painted,
            reused: self.reused,
            failed: self.failed,
            failure: self.failure.clone(),
            ..Snapshot::default()
        }
    }

    /// Adds what the stretch that follows has counted.
    pub fn add(&mut self, next: &Self) {
        for span in &next.changed {
            let (first, last) = (span.first + self.frames, span.last + self.frames);
            ledger::join(&mut self.changed, Span { first, last, ..*span });
        }
        let known = self.tracks.iter().map(|track| track.id).max().unwrap_or(0);
        let renumbered = |track: &TrackSpan| TrackSpan { id: track.id + known, ..track.clone() };
        self.tracks.extend(next.tracks.iter().map(renumbered));
        self.frames += next.frames;
        self.faces += next.faces;
        self.painted += next.painted;
        self.reused += next.reused;
        self.failed += next.failed;
        self.failure = self.failure.take().or_else(|| next.failure.clone());
        for stage in &next.stages {
            match self.stages.iter_mut().find(|known| known.name == stage.name) {
                Some(known) => known.add(stage),
                None => self.stages.push(stage.clone()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_on_over_the_seam_of_two_stretches() {
        let span = |first, last, from_s, to_s| Span { first, last, from_s, to_s, faces: 1 };
        let stage = |busy_s| StageTime {
            name: "lay".to_owned(),
            busy_s,
            cpu_s: busy_s,
            wall: None,
            cpu: None,
        };
        let one = Counted {
            frames: 10,
            faces: 3,
            changed: vec![span(8, 9, 0.8, 0.9)],
            stages: vec![stage(1.0)],
            ..Counted::default()
        };
        let two = Counted {
            frames: 10,
            faces: 4,
            changed: vec![span(0, 1, 1.0, 1.1), span(5, 5, 1.5, 1.5)],
            stages: vec![stage(2.0)],
            ..Counted::default()
        };
        let mut all = Counted::default();
        all.add(&one);
        all.add(&two);
        assert_eq!(all.changed, [span(8, 11, 0.8, 1.1), span(15, 15, 1.5, 1.5)]);
        assert_eq!((all.frames, all.faces, all.stages), (20, 7, vec![stage(3.0)]));
    }
}
