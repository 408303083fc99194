//! What travels between the stages: a round, at most one item of each stream, taken at one
//! moment. A file is a stream alone, so its rounds hold one frame. The faces of a round are one
//! batch, and no stream can crowd out another.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;

/// One item of each stream that had one, with the stream's number.
#[derive(Debug)]
pub struct Round<T> {
    items: Vec<(usize, T)>,
    taken: Instant,
    /// Goes back when the round has left the pipeline, on whatever way.
    ticket: Option<Ticket>,
}

impl<T> Round<T> {
    /// A round of a stream that is alone.
    pub fn of_one(item: T) -> Self {
        Self { items: vec![(0, item)], taken: Instant::now(), ticket: None }
    }

    /// A round of several streams, admitted by `ticket`.
    pub fn of_many(items: Vec<(usize, T)>, ticket: Ticket) -> Self {
        Self { items, taken: Instant::now(), ticket: Some(ticket) }
    }

    /// When the source gave it.
    pub fn taken(&self) -> Instant {
        self.taken
    }

    /// Each item with its stream's number.
    pub fn items(&self) -> &[(usize, T)] {
        &self.items
    }

    /// Each item with its stream's number, writable.
    pub fn items_mut(&mut self) -> &mut [(usize, T)] {
        &mut self.items
    }

    /// The round with every item made into something else.
    ///
    /// # Errors
    /// The first error of `make`.
    pub fn try_map<U>(self, mut make: impl FnMut(usize, T) -> Result<U>) -> Result<Round<U>> {
        let made = self.items.into_iter().map(|(stream, item)| Ok((stream, make(stream, item)?)));
        let items = made.collect::<Result<_>>()?;
        Ok(Round { items, taken: self.taken, ticket: self.ticket })
    }

    /// The items; the round's place in the pipeline stays taken until the ticket is dropped.
    pub fn into_items(self) -> (Vec<(usize, T)>, Option<Ticket>) {
        (self.items, self.ticket)
    }
}

/// How many rounds may be under way at once: what bounds the latency of a live pipeline,
/// whatever its stages cost.
#[derive(Clone, Debug)]
pub struct Admission(Arc<(Mutex<usize>, Condvar)>);

impl Admission {
    /// Room for `rounds` rounds.
    pub fn new(rounds: usize) -> Self {
        Self(Arc::new((Mutex::new(rounds), Condvar::new())))
    }

    /// Waits for room and takes it.
    pub fn enter(&self) -> Ticket {
        let free = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Ticket(self.clone())
    }
}

/// A round's place in the pipeline, free again once this is dropped.
#[derive(Debug)]
pub struct Ticket(Admission);

impl Drop for Ticket {
    fn drop(&mut self) {
        *self.0.0.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.0.1.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_is_lost_on_the_way_gives_its_place_back() {
        let admission = Admission::new(1);
        let round = Round::of_many(vec![(0, 1), (2, 5)], admission.enter());
        let failed = round.try_map(|_, n| if n > 1 { anyhow::bail!("no") } else { Ok(n) });
        assert!(failed.is_err());
        let round = Round::of_many(vec![(3, 1)], admission.enter());
        let doubled = round.try_map(|stream, n| Ok(stream + n)).unwrap();
        let (items, ticket) = doubled.into_items();
        assert_eq!(items, [(3, 4)]);
        assert_eq!(*admission.0.0.lock().unwrap(), 0);
        drop(ticket);
        assert_eq!(*admission.0.0.lock().unwrap(), 1);
    }
}
