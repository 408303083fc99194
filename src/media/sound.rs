//! The input's sound and subtitles, taken untouched into the output's muxer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use gstreamer as gst;
use gstreamer::prelude::*;

use super::about::Delay;
use super::bus::Bell;
use super::clock::{self, Clock};
use super::iso::Widened;
use super::mux::Lost;
use super::probe::{self, Kind};
use super::target::Container;

/// Begins an error that says itself what is wrong with the output.
pub(super) const UNFIT: &str = "unfit: ";

/// Tags that are about the work, not about how it is stored.
const TAGS: [&str; 14] = [
    "title",
    "artist",
    "album",
    "composer",
    "date",
    "datetime",
    "genre",
    "copyright",
    "license",
    "description",
    "keywords",
    "organization",
    "contact",
    "geo-location-name",
];

/// By how much a stream's times are told late, in ns.
pub(super) type Lead = Arc<AtomicU64>;

/// Where the streams come from.
#[derive(Debug)]
pub(super) struct From {
    /// Launch text.
    pub text: String,
    pub widened: Option<Widened>,
    /// By how much the times of each track of sound come later than they are meant.
    pub delays: Vec<Delay>,
}

/// The branch of the sink's pipeline that demuxes the input a second time.
#[derive(Clone, Debug)]
pub(super) struct Sound {
    pub bin: gst::Bin,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    mux: gst::Element,
    container: Container,
    delays: Vec<Delay>,
    /// Nothing from this running time on (ns) is let through.
    until: AtomicU64,
    /// Where the demuxer's streams enter, to end them should it fail.
    entries: Mutex<Vec<gst::Pad>>,
    lost: Mutex<Lost>,
    /// The input's streams in order; of those that found a seat, by how much their times are late.
    pads: Mutex<Vec<(Kind, Option<Lead>)>>,
}

/// The streams of a flash file, which come out one by one.
#[derive(Clone, Debug, Default)]
struct Flash {
    streams: Arc<AtomicU64>,
    /// More may come.
    open: Arc<AtomicBool>,
}

impl Flash {
    /// Watches for such a file's demuxer in `bin`.
    fn watch(bin: &gst::Bin) -> Self {
        let flash = Self::default();
        let found = flash.clone();
        bin.connect_deep_element_added(move |_, _, element| {
            if element.factory().is_none_or(|factory| factory.name() != "flvdemux") {
                return;
            }
            found.open.store(true, Ordering::Relaxed);
            let streams = Arc::clone(&found.streams);
            element.connect_pad_added(move |_, _| {
                streams.fetch_add(1, Ordering::Relaxed);
            });
            let open = Arc::clone(&found.open);
            element.connect_no_more_pads(move |_| open.store(false, Ordering::Relaxed));
        });
        flash
    }

    /// Whether all streams are known once so many are `out`; of other files they are.
    fn is_known(&self, out: u64) -> bool {
        !self.open.load(Ordering::Relaxed) && self.streams.load(Ordering::Relaxed) <= out
    }
}

