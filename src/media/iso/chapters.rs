//! Chapters: as a track of texts, which `QuickTime` began with, or as Nero's list.

use std::os::unix::fs::FileExt;

use anyhow::{Context, Result, ensure};

use super::boxes::{Atom, find, long};
use super::movie::{Movie, chunks, hidden, samples, timescale};
use crate::media::about::Chapter;

/// No chapter's name is longer.
const LONGEST: u32 = 1 << 16;
/// A list holds no more: its count is one byte.
pub(super) const MOST: usize = 255;

/// Whether another track of `movie` says that `track` holds its chapters.
pub(super) fn is_chapters(movie: &Movie, track: &Atom) -> bool {
    let id = number(track);
    let refers = |other: &Atom| {
        let list = other.child(*b"tref").and_then(|refs| refs.child(*b"chap"));
        list.is_ok_and(|list| {
            list.body.chunks_exact(4).any(|four| Some(four.to_vec()) == id.map(|id| id.to_vec()))
        })
    };
    movie.tracks().any(refers)
}

/// The track's number.
fn number(track: &Atom) -> Option<[u8; 4]> {
    let header = track.child(*b"tkhd").ok()?;
    Some(header.word(if header.version() == 1 { 20 } else { 12 }).ok()?.to_be_bytes())
}

/// The chapters, whichever way they are told.
pub(super) fn read(movie: &Movie) -> Result<Vec<Chapter>> {
    let track = movie.tracks().find(|track| is_chapters(movie, track));
    if let Some(told) = track.map(|track| texts(movie, track)).transpose()?
        && !told.is_empty()
    {
        return Ok(told);
    }
    let aside = find(&movie.boxes, *b"udta").and_then(|aside| aside.child(*b"chpl"));
    aside.map_or(Ok(Vec::new()), |list| listed(&list))
}

/// The texts of a track, each with the time for which it is shown.
fn texts(movie: &Movie, track: &Atom) -> Result<Vec<Chapter>> {
    let table = samples(track)?.children()?;
    let scale = u64::from(timescale(track)?.max(1));
    let nanos = |ticks: u64| super::about::nanos(ticks, scale);
    let sizes = find(&table, *b"stsz")?;
    let steps = find(&table, *b"stts")?.table(2)?;
    let mut steps = steps.iter().flat_map(|step| vec![step[1]; step[0].min(LONGEST) as usize]);
    let hidden = nanos(hidden(track));
    let (mut told, mut sample, mut now) = (Vec::new(), 0, 0u64);
    for chunk in chunks(track)? {
        let (mut at, end) = (chunk.offset, chunk.offset + chunk.size);
        while at < end {
            let same = sizes.word(4)?;
            let size = if same > 0 { same } else { sizes.word(12 + sample * 4)? };
            ensure!(size > 0 && size <= LONGEST, "a chapter's name does not fit");
            let mut bytes = vec![0; size as usize];
            movie.file.read_exact_at(&mut bytes, at)?;
            let next = now + u64::from(steps.next().context("a chapter without a time")?);
            let (start, end) =
                (nanos(now).saturating_sub(hidden), nanos(next).saturating_sub(hidden));
            if end > start {
                told.push(Chapter { start, end: Some(end), title: title(&bytes) });
            }
            (at, sample, now) = (at + u64::from(size), sample + 1, next);
        }
    }
    Ok(told)
}

/// A text with its length before it: UTF-8, or UTF-16 with its mark.
fn title(sample: &[u8]) -> String {
    let length = usize::from(u16::from_be_bytes([sample[0], sample.get(1).copied().unwrap_or(0)]));
    let text = sample.get(2..2 + length).or(sample.get(2..)).unwrap_or_default();
    match text {
        [0xfe, 0xff, wide @ ..] => {
            let units = wide.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            String::from_utf16_lossy(&units.collect::<Vec<_>>())
        }
        _ => super::about::text(text),
    }
}

/// Nero's list: beginnings in tenths of microseconds.
fn listed(list: &Atom) -> Result<Vec<Chapter>> {
    let mut at = if list.version() == 1 { 8 } else { 4 };
    let count = *list.body.get(at).context("a list of chapters is cut off")?;
    at += 1;
    let mut told = Vec::new();
    for _ in 0..count {
        let start = long(&list.body, at)?.saturating_mul(100);
        let length = usize::from(*list.body.get(at + 8).context("a list of chapters is cut off")?);
        let title = list.body.get(at + 9..at + 9 + length);
        let title = super::about::text(title.context("a list of chapters is cut off")?);
        told.push(Chapter { start, end: None, title });
        at += 9 + length;
    }
    Ok(told)
}

/// Such a list of the first [`MOST`] chapters.
pub(super) fn list(chapters: &[Chapter]) -> Atom {
    let mut body = vec![0, 0, 0, 0, chapters.len().min(MOST) as u8];
    for chapter in chapters.iter().take(MOST) {
        let mut length = chapter.title.len().min(255);
        while !chapter.title.is_char_boundary(length) {
            length -= 1;
        }
        body.extend((chapter.start / 100).to_be_bytes());
        body.push(length as u8);
        body.extend(&chapter.title.as_bytes()[..length]);
    }
    Atom::full(*b"chpl", 1, 0, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_chapters_goes_there_and_back() {
        let chapter = |start, title: &str| Chapter { start, end: None, title: title.to_owned() };
        let all = [chapter(0, "A"), chapter(1_500_000_000, "Zwei – ü")];
        assert_eq!(listed(&list(&all)).unwrap(), all);
        let long = [chapter(0, &"ü".repeat(200))];
        assert_eq!(listed(&list(&long)).unwrap()[0].title, "ü".repeat(127));
        let mut cut = list(&all);
        cut.body.truncate(20);
        assert!(listed(&cut).is_err());
    }

    #[test]
    fn names_of_chapters_are_read_in_both_codings() {
        assert_eq!(title(b"\0\x05Start\0\0"), "Start");
        assert_eq!(title(b"\0\x06\xfe\xff\0A\0\xfc"), "Aü");
        assert_eq!(title(b"\0"), "");
    }
}
