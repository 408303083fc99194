//! What the user asked for, in each encoder's own words.

use anyhow::{Result, bail, ensure};
use gstreamer as gst;

use super::encoder::preset;
use super::encoding::{Encoding, Rate, Speed};
use super::frame::Shape;

/// Up to so many cores, the frames of a file are looked at by one thread after the other.
const FEW: usize = 4;

/// A picture of more pixels is a large one: of 1080 lines and more.
const MANY: u32 = 3 << 19;

/// A picture of more pixels is a huge one: of 2160 lines and more.
const MOST: u32 = 3 << 21;

/// `x264enc` holds even constant quality below its bitrate, 2 Mbit/s unless told otherwise: with
/// no buffer to reckon with it does not.
const UNCAPPED: &str = "vbv-buf-capacity=0";

/// Properties of the encoder `name`, as launch text.
pub(super) fn of(name: &str, wish: &Encoding, shape: &Shape) -> Result<String> {
    let scale =
        if matches!(name, "vp9enc" | "av1enc") || name.ends_with("vp9enc") { 63 } else { 51 };
    if let Rate::Quality(quality) = wish.rate {
        ensure!(quality <= scale, "--quality {quality}: {name} knows 0 (best) to {scale}");
    }
    let keyframes = wish.keyframes;
    Ok(match name {
        "x264enc" => x264(wish, shape) + &keys("key-int-max", keyframes),
        "x265enc" => x265(wish) + &keys("key-int-max", keyframes),
        "vp9enc" => vp9(wish, shape) + &keys("keyframe-max-dist", keyframes.or(Some(250))),
        "av1enc" => av1(wish) + &keys("keyframe-max-dist", keyframes.or(Some(250))),
        _ => hardware(name, wish)?,
    })
}

fn keys(property: &str, frames: Option<u32>) -> String {
    frames.map(|frames| format!(" {property}={frames}")).unwrap_or_default()
}

fn x264(wish: &Encoding, shape: &Shape) -> String {
    let rate = match wish.rate {
        Rate::Usual => format!("pass=qual quantizer=20 {UNCAPPED}"),
        Rate::Quality(quality) => format!("pass=qual quantizer={quality} {UNCAPPED}"),
        Rate::Lossless => "pass=quant quantizer=0".to_owned(),
        Rate::Bits(bits) => format!("pass=cbr vbv-buf-capacity=2000 bitrate={}", kilo(bits)),
    };
    let interlaced = if shape.info.is_interlaced() { " interlaced=true" } else { "" };
    // where the input leaves open what its colours mean, the output does so too
    let silent = !shape.told && shape.info.par() == gst::Fraction::new(1, 1);
    let silent = if silent { " insert-vui=false" } else { "" };
    let preset = preset(wish.speed);
    format!(
        "{rate} speed-preset={preset} threads={}{interlaced}{silent}{}{}",
        threads(),
        ahead(wish.speed, shape),
        steady()
    )
}

/// How far the encoder looks ahead, and how its threads share the work. Where few cores share it
/// anyway, a thread that looks ahead gains nothing; the frames that wait for it take a tenth of the
/// job's memory. Each of a large picture takes 37 MB at 3840x2160: five of them, not ten, cost .1 to
/// .4 dB at the same size, three of a huge one hardly more. Threads that work at slices of one large
/// picture, not at a picture each, take 100 MB less there for one percent more bytes.
fn ahead(speed: Speed, shape: &Shape) -> &'static str {
    let pixels = shape.info.width() * shape.info.height();
    match speed {
        _ if threads() > FEW => "",
        Speed::Fast if pixels > MOST => " sync-lookahead=0 rc-lookahead=3 sliced-threads=true",
        Speed::Fast if pixels > MANY => " sync-lookahead=0 rc-lookahead=5 sliced-threads=true",
        _ => " sync-lookahead=0",
    }
}

/// Everything up to AVX2: the AVX-512 code of Debian's x264 0.164 plans across frames (mb-tree) by
/// memory that nobody has set, so that a process which had coded before gave other frames.
fn steady() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return " option-string=\"asm=62463\"";
    }
    ""
}

/// Groups of pictures are closed, so that each can be decoded alone.
fn x265(wish: &Encoding) -> String {
    const QUIET: &str = "log-level=none:open-gop=0";
    let rate = match wish.rate {
        Rate::Usual => format!("option-string=\"crf=20:{QUIET}\""),
        Rate::Quality(quality) => format!("option-string=\"crf={quality}:{QUIET}\""),
        Rate::Lossless => format!("option-string=\"lossless=1:{QUIET}\""),
        Rate::Bits(bits) => format!("bitrate={} option-string=\"{QUIET}\"", kilo(bits)),
    };
    format!("{rate} speed-preset={}", preset(wish.speed))
}

