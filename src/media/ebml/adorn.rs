//! What another file says of itself, put into an index that a muxer wrote.

use anyhow::Result;

use super::about::{EPOCH, kind};
use super::element::{Element, id};
use super::film::Film;
use super::tags;
use crate::media::about::{About, Chapter, Seated, UNTOLD};

impl Film {
    /// Says `about`, and of its tracks what is told of each of `seats`. Nothing told: the tags that the
    /// muxer wrote stay, as plain text, and its date goes.
    ///
    /// # Errors
    /// If the index is not as muxers write them.
    pub fn adorn(&mut self, about: Option<&About>, seats: &[Seated]) -> Result<()> {
        self.info.retain(|part| ![id::TITLE, id::DATE].contains(&part.id));
        let mut seats: Vec<&Seated> = seats.iter().collect();
        for entry in self.tracks.iter_mut().filter(|entry| entry.id == id::TRACK_ENTRY) {
            let mut parts = entry.children()?;
            let kind = kind(&parts);
            let place = seats.iter().position(|seat| seat.kind == kind);
            describe(&mut parts, place.map(|place| seats.remove(place)));
            *entry = Element::of(id::TRACK_ENTRY, &parts);
        }
        let Some(about) = about else { return self.unquote() };
        if let Some(title) = about.tag("title") {
            self.info.push(Element::text(id::TITLE, title));
        }
        if let Some(lasts) = about.lasts {
            let ticks = lasts as f64 / self.scale() as f64;
            self.info.retain(|part| part.id != id::DURATION);
            self.info.push(Element::new(id::DURATION, ticks.to_be_bytes().to_vec()));
        }
        if let Some(created) = about.created {
            let since = created.saturating_sub(EPOCH).saturating_mul(1_000_000_000);
            self.info.push(Element::number(id::DATE, since as u64));
        }
        self.asides.clear();
        if !about.chapters.is_empty() {
            self.asides.push(chapters(&about.chapters));
        }
        let others = about.tags.iter().filter(|(name, _)| name != "title");
        let simple = |(name, text): &(String, String)| tags::simple(&spelled(name), text);
        let mut parts = vec![Element::of(id::TARGETS, &[])];
        parts.extend(others.map(simple));
        if parts.len() > 1 {
            self.asides.push(Element::of(id::TAGS, &[Element::of(id::TAG, &parts)]));
        }
        Ok(())
    }

    /// `GStreamer` 1.22 writes the text of tags in its own notation, quoted and with every space
    /// escaped.
    fn unquote(&mut self) -> Result<()> {
        for aside in self.asides.iter_mut().filter(|aside| aside.id == id::TAGS) {
            *aside = plain(aside)?;
        }
        Ok(())
    }
}

/// The usual names in capitals, as the format wants them.
fn spelled(name: &str) -> String {
    if crate::media::about::USUAL.contains(&name) { name.to_uppercase() } else { name.to_owned() }
}

fn describe(parts: &mut Vec<Element>, seat: Option<&Seated>) {
    const OURS: [u32; 4] = [id::NAME, id::LANGUAGE, id::LANGUAGE_BCP47, id::FLAG_DEFAULT];
    // a muxer's own names for tracks say nothing
    parts.retain(|part| part.id != id::NAME);
    let Some(seat) = seat else { return };
    if seat.lead > 0 {
        parts.retain(|part| part.id != id::CODEC_DELAY);
        parts.push(Element::number(id::CODEC_DELAY, seat.lead));
        for part in parts.iter_mut() {
            opus_skips(part, seat.lead);
        }
    }
    if let Some(named) = &seat.named {
        parts.retain(|part| !OURS.contains(&part.id));
        let language = if named.language.is_empty() { UNTOLD } else { &named.language };
        parts.push(Element::text(id::LANGUAGE, language));
        parts.push(Element::new(id::FLAG_DEFAULT, vec![u8::from(named.default)]));
        parts.extend(named.title.iter().map(|title| Element::text(id::NAME, title)));
    }
}

/// Opus says itself, in samples of 48 kHz, how much a decoder swings in with; `GStreamer` 1.22
/// overlooks that in MPEG-4.
fn opus_skips(part: &mut Element, lead: u64) {
    if part.id == id::CODEC_PRIVATE && part.body.starts_with(b"OpusHead") {
        let samples = u16::try_from(lead * 48 / 1_000_000).unwrap_or(u16::MAX);
        if let Some(place) = part.body.get_mut(10..12) {
            place.copy_from_slice(&samples.to_le_bytes());
        }
    }
}

fn chapters(all: &[Chapter]) -> Element {
    let chapter = |(chapter, number): (&Chapter, u64)| {
        let mut parts = vec![
            Element::number(id::CHAPTER_UID, number),
            Element::number(id::CHAPTER_START, chapter.start),
        ];
        let next = all.get(number as usize).map(|next| next.start);
        parts.extend(chapter.end.or(next).map(|end| Element::number(id::CHAPTER_END, end)));
        let text = Element::text(id::CHAPTER_STRING, &chapter.title);
        let shown = [text, Element::text(id::CHAPTER_LANGUAGE, UNTOLD)];
        parts.push(Element::of(id::CHAPTER_DISPLAY, &shown));
        Element::of(id::CHAPTER, &parts)
    };
    let all: Vec<_> = all.iter().zip(1..).map(chapter).collect();
    Element::of(id::CHAPTERS, &[Element::of(id::EDITION, &all)])
}

/// The tags with every text as it was meant.
fn plain(group: &Element) -> Result<Element> {
    let mut groups = group.children()?;
    for tag in groups.iter_mut().filter(|tag| tag.id == id::TAG) {
        let mut parts = tag.children()?;
        for simple in parts.iter_mut().filter(|part| part.id == id::SIMPLE_TAG) {
            let mut said = simple.children()?;
            for part in said.iter_mut().filter(|part| part.id == id::TAG_STRING) {
                if let Some(text) = unquoted(&part.body) {
                    part.body = text;
                }
            }
            *simple = Element::of(id::SIMPLE_TAG, &said);
        }
        *tag = Element::of(id::TAG, &parts);
    }
    Ok(Element::of(id::TAGS, &groups))
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
    use crate::media::ebml::element::find;

    #[test]
    fn quoted_text_becomes_plain_text() {
        let tags = |text: &str| {
            let tag = Element::of(id::TAG, &[tags::simple("ARTIST", text)]);
            Element::of(id::TAGS, &[tag])
        };
        let found = plain(&tags("\"a\\ \\\"b\\\"\\ \\303\\244\"")).unwrap();
        assert_eq!(found, tags("a \"b\" ä"));
        assert_eq!(plain(&tags("plain")).unwrap(), tags("plain"));
    }

    #[test]
    fn a_chapter_without_an_end_goes_up_to_the_next() {
        let chapter = |start, end| Chapter { start, end, title: "x".to_owned() };
        let found = chapters(&[chapter(0, None), chapter(5, None)]);
        let edition = found.children().unwrap()[0].children().unwrap();
        let end =
            |n: usize| find(&edition[n].children().unwrap(), id::CHAPTER_END).map(Element::value);
        assert_eq!((end(0), end(1)), (Some(5), None));
    }
}
