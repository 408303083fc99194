//! A new clip of frames that the caller draws: for benchmarks and tests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use gstreamer_video::{VideoFormat, VideoInfo};

use super::bus::Bell;
use super::encoder;
use super::encoding::Encoding;
use super::frame::{Frame, Shape};
use super::source::{element, pipeline};
use super::spell::Spelled;
use super::target::Container;
use crate::geometry::Size;
use crate::image::PictureMut;

/// What a clip looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Width and height in pixels, both even.
    pub size: Size,
    /// Frames a second.
    pub rate: u32,
    /// Number of frames.
    pub frames: u64,
}

/// Writes a silent MPEG-4 clip; `draw` fills each frame, given its number. Planes come as they
/// are in memory: every sample has to be set.
///
/// # Errors
/// If the clip cannot be encoded or written, or `draw` fails.
pub fn write(
    path: &Path,
    draft: &Draft,
    draw: &mut dyn FnMut(u64, &mut PictureMut<'_>) -> Result<()>,
) -> Result<()> {
    let Size { width, height } = draft.size;
    let rate = gst::Fraction::new(draft.rate as i32, 1);
    let info = VideoInfo::builder(VideoFormat::I420, width as u32, height as u32).fps(rate);
    let info = info.build().context("frames of this size cannot be")?;
    let shape =
        Arc::new(Shape::new(info.to_caps().context("frames of this size cannot be")?.as_ref())?);
    let to = Spelled::output(path)?;
    let text = format!(
        "appsrc name=frames format=time block=true max-buffers=4 max-bytes=0 ! {} ! {} \
         ! filesink location={} async=false",
        encoder::choose(&shape, Container::Mp4, &Encoding::default())?.text,
        Container::Mp4.muxer(),
        to.quoted(),
    );
    let (pipeline, bell) = (pipeline(&text)?, Bell::default());
    bell.listen(&pipeline, None);
    let entry = element(&pipeline, "frames")?
        .downcast::<AppSrc>()
        .map_err(|_| anyhow!("the element frames is no appsrc"))?;
    entry.set_caps(Some(&shape.caps));
    let _ = pipeline.set_state(gst::State::Playing);
    let fed = feed(&entry, draft, &shape, draw);
    let ended = fed.and_then(|()| {
        entry.end_of_stream().map(|_| ()).map_err(|flow| anyhow!("{flow}"))?;
        let heard = bell.wait(|heard| heard.eos || heard.error.is_some());
        heard.error.clone().map_or(Ok(()), |cause| bail!("{}: {cause}", path.display()))
    });
    pipeline.set_state(gst::State::Null).context("the clip does not end")?;
    ended
}

fn feed(
    entry: &AppSrc,
    draft: &Draft,
    shape: &Arc<Shape>,
    draw: &mut dyn FnMut(u64, &mut PictureMut<'_>) -> Result<()>,
) -> Result<()> {
    for number in 0..draft.frames {
        let at = |n: u64| Duration::from_nanos(n * 1_000_000_000 / u64::from(draft.rate));
        let buffer = gst::Buffer::with_size(shape.info.size()).context("no memory for a frame")?;
        let mut frame = Frame::new(buffer, Arc::clone(shape), at(number), None);
        draw(number, &mut frame.write()?.picture()?)?;
        let mut buffer = frame.buffer;
        let inner = buffer.make_mut();
        inner.set_pts(gst::ClockTime::try_from(at(number)).ok());
        inner.set_duration(gst::ClockTime::try_from(at(1)).ok());
        entry.push_buffer(buffer).map_err(|flow| anyhow!("the clip cannot be written: {flow}"))?;
    }
    Ok(())
}
