//! How the picture is to be encoded: what the user asked for, in types.

use std::str::FromStr;

use anyhow::{Error, bail};

use super::target::Container;

/// A video codec that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264 (AVC).
    H264,
    /// H.265 (HEVC).
    H265,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
}

impl Codec {
    /// All of them, the one that plays everywhere first.
    pub const ALL: [Self; 4] = [Self::H264, Self::H265, Self::Vp9, Self::Av1];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
        }
    }

    /// The media type of its stream.
    pub(super) fn caps_name(self) -> &'static str {
        match self {
            Self::H264 => "video/x-h264",
            Self::H265 => "video/x-h265",
            Self::Vp9 => "video/x-vp9",
            Self::Av1 => "video/x-av1",
        }
    }

    /// Whether files of `container` may hold it.
    pub fn fits(self, container: Container) -> bool {
        match container {
            Container::Mp4 | Container::Mkv => true,
            Container::Mov => matches!(self, Self::H264 | Self::H265),
            Container::Webm => matches!(self, Self::Vp9 | Self::Av1),
        }
    }
}

impl FromStr for Codec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "h264" => Self::H264,
            "h265" => Self::H265,
            "vp9" => Self::Vp9,
            "av1" => Self::Av1,
            _ => bail!("unknown codec; known are h264, h265, vp9 and av1"),
        })
    }
}

/// What decides on the size of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// What looks like the input, at about x264's quality 20.
    #[default]
    Usual,
    /// Constant quality in the codec's own scale: 0 is best.
    Quality(u8),
    /// Every sample as it went in.
    Lossless,
    /// Bits a second.
    Bits(u32),
}

/// How long the encoder may take for better compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speed {
    /// Fast at any price.
    Fastest,
    /// Fast.
    #[default]
    Fast,
    /// What the encoders' authors take for balanced.
    Medium,
    /// Slow.
    Slow,
    /// For a last percent of size.
    Slowest,
}

/// Which encoder to take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pick {
    /// The one that runs on any machine and gives the same bytes on all.
    #[default]
    Software,
    /// Hardware where it works, software elsewhere.
    Auto,
    /// The `GStreamer` element of this name.
    Named(String),
}

/// How the picture is to be encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The codec; by container and bit depth if `None`.
    pub codec: Option<Codec>,
    /// Quality or size.
    pub rate: Rate,
    /// Effort.
    pub speed: Speed,
    /// Most frames from one key frame to the next.
    pub keyframes: Option<u32>,
    /// Which encoder.
    pub pick: Pick,
}
