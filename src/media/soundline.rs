//! A live stream's sound: raw, from its source straight to all who carry it on. Pictures come
//! later, by what painting takes; the times keep both together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer_app::AppSrc;

/// What the sound looks like everywhere.
pub(super) const CAPS: &str = "audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved";
/// Sound that waits before an output that does not take it.
const WAITING: gst::ClockTime = gst::ClockTime::from_seconds(2);

/// Silence comes in pieces of this length.
const PIECE: Duration = Duration::from_millis(20);
/// Bytes of such a piece: 48,000 times a second two samples of two bytes.
const PIECE_BYTES: usize = 3840;

/// The line from one source to its takers.
#[derive(Clone, Debug, Default)]
pub struct SoundLine(Arc<Mutex<Line>>);

#[derive(Debug, Default)]
struct Line {
    takers: Vec<Taker>,
    /// When the sound so far ends.
    end: Option<Duration>,
}

#[derive(Debug)]
struct Taker {
    entry: AppSrc,
    /// From the job's time to the taker's.
    shift_ns: i128,
}

impl SoundLine {
    /// Leads the sound into `entry` too, whose pipeline's time is the job's and `shift_ns`.
    pub(super) fn join(&self, entry: AppSrc, shift_ns: i128) {
        self.lock().takers.push(Taker { entry, shift_ns });
    }

    /// Leads the sound no longer into `entry`.
    pub(super) fn leave(&self, entry: &AppSrc) {
        self.lock().takers.retain(|taker| taker.entry != *entry);
    }

    /// Hands a buffer on that was captured at `time`.
    pub(super) fn push(&self, buffer: &gst::BufferRef, time: Duration) {
        let mut line = self.lock();
        let length = buffer.duration().map(Duration::from).unwrap_or_default();
        line.end = Some(time + length);
        line.hand_on(buffer, time);
    }

    /// Silence until `until`, where there was sound and the stream is away: a file that waits
    /// for sound would keep the picture waiting too.
    pub(super) fn fill(&self, until: Duration) {
        let mut line = self.lock();
        while let Some(time) = line.end.filter(|&end| end + PIECE <= until) {
            let mut silence = gst::Buffer::from_slice([0; PIECE_BYTES]);
            if let Some(silence) = silence.get_mut() {
                silence.set_duration(gst::ClockTime::from_mseconds(PIECE.as_millis() as u64));
            }
            line.end = Some(time + PIECE);
            line.hand_on(&silence, time);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn hand_on(&self, buffer: &gst::BufferRef, time: Duration) {
        for taker in &self.takers {
            let full = taker.entry.current_level_time() > WAITING;
            let at = time.as_nanos() as i128 + taker.shift_ns;
            let (Ok(at), false) = (u64::try_from(at), full) else { continue };
            let mut own = buffer.to_owned();
            let inner = own.make_mut();
            inner.set_pts(gst::ClockTime::from_nseconds(at));
            inner.set_dts(gst::ClockTime::NONE);
            // A taker that is ending takes nothing more, and needs nothing more.
            let _ = taker.entry.push_buffer(own);
        }
    }
}
