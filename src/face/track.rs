//! One face over time.

use anyhow::Result;

use super::carry::Carry;
use super::motion::Motion;
use super::smooth::OneEuro;
use super::trust::Trust;
use super::worn::Worn;
use super::{Face, Framing, Landmarks, Reading, TrackId};
use crate::geometry::{FrameSpace, Point, Rect};
use crate::image::Picture;

/// A face that one of the networks sees in this frame.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    pub reading: Reading,
    pub framing: Framing,
    /// The track whose expected place led here; none where two tracks did, or the detector.
    pub own: Option<usize>,
    /// The detector's score, where it was the detector.
    pub detection: Option<f32>,
}

impl Observation {
    /// `None` where the points coincide.
    pub fn new(reading: Reading, own: Option<usize>, detection: Option<f32>) -> Option<Self> {
        let framing = Framing::of_landmarks(&reading.landmarks)?;
        Some(Self { reading, framing, own, detection })
    }
}

/// Another face counts as near when the boxes overlap this much.
const CONTACT: f32 = 0.1;
/// What an observation costs that this track did not lead to, in sides of the face.
const FOREIGN: f32 = 0.2;
/// What it costs when another track led to it.
const ANOTHERS: f32 = 0.3;
/// A track's own observation costs this share of its distance: quick moves are its own.
const OWN: f32 = 0.3;
/// Sides of the face by which the guess of a hidden face's place grows wider each second,
/// in shares of the distance.
const WIDENS: f32 = 2.0;
/// Seconds for which a hidden face is remembered.
const REMEMBERED: f64 = 1.0;

pub(super) struct Track {
    pub id: TrackId,
    pub trust: Trust,
    motion: Motion,
    /// The square that the landmark network looked at last.
    held: Framing,
    reading: Reading,
    carry: Carry,
    filter: OneEuro,
    smooth: Landmarks<FrameSpace>,
    worn: Worn,
    seconds: f64,
    /// When it was seen last; while this is `seconds`, it is there.
    seen: f64,
}

impl Track {
    pub fn new(id: TrackId, observation: Observation, seconds: f64) -> Self {
        let Observation { reading, framing, detection, .. } = observation;
        let mut filter = OneEuro::default();
        Self {
            id,
            trust: Trust::first(detection.unwrap_or(0.0), reading.score),
            motion: Motion::new(framing, seconds),
            held: framing,
            smooth: filter.smooth(&reading.landmarks, seconds, None),
            carry: Carry::default(),
            filter,
            worn: Worn::first(reading.worn),
            reading,
            seconds,
            seen: seconds,
        }
    }

    /// Whether it was seen in the last frame.
    pub fn is_there(&self) -> bool {
        self.seen >= self.seconds
    }

    /// Whether it is worth waiting for.
    pub fn is_alive(&self, seconds: f64) -> bool {
        let remembered = self.trust.is_vouched() && seconds - self.seen < REMEMBERED;
        if self.is_there() { !self.trust.is_gone() } else { remembered }
    }

    /// What the landmark network is to look at: where the face is expected, or the very square
    /// of the frame before where that is nearly the same. A square that follows each quiver of
    /// the points makes them quiver more.
    pub fn aim(&mut self, seconds: f64) -> Framing {
        let expected = self.expected(seconds);
        if !self.held.is_nearly(&expected) {
            self.held = expected;
        }
        self.held
    }

    /// Where it is expected.
    pub fn expected(&self, seconds: f64) -> Framing {
        self.motion.predict(seconds)
    }

    /// Whether another face is so near that it may be taken for this one.
    pub fn is_beside(&self, other: &Self, seconds: f64) -> bool {
        let (mine, theirs) = (self.expected(seconds).bbox(), other.expected(seconds).bbox());
        self.id != other.id && mine.iou(&theirs) > CONTACT
    }

    /// How ill an observation fits, in sides of the face; `index` is this track's own number.
    pub fn cost(&self, observation: &Observation, index: usize, seconds: f64) -> f32 {
        let distance = self.expected(seconds).distance(&observation.framing);
        let foreign = match observation.own {
            Some(own) if own == index => return OWN * distance.min(1.0),
            Some(_) => ANOTHERS,
            None => 0.0,
        };
        let hidden = (seconds - self.seen) as f32;
        FOREIGN + foreign + distance / (1.0 + WIDENS * hidden)
    }

    /// Takes in what was seen in `picture`. `beside` another face, the way it went counts more
    /// than where it seems to be.
    ///
    /// # Errors
    /// If the picture cannot be sampled.
    pub fn advance(
        &mut self,
        observation: Observation,
        (picture, seconds): (&Picture<'_>, f64),
        beside: bool,
    ) -> Result<()> {
        let reading = observation.reading;
        self.trust.passes(reading.score);
        if observation.detection.is_some() {
            self.trust.seen();
        }
        self.worn.advance(reading.worn, (seconds - self.seconds) as f32);
        if seconds - self.seen > 2.0 * (seconds - self.seconds) {
            // It was away: what was smoothed then says nothing of now.
            self.filter = OneEuro::default();
            self.carry = Carry::default();
        }
        let moved = self.carry.step(picture)?;
        self.smooth = self.filter.smooth(&reading.landmarks, seconds, moved.as_ref());
        self.carry.keep(picture, &self.smooth)?;
        let framing = Framing::of_landmarks(&self.smooth).unwrap_or(observation.framing);
        if beside {
            self.motion.advance_beside(framing, seconds);
        } else {
            self.motion.advance(framing, seconds);
        }
        self.reading = reading;
        (self.seconds, self.seen) = (seconds, seconds);
        Ok(())
    }

    /// A frame passes in which it was not seen.
    pub fn hide(&mut self, seconds: f64) {
        self.trust.passes(0.0);
        self.seconds = seconds;
    }

    /// The face as it is told to others; `None` while it is hidden or not trusted.
    pub fn face(&self) -> Option<Face> {
        (self.is_there() && self.trust.is_shown()).then(|| self.as_seen())
    }

    /// The face as it was seen last, trusted or not.
    pub fn as_seen(&self) -> Face {
        Face {
            id: self.id,
            bbox: bbox(&self.smooth),
            landmarks: self.smooth.clone(),
            raw: self.reading.landmarks.clone(),
            score: self.reading.score,
            worn: self.worn.is_on(),
            probability: self.reading.worn,
            shown: self.worn.shown(),
            chosen: true,
        }
    }
}

/// How far the box reaches above the brows, in longer sides of the points' own box.
const FOREHEAD: f32 = 0.3;

/// The face's box: around its points and its forehead, as a detector draws it.
fn bbox(landmarks: &Landmarks<FrameSpace>) -> Rect<FrameSpace> {
    let points = landmarks.points();
    let around = |points: &[Point<FrameSpace>]| {
        Rect::around(points).unwrap_or(Rect::new(points[0], points[0]))
    };
    let bounds = around(points);
    let [left, right] = landmarks.eye_centers();
    let across = right - left;
    let up = across.perpendicular() * (-1.0 / across.length().max(f32::EPSILON));
    let raise = up * (FOREHEAD * bounds.width().max(bounds.height()));
    let mut all = points.to_vec();
    all.extend(landmarks.brows().iter().map(|brow| *brow + raise));
    around(&all)
}
