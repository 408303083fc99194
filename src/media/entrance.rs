//! Where live streams come in, and the only place where a frame may be lost: of each stream the
//! newest frame waits here, and a newer one takes its place. What is lost is counted.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// One lane for each stream, shared by the streams, which offer, and the pipeline, which takes.
#[derive(Debug)]
pub struct Entrance<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    lanes: Mutex<Vec<Lane<T>>>,
    bell: Condvar,
}

#[derive(Debug)]
struct Lane<T> {
    newest: Option<T>,
    open: bool,
    tally: Tally,
}

/// What a lane counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items offered.
    pub arrived: u64,
    /// Items that gave way to a newer one.
    pub dropped: u64,
}

impl<T> Clone for Entrance<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Entrance<T> {
    /// An entrance without lanes.
    pub fn new() -> Self {
        Self(Arc::new(Shared { lanes: Mutex::default(), bell: Condvar::new() }))
    }

    /// Opens a further lane; its stream ends when the door is dropped.
    pub fn open(&self) -> Door<T> {
        let mut lanes = self.lanes();
        lanes.push(Lane { newest: None, open: true, tally: Tally::default() });
        Door { entrance: self.clone(), lane: lanes.len() - 1 }
    }

    /// Waits for an item and takes the newest of every lane: no stream gets two where another
    /// gets none. `None` when all doors are gone and nothing waits.
    pub fn take(&self) -> Option<Vec<(usize, T)>> {
        let mut lanes = self.lanes();
        loop {
            let items: Vec<_> = lanes
                .iter_mut()
                .enumerate()
                .filter_map(|(lane, l)| Some((lane, l.newest.take()?)))
                .collect();
            if !items.is_empty() {
                self.0.bell.notify_all();
                return Some(items);
            }
            if lanes.iter().all(|lane| !lane.open) {
                return None;
            }
            lanes = self.0.bell.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What each lane counted.
    pub fn tallies(&self) -> Vec<Tally> {
        self.lanes().iter().map(|lane| lane.tally).collect()
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Lane<T>>> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Entrance<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// One stream's way in.
#[derive(Debug)]
pub struct Door<T> {
    entrance: Entrance<T>,
    lane: usize,
}

impl<T> Door<T> {
    /// The lane's number, from 0 on.
    pub fn lane(&self) -> usize {
        self.lane
    }

    /// Puts an item where the newest waits. What waited there until now is lost.
    pub fn offer(&self, item: T) {
        let mut lanes = self.entrance.lanes();
        let lane = &mut lanes[self.lane];
        lane.tally.arrived += 1;
        lane.tally.dropped += u64::from(lane.newest.replace(item).is_some());
        self.entrance.0.bell.notify_all();
    }

    /// Puts an item in the lane if nothing waits there, and counts nothing: it stands in for
    /// a stream that is away.
    pub fn stand_in(&self, item: T) {
        let mut lanes = self.entrance.lanes();
        lanes[self.lane].newest.get_or_insert(item);
        self.entrance.0.bell.notify_all();
    }

    /// Waits until the lane is free, so that nothing is lost: for streams that can wait. Gives
    /// the item up when `stopped`.
    pub fn offer_patiently(&self, item: T, stopped: impl Fn() -> bool) {
        let mut lanes = self.entrance.lanes();
        while lanes[self.lane].newest.is_some() && !stopped() {
            let waited = self.entrance.0.bell.wait_timeout(lanes, super::bus::LOOK);
            lanes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(lanes);
        if !stopped() {
            self.offer(item);
        }
    }
}

impl<T> Drop for Door<T> {
    fn drop(&mut self) {
        self.entrance.lanes()[self.lane].open = false;
        self.entrance.0.bell.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wins_and_losses_are_counted() {
        let entrance = Entrance::new();
        let (a, b) = (entrance.open(), entrance.open());
        a.offer(1);
        a.offer(2);
        a.offer(3);
        b.offer(10);
        assert_eq!(entrance.take(), Some(vec![(0, 3), (1, 10)]));
        a.offer(4);
        assert_eq!(entrance.take(), Some(vec![(0, 4)]));
        assert_eq!(entrance.tallies()[0], Tally { arrived: 4, dropped: 2 });
        assert_eq!(entrance.tallies()[1], Tally { arrived: 1, dropped: 0 });
    }

    #[test]
    fn a_closed_door_lets_what_waits_through_and_then_ends() {
        let entrance = Entrance::new();
        let (a, b) = (entrance.open(), entrance.open());
        a.offer(1);
        drop(a);
        assert_eq!(entrance.take(), Some(vec![(0, 1)]));
        b.offer(2);
        assert_eq!(entrance.take(), Some(vec![(1, 2)]), "the other stream goes on");
        drop(b);
        assert_eq!(entrance.take(), None);
    }

    #[test]
    fn a_patient_stream_loses_nothing() {
        let entrance = Entrance::new();
        let door = entrance.open();
        let feeder = std::thread::Builder::new()
            .spawn(move || (0..100).for_each(|n| door.offer_patiently(n, || false)))
            .unwrap();
        let mut got = Vec::new();
        while let Some(items) = entrance.take() {
            got.extend(items.into_iter().map(|(_, n)| n));
        }
        feeder.join().unwrap();
        assert_eq!(got, (0..100).collect::<Vec<_>>());
        assert_eq!(entrance.tallies()[0], Tally { arrived: 100, dropped: 0 });
    }
}
