//! The comment among the input's own tags.

use anyhow::Result;

use super::element::{Element, find, id};
use crate::image::xmp::Mark;

/// The tags of `old` with a comment about the whole file; one that is there already stays in
/// front of it.
pub(super) fn marked(old: &[Element], text: &str, mark: &Mark) -> Result<Element> {
    let mut tags = Vec::new();
    for group in old {
        tags.extend(group.children()?);
    }
    let mut joined = false;
    for tag in tags.iter_mut().filter(|tag| tag.id == id::TAG) {
        let mut parts = tag.children()?;
        if is_narrow(&parts) {
            continue;
        }
        for simple in parts.iter_mut().filter(|part| part.id == id::SIMPLE_TAG) {
            let mut said = simple.children()?;
            let name = find(&said, id::TAG_NAME).map(Element::string).unwrap_or_default();
            let string = said.iter_mut().find(|part| part.id == id::TAG_STRING);
            if let Some(string) = string.filter(|_| name == "COMMENT" && !joined) {
                let old = string.string();
                let all = if old.contains(text) { old } else { format!("{old}; {text}") };
                *string = Element::text(id::TAG_STRING, &all);
                *simple = Element::of(id::SIMPLE_TAG, &said);
                joined = true;
            }
        }
        *tag = Element::of(id::TAG, &parts);
    }
    let mut ours = vec![Element::of(id::TARGETS, &[])];
    if !joined {
        ours.push(simple("COMMENT", text));
    }
    let source = simple("DIGITAL_SOURCE_TYPE", mark.source);
    if !tags.iter().any(|tag| tag.children().is_ok_and(|parts| parts.contains(&source))) {
        ours.push(source);
    }
    if ours.len() > 1 {
        tags.push(Element::of(id::TAG, &ours));
    }
    Ok(Element::of(id::TAGS, &tags))
}

/// Whether a tag of these parts is about a track, a chapter or the like, not the whole.
pub(super) fn is_narrow(parts: &[Element]) -> bool {
    // a target's uid, whatever kind of thing it names
    let uid = |part: &Element| (0x63C4..=0x63C9).contains(&part.id) && part.value() != 0;
    find(parts, id::TARGETS)
        .is_some_and(|targets| targets.children().is_ok_and(|parts| parts.iter().any(uid)))
}

/// A name and its text.
pub(super) fn simple(name: &str, text: &str) -> Element {
    let parts = [Element::text(id::TAG_NAME, name), Element::text(id::TAG_STRING, text)];
    Element::of(id::SIMPLE_TAG, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::xmp;

    #[test]
    fn a_comment_joins_the_one_that_is_there() {
        let mark = Mark::new("ours", xmp::TRAINED);
        let once = marked(&[], "mine", &mark).unwrap();
        let twice = marked(&[once], "ours", &mark).unwrap();
        assert_eq!(marked(std::slice::from_ref(&twice), "ours", &mark).unwrap(), twice);
        assert!(twice.body.windows(10).any(|w| w == b"mine; ours"));
        assert!(twice.body.windows(7).any(|w| w == b"COMMENT"));
    }
}
