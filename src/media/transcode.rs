//! The plain transcode of a video file: decoder and encoder of the main job, nothing between.
//! What a benchmark compares the job with.

use std::path::Path;

use anyhow::{Context, Result};
use gstreamer as gst;
use gstreamer::prelude::*;

use super::bus::Bell;
use super::encoder;
use super::encoding::Encoding;
use super::launch::Launch;
use super::source::{FileSource, StopSignal, pipeline};
use super::spell::Spelled;
use super::target::Container;

/// A transcode, ready to run.
#[derive(Debug)]
pub struct Transcode {
    pipeline: gst::Pipeline,
    bell: Bell,
    _files: [Spelled; 2],
}

impl Transcode {
    /// From `input` to the new MPEG-4 file `output`, with the encoder that the job would take.
    /// Sound is left out: the job does not decode it either.
    ///
    /// # Errors
    /// If the input cannot be read or no encoder fits.
    pub fn new(input: &Path, output: &Path, launch: &Launch) -> Result<Self> {
        let promise = FileSource::open(input, launch, StopSignal::default())?.promise();
        let choice = encoder::choose(&promise.shape, Container::Mp4, &Encoding::default())?;
        let files = [Spelled::input(input)?, Spelled::output(output)?];
        let text = format!(
            "filesrc location={} ! decodebin ! video/x-raw(ANY) \
             ! queue max-size-buffers=4 max-size-bytes=0 max-size-time=0 ! videoconvert ! {} \
             ! queue max-size-buffers=16 max-size-bytes=0 max-size-time=0 \
             ! {} ! filesink location={} async=false",
            files[0].quoted(),
            choice.text,
            Container::Mp4.muxer(),
            files[1].quoted(),
        );
        let (pipeline, bell) = (pipeline(&text)?, Bell::default());
        bell.listen(&pipeline, None);
        Ok(Self { pipeline, bell, _files: files })
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// If it fails on the way.
    pub fn run(self) -> Result<()> {
        // What is wrong is said on the bus, not by the return value.
        let _ = self.pipeline.set_state(gst::State::Playing);
        let heard = self.bell.wait(|heard| heard.eos || heard.error.is_some());
        let error = heard.error.clone();
        drop(heard);
        self.pipeline.set_state(gst::State::Null).context("the transcode does not end")?;
        error.map_or(Ok(()), |cause| anyhow::bail!("the plain transcode failed: {cause}"))
    }
}
