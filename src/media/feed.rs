//! A pipeline that is fed through an appsrc, and what it says.

use anyhow::{Result, anyhow};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::bus::{Bell, Heard};
use super::pulse::Pulse;
use super::source::element;

/// Buffers that wait before the pipeline.
const WAITING: u64 = 2;

/// The entrance of a pipeline.
#[derive(Debug)]
pub(super) struct Feed {
    pub pipeline: gst::Pipeline,
    pub entry: AppSrc,
    pub bell: Bell,
    pub pulse: Pulse,
}

impl Feed {
    /// Feeds the appsrc `name` of `pipeline`.
    pub fn new(pipeline: gst::Pipeline, name: &str, bell: Bell) -> Result<Self> {
        let entry = element(&pipeline, name)?
            .downcast::<AppSrc>()
            .map_err(|_| anyhow!("the pipeline's element {name} is no appsrc"))?;
        // the bell rings whenever a buffer leaves the entry
        let left = bell.clone();
        for pad in entry.src_pads() {
            let left = left.clone();
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                left.ring(|_| {});
                gst::PadProbeReturn::Ok
            });
        }
        let pulse = Pulse::of(&pipeline);
        Ok(Self { pipeline, entry, bell, pulse })
    }

    /// Sets the pipeline going. What is wrong is said on the bus, not by the return value.
    pub fn play(&self) {
        let _ = self.pipeline.set_state(gst::State::Playing);
    }

    /// Pushes `buffer` once there is room; `Err` is the pipeline's own complaint.
    pub fn push(&self, buffer: gst::Buffer, aside: impl FnMut()) -> Result<(), String> {
        let entry = self.entry.clone();
        self.wait(move |_| entry.current_level_buffers() < WAITING, aside)?;
        match self.entry.push_buffer(buffer) {
            Ok(_) => Ok(()),
            Err(flow) => Err(self.bell.lock().error.clone().unwrap_or_else(|| flow.to_string())),
        }
    }

    /// Ends the stream and waits until the sinks have all of it.
    pub fn end(&self, aside: impl FnMut()) -> Result<(), String> {
        self.entry.end_of_stream().map_err(|flow| flow.to_string())?;
        self.wait(|heard| heard.eos, aside)?;
        let closed = self.pipeline.set_state(gst::State::Null);
        closed.map(|_| ()).map_err(|_| "it does not close".to_owned())
    }

    /// Waits until `done` or an error. When the side branch fails, `aside` is called once.
    fn wait(&self, done: impl Fn(&Heard) -> bool, mut aside: impl FnMut()) -> Result<(), String> {
        loop {
            let mut heard = self.bell.wait(|heard| {
                heard.error.is_some()
                    || (heard.side_error.is_some() && !heard.side_ended)
                    || done(heard)
            });
            if let Some(cause) = heard.error.clone() {
                return Err(cause);
            }
            if heard.side_error.is_none() || heard.side_ended {
                return Ok(());
            }
            heard.side_ended = true;
            drop(heard);
            aside();
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.pulse.close(&self.pipeline);
    }
}
