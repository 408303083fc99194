//! One picture of a stream, over the decoder's own buffer.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;
use gstreamer_video::{
    VideoColorMatrix, VideoColorRange, VideoFormat, VideoFrameExt, VideoFrameRef,
};

use crate::geometry::Size;
use crate::image::plane::ChromaSite;
use crate::image::{Colorimetry, Picture, PictureFormat, PictureMut, Plane, PlaneMut};

/// The planar formats that pass through without conversion.
pub(super) const FORMATS: [VideoFormat; 6] = [
    VideoFormat::I420,
    VideoFormat::Y42b,
    VideoFormat::Y444,
    VideoFormat::I42010le,
    VideoFormat::I42210le,
    VideoFormat::Y44410le,
];

/// What all frames of a stream have in common until its caps change.
#[derive(Debug)]
pub(super) struct Shape {
    pub caps: gst::Caps,
    pub info: gst_video::VideoInfo,
    pub format: PictureFormat,
    /// Whether the stream says what its colours mean.
    pub told: bool,
    /// Where copies for writing come from.
    pool: gst::BufferPool,
}

impl Shape {
    pub fn new(caps: &gst::CapsRef) -> Result<Self> {
        let info = gst_video::VideoInfo::from_caps(caps).context("caps that are no video")?;
        let format = picture_format(&info)?;
        let caps = caps.to_owned();
        let pool: gst::BufferPool = gst_video::VideoBufferPool::new().upcast();
        let mut config = pool.config();
        config.set_params(Some(&caps), info.size() as u32, 2, 0);
        config.add_option(gst_video::BUFFER_POOL_OPTION_VIDEO_META.as_str());
        pool.set_config(config).context("no pool for these frames")?;
        pool.set_active(true).context("no memory for frames")?;
        let told = caps.structure(0).and_then(|s| s.get::<&str>("colorimetry").ok());
        // the range alone is what everybody takes it for, unless it is the full one
        let told = told.and_then(|told| told.parse::<gst_video::VideoColorimetry>().ok());
        let told = told.is_some_and(|told| {
            told.matrix() != VideoColorMatrix::Unknown
                || told.range() == VideoColorRange::Range0_255
        });
        Ok(Self { caps, info, format, told, pool })
    }
}

impl Drop for Shape {
    fn drop(&mut self) {
        // A pool that cannot be stopped frees itself with its last buffer.
        let _ = self.pool.set_active(false);
    }
}

/// What the planes of `info` mean; where the stream says nothing of its colours, BT.601 below
/// 720 lines and BT.709 from there.
fn picture_format(info: &gst_video::VideoInfo) -> Result<PictureFormat> {
    let description = info.format_info();
    ensure!(FORMATS.contains(&info.format()), "the format {} is not planar", info.name());
    let hd = info.height() >= 720;
    let color = info.colorimetry();
    let mut meaning = match color.matrix() {
        VideoColorMatrix::Bt709 => Colorimetry::BT709,
        VideoColorMatrix::Bt601 | VideoColorMatrix::Fcc => Colorimetry::BT601,
        VideoColorMatrix::Bt2020 => Colorimetry::BT2020,
        VideoColorMatrix::Rgb => Colorimetry::RGB,
        _ if hd => Colorimetry::BT709,
        _ => Colorimetry::BT601,
    };
    meaning.full_range = color.range() == VideoColorRange::Range0_255;
    let left = gst_video::VideoChromaSite::H_COSITED;
    let unknown = info.chroma_site().is_empty();
    Ok(PictureFormat {
        size: Size::new(info.width() as usize, info.height() as usize),
        bits: description.depth()[0],
        chroma_shift_x: description.w_sub()[1],
        chroma_shift_y: description.h_sub()[1],
        chroma_site: if unknown || info.chroma_site().contains(left) {
            ChromaSite::Left
        } else {
            ChromaSite::Center
        },
        color: meaning,
    })
}

/// A frame: planes, what they mean, and when they are shown. A frame that nobody writes to
/// goes from decoder to encoder without a copy.
/// A clone shares the pixels; whoever writes gets a copy of their own.
#[derive(Clone, Debug)]
pub struct Frame {
    pub(super) buffer: gst::Buffer,
    pub(super) shape: Arc<Shape>,
    time: Duration,
    duration: Option<Duration>,
    holding: bool,
    warm_up: bool,
}

impl Frame {
    pub(super) fn new(
        buffer: gst::Buffer,
        shape: Arc<Shape>,
        time: Duration,
        duration: Option<Duration>,
    ) -> Self {
        Self { buffer, shape, time, duration, holding: false, warm_up: false }
    }

    /// The same picture as one that stands in for a stream that is away, shown at `time`.
    #[must_use]
    pub fn into_holding(self, time: Duration) -> Self {
        Self { time, holding: true, ..self }
    }

