//! Whether anything still moves: a damaged file can send a demuxer or a decoder round for ever, or
//! leave one waiting for what never comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;

use super::bus::LOOK;

/// So many looks in a row without a movement are too many: eight seconds. They are counted, not
/// timed, so that a process which was stopped is not taken for a stuck one.
const MOST: u32 = 80;

/// Feels whether a pipeline that reads a file is alive: whether it reads, or gives frames.
#[derive(Debug)]
pub(super) struct Pulse {
    reads: Arc<AtomicU64>,
    seen: u64,
    still: u32,
}

impl Pulse {
    /// The pulse of `pipeline`.
    pub fn of(pipeline: &gst::Pipeline) -> Self {
        let reads = Arc::<AtomicU64>::default();
        let readers = pipeline.iterate_recurse().into_iter().flatten();
        let readers = readers.filter(|e| e.factory().is_some_and(|f| f.name() == "filesrc"));
        for pad in readers.filter_map(|reader| reader.static_pad("src")) {
            let reads = Arc::clone(&reads);
            let interest = gst::PadProbeType::PULL | gst::PadProbeType::BUFFER;
            pad.add_probe(interest, move |_, _| {
                reads.fetch_add(1, Ordering::Relaxed);
                gst::PadProbeReturn::Ok
            });
        }
        Self { reads, seen: 0, still: 0 }
    }

    /// Waits for a sample of `sink` for a moment.
    pub fn pull(&mut self, sink: &AppSink) -> Option<gst::Sample> {
        let moment = gst::ClockTime::from_mseconds(LOOK.as_millis() as u64);
        let sample = sink.try_pull_sample(moment);
        match sample {
            Some(_) => self.still = 0,
            None => self.look(),
        }
        sample
    }

    /// Looks once more, a moment after the last time.
    pub fn look(&mut self) {
        let reads = self.reads.load(Ordering::Relaxed);
        self.still = if reads == self.seen { self.still + 1 } else { 0 };
        self.seen = reads;
    }

    /// What is wrong, if nothing has moved for too long.
    pub fn stopped(&self) -> Option<String> {
        let seconds = LOOK.as_secs_f64() * f64::from(MOST);
        (self.still >= MOST).then(|| {
            format!(
                "nothing has come from it for {seconds:.0} s; where it is whole and its disk \
                 answers, run the same command again"
            )
        })
    }

    /// Closes `pipeline`; one that is stuck would never close, and is left alone.
    pub fn close(&self, pipeline: &gst::Pipeline) {
        if self.stopped().is_some() {
            std::mem::forget(pipeline.clone());
        } else {
            let _ = pipeline.set_state(gst::State::Null);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_stops_after_many_looks_and_not_where_something_is_read() {
        gst::init().unwrap();
        let mut pulse = Pulse::of(&gst::Pipeline::new());
        let mut look = |times, reads| {
            for _ in 0..times {
                pulse.reads.fetch_add(reads, Ordering::Relaxed);
                pulse.look();
            }
            pulse.stopped().is_some()
        };
        assert!(!look(MOST + 1, 1));
        assert!(!look(MOST - 1, 0));
        assert!(!look(1, 1));
        assert!(look(MOST, 0));
    }
}
