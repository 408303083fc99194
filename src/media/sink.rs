//! Frames into a video file, together with the input's own sound.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::bus::Bell;
use super::encoder::{self, Choice};
use super::frame::{Frame, Shape};
use super::launch::Launch;
use super::place::Part;
use super::sound::{Sound, UNFIT};
use super::source::{Promise, StopSignal, element, pipeline};
use super::spell::Spelled;
use super::target::{Container, Target};
use super::{Sink, matroska, mp4};

/// Frames that wait before the encoder.
const WAITING: u64 = 4;
/// Ticks a second of an MPEG-4 video track, at least.
const TIMESCALE: u32 = 90_000;

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub target: Target,
    /// Whose sound, subtitles and tags go along.
    pub input: PathBuf,
    /// What the frames look like.
    pub promise: Promise,
    /// The comment tag of the output.
    pub comment: String,
}

/// What was written; complete once the sink has finished.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The final name.
    pub path: PathBuf,
    /// Only a part was done, because somebody asked to stop.
    pub partial: bool,
    /// When each frame is to be shown, in order.
    pub times: Vec<Duration>,
    /// The encoder's name.
    pub encoder: String,
    /// Things the user should know.
    pub notes: Vec<String>,
}

/// A video file on its way.
#[derive(Debug)]
pub struct FileSink {
    pipeline: gst::Pipeline,
    entry: AppSrc,
    bell: Bell,
    sound: Sound,
    sound_ended: bool,
    part: Option<Part>,
    stop: StopSignal,
    shape: Arc<Shape>,
    end: Duration,
    plan: Plan,
    written: Written,
    record: Record,
}

/// Tells, afterwards, what a sink wrote.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Option<Written>>>);

