//! How times spread: a histogram whose steps grow with the times. Written and read by any
//! thread, without a lock and without growing.

use std::array;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Steps from a time to its double: one step is 4 %.
const FINE: f64 = 16.0;
/// From one microsecond to an hour.
const STEPS: usize = 32 * FINE as usize;

/// Many times, counted.
#[derive(Debug)]
pub struct Spread {
    counts: [AtomicU32; STEPS],
    sum_ns: AtomicU64,
}

/// What the times came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Half of them were at most this, in milliseconds, to 4 %.
    pub p50_ms: f64,
    /// 95 of 100 were.
    pub p95_ms: f64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { counts: array::from_fn(|_| AtomicU32::new(0)), sum_ns: AtomicU64::new(0) }
    }
}

impl Spread {
    /// Counts a time.
    pub fn add(&self, time: Duration) {
        let step = (time.as_secs_f64() * 1e6).max(1.0).log2() * FINE;
        self.counts[(step as usize).min(STEPS - 1)].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// What they came to so far.
    pub fn times(&self) -> Times {
        let counts: Vec<u32> = self.counts.iter().map(|n| n.load(Ordering::Relaxed)).collect();
        let all: u64 = counts.iter().map(|&n| u64::from(n)).sum();
        let at = |share: f64| {
            let mut below = 0;
            let step = counts.iter().position(|&n| {
                below += u64::from(n);
                below > 0 && below as f64 >= share * all as f64
            });
            step.map_or(0.0, |step| ((step as f64 + 0.5) / FINE).exp2() / 1e3)
        };
        Times { p50_ms: at(0.5), p95_ms: at(0.95) }
    }

    /// All of them together, in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_ns.load(Ordering::Relaxed) as f64 / 1e9
    }
}

/// The processor time that this thread has used.
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_95_of_100_are_found_to_four_percent() {
        let spread = Spread::default();
        assert_eq!(spread.times(), Times::default());
        for ms in 1..=100 {
            spread.add(Duration::from_millis(ms));
        }
        let times = spread.times();
        assert!((spread.sum_s() - 5.05).abs() < 1e-6);
        assert!((times.p50_ms / 50.0 - 1.0).abs() < 0.04, "{times:?}");
        assert!((times.p95_ms / 95.0 - 1.0).abs() < 0.04, "{times:?}");
        spread.add(Duration::ZERO);
        spread.add(Duration::from_hours(9));
        assert!(spread.sum_s() > 32_400.0);
    }

    #[test]
    fn a_thread_that_works_uses_its_processor() {
        let before = thread_cpu();
        let mut sum = 0u64;
        while thread_cpu() == before {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(thread_cpu() > before);
    }
}
