//! Frames into coded pictures, in a file without a container.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;

use super::bus::Bell;
use super::encoder;
use super::feed::Feed;
use super::frame::{Frame, Shape};
use super::launch::Launch;
use super::mux;
use super::sink::Plan;
use super::source::{element, pipeline};
use super::units::{Collector, Units};

/// An encoder at work.
#[derive(Debug)]
pub(super) struct Coding {
    feed: Feed,
    coded: Collector,
    shape: Arc<Shape>,
    input: PathBuf,
    output: PathBuf,
    encoder: String,
    notes: Vec<String>,
    times: Vec<Duration>,
    end: Duration,
}

/// Coded pictures, and the frames that they show.
#[derive(Debug)]
pub(super) struct Coded {
    pub units: Units,
    /// When each frame is shown, in order.
    pub times: Vec<Duration>,
    /// When the last one ends.
    pub end: Duration,
}

impl Coding {
    /// Starts the encoder that `plan` asks for; coded pictures go to `file`.
    ///
    /// # Errors
    /// If no encoder fits.
    pub fn start(plan: &Plan, launch: &Launch, file: File) -> Result<Self> {
        let shape = Arc::clone(&plan.promise.shape);
        let choice = encoder::choose(&shape, plan.target.container(), &plan.encoding)?;
        let text = launch.section("sink", &[("encoder", choice.text.as_str())])?;
        let pipeline = pipeline(&text)?;
        let units = element(&pipeline, "units")?
            .downcast::<AppSink>()
            .map_err(|_| anyhow!("the pipeline's element units is no appsink"))?;
        let bell = Bell::default();
        bell.listen(&pipeline, None);
        let coded = Collector::attach(&units, file, &bell);
        let feed = Feed::new(pipeline, "frames", bell)?;
        feed.entry.set_caps(Some(&shape.caps));
        feed.play();
        let (input, output) = (plan.input.clone(), plan.target.path().to_owned());
        let name = plan.input.display();
        let notes = choice.notes.iter().map(|note| format!("{name}: {note}")).collect();
        let (encoder, times, end) = (choice.name, Vec::new(), Duration::ZERO);
        Ok(Self { feed, coded, shape, input, output, encoder, notes, times, end })
    }

    /// The encoder's name.
    pub fn encoder(&self) -> &str {
        &self.encoder
    }

    /// What the user should know of the encoder.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Takes one frame; waits while there is no room.
    ///
    /// # Errors
    /// If the frame cannot be coded or written.
    pub fn push(&mut self, frame: Frame) -> Result<()> {
        if !Arc::ptr_eq(&frame.shape, &self.shape) && frame.shape.caps != self.shape.caps {
            self.reshape(&frame)?;
        }
        let (time, duration) = (frame.time(), frame.duration());
        let mut buffer = frame.buffer;
        let inner = buffer.make_mut();
        inner.set_pts(gst::ClockTime::try_from(time).context("a time beyond measure")?);
        inner.set_dts(gst::ClockTime::NONE);
        self.feed.push(buffer, || {}).map_err(|cause| mux::failure(&self.output, &cause))?;
        self.times.push(time);
        self.end = self.end.max(time + duration.unwrap_or_default());
        Ok(())
    }

    fn reshape(&mut self, frame: &Frame) -> Result<()> {
        let (old, new) = (self.shape.format.size, frame.format().size);
        if old != new {
            bail!(
                "{}: the picture changes from {}x{} to {}x{} at {:.2} s; cut the input there",
                self.input.display(),
                old.width,
                old.height,
                new.width,
                new.height,
                frame.time().as_secs_f64()
            );
        }
        self.feed.entry.set_caps(Some(&frame.shape.caps));
        self.shape = Arc::clone(&frame.shape);
        Ok(())
    }

    /// Waits until all is coded.
    ///
    /// # Errors
    /// If the last frames cannot be coded or written.
    pub fn finish(self) -> Result<Coded> {
        self.feed.end(|| {}).map_err(|cause| mux::failure(&self.output, &cause))?;
        Ok(Coded { units: self.coded.finish(self.shape.told)?, times: self.times, end: self.end })
    }
}
