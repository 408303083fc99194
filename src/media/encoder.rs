//! Which encoder writes the picture, and how it is set.

use anyhow::{Context, Result, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::{VideoColorPrimaries, VideoFormat, VideoTransferFunction};

use super::encoding::{Codec, Encoding, Pick, Rate, Speed};
use super::frame::Shape;
use super::inspect;
use super::settings;
use super::target::Container;

/// A chosen encoder.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// The element's name.
    pub name: String,
    /// Launch text from raw frames to coded pictures as the muxers take them.
    pub text: String,
    /// What the user should know about it.
    pub notes: Vec<String>,
}

/// The encoder for frames of `shape` in `container`.
pub(super) fn choose(shape: &Shape, container: Container, wish: &Encoding) -> Result<Choice> {
    let codec = wish.codec.unwrap_or_else(|| usual_codec(shape, container));
    ensure!(
        codec.fits(container),
        "a {} file cannot hold {}; use another --codec, or write to a .mkv file with -o",
        container.name(),
        codec.name()
    );
    ensure!(
        codec == Codec::H264 || !shape.info.is_interlaced(),
        "{} cannot hold an interlaced picture here; use --deinterlace auto or --codec h264",
        codec.name()
    );
    let (format, odd) = stored_format(shape, codec);
    let mut notes: Vec<String> = odd.into_iter().collect();
    let name = pick(codec, shape, format, wish)?;
    if wish.pick == Pick::Auto {
        notes.push(format!("encoded by {name}"));
    }
    let ours = settings::of(&name, wish, shape)?;
    let convert = match (odd_size(shape), wish.rate) {
        // each chroma sample repeated: dropping every other one gives the input again
        (true, Rate::Lossless) => "videoconvert chroma-resampler=nearest",
        _ => "videoconvert",
    };
    let format = format.to_str();
    let text = format!("{convert} ! video/x-raw,format={format} ! {name} {ours} ! {}", tail(codec));
    Ok(Choice { name, text, notes })
}

/// H.264 plays everywhere with 8 bits, and hardly anywhere with more: there H.265 does.
fn usual_codec(shape: &Shape, container: Container) -> Codec {
    let color = shape.info.colorimetry();
    let hdr = matches!(
        color.transfer(),
        VideoTransferFunction::Smpte2084 | VideoTransferFunction::AribStdB67
    ) || color.primaries() == VideoColorPrimaries::Bt2020;
    match container {
        Container::Webm => Codec::Vp9,
        _ if shape.info.is_interlaced() => Codec::H264,
        _ if (hdr || shape.format.bits > 8) && installed("x265enc") => Codec::H265,
        _ => Codec::H264,
    }
}

/// From the encoder to what the muxers take.
fn tail(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "h264parse ! video/x-h264,stream-format=avc,alignment=au",
        Codec::H265 => "h265parse ! video/x-h265,stream-format=hvc1,alignment=au",
        Codec::Vp9 => "vp9parse ! video/x-vp9,alignment=super-frame",
        Codec::Av1 => "av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu",
    }
}

/// Whether 4:2:0 or 4:2:2 do not divide the picture evenly.
fn odd_size(shape: &Shape) -> bool {
    let (size, format) = (shape.format.size, shape.format);
    (size.width % 2 == 1 && format.chroma_shift_x == 1)
        || (size.height % 2 == 1 && format.chroma_shift_y == 1)
}

/// The pixel format in which `codec` stores frames of `shape`, and a note if it is another.
fn stored_format(shape: &Shape, codec: Codec) -> (VideoFormat, Option<String>) {
    let format = shape.info.format();
    let deep = shape.format.bits > 8;
    if matches!(codec, Codec::H264 | Codec::H265) && odd_size(shape) {
        let size = shape.format.size;
        let note = format!(
            "{}x{} is odd, which {} cannot hold with 4:2:0 colour: written as 4:4:4",
            size.width,
            size.height,
            codec.name()
        );
        let full = if deep { VideoFormat::Y44410le } else { VideoFormat::Y444 };
        return (full, Some(note));
    }
    match codec {
        Codec::Vp9 if format == VideoFormat::Y42b => (VideoFormat::Y444, None),
        _ => (format, None),
    }
}

/// The encoder's element.
fn pick(codec: Codec, shape: &Shape, format: VideoFormat, wish: &Encoding) -> Result<String> {
    let known = || inspect::ENCODERS.iter().filter(|encoder| encoder.codec == codec);
    match &wish.pick {
        Pick::Named(name) => {
            named(name, codec, shape, format)?;
            return Ok(name.clone());
        }
        Pick::Auto if wish.rate != Rate::Lossless => {
            let mut hardware = known().filter(|encoder| encoder.hardware);
            if let Some(found) = hardware.find(|encoder| usable(encoder.element, shape, format)) {
                return Ok(found.element.to_owned());
            }
        }
        Pick::Auto | Pick::Software => {}
    }
    let software = known().find(|encoder| !encoder.hardware).context("a codec without encoder")?;
    ensure!(
        installed(software.element),
        "no {} encoder is installed; install {}, or use another --codec",
        codec.name(),
        software.brought_by
    );
    let bits = shape.format.bits;
    ensure!(
        bits <= 8 || usable(software.element, shape, format),
        "the {} encoder here takes no frames of {bits} bits a sample, as the input has; use --codec h265",
        codec.name()
    );
    Ok(software.element.to_owned())
}

/// Whether the encoder that the user named does it.
fn named(name: &str, codec: Codec, shape: &Shape, format: VideoFormat) -> Result<()> {
    let factory = gst::ElementFactory::find(name).with_context(|| {
        format!("--encoder {name}: there is no such element here; 'mask2face doctor' lists them")
    })?;
    let caps = gst::Caps::new_empty_simple(codec.caps_name());
    ensure!(
        factory.has_type(gst::ElementFactoryType::VIDEO_ENCODER) && factory.can_src_any_caps(&caps),
        "--encoder {name}: is no encoder of {}; name another or use another --codec",
        codec.name()
    );
    ensure!(
        usable(name, shape, format),
        "--encoder {name}: does not work here, or takes no such frames ({}x{}, {}); use \
         --encoder software",
        shape.info.width(),
        shape.info.height(),
        format.to_str()
    );
    Ok(())
}

fn installed(name: &str) -> bool {
    gst::ElementFactory::find(name).is_some()
}

/// Whether the element is there, its device can be opened, and it takes such frames.
fn usable(name: &str, shape: &Shape, format: VideoFormat) -> bool {
    let Ok(element) = gst::ElementFactory::make(name).build() else { return false };
    let ready = element.set_state(gst::State::Ready).is_ok();
    let fits = element.static_pad("sink").is_some_and(|pad| {
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", format.to_str().as_str())
            .field("width", shape.info.width() as i32)
            .field("height", shape.info.height() as i32)
            .build();
        pad.query_caps(None).can_intersect(&caps)
    });
    let _ = element.set_state(gst::State::Null);
    ready && fits
}

/// The speed's name with x264 and x265.
pub(super) fn preset(speed: Speed) -> &'static str {
    match speed {
        Speed::Fastest => "ultrafast",
        Speed::Fast => "veryfast",
        Speed::Medium => "medium",
        Speed::Slow => "slower",
        Speed::Slowest => "veryslow",
    }
}
