//! What gives under load: a ladder of declared steps. Frames that come out late, or are lost at
//! the entrance, lead one step down; a calm while leads back up. Every step is counted.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::latency::Latencies;

/// One rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it is called in messages and reports.
    pub name: &'static str,
    /// Frames from one look for new faces to the next, as a multiple of the usual.
    pub detect_every: usize,
    /// Masked faces of a frame that are restored, the largest first.
    pub most_faces: usize,
}

/// Less detection first, then the farthest faces.
pub const STEPS: [Step; 6] = [
    Step { name: "full", detect_every: 1, most_faces: usize::MAX },
    Step { name: "half the detections", detect_every: 2, most_faces: usize::MAX },
    Step { name: "a quarter of the detections", detect_every: 4, most_faces: usize::MAX },
    Step { name: "the 4 nearest faces", detect_every: 4, most_faces: 4 },
    Step { name: "the 2 nearest faces", detect_every: 4, most_faces: 2 },
    Step { name: "the nearest face", detect_every: 4, most_faces: 1 },
];

/// The load is judged once in this time.
const PERIOD: Duration = Duration::from_millis(500);
/// Losing more than this share of the frames is too much load.
const MOST_LOST: f64 = 0.02;
/// The load is low while the latency stays below this share of what is allowed.
const CALM: f64 = 0.6;
/// Calm periods that lead a step up, at first; twice as many each time that it was too soon.
const PATIENCE: (u32, u32) = (6, 96);

/// The ladder, written by the end of the pipeline and read by its stages.
#[derive(Clone, Debug)]
pub struct Load(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    step: AtomicUsize,
    changes: AtomicU64,
    faces_left: AtomicU64,
    judge: Mutex<Judge>,
}

/// What the load came to.
#[derive(Clone, Debug, Serialize)]
pub struct LoadSnapshot {
    /// The step in force.
    pub step: &'static str,
    /// Its place on the ladder, 0 at full quality.
    pub level: usize,
    /// How often the step changed.
    pub changes: u64,
    /// Masked faces that kept their mask because of a step, summed over the frames.
    pub faces_left: u64,
    /// Seconds spent on each step so far, full quality first.
    pub seconds: Vec<f64>,
}

#[derive(Debug)]
struct Judge {
    allowed: Duration,
    period: Latencies,
    since: Duration,
    lost: u64,
    arrived: u64,
    losing: bool,
    calm: u32,
    patience: u32,
    /// When the last step up was taken.
    rose: Option<Duration>,
    seconds: [f64; STEPS.len()],
}

impl Load {
    /// Nothing gives yet. Frames may take `allowed`.
    pub fn new(allowed: Duration) -> Self {
        let judge = Judge {
            allowed,
            period: Latencies::default(),
            since: Duration::ZERO,
            lost: 0,
            arrived: 0,
            losing: false,
            calm: 0,
            patience: PATIENCE.0,
            rose: None,
            seconds: [0.0; STEPS.len()],
        };
        Self(Arc::new(Shared {
            step: AtomicUsize::new(0),
            changes: AtomicU64::new(0),
            faces_left: AtomicU64::new(0),
            judge: Mutex::new(judge),
        }))
    }

    /// The step in force.
    pub fn step(&self) -> Step {
        STEPS[self.0.step.load(Ordering::Relaxed)]
    }

