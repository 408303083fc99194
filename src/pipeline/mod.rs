//! Stages on threads, bounded channels between them.
//!
//! A pipeline is built from its source on: `Pipeline::from_source(..).then(..).into_sink(..)`;
//! a stage in the wrong place does not compile. The end of the stream is a dropped sender:
//! every stage drains what it has and ends. An error or panic in a stage ends all others in
//! the same way, and [`Running::join`] returns it; the sink is then dropped, not finished.
//!
//! What travels is a round: at most one frame of each stream. A file is a stream alone. Live
//! streams come in through one entrance, where the newest frame wins.
//!
//! | file | holds |
//! |---|---|
//! | [`stage`] | trait Stage, its loop, the thread spawner |
//! | `team` | several workers of one stage, with the order kept |
//! | [`stages`] | find faces, paint what is to be laid over them |
//! | `reuse` | faces that look as they did a moment ago |
//! | `still` | frames that show what the one before showed |
//! | [`lay`] | settle it over time and lay it into the frame |
//! | [`effect`] | what is laid: the restored face, or a painted mask |
//! | [`round`] | what travels, and how much of it at once |
//! | [`ends`] | where rounds come from and go to |
//! | [`outlets`] | the end of a live pipeline, and what is counted there |
//! | [`load`], [`latency`] | what gives under load; how long frames were under way |
//! | [`stats`], [`spread`] | counters and times; how times spread |
//! | [`ledger`] | which frames were changed |
//! | [`tracks`] | who was seen when |
//! | [`markup`] | what was seen, drawn over the picture |

pub mod effect;
pub mod ends;
pub mod latency;
pub mod lay;
pub mod ledger;
pub mod load;
pub mod markup;
pub mod outlets;
mod reuse;
pub mod round;
pub mod spread;
pub mod stage;
pub mod stages;
pub mod stats;
mod still;
mod team;
pub mod tracks;

use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Result;
use crossbeam_channel::bounded;

use crate::media::outlet::Shown;
use crate::media::{Frame, Sink, Source};
pub use effect::{Effect, PutOn};
pub use ends::{Live, RoundSink, RoundSource};
pub use lay::Lay;
pub use load::Load;
pub use outlets::{LiveStats, Outlets};
pub use round::Round;
use stage::FirstError;
pub use stage::Stage;
pub use stages::{Detect, Paint};
pub use stats::Stats;
use team::Line;

/// Items that wait between two stages, beside the one that each has in hand: none, as each may
/// hold a frame and more of them make nothing quicker.
const WAITING: usize = 0;

/// A body of a thread that is not started yet.
type Body = Box<dyn FnOnce() + Send>;

/// A pipeline under construction whose last stage gives `T`.
pub struct Pipeline<T> {
    output: Line<T>,
    bodies: Vec<(&'static str, Body)>,
    first: FirstError,
    stats: Stats,
}

impl Pipeline<Round<Frame>> {
    /// Begins with the frames of `source`, a stream alone.
    pub fn from_source(source: Box<dyn Source>, stats: Stats) -> Self {
        Self::from_rounds(Box::new(ends::One(source)), stats)
    }

    /// Begins with the rounds of `source`.
    pub fn from_rounds(mut source: Box<dyn RoundSource>, stats: Stats) -> Self {
        let (sender, output) = bounded(WAITING);
        let first = FirstError::default();
        let (failed, counters) = (first.clone(), stats.stage("source"));
        let body: Body = Box::new(move || {
            stage::guarded("source", &failed, || {
                while let Some(round) = counters.time(|| source.next_round())? {
                    if sender.send(round).is_err() {
                        break;
                    }
                    counters.gave();
                }
                Ok(())
            });
            drop(sender);
        });
        Self { output: Line::Single(output), bodies: vec![("source", body)], first, stats }
    }
}

impl<T: Into<Shown> + Send + 'static> Pipeline<Round<T>> {
    /// Ends in `sink` and starts all threads.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn into_sink(self, sink: Box<dyn Sink>) -> Result<Running> {
        self.into_rounds(Box::new(ends::Only(sink)))
    }

    /// Ends in `sink`, which takes the rounds of all streams, and starts all threads.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn into_rounds(mut self, mut sink: Box<dyn RoundSink>) -> Result<Running> {
        let (output, failed) = (self.output, self.first.clone());
        let (stats, counters) = (self.stats.clone(), self.stats.stage("sink"));
        self.bodies.push((
            "sink",
            Box::new(move || {
                let first = failed.clone();
                stage::guarded("sink", &failed, move || {
                    while let Some(round) = output.take() {
                        let round = round.try_map(|_, item| Ok(item.into()))?;
                        let taken = round.taken();
                        counters.time(|| sink.push(round))?;
                        counters.took();
                        stats.frame_left(taken.elapsed());
                    }
                    if first.is_set() { Ok(()) } else { counters.time(|| sink.finish()) }
                });
            }),
        ));
        let threads: Result<Vec<_>> =
            self.bodies.into_iter().map(|(name, body)| stage::spawn(name, body)).collect();
        Ok(Running { threads: threads?, first: self.first })
    }
}

impl<T: Send + 'static> Pipeline<T> {
    /// Adds a stage.
    pub fn then<S: Stage<In = T>>(mut self, mut stage: S) -> Pipeline<S::Out>
    where
        S::Out: 'static,
    {
        let (sender, output) = bounded(WAITING);
        let (input, failed, stats) = (self.output, self.first.clone(), self.stats.stage(S::NAME));
        self.bodies.push((
            S::NAME,
            Box::new(move || {
                stage::guarded(S::NAME, &failed, || {
                    stage::work(&mut stage, &input, &sender, &stats)
                });
                // Only now may the next stage take this for the end of the stream.
                drop(sender);
            }),
        ));
        let output = Line::Single(output);
        Pipeline { output, bodies: self.bodies, first: self.first, stats: self.stats }
    }

    /// Adds a stage that several workers share, each on a thread of its own. Items leave in the
    /// order in which they came.
    pub fn then_shared<S: Stage<In = T>>(mut self, workers: Vec<S>) -> Pipeline<S::Out>
    where
        S::Out: 'static,
    {
        let stats = self.stats.stage(S::NAME);
        let (members, output) = team::gather(workers, self.output);
        for mut member in members {
            let (failed, stats) = (self.first.clone(), Arc::clone(&stats));
            self.bodies.push((
                S::NAME,
                Box::new(move || {
                    stage::guarded(S::NAME, &failed, || member.work(&failed, &stats));
                    // Only now may the next stage take this for the end of the stream.
                    drop(member);
                }),
            ));
        }
        Pipeline { output, bodies: self.bodies, first: self.first, stats: self.stats }
    }
}

/// A pipeline at work.
#[derive(Debug)]
pub struct Running {
    threads: Vec<JoinHandle<()>>,
    first: FirstError,
}

impl Running {
    /// Whether all threads have ended.
    pub fn is_done(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits for all threads, in stream order.
    ///
    /// # Errors
    /// The first error or panic of any stage, with the stage's name.
    pub fn join(self) -> Result<()> {
        for thread in self.threads {
            // A panic has been put down by the thread itself.
            let _ = thread.join();
        }
        self.first.take().map_or(Ok(()), Err)
    }
}
