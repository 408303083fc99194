//! What is in a media file, found by demuxing it: nothing is decoded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::bus::Bell;
use super::iso::Widened;
use super::pulse::Pulse;
use super::source::pipeline;
use super::spell::Spelled;

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles.
    Text,
    /// Anything else: attachments, time codes, data.
    Other,
}

/// One stream of a file.
#[derive(Clone, Debug)]
pub struct Track {
    /// What it carries.
    pub kind: Kind,
    /// The codec's media type, such as audio/mpeg.
    pub codec: String,
    /// Access units.
    pub units: usize,
    /// Bytes of all access units together.
    pub bytes: u64,
    /// SHA-256 over the access units, up to the limit that was asked for.
    pub sha256: String,
    /// When each access unit is shown (running time), sorted; video only.
    pub times: Vec<Duration>,
    /// When the last access unit ends.
    pub end: Duration,
    /// What the colours mean, where the stream says so; video only.
    pub colour: Option<String>,
    /// Whether its pictures are interlaced; video only.
    pub interlaced: bool,
}

/// A file's streams.
#[derive(Clone, Debug)]
pub struct Contents {
    /// In the file's order.
    pub tracks: Vec<Track>,
    /// Length by the container's header.
    pub duration: Option<Duration>,
    /// What went wrong on the way, if anything.
    pub broken: Option<String>,
}

impl Contents {
    /// The tracks of one kind, in order.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(move |track| track.kind == kind)
    }

    /// When the last access unit of any track ends.
    pub fn end(&self) -> Duration {
        self.tracks.iter().map(|track| track.end).max().unwrap_or_default()
    }
}

/// Demuxes `path` from end to end. Of each audio track, only the first `limits[i]` bytes are
/// hashed, where a limit is given.
///
/// # Errors
/// If the file cannot be opened or holds no streams.
pub fn contents(path: &Path, limits: &[u64]) -> Result<Contents> {
    let spelled = Spelled::input(path)?;
    let pipeline =
        pipeline(&format!("filesrc location={} ! parsebin name=input", spelled.quoted()))?;
    let widened = Widened::of(path);
    if let Some(widened) = &widened {
        widened.attach(&pipeline);
    }
    let bell = Bell::default();
    bell.listen(&pipeline, None);
    let tallies: Tallies = Arc::default();
    let (weak, known, failed) = (pipeline.downgrade(), Arc::clone(&tallies), bell.clone());
    let limits = limits.to_vec();
    super::source::element(&pipeline, "input")?.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        if let Err(error) = watch(&pipeline, pad, &known, &limits) {
            failed.ring(|heard| heard.error = Some(format!("{error:#}")));
        }
    });
    let mut pulse = Pulse::of(&pipeline);
    let _ = pipeline.set_state(gst::State::Playing);
    let broken = bell
        .wait_lively((&pipeline, &mut pulse), "input", |heard| heard.eos || heard.error.is_some())
        .error
        .clone();
    // a stuck demuxer would not answer
    let asked = pulse.stopped().is_none().then(|| pipeline.query_duration::<gst::ClockTime>());
    let duration = asked.flatten().map(Duration::from);
    let by = widened.map_or(Duration::ZERO, |widened| widened.by);
    let duration = duration.map(|duration| duration.saturating_sub(by));
    pulse.close(&pipeline);
    let tallies = std::mem::take(&mut *tallies.lock().unwrap_or_else(PoisonError::into_inner));
    let tracks: Vec<_> = tallies.into_values().map(Tally::into_track).collect();
    if tracks.is_empty() {
        bail!("{}: {}", path.display(), broken.unwrap_or_else(|| "it holds no streams".to_owned()));
    }
    Ok(Contents { tracks, duration, broken })
}

type Tallies = Arc<Mutex<BTreeMap<usize, Tally>>>;

/// A track while it is being counted.
#[derive(Debug)]
struct Tally {
    track: Track,
    hash: Sha256,
    hashed: u64,
    limit: u64,
}

impl Tally {
    fn add(&mut self, buffer: &gst::BufferRef, time: Option<Duration>) {
        let Ok(map) = buffer.map_readable() else { return };
        // FLAC's headers are rewritten by every muxer; its frames begin with a sync code
        if self.track.codec == "audio/x-flac" && !matches!(&map[..], [0xff, 0xf8 | 0xf9, ..]) {
            return;
        }
        // VP8 has frames that are only referred to
        if self.track.codec == "video/x-vp8" && map.first().is_some_and(|byte| byte & 0x10 == 0) {
            return;
        }
        self.track.units += 1;
        self.track.bytes += map.len() as u64;
        if self.track.kind != Kind::Video {
            let left = (self.limit - self.hashed).min(map.len() as u64);
            self.hash.update(&map[..left as usize]);
            self.hashed += left;
        }
        if let Some(time) = time {
            let end = time + buffer.duration().map(Duration::from).unwrap_or_default();
            self.track.end = self.track.end.max(end);
            if self.track.kind == Kind::Video {
                self.track.times.push(time);
            }
        }
    }

