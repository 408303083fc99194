//! The whole file: the input's index with a new picture in it, and all blocks behind it.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::clusters::{Clusters, cues};
use super::element::{Element, find, id};
use super::film::Film;
use super::tags;
use crate::media::mux::Wish;
use crate::media::target::Container;
use crate::media::units::Units;

/// Room for the table of what lies where.
const SEEK_ROOM: usize = 160;

impl Film {
    /// Whether a file of `container` may take over the tracks as they are: `WebM` is Matroska
    /// with little in it.
    pub fn is_own_kind(&self, container: Container) -> bool {
        match container {
            Container::Mkv => true,
            Container::Webm => self.kind == "webm" || self.fits_webm(),
            Container::Mp4 | Container::Mov => false,
        }
    }

    fn fits_webm(&self) -> bool {
        let picture = self.picture().ok();
        let fits = |entry: &Element| {
            let parts = entry.children().unwrap_or_default();
            let codec = find(&parts, id::CODEC_ID).map(Element::string).unwrap_or_default();
            ["A_OPUS", "A_VORBIS"].contains(&codec.as_str())
        };
        let new = |entry: &&Element| picture.is_some_and(|picture| std::ptr::eq(*entry, picture));
        let entries = self.tracks.iter().filter(|entry| entry.id == id::TRACK_ENTRY);
        entries.filter(|entry| !new(entry)).all(fits)
            && self.asides.iter().all(|aside| aside.id != id::ATTACHMENTS)
    }
}

/// Writes to `path` what `film` is with the picture of `stretches`, described as in the file
/// `pattern` that a muxer wrote.
pub(in crate::media) fn graft(
    film: &Film,
    (stretches, pattern): (&[Units], &Path),
    Wish { extent, mark }: Wish<'_>,
    path: &Path,
) -> Result<()> {
    let pattern = Film::open(pattern).context("the picture's description")?;
    let (scale, old) = (film.scale(), film.picture()?);
    let number =
        find(&old.children()?, id::TRACK_NUMBER).context("a track without number")?.value();
    let end = extent.end.as_nanos() as i64;
    let shift = shift(film, stretches)?;
    let ticks = (end + shift) as f64 / scale as f64;
    let lasts = find(&film.info, id::DURATION).and_then(Element::float).unwrap_or_default();
    let lasts = if extent.partial { ticks } else { lasts.max(ticks) };

    let mut out = BufWriter::new(File::create(path)?);
    let mut head = Vec::new();
    header(&pattern.kind).write(&mut head);
    head.extend(id::SEGMENT.to_be_bytes());
    let size_at = head.len();
    head.extend([0; 8]);
    let base = head.len();
    head.resize(base + SEEK_ROOM, 0);
    let mut places = vec![(id::INFO, head.len() - base)];
    info(film, lasts).write(&mut head);
    places.push((id::TRACKS, head.len() - base));
    tracks(film, &pattern)?.write(&mut head);
    let (labels, others): (Vec<_>, Vec<_>) =
        film.asides.iter().cloned().partition(|aside| aside.id == id::TAGS);
    let labels = match mark {
        Some(mark) => vec![tags::marked(&labels, &extent.text(mark), mark)?],
        None => labels,
    };
    for aside in others.iter().chain(&labels) {
        places.push((aside.id, head.len() - base));
        aside.write(&mut head);
    }
    out.write_all(&head)?;
    let clusters = Clusters::new(out, base as u64, scale, number);
    let until = extent.partial.then_some((end + shift) / scale);
    let (mut out, found) = clusters.write(film, stretches, shift, until)?;
    places.push((id::CUES, usize::try_from(out.stream_position()?)? - base));
    let mut table = Vec::new();
    cues(&found, number).write(&mut table);
    out.write_all(&table)?;
    let size = out.stream_position()? - base as u64;
    out.seek(SeekFrom::Start(size_at as u64))?;
    out.write_all(&(size | 1 << 56).to_be_bytes())?;
    out.write_all(&seek_table(&places))?;
    out.flush()?;
    Ok(())
}

