//! A correction to a finished Matroska or `WebM` file: `GStreamer` 1.22 writes the text of tags
//! in its own notation, quoted and with every space escaped. The plain text goes in its place,
//! filled up with zeros, which end a string (RFC 8794, section 13.1).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use anyhow::Result;

/// Tags are written last, and are small.
const TAIL: u64 = 1 << 18;
const TAGS: u32 = 0x1254_C367;
const TAG: u32 = 0x7373;
const SIMPLE_TAG: u32 = 0x67C8;
const TAG_STRING: u32 = 0x4487;

/// Makes the tags of the file at `path` plain text.
///
/// # Errors
/// If the file cannot be read or written.
pub(super) fn correct(path: &Path) -> Result<()> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let at = file.metadata()?.len().saturating_sub(TAIL);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.read_to_end(&mut tail)?;
    if correct_tail(&mut tail) {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&tail)?;
    }
    Ok(())
}

/// Whether anything was changed.
fn correct_tail(tail: &mut [u8]) -> bool {
    let starts = (0..tail.len()).filter(|&at| tail[at..].starts_with(&TAGS.to_be_bytes()));
    let whole: Vec<_> = starts.map(|at| at..tail.len()).collect();
    let mut strings = Vec::new();
    for range in whole {
        let Some((TAGS, tags)) = elements(tail, range).into_iter().next() else { continue };
        strings.extend(inner(
            tail,
            &inner(tail, &inner(tail, &[tags], TAG), SIMPLE_TAG),
            TAG_STRING,
        ));
    }
    let mut changed = false;
    for range in strings {
        if let Some(plain) = unquoted(&tail[range.clone()]) {
            tail[range.clone()].fill(0);
            tail[range.start..range.start + plain.len()].copy_from_slice(&plain);
            changed = true;
        }
    }
    changed
}

/// The bodies of all elements `id` right within `ranges`.
fn inner(data: &[u8], ranges: &[Range<usize>], id: u32) -> Vec<Range<usize>> {
    let all = ranges.iter().flat_map(|range| elements(data, range.clone()));
    all.filter(|(found, _)| *found == id).map(|(_, body)| body).collect()
}

/// The elements within `range`, up to the first that does not fit: id and body.
fn elements(data: &[u8], range: Range<usize>) -> Vec<(u32, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = range.start;
    while let Some((id, after_id)) = integer(data, at, true) {
        let Some((size, body)) = integer(data, after_id, false) else { break };
        let Some(end) = body.checked_add(size as usize).filter(|end| *end <= range.end) else {
            break;
        };
        found.push((id as u32, body..end));
        at = end;
    }
    found
}

/// A number of variable length at `at`, and where it ends; `marked`: with its length marker, as
/// ids are.
fn integer(data: &[u8], at: usize, marked: bool) -> Option<(u64, usize)> {
    let first = *data.get(at)?;
    let length = first.leading_zeros() as usize + 1;
    let bytes = data.get(at..at.checked_add(length).filter(|_| length <= 8)?)?;
    let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let marker = 1u64 << (7 * length);
    Some((if marked { number } else { number & !marker }, at + length))
}

/// What stands in quotes, its escapes taken back; `None` if it does not stand in quotes.
fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let length = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let inside = text[..length].strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut plain = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        let next = bytes.next()?;
        let digit =
            |byte: Option<&u8>| byte.filter(|b| (b'0'..=b'7').contains(*b)).map(|b| b - b'0');
        match (digit(Some(&next)), digit(bytes.peek())) {
            (Some(high), Some(middle)) => {
                bytes.next();
                let low = digit(bytes.next().as_ref())?;
                plain.push((high & 3) << 6 | middle << 3 | low);
            }
            _ => plain.push(next),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: u32, body: &[u8]) -> Vec<u8> {
        let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        [&id[..], &[0x80 | body.len() as u8], body].concat()
    }

    #[test]
    fn quoted_text_becomes_plain_text_of_the_same_length() {
        let file = |text: &[u8]| {
            let simple = element(SIMPLE_TAG, &element(TAG_STRING, text));
            [b"rest".to_vec(), element(TAGS, &element(TAG, &simple))].concat()
        };
        let mut found = file(b"\"a\\ \\\"b\\\"\\ \\303\\244\"\0");
        assert!(correct_tail(&mut found));
        assert_eq!(found, file("a \"b\" ä\0\0\0\0\0\0\0\0\0\0\0\0\0".as_bytes()));
        assert!(!correct_tail(&mut file(b"plain")));
        assert!(!correct_tail(&mut TAGS.to_be_bytes()));
    }
}