    fn into_track(mut self) -> Track {
        self.track.times.sort_unstable();
        let digest = self.hash.finalize();
        for byte in digest {
            let _ = write!(self.track.sha256, "{byte:02x}"); // A string takes everything.
        }
        self.track
    }
}

/// Counts what comes out of `pad`.
fn watch(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    tallies: &Tallies,
    limits: &[u64],
) -> Result<()> {
    let kind = kind(pad);
    let codec = caps(pad).structure(0).map_or("?".to_owned(), |s| s.name().to_string());
    let index = {
        let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let nth = tallies.values().filter(|tally| tally.track.kind == Kind::Audio).count();
        let limit = limits.get(nth).copied().filter(|_| kind == Kind::Audio).unwrap_or(u64::MAX);
        let (sha256, times) = (String::new(), Vec::new());
        let told = |field| caps(pad).structure(0).and_then(|s| s.get::<String>(field).ok());
        let colour = told("colorimetry");
        let interlaced = told("interlace-mode").is_some_and(|mode| mode != "progressive");
        let (units, bytes, end) = (0, 0, Duration::ZERO);
        let track = Track { kind, codec, units, bytes, sha256, times, end, colour, interlaced };
        let index = tallies.len();
        tallies.insert(index, Tally { track, hash: Sha256::new(), hashed: 0, limit });
        index
    };
    let end = drain(pipeline, pad)?;
    let tallies = Arc::clone(tallies);
    end.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(buffer) = info.buffer() {
            let time = running_time(pad, buffer);
            let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(tally) = tallies.get_mut(&index) {
                tally.add(buffer, time);
            }
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// A buffer's presentation time in the pad's current segment.
fn running_time(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<Duration> {
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    let segment = segment.segment().downcast_ref::<gst::ClockTime>()?.clone();
    segment.to_running_time(buffer.pts()).map(Duration::from)
}

/// Leads a stream nowhere; AAC as raw access units, whatever framing the container uses. Gives
/// the last pad, where the units arrive.
pub(super) fn drain(bin: &impl IsA<gst::Bin>, pad: &gst::Pad) -> Result<gst::Pad> {
    let sink = gst::ElementFactory::make("fakesink")
        .property("sync", false)
        .property("async", false)
        .build()?;
    bin.add(&sink)?;
    let end = sink.static_pad("sink").context("a fakesink without a pad")?;
    let entry = match raw_aac(bin, pad)? {
        Some(parser) => {
            parser.link(&sink)?;
            parser.static_pad("sink").context("a parser without a pad")?
        }
        None => end.clone(),
    };
    sink.sync_state_with_parent()?;
    pad.link(&entry)?;
    Ok(end)
}

/// For AAC: a bin that makes raw access units of it.
pub(super) fn raw_aac(into: &impl IsA<gst::Bin>, pad: &gst::Pad) -> Result<Option<gst::Element>> {
    if !is_aac(&caps(pad)) {
        return Ok(None);
    }
    let text = "aacparse ! capsfilter caps=audio/mpeg,mpegversion=4,stream-format=raw";
    let bin: gst::Element = gst::parse::bin_from_description(text, true)?.upcast();
    into.add(&bin)?;
    bin.sync_state_with_parent()?;
    Ok(Some(bin))
}

/// Whether `caps` are AAC in any framing.
pub(super) fn is_aac(caps: &gst::Caps) -> bool {
    let aac = gst::Caps::builder("audio/mpeg").field("mpegversion", gst::List::new([2, 4]));
    !caps.is_any() && caps.can_intersect(&aac.build())
}

/// What `pad` carries by its caps.
pub(super) fn kind(pad: &gst::Pad) -> Kind {
    let caps = caps(pad);
    let name = caps.structure(0).map_or("", |s| s.name().as_str());
    if name.starts_with("video/") || name == "image/jpeg" {
        Kind::Video
    } else if name.starts_with("audio/") {
        Kind::Audio
    } else if name.starts_with("text/")
        || name.contains("subtitle")
        || name.contains("subpicture")
        || name.contains("x-ssa")
        || name.contains("x-ass")
    {
        Kind::Text
    } else {
        Kind::Other
    }
}

/// The pad's caps, fixed if they are known already.
pub(super) fn caps(pad: &gst::Pad) -> gst::Caps {
    pad.current_caps().unwrap_or_else(|| pad.query_caps(None))
}

/// Whether `path` is a file with something in it that may be read.
///
/// # Errors
/// If not, with the cure.
pub fn readable(path: &Path) -> Result<()> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow!("{shown}: no such file; check the path"),
        std::io::ErrorKind::PermissionDenied => {
            anyhow!("{shown}: permission denied; make it readable with chmod")
        }
        _ => anyhow!("{shown}: cannot be opened: {error}"),
    })?;
    let about = file.metadata().with_context(|| format!("{shown}: cannot be opened"))?;
    ensure!(!about.is_dir(), "{shown}: is a folder, not a video");
    ensure!(!about.is_file() || about.len() > 0, "{shown}: the file is empty; copy it again");
    Ok(())
}
