//! A video file's frames, through an appsink.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;

use super::bus::{self, Bell, Heard};
use super::frame::{FORMATS, Frame, Shape};
use super::intake::{self, Deinterlace, Notes, Upright};
use super::launch::{Launch, quoted};
use super::pulse::Pulse;
use super::spell::Spelled;
use super::steps::Steps;
use super::{Source, decoder, probe};

/// Asks sources to end their stream early: what Ctrl-C does.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Ends the stream after the frame that is under way.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a source came to its end; complete once the source has been dropped.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    cause: Arc<Mutex<Option<String>>>,
    notes: Notes,
}

impl Ending {
    /// Why the input broke off, if it did.
    pub fn broken(&self) -> Option<String> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Things the user should know about the picture.
    pub fn notes(&self) -> Vec<String> {
        self.notes.list()
    }

    fn set(&self, cause: String) {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
    }
}

/// What a file promises before its frames are read.
#[derive(Clone, Debug)]
pub struct Promise {
    /// Length by the container's header.
    pub duration: Option<Duration>,
    /// Frames a second; `None` where the rate varies or is not told.
    pub rate: Option<f64>,
    pub(super) shape: Arc<Shape>,
}

impl Promise {
    /// How many frames to expect, for a progress bar.
    pub fn frames(&self) -> Option<u64> {
        Some((self.duration?.as_secs_f64() * self.rate?).round() as u64)
    }

    /// Width and height in pixels, upright.
    pub fn size(&self) -> crate::geometry::Size {
        self.shape.format.size
    }
}

/// The frames of a video file, upright and in order.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    pipeline: gst::Pipeline,
    sink: AppSink,
    bell: Bell,
    pulse: Pulse,
    stop: StopSignal,
    ending: Ending,
    promise: Promise,
    /// The present frames' caps as they come, before `full` is minded.
    caps: gst::Caps,
    full: bool,
    first: Option<Frame>,
    second: Option<gst::Sample>,
    steps: Steps,
}

impl FileSource {
    /// Opens `path` and decodes its first frame.
    ///
    /// # Errors
    /// If the file is missing, is no video, holds no picture, or needs a decoder that is not
    /// installed.
    pub fn open(path: &Path, launch: &Launch, stop: StopSignal) -> Result<Self> {
        Self::open_as(path, launch, stop, Deinterlace::default())
    }

    /// The same, with a wish for interlaced pictures.
    ///
    /// # Errors
    /// As [`FileSource::open`], and if the wish is to refuse them.
    pub fn open_as(
        path: &Path,
        launch: &Launch,
        stop: StopSignal,
        deinterlace: Deinterlace,
    ) -> Result<Self> {
        probe::readable(path)?;
        let wish = |upright| (deinterlace, upright);
        let (source, turned) = Self::open_once(path, launch, stop.clone(), wish(Upright::AsIs))?;
        if !turned.load(Ordering::Relaxed) {
            return Ok(source);
        }
        drop(source);
        Ok(Self::open_once(path, launch, stop, wish(Upright::Turned))?.0)
    }

