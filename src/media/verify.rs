//! An output against its input and against what was pushed: nothing is taken on trust.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use gstreamer_video::{
    VideoColorMatrix, VideoColorPrimaries, VideoColorRange, VideoColorimetry, VideoTransferFunction,
};
use serde::Serialize;

use super::probe::{self, Contents, Kind};
use super::sink::Written;
use super::whole;

/// Timestamps may differ by as much.
const TOLERANCE: Duration = Duration::from_millis(1);
/// A file whose streams end earlier than its header says, by more than this, was cut off: less
/// is what containers round.
const SHORT: Duration = Duration::from_millis(500);

/// What a check of an output found.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Frames that were to be written.
    pub frames_pushed: usize,
    /// Frames in the output.
    pub frames_found: usize,
    /// Largest distance of a frame's timestamp from where it should be, in milliseconds.
    pub worst_time_error_ms: f64,
    /// The sound, track by track.
    pub audio: Vec<AudioVerdict>,
    /// Subtitle tracks that went in and were not left out with a note, and those that came out.
    pub subtitles: [usize; 2],
    /// What the colours mean, in and out, where the files say so.
    pub colour: [Option<String>; 2],
    /// How much longer the output is than the input by their headers, in milliseconds; a
    /// partial one is not measured.
    pub duration_change_ms: Option<f64>,
    /// What is wrong; empty when all is well.
    pub breaches: Vec<String>,
}

/// One audio track, in and out.
#[derive(Clone, Debug, Serialize)]
pub struct AudioVerdict {
    /// The codec's media type.
    pub codec: String,
    /// Access units in the output.
    pub units: usize,
    /// SHA-256 of the output's access units.
    pub sha256: String,
    /// Whether it is the input's, bit for bit (up to its end, for a partial output).
    pub identical: bool,
}

/// Demuxes the output and its `input` and compares them.
///
/// # Errors
/// If one of them cannot be demuxed at all.
pub fn verify(input: &Path, written: &Written) -> Result<Verdict> {
    let output = probe::contents(&written.path, &[])?;
    let limits: Vec<u64> = if written.partial {
        output.of(Kind::Audio).map(|track| track.bytes).collect()
    } else {
        Vec::new()
    };
    let missing = whole::missing(input);
    let input = probe::contents(input, &limits)?;
    let mut breaches = Vec::new();
    let found: &[Duration] = output.of(Kind::Video).next().map_or(&[], |track| &track.times);
    let worst = picture(&written.times, found, &mut breaches);
    let audio = sound(&input, &output, &mut breaches);
    let subtitles = subtitles(&input, &output, written, &mut breaches);
    let colour = [&input, &output].map(|of| of.of(Kind::Video).next()?.colour.clone());
    if let [Some(before), Some(after)] = &colour
        && !means_the_same(before, after)
    {
        breaches.push(format!("the colours were {before}, and are {after}"));
    }
    let lasts = input.duration.zip(output.duration).filter(|_| !written.partial);
    let duration_change_ms = lasts.map(|(a, b)| (b.as_secs_f64() - a.as_secs_f64()) * 1e3);
    if let Some(cause) = &output.broken {
        breaches.push(format!("the output cannot be read to its end: {cause}"));
    }
    if !written.partial {
        let shown = written.times.last().copied().unwrap_or_default();
        breaches.extend(cut_off(&input, shown, missing));
    }
    breaches.extend(undecoded(&input, written));
    Ok(Verdict {
        frames_pushed: written.times.len(),
        frames_found: found.len(),
        worst_time_error_ms: worst.as_secs_f64() * 1e3,
        audio,
        subtitles,
        colour,
        duration_change_ms,
        breaches,
    })
}

/// Whether colours that are `told` so mean the same as those that are `found`. What a stream leaves
/// open may be anything.
fn means_the_same(told: &str, found: &str) -> bool {
    let [Ok(a), Ok(b)] = [told, found].map(str::parse::<VideoColorimetry>) else {
        return told == found;
    };
    let range = a.range() == b.range() || a.range() == VideoColorRange::Unknown;
    let matrix = a.matrix() == b.matrix() || a.matrix() == VideoColorMatrix::Unknown;
    let transfer = a.transfer() == b.transfer() || a.transfer() == VideoTransferFunction::Unknown;
    let primaries = a.primaries() == b.primaries() || a.primaries() == VideoColorPrimaries::Unknown;
    range && matrix && transfer && primaries
}

