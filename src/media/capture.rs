//! One connection of a live stream: its pipeline, from the first picture to the last. Frames go
//! to the stream's door, sound to its line, both with the time of their capture.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};

use super::endpoint::Input;
use super::entrance::Door;
use super::frame::{Frame, Shape};
use super::live::Feed;
use super::soundline::SoundLine;
use super::source::{StopSignal, element};
use super::stream::{State, Status};
use super::timer::Timer;
use super::trouble::Trouble;
use super::{decoder, hold, probe};

/// How often a connection is looked at while nothing happens.
const LOOK: gst::ClockTime = gst::ClockTime::from_mseconds(50);
/// Pictures wait so long for the sound that their server announced.
const SOUND: Duration = Duration::from_secs(1);
/// Holding pictures come this often.
const HOLD_EVERY: Duration = Duration::from_millis(200);
/// A connection may take this long until its first picture, by default.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// Somebody asked to stop.
    Stopped,
    /// The stream came to its own end, as a file does.
    Finished,
    /// It broke.
    Broken(Trouble),
}

/// What the streaming threads of one connection share.
pub(super) struct Tap {
    door: Arc<Door<Frame>>,
    sound: SoundLine,
    status: Status,
    timer: Arc<dyn Timer>,
    stop: StopSignal,
    /// Whether the stream waits for us, rather than lose frames.
    patient: bool,
    /// Whether a holding picture goes on while the stream is away.
    hold: bool,
    /// Whether all streams of the connection are known: outputs are built for picture and
    /// sound together.
    whole: AtomicBool,
    /// The newest frame, for the holding picture.
    last: Mutex<Option<Frame>>,
    held: Mutex<Held>,
}

/// The holding picture while it is shown.
#[derive(Default)]
struct Held {
    picture: Option<Frame>,
    next: Duration,
}

