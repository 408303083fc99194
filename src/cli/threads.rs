//! Who gets how many threads: the one place where this is decided.
//!
//! | who | threads | why |
//! |---|---|---|
//! | stages of the pipeline | one each | order holds; they mostly wait |
//! | painting network, files | as many networks as cores, eight at most; beyond that more threads each | a frame each needs no synchronisation inside a network, and two threads on one cost a tenth more processor time than two networks |
//! | painting network, live and photos | one, on half of the cores, eight threads at most | a frame must be done soon, not many at once |
//! | detector, landmarks | one | a millisecond of work is over before others wake up |
//! | `OpenCV` | none of its own | its kernels here take a tenth of a millisecond; the frames are shared out instead |
//! | decoder | of a file on up to 2 cores one; else `FFmpeg`'s choice: as many as cores, 16 at most | where cores are few all are busy, and each thread more has frames of its own |
//! | encoder | as many as cores, 16 at most | so many frames wait in it, each with its memory |
//!
//! Nobody spins while waiting, and all queues are bounded, so that whoever is ahead sleeps and
//! leaves the cores to the slowest. On 2, 8 and 32 cores a file is painted by 2 networks with 1
//! thread, 8 with 1 and 8 with 4.

/// More networks than this at once take memory and gain nothing over threads within each.
const MOST_NETWORKS: usize = 8;

/// How the painting network is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Threads {
    /// How many of it work at once, on a frame each.
    pub networks: usize,
    /// Threads within each.
    pub each: usize,
}

impl Threads {
    /// For a file, with `wanted` threads in all (0: as many as cores).
    pub fn of_file(wanted: usize) -> Self {
        Self::shared(if wanted > 0 { wanted } else { cores() })
    }

    /// For live streams or a photo, with `wanted` threads (0: half of the cores).
    pub fn of_live(wanted: usize) -> Self {
        let each = if wanted > 0 { wanted } else { (cores() / 2).clamp(1, 8) };
        Self { networks: 1, each }
    }

    fn shared(threads: usize) -> Self {
        let networks = threads.clamp(1, MOST_NETWORKS);
        Self { networks, each: (threads / networks).max(1) }
    }
}

/// Cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_come_first_and_then_threads_within_them() {
        let shared = |threads| {
            let Threads { networks, each } = Threads::shared(threads);
            (networks, each)
        };
        assert_eq!([1, 2, 8, 32].map(shared), [(1, 1), (2, 1), (8, 1), (8, 4)]);
        assert_eq!(Threads::of_live(3), Threads { networks: 1, each: 3 });
    }
}
