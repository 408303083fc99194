//! An input's tracks, and where their chunks lie.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::boxes::{Atom, find, long, parse, put, word};

/// An index larger than this is damaged.
const LARGEST: u64 = 1 << 30;

/// A file's index.
#[derive(Debug)]
pub(in crate::media) struct Movie {
    pub(super) file: File,
    /// The file's kind: the first four letters of `ftyp`.
    pub(super) brand: [u8; 4],
    pub(super) kinds: Option<Atom>,
    /// Everything within `moov` in its order; tracks are told by their place.
    pub(super) boxes: Vec<Atom>,
    /// The file's `uuid` boxes.
    pub(super) asides: Vec<Atom>,
}

/// A run of samples that lie together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chunk {
    pub offset: u64,
    pub size: u64,
    /// When its first sample is decoded, in seconds.
    pub time: f64,
}

impl Movie {
    /// Reads the index of the file at `path`.
    ///
    /// # Errors
    /// If it is no such file, or one whose samples lie in fragments or elsewhere.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let total = file.metadata()?.len();
        let (mut at, mut kinds, mut index, mut asides) = (0, None, None, Vec::new());
        while at + 8 <= total {
            let (name, header, size) = head(&mut file, at, total)?;
            match &name {
                b"ftyp" | b"moov" | b"uuid" => {
                    ensure!(size <= LARGEST, "an index of {size} bytes");
                    let mut body = vec![0; usize::try_from(size - header)?];
                    file.seek(SeekFrom::Start(at + header))?;
                    file.read_exact(&mut body)?;
                    let atom = Atom::new(name, body);
                    match &name {
                        b"ftyp" => kinds = Some(atom),
                        b"moov" => index = Some(atom),
                        _ => asides.push(atom),
                    }
                }
                b"moof" => bail!("the samples lie in fragments"),
                _ => {}
            }
            at += size;
        }
        let index: Option<Atom> = index;
        let boxes = index.context("there is no index")?.children()?;
        ensure!(find(&boxes, *b"mvex").is_err(), "the samples lie in fragments");
        let brand = kinds.as_ref().and_then(|kinds| kinds.body.get(..4)?.try_into().ok());
        let brand = brand.unwrap_or(*b"qt  ");
        let movie = Self { file, brand, kinds, boxes, asides };
        for track in movie.tracks() {
            for chunk in chunks(track)? {
                ensure!(chunk.offset + chunk.size <= total, "the file is cut off");
            }
        }
        movie.picture()?;
        Ok(movie)
    }

    pub(super) fn tracks(&self) -> impl Iterator<Item = &Atom> {
        self.boxes.iter().filter(|atom| &atom.name == b"trak")
    }

    /// The first track of moving pictures: the one that is decoded.
    pub(super) fn picture(&self) -> Result<&Atom> {
        let mut tracks = self.tracks();
        let video = |track: &&Atom| handler(track).is_ok_and(|handler| &handler == b"vide");
        tracks.find(video).context("there is no picture")
    }

    /// Whether the picture's colours fill the whole range of values, as far as its `colr` box
    /// says: `GStreamer` 1.22's demuxer overlooks that.
    pub fn full_range(&self) -> Option<bool> {
        let table = self.picture().and_then(samples).ok()?;
        let description = table.child(*b"stsd").ok()?;
        let entry = parse(description.body.get(8..)?).ok()?.into_iter().next()?;
        let parts = parse(entry.body.get(78..)?).ok()?;
        let colours = find(&parts, *b"colr").ok()?;
        (colours.body.get(..4)? == b"nclx").then_some(colours.body.get(10)? >> 7 == 1)
    }

    /// Ticks a second of the index.
    pub(super) fn timescale(&self) -> Result<u32> {
        let header = find(&self.boxes, *b"mvhd")?;
        header.word(if header.version() == 1 { 20 } else { 12 })
    }
}

/// Name, length of the header, and whole length of the box at `at`.
fn head(file: &mut File, at: u64, total: u64) -> Result<([u8; 4], u64, u64)> {
    let mut head = [0; 16];
    let there = usize::try_from((total - at).min(16))?;
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut head[..there])?;
    let (header, size) = match word(&head, 0)? {
        0 => (8, total - at),
        1 => (16, long(&head, 8)?),
        size => (8, u64::from(size)),
    };
    ensure!(size >= header && at + size <= total, "the file is cut off");
    Ok(([head[4], head[5], head[6], head[7]], header, size))
}

/// Where the body of the index begins.
pub(super) fn index_at(file: &mut File) -> Result<u64> {
    let (mut at, total) = (0, file.metadata()?.len());
    while at + 8 <= total {
        let (name, header, size) = head(file, at, total)?;
        if &name == b"moov" {
            return Ok(at + header);
        }
        at += size;
    }
    bail!("there is no index")
}

/// What a track carries, in four letters.
pub(super) fn handler(track: &Atom) -> Result<[u8; 4]> {
    let handler = track.child(*b"mdia")?.child(*b"hdlr")?;
    Ok(handler.word(8)?.to_be_bytes())
}

