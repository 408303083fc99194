//! What another file says of itself, put into an index that a muxer wrote.

use anyhow::{Context, Result};

use super::about::{EPOCH, NAMES, kind};
use super::boxes::{Atom, find, put, words};
use super::chapters;
use super::movie::{self, Movie, handler, replaced, samples};
use super::tags;
use crate::media::about::{About, Named, Seated, UNTOLD};
use crate::media::probe::Kind;

/// In nanoseconds.
const SECOND: u128 = 1_000_000_000;

impl Movie {
    /// Says `about`, and of its tracks what is told of each of `seats`. Nothing told: what the muxer
    /// wrote stays, but for the date, which is when it wrote.
    ///
    /// # Errors
    /// If the index is not as muxers write them.
    pub fn adorn(&mut self, about: Option<&About>, seats: &[Seated]) -> Result<()> {
        let created = about.and_then(|about| about.created);
        let quicktime = &self.brand == b"qt  ";
        let header = dated(find(&self.boxes, *b"mvhd")?, created)?;
        put(&mut self.boxes, header);
        let scale = self.timescale()?;
        let mut seats: Vec<_> = seats.iter().map(|seat| (seat, enabled(seats, seat))).collect();
        for atom in self.boxes.iter_mut().filter(|atom| &atom.name == b"trak") {
            let kind = kind(handler(atom)?);
            let place = seats.iter().position(|(seat, _)| seat.kind == kind);
            let seat = place.map(|place| seats.remove(place));
            let lasts = seat.and_then(|(seat, _)| seat.named.as_ref()?.lasts);
            *atom = track(atom, created, seat)?;
            let whole = about.and_then(|about| about.lasts);
            if let Some(ns) = lasts.or(whole).filter(|_| kind == Kind::Audio) {
                *atom = ended(atom, (u128::from(ns) * u128::from(scale) / SECOND) as u64, scale)?;
            }
        }
        let Some(about) = about else { return Ok(()) };
        self.boxes.retain(|atom| ![*b"udta", *b"meta"].contains(&atom.name));
        for (name, text) in &about.tags {
            let found = NAMES.iter().find(|(_, known)| known == name);
            if let Some((letters, _)) = found {
                tags::put_text(&mut self.boxes, *letters, text.as_bytes(), quicktime)?;
            }
        }
        if !about.chapters.is_empty() {
            let aside = find(&self.boxes, *b"udta").cloned();
            let aside = aside.unwrap_or(Atom::new(*b"udta", Vec::new()));
            put(&mut self.boxes, replaced(&aside, chapters::list(&about.chapters))?);
        }
        Ok(())
    }
}

/// Sound that ends where it did: its last unit may reach beyond. What reaches far beyond was told
/// wrongly.
fn ended(track: &Atom, lasts: u64, scale: u32) -> Result<Atom> {
    let length = movie::length(&track.child(*b"tkhd")?)?;
    let beyond = length.saturating_sub(lasts);
    let told = beyond > 0 && beyond < u64::from(scale) / 10;
    if told { movie::clipped(track, lasts) } else { Ok(track.clone()) }
}

/// What of `about` an index has no place for.
pub(in crate::media) fn unfit(about: &About) -> Vec<String> {
    // what our own program, every encoder and another file's head say of themselves is not the film's
    const OWN: [&str; 6] = [
        "encoder",
        "digital_source_type",
        "encoded_by",
        "major_brand",
        "minor_version",
        "compatible_brands",
    ];
    let mut all = about.extras.clone();
    let fits = |name: &str| NAMES.iter().any(|(_, known)| *known == name);
    let tags = about.tags.iter().map(|(name, _)| name.as_str());
    let tags = tags.filter(|name| !fits(name) && !OWN.contains(&name.to_lowercase().as_str()));
    all.extend(tags.map(|name| format!("the tag {name}")));
    if about.chapters.len() > chapters::MOST {
        all.push(format!("the chapters after the {}th", chapters::MOST));
    }
    all
}

/// Players take the tracks that are enabled; one of each kind is.
fn enabled(seats: &[Seated], seat: &Seated) -> bool {
    let default = |seat: &Seated| seat.named.as_ref().is_some_and(|named| named.default);
    let mut kind = seats.iter().filter(|other| other.kind == seat.kind);
    let first = kind.clone().next().is_some_and(|first| std::ptr::eq(first, seat));
    seat.kind == Kind::Video || default(seat) || (first && !kind.any(default))
}