impl Record {
    /// What was written, once the sink has finished.
    pub fn take(&self) -> Option<Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl FileSink {
    /// Opens the output under a name of its own and finds the input's sound. When `stop` is
    /// set at the end, the output is named as partial.
    ///
    /// # Errors
    /// If the output cannot be written, no encoder fits, or the container cannot hold the
    /// input's sound.
    pub fn create(plan: Plan, launch: &Launch, stop: StopSignal) -> Result<Self> {
        let container = plan.target.container();
        let part = plan.target.begin()?;
        let shape = Arc::clone(&plan.promise.shape);
        let choice = encoder::choose(&shape, container)?;
        let (input, output) = (Spelled::input(&plan.input)?, Spelled::output(part.path())?);
        let (input_text, output_text) = (input.quoted(), output.quoted());
        let values = [
            ("input", input_text.as_str()),
            ("output", output_text.as_str()),
            ("encoder", choice.text.as_str()),
            ("muxer", container.muxer()),
        ];
        let pipeline = pipeline(&launch.section("sink", &values)?)?;
        let entry = element(&pipeline, "frames")?
            .downcast::<AppSrc>()
            .map_err(|_| anyhow!("the pipeline's element frames is no appsrc"))?;
        entry.set_caps(Some(&shape.caps));
        let mux = element(&pipeline, "mux")?;
        let bell = Bell::default();
        link_picture(&pipeline, &entry, &mux, &bell)?;
        set_timescale(&mux, &shape);
        tag(&mux, &plan.comment);
        let text = launch.section("sound", &values)?;
        let sound = Sound::attach(&pipeline, &text, &mux, container, &bell)?;
        bell.listen(&pipeline, Some(sound.bin.clone().upcast()));
        let part = Some(part);
        let written = started(&plan, choice);
        let (record, end) = (Record::default(), Duration::ZERO);
        let mut sink = Self {
            pipeline,
            entry,
            bell,
            sound,
            sound_ended: false,
            part,
            stop,
            shape,
            end,
            plan,
            written,
            record,
        };
        sink.start()?;
        Ok(sink)
    }

    /// Tells, afterwards, what was written.
    pub fn record(&self) -> Record {
        self.record.clone()
    }

    /// The name of the file while it is being written, to remove it in an emergency.
    pub fn part_path(&self) -> Option<&Path> {
        self.part.as_ref().map(Part::path)
    }

    /// What the user should know before the job starts.
    pub fn notes(&self) -> &[String] {
        &self.written.notes
    }

    /// The encoder's name.
    pub fn encoder(&self) -> &str {
        &self.written.encoder
    }

    /// Sets the pipeline going and waits until the input's streams are all linked.
    fn start(&mut self) -> Result<()> {
        // What is wrong is said on the bus, not by the return value.
        let _ = self.pipeline.set_state(gst::State::Playing);
        let heard = self.bell.wait_lively(&self.pipeline, "sound", |heard| {
            heard.streams_known || heard.error.is_some() || heard.side_error.is_some()
        });
        let error = heard.error.clone();
        drop(heard);
        self.written.notes.extend(self.sound.notes());
        match error {
            Some(cause) => Err(self.failure(&cause)),
            None => Ok(()),
        }
    }

    /// Waits until `done` or an error; a failing sound branch is ended on the way.
    fn wait(&mut self, done: impl Fn(&AppSrc, bool) -> bool) -> Result<()> {
        loop {
            let (entry, ended) = (self.entry.clone(), self.sound_ended);
            let heard = self.bell.wait(|heard| {
                heard.error.is_some()
                    || (heard.side_error.is_some() && !ended)
                    || done(&entry, heard.eos)
            });
            if let Some(cause) = heard.error.clone() {
                drop(heard);
                return Err(self.failure(&cause));
            }
            let broken = heard.side_error.is_some() && !ended;
            drop(heard);
            if !broken {
                return Ok(());
            }
            self.sound_ended = true;
            self.sound.end();
        }
    }

    /// The pipeline's error with the output's name, and the cure where it is known.
    fn failure(&self, cause: &str) -> anyhow::Error {
        let shown = self.plan.target.path().display();
        let cure = match cause {
            "No space left on device" | "File too large" | "Disk quota exceeded" => {
                "; free some space or choose another disk with -o"
            }
            _ => "",
        };
        match cause.strip_prefix(UNFIT) {
            Some(why) => anyhow!("{shown}: {why}"),
            None => anyhow!("{shown}: cannot be written: {cause}{cure}"),
        }
    }
}

impl Sink for FileSink {
    fn push(&mut self, frame: Frame) -> Result<()> {
        if !Arc::ptr_eq(&frame.shape, &self.shape) && frame.shape.caps != self.shape.caps {
            let (old, new) = (self.shape.format.size, frame.format().size);
            if old != new {
                bail!(
                    "{}: the picture changes from {}x{} to {}x{} at {:.2} s; cut the input there",
                    self.plan.input.display(),
                    old.width,
                    old.height,
                    new.width,
                    new.height,
                    frame.time().as_secs_f64()
                );
            }
            self.entry.set_caps(Some(&frame.shape.caps));
            self.shape = Arc::clone(&frame.shape);
        }
        self.wait(|entry, _| entry.current_level_buffers() < WAITING)?;
        let (time, duration) = (frame.time(), frame.duration());
        let mut buffer = frame.buffer;
        let inner = buffer.make_mut();
        inner.set_pts(gst::ClockTime::try_from(time).context("a time beyond measure")?);
        inner.set_dts(gst::ClockTime::NONE);
        self.written.times.push(time);
        self.end = self.end.max(time + duration.unwrap_or_default());
        match self.entry.push_buffer(buffer) {
            Ok(_) => Ok(()),
            Err(flow) => {
                let cause = self.bell.lock().error.clone();
                Err(self.failure(&cause.unwrap_or_else(|| flow.to_string())))
            }
        }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.written.partial = self.stop.is_set();
        if self.written.partial {
            self.sound.cut(self.end);
            tag(&element(&self.pipeline, "mux")?, &format!("{} (partial)", self.plan.comment));
        }
        self.entry.end_of_stream().map_err(|flow| self.failure(&flow.to_string()))?;
        self.wait(|_, eos| eos)?;
        self.pipeline.set_state(gst::State::Null).context("the output does not close")?;
        let part = self.part.take().context("the output is finished already")?;
        let corrected = match self.plan.target.container() {
            Container::Mp4 | Container::Mov => mp4::correct(part.path(), self.end),
            Container::Mkv | Container::Webm => matroska::correct(part.path()),
        };
        corrected.map_err(|error| self.failure(&error.to_string()))?;
        self.written.path = part.keep(self.written.partial)?;
        let written = std::mem::take(&mut self.written);
        *self.record.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
        Ok(())
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn started(plan: &Plan, choice: Choice) -> Written {
    let notes = choice.note.map(|note| format!("{}: {note}", plan.input.display()));
    Written {
        encoder: choice.name.to_owned(),
        notes: notes.into_iter().collect(),
        ..Written::default()
    }
}

/// encoded -> mux, and a bell that rings whenever a frame leaves the entry.
fn link_picture(
    pipeline: &gst::Pipeline,
    entry: &AppSrc,
    mux: &gst::Element,
    bell: &Bell,
) -> Result<()> {
    let template = mux.pad_template("video_%u").context("the muxer takes no pictures")?;
    let seat = mux.request_pad(&template, None, None).context("the muxer takes no pictures")?;
    let encoded = element(pipeline, "encoded")?.static_pad("src").context("encoded has no pad")?;
    encoded.link(&seat).context("the muxer refuses the encoder's stream")?;
    let bell = bell.clone();
    let exit = entry.static_pad("src").context("an appsrc without a pad")?;
    exit.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        bell.ring(|_| {});
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// MPEG-4 counts in ticks: enough of them, and a whole number for each frame where the rate is
/// known.
fn set_timescale(mux: &gst::Element, shape: &Shape) {
    let numer = shape.info.fps().numer().unsigned_abs();
    let scale = match numer {
        1..=TIMESCALE => numer * TIMESCALE.div_ceil(numer),
        _ => TIMESCALE,
    };
    for pad in mux.sink_pads() {
        if pad.has_property_with_type("trak-timescale", u32::static_type()) {
            pad.set_property("trak-timescale", scale);
        }
    }
}

/// The output's comment; the input's other tags come along with its streams.
fn tag(mux: &gst::Element, comment: &str) {
    if let Some(setter) = mux.dynamic_cast_ref::<gst::TagSetter>() {
        setter.set_tag_merge_mode(gst::TagMergeMode::Keep);
        setter.add_tag::<gst::tags::Comment>(&comment, gst::TagMergeMode::Replace);
    }
}
