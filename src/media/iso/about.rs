//! What an index says of the film, read.

use anyhow::Result;

use super::boxes::{Atom, find, parse};
use super::chapters;
use super::movie::{self, Movie, handler};
use crate::media::about::{About, Delay, Named, UNTOLD};
use crate::media::probe::Kind;

/// Seconds from 1904 to 1970.
pub(super) const EPOCH: i64 = 2_082_844_800;

/// Tags by their box, as iTunes and `QuickTime` name them.
pub(super) const NAMES: [([u8; 4], &str); 15] = [
    (*b"\xa9nam", "title"),
    (*b"\xa9ART", "artist"),
    (*b"\xa9alb", "album"),
    (*b"aART", "album_artist"),
    (*b"\xa9wrt", "composer"),
    (*b"\xa9day", "date"),
    (*b"\xa9gen", "genre"),
    (*b"cprt", "copyright"),
    (*b"\xa9cpy", "copyright"),
    (*b"\xa9cmt", "comment"),
    (*b"desc", "description"),
    (*b"ldes", "synopsis"),
    (*b"\xa9lyr", "lyrics"),
    (*b"tvsh", "show"),
    (*b"\xa9grp", "grouping"),
];

/// `QuickTime`'s old numbers of languages, which are below any three letters; the first of them.
const LANGUAGES: [&str; 25] = [
    "eng", "fra", "ger", "ita", "dut", "swe", "spa", "dan", "por", "nor", "heb", "jpn", "ara",
    "fin", "gre", "ice", "mlt", "tur", "hrv", "chi", "urd", "hin", "tha", "kor", "lit",
];

impl Movie {
    /// What the file says of itself.
    ///
    /// # Errors
    /// If its index is damaged.
    pub fn about(&self) -> Result<About> {
        let mut about = About::default();
        let scale = u64::from(self.timescale()?.max(1));
        for track in self.tracks() {
            if chapters::is_chapters(self, track) {
                continue;
            }
            match kind(handler(track)?) {
                Kind::Other => about.extras.extend(extra(track)),
                kind => about.tracks.push(named(track, kind, scale)?),
            }
        }
        about.chapters = chapters::read(self)?;
        let header = find(&self.boxes, *b"mvhd")?;
        about.created = created(header)?;
        about.lasts = Some(nanos(movie::length(header)?, scale)).filter(|lasts| *lasts > 0);
        let aside = find(&self.boxes, *b"udta").and_then(Atom::children).unwrap_or_default();
        for meta in aside.iter().chain(&self.boxes).filter(|atom| &atom.name == b"meta") {
            // without a damaged list the rest is still told
            let _ = list(meta, &mut about);
        }
        for (name, text) in aside.iter().filter_map(quicktime) {
            about.add(name, &text);
        }
        // GStreamer lists a title beside the track that it came with
        for track in self.tracks() {
            if let Ok(meta) = track.child(*b"udta").and_then(|aside| aside.child(*b"meta")) {
                let _ = list(&meta, &mut about);
            }
        }
        Ok(about)
    }
}

/// What tracks with that handler carry.
pub(super) fn kind(handler: [u8; 4]) -> Kind {
    match &handler {
        b"vide" => Kind::Video,
        b"soun" => Kind::Audio,
        b"text" | b"sbtl" | b"subt" | b"subp" | b"clcp" => Kind::Text,
        _ => Kind::Other,
    }
}

/// A track that only such a file holds; hints for servers are none.
fn extra(track: &Atom) -> Option<String> {
    let letters = handler(track).ok().filter(|letters| letters != b"hint")?;
    let format = movie::samples(track).and_then(|table| table.child(*b"stsd")).ok();
    let format = format.and_then(|stsd| stsd.body.get(12..16).map(<[u8]>::to_vec));
    let name = format.unwrap_or_else(|| letters.to_vec());
    Some(format!("a track of data ({})", String::from_utf8_lossy(&name).trim()))
}

fn named(track: &Atom, kind: Kind, scale: u64) -> Result<Named> {
    let header = track.child(*b"mdia")?.child(*b"mdhd")?;
    let packed = header.word(if header.version() == 1 { 32 } else { 20 })? >> 16;
    let letter = |shift: u32| ((packed >> shift) & 31) as u8 + 0x60;
    let letters = [letter(10), letter(5), letter(0)];
    let language = match LANGUAGES.get(packed as usize) {
        Some(known) => (*known).to_owned(),
        None if letters.iter().all(u8::is_ascii_lowercase) => {
            String::from_utf8_lossy(&letters).into()
        }
        None => UNTOLD.to_owned(),
    };
    let title = track.child(*b"udta").and_then(|aside| aside.child(*b"name"));
    let title = title.ok().map(|name| text(&name.body)).filter(|name| !name.is_empty());
    let shown = track.child(*b"tkhd")?;
    let default = shown.word(0)? & 1 == 1;
    let lasts = Some(nanos(movie::length(&shown)?, scale)).filter(|lasts| *lasts > 0);
    Ok(Named { kind, language, title, default, lasts, delay: Delay::default() })
}

/// Ticks in ns.
pub(super) fn nanos(ticks: u64, scale: u64) -> u64 {
    (u128::from(ticks) * 1_000_000_000 / u128::from(scale)) as u64
}

fn created(header: &Atom) -> Result<Option<i64>> {
    let since = if header.version() == 1 {
        super::boxes::long(&header.body, 4)?
    } else {
        u64::from(header.word(4)?)
    };
    Ok((since > 0).then(|| (since as i64).saturating_sub(EPOCH)))
}

/// Tags of a list as iTunes writes it, or with keys of their own.
fn list(meta: &Atom, about: &mut About) -> Result<()> {
    // a full box in MPEG-4, a plain one in QuickTime
    let skip = if meta.word(0)? == 0 { 4 } else { 0 };
    let parts = parse(meta.body.get(skip..).unwrap_or_default())?;
    let keys =
        find(&parts, *b"keys").ok().map(|keys| parse(keys.body.get(8..).unwrap_or_default()));
    let keys = keys.transpose()?.unwrap_or_default();
    for entry in find(&parts, *b"ilst")?.children()? {
        let Ok(data) = entry.child(*b"data") else { continue };
        let value = data.body.get(8..).unwrap_or_default();
        if &entry.name == b"covr" {
            about.extras.push("a cover".to_owned());
        } else if data.word(0)? != 1 {
            // only text is told; numbers of tracks and ratings are a shop's
        } else if let Some(key) = keys.get(u32::from_be_bytes(entry.name).wrapping_sub(1) as usize)
        {
            let key = text(&key.body);
            let short = key.strip_prefix("com.apple.quicktime.");
            let usual = short.filter(|short| crate::media::about::USUAL.contains(short));
            about.add(usual.unwrap_or(&key), &text(value));
        } else if let Some((_, name)) = NAMES.iter().find(|(letters, _)| *letters == entry.name) {
            about.add(name, &text(value));
        }
    }
    Ok(())
}

/// A tag of `QuickTime`'s: text with its length and language before it.
fn quicktime(atom: &Atom) -> Option<(&'static str, String)> {
    let mut own = NAMES.iter().filter(|(letters, _)| letters[0] == 0xa9);
    let (_, name) = own.find(|(letters, _)| *letters == atom.name)?;
    let head = atom.body.get(..4)?;
    let length = usize::from(u16::from_be_bytes([head[0], head[1]]));
    Some((*name, text(atom.body.get(4..4 + length)?)))
}

/// Bytes as text, up to the first zero.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
