//! The comment among the input's own tags, and the box for XMP.

use anyhow::{Context, Result};

use super::boxes::{Atom, find, parse, put, words};
use crate::image::xmp::{self, Mark};

const COMMENT: [u8; 4] = [0xa9, b'c', b'm', b't'];
/// The `uuid` of a box with XMP (XMP specification, part 3).
const XMP: [u8; 16] = [
    0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
];
/// The `uuid` of a box with C2PA's signatures, which hold for the input's bytes alone.
const C2PA: [u8; 16] = [
    0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81,
];
/// "und", packed: no language.
const NO_LANGUAGE: u16 = 0x55c4;

/// Adds a comment to the index's boxes; one that is there already stays in front of it.
pub(super) fn comment(index: &mut Vec<Atom>, text: &str, quicktime: bool) -> Result<()> {
    let old = text_of(index, COMMENT, quicktime);
    put_text(index, COMMENT, &joined(old.as_deref(), text), quicktime)
}

/// Whether the tag `name` lies in `udta` itself, and not in a list as iTunes writes it.
fn is_plain(name: [u8; 4], quicktime: bool) -> bool {
    quicktime && name[0] == 0xa9
}

/// The text of the tag `name`, if the index has it.
fn text_of(index: &[Atom], name: [u8; 4], quicktime: bool) -> Option<Vec<u8>> {
    let tags = find(index, *b"udta").and_then(Atom::children).ok()?;
    if is_plain(name, quicktime) {
        return Some(find(&tags, name).ok()?.body.get(4..)?.to_vec());
    }
    let meta = parse(find(&tags, *b"meta").ok()?.body.get(4..)?).ok()?;
    let data = find(&meta, *b"ilst").and_then(|list| list.child(name)?.child(*b"data")).ok()?;
    Some(data.body.get(8..)?.to_vec())
}

/// Writes the tag `name` into the index.
pub(super) fn put_text(
    index: &mut Vec<Atom>,
    name: [u8; 4],
    text: &[u8],
    quicktime: bool,
) -> Result<()> {
    let mut tags = find(index, *b"udta").and_then(Atom::children).unwrap_or_default();
    if is_plain(name, quicktime) {
        let head = [(text.len() as u16).to_be_bytes(), NO_LANGUAGE.to_be_bytes()].concat();
        put(&mut tags, Atom::new(name, [&head, text].concat()));
    } else {
        let meta = find(&tags, *b"meta").ok().and_then(|meta| meta.body.get(4..).map(parse));
        let mut meta = meta.transpose()?.unwrap_or_else(|| vec![handler()]);
        let mut list = find(&meta, *b"ilst").and_then(Atom::children).unwrap_or_default();
        // type 1: UTF-8
        let data = Atom::new(*b"data", [&words(&[1, 0]), text].concat());
        put(&mut list, Atom::of(name, &[data]));
        put(&mut meta, Atom::of(*b"ilst", &list));
        let body = Atom::of(*b"meta", &meta).body;
        put(&mut tags, Atom::full(*b"meta", 0, 0, &body));
    }
    put(index, Atom::of(*b"udta", &tags));
    Ok(())
}

fn joined(old: Option<&[u8]>, new: &str) -> Vec<u8> {
    match old {
        Some(old) if old.windows(new.len()).any(|said| said == new.as_bytes()) => old.to_vec(),
        Some(old) if !old.is_empty() => [old, b"; ", new.as_bytes()].concat(),
        _ => new.as_bytes().to_vec(),
    }
}

/// The handler of a list of tags as iTunes writes them.
fn handler() -> Atom {
    Atom::full(*b"hdlr", 0, 0, &[&words(&[0]), &b"mdirappl"[..], &[0; 9]].concat())
}

/// The input's `uuid` boxes that still hold, with `mark` in the one of XMP.
pub(super) fn boxes(old: &[Atom], mark: Option<&Mark>) -> Result<Vec<Atom>> {
    let named = |atom: &Atom, name: &[u8; 16]| atom.body.get(..16) == Some(&name[..]);
    let kept = |atom: &&Atom| !named(atom, &C2PA) && (mark.is_none() || !named(atom, &XMP));
    let mut boxes: Vec<Atom> = old.iter().filter(kept).cloned().collect();
    if let Some(mark) = mark {
        let packet = old.iter().find(|atom| named(atom, &XMP));
        let packet = packet.map(|atom| std::str::from_utf8(&atom.body[16..])).transpose();
        let packet = xmp::marked(packet.context("the input's XMP is no text")?, mark);
        boxes.push(Atom::new(*b"uuid", [&XMP[..], packet.as_bytes()].concat()));
    }
    Ok(boxes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_joins_the_one_that_is_there() {
        for quicktime in [false, true] {
            let mut index = vec![Atom::new(*b"mvhd", vec![1])];
            comment(&mut index, "mine", quicktime).unwrap();
            comment(&mut index, "ours", quicktime).unwrap();
            comment(&mut index, "ours", quicktime).unwrap();
            let found = index[1].body.windows(10).any(|w| w == b"mine; ours");
            let twice = index[1].body.windows(10).any(|w| w == b"ours; ours");
            assert!(found && !twice && index.len() == 2, "{quicktime}");
        }
    }

    #[test]
    fn signatures_go_and_other_boxes_stay() {
        let foreign = Atom::new(*b"uuid", vec![7; 20]);
        let signed = Atom::new(*b"uuid", C2PA.to_vec());
        let mark = Mark::new("faces", xmp::TRAINED);
        let boxes = boxes(&[foreign.clone(), signed], Some(&mark)).unwrap();
        assert_eq!((boxes.len(), &boxes[0]), (2, &foreign));
        assert!(String::from_utf8_lossy(&boxes[1].body).contains(xmp::TRAINED));
    }
}
