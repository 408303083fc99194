//! A source cut into stretches: parts of a long video that are worked on each by itself, so
//! that a job can go on where it was broken off, or be shared out.
//!
//! Whoever looks at faces starts each stretch knowing nothing, and is shown the last frames
//! before it first, to warm up. Which frames these are follows from the frames alone: a stretch
//! comes out the same whether those before it were worked on, skipped, or done elsewhere.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::{Frame, Source};

/// How long before a stretch the warming up begins.
const WARM: Duration = Duration::from_secs(1);
/// Most frames to warm up with.
const MOST: usize = 24;
/// Most bytes of them.
const MOST_BYTES: usize = 256 << 20;

/// The frames of a source, stretch after stretch.
pub struct Reel {
    source: Box<dyn Source>,
    every: Duration,
    zero: Duration,
    next: Option<Frame>,
    passed: u64,
    warm: VecDeque<Frame>,
}

impl Reel {
    /// Cuts `source` every so often, counted from its first frame.
    ///
    /// # Errors
    /// If its first frame cannot be had.
    pub fn new(mut source: Box<dyn Source>, every: Duration) -> Result<Self> {
        let next = source.next_frame()?;
        let zero = next.as_ref().map(Frame::time).unwrap_or_default();
        Ok(Self { source, every, zero, next, passed: 0, warm: VecDeque::new() })
    }

    /// The number of the stretch that the next frame belongs to; `None` at the end.
    pub fn at(&self) -> Option<u64> {
        self.next.as_ref().map(|frame| self.number(frame))
    }

    /// Frames that have passed so far.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Lets the stretch `number` pass without work.
    ///
    /// # Errors
    /// If the source fails.
    pub fn skip(&mut self, number: u64) -> Result<()> {
        self.warm.clear();
        while self.take(number)?.is_some() {}
        Ok(())
    }

    fn number(&self, frame: &Frame) -> u64 {
        let since = frame.time().saturating_sub(self.zero);
        (since.as_nanos() / self.every.as_nanos().max(1)) as u64
    }

    /// The next frame, if it belongs to the stretch `number`.
    fn take(&mut self, number: u64) -> Result<Option<Frame>> {
        if self.at() != Some(number) {
            return Ok(None);
        }
        let Some(frame) = self.next.take() else { return Ok(None) };
        self.next = self.source.next_frame()?;
        self.passed += 1;
        let end = self.zero.as_nanos() + self.every.as_nanos() * (u128::from(number) + 1);
        if frame.time().as_nanos() + WARM.as_nanos() >= end {
            self.warm.push_back(frame.clone().into_warm_up());
            let most = (MOST_BYTES / frame.bytes().max(1)).clamp(1, MOST);
            while self.warm.len() > most {
                self.warm.pop_front();
            }
        }
        Ok(Some(frame))
    }
}

/// One stretch of a reel: the frames to warm up with, then its own.
pub struct StretchSource {
    reel: Arc<Mutex<Reel>>,
    number: u64,
    first: u64,
    warm: VecDeque<Frame>,
}

impl StretchSource {
    /// The stretch `number`, which must be the next of `reel`.
    pub fn new(reel: &Arc<Mutex<Reel>>, number: u64) -> Self {
        let mut locked = reel.lock().unwrap_or_else(PoisonError::into_inner);
        let (warm, first) = (std::mem::take(&mut locked.warm), locked.passed);
        drop(locked);
        Self { reel: Arc::clone(reel), number, first, warm }
    }

    /// The number of its first frame in the video.
    pub fn first(&self) -> u64 {
        self.first
    }
}

impl Source for StretchSource {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        if let Some(frame) = self.warm.pop_front() {
            return Ok(Some(frame));
        }
        self.reel.lock().unwrap_or_else(PoisonError::into_inner).take(self.number)
    }
}
