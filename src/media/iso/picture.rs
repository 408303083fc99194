//! The new picture's track: the input's own, with other samples.

use std::time::Duration;

use anyhow::{Context, Result};
use gstreamer as gst;

use super::boxes::{Atom, find, put, words};
use super::movie::{Chunk, chunk_table, timescale};
use crate::media::units::Units;

/// At least so many ticks a second.
const TICKS: u32 = 10_000;
/// A chunk holds about half a second, and no more bytes than this.
const CHUNK: (i64, u64) = (500_000_000, 1 << 20);

/// The samples' tables and the track around them.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    pub stretches: &'a [Units],
    /// The description of the coding, as a muxer wrote it.
    pub description: Atom,
    /// Width and height as shown: square pixels.
    pub shown: (u32, u32),
    pub end: Duration,
}

/// Chunks of one stretch: where in its file, and how many samples each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub stretch: usize,
    pub chunk: Chunk,
    samples: u32,
}

impl Picture<'_> {
    /// Samples that lie together, in decoding order.
    pub fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (stretch, units) in self.stretches.iter().enumerate() {
            let mut begun = None;
            for unit in &units.list {
                let full = |run: &Run, since: i64| {
                    run.chunk.size + u64::from(unit.size) > CHUNK.1 || unit.dts - since > CHUNK.0
                };
                match (runs.last_mut(), begun) {
                    (Some(run), Some(since)) if !full(run, since) => {
                        run.chunk.size += u64::from(unit.size);
                        run.samples += 1;
                    }
                    _ => {
                        begun = Some(unit.dts);
                        let (offset, size) = (unit.offset, u64::from(unit.size));
                        let time = unit.dts as f64 / 1e9;
                        runs.push(Run { stretch, chunk: Chunk { offset, size, time }, samples: 1 });
                    }
                }
            }
        }
        runs
    }

    /// The track in the place of `old`, in an index of `movie_scale` ticks a second; its chunks
    /// begin at `offsets`.
    pub fn track(
        &self,
        old: &Atom,
        movie_scale: u32,
        runs: &[Run],
        offsets: &[u64],
    ) -> Result<Atom> {
        let scale = timescale(old)?.max(1);
        let scale = scale.saturating_mul(TICKS.div_ceil(scale));
        let late = self.late(movie_scale);
        let times = Times::new(self, scale, (late as f64 * 1e9 / f64::from(movie_scale)) as i64);
        let end = (self.end.as_secs_f64() * f64::from(movie_scale)).ceil() as u64;
        let header = self.header(&old.child(*b"tkhd")?, end)?;
        let media = self.media(&old.child(*b"mdia")?, scale, &times, (runs, offsets))?;
        let mut parts = vec![header, edits(late, end, times.start)];
        let kept = |atom: &Atom| [*b"tref", *b"udta", *b"meta"].contains(&atom.name);
        parts.extend(old.children()?.into_iter().filter(kept));
        parts.push(media);
        Ok(Atom::of(*b"trak", &parts))
    }

    /// How much later than the film the picture begins, in the index's ticks. Some players take
    /// times that merely begin late for a mistake, so an edit of nothing says it.
    fn late(&self, movie_scale: u32) -> u64 {
        let times = self.stretches.iter().flat_map(|units| &units.list).map(|unit| unit.pts);
        let first = times.min().unwrap_or(0).max(0);
        (first as f64 * f64::from(movie_scale) / 1e9) as u64
    }

    /// `tkhd`: upright, of its new size and length.
    fn header(&self, old: &Atom, end: u64) -> Result<Atom> {
        let wide = old.version() == 1;
        let flags = old.word(0)? & 0x00ff_ffff;
        let (dates, id, rest) = if wide { (4..20, 20, 36) } else { (4..12, 12, 24) };
        let id = old.word(id)?;
        let mut body: Vec<u8> = if wide {
            old.body.get(dates).context("a track's header is too short")?.to_vec()
        } else {
            let dates = [0, old.word(4)?, 0, old.word(8)?];
            words(&dates)
        };
        body.extend(words(&[id, 0]));
        body.extend(end.to_be_bytes());
        // two reserved words, layer, group, volume
        body.extend(old.body.get(rest..rest + 16).context("a track's header is too short")?);
        body.extend(words(&[0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000]));
        body.extend(words(&[self.shown.0 << 16, self.shown.1 << 16]));
        Ok(Atom::full(*b"tkhd", 1, flags, &body))
    }

    fn media(
        &self,
        old: &Atom,
        scale: u32,
        times: &Times,
        chunks: (&[Run], &[u64]),
    ) -> Result<Atom> {
        let header = old.child(*b"mdhd")?;
        let wide = header.version() == 1;
        let dates = if wide {
            header.body.get(4..20).context("a header is too short")?.to_vec()
        } else {
            words(&[0, header.word(4)?, 0, header.word(8)?])
        };
        let language = header.word(if wide { 32 } else { 20 })?;
        let body = [
            &dates[..],
            &scale.to_be_bytes(),
            &times.length().to_be_bytes(),
            &language.to_be_bytes(),
        ]
        .concat();
        let info = old.child(*b"minf")?;
        let mut parts = info.children()?;
        put(&mut parts, Atom::of(*b"stbl", &self.tables(times, chunks)));
        let info = Atom::of(*b"minf", &parts);
        let header = Atom::full(*b"mdhd", 1, 0, &body);
        Ok(Atom::of(*b"mdia", &[header, old.child(*b"hdlr")?, info]))
    }

    fn tables(&self, times: &Times, (runs, offsets): (&[Run], &[u64])) -> Vec<Atom> {
        let units = || self.stretches.iter().flat_map(|units| &units.list);
        let mut tables = vec![self.description.clone(), counted(*b"stts", 0, &times.steps)];
        if times.offsets.iter().any(|(_, offset)| *offset != 0) {
            let signed = times.offsets.iter().any(|(_, offset)| *offset < 0);
            let entries: Vec<_> =
                times.offsets.iter().map(|(count, offset)| (*count, *offset as u32)).collect();
            tables.push(counted(*b"ctts", u8::from(signed), &entries));
        }
        if units().any(|unit| !unit.key) {
            let keys = units().zip(1..).filter(|(unit, _)| unit.key).map(|(_, n)| n);
            let keys: Vec<u32> = keys.collect();
            let body = [words(&[keys.len() as u32]), words(&keys)].concat();
            tables.push(Atom::full(*b"stss", 0, 0, &body));
        }
        let mut together: Vec<[u32; 3]> = Vec::new();
        for (run, n) in runs.iter().zip(1..) {
            if together.last().is_none_or(|last| last[1] != run.samples) {
                together.push([n, run.samples, 1]);
            }
        }
        let body = [words(&[together.len() as u32]), words(together.as_flattened())].concat();
        tables.push(Atom::full(*b"stsc", 0, 0, &body));
        let sizes: Vec<u32> = units().map(|unit| unit.size).collect();
        let body = [words(&[0, sizes.len() as u32]), words(&sizes)].concat();
        tables.push(Atom::full(*b"stsz", 0, 0, &body));
        tables.push(chunk_table(offsets));
        tables
    }
}

