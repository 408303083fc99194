//! How long frames were under way: an exact histogram in milliseconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longer than this is counted as this.
const LONGEST_MS: usize = 10_000;

/// How often each latency was seen, to the millisecond.
#[derive(Clone, Debug)]
pub struct Latencies {
    counts: Vec<u32>,
    seen: u64,
    longest: Duration,
}

/// What the latencies came to, in milliseconds. Zero where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of the frames took at most this.
    pub p50_ms: f64,
    /// 95 of 100 frames did.
    pub p95_ms: f64,
    /// 99 of 100 frames did.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; LONGEST_MS + 1], seen: 0, longest: Duration::ZERO }
    }
}

impl Latencies {
    /// Counts a frame that took this long.
    pub fn add(&mut self, latency: Duration) {
        // A frame that took 7.2 ms took at most 8.
        let ms = latency.as_nanos().div_ceil(1_000_000) as usize;
        self.counts[ms.min(LONGEST_MS)] += 1;
        self.seen += 1;
        self.longest = self.longest.max(latency);
    }

    /// The percentiles of all frames so far.
    pub fn percentiles(&self) -> Percentiles {
        let at = |share: f64| {
            let rank = ((self.seen as f64 * share).ceil() as u64).max(1);
            let mut below = 0;
            let place = self.counts.iter().position(|&n| {
                below += u64::from(n);
                below >= rank
            });
            place.unwrap_or(0) as f64
        };
        Percentiles {
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: self.longest.as_secs_f64() * 1e3,
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.seen = 0;
        self.longest = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentiles(), Percentiles::default());
        for ms in (1..=100).rev() {
            latencies.add(Duration::from_millis(ms));
        }
        let found = latencies.percentiles();
        assert_eq!((found.p50_ms, found.p95_ms, found.p99_ms), (50.0, 95.0, 99.0));
        assert!((found.max_ms - 100.0).abs() < 1e-9);
        latencies.add(Duration::from_mins(1));
        assert!(latencies.percentiles().max_ms > 59_000.0);
        latencies.clear();
        assert_eq!(latencies.percentiles(), Percentiles::default());
    }
}
