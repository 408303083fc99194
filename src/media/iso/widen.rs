//! Two corrections to how `GStreamer` 1.22 reads a file whose edit lists hide a beginning.
//!
//! - The demuxer holds times of a track, which begin before what is shown, against the length of
//!   the whole, and so ends before the last few units of sound. The length is made greater by what
//!   is hidden, as it is read.
//! - The parsers throw away units that end before what is shown, which decoders of sound swing in
//!   with. So segments of sound begin with the track; what is shown begins later by their offset.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;

use super::boxes::{long, word};
use super::movie::{Movie, hidden, index_at, timescale};

/// A length to be read greater than it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::media) struct Widened {
    /// By how much.
    pub by: Duration,
    /// Where the number stands in the file, and what it shall be.
    at: u64,
    bytes: Vec<u8>,
}

impl Widened {
    /// For the file at `path`; `None` if nothing in it is hidden at the start.
    pub fn of(path: &Path) -> Option<Self> {
        let movie = Movie::open(path).ok()?;
        let seconds =
            |track| hidden(track) as f64 / f64::from(timescale(track).unwrap_or(0).max(1));
        let most = movie.tracks().map(seconds).fold(0.0, f64::max);
        if most <= 0.0 {
            return None;
        }
        let mut file = File::open(path).ok()?;
        let (mut at, mut head) = (index_at(&mut file).ok()?, [0; 8]);
        loop {
            file.seek(SeekFrom::Start(at)).ok()?;
            file.read_exact(&mut head).ok()?;
            if &head[4..] == b"mvhd" {
                break;
            }
            at += u64::from(word(&head, 0).ok()?).max(8);
        }
        let mut header = [0; 32];
        file.read_exact(&mut header).ok()?;
        let wide = header[0] == 1;
        let scale = word(&header, if wide { 20 } else { 12 }).ok()?;
        let more = (most * f64::from(scale)).ceil() as u64;
        let (place, bytes) = if wide {
            (24, long(&header, 24).ok()?.checked_add(more)?.to_be_bytes().to_vec())
        } else {
            let sum = u64::from(word(&header, 16).ok()?) + more;
            (16, u32::try_from(sum).ok()?.to_be_bytes().to_vec())
        };
        let by = Duration::from_secs_f64(more as f64 / f64::from(scale.max(1)));
        Some(Self { by, at: at + 8 + place, bytes })
    }

    /// Lets every reader of a file within `bin` see it so, before it starts.
    pub fn attach(&self, bin: &impl IsA<gst::Bin>) {
        bin.connect_deep_element_added(|_, _, element| {
            if element.factory().is_some_and(|factory| factory.name() == "qtdemux") {
                element.connect_pad_added(|_, pad| open_segments(pad));
            }
        });
        let readers = bin.iterate_recurse().into_iter().flatten();
        let readers = readers.filter(|e| e.factory().is_some_and(|f| f.name() == "filesrc"));
        for pad in readers.filter_map(|reader| reader.static_pad("src")) {
            let this = self.clone();
            let interest = gst::PadProbeType::PULL | gst::PadProbeType::BUFFER;
            pad.add_probe(interest, move |_, info| {
                let offset = info.offset;
                if let Some(buffer) = info.buffer_mut() {
                    this.correct(offset, buffer);
                }
                gst::PadProbeReturn::Ok
            });
        }
    }

    /// Corrects what was read from `offset` on.
    fn correct(&self, offset: u64, buffer: &mut gst::Buffer) {
        let (from, to) = (offset, offset + buffer.size() as u64);
        if to <= self.at || self.at + self.bytes.len() as u64 <= from {
            return;
        }
        let Ok(mut map) = buffer.make_mut().map_writable() else { return };
        for (place, byte) in (self.at..).zip(&self.bytes) {
            if (from..to).contains(&place) {
                map[(place - from) as usize] = *byte;
            }
        }
    }
}

/// Lets segments of sound that leave `pad` begin at zero, with running times as they were.
fn open_segments(pad: &gst::Pad) {
    if !pad.name().starts_with("audio") {
        return;
    }
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        let Some(event) = info.event_mut() else { return gst::PadProbeReturn::Ok };
        let gst::EventView::Segment(old) = event.view() else { return gst::PadProbeReturn::Ok };
        let Some(mut open) = old.segment().downcast_ref::<gst::ClockTime>().cloned() else {
            return gst::PadProbeReturn::Ok;
        };
        if let Some(start) = open.start().filter(|start| !start.is_zero()) {
            open.set_offset(open.offset().unwrap_or_default() + start);
            open.set_start(gst::ClockTime::ZERO);
            *event = gst::event::Segment::builder(&open).seqnum(event.seqnum()).build();
        }
        gst::PadProbeReturn::Ok
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_read_is_corrected() {
        gst::init().unwrap();
        let wide = Widened { by: Duration::ZERO, at: 10, bytes: vec![1, 2, 3, 4] };
        let read = |offset: u64| {
            let mut buffer = gst::Buffer::from_mut_slice(vec![0u8; 4]);
            wide.correct(offset, &mut buffer);
            buffer.map_readable().unwrap().to_vec()
        };
        assert_eq!([read(6), read(8), read(10)], [[0; 4], [0, 0, 1, 2], [1, 2, 3, 4]]);
        assert_eq!([read(12), read(14)], [[3, 4, 0, 0], [0; 4]]);
    }
}
