//! What an index says of the film, read.

use anyhow::Result;

use super::element::{Element, find, id};
use super::film::Film;
use super::tags;
use crate::media::about::{About, Chapter, Delay, Named};
use crate::media::probe::Kind;

/// Seconds from 1970 to 2001.
pub(super) const EPOCH: i64 = 978_307_200;

impl Film {
    /// What the file says of itself.
    ///
    /// # Errors
    /// If its index is damaged.
    pub fn about(&self) -> Result<About> {
        let mut about = About::default();
        if let Some(title) = find(&self.info, id::TITLE) {
            about.add("title", &title.string());
        }
        let since = find(&self.info, id::DATE).map(|date| date.value() as i64);
        about.created = since.map(|since| since.div_euclid(1_000_000_000) + EPOCH);
        let lasts = find(&self.info, id::DURATION).and_then(Element::float);
        about.lasts = lasts.map(|ticks| (ticks * self.scale() as f64) as u64).filter(|ns| *ns > 0);
        for entry in self.tracks.iter().filter(|entry| entry.id == id::TRACK_ENTRY) {
            match named(&entry.children()?) {
                Some(named) => about.tracks.push(named),
                None => about.extras.push("a track of data".to_owned()),
            }
        }
        for aside in &self.asides {
            match aside.id {
                id::TAGS => texts(aside, &mut about)?,
                id::CHAPTERS => about.chapters.extend(chapters(aside)?),
                _ => about.extras.extend(attachments(aside)?),
            }
        }
        Ok(about)
    }
}

/// What tracks of that type carry.
pub(super) fn kind(entry: &[Element]) -> Kind {
    match find(entry, id::TRACK_TYPE).map(Element::value) {
        Some(1) => Kind::Video,
        Some(2) => Kind::Audio,
        Some(17) => Kind::Text,
        _ => Kind::Other,
    }
}

fn named(entry: &[Element]) -> Option<Named> {
    let kind = Some(kind(entry)).filter(|kind| *kind != Kind::Other)?;
    // what is not told is English, and default
    let language = find(entry, id::LANGUAGE).map_or("eng".to_owned(), Element::string);
    let title = find(entry, id::NAME).map(Element::string).filter(|name| !name.is_empty());
    let default = find(entry, id::FLAG_DEFAULT).is_none_or(|flag| flag.value() == 1);
    let told = find(entry, id::CODEC_DELAY).map_or(0, Element::value);
    // of Opus alone, the demuxer takes it off by itself, down to zero
    let opus = find(entry, id::CODEC_ID).is_some_and(|codec| codec.string() == "A_OPUS");
    let delay = if opus { Delay { all: 0, first: told } } else { Delay { all: told, first: 0 } };
    Some(Named { kind, language, title, default, lasts: None, delay })
}

/// The tags that are about the whole.
fn texts(group: &Element, about: &mut About) -> Result<()> {
    for tag in group.children()?.iter().filter(|tag| tag.id == id::TAG) {
        let parts = tag.children()?;
        if tags::is_narrow(&parts) {
            continue;
        }
        for simple in parts.iter().filter(|part| part.id == id::SIMPLE_TAG) {
            let said = simple.children()?;
            let text = |what| find(&said, what).map(Element::string);
            if let (Some(name), Some(text)) = (text(id::TAG_NAME), text(id::TAG_STRING)) {
                about.add(&name, &text);
            }
        }
    }
    Ok(())
}

/// The chapters of the first edition; what lies within them is not told.
fn chapters(group: &Element) -> Result<Vec<Chapter>> {
    let editions = group.children()?;
    let Some(edition) = find(&editions, id::EDITION) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for atom in edition.children()?.iter().filter(|part| part.id == id::CHAPTER) {
        let parts = atom.children()?;
        if find(&parts, id::CHAPTER_HIDDEN).is_some_and(|flag| flag.value() == 1) {
            continue;
        }
        let shown = find(&parts, id::CHAPTER_DISPLAY).map(Element::children).transpose()?;
        let title = shown.as_deref().and_then(|shown| find(shown, id::CHAPTER_STRING));
        all.push(Chapter {
            start: find(&parts, id::CHAPTER_START).map_or(0, Element::value),
            end: find(&parts, id::CHAPTER_END).map(Element::value),
            title: title.map(Element::string).unwrap_or_default(),
        });
    }
    all.sort_by_key(|chapter| chapter.start);
    Ok(all)
}

fn attachments(group: &Element) -> Result<Vec<String>> {
    let files = group.children()?;
    let files = files.iter().filter(|file| file.id == id::ATTACHED_FILE);
    let name = |file: &Element| {
        let parts = file.children()?;
        let name = find(&parts, id::FILE_NAME).map(Element::string).unwrap_or_default();
        Ok(format!("the attached file {name}"))
    };
    files.map(name).collect()
}
