//! What the networks of this process have cost so far, for reports and benchmarks.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What the runs of one network cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Name of the network.
    pub network: String,
    /// How often it ran.
    pub runs: u64,
    /// Crops or pictures that went through it.
    pub items: u64,
    /// Wall time in seconds.
    pub wall_s: f64,
    /// Processor time in seconds: that of the calling thread, times the threads that may share
    /// its work. Exact for one thread, too much for several.
    pub cpu_s: f64,
    /// Threads that may share the work of a run.
    pub threads: usize,
}

static COSTS: Mutex<Vec<Cost>> = Mutex::new(Vec::new());

/// What every network cost so far, in the order of their first runs.
pub fn costs() -> Vec<Cost> {
    COSTS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Runs `work` and puts its cost down for `network`.
pub(super) fn time<T>(network: &str, items: usize, threads: usize, work: impl FnOnce() -> T) -> T {
    let (begun, cpu) = (Instant::now(), thread_cpu());
    let done = work();
    let (wall, cpu) = (begun.elapsed(), thread_cpu().saturating_sub(cpu));
    let mut costs = COSTS.lock().unwrap_or_else(PoisonError::into_inner);
    let place = costs.iter().position(|cost| cost.network == network).unwrap_or_else(|| {
        costs.push(Cost { network: network.to_owned(), threads, ..Cost::default() });
        costs.len() - 1
    });
    let cost = &mut costs[place];
    cost.runs += 1;
    cost.items += items as u64;
    cost.wall_s += wall.as_secs_f64();
    cost.cpu_s += cpu.as_secs_f64() * threads as f64;
    done
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_a_network_are_summed_under_its_name() {
        assert_eq!(time("meter-test", 2, 1, || 7), 7);
        time("meter-test", 3, 1, || ());
        let costs = costs();
        let cost = costs.iter().find(|cost| cost.network == "meter-test").unwrap();
        assert_eq!((cost.runs, cost.items), (2, 5));
        assert!(cost.wall_s > 0.0);
    }
}