fn track(old: &Atom, created: Option<i64>, seat: Option<(&Seated, bool)>) -> Result<Atom> {
    let media = old.child(*b"mdia")?;
    let mut header = dated(&media.child(*b"mdhd")?, created)?;
    let mut shown = dated(&old.child(*b"tkhd")?, created)?;
    let mut title = None;
    if let Some((seat, enabled)) = seat {
        let flags = shown.body.get_mut(3).context("a header is too short")?;
        *flags = *flags & !1 | u8::from(enabled);
        if let Some(Named { language, title: told, .. }) = &seat.named {
            let at = if header.version() == 1 { 32 } else { 20 };
            let place = header.body.get_mut(at..at + 2).context("a header is too short")?;
            place.copy_from_slice(&packed(language).to_be_bytes());
            title.clone_from(told);
        }
    }
    let mut media = replaced(&media, header)?;
    if handler(old)? == *b"soun" {
        media = without_offsets(&media, old)?;
    }
    let mut new = replaced(&replaced(old, shown)?, media)?.children()?;
    new.retain(|atom| ![*b"udta", *b"meta"].contains(&atom.name));
    if let Some(title) = title {
        new.push(Atom::of(*b"udta", &[Atom::new(*b"name", title.into_bytes())]));
    }
    Ok(Atom::of(*b"trak", &new))
}

/// Sound from before time zero is presented late by a composition offset, see
/// [`crate::media::clock`]. The edit list alone hides it better.
fn without_offsets(media: &Atom, track: &Atom) -> Result<Atom> {
    let mut table = samples(track)?.children()?;
    table.retain(|atom| &atom.name != b"ctts");
    let info = replaced(&media.child(*b"minf")?, Atom::of(*b"stbl", &table))?;
    replaced(media, info)
}

/// A header with its dates: 0 where nobody knows.
fn dated(header: &Atom, created: Option<i64>) -> Result<Atom> {
    let since = created.map_or(0, |created| created.saturating_add(EPOCH).max(0) as u64);
    let mut header = header.clone();
    let dates = if header.version() == 1 {
        [since.to_be_bytes(), since.to_be_bytes()].concat()
    } else {
        let since = u32::try_from(since).unwrap_or(0);
        words(&[since, since])
    };
    let place = header.body.get_mut(4..4 + dates.len()).context("a header is too short")?;
    place.copy_from_slice(&dates);
    Ok(header)
}

/// Three letters, five bits each.
fn packed(language: &str) -> u16 {
    let letters = language.as_bytes();
    let usual = letters.len() == 3 && letters.iter().all(u8::is_ascii_lowercase);
    let letters = if usual { letters } else { UNTOLD.as_bytes() };
    letters.iter().fold(0, |packed, letter| packed << 5 | u16::from(letter - 0x60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::about::Delay;

    #[test]
    fn one_track_of_a_kind_is_enabled_at_least() {
        let seat = |kind, default| Seated {
            named: Some(Named {
                kind,
                language: "deu".to_owned(),
                title: None,
                default,
                lasts: None,
                delay: Delay::default(),
            }),
            kind,
            lead: 0,
        };
        let seats = [
            seat(Kind::Audio, false),
            seat(Kind::Audio, true),
            seat(Kind::Text, false),
            seat(Kind::Text, false),
        ];
        let on: Vec<_> = seats.iter().map(|seat| enabled(&seats, seat)).collect();
        assert_eq!(on, [false, true, true, false]);
        assert_eq!((packed("und"), packed("Deutsch")), (0x55c4, 0x55c4));
    }

    #[test]
    fn dates_are_written_in_both_widths() {
        let at =
            |header: &Atom| crate::media::iso::about::EPOCH + header.word(4).map_or(0, i64::from);
        let narrow = dated(&Atom::full(*b"mvhd", 0, 0, &[7; 96]), Some(60)).unwrap();
        assert_eq!(at(&narrow), 2 * EPOCH + 60);
        let wide = dated(&Atom::full(*b"mvhd", 1, 0, &[7; 108]), None).unwrap();
        assert_eq!(wide.body[4..20], [0; 16]);
    }
}
