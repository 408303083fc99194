//! What this process has used so far, as the kernel counts it.

use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What a process used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time of all its threads, in seconds.
    pub cpu_s: f64,
    /// Its largest resident memory, in MB of 10^6 bytes; zero where the kernel does not tell.
    pub peak_memory_mb: f64,
    /// From its start to the first frame that left it, in seconds; none without a frame.
    pub first_frame_s: Option<f64>,
}

/// What this process used until now. `first_frame` is how long ago that was.
pub fn usage(first_frame: Option<Duration>) -> Usage {
    let first = first_frame.zip(age()).map(|(ago, age)| age.saturating_sub(ago).as_secs_f64());
    Usage {
        cpu_s: cpu().as_secs_f64(),
        peak_memory_mb: peak_memory().unwrap_or_default(),
        first_frame_s: first,
    }
}

/// Processor time of all threads.
pub fn cpu() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Since the process was started, to a hundredth of a second.
fn age() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; the start is the 20th field after it.
    let ticks: u64 = stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()?;
    let start = ticks as f64 / clock_ticks_per_second() as f64;
    clock(ClockId::Boottime).checked_sub(Duration::from_secs_f64(start))
}

fn peak_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_an_age_a_cost_and_a_size() {
        let usage = usage(Some(Duration::ZERO));
        assert!(usage.cpu_s > 0.0 && usage.peak_memory_mb > 1.0, "{usage:?}");
        assert!(usage.first_frame_s.is_some_and(|s| s < 3600.0), "{usage:?}");
    }
}
