//! EXIF (TIFF) of a photo whose pixels have been made upright.

/// A TIFF file without an entry.
pub(super) const EMPTY: [u8; 14] = *b"II*\0\x08\0\0\0\0\0\0\0\0\0";

const ORIENTATION: u16 = 0x0112;
/// "The name and version of the software used to post-process the picture".
const PROCESSING_SOFTWARE: u16 = 0x000b;
const ENTRY: usize = 12;

/// `tiff` with the orientation "as it lies", without its preview, which shows the picture as it
/// was, and with `note`. Its first directory is written anew at the end, so that whatever else
/// it points to stays where it is. `None` if the bytes are no TIFF.
pub(super) fn rewritten(tiff: &[u8], note: Option<&str>) -> Option<Vec<u8>> {
    let order = Order::of(tiff)?;
    let at = order.long(tiff, 4)? as usize;
    let count = usize::from(order.short(tiff, at)?);
    let listed = tiff.get(at + 2..at + 2 + count * ENTRY)?;
    let mut entries: Vec<Vec<u8>> = listed.chunks(ENTRY).map(<[u8]>::to_vec).collect();
    let mut out = tiff.to_vec();
    for entry in entries.iter_mut().filter(|e| order.short(e, 0) == Some(ORIENTATION)) {
        entry[8..10].copy_from_slice(&order.two(1));
    }
    if let Some(note) = note {
        entries.retain(|entry| order.short(entry, 0) != Some(PROCESSING_SOFTWARE));
        out.resize(out.len().next_multiple_of(2), 0);
        let text = [note.as_bytes(), b"\0\0\0\0"].concat();
        // what fits into four bytes stands in the entry itself; a note never does
        let length = text.len() as u32 - 3;
        let place = out.len() as u32;
        out.extend(text);
        let head = [order.two(PROCESSING_SOFTWARE), order.two(2)].concat();
        entries.push([head, order.four(length).to_vec(), order.four(place).to_vec()].concat());
        entries.sort_by_key(|entry| order.short(entry, 0));
    }
    out.resize(out.len().next_multiple_of(2), 0);
    let begin = order.four(u32::try_from(out.len()).ok()?);
    out[4..8].copy_from_slice(&begin);
    out.extend(order.two(u16::try_from(entries.len()).ok()?));
    out.extend(entries.concat());
    out.extend(order.four(0));
    Some(out)
}

/// The order of a number's bytes.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn of(tiff: &[u8]) -> Option<Self> {
        match tiff.get(..4)? {
            b"II*\0" => Some(Self::Little),
            b"MM\0*" => Some(Self::Big),
            _ => None,
        }
    }

    fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        let two = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(two),
            Self::Big => u16::from_be_bytes(two),
        })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(four),
            Self::Big => u32::from_be_bytes(four),
        })
    }

    fn two(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn four(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_upright_and_the_rest_stays_in_its_place() {
        // an orientation of 6, a maker's note somewhere, and a preview
        let mut tiff =
            b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\x40".to_vec();
        tiff.extend(b"maker's note");
        let out = rewritten(&tiff, Some("faces: mask2face")).unwrap();
        assert_eq!(&out[8..tiff.len()], &tiff[8..]);
        let at = Order::Big.long(&out, 4).unwrap() as usize;
        assert_eq!(Order::Big.short(&out, at), Some(2));
        assert_eq!(Order::Big.short(&out, at + 2), Some(PROCESSING_SOFTWARE));
        assert_eq!(Order::Big.short(&out, at + 2 + ENTRY + 8), Some(1));
        assert!(out.ends_with(&[0; 4]), "a preview is left");
        assert!(rewritten(&EMPTY, Some("x")).is_some());
        assert!(rewritten(b"no", None).is_none() && rewritten(&tiff[..12], None).is_none());
    }
}
