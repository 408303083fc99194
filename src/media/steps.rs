//! Frames are shown one after the other. Some containers tell two of them the same time (AVI with
//! B-frames, cut program streams), or none at all.

use std::time::Duration;

/// How far apart two frames are at least: what is less, some container has rounded.
const LEAST: Duration = Duration::from_micros(100);
/// A time that lies further back than so many frames is no slip of the container's.
const SLIP: u32 = 8;

/// The times of frames in their order.
#[derive(Debug)]
pub(super) struct Steps {
    /// When the last one was shown, and for how long.
    last: (Duration, Duration),
}

impl Steps {
    /// Begins with a frame that is shown at `first` for as long as it `lasts`.
    pub fn new(first: Duration, lasts: Option<Duration>) -> Self {
        Self { last: (first, lasts.unwrap_or_default()) }
    }

    /// When the next frame is shown, of which this is `told`: then, if that is after the last, which
    /// otherwise is shown for its whole time first.
    pub fn next(&mut self, told: Option<Duration>, lasts: Option<Duration>) -> Duration {
        let (last, lasted) = self.last;
        let time = match told {
            Some(told) if told >= last + LEAST => told,
            Some(told) if told + lasted * SLIP < last => last + LEAST,
            _ => last + lasted.max(LEAST),
        };
        self.last = (time, lasts.unwrap_or(lasted));
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_frames_are_shown_at_once_and_told_times_win() {
        let ms = Duration::from_millis;
        let mut steps = Steps::new(ms(0), Some(ms(40)));
        let mut next = |told: Option<u64>| steps.next(told.map(ms), Some(ms(40))).as_micros();
        assert_eq!([next(Some(40)), next(Some(95)), next(None)], [40_000, 95_000, 135_000]);
        // told twice: all that follow are told a frame early, until there is a gap
        assert_eq!(
            [next(Some(135)), next(Some(175)), next(Some(290))],
            [175_000, 215_000, 290_000]
        );
        // thrown far back: little by little
        assert_eq!([next(Some(900)), next(Some(0)), next(Some(910))], [900_000, 900_100, 910_000]);
    }
}