impl Tap {
    /// The tap of a stream.
    pub fn of(feed: &Feed) -> Self {
        Self {
            door: Arc::clone(&feed.door),
            sound: feed.sound.clone(),
            status: feed.status.clone(),
            timer: Arc::clone(&feed.timer),
            stop: feed.stop.clone(),
            patient: feed.input == Input::Stdin,
            hold: feed.options.hold,
            whole: AtomicBool::new(true),
            last: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// Whether there ever was a picture.
    pub fn came(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// While the stream is away: a holding picture, now and then.
    pub fn hold(&self) {
        let now = self.timer.now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.hold || now < held.next {
            return;
        }
        held.next = now + HOLD_EVERY;
        self.sound.fill(now);
        if held.picture.is_none() {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // Without memory for a picture there is none.
            held.picture = last.and_then(|last| hold::holding(&last).ok());
        }
        if let Some(picture) = &held.picture {
            self.door.stand_in(picture.clone().into_holding(now));
        }
    }
}

/// Plays `pipeline` until it ends, breaks or is to stop.
pub(super) fn play(
    pipeline: &gst::Pipeline,
    feed: &Feed,
    tap: &Arc<Tap>,
    sound: &str,
) -> Result<End> {
    // The system's clock, so that times of capture are on the job's own scale.
    pipeline.use_clock(Some(&gst::SystemClock::obtain()));
    let bus = pipeline.bus().context("a pipeline without a bus")?;
    let announces = matches!(feed.input, Input::Rtsp(_));
    tap.whole.store(!announces, Ordering::Relaxed);
    listen_frames(pipeline, tap)?;
    if pipeline.by_name("input").is_some() {
        link(pipeline, tap, sound)?;
    }
    let begun = tap.timer.now();
    // What is wrong is said on the bus, not by the return value.
    let _ = pipeline.set_state(gst::State::Playing);
    let end = watch(&bus, feed, tap, begun);
    let _ = pipeline.set_state(gst::State::Null);
    end
}

fn watch(bus: &gst::Bus, feed: &Feed, tap: &Tap, begun: Duration) -> Result<End> {
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    loop {
        if feed.stop.is_set() {
            return Ok(End::Stopped);
        }
        let message = bus.timed_pop_filtered(LOOK, &wanted);
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => return Ok(End::Broken(Trouble::of(error))),
            // A live stream does not end by itself.
            Some(gst::MessageView::Eos(_)) if feed.input.comes_again() => {
                return Ok(End::Broken(Trouble::Closed));
            }
            Some(gst::MessageView::Eos(_)) => return Ok(End::Finished),
            _ => {}
        }
        let now = tap.timer.now();
        if tap.status.state() == State::Lost {
            tap.hold();
        }
        let last = tap.last.lock().unwrap_or_else(PoisonError::into_inner);
        let came = last.as_ref().map(Frame::time).filter(|&time| time > begun);
        let limit = if came.is_some() { feed.options.stall } else { feed.options.patience };
        if !tap.patient && now.saturating_sub(came.unwrap_or(begun)) > limit {
            return Ok(End::Broken(Trouble::Stalled(limit.as_secs())));
        }
    }
}

fn appsink(bin: &gst::Bin, name: &str) -> Result<AppSink> {
    let element = bin.by_name(name).with_context(|| format!("no element named {name}"))?;
    element.downcast().map_err(|_| anyhow!("the pipeline's element {name} is no appsink"))
}

fn listen_frames(pipeline: &gst::Pipeline, tap: &Arc<Tap>) -> Result<()> {
    let sink = appsink(pipeline.upcast_ref(), "frames")?;
    decoder::take_padded(&sink);
    let (tap, shape) = (Arc::clone(tap), Mutex::new(None::<Arc<Shape>>));
    let first = OnceLock::new();
    let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let now = tap.timer.now();
        let waited = now.saturating_sub(*first.get_or_init(|| now));
        // Sound that was announced and does not come is not waited for any longer.
        if !tap.whole.load(Ordering::Relaxed) && waited < SOUND {
            return Ok(gst::FlowSuccess::Ok);
        }
        let mut shape = shape.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = tap.take(&mut shape, sink, &sample);
        taken.map(|()| gst::FlowSuccess::Ok).map_err(|error| {
            gst::element_error!(sink, gst::StreamError::Failed, ("{error:#}"));
            gst::FlowError::Error
        })
    });
    sink.set_callbacks(callbacks.build());
    Ok(())
}

/// When a sample was captured, on the job's scale: what the pipeline's clock says of it.
fn captured(sink: &AppSink, sample: &gst::Sample, now: Duration) -> Duration {
    let buffer = sample.buffer().and_then(gst::BufferRef::pts);
    let segment = sample.segment().and_then(|s| s.downcast_ref::<gst::ClockTime>());
    let time = segment.and_then(|segment| segment.to_running_time(buffer));
    match (time, sink.current_running_time()) {
        // A time of the future is one of a file that is ahead of its clock.
        (Some(time), Some(running)) if running >= time => {
            now.saturating_sub(Duration::from(running - time))
        }
        (Some(time), Some(running)) => now + Duration::from(time - running),
        _ => now,
    }
}

impl Tap {
    fn take(
        &self,
        shape: &mut Option<Arc<Shape>>,
        sink: &AppSink,
        sample: &gst::Sample,
    ) -> Result<()> {
        let caps = sample.caps().context("a frame without caps")?;
        let shape = match shape {
            Some(known) if *known.caps == *caps => Arc::clone(known),
            _ => Arc::clone(shape.insert(Arc::new(Shape::new(caps)?))),
        };
        let buffer = sample.buffer_owned().context("a sample without a frame")?;
        let duration = buffer.duration().map(Duration::from);
        let time = captured(sink, sample, self.timer.now());
        let frame = Frame::new(buffer, shape, time, duration);
        self.arrived(&frame);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(frame.clone());
        self.held.lock().unwrap_or_else(PoisonError::into_inner).picture = None;
        if self.patient {
            self.door.offer_patiently(frame, || self.stop.is_set());
        } else {
            self.door.offer(frame);
        }
        Ok(())
    }