/// How much later the film's clock is than the frames', in ns: some demuxers count from the
/// first cluster on.
fn shift(film: &Film, stretches: &[Units]) -> Result<i64> {
    let pushed = stretches.iter().flat_map(|units| &units.list).map(|unit| unit.pts).min();
    let number = find(&film.picture()?.children()?, id::TRACK_NUMBER).map_or(0, Element::value);
    let (mut packets, mut first) = (film.packets(), None::<i64>);
    // reordered frames lie close together
    let mut looked = 0;
    while let Some(packet) = packets.next_packet()?.filter(|_| looked < 32) {
        if packet.track == number {
            first = Some(first.map_or(packet.time, |first| first.min(packet.time)));
            looked += 1;
        }
    }
    let (Some(pushed), Some(first)) = (pushed, first) else { return Ok(0) };
    let (apart, begins) = (first * film.scale() - pushed, film.begins()? * film.scale());
    Ok(if (apart - begins).abs() < apart.abs() { begins } else { 0 })
}

fn header(kind: &str) -> Element {
    let number = |id, value| Element::new(id, vec![value]);
    let parts = [
        number(0x4286, 1),
        number(0x42F7, 1),
        number(0x42F2, 4),
        number(0x42F3, 8),
        Element::text(id::DOC_TYPE, kind),
        number(0x4287, 4),
        number(0x4285, 2),
    ];
    Element::of(id::EBML, &parts)
}

fn info(film: &Film, lasts: f64) -> Element {
    let mut parts = film.info.clone();
    parts.retain(|part| ![id::DURATION, id::WRITING_APP, id::VOID].contains(&part.id));
    parts.push(Element::new(id::DURATION, lasts.to_be_bytes().to_vec()));
    parts.push(Element::text(id::WRITING_APP, concat!("mask2face ", env!("CARGO_PKG_VERSION"))));
    Element::of(id::INFO, &parts)
}

/// The tracks, with the coding of `pattern` in the entry of the picture.
fn tracks(film: &Film, pattern: &Film) -> Result<Element> {
    const OURS: [u32; 3] = [id::CODEC_ID, id::CODEC_PRIVATE, id::VIDEO];
    // what the old coding needed: encodings, delay, name, additions
    const GONE: [u32; 6] = [0x6D80, 0x56AA, 0x56BB, 0x25_8688, 0x41E4, 0x55EE];
    let old = film.picture()?;
    let new = pattern.picture()?.children()?;
    let mut entries = Vec::new();
    for entry in &film.tracks {
        if !std::ptr::eq(entry, old) {
            entries.push(entry.clone());
            continue;
        }
        let mut parts = entry.children()?;
        parts.retain(|part| !OURS.contains(&part.id) && !GONE.contains(&part.id));
        parts.extend(new.iter().filter(|part| OURS.contains(&part.id)).cloned());
        entries.push(Element::of(id::TRACK_ENTRY, &parts));
    }
    Ok(Element::of(id::TRACKS, &entries))
}

/// What lies where, filled up to its room.
fn seek_table(places: &[(u32, usize)]) -> Vec<u8> {
    let entry = |(what, place): &(u32, usize)| {
        let what = Element::new(id::SEEK_ID, what.to_be_bytes().to_vec());
        Element::of(id::SEEK, &[what, Element::number(id::SEEK_POSITION, *place as u64)])
    };
    let mut entries: Vec<_> = places.iter().map(entry).collect();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        Element::of(id::SEEK_HEAD, &entries).write(&mut bytes);
        if bytes.len() + 2 <= SEEK_ROOM {
            break;
        }
        entries.pop();
    }
    // a void of exactly what is left
    let left = SEEK_ROOM - bytes.len() - 2;
    bytes.push(id::VOID as u8);
    bytes.push(0x80 | left as u8);
    bytes.resize(SEEK_ROOM, 0);
    bytes
}
