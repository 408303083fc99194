//! Two corrections to a finished MPEG-4 file, each in place and of the same length (boxes of
//! ISO/IEC 14496-12).
//!
//! - The muxer takes the sum of decoding steps for a track's length. With reordered frames at
//!   uneven times that can end before the last frame is shown, and players then hide it: the
//!   edit is made to reach to the end of the picture.
//! - Sound from before time zero is presented late by a composition offset, see
//!   [`super::clock`]. The edit list alone hides it better: the offset is set to zero.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Corrects the file at `path`, whose picture ends at `end`.
///
/// # Errors
/// If the file cannot be read or written, or holds no `moov` box.
pub(super) fn correct(path: &Path, end: Duration) -> Result<()> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let (at, length) = find_moov(&mut file)?;
    let mut moov = vec![0; length];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut moov)?;
    correct_moov(&mut moov, end).context("the index that was written is damaged")?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&moov)?;
    Ok(())
}

/// Where the body of `moov` begins, and its length.
fn find_moov(file: &mut File) -> Result<(u64, usize)> {
    let total = file.metadata()?.len();
    let mut at = 0;
    while at + 16 <= total {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let short = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let long = u64::from_be_bytes(head[8..].try_into()?);
        let (header, size) = match short {
            0 => (8, total - at),
            1 => (16, long),
            size => (8, size),
        };
        if size < header || at + size > total {
            break;
        }
        if &head[4..8] == b"moov" {
            return Ok((at + header, usize::try_from(size - header)?));
        }
        at += size;
    }
    bail!("the index that was written is missing")
}

fn correct_moov(moov: &mut [u8], end: Duration) -> Option<()> {
    let whole = 0..moov.len();
    let movie = child(moov, &whole, *b"mvhd")?;
    let long = moov[movie.start] == 1;
    let scale = number(moov, movie.start + if long { 20 } else { 12 }, false)?;
    let end = (end.as_secs_f64() * scale as f64).round() as u64;
    let mut longest = 0;
    for track in children(moov, &whole).into_iter().filter(|(name, _)| name == b"trak") {
        let track = track.1;
        let media = child(moov, &track, *b"mdia")?;
        let handler = child(moov, &media, *b"hdlr")?;
        let kind: [u8; 4] = moov.get(handler.start + 8..handler.start + 12)?.try_into().ok()?;
        let edit = child(moov, &track, *b"edts").and_then(|edit| child(moov, &edit, *b"elst"));
        match &kind {
            b"vide" => longest = longest.max(stretch(moov, &track, edit, end)?),
            b"soun" => {
                let table = child(moov, &media, *b"minf").and_then(|m| child(moov, &m, *b"stbl"));
                if let Some(offsets) = table.and_then(|table| child(moov, &table, *b"ctts")) {
                    clear_offsets(moov, &offsets)?;
                }
            }
            _ => {}
        }
    }
    raise(moov, movie.start + if long { 24 } else { 16 }, long, longest)
}

/// Makes the last edit of a track reach to `end`, in the movie's units; gives the track's end.
fn stretch(
    moov: &mut [u8],
    track: &Range<usize>,
    edit: Option<Range<usize>>,
    end: u64,
) -> Option<u64> {
    let header = child(moov, track, *b"tkhd")?;
    let long = moov[header.start] == 1;
    raise(moov, header.start + if long { 28 } else { 20 }, long, end)?;
    if let Some(edit) = edit {
        let long = moov[edit.start] == 1;
        let step = if long { 20 } else { 12 };
        let count = number(moov, edit.start + 4, false)? as usize;
        let entry = |n: usize| edit.start + 8 + n * step;
        let mut before = 0;
        for n in 0..count.checked_sub(1)? {
            before += number(moov, entry(n), long)?;
        }
        raise(moov, entry(count - 1), long, end.saturating_sub(before))?;
    }
    Some(end)
}

/// Sets all composition offsets to zero.
fn clear_offsets(moov: &mut [u8], table: &Range<usize>) -> Option<()> {
    let count = number(moov, table.start + 4, false)? as usize;
    for n in 0..count {
        let at = table.start + 8 + n * 8 + 4;
        moov.get_mut(at..at + 4)?.fill(0);
    }
    Some(())
}

/// The boxes within `range`: name and body.
fn children(data: &[u8], range: &Range<usize>) -> Vec<([u8; 4], Range<usize>)> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at + 8 <= range.end {
        let Some(size) = number(data, at, false).map(|size| size as usize) else { break };
        let Some(name) = data.get(at + 4..at + 8).and_then(|name| name.try_into().ok()) else {
            break;
        };
        if size < 8 || at + size > range.end {
            break;
        }
        found.push((name, at + 8..at + size));
        at += size;
    }
    found
}

fn child(data: &[u8], range: &Range<usize>, name: [u8; 4]) -> Option<Range<usize>> {
    children(data, range).into_iter().find(|(found, _)| *found == name).map(|(_, body)| body)
}

/// A number of 4 or (`long`) 8 bytes.
fn number(data: &[u8], at: usize, long: bool) -> Option<u64> {
    if long {
        return Some(u64::from_be_bytes(data.get(at..at + 8)?.try_into().ok()?));
    }
    Some(u64::from(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?)))
}

/// Raises a number to at least `value`.
fn raise(data: &mut [u8], at: usize, long: bool, value: u64) -> Option<()> {
    let value = value.max(number(data, at, long)?);
    if long {
        data.get_mut(at..at + 8)?.copy_from_slice(&value.to_be_bytes());
    } else {
        data.get_mut(at..at + 4)?.copy_from_slice(&u32::try_from(value).ok()?.to_be_bytes());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: [u8; 4], body: &[u8]) -> Vec<u8> {
        let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
        out.extend_from_slice(&name);
        out.extend_from_slice(body);
        out
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn track(kind: [u8; 4], offset: u32) -> Vec<u8> {
        let handler = boxed(*b"hdlr", &[&words(&[0, 0])[..], &kind].concat());
        let table = boxed(*b"stbl", &boxed(*b"ctts", &words(&[0, 1, 1, offset])));
        let media = boxed(*b"mdia", &[handler, boxed(*b"minf", &table)].concat());
        let edit = boxed(*b"edts", &boxed(*b"elst", &words(&[0, 1, 900, 7, 0x10000])));
        boxed(*b"trak", &[boxed(*b"tkhd", &words(&[0, 0, 0, 1, 0, 900])), edit, media].concat())
    }

    #[test]
    fn the_picture_reaches_its_end_and_sound_loses_its_offset() {
        let movie = boxed(*b"mvhd", &words(&[0, 0, 0, 1000, 900]));
        let moov = |length: u32, offset: u32| {
            let mut moov = [movie.clone(), track(*b"vide", 5), track(*b"soun", offset)].concat();
            let at = |name: &[u8; 4], moov: &[u8]| moov.windows(4).position(|w| w == name).unwrap();
            for (name, skip) in [(b"mvhd", 20), (b"tkhd", 24), (b"elst", 12)] {
                let at = at(name, &moov) + skip;
                moov[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
            moov
        };
        let mut found = moov(900, 6);
        correct_moov(&mut found, Duration::from_secs(1)).unwrap();
        assert_eq!(found, moov(1000, 0));
        correct_moov(&mut found, Duration::from_millis(10)).unwrap();
        assert_eq!(found, moov(1000, 0), "nothing gets shorter");
    }

    #[test]
    fn a_file_without_index_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), boxed(*b"mdat", &[0; 64])).unwrap();
        let error = correct(file.path(), Duration::ZERO).unwrap_err().to_string();
        assert_eq!(error, "the index that was written is missing");
    }
}