fn vp9(wish: &Encoding, shape: &Shape) -> String {
    // constrained quality needs a bit rate as its ceiling: a quarter bit a pixel, 30 times a second
    let ceiling = shape.info.width() * shape.info.height() * 8;
    let rate = match wish.rate {
        Rate::Usual => format!("end-usage=cq cq-level=20 target-bitrate={ceiling}"),
        Rate::Quality(quality) => {
            format!("end-usage=cq cq-level={quality} target-bitrate={ceiling}")
        }
        Rate::Lossless => "min-quantizer=0 max-quantizer=0".to_owned(),
        Rate::Bits(bits) => format!("end-usage=vbr target-bitrate={bits}"),
    };
    let (deadline, cpu) = match wish.speed {
        Speed::Fastest | Speed::Fast => (1, 8),
        Speed::Medium => (1, 5),
        Speed::Slow => (1_000_000, 2),
        Speed::Slowest => (0, 0),
    };
    // GStreamer 1.22 loses frames that still lag at the end
    let steady = "lag-in-frames=0 row-mt=true";
    format!("{rate} deadline={deadline} cpu-used={cpu} {steady} threads={}", threads())
}

/// This encoder has no constant quality of its own: its quantizer is held.
fn av1(wish: &Encoding) -> String {
    let held = |quality: u8| format!("end-usage=q min-quantizer={quality} max-quantizer={quality}");
    let rate = match wish.rate {
        Rate::Usual => held(20),
        Rate::Quality(quality) => held(quality),
        Rate::Lossless => held(0),
        Rate::Bits(bits) => format!("end-usage=vbr target-bitrate={}", kilo(bits)),
    };
    let (usage, cpu) = match wish.speed {
        // in haste, this encoder's quantizer of 0 is not without loss
        Speed::Fastest | Speed::Fast if wish.rate == Rate::Lossless => ("good-quality", 6),
        Speed::Fastest => ("realtime", 10),
        Speed::Fast => ("realtime", 8),
        Speed::Medium => ("good-quality", 6),
        Speed::Slow => ("good-quality", 4),
        Speed::Slowest => ("good-quality", 1),
    };
    format!("{rate} usage-profile={usage} cpu-used={cpu} row-mt=true threads={}", threads())
}

/// Settings for about x264's quality 20, or what was asked for; an encoder that is not known
/// here runs as it comes.
fn hardware(name: &str, wish: &Encoding) -> Result<String> {
    let q = match wish.rate {
        Rate::Lossless => bail!("{name} is not known to be lossless; use --encoder software"),
        Rate::Usual => 20,
        Rate::Quality(quality) => quality,
        Rate::Bits(bits) => return Ok(bitrate(name, kilo(bits))? + &hardware_keys(name, wish)?),
    };
    let (p, b) = (q + 1, q + 2);
    let rate = match name {
        "nvh264enc" | "nvh265enc" | "nvav1enc" => format!("rc-mode=vbr const-quality={q}"),
        "vah264enc" | "vah265enc" | "vavp9enc" | "vaav1enc" => {
            format!("rate-control=cqp qpi={q} qpp={p} qpb={b}")
        }
        "qsvh264enc" | "qsvh265enc" | "qsvvp9enc" | "qsvav1enc" => {
            format!("rate-control=cqp qp-i={q} qp-p={p} qp-b={b}")
        }
        _ if wish.rate == Rate::Usual => return Ok(String::new()),
        _ => bail!("--quality: not known for {name}; leave it out, or use --encoder software"),
    };
    Ok(rate + &hardware_keys(name, wish)?)
}

fn bitrate(name: &str, kilo: u32) -> Result<String> {
    Ok(match name.get(..2) {
        Some("nv") => format!("rc-mode=vbr bitrate={kilo}"),
        Some("va" | "qs") => format!("rate-control=vbr bitrate={kilo}"),
        _ => bail!("--bitrate: not known for {name}; leave it out, or use --encoder software"),
    })
}

fn hardware_keys(name: &str, wish: &Encoding) -> Result<String> {
    let Some(frames) = wish.keyframes else { return Ok(String::new()) };
    Ok(match name.get(..2) {
        Some("nv" | "qs") => format!(" gop-size={frames}"),
        Some("va") => format!(" key-int-max={frames}"),
        _ => bail!("--keyframe-interval: not known for {name}; use --encoder software"),
    })
}

fn kilo(bits: u32) -> u32 {
    (bits / 1000).max(1)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(16)
}