impl Sound {
    /// Adds the branch that reads `from` to `pipeline`, before it starts. `bell` rings
    /// when all streams are known, or one cannot be held by the container.
    pub fn attach(
        pipeline: &gst::Pipeline,
        from: From,
        mux: &gst::Element,
        container: Container,
        bell: &Bell,
    ) -> Result<Self> {
        let bin = gst::parse::bin_from_description(&from.text, false)
            .with_context(|| format!("the pipeline cannot be built: {}", from.text))?;
        pipeline.add(&bin)?;
        if let Some(widened) = from.widened {
            widened.attach(&bin);
        }
        let demux = bin.by_name("sound").context("the pipeline has no element named sound")?;
        let shared = Arc::new(Shared {
            mux: mux.clone(),
            container,
            delays: from.delays,
            until: AtomicU64::new(u64::MAX),
            entries: Mutex::default(),
            lost: Mutex::default(),
            pads: Mutex::default(),
        });
        let sound = Self { bin, shared };
        let (bin, shared, failed) = (sound.bin.downgrade(), sound.shared.clone(), bell.clone());
        let flash = Flash::watch(&sound.bin);
        demux.connect_pad_added(move |demux, pad| {
            let Some(bin) = bin.upgrade() else { return };
            // parsebin gives no no-more-pads, but no data either before all its pads are out
            let (known, flash, demux) = (failed.clone(), flash.clone(), demux.downgrade());
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                let out = demux.upgrade().map_or(0, |demux| demux.num_src_pads().into());
                if !flash.is_known(out) {
                    return gst::PadProbeReturn::Ok;
                }
                known.ring(|heard| heard.streams_known = true);
                gst::PadProbeReturn::Remove
            });
            if let Err(error) = shared.take(&bin, pad) {
                failed.ring(|heard| {
                    heard.error.get_or_insert(format!("{error:#}"));
                });
            }
        });
        let known = bell.clone();
        demux.connect("drained", false, move |_| {
            known.ring(|heard| heard.streams_known = true);
            None
        });
        Ok(sound)
    }

    /// Lets nothing through that begins at `until` or later.
    pub fn cut(&self, until: std::time::Duration) {
        self.shared.until.store(until.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Ends all streams: the demuxer has failed and will not.
    pub fn end(&self) {
        let entries = self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for pad in entries {
            pad.send_event(gst::event::Eos::new());
        }
    }

    /// What was left out.
    pub fn lost(&self) -> Lost {
        self.shared.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The input's streams in order; of those that were taken over, by how much later their times
    /// are told than meant, in ns.
    pub fn pads(&self) -> Vec<(Kind, Option<u64>)> {
        let pads = self.shared.pads.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |lead: &Lead| lead.load(Ordering::Relaxed);
        pads.iter().map(|(kind, lead)| (*kind, lead.as_ref().map(told))).collect()
    }
}

impl Shared {
    /// Leads a stream of the input into the muxer, or away.
    fn take(self: &Arc<Self>, bin: &gst::Bin, pad: &gst::Pad) -> Result<()> {
        let kind = probe::kind(pad);
        let lead = Lead::default();
        let (entry, seated) = match kind {
            Kind::Audio | Kind::Text => match self.seat(pad, kind)? {
                Some(seat) => (self.link(bin, pad, &seat, &lead)?, true),
                None => (probe::drain(bin, pad)?, false),
            },
            Kind::Video | Kind::Other => {
                self.keep_tags(pad);
                (probe::drain(bin, pad)?, kind == Kind::Video && self.is_first_picture())
            }
        };
        self.pads().push((kind, seated.then_some(lead)));
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        Ok(())
    }

    fn pads(&self) -> MutexGuard<'_, Vec<(Kind, Option<Lead>)>> {
        self.pads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no stream of pictures came before; what comes after is left out with a note.
    fn is_first_picture(&self) -> bool {
        let first = !self.pads().iter().any(|(kind, _)| *kind == Kind::Video);
        if !first {
            let container = self.container.name();
            drop(self.lose(format!(
                "a further track of pictures is left out, as the {container} file is of another kind"
            )));
        }
        first
    }

    fn lose(&self, note: String) -> MutexGuard<'_, Lost> {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.notes.push(note);
        lost
    }

    /// The file's own tags come along with its streams; with the picture's too, which ends here.
    fn keep_tags(&self, pad: &gst::Pad) {
        let Some(setter) = self.mux.dynamic_cast_ref::<gst::TagSetter>().cloned() else { return };
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::EventView::Tag(event)) = info.event().map(|event| event.view()) {
                let mut kept = gst::TagList::new();
                for name in TAGS {
                    if let (Some(list), Some(value)) =
                        (kept.get_mut(), event.tag().index_generic(name, 0))
                    {
                        // a tag of another type than its name has is not worth a failure
                        let _ = list.add_value(name, value, gst::TagMergeMode::Keep);
                    }
                }
                setter.merge_tags(&kept, gst::TagMergeMode::Keep);
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// A pad of the muxer for what `pad` gives. Sound without a seat is an error, subtitles
    /// are left out with a note.
    fn seat(&self, pad: &gst::Pad, kind: Kind) -> Result<Option<gst::Pad>> {
        let caps = probe::caps(pad);
        let wanted = if probe::is_aac(&caps) {
            gst::Caps::builder("audio/mpeg")
                .field("mpegversion", 4)
                .field("stream-format", "raw")
                .build()
        } else if self.container == Container::Mkv && clock::is_markup(&caps) {
            gst::Caps::builder("text/x-raw").field("format", "utf8").build()
        } else {
            caps.clone()
        };
        let template = self.mux.pad_template_list().into_iter().find(|template| {
            template.direction() == gst::PadDirection::Sink
                && !template.name_template().starts_with("video")
                && template.caps().can_intersect(&wanted)
        });
        if let Some(template) = template {
            let seat = self.mux.request_pad(&template, None, None);
            return seat.map(Some).context("the muxer takes no further stream");
        }
        let codec = codec(&caps);
        let container = self.container.name();
        if kind == Kind::Audio {
            bail!(
                "{UNFIT}a {container} file cannot hold its sound ({codec}); write to a .mkv file with -o"
            );
        }
        let note = format!(
            "a {container} file cannot hold its subtitles ({codec}): left out; a .mkv file holds them"
        );
        self.lose(note).subtitles += 1;
        Ok(None)
    }

    /// demuxer -> [raw AAC or plain text] -> queue -> muxer.
    fn link(
        self: &Arc<Self>,
        bin: &gst::Bin,
        pad: &gst::Pad,
        seat: &gst::Pad,
        lead: &Lead,
    ) -> Result<gst::Pad> {
        let queue = gst::ElementFactory::make("queue")
            .property("max-size-buffers", 0u32)
            .property("max-size-bytes", 64u32 << 20)
            .property("max-size-time", 0u64)
            .build()?;
        bin.add(&queue)?;
        let markup = clock::is_markup(&probe::caps(pad));
        let adapter = if markup { Some(plain_text(bin)?) } else { probe::raw_aac(bin, pad)? };
        let entry = match adapter {
            Some(adapter) => {
                adapter.link(&queue)?;
                adapter.static_pad("sink")
            }
            None => queue.static_pad("sink"),
        };
        let entry = entry.context("an element without a pad")?;
        let exit = queue.static_pad("src").context("a queue without a pad")?;
        // MPEG-4 has edit lists for what begins before time zero
        let sound = probe::kind(pad) == Kind::Audio;
        let matroska = matches!(self.container, Container::Mkv | Container::Webm);
        let lead = (sound && matroska).then(|| Arc::clone(lead));
        let nth = self.pads().iter().filter(|(kind, _)| *kind == Kind::Audio).count();
        let delay = self.delays.get(nth).copied().filter(|_| sound);
        let clock = Clock::new(markup)
            .of_text(!sound)
            .told_late(lead)
            .meant_early(delay.unwrap_or_default());
        let (shared, clock) = (Arc::clone(self), Mutex::new(clock));
        let interest = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
        exit.add_probe(interest, move |pad, info| {
            let mut clock = clock.lock().unwrap_or_else(PoisonError::into_inner);
            let nothing = clock.nothing_before(info).filter(|_| !matroska);
            let verdict = clock.convert(info, shared.until.load(Ordering::Relaxed));
            drop(clock);
            if let Some((nothing, next)) = nothing.zip(pad.peer()) {
                let _ = next.chain(nothing); // what is wrong shows with the text itself
            }
            verdict
        });
        let ghost = gst::GhostPad::builder_with_target(&exit)?.name(seat.name()).build();
        ghost.set_active(true)?;
        bin.add_pad(&ghost)?;
        ghost.link(seat)?;
        queue.sync_state_with_parent()?;
        pad.link(&entry)?;
        Ok(entry)
    }
}

/// Renames Pango markup to the plain text that Matroska holds.
fn plain_text(bin: &gst::Bin) -> Result<gst::Element> {
    let caps = gst::Caps::builder("text/x-raw").field("format", "utf8").build();
    let setter = gst::ElementFactory::make("capssetter")
        .property("caps", &caps)
        .property("join", false)
        .property("replace", true)
        .build()?;
    bin.add(&setter)?;
    setter.sync_state_with_parent()?;
    Ok(setter)
}

/// The codec's name for people.
fn codec(caps: &gst::Caps) -> String {
    if caps.is_fixed() {
        return gstreamer_pbutils::pb_utils_get_codec_description(caps).to_string();
    }
    caps.structure(0).map_or("?".to_owned(), |s| s.name().to_string())
}
