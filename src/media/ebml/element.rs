//! Elements as bytes (RFC 8794): a number that names them, and a body.

use anyhow::{Context, Result, ensure};

/// Numbers of elements (RFC 9559, section 5.1).
pub(super) mod id {
    pub const EBML: u32 = 0x1A45_DFA3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const SEEK_HEAD: u32 = 0x114D_9B74;
    pub const INFO: u32 = 0x1549_A966;
    pub const TRACKS: u32 = 0x1654_AE6B;
    pub const CLUSTER: u32 = 0x1F43_B675;
    pub const CUES: u32 = 0x1C53_BB6B;
    pub const CHAPTERS: u32 = 0x1043_A770;
    pub const TAGS: u32 = 0x1254_C367;
    pub const ATTACHMENTS: u32 = 0x1941_A469;
    /// All that may lie right within a segment and ends a cluster of unknown length.
    pub const TOP: [u32; 8] = [SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES, CHAPTERS, TAGS, ATTACHMENTS];
    pub const VOID: u32 = 0xEC;
    pub const CRC: u32 = 0xBF;
    pub const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub const DURATION: u32 = 0x4489;
    pub const WRITING_APP: u32 = 0x5741;
    pub const TRACK_ENTRY: u32 = 0xAE;
    pub const TRACK_NUMBER: u32 = 0xD7;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const CODEC_ID: u32 = 0x86;
    pub const CODEC_PRIVATE: u32 = 0x63A2;
    pub const VIDEO: u32 = 0xE0;
    pub const TIMESTAMP: u32 = 0xE7;
    pub const SIMPLE_BLOCK: u32 = 0xA3;
    pub const BLOCK_GROUP: u32 = 0xA0;
    pub const BLOCK: u32 = 0xA1;
    pub const CUE_POINT: u32 = 0xBB;
    pub const CUE_TIME: u32 = 0xB3;
    pub const CUE_POSITIONS: u32 = 0xB7;
    pub const CUE_TRACK: u32 = 0xF7;
    pub const CUE_CLUSTER: u32 = 0xF1;
    pub const SEEK: u32 = 0x4DBB;
    pub const SEEK_ID: u32 = 0x53AB;
    pub const SEEK_POSITION: u32 = 0x53AC;
    pub const TITLE: u32 = 0x7BA9;
    pub const DATE: u32 = 0x4461;
    pub const NAME: u32 = 0x536E;
    pub const LANGUAGE: u32 = 0x22_B59C;
    pub const LANGUAGE_BCP47: u32 = 0x22_B59D;
    pub const FLAG_DEFAULT: u32 = 0x88;
    pub const CODEC_DELAY: u32 = 0x56AA;
    pub const EDITION: u32 = 0x45B9;
    pub const CHAPTER: u32 = 0xB6;
    pub const CHAPTER_UID: u32 = 0x73C4;
    pub const CHAPTER_START: u32 = 0x91;
    pub const CHAPTER_END: u32 = 0x92;
    pub const CHAPTER_HIDDEN: u32 = 0x98;
    pub const CHAPTER_DISPLAY: u32 = 0x80;
    pub const CHAPTER_STRING: u32 = 0x85;
    pub const CHAPTER_LANGUAGE: u32 = 0x437C;
    pub const ATTACHED_FILE: u32 = 0x61A7;
    pub const FILE_NAME: u32 = 0x466E;
    pub const TAG: u32 = 0x7373;
    pub const TARGETS: u32 = 0x63C0;
    pub const SIMPLE_TAG: u32 = 0x67C8;
    pub const TAG_NAME: u32 = 0x45A3;
    pub const TAG_STRING: u32 = 0x4487;
}

/// An element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub id: u32,
    pub body: Vec<u8>,
}

impl Element {
    pub fn new(id: u32, body: Vec<u8>) -> Self {
        Self { id, body }
    }

    pub fn text(id: u32, text: &str) -> Self {
        Self::new(id, text.as_bytes().to_vec())
    }

    pub fn number(id: u32, number: u64) -> Self {
        Self::new(id, number.to_be_bytes().to_vec())
    }

