//! The end of a live pipeline: every stream's frames to its own outlet, and the latencies.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde::Serialize;

use super::RoundSink;
use super::latency::{Latencies, Percentiles};
use super::load::{Load, LoadSnapshot};
use super::round::Round;
use crate::media::Frame;
use crate::media::entrance::Entrance;
use crate::media::outlet::{Outlet, Shown};
use crate::media::stream::{Known, State, Status};
use crate::media::timer::Timer;

/// What is counted of live streams, to be read at any time.
#[derive(Clone)]
pub struct LiveStats(Arc<Shared>);

struct Shared {
    entrance: Entrance<Frame>,
    load: Load,
    allowed: Duration,
    streams: Vec<(Status, Mutex<Counts>)>,
}

/// What the end of the pipeline counts of one stream.
#[derive(Clone, Debug, Default)]
struct Counts {
    out: u64,
    late: u64,
    held: u64,
    restored: u64,
    all: Latencies,
    lately: Latencies,
    /// The period before the one that is being measured.
    last: Percentiles,
    since: Duration,
}

/// One stream at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct StreamSnapshot {
    /// What is known of it.
    #[serde(flatten)]
    pub known: Known,
    /// Frames that reached the entrance, holding pictures not among them.
    pub frames_in: u64,
    /// Frames that came out.
    pub frames_out: u64,
    /// Frames that gave way to a newer one at the entrance.
    pub dropped: u64,
    /// Frames that came out later than allowed.
    pub late: u64,
    /// Holding pictures shown while the stream was away.
    pub held: u64,
    /// Frames in which a face was restored.
    pub restored: u64,
    /// From capture to the output, over all frames.
    pub latency: Percentiles,
    /// The same over the last seconds.
    pub latency_now: Percentiles,
}

/// All streams at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct LiveSnapshot {
    /// Latency allowed, in milliseconds.
    pub max_latency_ms: f64,
    /// What gave under load.
    pub load: LoadSnapshot,
    /// The streams in order.
    pub streams: Vec<StreamSnapshot>,
}

/// How long the latencies of "the last seconds" are gathered.
const LATELY: Duration = Duration::from_secs(5);

impl LiveStats {
    /// Counters of the streams that come in through `entrance`, in its order.
    pub fn new(entrance: Entrance<Frame>, load: Load, allowed: Duration, of: &[Status]) -> Self {
        let streams = of.iter().map(|status| (status.clone(), Mutex::default())).collect();
        Self(Arc::new(Shared { entrance, load, allowed, streams }))
    }

    /// All counters now.
    pub fn snapshot(&self) -> LiveSnapshot {
        let tallies = self.0.entrance.tallies();
        let streams = self.0.streams.iter().zip(tallies).map(|((status, counts), tally)| {
            let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            StreamSnapshot {
                known: status.known(),
                frames_in: tally.arrived,
                frames_out: counts.out,
                dropped: tally.dropped,
                late: counts.late,
                held: counts.held,
                restored: counts.restored,
                latency: counts.all.percentiles(),
                latency_now: counts.last,
            }
        });
        LiveSnapshot {
            max_latency_ms: self.0.allowed.as_secs_f64() * 1e3,
            load: self.0.load.snapshot(),
            streams: streams.collect(),
        }
    }

    /// Counts a frame that came out.
    fn came_out(&self, stream: usize, shown: &Shown, now: Duration) {
        let Some((status, counts)) = self.0.streams.get(stream) else { return };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.frame.is_holding() {
            counts.held += 1;
            return;
        }
        let latency = now.saturating_sub(shown.frame.time());
        counts.out += 1;
        counts.restored += u64::from(shown.restored);
        counts.late += u64::from(latency > self.0.allowed);
        counts.all.add(latency);
        counts.lately.add(latency);
        if now.saturating_sub(counts.since) >= LATELY {
            counts.last = counts.lately.percentiles();
            counts.lately.clear();
            counts.since = now;
        }
        drop(counts);
        let tallies = self.0.entrance.tallies();
        let sum = tallies.iter().fold((0, 0), |(a, d), t| (a + t.arrived, d + t.dropped));
        if let Some(step) = self.0.load.came_out(now, latency, sum) {
            status.note(format!("load: now {}", step.name));
        }
    }
}

/// An outlet for every stream.
pub struct Outlets {
    open: Vec<Option<Box<dyn Outlet>>>,
    stats: LiveStats,
    timer: Arc<dyn Timer>,
}

impl Outlets {
    /// The outlets of the streams, in their order.
    pub fn new(outlets: Vec<Box<dyn Outlet>>, stats: LiveStats, timer: Arc<dyn Timer>) -> Self {
        Self { open: outlets.into_iter().map(Some).collect(), stats, timer }
    }

    /// A lost outlet ends its own stream only, unless it was the last.
    fn lost(&mut self, stream: usize, error: anyhow::Error) -> Result<()> {
        self.open[stream] = None;
        if self.open.iter().all(Option::is_none) {
            return Err(error);
        }
        self.stats.0.streams[stream].0.change(|known| {
            known.state = State::Failed;
            known.trouble = Some(format!("{error:#}"));
            known.note(format!("the output is lost: {error:#}"));
        });
        Ok(())
    }
}

impl RoundSink for Outlets {
    fn push(&mut self, round: Round<Shown>) -> Result<()> {
        let (items, _ticket) = round.into_items();
        for (stream, shown) in items {
            let Some(Some(outlet)) = self.open.get_mut(stream) else { continue };
            let taken = outlet.show(&shown);
            self.stats.came_out(stream, &shown, self.timer.now());
            if let Err(error) = taken {
                self.lost(stream, error)?;
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let finished = self.open.into_iter().flatten().map(Outlet::finish);
        let failed: Vec<_> = finished.filter_map(Result::err).collect();
        let told: Vec<_> = failed.iter().map(|error| format!("{error:#}")).collect();
        if told.is_empty() { Ok(()) } else { Err(anyhow!(told.join("; "))) }
    }
}