/// The edits of a picture that begins `late` and ends at `end`, which is `start` in its own time.
fn edits(late: u64, end: u64, start: i64) -> Atom {
    let edit = |lasts: u64, start: i64| {
        [&lasts.to_be_bytes()[..], &start.to_be_bytes(), &[0, 1, 0, 0]].concat()
    };
    let mut list = Vec::new();
    if late > 0 {
        list.push(edit(late, -1));
    }
    list.push(edit(end.saturating_sub(late), start));
    let body = [words(&[list.len() as u32]), list.concat()].concat();
    Atom::of(*b"edts", &[Atom::full(*b"elst", 1, 0, &body)])
}

/// Decoding and showing in ticks.
#[derive(Debug)]
struct Times {
    /// How long until the next is decoded: (how often, ticks).
    steps: Vec<(u32, u32)>,
    /// How much later than decoded each is shown: (how often, ticks).
    offsets: Vec<(u32, i32)>,
    /// Where in the track's own time the film begins.
    start: i64,
}

impl Times {
    /// A picture is shown at its time exactly, counted from `zero` (ns); it may be decoded earlier
    /// than it was told.
    fn new(picture: &Picture<'_>, scale: u32, zero: i64) -> Self {
        let ticks = |ns: i64| ((ns - zero) as f64 * f64::from(scale) / 1e9).round() as i64;
        let units = picture.stretches.iter().flat_map(|units| &units.list);
        let mut decoded: Vec<(i64, i64)> =
            units.map(|unit| (ticks(unit.dts.min(unit.pts)), ticks(unit.pts))).collect();
        if let Some(first) = decoded.first_mut() {
            first.0 = first.0.min(0);
        }
        for n in 1..decoded.len() {
            decoded[n].0 = decoded[n].0.max(decoded[n - 1].0 + 1);
        }
        let start = decoded.first().map_or(0, |first| -first.0);
        let end = ticks(picture.end.as_nanos() as i64);
        let last = decoded.iter().map(|(_, pts)| end - pts).min().unwrap_or(1).max(1);
        let (mut steps, mut offsets) = (Vec::new(), Vec::new());
        for (n, (dts, pts)) in decoded.iter().enumerate() {
            let next = decoded.get(n + 1).map_or(dts + last, |next| next.0);
            repeated(&mut steps, (next - dts) as u32);
            repeated(&mut offsets, (pts - dts) as i32);
        }
        Self { steps, offsets, start }
    }

