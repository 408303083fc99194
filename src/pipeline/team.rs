//! Several workers of one stage, with the order kept: whoever takes an item also takes its place
//! in the line of results, and fills it when the work is done.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::stage::{FirstError, Stage};
use super::stats::StageStats;

/// Places in the line beyond one for each worker: a quick one may go ahead by so many items. Each
/// may hold a frame.
const AHEAD: usize = 1;

/// What comes out of a stage, in order.
pub(super) enum Line<T> {
    /// Of a stage on one thread.
    Single(Receiver<T>),
    /// Of a team: a place for each item, in the order in which they were taken. A place whose
    /// worker kept its item back stays empty.
    Places(Receiver<Receiver<T>>),
}

impl<T> Line<T> {
    /// The next item; `None` once nobody fills the line any more.
    pub fn take(&self) -> Option<T> {
        match self {
            Self::Single(items) => items.recv().ok(),
            Self::Places(places) => places.iter().find_map(|place| place.recv().ok()),
        }
    }
}

/// One of the workers.
pub(super) struct Member<S: Stage> {
    worker: S,
    /// Held while an item and its place are taken, so that no two are swapped.
    door: Arc<Mutex<Line<S::In>>>,
    places: Sender<Receiver<S::Out>>,
}

/// A team that takes from `input`, and what comes out of it.
pub(super) fn gather<S: Stage>(
    workers: Vec<S>,
    input: Line<S::In>,
) -> (Vec<Member<S>>, Line<S::Out>) {
    let (places, line) = bounded(workers.len() + AHEAD);
    let door = Arc::new(Mutex::new(input));
    let member = |worker| Member { worker, door: Arc::clone(&door), places: places.clone() };
    (workers.into_iter().map(member).collect(), Line::Places(line))
}

impl<S: Stage> Member<S> {
    /// Works until the input ends, nobody takes the results, or another thread has failed.
    pub fn work(&mut self, failed: &FirstError, stats: &StageStats) -> Result<()> {
        while let Some((item, place)) = self.next().filter(|_| !failed.is_set()) {
            stats.took();
            let Some(done) = stats.time(|| self.worker.process(item))? else { continue };
            if place.send(done).is_ok() {
                stats.gave();
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<(S::In, Sender<S::Out>)> {
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let item = door.take()?;
        let (fill, place) = bounded(1);
        self.places.send(place).ok()?;
        Some((item, fill))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiplies by ten, keeps back multiples of seven, and lets each odd number wait for the
    /// even one after it, so that results are done out of order.
    struct Tens(Arc<[(Sender<()>, Receiver<()>)]>);

    impl Stage for Tens {
        type In = usize;
        type Out = usize;
        const NAME: &'static str = "tens";

        fn process(&mut self, item: usize) -> Result<Option<usize>> {
            let (even, odd) = &self.0[(item - 1) / 2];
            if item.is_multiple_of(2) {
                even.send(()).unwrap();
            } else {
                odd.recv().unwrap();
            }
            Ok((!item.is_multiple_of(7)).then_some(item * 10))
        }
    }

    #[test]
    fn results_come_in_order_whoever_is_done_first() {
        let pairs: Arc<[_]> = (0..50).map(|_| bounded(1)).collect();
        let workers = (0..3).map(|_| Tens(Arc::clone(&pairs))).collect();
        let (sender, input) = bounded(2);
        let (members, line) = gather(workers, Line::Single(input));
        std::thread::scope(|scope| {
            for mut member in members {
                let work = move || member.work(&FirstError::default(), &StageStats::default());
                std::thread::Builder::new().spawn_scoped(scope, work).unwrap();
            }
            let feed = move || (1..=100).for_each(|n| sender.send(n).unwrap());
            std::thread::Builder::new().spawn_scoped(scope, feed).unwrap();
            let out: Vec<usize> = std::iter::from_fn(|| line.take()).collect();
            let want: Vec<usize> = (1..=100).filter(|n| n % 7 != 0).map(|n| n * 10).collect();
            assert_eq!(out, want);
        });
    }
}
