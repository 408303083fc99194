//! Where rounds come from and go to: one file alone, or live streams through their entrance.

use anyhow::Result;

use super::round::{Admission, Round};
use crate::media::entrance::Entrance;
use crate::media::outlet::Shown;
use crate::media::{Frame, Sink, Source};

/// Rounds of a live pipeline under way at once: one that is looked at and one that is painted.
/// More would only wait for one another, and be late.
const UNDER_WAY: usize = 2;

/// Gives rounds.
pub trait RoundSource: Send {
    /// The next round; `None` at the end of all streams.
    ///
    /// # Errors
    /// If nothing more can be had and the job is lost by that.
    fn next_round(&mut self) -> Result<Option<Round<Frame>>>;
}

/// Takes rounds.
pub trait RoundSink: Send {
    /// Takes one round.
    ///
    /// # Errors
    /// If the job is lost.
    fn push(&mut self, round: Round<Shown>) -> Result<()>;

    /// Ends all streams and makes the outputs whole.
    ///
    /// # Errors
    /// If an output cannot be completed.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A stream alone, from which nothing is lost.
pub(super) struct One(pub Box<dyn Source>);

impl RoundSource for One {
    fn next_round(&mut self) -> Result<Option<Round<Frame>>> {
        Ok(self.0.next_frame()?.map(Round::of_one))
    }
}

/// The output of a stream alone.
pub(super) struct Only(pub Box<dyn Sink>);

impl RoundSink for Only {
    fn push(&mut self, round: Round<Shown>) -> Result<()> {
        let (items, _) = round.into_items();
        items.into_iter().try_for_each(|(_, shown)| self.0.push(shown.frame))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.finish()
    }
}

/// Live streams. A round is taken only once there is room for it, so that a frame waits at the
/// entrance, where a newer one can still take its place, and nowhere else.
pub struct Live {
    entrance: Entrance<Frame>,
    admission: Admission,
}

impl Live {
    /// The streams that come in through `entrance`.
    pub fn new(entrance: Entrance<Frame>) -> Self {
        Self { entrance, admission: Admission::new(UNDER_WAY) }
    }
}

impl RoundSource for Live {
    fn next_round(&mut self) -> Result<Option<Round<Frame>>> {
        let ticket = self.admission.enter();
        Ok(self.entrance.take().map(|items| Round::of_many(items, ticket)))
    }
}