/// Ticks a second of a track.
pub(super) fn timescale(track: &Atom) -> Result<u32> {
    let header = track.child(*b"mdia")?.child(*b"mdhd")?;
    header.word(if header.version() == 1 { 20 } else { 12 })
}

/// A track's tables.
pub(super) fn samples(track: &Atom) -> Result<Atom> {
    track.child(*b"mdia")?.child(*b"minf")?.child(*b"stbl")
}

/// A track's chunks in order.
pub(super) fn chunks(track: &Atom) -> Result<Vec<Chunk>> {
    let info = track.child(*b"mdia")?.child(*b"minf")?;
    let elsewhere = info.child(*b"dinf")?.child(*b"dref")?;
    ensure!(
        parse(elsewhere.body.get(8..).unwrap_or_default())?
            .iter()
            .all(|r| r.word(0).is_ok_and(|f| f & 1 == 1)),
        "the samples lie in another file"
    );
    let table = samples(track)?.children()?;
    let offsets: Vec<u64> = match find(&table, *b"stco") {
        Ok(short) => short.table(1)?.iter().map(|entry| u64::from(entry[0])).collect(),
        Err(_) => find(&table, *b"co64")?
            .table(2)?
            .iter()
            .map(|entry| u64::from(entry[0]) << 32 | u64::from(entry[1]))
            .collect(),
    };
    let runs = find(&table, *b"stsc")?.table(3)?;
    let sizes = Sizes::of(track, &table)?;
    let mut clock = Clock::new(find(&table, *b"stts")?.table(2)?, timescale(track)?);
    let (mut run, mut sample, mut chunks) = (0, 0, Vec::with_capacity(offsets.len()));
    for (n, offset) in offsets.into_iter().enumerate() {
        while runs.get(run + 1).is_some_and(|next| next[0] as usize <= n + 1) {
            run += 1;
        }
        let count = runs.get(run).context("a chunk without samples")?[1] as usize;
        chunks.push(Chunk { offset, size: sizes.sum(sample, count), time: clock.at(sample) });
        sample += count;
    }
    ensure!(sample >= sizes.count(), "a track's tables do not agree");
    Ok(chunks)
}

/// How large samples are.
enum Sizes {
    /// `count` samples of `numer / denom` bytes each.
    Same { numer: u64, denom: u64, count: usize },
    /// The sums of the sizes up to each sample.
    Sums(Vec<u64>),
}

impl Sizes {
    fn of(track: &Atom, table: &[Atom]) -> Result<Self> {
        let sizes = find(table, *b"stsz")?;
        let (same, count) = (sizes.word(4)?, sizes.word(8)? as usize);
        if same == 1 && handler(track)? == *b"soun" {
            // plain sound is counted in moments, whatever their bytes
            let description = find(table, *b"stsd")?;
            let entry = description.body.get(8 + 8..).context("no description")?;
            let half = |at: usize| Ok::<_, anyhow::Error>(u64::from(word(entry, at)? >> 16));
            let (numer, denom) = match half(8)? {
                0 => (half(16)? * half(18)?, 8),
                _ => (u64::from(word(entry, 36)?), u64::from(word(entry, 28)?.max(1))),
            };
            return Ok(Self::Same { numer, denom, count });
        }
        if same > 0 {
            return Ok(Self::Same { numer: u64::from(same), denom: 1, count });
        }
        ensure!(sizes.body.len() >= 12 + count * 4, "a table is cut off");
        let mut sums = Vec::with_capacity(count + 1);
        sums.push(0);
        for n in 0..count {
            sums.push(sums[n] + u64::from(sizes.word(12 + n * 4)?));
        }
        Ok(Self::Sums(sums))
    }

    fn count(&self) -> usize {
        match self {
            Self::Same { count, .. } => *count,
            Self::Sums(sums) => sums.len() - 1,
        }
    }

    /// The bytes of `count` samples from `first` on; no more than there are.
    fn sum(&self, first: usize, count: usize) -> u64 {
        let (from, to) = (first.min(self.count()), (first + count).min(self.count()));
        match self {
            Self::Same { numer, denom, .. } => (to - from) as u64 * numer / denom,
            Self::Sums(sums) => sums[to] - sums[from],
        }
    }
}

/// When samples are decoded.
struct Clock {
    runs: Vec<Vec<u32>>,
    scale: f64,
    /// Samples and ticks before the present run.
    before: (usize, u64),
    run: usize,
}

impl Clock {
    fn new(runs: Vec<Vec<u32>>, scale: u32) -> Self {
        Self { runs, scale: f64::from(scale.max(1)), before: (0, 0), run: 0 }
    }

    /// The time of sample `n`, in seconds; must be asked in order.
    fn at(&mut self, n: usize) -> f64 {
        while let Some(run) = self.runs.get(self.run) {
            let (count, step) = (run[0] as usize, u64::from(run[1]));
            if n < self.before.0 + count {
                let ticks = self.before.1 + (n - self.before.0) as u64 * step;
                return ticks as f64 / self.scale;
            }
            self.before = (self.before.0 + count, self.before.1 + count as u64 * step);
            self.run += 1;
        }
        self.before.1 as f64 / self.scale
    }
}