    /// Counts faces that kept their mask because of the step in force.
    pub fn left_faces(&self, n: usize) {
        self.0.faces_left.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Counts a frame that came out at `now` after `latency`; `arrived` and `lost` are the
    /// entrance's totals. Gives the new step when it changes.
    pub fn came_out(
        &self,
        now: Duration,
        latency: Duration,
        (arrived, lost): (u64, u64),
    ) -> Option<Step> {
        let mut judge = self.0.judge.lock().unwrap_or_else(PoisonError::into_inner);
        judge.period.add(latency);
        let passed = now.saturating_sub(judge.since);
        if passed < PERIOD {
            return None;
        }
        let level = self.0.step.load(Ordering::Relaxed);
        judge.seconds[level] += passed.as_secs_f64();
        judge.since = now;
        let new = judge.next(level, now, (arrived, lost));
        self.0.step.store(new, Ordering::Relaxed);
        self.0.changes.fetch_add(u64::from(new != level), Ordering::Relaxed);
        (new != level).then_some(STEPS[new])
    }

    /// All that was counted.
    pub fn snapshot(&self) -> LoadSnapshot {
        let level = self.0.step.load(Ordering::Relaxed);
        let judge = self.0.judge.lock().unwrap_or_else(PoisonError::into_inner);
        LoadSnapshot {
            step: STEPS[level].name,
            level,
            changes: self.0.changes.load(Ordering::Relaxed),
            faces_left: self.0.faces_left.load(Ordering::Relaxed),
            seconds: judge.seconds.to_vec(),
        }
    }
}

impl Judge {
    /// The step after this period.
    fn next(&mut self, level: usize, now: Duration, (arrived, lost): (u64, u64)) -> usize {
        let came = arrived.saturating_sub(self.arrived);
        let gone = lost.saturating_sub(self.lost);
        (self.arrived, self.lost) = (arrived, lost);
        let latency = Duration::from_secs_f64(self.period.percentiles().p95_ms / 1e3);
        self.period.clear();
        let losing = came > 0 && gone as f64 > MOST_LOST * came as f64;
        // One frame is more than that share of a period: alone it is no load yet.
        let again = std::mem::replace(&mut self.losing, losing);
        if (losing && (again || gone > 2)) || latency > self.allowed {
            self.calm = 0;
            // A step up that did not last was too soon.
            if self.rose.take().is_some_and(|rose| now.saturating_sub(rose) < PERIOD * 8) {
                self.patience = (self.patience * 2).min(PATIENCE.1);
            }
            return (level + 1).min(STEPS.len() - 1);
        }
        self.calm = if latency < self.allowed.mul_f64(CALM) { self.calm + 1 } else { 0 };
        if level > 0 && self.calm >= self.patience {
            self.calm = 0;
            self.rose = Some(now);
            return level - 1;
        }
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ladder and a clock that is moved by hand, a frame every 33 ms.
    struct Played {
        load: Load,
        now: Duration,
        arrived: u64,
        lost: u64,
    }

    impl Played {
        fn begin() -> Self {
            let load = Load::new(Duration::from_millis(150));
            Self { load, now: Duration::ZERO, arrived: 0, lost: 0 }
        }

        /// Lets frames of one latency pass for some seconds; every `lose`th is lost, 0: none.
        fn pass(&mut self, seconds: f64, latency_ms: u64, lose: u64) {
            let end = self.now + Duration::from_secs_f64(seconds);
            while self.now < end {
                self.now += Duration::from_millis(33);
                self.arrived += 1;
                self.lost += u64::from(lose > 0 && self.arrived.is_multiple_of(lose));
                let counts = (self.arrived, self.lost);
                self.load.came_out(self.now, Duration::from_millis(latency_ms), counts);
            }
        }

        fn level(&self) -> usize {
            self.load.snapshot().level
        }
    }

    #[test]
    fn detection_gives_first_and_far_faces_only_then() {
        let mut played = Played::begin();
        played.pass(10.0, 60, 0);
        assert_eq!(played.level(), 0, "no load, no step");
        played.pass(0.6, 400, 0);
        let step = played.load.step();
        assert!(step.detect_every > 1 && step.most_faces == usize::MAX, "{step:?}");
        played.pass(10.0, 400, 0);
        assert_eq!(played.load.step().most_faces, 1, "the end of the ladder");
        let told = played.load.snapshot();
        assert_eq!(told.changes, STEPS.len() as u64 - 1);
        assert!(told.seconds[STEPS.len() - 1] > 5.0, "{told:?}");
    }

    #[test]
    fn losses_alone_are_load_too_and_calm_leads_back() {
        let mut played = Played::begin();
        played.pass(1.1, 80, 5);
        assert!(played.level() >= 1);
        played.pass(60.0, 60, 0);
        assert_eq!(played.level(), 0);
        played.pass(6.0, 60, 30);
        assert_eq!(played.level(), 0, "a frame now and then is no load");
    }

    #[test]
    fn a_step_up_that_does_not_last_is_tried_ever_more_seldom() {
        let mut played = Played::begin();
        let mut changes = Vec::new();
        for _ in 0..2 {
            let before = played.load.snapshot().changes;
            for _ in 0..600 {
                // Calm on the third step and below, overloaded above it.
                let latency = if played.level() >= 3 { 60 } else { 400 };
                played.pass(0.1, latency, 0);
            }
            changes.push(played.load.snapshot().changes - before);
        }
        assert!(changes[1] < changes[0] / 2 + 1 && changes[1] <= 6, "{changes:?}");
    }
}
