//! Which encoder writes the picture, and how it is set.

use anyhow::{Result, bail};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::VideoFormat;

use super::frame::Shape;
use super::target::Container;

/// Hardware H.264 encoders, best first: name and settings for about x264's quality 20.
const HARDWARE: [(&str, &str); 4] = [
    ("nvh264enc", "rc-mode=vbr const-quality=20"),
    ("vah264enc", "rate-control=cqp qpi=20 qpp=21 qpb=22"),
    ("qsvh264enc", "rate-control=cqp qp-i=20 qp-p=21 qp-b=22"),
    ("v4l2h264enc", ""),
];

/// A chosen encoder.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// The element's name.
    pub name: &'static str,
    /// Launch text from raw frames to something that the muxer takes.
    pub text: String,
    /// What the user should know about it.
    pub note: Option<String>,
}

/// The encoder for frames of `shape` in `container`.
pub(super) fn choose(shape: &Shape, container: Container) -> Result<Choice> {
    if container == Container::Webm {
        return vp9(shape);
    }
    let size = shape.format.size;
    let odd_x = size.width % 2 == 1 && shape.format.chroma_shift_x == 1;
    let odd_y = size.height % 2 == 1 && shape.format.chroma_shift_y == 1;
    if odd_x || odd_y {
        let format = if shape.format.bits > 8 { "Y444_10LE" } else { "Y444" };
        let Some(text) = x264() else { bail!(NO_H264) };
        return Ok(Choice {
            name: "x264enc",
            text: format!("videoconvert ! video/x-raw,format={format} ! {text}"),
            note: Some(format!(
                "{}x{} is odd, which H.264 cannot hold with 4:2:0 colour: written as 4:4:4",
                size.width, size.height
            )),
        });
    }
    let plain = shape.info.format() == VideoFormat::I420;
    if let Some((name, settings)) = HARDWARE.iter().find(|(name, _)| plain && usable(name, shape)) {
        let text = format!("videoconvert ! {name} {settings} ! h264parse");
        return Ok(Choice { name, text, note: None });
    }
    match x264() {
        Some(text) => {
            Ok(Choice { name: "x264enc", text: format!("videoconvert ! {text}"), note: None })
        }
        None => bail!(NO_H264),
    }
}

const NO_H264: &str = "no H.264 encoder is installed; install gstreamer1.0-plugins-ugly";

fn x264() -> Option<String> {
    gst::ElementFactory::find("x264enc")?;
    Some("x264enc pass=qual quantizer=20 speed-preset=veryfast".to_owned())
}

fn vp9(shape: &Shape) -> Result<Choice> {
    if gst::ElementFactory::find("vp9enc").is_none() {
        bail!("no VP9 encoder is installed; install gstreamer1.0-plugins-good, or write .mkv");
    }
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(16);
    // constrained quality needs a bit rate as its ceiling: a quarter bit a pixel, 30 times a second
    let ceiling = shape.info.width() * shape.info.height() * 8;
    let text = format!(
        "videoconvert ! vp9enc deadline=1 cpu-used=8 row-mt=true threads={threads} \
         end-usage=cq cq-level=20 target-bitrate={ceiling} keyframe-max-dist=250"
    );
    Ok(Choice { name: "vp9enc", text, note: None })
}

/// Whether the element is there, its device can be opened, and it takes frames of this size.
fn usable(name: &str, shape: &Shape) -> bool {
    let Ok(element) = gst::ElementFactory::make(name).build() else { return false };
    let ready = element.set_state(gst::State::Ready).is_ok();
    let fits = element.static_pad("sink").is_some_and(|pad| {
        let caps = gst::Caps::builder("video/x-raw")
            .field("width", shape.info.width() as i32)
            .field("height", shape.info.height() as i32)
            .build();
        pad.query_caps(None).can_intersect(&caps)
    });
    let _ = element.set_state(gst::State::Null);
    ready && fits
}
