//! Options of the output's picture and of what goes along with it.

use std::num::NonZeroU32;

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;

use crate::media::Encoding;
use crate::media::encoding::{Codec, Pick, Rate, Speed};
use crate::media::intake::Deinterlace;

/// How the picture is encoded.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Output of videos")]
pub struct EncodingArgs {
    /// h264, h265, vp9 or av1; without it h264 (h265 for more than 8 bits), vp9 in .webm
    #[arg(long, value_name = "CODEC")]
    pub codec: Option<Codec>,
    /// Constant quality in the codec's own scale, 0 best (h264, h265: to 51; vp9, av1: to 63), or lossless
    #[arg(long, value_name = "N|lossless", value_parser = quality, conflicts_with = "bitrate")]
    pub quality: Option<Rate>,
    /// Bits a second instead of a quality, such as 800k or 4M
    #[arg(long, value_name = "BITS", value_parser = bits)]
    pub bitrate: Option<Rate>,
    /// How long the encoder may take for a smaller file
    #[arg(long, value_enum, default_value_t = SpeedName::Fast, value_name = "SPEED")]
    pub speed: SpeedName,
    /// Most frames from one key frame to the next
    #[arg(long, value_name = "FRAMES")]
    pub keyframe_interval: Option<NonZeroU32>,
    /// auto takes a hardware encoder where one works; NAME is a GStreamer element
    #[arg(long, default_value = "software", value_name = "auto|software|NAME")]
    pub encoder: String,
    /// Interlaced pictures: make them whole, keep their lines (h264 only), or refuse them
    #[arg(long, value_enum, default_value_t = Interlaced::Auto, value_name = "WHAT")]
    pub deinterlace: Interlaced,
    /// Fail where the output cannot hold all of the input's streams, instead of telling what is left out
    #[arg(long)]
    pub strict: bool,
}

/// [`Speed`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SpeedName {
    Fastest,
    Fast,
    Medium,
    Slow,
    Slowest,
}

/// [`Deinterlace`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Interlaced {
    Auto,
    Off,
    Refuse,
}

impl EncodingArgs {
    /// What becomes of interlaced pictures.
    pub fn deinterlace(&self) -> Deinterlace {
        match self.deinterlace {
            Interlaced::Auto => Deinterlace::Auto,
            Interlaced::Off => Deinterlace::Off,
            Interlaced::Refuse => Deinterlace::Refuse,
        }
    }

    /// What is to be done.
    pub fn encoding(&self) -> Encoding {
        Encoding {
            codec: self.codec,
            rate: self.quality.or(self.bitrate).unwrap_or_default(),
            speed: match self.speed {
                SpeedName::Fastest => Speed::Fastest,
                SpeedName::Fast => Speed::Fast,
                SpeedName::Medium => Speed::Medium,
                SpeedName::Slow => Speed::Slow,
                SpeedName::Slowest => Speed::Slowest,
            },
            keyframes: self.keyframe_interval.map(NonZeroU32::get),
            pick: match self.encoder.as_str() {
                "software" => Pick::Software,
                "auto" => Pick::Auto,
                name => Pick::Named(name.to_owned()),
            },
        }
    }
}

fn quality(text: &str) -> Result<Rate> {
    if text == "lossless" {
        return Ok(Rate::Lossless);
    }
    match text.parse() {
        Ok(quality) if quality <= 63 => Ok(Rate::Quality(quality)),
        _ => bail!("give a number from 0 (best) to 63, or lossless"),
    }
}

fn bits(text: &str) -> Result<Rate> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 1e6),
            None => (text, 1.0),
        },
    };
    let bits = digits.parse::<f64>().unwrap_or_default() * unit;
    ensure!((1e3..=2e9).contains(&bits), "give bits a second, such as 800k or 4M");
    Ok(Rate::Bits(bits as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_with_their_units_and_nonsense_is_refused() {
        assert_eq!(bits("800k").unwrap(), Rate::Bits(800_000));
        assert_eq!(bits("2.5M").unwrap(), Rate::Bits(2_500_000));
        assert_eq!(quality("lossless").unwrap(), Rate::Lossless);
        assert_eq!(quality("18").unwrap(), Rate::Quality(18));
        assert!(bits("fast").is_err() && bits("12").is_err() && quality("64").is_err());
    }
}
