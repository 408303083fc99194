//! The faces of a stream, frame by frame. The landmark network carries each face from frame to
//! frame; the detector looks for new ones now and then and vouches for the old.

use anyhow::Result;

use super::assign::assign;
use super::choose::{Choice, Chooser};
use super::detect::{FindFaces, suppress};
use super::landmarker::ReadFaces;
use super::scene::Scene;
use super::search::{Search, View};
use super::track::{Observation, Track};
use super::trust::{LOST, SURE, SURE_IN_STILL, is_face};
use super::{Face, FaceDetection, Framing, Reading, TrackId};
use crate::geometry::Size;
use crate::image::Picture;

/// More faces than this in a picture are left out, the least sure first.
pub const MOST_FACES: usize = 64;
/// Frames from one look of the detector to the next: where something moves, and where not.
const LOOK_EVERY: (usize, usize) = (4, 8);
/// How often the landmark network looks at what the detector found: under a mask the first two
/// looks still move.
const LOOKS: usize = 3;
/// Single faces that the detector looks at in one frame.
const MOST_CHECKS: usize = 2;
/// Two readings whose boxes overlap this much are of one face.
const SAME_FACE: f32 = 0.5;
/// The same where this much of one lies in the other: a part of a face is no second face.
const PART: f32 = 0.8;
/// A detection of which this much lies in a known face, or the other way round, is that face.
const KNOWN: f32 = 0.5;
/// An observation that fits a track worse is another face.
const LIMIT: f32 = 1.0;

/// What a tracker is to look for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Height in pixels of the smallest face; `None`: by the frame's size.
    pub min_face: Option<f32>,
    /// Which faces something is laid over.
    pub choice: Choice,
}

/// Finds and follows the faces of one stream, or of single photos.
pub struct FaceTracker {
    finder: Box<dyn FindFaces>,
    reader: Box<dyn ReadFaces>,
    options: Options,
    chooser: Chooser,
    scene: Scene,
    search: Search,
    tracks: Vec<Track>,
    next_id: u64,
    since_look: usize,
    look_every: (usize, usize),
}

impl FaceTracker {
    /// A tracker that knows no face yet.
    pub fn new(finder: Box<dyn FindFaces>, reader: Box<dyn ReadFaces>, options: Options) -> Self {
        Self {
            finder,
            reader,
            chooser: Chooser::new(options.choice.clone()),
            search: Search::new(Size::new(1, 1), options.min_face),
            options,
            scene: Scene::default(),
            tracks: Vec::new(),
            next_id: 1,
            since_look: 0,
            look_every: LOOK_EVERY,
        }
    }

    /// Looks for new faces `factor` times as seldom as usual, while every track holds.
    pub fn detect_less(&mut self, factor: usize) {
        let factor = factor.max(1);
        self.look_every = (LOOK_EVERY.0 * factor, LOOK_EVERY.1 * factor);
    }