    /// Opens it, and tells whether its pictures should be turned.
    fn open_once(
        path: &Path,
        launch: &Launch,
        stop: StopSignal,
        (deinterlace, upright): (Deinterlace, Upright),
    ) -> Result<(Self, Arc<AtomicBool>)> {
        let spelled = Spelled::input(path)?;
        let pipeline = build(&spelled, launch, deinterlace, upright)?;
        decoder::spare_threads(pipeline.upcast_ref());
        let turned = intake::watch_turn(&pipeline);
        let sink = element(&pipeline, "frames")?
            .downcast::<AppSink>()
            .map_err(|_| anyhow!("the pipeline's element frames is no appsink"))?;
        decoder::take_padded(&sink);
        let bell = Bell::default();
        bell.listen(&pipeline, None);
        link_video(&pipeline, &bell)?;
        let ending = Ending::default();
        intake::watch(&pipeline, deinterlace, &bell, &ending.notes);
        let full = intake::full_range(path);
        let mut pulse = Pulse::of(&pipeline);
        let opened = start(&pipeline, &sink, (&bell, &mut pulse), full);
        let (first, second, promise, caps) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                pulse.close(&pipeline);
                return Err(error.context(format!("{}", path.display())));
            }
        };
        let path = path.to_owned();
        let steps = Steps::new(first.time(), first.duration());
        sink.set_caps(Some(&intake::lasting(&caps)));
        let first = Some(first);
        let source = Self {
            path,
            pipeline,
            sink,
            bell,
            pulse,
            stop,
            ending,
            promise,
            caps,
            full,
            first,
            second,
            steps,
        };
        Ok((source, turned))
    }

    /// What the file's header promises, and the shape of its frames.
    pub fn promise(&self) -> Promise {
        self.promise.clone()
    }

    /// Tells, afterwards, whether the input broke off.
    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// The next sample; `None` at the end, early or not. An error if the file is stuck.
    fn pull(&mut self) -> Result<Option<gst::Sample>> {
        loop {
            if self.stop.is_set() {
                return Ok(None);
            }
            if let Some(sample) = self.second.take() {
                return Ok(Some(sample));
            }
            if let Some(sample) = self.pulse.pull(&self.sink) {
                return Ok(Some(sample));
            }
            if let Some(cause) = self.pulse.stopped() {
                bail!("{}: {cause}", self.path.display());
            }
            let error = self.bell.lock().error.clone();
            if error.is_some() || self.sink.is_eos() {
                if let Some(cause) = error {
                    self.ending.set(cause);
                }
                return Ok(None);
            }
        }
    }

    fn frame(&mut self, sample: &gst::Sample) -> Result<Frame> {
        let caps = sample.caps().context("a frame without caps")?;
        if *caps != *self.caps {
            self.promise.shape = shape(caps, self.full)?;
            self.caps = caps.to_owned();
        }
        let (told, buffer) = (time(sample), sample.buffer_owned());
        let buffer = buffer.context("a sample without a frame")?;
        let lasts = buffer.duration().map(Duration::from);
        let time = self.steps.next(told, lasts);
        Ok(Frame::new(buffer, Arc::clone(&self.promise.shape), time, lasts))
    }
}

impl Source for FileSource {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        if self.stop.is_set() {
            return Ok(None);
        }
        let frame = match self.first.take() {
            Some(first) => first,
            None => match self.pull()? {
                Some(sample) => {
                    self.frame(&sample).with_context(|| self.path.display().to_string())?
                }
                None => return Ok(None),
            },
        };
        Ok(Some(frame))
    }
}

impl Drop for FileSource {
    fn drop(&mut self) {
        self.pulse.close(&self.pipeline);
    }
}

fn build(
    input: &Spelled,
    launch: &Launch,
    wish: Deinterlace,
    upright: Upright,
) -> Result<gst::Pipeline> {
    let formats: Vec<_> = FORMATS.iter().map(|format| format.to_str().as_str()).collect();
    let formats = format!("video/x-raw,format={{{}}}", formats.join(","));
    let input = input.quoted();
    let values = [
        ("input", input.as_str()),
        ("formats", &quoted(&formats)),
        ("deinterlace", wish.element()),
        ("upright", upright.element()),
    ];
    pipeline(&launch.section("source", &values)?)
}

/// A pipeline of launch text.
pub(super) fn pipeline(text: &str) -> Result<gst::Pipeline> {
    gst::parse::launch(text)
        .with_context(|| format!("the pipeline cannot be built: {text}"))?
        .downcast::<gst::Pipeline>()
        .map_err(|_| anyhow!("one element alone is no pipeline: {text}"))
}

/// The element called `name`.
pub(super) fn element(pipeline: &gst::Pipeline, name: &str) -> Result<gst::Element> {
    pipeline.by_name(name).with_context(|| format!("the pipeline has no element named {name}"))
}

/// Links the first video stream of `input` to `decode`, and lets the others run dry.
fn link_video(pipeline: &gst::Pipeline, bell: &Bell) -> Result<()> {
    let input = element(pipeline, "input")?;
    let target = element(pipeline, "decode")?
        .static_pad("sink")
        .context("the pipeline's element decode has no sink pad")?;
    let (weak, on_pad) = (pipeline.downgrade(), target.clone());
    let failed = bell.clone();
    input.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let linked = if probe::kind(pad) == probe::Kind::Video && !on_pad.is_linked() {
            pad.link(&on_pad).map(|_| ()).map_err(anyhow::Error::from)
        } else {
            probe::drain(&pipeline, pad).map(|_| ())
        };
        if let Err(error) = linked {
            failed.ring(|heard| heard.error = Some(format!("{error:#}")));
        }
    });
    let bell = bell.clone();
    input.connect("drained", false, move |_| {
        if !target.is_linked() {
            bell.ring(|heard| {
                heard.error.get_or_insert("there is no picture in it".to_owned());
            });
        }
        None
    });
    Ok(())
}

