//! What a file says of itself beside its streams' bytes: tags, date, chapters, names of tracks. The
//! common ground of containers that each write it in their own way.

use std::path::Path;

use super::ebml::Film;
use super::iso::Movie;
use super::probe::Kind;

/// Names of tags that every container has a place for, as `FFmpeg` spells them.
pub(super) const USUAL: [&str; 14] = [
    "title",
    "artist",
    "album",
    "album_artist",
    "composer",
    "date",
    "genre",
    "copyright",
    "comment",
    "description",
    "synopsis",
    "lyrics",
    "show",
    "grouping",
];

/// A language that nobody told.
pub(super) const UNTOLD: &str = "und";

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct About {
    /// Name and text; the usual ones in lower case, others as they are spelled in the file.
    pub tags: Vec<(String, String)>,
    /// When it was made, in seconds since 1970.
    pub created: Option<i64>,
    /// How long it lasts by its index, in ns.
    pub lasts: Option<u64>,
    /// In order.
    pub chapters: Vec<Chapter>,
    /// Pictures, sound and subtitles in the file's order.
    pub tracks: Vec<Named>,
    /// What lies in it beside, in words, that only a file of its own kind holds.
    pub extras: Vec<String>,
}

/// A part of the film with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chapter {
    /// In nanoseconds.
    pub start: u64,
    /// In nanoseconds, where it is told.
    pub end: Option<u64>,
    pub title: String,
}

/// What is told of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub kind: Kind,
    /// Three letters.
    pub language: String,
    pub title: Option<String>,
    /// Whether players are to take it by themselves.
    pub default: bool,
    /// How long it is shown, in ns, where that is told.
    pub lasts: Option<u64>,
    /// How much later than meant its times come out of a demuxer.
    pub delay: Delay,
}

/// How much later than meant a track's times come out of a demuxer, in ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Delay {
    /// All of them.
    pub all: u64,
    /// The first alone, if it comes at zero: it is meant before that, which no demuxer tells.
    pub first: u64,
}

/// A track of an output: whose place it takes, and by how much its times are late, in ns.
#[derive(Clone, Debug)]
pub(super) struct Seated {
    pub named: Option<Named>,
    pub kind: Kind,
    pub lead: u64,
}

impl About {
    /// What the file at `path` says, if it is MPEG-4, `QuickTime`, Matroska or `WebM`.
    pub fn of(path: &Path) -> Option<Self> {
        if let Ok(movie) = Movie::open(path) {
            return movie.about().ok();
        }
        Film::open(path).ok()?.about().ok()
    }

    /// The text of the tag `name`.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// By how much the times of each track of sound come later than meant.
    pub fn delays(&self) -> Vec<Delay> {
        let sound = self.tracks.iter().filter(|named| named.kind == Kind::Audio);
        sound.map(|named| named.delay).collect()
    }

    /// Adds a tag; the first of a name stays.
    pub fn add(&mut self, name: &str, text: &str) {
        let usual = name.to_lowercase();
        let name = if USUAL.contains(&usual.as_str()) { usual } else { name.to_owned() };
        if !text.is_empty() && self.tag(&name).is_none() {
            self.tags.push((name, text.to_owned()));
        }
    }
}

/// The tracks of an output, each with the name of the input's in whose place it is: `pads` are the
/// input's streams in order, with the lead of those that were taken over. Without a stream for each
/// of the tracks that were told of, nobody knows which is which.
pub(super) fn seated(about: Option<&About>, pads: &[(Kind, Option<u64>)]) -> Vec<Seated> {
    let mut all = Vec::new();
    for kind in [Kind::Video, Kind::Audio, Kind::Text] {
        let told = about.iter().flat_map(|about| &about.tracks).filter(|named| named.kind == kind);
        let told: Vec<_> = told.collect();
        let pads: Vec<_> = pads.iter().filter(|(of, _)| *of == kind).collect();
        let known = told.len() == pads.len();
        for (n, (_, lead)) in pads.into_iter().enumerate() {
            let Some(lead) = *lead else { continue };
            let named = told.get(n).filter(|_| known).map(|named| (*named).clone());
            all.push(Seated { named, kind, lead });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_to_the_tracks_that_were_taken_over() {
        let named = |kind, title: &str| Named {
            kind,
            language: UNTOLD.to_owned(),
            title: Some(title.to_owned()),
            default: true,
            lasts: None,
            delay: Delay::default(),
        };
        let tracks =
            vec![named(Kind::Audio, "a"), named(Kind::Text, "lost"), named(Kind::Text, "kept")];
        let about = About { tracks, ..About::default() };
        let pads = [(Kind::Text, None), (Kind::Audio, Some(5)), (Kind::Text, Some(0))];
        let titles = |pads: &[(Kind, Option<u64>)]| -> Vec<_> {
            let seated = seated(Some(&about), pads).into_iter();
            seated.map(|seat| (seat.lead, seat.named.and_then(|named| named.title))).collect()
        };
        assert_eq!(titles(&pads), [(5, Some("a".to_owned())), (0, Some("kept".to_owned()))]);
        // one stream more than was told of: the names of its kind mean nothing
        let more = [pads.as_slice(), &[(Kind::Audio, Some(0))]].concat();
        assert_eq!(titles(&more)[..2], [(5, None), (0, None)]);
    }
}
