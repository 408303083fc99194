//! What a running pipeline counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::latency::{Latencies, Percentiles};
use super::spread::{Spread, Times, thread_cpu};

use super::ledger::{Ledger, Span};
use super::tracks::Tracks;
use crate::face::Face;
use crate::restore::Patch;

/// Tracks that are kept of a live stream.
const MOST_TRACKS: usize = 1000;

/// Counters that stages write and a progress bar or report reads, at any time.
#[derive(Clone, Debug, Default)]
pub struct Stats(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    faces: AtomicU64,
    painted: AtomicU64,
    reused: AtomicU64,
    failed: AtomicU64,
    failure: Mutex<Option<String>>,
    ledger: Mutex<Ledger>,
    /// Of each stream.
    tracks: Mutex<Vec<Tracks>>,
    stages: Mutex<Vec<Arc<StageStats>>>,
    latencies: Mutex<Latencies>,
    first_out: OnceLock<Instant>,
}

/// All counters at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Snapshot {
    /// Frames that the source gave.
    pub frames_in: u64,
    /// Frames that the sink took.
    pub frames_out: u64,
    /// Faces seen, summed over the frames.
    pub faces: u64,
    /// Faces over which something was laid, summed over the frames.
    pub painted: u64,
    /// Faces for which what was painted a few frames before served again, summed over the frames.
    pub reused: u64,
    /// Frames that passed as they were because something failed on them.
    pub failed: u64,
    /// What failed on the first of them.
    pub failure: Option<String>,
    /// The stages in stream order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageSnapshot>,
}

/// One stage's counters.
#[derive(Clone, Debug, Serialize)]
pub struct StageSnapshot {
    /// The stage's name.
    pub name: &'static str,
    /// Items taken.
    pub taken: u64,
    /// Items given.
    pub given: u64,
    /// Wall time at work, without waiting, in seconds.
    pub busy_s: f64,
    /// Processor time of the stage's own thread, in seconds.
    pub cpu_s: f64,
    /// Wall time of one item.
    pub wall: Times,
    /// Processor time of one item.
    pub cpu: Times,
}

impl Stats {
    /// Counters of `streams` live streams, which may run for months.
    pub fn live(streams: usize) -> Self {
        let tracks = Mutex::new(vec![Tracks::at_most(MOST_TRACKS); streams]);
        Self(Arc::new(Counters { tracks, ..Counters::default() }))
    }

    /// Counts faces that were seen in a frame.
    pub fn saw_faces(&self, n: usize) {
        self.0.faces.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Counts faces over which something was laid in a frame.
    pub fn painted_faces(&self, n: usize) {
        self.0.painted.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Counts faces for which what was painted before serves again.
    pub(super) fn reused_faces(&self, n: usize) {
        self.0.reused.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Puts down the faces of the frame at `time` of a stream.
    pub fn saw_tracks(&self, stream: usize, faces: &[Face], time: Duration) {
        self.with_tracks(stream, |tracks| tracks.saw(faces, time));
    }

    /// Puts down what was laid over them.
    pub fn painted_tracks(&self, stream: usize, patches: &[Patch]) {
        self.with_tracks(stream, |tracks| tracks.painted(patches));
    }

    /// Who was seen when in a stream.
    pub fn tracks(&self, stream: usize) -> Tracks {
        self.with_tracks(stream, |tracks| tracks.clone())
    }

    fn with_tracks<T>(&self, stream: usize, act: impl FnOnce(&mut Tracks) -> T) -> T {
        let mut tracks = self.0.tracks.lock().unwrap_or_else(PoisonError::into_inner);
        if tracks.len() <= stream {
            tracks.resize_with(stream + 1, Tracks::default);
        }
        act(&mut tracks[stream])
    }

    /// Puts down the next frame, shown at `time`, of which `faces` faces were changed.
    pub fn changed(&self, time: Duration, faces: usize) {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner).note(time, faces);
    }

    /// Which frames were changed.
    pub fn changes(&self) -> Vec<Span> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner).spans()
    }

    /// What came out well, or nothing: then the frame passes as it was, and is counted.
    pub fn or_failed<T: Default>(&self, result: anyhow::Result<T>) -> T {
        result.unwrap_or_else(|error| {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
            let mut first = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| format!("{error:#}"));
            T::default()
        })
    }

    /// Counts a frame that left the sink so long after the source gave it.
    pub(super) fn frame_left(&self, latency: Duration) {
        self.0.first_out.get_or_init(Instant::now);
        self.0.latencies.lock().unwrap_or_else(PoisonError::into_inner).add(latency);
    }

    /// How long ago the first frame left the sink.
    pub fn first_frame(&self) -> Option<Duration> {
        self.0.first_out.get().map(Instant::elapsed)
    }

    /// From where the source gave a frame to where the sink had taken it.
    pub fn latency(&self) -> Percentiles {
        self.0.latencies.lock().unwrap_or_else(PoisonError::into_inner).percentiles()
    }

    /// All counters now.
    pub fn snapshot(&self) -> Snapshot {
        let stages = self.0.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let stages: Vec<_> = stages.iter().map(|stage| stage.snapshot()).collect();
        Snapshot {
            frames_in: stages.first().map_or(0, |stage| stage.given),
            frames_out: stages.last().map_or(0, |stage| stage.taken),
            faces: self.0.faces.load(Ordering::Relaxed),
            painted: self.0.painted.load(Ordering::Relaxed),
            reused: self.0.reused.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
            failure: self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            stages,
        }
    }

    pub(super) fn stage(&self, name: &'static str) -> Arc<StageStats> {
        let stats = Arc::new(StageStats { name, ..StageStats::default() });
        let mut stages = self.0.stages.lock().unwrap_or_else(PoisonError::into_inner);
        stages.push(Arc::clone(&stats));
        stats
    }
}

/// One stage's counters, written by its threads.
#[derive(Debug, Default)]
pub(super) struct StageStats {
    name: &'static str,
    taken: AtomicU64,
    given: AtomicU64,
    wall: Spread,
    cpu: Spread,
}

impl StageStats {
    pub fn took(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub fn gave(&self) {
        self.given.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs `work` and counts its time.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let (begun, cpu) = (Instant::now(), thread_cpu());
        let done = work();
        self.wall.add(begun.elapsed());
        self.cpu.add(thread_cpu().saturating_sub(cpu));
        done
    }

    fn snapshot(&self) -> StageSnapshot {
        StageSnapshot {
            name: self.name,
            taken: self.taken.load(Ordering::Relaxed),
            given: self.given.load(Ordering::Relaxed),
            busy_s: self.wall.sum_s(),
            cpu_s: self.cpu.sum_s(),
            wall: self.wall.times(),
            cpu: self.cpu.times(),
        }
    }
}