    /// Forgets all faces: another scene, or another photo, follows. Numbers are not used again.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.search.restart();
        self.since_look = self.look_every.1;
    }

    /// The faces of a photo, which has no frames before or after: the detector looks at the
    /// whole, near and far, at every part, and at the photo turned.
    ///
    /// # Errors
    /// If the picture cannot be sampled or a network fails.
    pub fn still(&mut self, picture: &Picture<'_>) -> Result<Vec<Face>> {
        self.scene = Scene::default();
        self.reset();
        self.next_id = 1;
        let mut found = Vec::new();
        for view in Search::still_views(picture.format.size, self.options.min_face) {
            found.extend(self.find(picture, &view)?);
        }
        let found = suppress(found);
        for observation in merged(self.read_found(picture, &found, SURE_IN_STILL)?) {
            self.begin(observation, 0.0);
        }
        let faces = self.tracks.iter().map(Track::as_seen).collect();
        Ok(self.marked(faces))
    }

    /// The faces of the next frame, shown `seconds` into the stream.
    ///
    /// # Errors
    /// If the picture cannot be sampled or a network fails.
    pub fn faces(&mut self, picture: &Picture<'_>, seconds: f64) -> Result<Vec<Face>> {
        if self.scene.advance(picture) {
            self.reset();
        }
        self.measure(picture.format.size);
        let mut seen = self.follow(picture, seconds)?;
        let found = self.look(picture, &seen, seconds)?;
        let new: Vec<FaceDetection> = found
            .into_iter()
            .filter(|face| !seen.iter().any(|o| is_known(face, &o.framing)))
            .collect();
        seen.extend(self.read_found(picture, &new, SURE)?);
        self.settle(merged(seen), picture, seconds)?;
        Ok(self.told())
    }

    /// What the detector finds in a view. Of a turned one only what it is sure of counts: people
    /// lie seldom, and clothes upside down look like faces.
    fn find(&mut self, picture: &Picture<'_>, view: &View) -> Result<Vec<FaceDetection>> {
        let mut found = self.finder.find(picture, view)?;
        found.retain(|face| view.is_upright() || face.score >= SURE);
        Ok(found)
    }

    /// The views fit the frame's size.
    fn measure(&mut self, frame: Size) {
        if self.search.frame() != frame {
            self.search = Search::new(frame, self.options.min_face);
        }
    }

    /// What the landmark network sees where each face is expected.
    fn follow(&mut self, picture: &Picture<'_>, seconds: f64) -> Result<Vec<Observation>> {
        let tracks = self.tracks.iter_mut().enumerate();
        let (indices, framings): (Vec<usize>, Vec<Framing>) = tracks
            .filter(|(_, track)| track.is_there())
            .map(|(index, track)| (index, track.aim(seconds)))
            .unzip();
        let readings = self.reader.read(picture, &framings)?;
        let frame = picture.format.size;
        let seen = indices.into_iter().zip(readings).filter(|(_, reading)| reading.score >= LOST);
        Ok(seen
            .filter_map(|(index, reading)| Observation::new(reading, Some(index), None))
            .filter(|observation| holds(frame, &observation.framing))
            .collect())
    }

    /// What the detector finds in this frame, where it is due to look; the faces that it was
    /// asked about know the answer then.
    fn look(
        &mut self,
        picture: &Picture<'_>,
        seen: &[Observation],
        seconds: f64,
    ) -> Result<Vec<FaceDetection>> {
        let mut found = Vec::new();
        self.since_look += 1;
        if self.is_look_due(seen) {
            self.since_look = 0;
            self.scene.looked();
            let view = self.search.next_view();
            found = self.find(picture, &view)?;
        }
        let places: Vec<Framing> = self
            .tracks
            .iter()
            .enumerate()
            .map(|(index, track)| {
                let own = seen.iter().find(|observation| observation.own == Some(index));
                own.map_or_else(|| track.expected(seconds), |observation| observation.framing)
            })
            .collect();
        let mut checks = 0;
        for (track, place) in self.tracks.iter_mut().zip(&places) {
            let mut is_seen = found.iter().any(|face| is_known(face, place));
            if !is_seen && track.trust.is_due() && checks < MOST_CHECKS {
                checks += 1;
                let close = self.finder.find(picture, &View::around(place))?;
                is_seen = close.iter().any(|face| is_known(face, place));
                found.extend(close);
                if !is_seen {
                    track.trust.missed();
                }
            }
            if is_seen {
                track.trust.seen();
            }
        }
        Ok(suppress(found))
    }

    fn is_look_due(&self, seen: &[Observation]) -> bool {
        let (soon, late) = self.look_every;
        let known: Vec<_> = seen.iter().map(|observation| observation.framing.bbox()).collect();
        self.since_look >= late || (self.since_look >= soon && self.scene.has_moved(&known))
    }

    /// What the landmark network sees in detected boxes. It looks again and again, as its own
    /// points frame the face better than the detector's box, and the last two looks count.
    fn read_found(
        &mut self,
        picture: &Picture<'_>,
        found: &[FaceDetection],
        sure: f32,
    ) -> Result<Vec<Observation>> {
        let found = &found[..found.len().min(MOST_FACES)];
        let boxes: Vec<Framing> = found.iter().map(Framing::of_detection).collect();
        let mut seen: Vec<(f32, Reading)> =
            found.iter().map(|face| face.score).zip(self.reader.read(picture, &boxes)?).collect();
        let mut before = Vec::new();
        for _ in 1..LOOKS {
            let closer = |(_, reading): &(f32, Reading)| Framing::of_landmarks(&reading.landmarks);
            seen.retain(|seen| closer(seen).is_some());
            let framings: Vec<Framing> = seen.iter().filter_map(closer).collect();
            let readings = self.reader.read(picture, &framings)?;
            before = std::mem::take(&mut seen);
            seen = before.iter().map(|(score, _)| *score).zip(readings).collect();
        }
        let both = seen.iter().zip(&before).map(|((score, b), (_, a))| (*score, a.with(b)));
        Ok(both
            .filter(|(score, reading)| is_face(*score, reading.score, sure))
            .filter_map(|(score, reading)| Observation::new(reading, None, Some(score)))
            .collect())
    }

    /// Gives each observation to the track that it fits; begins and ends tracks.
    fn settle(
        &mut self,
        seen: Vec<Observation>,
        picture: &Picture<'_>,
        seconds: f64,
    ) -> Result<()> {
        let tracks = &self.tracks;
        let of_track = assign(tracks.len(), seen.len(), LIMIT, |track, observation| {
            tracks[track].cost(&seen[observation], track, seconds)
        });
        let beside: Vec<bool> = tracks
            .iter()
            .map(|track| tracks.iter().any(|other| track.is_beside(other, seconds)))
            .collect();
        let mut seen: Vec<Option<Observation>> = seen.into_iter().map(Some).collect();
        for ((track, assigned), beside) in self.tracks.iter_mut().zip(of_track).zip(beside) {
            match assigned.and_then(|observation| seen[observation].take()) {
                Some(observation) => track.advance(observation, (picture, seconds), beside)?,
                None => track.hide(seconds),
            }
        }
        self.tracks.retain(|track| track.is_alive(seconds));
        for new in seen.into_iter().flatten().filter(|new| new.detection.is_some()) {
            self.begin(new, seconds);
        }
        Ok(())
    }

    fn begin(&mut self, observation: Observation, seconds: f64) {
        if self.tracks.len() < MOST_FACES {
            self.tracks.push(Track::new(TrackId(self.next_id), observation, seconds));
            self.next_id += 1;
        }
    }

    fn told(&mut self) -> Vec<Face> {
        let faces = self.tracks.iter().filter_map(Track::face).collect();
        self.marked(faces)
    }

    fn marked(&mut self, mut faces: Vec<Face>) -> Vec<Face> {
        self.chooser.mark(&mut faces);
        faces
    }
}

