//! An input's tracks, and where their blocks lie.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::element::{Element, Head, find, head, id, number};

/// A head is no longer than this.
const HEAD: usize = 12;
/// What is not sound or picture is no larger than this.
const LARGEST: u64 = 1 << 30;

/// A file's index.
#[derive(Debug)]
pub(in crate::media) struct Film {
    pub(super) file: File,
    /// "matroska" or "webm".
    pub(super) kind: String,
    pub(super) info: Vec<Element>,
    pub(super) tracks: Vec<Element>,
    /// Chapters, attachments and tags.
    pub(super) asides: Vec<Element>,
    clusters: Vec<(u64, u64)>,
}

/// A block of sound, text or what else a track holds, as it lies in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub track: u64,
    /// When it is shown, in the file's ticks.
    pub time: i64,
    /// The whole element.
    pub offset: u64,
    pub size: u64,
    /// Where within the element the time stands.
    pub time_at: u64,
}

impl Film {
    /// Reads the index of the file at `path`.
    ///
    /// # Errors
    /// If it is no such file, or is cut off.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let total = file.metadata()?.len();
        let first = read_head(&file, 0)?;
        ensure!(first.id == id::EBML, "no Matroska");
        let header = read(&file, 0, first)?.children()?;
        let kind = find(&header, id::DOC_TYPE).context("no type")?.string();
        let at = first.length as u64 + first.size.unwrap_or_default();
        let segment = read_head(&file, at)?;
        ensure!(segment.id == id::SEGMENT, "no segment");
        let from = at + segment.length as u64;
        let end = segment.size.map_or(total, |size| from + size);
        ensure!(end <= total, "the file is cut off");
        let (info, tracks, asides) = Default::default();
        let mut film = Self { file, kind, info, tracks, asides, clusters: Vec::new() };
        film.scan(from, end)?;
        film.picture()?;
        Ok(film)
    }

    fn scan(&mut self, from: u64, end: u64) -> Result<()> {
        let mut at = from;
        while at < end {
            let head = read_head(&self.file, at)?;
            let body = at + head.length as u64;
            let to = match head.size {
                Some(size) => body + size,
                None => self.end_of_cluster(body, end)?,
            };
            ensure!(to <= end, "the file is cut off");
            match head.id {
                id::INFO => self.info = read(&self.file, at, head)?.children()?,
                id::TRACKS => self.tracks = read(&self.file, at, head)?.children()?,
                id::CHAPTERS | id::TAGS | id::ATTACHMENTS => {
                    self.asides.push(read(&self.file, at, head)?);
                }
                id::CLUSTER => self.clusters.push((body, to)),
                _ => {}
            }
            at = to;
        }
        Ok(())
    }

    /// A cluster of unknown length goes on up to what cannot lie in one.
    fn end_of_cluster(&self, from: u64, end: u64) -> Result<u64> {
        let mut at = from;
        while at < end {
            let head = read_head(&self.file, at)?;
            if id::TOP.contains(&head.id) {
                break;
            }
            at += head.length as u64 + head.size.context("an element without a length")?;
        }
        Ok(at)
    }

    /// The first track of moving pictures: the one that is decoded.
    pub(super) fn picture(&self) -> Result<&Element> {
        let is_video = |entry: &&Element| {
            let parts = entry.children().unwrap_or_default();
            find(&parts, id::TRACK_TYPE).is_some_and(|kind| kind.value() == 1)
        };
        self.tracks.iter().find(is_video).context("there is no picture")
    }

    /// Nanoseconds a tick.
    pub(super) fn scale(&self) -> i64 {
        find(&self.info, id::TIMESTAMP_SCALE).map_or(1_000_000, |scale| scale.value() as i64).max(1)
    }

    /// The first cluster's time, in ticks.
    pub(super) fn begins(&self) -> Result<i64> {
        let cluster = self.clusters.first().context("there is nothing in it")?;
        let mut packets = Packets { film: self, cluster: 0, at: cluster.0, time: 0 };
        packets.next_packet()?;
        Ok(packets.time)
    }

    /// All blocks in the file's order.
    pub(super) fn packets(&self) -> Packets<'_> {
        let at = self.clusters.first().map_or(0, |cluster| cluster.0);
        Packets { film: self, cluster: 0, at, time: 0 }
    }
}

/// Goes over a film's blocks.
#[derive(Debug)]
pub(super) struct Packets<'a> {
    film: &'a Film,
    cluster: usize,
    at: u64,
    time: i64,
}

impl Packets<'_> {
    /// The next block; `None` after the last.
    pub fn next_packet(&mut self) -> Result<Option<Packet>> {
        let file = &self.film.file;
        loop {
            let Some(&(_, end)) = self.film.clusters.get(self.cluster) else { return Ok(None) };
            if self.at >= end {
                self.cluster += 1;
                self.at = self.film.clusters.get(self.cluster).map_or(0, |cluster| cluster.0);
                continue;
            }
            let (offset, head) = (self.at, read_head(file, self.at)?);
            let body = offset + head.length as u64;
            let size = head.size.context("an element without a length")?;
            ensure!(body + size <= end, "a block does not fit");
            self.at = body + size;
            let block = match head.id {
                id::TIMESTAMP => {
                    self.time = read(file, offset, head)?.value() as i64;
                    continue;
                }
                id::SIMPLE_BLOCK => Some(body),
                id::BLOCK_GROUP => block_within(file, body, body + size)?,
                _ => None,
            };
            let Some(block) = block else { continue };
            let mut start = [0; HEAD];
            let there = file.read_at(&mut start, block)?;
            let (track, length) = number(&start[..there], false).context("a block is cut off")?;
            let time = [start[length], start[length + 1]];
            return Ok(Some(Packet {
                track,
                time: self.time + i64::from(i16::from_be_bytes(time)),
                offset,
                size: self.at - offset,
                time_at: block + length as u64 - offset,
            }));
        }
    }
}

/// Where the block of a group begins.
fn block_within(file: &File, from: u64, to: u64) -> Result<Option<u64>> {
    let mut at = from;
    while at < to {
        let head = read_head(file, at)?;
        let body = at + head.length as u64;
        if head.id == id::BLOCK {
            return Ok(Some(body));
        }
        at = body + head.size.context("an element without a length")?;
    }
    Ok(None)
}

/// By how many bytes a file of `total` bytes is too short for the elements in it; `None` if
/// nothing is missing, or they do not say.
pub(in crate::media) fn missing(file: &File, total: u64) -> Option<u64> {
    let header = read_head(file, 0).ok()?;
    let mut at = header.length as u64 + header.size?;
    let segment = read_head(file, at).ok().filter(|head| head.id == id::SEGMENT)?;
    at = (at + segment.length as u64).checked_add(segment.size.unwrap_or(0))?;
    // of unknown length: what lies within says its own, but for such clusters again
    while segment.size.is_none() && at < total {
        let head = read_head(file, at).ok()?;
        at = (at + head.length as u64).checked_add(head.size.unwrap_or(0))?;
    }
    (at > total).then(|| at - total)
}

fn read_head(file: &File, at: u64) -> Result<Head> {
    let mut bytes = [0; HEAD];
    let there = file.read_at(&mut bytes, at)?;
    head(&bytes[..there])
}

/// The whole element that begins at `at` with `head`.
fn read(file: &File, at: u64, head: Head) -> Result<Element> {
    let size = head.size.filter(|size| *size <= LARGEST).context("an element is too large")?;
    let mut body = vec![0; usize::try_from(size)?];
    file.read_exact_at(&mut body, at + head.length as u64)?;
    Ok(Element::new(head.id, body))
}
