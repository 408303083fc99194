//! Identities over frames: the landmark network carries a face from frame to frame, the
//! detector looks for new ones now and then and vouches for the old.

use anyhow::Result;

use super::landmarker::{Framing, Landmarker, Reading};
use super::smooth::OneEuro;
use super::{Detector, Face, FaceDetection, Landmarks, TrackId};
use crate::geometry::{FrameSpace, Rect};
use crate::image::Picture;

/// Frames from one detection to the next while every track holds.
const DETECT_EVERY: usize = 5;
/// Below this score the landmark network does not see a face.
const LOST: f32 = 0.5;
/// Detections in a row that may miss a track before it is dropped: no patch stays on a wall.
const MOST_MISSES: usize = 3;
/// A detection that overlaps a track this much is the same face.
const SAME_FACE: f32 = 0.25;
/// The probability at which a mask counts as put on, and as taken off.
const WORN: (f32, f32) = (0.5, 0.3);

struct Track {
    id: TrackId,
    reading: Reading,
    filter: OneEuro,
    smooth: Landmarks<FrameSpace>,
    worn: bool,
    misses: usize,
}

impl Track {
    fn new(id: TrackId, reading: Reading, seconds: f64) -> Self {
        let mut filter = OneEuro::default();
        let smooth = filter.smooth(&reading.landmarks, seconds);
        let worn = reading.worn >= WORN.0;
        Self { id, reading, filter, smooth, worn, misses: 0 }
    }

    fn advance(&mut self, reading: Reading, seconds: f64) {
        self.smooth = self.filter.smooth(&reading.landmarks, seconds);
        self.worn = reading.worn >= if self.worn { WORN.1 } else { WORN.0 };
        self.reading = reading;
    }

    fn bbox(&self) -> Option<Rect<FrameSpace>> {
        Rect::around(self.reading.landmarks.points())
    }

    fn face(&self) -> Option<Face> {
        Some(Face {
            id: self.id,
            bbox: self.bbox()?,
            landmarks: self.smooth.clone(),
            score: self.reading.score,
            worn: self.worn,
        })
    }
}

/// Finds and follows the faces of one stream, or of one photo.
pub struct FaceTracker {
    detector: Detector,
    landmarker: Landmarker,
    tracks: Vec<Track>,
    next_id: u64,
    since_detection: usize,
    detect_every: usize,
}

impl FaceTracker {
    /// A tracker that knows no face yet.
    pub fn new(detector: Detector, landmarker: Landmarker) -> Self {
        let (next_id, since_detection) = (1, DETECT_EVERY);
        let detect_every = DETECT_EVERY;
        Self { detector, landmarker, tracks: Vec::new(), next_id, since_detection, detect_every }
    }

    /// Looks for new faces `factor` times as seldom as usual, while every track holds.
    pub fn detect_less(&mut self, factor: usize) {
        self.detect_every = DETECT_EVERY * factor.max(1);
    }

    /// Forgets all faces: another stream, or another photo, follows.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.since_detection = self.detect_every;
    }

    /// The faces of the next picture, taken `seconds` into the stream.
    ///
    /// # Errors
    /// If the picture cannot be sampled or a network fails.
    pub fn faces(&mut self, picture: &Picture<'_>, seconds: f64) -> Result<Vec<Face>> {
        let lost = self.follow(picture, seconds)?;
        self.since_detection += 1;
        if lost || self.tracks.is_empty() || self.since_detection >= self.detect_every {
            self.since_detection = 0;
            let found = self.detector.detect(picture)?;
            self.vouch(&found);
            self.welcome(picture, &found, seconds)?;
        }
        Ok(self.tracks.iter().filter_map(Track::face).collect())
    }

    /// Carries each track into this picture; true if one was lost.
    fn follow(&mut self, picture: &Picture<'_>, seconds: f64) -> Result<bool> {
        let known = self.tracks.len();
        self.tracks.retain(|t| Framing::of_landmarks(&t.reading.landmarks).is_some());
        let framings: Vec<Framing> = self
            .tracks
            .iter()
            .filter_map(|t| Framing::of_landmarks(&t.reading.landmarks))
            .collect();
        let readings = self.landmarker.read(picture, &framings)?;
        for (track, reading) in self.tracks.iter_mut().zip(readings) {
            track.advance(reading, seconds);
        }
        self.tracks.retain(|t| t.reading.score >= LOST);
        self.merge();
        Ok(self.tracks.len() < known)
    }

    /// Two tracks that slid onto one face become one, the older.
    fn merge(&mut self) {
        let mut kept: Vec<Rect<FrameSpace>> = Vec::new();
        self.tracks.retain(|track| match track.bbox() {
            Some(bbox) if kept.iter().all(|k| k.iou(&bbox) < 0.5) => {
                kept.push(bbox);
                true
            }
            _ => false,
        });
    }

    /// Counts how often the detector in a row did not see a track; drops what it never sees.
    fn vouch(&mut self, found: &[FaceDetection]) {
        for track in &mut self.tracks {
            let seen = track
                .bbox()
                .is_some_and(|bbox| found.iter().any(|f| f.bbox.iou(&bbox) >= SAME_FACE));
            track.misses = if seen { 0 } else { track.misses + 1 };
        }
        self.tracks.retain(|t| t.misses < MOST_MISSES);
    }

    /// Begins a track for each detection that no track explains. The landmark network looks
    /// twice: its own points frame the face better than the detector's box.
    fn welcome(
        &mut self,
        picture: &Picture<'_>,
        found: &[FaceDetection],
        seconds: f64,
    ) -> Result<()> {
        let known: Vec<_> = self.tracks.iter().filter_map(Track::bbox).collect();
        let framings: Vec<Framing> = found
            .iter()
            .filter(|f| known.iter().all(|k| k.iou(&f.bbox) < SAME_FACE))
            .map(Framing::of_detection)
            .collect();
        let first = self.landmarker.read(picture, &framings)?;
        let closer: Vec<Framing> =
            first.iter().filter_map(|r| Framing::of_landmarks(&r.landmarks)).collect();
        for reading in self.landmarker.read(picture, &closer)? {
            if reading.score >= LOST {
                self.tracks.push(Track::new(TrackId(self.next_id), reading, seconds));
                self.next_id += 1;
            }
        }
        self.merge();
        Ok(())
    }
}