/// A track whose chunks begin at `offsets`.
pub(super) fn moved(track: &Atom, offsets: &[u64]) -> Result<Atom> {
    let mut table = samples(track)?.children()?;
    table.retain(|atom| ![*b"stco", *b"co64"].contains(&atom.name));
    table.push(chunk_table(offsets));
    let info = replaced(&track.child(*b"mdia")?.child(*b"minf")?, Atom::of(*b"stbl", &table))?;
    let media = replaced(&track.child(*b"mdia")?, info)?;
    replaced(track, media)
}

/// `atom` with the child of the same name replaced.
pub(super) fn replaced(atom: &Atom, child: Atom) -> Result<Atom> {
    let mut children = atom.children()?;
    put(&mut children, child);
    Ok(Atom::of(atom.name, &children))
}

/// Where chunks begin: four bytes each if that will do.
pub(super) fn chunk_table(offsets: &[u64]) -> Atom {
    let count = (offsets.len() as u32).to_be_bytes().to_vec();
    if offsets.iter().all(|offset| u32::try_from(*offset).is_ok()) {
        let body = offsets.iter().flat_map(|offset| (*offset as u32).to_be_bytes());
        return Atom::full(*b"stco", 0, 0, &count.into_iter().chain(body).collect::<Vec<_>>());
    }
    let body = offsets.iter().flat_map(|offset| offset.to_be_bytes());
    Atom::full(*b"co64", 0, 0, &count.into_iter().chain(body).collect::<Vec<_>>())
}

/// How long `mvhd` or `tkhd` says, in the index's ticks.
pub(super) fn length(header: &Atom) -> Result<u64> {
    let place = place_of_length(header);
    if place.len() == 8 {
        long(&header.body, place.start)
    } else {
        Ok(header.word(place.start)?.into())
    }
}

fn place_of_length(header: &Atom) -> std::ops::Range<usize> {
    match (&header.name, header.version()) {
        (b"mvhd", 1) => 24..32,
        (b"mvhd", _) => 16..20,
        (_, 1) => 28..36,
        _ => 20..24,
    }
}

/// `mvhd` or `tkhd` of that length, if it is of version 0 and too long for it, of the most that
/// it can say.
pub(super) fn with_length(header: &Atom, length: u64) -> Result<Atom> {
    let mut header = header.clone();
    let place = place_of_length(&header);
    let bytes = length.to_be_bytes();
    let bytes = if place.len() == 8 {
        bytes.to_vec()
    } else {
        u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes().to_vec()
    };
    header.body.get_mut(place).context("a header is too short")?.copy_from_slice(&bytes);
    Ok(header)
}

/// The edits of a track: how long, from where in it, how fast; none if it has no list.
fn edits(track: &Atom) -> Result<Vec<(u64, u64, u32)>> {
    let Ok(list) = track.child(*b"edts").and_then(|edits| edits.child(*b"elst")) else {
        return Ok(Vec::new());
    };
    let (wide, count) = (list.version() == 1, list.word(4)? as usize);
    let entry = |n: usize| {
        let at = 8 + n * if wide { 20 } else { 12 };
        if wide {
            return Ok((long(&list.body, at)?, long(&list.body, at + 8)?, list.word(at + 16)?));
        }
        // a start of -1 stays one
        let start = i64::from(list.word(at + 4)? as i32) as u64;
        Ok((u64::from(list.word(at)?), start, list.word(at + 8)?))
    };
    (0..count).map(entry).collect()
}

/// How much of a track its edit list hides at the start, in the track's ticks.
pub(super) fn hidden(track: &Atom) -> u64 {
    let edits = edits(track).unwrap_or_default();
    edits.iter().map(|(_, start, _)| *start).find(|start| *start != u64::MAX).unwrap_or(0)
}

/// A track that is played up to `end`, in the index's ticks: its edits say so.
pub(super) fn clipped(track: &Atom, end: u64) -> Result<Atom> {
    let length = length(&track.child(*b"tkhd")?)?;
    let mut entries = edits(track)?;
    if entries.is_empty() {
        entries.push((length, 0, 0x10000));
    }
    let (mut before, mut body) = (0, Vec::new());
    let mut count: u32 = 0;
    for (lasts, start, rate) in entries {
        let lasts = lasts.min(end.saturating_sub(before));
        if lasts > 0 {
            body.extend(
                [&lasts.to_be_bytes()[..], &start.to_be_bytes(), &rate.to_be_bytes()].concat(),
            );
            (before, count) = (before + lasts, count + 1);
        }
    }
    let list = Atom::full(*b"elst", 1, 0, &[&count.to_be_bytes()[..], &body].concat());
    let track = replaced(track, Atom::of(*b"edts", &[list]))?;
    replaced(&track, with_length(&track.child(*b"tkhd")?, length.min(end))?)
}