const UNREADABLE: &str = "not a video that can be read";
const WHOLE: &str = "; check that it is whole and plays elsewhere";

/// Runs the pipeline up to its first frame.
fn start(
    pipeline: &gst::Pipeline,
    sink: &AppSink,
    (bell, pulse): (&Bell, &mut Pulse),
    full: bool,
) -> Result<(Frame, Option<gst::Sample>, Promise, gst::Caps)> {
    // What is wrong is said on the bus, not by the return value.
    let _ = pipeline.set_state(gst::State::Playing);
    let mut idle = 0;
    let sample = loop {
        if let Some(sample) = pulse.pull(sink) {
            break sample;
        }
        // parsebin sometimes swallows its demuxer's error: then nothing moves any more
        idle = if bus::is_idle(pipeline, "input") { idle + 1 } else { 0 };
        let ended = sink.is_eos();
        let heard = bell.lock();
        if let Some(missing) = heard.missing.first() {
            bail!(
                "no decoder for it: {missing}; install gstreamer1.0-libav and gstreamer1.0-plugins-bad"
            );
        }
        refused(&heard)?;
        if let Some(cause) = &heard.error {
            bail!("{UNREADABLE}: {cause}{WHOLE}");
        }
        if let Some(cause) = pulse.stopped() {
            bail!("{UNREADABLE}: {cause}");
        }
        if idle >= bus::IDLE {
            bail!("{UNREADABLE}: {}{WHOLE}", bus::NO_STREAMS);
        }
        ensure!(!ended, "there is not one frame in it; check that it is whole");
    };
    refused(&bell.lock())?;
    let caps = sample.caps_owned().context("a frame without caps")?;
    let shape = shape(&caps, full)?;
    let rate = shape.info.fps();
    let rate = (rate.numer() > 0).then(|| f64::from(rate.numer()) / f64::from(rate.denom()));
    let duration = pipeline.query_duration::<gst::ClockTime>().map(Duration::from);
    let second = second(sink, bell, pulse);
    let sample = intake::reclocked(sample, second.as_ref());
    let buffer = sample.buffer_owned().context("a sample without a frame")?;
    let lasts = buffer.duration().map(Duration::from);
    let first = Frame::new(buffer, Arc::clone(&shape), time(&sample).unwrap_or_default(), lasts);
    Ok((first, second, Promise { duration, rate, shape }, caps))
}

/// The sample after the first, if there is one.
fn second(sink: &AppSink, bell: &Bell, pulse: &mut Pulse) -> Option<gst::Sample> {
    loop {
        let sample = pulse.pull(sink);
        let ended = sink.is_eos() || bell.lock().error.is_some() || pulse.stopped().is_some();
        if sample.is_some() || ended {
            return sample;
        }
    }
}

/// An error that is the user's own wish.
fn refused(heard: &Heard) -> Result<()> {
    let cause = heard.error.as_ref().and_then(|error| error.strip_prefix(intake::REFUSED));
    cause.map_or(Ok(()), |cause| Err(anyhow!(cause.to_owned())))
}

/// What frames of `caps` have in common.
fn shape(caps: &gst::CapsRef, full: bool) -> Result<Arc<Shape>> {
    let told = caps.structure(0).is_some_and(|s| s.has_field("colorimetry"));
    let corrected = if full && told { Some(intake::with_full_range(caps)?) } else { None };
    let shape = Shape::new(corrected.as_deref().unwrap_or(caps))?;
    Ok(Arc::new(shape))
}

/// When a sample is shown, where the stream tells.
fn time(sample: &gst::Sample) -> Option<Duration> {
    let segment = sample.segment().and_then(|s| s.downcast_ref::<gst::ClockTime>())?;
    segment.to_running_time(sample.buffer()?.pts()).map(Duration::from)
}
