//! What this machine's GStreamer can do: its version and the elements that are needed.

use anyhow::{Context, Result};
use gstreamer as gst;
use gstreamer::prelude::*;

use super::encoding::Codec;

/// An element that the program uses, and the Debian package that brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Name of the element.
    pub element: &'static str,
    /// Debian's package.
    pub package: &'static str,
    /// What fails without it.
    pub purpose: &'static str,
    /// Whether the main job, a video file in and H.264 out, fails without it.
    pub required: bool,
}

const fn need(
    required: bool,
    element: &'static str,
    package: &'static str,
    purpose: &'static str,
) -> Need {
    Need { element, package, purpose, required }
}

const CORE: &str = "libgstreamer1.0-0";
const BASE: &str = "gstreamer1.0-plugins-base";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";
const UGLY: &str = "gstreamer1.0-plugins-ugly";
const LIBAV: &str = "gstreamer1.0-libav";

/// The elements by which files are read and written. Encoders: [`ENCODERS`].
pub const NEEDS: &[Need] = &[
    need(true, "filesrc", CORE, "reading files"),
    need(true, "decodebin", BASE, "finding a decoder"),
    need(true, "parsebin", BASE, "taking containers apart"),
    need(true, "videoconvert", BASE, "conversion of pixel formats"),
    need(true, "appsrc", BASE, "frames in and out"),
    need(true, "videoflip", GOOD, "turning rotated clips"),
    need(true, "qtdemux", GOOD, "reading MP4 and MOV"),
    need(true, "mp4mux", GOOD, "writing MP4 and MOV"),
    need(true, "h264parse", BAD, "H.264"),
    need(true, "avdec_h264", LIBAV, "decoding H.264"),
    need(false, "matroskademux", GOOD, "reading MKV and WebM"),
    need(false, "matroskamux", GOOD, "writing MKV and WebM"),
    need(false, "avidemux", GOOD, "reading AVI"),
    need(false, "tsdemux", BAD, "reading MPEG-TS"),
    need(false, "aacparse", GOOD, "AAC sound"),
    need(false, "opusparse", BAD, "Opus sound"),
    need(false, "h265parse", BAD, "H.265"),
    need(false, "avdec_h265", LIBAV, "decoding H.265"),
    need(false, "vp8dec", GOOD, "decoding VP8"),
    need(false, "vp9dec", GOOD, "decoding VP9"),
    need(false, "av1dec", BAD, "decoding AV1"),
];

/// An encoder that the program knows how to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// What it writes.
    pub codec: Codec,
    /// Name of the element.
    pub element: &'static str,
    /// Whether a device does the work.
    pub hardware: bool,
    /// What brings it.
    pub brought_by: &'static str,
}

const fn hard(codec: Codec, element: &'static str, brought_by: &'static str) -> Encoder {
    Encoder { codec, element, hardware: true, brought_by }
}

const fn soft(codec: Codec, element: &'static str, brought_by: &'static str) -> Encoder {
    Encoder { codec, element, hardware: false, brought_by }
}

const NVIDIA: &str = "gstreamer1.0-plugins-bad and an NVIDIA driver";
const VA: &str = "gstreamer1.0-plugins-bad and a VA-API driver";
const INTEL: &str = "gstreamer1.0-plugins-bad and an Intel media driver";
const V4L2: &str = "gstreamer1.0-plugins-good and a V4L2 encoder";

/// All of them, codec by codec: hardware first, best first.
pub const ENCODERS: &[Encoder] = &[
    hard(Codec::H264, "nvh264enc", NVIDIA),
    hard(Codec::H264, "vah264enc", VA),
    hard(Codec::H264, "qsvh264enc", INTEL),
    hard(Codec::H264, "v4l2h264enc", V4L2),
    soft(Codec::H264, "x264enc", UGLY),
    hard(Codec::H265, "nvh265enc", NVIDIA),
    hard(Codec::H265, "vah265enc", VA),
    hard(Codec::H265, "qsvh265enc", INTEL),
    hard(Codec::H265, "v4l2h265enc", V4L2),
    soft(Codec::H265, "x265enc", BAD),
    hard(Codec::Vp9, "vavp9enc", VA),
    hard(Codec::Vp9, "qsvvp9enc", INTEL),
    hard(Codec::Vp9, "v4l2vp9enc", V4L2),
    soft(Codec::Vp9, "vp9enc", GOOD),
    hard(Codec::Av1, "nvav1enc", NVIDIA),
    hard(Codec::Av1, "vaav1enc", VA),
    hard(Codec::Av1, "qsvav1enc", INTEL),
    soft(Codec::Av1, "av1enc", BAD),
];

/// Whether the encoder is there and its device, if it needs one, can be opened.
pub fn encoder_works(element: &str) -> bool {
    let Ok(encoder) = gst::ElementFactory::make(element).build() else { return false };
    let ready = encoder.set_state(gst::State::Ready).is_ok();
    let _ = encoder.set_state(gst::State::Null);
    ready
}

/// Starts GStreamer and tells its version, such as `1.22.0`.
///
/// # Errors
/// If GStreamer cannot be started.
pub fn version() -> Result<String> {
    gst::init().context("GStreamer cannot be started; run 'make setup'")?;
    let (major, minor, micro, _) = gst::version();
    Ok(format!("{major}.{minor}.{micro}"))
}

/// Whether an element of this name is registered here: hardware ones are only where the
/// hardware is. Call [`version`] first.
pub fn has_element(name: &str) -> bool {
    gst::ElementFactory::find(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_ship_with_gstreamer_are_found_and_others_are_not() {
        assert!(version().unwrap().starts_with("1."));
        assert!(has_element("filesrc"));
        assert!(!has_element("mask2face-has-no-such-element"));
    }
}
