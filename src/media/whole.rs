//! Whether a file is all there, by its own structure: containers are pieces one after the other,
//! each of which says how long it is. A file that was cut off ends within one of them; what a
//! container merely rounds does not show here.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::ebml;

/// Enough to tell a piece's length.
const HEAD: usize = 24;
/// The packets of MPEG-TS, plain and with a time before each.
const PACKETS: [u64; 2] = [188, 192];

/// How long the piece is that begins with `head`; `None` if it is none that is known.
type Length = fn(head: &[u8]) -> Option<u64>;

/// By how many bytes the file at `path` is too short for what lies in it; `None` if nothing is
/// missing, or its kind does not say.
pub(super) fn missing(path: &Path) -> Option<u64> {
    let file = File::open(path).ok()?;
    let total = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let mut head = [0; HEAD];
    let there = file.read_at(&mut head, 0).ok()?;
    match &head[..there] {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => ebml::missing(&file, total),
        [b'F', b'L', b'V', _, _, at @ ..] => beyond(&file, total, u64::from(word(at)?) + 4, flash),
        [b'R', b'I', b'F', b'F', ..] => beyond(&file, total, 0, riff),
        [0x30, 0x26, 0xb2, 0x75, ..] => beyond(&file, total, 0, windows_media),
        [0x47, ..] => packet(&file, total, 0),
        [_, _, _, _, 0x47, ..] => packet(&file, total, 4),
        _ => beyond(&file, total, 0, mpeg4),
    }
}

/// Goes from piece to piece, and tells how far the last one reaches beyond the end.
fn beyond(file: &File, total: u64, from: u64, length: Length) -> Option<u64> {
    let mut at = from;
    while at < total {
        let mut head = [0; HEAD];
        let there = file.read_at(&mut head, at).ok()?;
        at = at.checked_add(length(&head[..there])?)?;
    }
    (at > total).then(|| at - total)
}

/// A packet that is cut; the second one shows which length they have.
fn packet(file: &File, total: u64, sync: u64) -> Option<u64> {
    let begins = |at: &u64| {
        let mut byte = [0];
        file.read_at(&mut byte, sync + at).is_ok_and(|read| read == 1 && byte == [0x47])
    };
    let length = PACKETS.into_iter().find(begins)?;
    let rest = total % length;
    (rest > 0).then(|| length - rest)
}

fn mpeg4(head: &[u8]) -> Option<u64> {
    const KNOWN: [&[u8; 4]; 9] =
        [b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"sidx", b"mfra"];
    let name = head.get(4..8)?;
    match u64::from(word(head)?) {
        // some append what is theirs alone
        _ if !KNOWN.iter().any(|known| &known[..] == name) => None,
        // up to the end
        0 => None,
        1 => Some(u64::from(word(&head[8..])?) << 32 | u64::from(word(&head[12..])?)),
        size => Some(size),
    }
    .filter(|size| *size >= 8)
}

/// Padded to an even length.
fn riff(head: &[u8]) -> Option<u64> {
    let size = head.strip_prefix(b"RIFF")?.get(..4)?;
    let size = u64::from(u32::from_le_bytes(size.try_into().ok()?));
    Some(8 + size.next_multiple_of(2))
}

/// A tag, and its length again behind it.
fn flash(head: &[u8]) -> Option<u64> {
    let size = u64::from(word(head.get(..4)?)? & 0x00ff_ffff);
    matches!(head[0] & 0x1f, 8 | 9 | 18).then_some(11 + size + 4)
}

/// The header, then all data; an index that may follow is no loss.
fn windows_media(head: &[u8]) -> Option<u64> {
    let known = head.starts_with(&[0x30, 0x26, 0xb2, 0x75]) || head.starts_with(&[0x36, 0x26]);
    let size = u64::from_le_bytes(head.get(16..24)?.try_into().ok()?);
    (known && size >= 24).then_some(size)
}

fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `missing` says of `whole`, and of it with its last three bytes gone.
    fn said(whole: &[u8]) -> [Option<u64>; 2] {
        let folder = tempfile::tempdir().unwrap();
        [whole, &whole[..whole.len() - 3]].map(|bytes| {
            let path = folder.path().join("clip");
            std::fs::write(&path, bytes).unwrap();
            missing(&path)
        })
    }

    #[test]
    fn pieces_tell_what_is_missing() {
        let mpeg4 = b"\0\0\0\x0cftypisom\0\0\0\x10mdat12345678";
        assert_eq!(said(mpeg4), [None, Some(3)]);
        let long = b"\0\0\0\x0cftypisom\0\0\0\x01mdat\0\0\0\0\0\0\0\x1412345";
        assert_eq!(said(&long[..12 + 20]), [None, Some(3)]);
        let avi = b"RIFF\x08\0\0\0AVI 1234RIFF\x05\0\0\0AVIX5\0";
        assert_eq!(said(avi), [None, Some(3)]);
        let flv = b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x09\0\0\x02\0\0\0\0\0\0\0ab\0\0\0\x0d";
        assert_eq!(said(flv), [None, Some(3)]);
        let mut asf = b"\x30\x26\xb2\x75".to_vec();
        asf.extend([[0; 12].as_slice(), &24u64.to_le_bytes(), b"\x36\x26", &[0; 14]].concat());
        asf.extend([28u64.to_le_bytes().as_slice(), b"data"].concat());
        assert_eq!(said(&asf), [None, Some(3)]);
        for length in [188, 192] {
            let mut packet = vec![0; length];
            packet[length - 188] = 0x47;
            assert_eq!(said(&packet.repeat(3)), [None, Some(3)], "{length}");
        }
    }

    #[test]
    fn what_says_nothing_misses_nothing() {
        assert_eq!(said(b"plain text, and more of it"), [None, None]);
        // up to the end, and something of a camera's own behind the last piece
        assert_eq!(said(b"\0\0\0\x0cftypisom\0\0\0\0mdat123456"), [None, None]);
        assert_eq!(said(b"\0\0\0\x0cftypisom\x7f\0\0\0SEFT1234"), [None, None]);
    }
}
