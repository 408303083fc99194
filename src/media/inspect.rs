//! What this machine's GStreamer can do: its version and the elements that are needed.

use anyhow::{Context, Result};
use gstreamer as gst;

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

/// The elements by which files are read and written. Encoders: [`H264_ENCODERS`].
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
    need(false, "vp9enc", GOOD, "encoding VP9, for WebM"),
    need(false, "av1dec", BAD, "decoding AV1"),
];

/// The encoders of H.264 that the program can use, and what brings each: hardware first. One of
/// them is needed.
pub const H264_ENCODERS: &[(&str, &str)] = &[
    ("nvh264enc", "gstreamer1.0-plugins-bad and an NVIDIA driver"),
    ("vah264enc", "gstreamer1.0-plugins-bad and a VA-API driver"),
    ("qsvh264enc", "gstreamer1.0-plugins-bad and an Intel media driver"),
    ("v4l2h264enc", "gstreamer1.0-plugins-good and a V4L2 encoder"),
    ("x264enc", UGLY),
];

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
