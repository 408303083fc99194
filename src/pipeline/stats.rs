//! What a running pipeline counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Counters that stages write and a progress bar or report reads, at any time.
#[derive(Clone, Debug, Default)]
pub struct Stats(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    faces: AtomicU64,
    restored: AtomicU64,
    failed: AtomicU64,
    stages: Mutex<Vec<Arc<StageStats>>>,
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
    /// Faces that were painted, summed over the frames.
    pub restored: u64,
    /// Frames that passed as they were because something failed on them.
    pub failed: u64,
    /// The stages in stream order.
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
}

impl Stats {
    /// Counts faces that were seen in a frame.
    pub fn saw_faces(&self, n: usize) {
        self.0.faces.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Counts faces that were painted in a frame.
    pub fn restored_faces(&self, n: usize) {
        self.0.restored.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Counts a frame that passed as it was because something failed on it.
    pub fn failed_frame(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// All counters now.
    pub fn snapshot(&self) -> Snapshot {
        let stages = self.0.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let stages: Vec<_> = stages.iter().map(|stage| stage.snapshot()).collect();
        Snapshot {
            frames_in: stages.first().map_or(0, |stage| stage.given),
            frames_out: stages.last().map_or(0, |stage| stage.taken),
            faces: self.0.faces.load(Ordering::Relaxed),
            restored: self.0.restored.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
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

/// One stage's counters, written by its thread alone.
#[derive(Debug, Default)]
pub(super) struct StageStats {
    name: &'static str,
    taken: AtomicU64,
    given: AtomicU64,
    busy_ns: AtomicU64,
}

impl StageStats {
    pub fn took(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub fn gave(&self) {
        self.given.fetch_add(1, Ordering::Relaxed);
    }

    pub fn worked(&self, time: Duration) {
        self.busy_ns.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Runs `work` and counts its time.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.worked(begun.elapsed());
        done
    }

    fn snapshot(&self) -> StageSnapshot {
        StageSnapshot {
            name: self.name,
            taken: self.taken.load(Ordering::Relaxed),
            given: self.given.load(Ordering::Relaxed),
            busy_s: self.busy_ns.load(Ordering::Relaxed) as f64 / 1e9,
        }
    }
}