    /// An element of elements.
    pub fn of(id: u32, children: &[Element]) -> Self {
        let mut body = Vec::new();
        for child in children {
            child.write(&mut body);
        }
        Self::new(id, body)
    }

    /// The elements within; a checksum that would no longer hold is left out.
    pub fn children(&self) -> Result<Vec<Element>> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < self.body.len() {
            let head = head(&self.body[at..]).context("an element is cut off")?;
            let size = usize::try_from(head.size.context("an element without a length")?)?;
            let from = at + head.length;
            let to = from.checked_add(size).filter(|to| *to <= self.body.len());
            let to = to.context("an element does not fit")?;
            if head.id != id::CRC {
                found.push(Element::new(head.id, self.body[from..to].to_vec()));
            }
            at = to;
        }
        Ok(found)
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0));
        out.extend(length(self.body.len() as u64));
        out.extend(&self.body);
    }

    /// Its value as a number.
    pub fn value(&self) -> u64 {
        self.body.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Its value as text, up to the first zero.
    pub fn string(&self) -> String {
        let end = self.body.iter().position(|byte| *byte == 0).unwrap_or(self.body.len());
        String::from_utf8_lossy(&self.body[..end]).into_owned()
    }

    /// Its value as a fraction.
    pub fn float(&self) -> Option<f64> {
        match self.body.len() {
            4 => Some(f64::from(f32::from_be_bytes(self.body[..].try_into().ok()?))),
            8 => Some(f64::from_be_bytes(self.body[..].try_into().ok()?)),
            _ => None,
        }
    }
}

/// The first element of that number.
pub(super) fn find(elements: &[Element], id: u32) -> Option<&Element> {
    elements.iter().find(|element| element.id == id)
}

/// The beginning of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub id: u32,
    /// `None`: up to where its parent ends.
    pub size: Option<u64>,
    /// Bytes of the head itself.
    pub length: usize,
}

/// What `bytes` begin with.
pub(super) fn head(bytes: &[u8]) -> Result<Head> {
    let (id, after) = number(bytes, true).context("no element")?;
    let (size, length) = number(&bytes[after..], false).context("an element is cut off")?;
    let unknown = (1 << (7 * length)) - 1;
    let id = u32::try_from(id)?;
    ensure!(id > 0, "no element");
    Ok(Head { id, size: (size != unknown).then_some(size), length: after + length })
}

/// A number of variable length and how many bytes it takes; `marked`: with its length marker, as
/// ids are.
pub(super) fn number(bytes: &[u8], marked: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    let all = bytes.get(..length).filter(|_| length <= 8)?;
    let number = all.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let marker = 1u64 << (7 * length);
    Some((if marked { number } else { number & !marker }, length))
}

/// A length in as few bytes as it takes.
pub(super) fn length(size: u64) -> Vec<u8> {
    let bytes = (1..8).find(|n| size < (1 << (7 * n)) - 1).unwrap_or(8);
    let marked = size | 1 << (7 * bytes);
    marked.to_be_bytes()[8 - bytes..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_go_there_and_back() {
        let long = Element::new(id::CODEC_PRIVATE, vec![7; 300]);
        let outer =
            Element::of(id::TRACK_ENTRY, &[Element::number(id::TRACK_NUMBER, 2), long.clone()]);
        let all = Element::of(id::TRACKS, &[Element::new(id::CRC, vec![0; 4]), outer.clone()]);
        let tracks = all.children().unwrap();
        assert_eq!(tracks, [outer]);
        let entry = tracks[0].children().unwrap();
        assert_eq!((entry[0].value(), &entry[1]), (2, &long));
        let cut = Element::new(id::TRACKS, all.body[..all.body.len() - 1].to_vec());
        assert!(cut.children().is_err());
    }

    #[test]
    fn lengths_are_as_short_as_they_can_be_and_unknown_ones_are_known() {
        assert_eq!(length(126), [0xfe]);
        assert_eq!(length(127), [0x40, 127]);
        let head = head(&[0xA3, 0xff]).unwrap();
        assert_eq!((head.id, head.size, head.length), (id::SIMPLE_BLOCK, None, 2));
    }
}