    /// Whether this picture stands in for a live stream that is away: nothing is looked for in
    /// it.
    pub fn is_holding(&self) -> bool {
        self.holding
    }

    /// The same frame as one that is only shown to whoever looks at faces, before a stretch of
    /// a long video begins.
    #[must_use]
    pub(super) fn into_warm_up(self) -> Self {
        Self { warm_up: true, ..self }
    }

    /// Whether this frame belongs to what lies before: it is neither written nor counted.
    pub fn is_warm_up(&self) -> bool {
        self.warm_up
    }

    /// The bytes of its pixels.
    pub(super) fn bytes(&self) -> usize {
        self.buffer.size()
    }

    /// When the frame is shown, from the start of the stream (`GStreamer`'s running time).
    pub fn time(&self) -> Duration {
        self.time
    }

    /// How long it is shown, where the stream says so.
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// What the planes mean.
    pub fn format(&self) -> PictureFormat {
        self.shape.format
    }

    /// Opens the planes for reading.
    ///
    /// # Errors
    /// If the memory cannot be mapped.
    pub fn read(&self) -> Result<FrameRead<'_>> {
        let map = VideoFrameRef::from_buffer_ref_readable(&self.buffer, &self.shape.info)
            .context("cannot read a frame")?;
        Ok(FrameRead { map, format: self.shape.format })
    }

    /// Opens the planes for writing. The decoder may still need its buffer as reference for
    /// later frames, so a shared buffer is copied into one of ours first.
    ///
    /// # Errors
    /// If there is no memory for the copy, or it cannot be mapped.
    pub fn write(&mut self) -> Result<FrameWrite<'_>> {
        self.make_own()?;
        let buffer = self.buffer.get_mut().ok_or_else(|| anyhow!("a frame is shared"))?;
        let map = VideoFrameRef::from_buffer_ref_writable(buffer, &self.shape.info)
            .context("cannot write a frame")?;
        Ok(FrameWrite { map, format: self.shape.format })
    }

    /// Copies the pixels, unless nobody else can see them.
    fn make_own(&mut self) -> Result<()> {
        if self.buffer.is_writable() && self.buffer.is_all_memory_writable() {
            return Ok(());
        }
        let mut own = self.shape.pool.acquire_buffer(None).context("no memory for a frame")?;
        {
            let own = own.get_mut().ok_or_else(|| anyhow!("a fresh frame is shared"))?;
            let flags = gst::BufferCopyFlags::FLAGS | gst::BufferCopyFlags::TIMESTAMPS;
            self.buffer.copy_into(own, flags, ..).context("cannot copy a frame")?;
            let info = &self.shape.info;
            let from = VideoFrameRef::from_buffer_ref_readable(&self.buffer, info)
                .context("cannot read a frame")?;
            let mut to = VideoFrameRef::from_buffer_ref_writable(own, info)
                .context("cannot write a frame")?;
            from.copy(&mut to).context("cannot copy a frame")?;
        }
        self.buffer = own;
        Ok(())
    }
}

/// A frame's planes, open for reading.
#[derive(Debug)]
pub struct FrameRead<'a> {
    map: VideoFrameRef<&'a gst::BufferRef>,
    format: PictureFormat,
}

impl FrameRead<'_> {
    /// The planes.
    ///
    /// # Errors
    /// If the buffer is shorter than its caps promise.
    pub fn picture(&self) -> Result<Picture<'_>> {
        let [y, u, v, _] = self.map.planes_data();
        let stride = self.map.plane_stride();
        let plane = |data, i: usize| Plane { data, stride: stride[i].unsigned_abs() as usize };
        Picture::new(self.format, [plane(y, 0), plane(u, 1), plane(v, 2)])
            .ok_or_else(|| anyhow!("a frame is shorter than its size"))
    }
}

/// A frame's planes, open for writing.
#[derive(Debug)]
pub struct FrameWrite<'a> {
    map: VideoFrameRef<&'a mut gst::BufferRef>,
    format: PictureFormat,
}

impl FrameWrite<'_> {
    /// The planes.
    ///
    /// # Errors
    /// If the buffer is shorter than its caps promise.
    pub fn picture(&mut self) -> Result<PictureMut<'_>> {
        let stride: Vec<usize> =
            self.map.plane_stride().iter().map(|s| s.unsigned_abs() as usize).collect();
        let [y, u, v, _] = self.map.planes_data_mut();
        let plane = |data, i: usize| PlaneMut { data, stride: stride[i] };
        PictureMut::new(self.format, [plane(y, 0), plane(u, 1), plane(v, 2)])
            .ok_or_else(|| anyhow!("a frame is shorter than its size"))
    }
}