/// Whether a detection shows the face in `place`.
fn is_known(face: &FaceDetection, place: &Framing) -> bool {
    let known = place.bbox();
    let larger = face.bbox.area() / known.area().max(f32::EPSILON);
    face.bbox.shared(&known) >= KNOWN && (0.25..4.0).contains(&larger)
}

/// Whether the middle of a face lies in the frame.
fn holds(frame: Size, framing: &Framing) -> bool {
    let center = framing.center();
    (0.0..frame.width as f32).contains(&center.x) && (0.0..frame.height as f32).contains(&center.y)
}

/// Of observations of one face the surest, those that tracks led to first; where two tracks did,
/// it is open whose it is.
fn merged(mut seen: Vec<Observation>) -> Vec<Observation> {
    let rank = |o: &Observation| o.reading.score + f32::from(o.own.is_some());
    seen.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let mut kept: Vec<Observation> = Vec::new();
    for observation in seen {
        let bbox = observation.framing.bbox();
        let same = |k: &&mut Observation| {
            let other = k.framing.bbox();
            other.iou(&bbox) >= SAME_FACE || other.shared(&bbox) >= PART
        };
        match kept.iter_mut().find(same) {
            Some(same) => {
                if observation.own.is_some() && same.own.is_some() {
                    same.own = None;
                } else {
                    same.own = same.own.or(observation.own);
                }
                same.detection = same.detection.or(observation.detection);
            }
            None => kept.push(observation),
        }
    }
    kept
}
