//! What an input's picture is like and what is done about it before the first frame: interlaced
//! lines, colours that a demuxer overlooks, a size that changes on the way.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::{VideoColorRange, VideoColorimetry, VideoInfo};

use super::bus::Bell;
use super::iso::Movie;

/// Begins an error that is no fault of the file's.
pub(super) const REFUSED: &str = "refused: ";

/// What becomes of an interlaced picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deinterlace {
    /// Each frame is made whole from its first field.
    #[default]
    Auto,
    /// Its lines stay as they are.
    Off,
    /// It is an error.
    Refuse,
}

impl Deinterlace {
    /// The element that does it, as launch text.
    pub(super) fn element(self) -> &'static str {
        match self {
            Self::Auto => "deinterlace name=deinterlace method=greedyh fields=top",
            Self::Off | Self::Refuse => "identity name=deinterlace",
        }
    }
}

/// Things the user should know, found on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub fn add(&self, note: String) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    pub fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Watches the picture's kind where `pipeline` deinterlaces, and its size where it scales.
pub(super) fn watch(pipeline: &gst::Pipeline, wish: Deinterlace, bell: &Bell, notes: &Notes) {
    let (failed, told) = (bell.clone(), notes.clone());
    on_caps(pipeline, "deinterlace", move |info| {
        if !info.is_interlaced() {
            return;
        }
        let deep = info.format_info().depth()[0] > 8;
        let cause = match wish {
            Deinterlace::Auto if deep => {
                "the picture is interlaced with more than 8 bits a sample, which cannot be \
                 deinterlaced here; use --deinterlace off"
            }
            Deinterlace::Auto => return told.add("the picture is interlaced: deinterlaced".into()),
            Deinterlace::Off => return told.add("the picture is interlaced: kept so".into()),
            Deinterlace::Refuse => {
                "the picture is interlaced; use --deinterlace auto, or off to keep its lines"
            }
        };
        failed.ring(|heard| {
            heard.error.get_or_insert(format!("{REFUSED}{cause}"));
        });
    });
    let (told, first) = (notes.clone(), Mutex::new(None));
    on_caps(pipeline, "scale", move |info| {
        let size = (info.width(), info.height());
        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *first.get_or_insert(size);
        if size != first {
            told.add(format!(
                "the picture changes to {}x{} on the way: scaled to the {}x{} that it began with",
                size.0, size.1, first.0, first.1
            ));
        }
    });
}

/// Whether a picture has to be turned to stand upright: an element that could do so copies every
/// frame, so that it is there only where it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upright {
    /// As it comes.
    AsIs,
    /// As the stream says.
    Turned,
}

impl Upright {
    /// The element that does it, as launch text.
    pub fn element(self) -> &'static str {
        match self {
            Self::AsIs => "identity name=upright",
            Self::Turned => "videoflip name=upright video-direction=auto",
        }
    }
}

/// Tells whether a stream that is taken as it comes should be turned.
pub(super) fn watch_turn(pipeline: &gst::Pipeline) -> Arc<AtomicBool> {
    let turned = Arc::new(AtomicBool::new(false));
    let element = pipeline.by_name("upright").filter(|element| !element.has_property("method"));
    let Some(pad) = element.and_then(|element| element.static_pad("sink")) else { return turned };
    let told = Arc::clone(&turned);
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::EventView::Tag(tag)) = info.event().map(|event| event.view())
            && let Some(value) = tag.tag().get::<gst::tags::ImageOrientation>()
            && value.get() != "rotate-0"
        {
            told.store(true, Ordering::Relaxed);
        }
        gst::PadProbeReturn::Ok
    });
    turned
}

/// Calls `act` for each format that reaches the element `name`, if there is one.
fn on_caps(pipeline: &gst::Pipeline, name: &str, act: impl Fn(&VideoInfo) + Send + Sync + 'static) {
    let pad = pipeline.by_name(name).and_then(|element| element.static_pad("sink"));
    let Some(pad) = pad else { return };
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::EventView::Caps(caps)) = info.event().map(|event| event.view())
            && let Ok(info) = VideoInfo::from_caps(caps.caps())
        {
            act(&info);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Whether the file at `path` says that its colours fill the whole range, where the demuxer does
/// not hear it.
pub(super) fn full_range(path: &Path) -> bool {
    Movie::open(path).ok().and_then(|movie| movie.full_range()).unwrap_or(false)
}

/// `caps` with colours that fill the whole range.
pub(super) fn with_full_range(caps: &gst::CapsRef) -> Result<gst::Caps> {
    let color = VideoInfo::from_caps(caps)?.colorimetry();
    let full = VideoColorimetry::new(
        VideoColorRange::Range0_255,
        color.matrix(),
        color.transfer(),
        color.primaries(),
    );
    let mut caps = caps.to_owned();
    caps.make_mut().set("colorimetry", full.to_string());
    Ok(caps)
}

/// What later frames must be like: the first one's format, size and colours.
pub(super) fn lasting(caps: &gst::CapsRef) -> gst::Caps {
    const KEPT: [&str; 6] =
        ["format", "width", "height", "pixel-aspect-ratio", "colorimetry", "chroma-site"];
    let mut kept = gst::Structure::new_empty("video/x-raw");
    if let Some(from) = caps.structure(0) {
        for field in KEPT {
            if let Ok(value) = from.value(field) {
                kept.set_value(field, value.clone());
            }
        }
    }
    let mut caps = gst::Caps::new_empty();
    caps.make_mut().append_structure(kept);
    caps
}

/// The first sample on the second one's clock: `GStreamer` 1.22's Matroska demuxer starts a
/// stream's clock at its first frame, and thinks better of it with the next.
pub(super) fn reclocked(first: gst::Sample, second: Option<&gst::Sample>) -> gst::Sample {
    let started = |sample: &gst::Sample| {
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?.clone();
        (segment.base() == Some(gst::ClockTime::ZERO)).then_some(segment)
    };
    let Some((own, next)) = started(&first).zip(second.and_then(started)) else { return first };
    if next.start() >= own.start() {
        return first;
    }
    let (Some(buffer), Some(caps)) = (first.buffer_owned(), first.caps_owned()) else {
        return first;
    };
    gst::Sample::builder().segment(&next).buffer(&buffer).caps(&caps).build()
}
