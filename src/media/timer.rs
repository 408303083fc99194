//! The time since a job began, behind a trait so that tests need not wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tells how long the job runs.
pub trait Timer: Send + Sync {
    /// Time since the job began.
    fn now(&self) -> Duration;
}

/// The system's steady clock.
#[derive(Clone, Copy, Debug)]
pub struct Steady(Instant);

impl Steady {
    /// A clock that begins now, to be shared by all parts of a job.
    pub fn begin() -> Arc<dyn Timer> {
        Arc::new(Self(Instant::now()))
    }
}

impl Timer for Steady {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
