//! Single pictures of a live stream as JPEG, made only when somebody asks for one.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSrc};
use gstreamer_video::{VideoFrameExt, VideoFrameRef, VideoInfo};

use super::frame::Frame;
use super::outflow::appsrc;
use super::outlet::{Outlet, Shown};
use super::source::pipeline;

/// How long a picture may take.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(2);
/// Wider pictures are made smaller.
const WIDEST: usize = 960;

/// The newest frame of a stream, kept for whoever asks.
#[derive(Clone, Debug, Default)]
pub struct Peek {
    newest: Arc<Mutex<Option<Shown>>>,
    stills: Arc<Mutex<Option<Stills>>>,
}

impl Peek {
    /// Before and after, one above the other, as one JPEG: both are of the same moment. `None`
    /// while there is no picture.
    ///
    /// # Errors
    /// If the picture cannot be made.
    pub fn pair(&self) -> Result<Option<Vec<u8>>> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(shown) = newest else { return Ok(None) };
        let mut stills = self.stills.lock().unwrap_or_else(PoisonError::into_inner);
        let caps = &shown.frame.shape.caps;
        let fitting = match stills.take() {
            Some(known) if known.of == *caps => known,
            _ => Stills::new(&shown.frame)?,
        };
        // What failed once is made anew.
        let made = fitting.pair(&shown);
        *stills = made.is_ok().then_some(fitting);
        made.map(Some)
    }
}

/// Hands every frame to an outlet, and keeps the newest.
pub struct Watched {
    /// Where the frames go.
    pub outlet: Box<dyn Outlet>,
    /// Where the newest is kept.
    pub peek: Peek,
}

impl Outlet for Watched {
    fn show(&mut self, shown: &Shown) -> Result<()> {
        *self.peek.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown.clone());
        self.outlet.show(shown)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.outlet.finish()
    }
}

/// An encoder for pairs of frames of one format.
#[derive(Debug)]
struct Stills {
    of: gst::Caps,
    tall: VideoInfo,
    pipeline: gst::Pipeline,
    entry: AppSrc,
    exit: AppSink,
}

impl Stills {
    fn new(frame: &Frame) -> Result<Self> {
        let info = &frame.shape.info;
        let tall = VideoInfo::builder(info.format(), info.width(), info.height() * 2)
            .build()
            .context("a picture of twice the height")?;
        let size = frame.format().size;
        let width = size.width.min(WIDEST) & !1;
        let height = (size.height * width / size.width.max(1)).max(2) * 2;
        let pipeline = pipeline(&format!(
            "appsrc name=frames format=time ! videoconvert ! videoscale \
             ! video/x-raw,width={width},height={height},pixel-aspect-ratio=1/1 \
             ! jpegenc quality=80 ! appsink name=stills sync=false max-buffers=1"
        ))?;
        let entry = appsrc(pipeline.upcast_ref(), "frames")?;
        entry.set_caps(Some(&tall.to_caps()?));
        let exit = pipeline.by_name("stills").context("no element named stills")?;
        let exit = exit.downcast().map_err(|_| anyhow!("stills is no appsink"))?;
        pipeline.set_state(gst::State::Playing).context("no JPEG encoder")?;
        Ok(Self { of: frame.shape.caps.clone(), tall, pipeline, entry, exit })
    }

    fn pair(&self, shown: &Shown) -> Result<Vec<u8>> {
        let mut buffer = gst::Buffer::with_size(self.tall.size()).context("no memory")?;
        {
            let inner = buffer.get_mut().context("a fresh buffer is shared")?;
            inner.set_pts(gst::ClockTime::ZERO);
            let mut tall = VideoFrameRef::from_buffer_ref_writable(inner, &self.tall)?;
            let before = shown.original.as_ref().unwrap_or(&shown.frame);
            for (frame, half) in [(before, 0), (&shown.frame, 1)] {
                copy(frame, &mut tall, half)?;
            }
        }
        self.entry.push_buffer(buffer).context("the JPEG encoder takes nothing")?;
        let sample = self.exit.try_pull_sample(LIMIT).context("the JPEG encoder gives nothing")?;
        let map = sample.buffer().context("no picture")?.map_readable().context("no picture")?;
        Ok(map.to_vec())
    }
}

/// Copies a frame's planes into the upper (0) or lower (1) half.
fn copy(frame: &Frame, tall: &mut VideoFrameRef<&mut gst::BufferRef>, half: usize) -> Result<()> {
    let from = VideoFrameRef::from_buffer_ref_readable(&frame.buffer, &frame.shape.info)?;
    for n in 0..from.n_planes() as usize {
        let size = frame.format().plane_size(n);
        let bytes = size.width * frame.format().sample_bytes();
        let (stride, tall_stride) =
            (from.plane_stride()[n] as usize, tall.plane_stride()[n] as usize);
        let first = half * size.height;
        let source = from.plane_data(n as u32)?;
        let target = tall.plane_data_mut(n as u32)?;
        for row in 0..size.height {
            let to = (first + row) * tall_stride;
            let Some(line) = target.get_mut(to..to + bytes) else { break };
            line.copy_from_slice(&source[row * stride..][..bytes]);
        }
    }
    Ok(())
}

impl Drop for Stills {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
