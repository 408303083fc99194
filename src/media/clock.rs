//! Sound on the same clock as the picture: running time, with nothing clipped away.
//!
//! Encoded sound often begins before time zero: an AAC encoder's first access unit holds what
//! the decoder needs to swing in, and an edit list hides it. Muxers throw away what lies
//! outside a stream's segment. So each unit is put on running time in a segment that is open
//! to both sides; a unit before zero keeps its decoding time and is presented at zero, which
//! an MPEG-4 muxer turns into the same edit list again. Matroska knows no time before zero: there the
//! whole stream is told late, and its track says by how much.

use std::sync::atomic::Ordering;

use gstreamer as gst;

use super::about::Delay;
use super::sound::Lead;

/// Where our segment starts, to leave room for decoding times before it: 1000 hours.
const ZERO: gst::ClockTime = gst::ClockTime::from_seconds(3_600_000);

/// Converts one stream.
#[derive(Debug, Default)]
pub(super) struct Clock {
    segment: gst::FormattedSegment<gst::ClockTime>,
    last: Option<i128>,
    /// Where units before zero cannot be told: all times are told late by as much as the first
    /// lies before it, and this says by how much (ns).
    lead: Option<Lead>,
    /// Subtitles: each is shown for as long as it says.
    text: bool,
    /// How much later than meant times come.
    delay: Delay,
    /// Raw sound: its length says how long it lasts, better than a rounded duration.
    raw: bool,
    /// Matroska's subtitles come as Pango markup, and go back as the plain text they were.
    markup: bool,
}

impl Clock {
    /// A clock for one stream; `markup`: subtitles that a demuxer has escaped.
    pub fn new(markup: bool) -> Self {
        Self { markup, ..Self::default() }
    }

    /// What lies before time zero is shown from there on for as much less.
    pub fn of_text(self, text: bool) -> Self {
        Self { text, ..self }
    }

    /// Times are told late rather than before zero.
    pub fn told_late(self, lead: Option<Lead>) -> Self {
        Self { lead, ..self }
    }

    /// Times are meant earlier than they come.
    pub fn meant_early(self, delay: Delay) -> Self {
        Self { delay, ..self }
    }

    /// Converts what passes a pad; drops buffers from running time `until` (ns) on.
    pub fn convert(&mut self, info: &mut gst::PadProbeInfo, until: u64) -> gst::PadProbeReturn {
        if let Some(buffer) = info.buffer_mut() {
            return self.convert_buffer(buffer, until);
        }
        if let Some(event) = info.event_mut() {
            self.convert_event(event);
        }
        gst::PadProbeReturn::Ok
    }

    /// Before the first text, if it is shown late: nothing, from time zero up to it. A track that
    /// begins late by its edit list alone is misread by players.
    pub fn nothing_before(&self, info: &gst::PadProbeInfo) -> Option<gst::Buffer> {
        let first = info.buffer().filter(|_| self.text && self.last.is_none())?;
        let until = self.running(first.pts()).and_then(|time| u64::try_from(time).ok());
        let until = until.filter(|until| *until > 0)?;
        let mut nothing = gst::Buffer::new();
        let inner = nothing.make_mut();
        inner.set_pts(from_zero(0));
        inner.set_dts(from_zero(0));
        inner.set_duration(gst::ClockTime::from_nseconds(until));
        Some(nothing)
    }

    fn convert_buffer(&mut self, buffer: &mut gst::Buffer, until: u64) -> gst::PadProbeReturn {
        let Some(mut time) = self.running(buffer.pts()) else { return gst::PadProbeReturn::Ok };
        if self.last.is_none() && time == 0 {
            time -= i128::from(self.delay.first);
        }
        if time >= i128::from(until) {
            return gst::PadProbeReturn::Drop;
        }
        let mut late = 0;
        if let Some(lead) = &self.lead {
            if self.last.is_none() {
                lead.store(u64::try_from(-time).unwrap_or(0), Ordering::Relaxed);
            }
            late = i128::from(lead.load(Ordering::Relaxed));
        }
        let buffer = buffer.make_mut();
        if let Some(duration) = buffer.duration().filter(|_| self.text && time < 0) {
            let shown = i128::from(duration.nseconds()) + time;
            buffer.set_duration(gst::ClockTime::from_nseconds(u64::try_from(shown).unwrap_or(0)));
        }
        let shown = (time + late).max(0);
        buffer.set_pts(from_zero(shown));
        // only what a decoder swings in with is decoded before it is shown
        buffer.set_dts(from_zero(if self.text { shown } else { time + late }));
        let step = self.last.replace(time).map_or(0, |last| (time - last).max(0));
        if self.raw {
            buffer.set_duration(gst::ClockTime::NONE);
        } else if buffer.duration().is_none() && step > 0 {
            // Matroska tells none, and a last unit without one is as good as lost
            buffer.set_duration(gst::ClockTime::from_nseconds(step as u64));
        }
        if self.markup {
            unescape(buffer);
        }
        gst::PadProbeReturn::Ok
    }