    /// Tells what is new about the stream by this frame.
    fn arrived(&self, frame: &Frame) {
        let size = frame.format().size;
        let size = (size.width, size.height);
        self.status.change(|known| {
            match known.size {
                Some(old) if old != size => known.note(format!(
                    "the picture changes from {}x{} to {}x{}",
                    old.0, old.1, size.0, size.1
                )),
                Some(_) => {}
                None => known.note(format!("pictures of {}x{}", size.0, size.1)),
            }
            known.size = Some(size);
            if known.state == State::Lost {
                known.reconnects += 1;
                known.note("pictures again");
            }
            known.state = State::Live;
        });
    }

    fn codec(&self, codec: String) {
        self.status.change(|known| {
            if let Some(old) = known.codec.as_ref().filter(|old| **old != codec) {
                known.note(format!("the codec changes from {old} to {codec}"));
            }
            known.codec = Some(codec);
        });
    }
}

/// Links the first picture and the first sound of `input`, and lets the rest run dry.
fn link(pipeline: &gst::Pipeline, tap: &Arc<Tap>, sound: &str) -> Result<()> {
    let target = element(pipeline, "decode")?
        .static_pad("sink")
        .context("the pipeline's element decode has no sink pad")?;
    let (weak, tap, sound) = (pipeline.downgrade(), Arc::clone(tap), sound.to_owned());
    let heard = Mutex::new(false);
    let input = element(pipeline, "input")?;
    let ours = Arc::clone(&tap);
    input.connect_no_more_pads(move |_| ours.whole.store(true, Ordering::Relaxed));
    input.connect_pad_added(move |input, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let (kind, codec) = content(pad);
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let linked = match kind {
            probe::Kind::Video if !target.is_linked() => {
                tap.codec(codec);
                pad.link(&target).map(|_| ()).map_err(anyhow::Error::from)
            }
            probe::Kind::Audio if !*heard && !sound.is_empty() => {
                *heard = true;
                tap.status.change(|known| known.sound = true);
                link_sound(&pipeline, pad, &tap, &sound)
            }
            _ => probe::drain(&pipeline, pad).map(|_| ()),
        };
        if let Err(error) = linked {
            gst::element_error!(input, gst::StreamError::Failed, ("{error:#}"));
        }
    });
    Ok(())
}

/// What a pad carries, and its codec's name. RTP tells it in its own way.
fn content(pad: &gst::Pad) -> (probe::Kind, String) {
    let caps = probe::caps(pad);
    let Some(first) = caps.structure(0) else { return (probe::Kind::Other, "?".to_owned()) };
    if first.name() != "application/x-rtp" {
        return (probe::kind(pad), first.name().to_string());
    }
    let kind = match first.get::<&str>("media") {
        Ok("video") => probe::Kind::Video,
        Ok("audio") => probe::Kind::Audio,
        _ => probe::Kind::Other,
    };
    (kind, first.get::<&str>("encoding-name").unwrap_or("?").to_owned())
}

fn link_sound(pipeline: &gst::Pipeline, pad: &gst::Pad, tap: &Arc<Tap>, text: &str) -> Result<()> {
    let bin = gst::parse::bin_from_description(text, false)
        .with_context(|| format!("the pipeline cannot be built: {text}"))?;
    let sink = appsink(&bin, "sound")?;
    let tap = Arc::clone(tap);
    let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        if let Some(buffer) = sample.buffer() {
            tap.sound.push(buffer, captured(sink, &sample, tap.timer.now()));
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
    let heard = bin.by_name("heard").context("no element named heard")?;
    let inner = heard.static_pad("sink").context("the element heard has no sink pad")?;
    let entry = gst::GhostPad::with_target(&inner)?;
    bin.add_pad(&entry)?;
    pipeline.add(&bin)?;
    bin.sync_state_with_parent()?;
    pad.link(&entry)?;
    Ok(())
}