/// Subtitles are counted; where they were taken over as they lay in the file, they must be the
/// same bytes.
fn subtitles(
    input: &Contents,
    output: &Contents,
    written: &Written,
    breaches: &mut Vec<String>,
) -> [usize; 2] {
    let wanted = input.of(Kind::Text).count().saturating_sub(written.left_out);
    let got = output.of(Kind::Text).count();
    if wanted != got {
        breaches.push(format!("{wanted} subtitle tracks went in, {got} came out"));
    }
    let mut pairs = input.of(Kind::Text).zip(output.of(Kind::Text));
    if written.as_they_lay && !written.partial && pairs.any(|(a, b)| a.sha256 != b.sha256) {
        breaches.push("subtitles differ".to_owned());
    }
    [wanted, got]
}

/// The largest timestamp error.
fn picture(pushed: &[Duration], found: &[Duration], breaches: &mut Vec<String>) -> Duration {
    if pushed.len() != found.len() {
        breaches.push(format!("{} frames went in, {} came out", pushed.len(), found.len()));
    }
    let errors = pushed.iter().zip(found).map(|(a, b)| a.abs_diff(*b));
    let worst = errors.max().unwrap_or_default();
    if worst > TOLERANCE {
        breaches.push(format!("a frame is {:.1} ms off its time", worst.as_secs_f64() * 1e3));
    }
    worst
}

fn sound(input: &Contents, output: &Contents, breaches: &mut Vec<String>) -> Vec<AudioVerdict> {
    let (wanted, got) = (input.of(Kind::Audio).count(), output.of(Kind::Audio).count());
    if wanted != got {
        breaches.push(format!("{wanted} audio tracks went in, {got} came out"));
    }
    let mut verdicts = Vec::new();
    for (n, (a, b)) in input.of(Kind::Audio).zip(output.of(Kind::Audio)).enumerate() {
        let identical = a.sha256 == b.sha256;
        if !identical {
            breaches.push(format!(
                "audio track {} differs: {} units of {} bytes went in, {} of {} came out",
                n + 1,
                a.units,
                a.bytes,
                b.units,
                b.bytes
            ));
        }
        verdicts.push(AudioVerdict {
            codec: b.codec.clone(),
            units: b.units,
            sha256: b.sha256.clone(),
            identical,
        });
    }
    verdicts
}

/// A sentence if the input lacks its last `missing` bytes, holds less than its header promises, or
/// cannot be read to its end. What was shown until `shown` counts too: AVI gives its B-frames no
/// time of their own.
fn cut_off(input: &Contents, shown: Duration, missing: Option<u64>) -> Option<String> {
    let last = input.end().max(shown);
    let end = last.as_secs_f64();
    if let Some(cause) = &input.broken {
        return Some(format!("the input breaks off at {end:.2} s: {cause}"));
    }
    let promised = input.duration.filter(|promised| last + SHORT < *promised);
    match (promised, missing) {
        (Some(promised), _) => {
            let promised = promised.as_secs_f64();
            Some(format!(
                "the input breaks off at {end:.2} s of the {promised:.2} s that its header promises"
            ))
        }
        (None, Some(bytes)) => {
            Some(format!("the input breaks off at {end:.2} s: {bytes} bytes at least are missing"))
        }
        (None, None) => None,
    }
}

/// A sentence if frames of the input never came out of its decoder. What lies before the first that
/// did may lack its key frame: many recordings begin so. A field of its own is no frame.
fn undecoded(input: &Contents, written: &Written) -> Option<String> {
    let track = input.of(Kind::Video).next().filter(|track| !track.interlaced)?;
    let (first, last) = (written.times.first()?, written.times.last()?);
    let from = track.times.partition_point(|time| *time + TOLERANCE < *first);
    let shown = |time: &Duration| !written.partial || *time <= *last + TOLERANCE;
    let all = track.times[from..].iter().filter(|time| shown(time)).count();
    let lost = all.checked_sub(written.times.len()).filter(|lost| *lost > 0)?;
    Some(format!("{lost} of the input's {all} frames cannot be decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_told_has_to_stay() {
        gstreamer::init().unwrap();
        let same = means_the_same;
        assert!(
            same("bt709", "bt709") && !same("bt709", "bt601") && !same("bt2100-pq", "bt2020-10")
        );
        assert!(same("2:0:0:0", "bt601") && !same("1:0:0:0", "bt601"));
        assert!(same("made-up", "made-up") && !same("made-up", "bt709"));
    }
}