    fn convert_event(&mut self, event: &mut gst::Event) {
        match event.view() {
            gst::EventView::Segment(segment) => {
                if let Some(segment) = segment.segment().downcast_ref::<gst::ClockTime>() {
                    self.segment = segment.clone();
                }
                open_segment(event);
            }
            gst::EventView::Caps(caps) => {
                let Some(format) = caps.caps().structure(0) else { return };
                self.raw = format.name() == "audio/x-raw";
            }
            gst::EventView::Gap(gap) => {
                let (start, duration) = gap.get();
                if let Some(time) = self.running(Some(start)) {
                    let start = from_zero(time.max(0));
                    *event = gst::event::Gap::builder(start).duration(duration).build();
                }
            }
            _ => {}
        }
    }

    /// Running time in nanoseconds, before zero and after the segment's end too.
    fn running(&self, time: Option<gst::ClockTime>) -> Option<i128> {
        let signed = self.segment.to_running_time_full(time?)?;
        let magnitude = i128::from(signed.abs().nseconds());
        Some(if signed.is_negative() { -magnitude } else { magnitude } - i128::from(self.delay.all))
    }
}

/// Puts our own segment in the place of a stream's.
pub(super) fn open_segment(event: &mut gst::Event) {
    if event.type_() != gst::EventType::Segment {
        return;
    }
    let mut open = gst::FormattedSegment::<gst::ClockTime>::new();
    open.set_start(ZERO);
    open.set_time(gst::ClockTime::ZERO);
    *event = gst::event::Segment::builder(&open).seqnum(event.seqnum()).build();
}

/// A running time (ns) in our segment.
pub(super) fn from_zero(time: i128) -> gst::ClockTime {
    let ns = i128::from(ZERO.nseconds()) + time;
    gst::ClockTime::from_nseconds(u64::try_from(ns).unwrap_or(0))
}

/// Whether these are subtitles as Pango markup.
pub(super) fn is_markup(caps: &gst::CapsRef) -> bool {
    caps.structure(0).is_some_and(|s| {
        s.name() == "text/x-raw" && s.get::<&str>("format").is_ok_and(|f| f == "pango-markup")
    })
}

/// Takes back the escapes of a demuxer that made markup of plain text.
fn unescape(buffer: &mut gst::BufferRef) {
    let Ok(text) = buffer.map_readable().map(|map| String::from_utf8_lossy(&map).into_owned())
    else {
        return;
    };
    if !text.contains('&') || text.contains('<') {
        return;
    }
    let mut plain = text;
    for (escaped, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(escaped, character);
    }
    buffer.remove_all_memory();
    buffer.append_memory(gst::Memory::from_slice(plain.into_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_before_zero_keeps_its_decoding_time() {
        gst::init().unwrap();
        let ms = gst::ClockTime::from_mseconds;
        let mut clock = Clock::default();
        clock.segment.set_start(ms(20));
        let mut convert = |pts: u64, until: u64| {
            let mut buffer = gst::Buffer::with_size(1).unwrap();
            buffer.make_mut().set_pts(ms(pts));
            let kept = clock.convert_buffer(&mut buffer, until) == gst::PadProbeReturn::Ok;
            kept.then(|| (buffer.pts().unwrap(), buffer.dts().unwrap(), buffer.duration()))
        };
        assert_eq!(convert(0, u64::MAX), Some((ZERO, ZERO - ms(20), None)));
        assert_eq!(convert(20, u64::MAX), Some((ZERO, ZERO, Some(ms(20)))));
        assert_eq!(convert(40, 20_000_000), None);
    }

    #[test]
    fn sound_before_zero_is_told_late_where_there_is_no_such_time() {
        gst::init().unwrap();
        let ms = gst::ClockTime::from_mseconds;
        let lead = Lead::default();
        let mut clock = Clock::new(false).told_late(Some(lead.clone()));
        clock.segment.set_start(ms(20));
        let mut convert = |pts: u64| {
            let mut buffer = gst::Buffer::with_size(1).unwrap();
            buffer.make_mut().set_pts(ms(pts));
            clock.convert_buffer(&mut buffer, u64::MAX);
            buffer.pts().unwrap()
        };
        assert_eq!([convert(0), convert(20)], [ZERO, ZERO + ms(20)]);
        assert_eq!(lead.load(Ordering::Relaxed), 20_000_000);
    }

    #[test]
    fn escapes_are_taken_back() {
        gst::init().unwrap();
        let plain = |text: &'static str| {
            let mut buffer = gst::Buffer::from_slice(text.as_bytes());
            unescape(buffer.make_mut());
            String::from_utf8(buffer.map_readable().unwrap().to_vec()).unwrap()
        };
        assert_eq!(plain("a &amp; &lt;b&gt;"), "a & <b>");
        assert_eq!(plain("<i>a &amp; b</i>"), "<i>a &amp; b</i>");
    }
}