    fn length(&self) -> u64 {
        self.steps.iter().map(|(count, step)| u64::from(*count) * u64::from(*step)).sum()
    }
}

fn repeated<T: PartialEq>(runs: &mut Vec<(u32, T)>, value: T) {
    match runs.last_mut() {
        Some((count, last)) if *last == value => *count += 1,
        _ => runs.push((1, value)),
    }
}

fn counted(name: [u8; 4], version: u8, entries: &[(u32, u32)]) -> Atom {
    let entries = entries.iter().flat_map(|(count, value)| [*count, *value]);
    let entries: Vec<u32> = entries.collect();
    Atom::full(name, version, 0, &[words(&[entries.len() as u32 / 2]), words(&entries)].concat())
}

/// The sample description of `index`'s first track, without what a muxer guessed from a part, and
/// with what it leaves out: the display for which the picture was graded.
pub(super) fn description(index: &[Atom], caps: &gst::CapsRef) -> Result<Atom> {
    let table = super::movie::samples(find(index, *b"trak")?)?;
    let description = table.child(*b"stsd")?;
    let mut out = description.body.get(..8).context("no description")?.to_vec();
    let mut entries = super::boxes::parse(&description.body[8..])?;
    let entry = entries.first_mut().context("no description")?;
    let (fixed, parts) = entry.body.split_at_checked(78).context("a description is too short")?;
    let mut parts = super::boxes::parse(parts)?;
    parts.retain(|part| &part.name != b"btrt");
    for graded in graded(caps).into_iter().flatten() {
        if find(&parts, graded.name).is_err() {
            parts.push(graded);
        }
    }
    let mut body = fixed.to_vec();
    for part in &parts {
        part.write(&mut body);
    }
    Atom::new(entry.name, body).write(&mut out);
    Ok(Atom::new(*b"stsd", out))
}

/// `mdcv` and `clli`, where the caps tell of them: primaries in GStreamer's order of red, green and blue,
/// in the box's of green, blue and red.
fn graded(caps: &gst::CapsRef) -> [Option<Atom>; 2] {
    let numbers = |field: &str, count: usize| -> Option<Vec<u32>> {
        let text = caps.structure(0)?.get::<&str>(field).ok()?;
        let numbers: Vec<u32> = text.split(':').map_while(|n| n.parse().ok()).collect();
        (numbers.len() == count).then_some(numbers)
    };
    let halves = |values: &[u32]| values.iter().flat_map(|v| (*v as u16).to_be_bytes()).collect();
    let display = numbers("mastering-display-info", 10).map(|n| {
        let mut body: Vec<u8> = halves(&[n[2], n[3], n[4], n[5], n[0], n[1], n[6], n[7]]);
        body.extend(words(&[n[8], n[9]]));
        Atom::new(*b"mdcv", body)
    });
    let light = numbers("content-light-level", 2).map(|n| Atom::new(*b"clli", halves(&n)));
    [display, light]
}
