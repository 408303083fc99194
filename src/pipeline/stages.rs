//! The stages that look at faces: find them, then paint what is to be laid over them.

use anyhow::Result;

use super::effect::{Effect, Look};
use super::load::Load;
use super::round::Round;
use super::stage::Stage;
use super::stats::Stats;
use super::still::Still;
use crate::face::{Face, FaceTracker};
use crate::media::Frame;
use crate::media::frame::FrameRead;
use crate::restore::Painting;

/// A frame and the faces in it.
pub struct Seen {
    frame: Frame,
    faces: Vec<Face>,
    /// It is the frame before once more, and so is what is laid over it.
    again: bool,
}

/// Finds and follows faces.
pub struct Detect {
    trackers: Vec<FaceTracker>,
    stills: Vec<Still>,
    stats: Stats,
    load: Option<Load>,
}

impl Detect {
    /// Detection with `tracker` in a stream that is alone; what it finds is counted in `stats`.
    pub fn new(tracker: FaceTracker, stats: Stats) -> Self {
        Self { trackers: vec![tracker], stills: vec![Still::default()], stats, load: None }
    }

    /// Detection in live streams, each with the tracker of its number; it is done less often
    /// under `load`.
    pub fn live(trackers: Vec<FaceTracker>, stats: Stats, load: Load) -> Self {
        let stills = trackers.iter().map(|_| Still::default()).collect();
        Self { trackers, stills, stats, load: Some(load) }
    }

    /// A frame in which the search fails goes on without faces and is counted as failed.
    fn look(&mut self, stream: usize, frame: Frame) -> Result<Seen> {
        let Some(tracker) = self.trackers.get_mut(stream).filter(|_| !frame.is_holding()) else {
            // Nothing is laid over this one, so that nothing can be laid again over the next.
            if let Some(still) = self.stills.get_mut(stream) {
                *still = Still::default();
            }
            return Ok(Seen { frame, faces: Vec::new(), again: false });
        };
        if let Some(load) = &self.load {
            tracker.detect_less(load.step().detect_every);
        }
        let found = tracker.faces(&frame.read()?.picture()?, frame.time().as_secs_f64());
        if frame.is_warm_up() {
            return Ok(Seen { frame, faces: found.unwrap_or_default(), again: false });
        }
        let faces = self.stats.or_failed(found);
        let again = self.stills[stream].holds(&frame, &faces)?;
        self.stats.saw_faces(faces.len());
        self.stats.saw_tracks(stream, &faces, frame.time());
        Ok(Seen { frame, faces, again })
    }
}

impl Stage for Detect {
    type In = Round<Frame>;
    type Out = Round<Seen>;
    const NAME: &'static str = "detect";

    fn process(&mut self, round: Round<Frame>) -> Result<Option<Round<Seen>>> {
        round.try_map(|stream, frame| self.look(stream, frame)).map(Some)
    }
}

/// A frame, the faces in it, and what was painted for some of them.
pub struct Painted {
    pub(super) frame: Frame,
    pub(super) faces: Vec<Face>,
    pub(super) paintings: Paintings,
}

/// What becomes of a frame.
pub(super) enum Paintings {
    /// These are laid over it.
    New(Vec<Painting>),
    /// The frame before is shown once more: what was laid over that one.
    Again,
    /// It passes as it came.
    Failed,
}

/// Paints what an [`Effect`] wants to lay over the faces. Each round is painted by itself, so
/// that several of these may share the rounds of one pipeline.
pub struct Paint {
    effect: Effect,
    stats: Stats,
    load: Option<Load>,
}

impl Paint {
    /// The stage of `effect`; what fails is counted in `stats`.
    pub fn new(effect: Effect, stats: Stats) -> Self {
        Self { effect, stats, load: None }
    }

    /// The stage for live streams: it leaves the farthest faces alone under `load`.
    pub fn live(effect: Effect, stats: Stats, load: Load) -> Self {
        Self { effect, stats, load: Some(load) }
    }

    /// The paintings of each frame; none of a round on which the network fails: it passes as it
    /// came and is counted as failed, never with a painting of another frame.
    fn paintings(&mut self, round: &Round<Seen>) -> Result<Option<Vec<Vec<Painting>>>> {
        let frames = round.items();
        let near = frames.iter().map(
            |(_, seen)| {
                if seen.again { Vec::new() } else { self.near(&seen.faces) }
            },
        );
        let near: Vec<Vec<Face>> = near.collect();
        let maps = frames.iter().map(|(_, seen)| seen.frame.read()).collect::<Result<Vec<_>>>()?;
        let pictures = maps.iter().map(FrameRead::picture).collect::<Result<Vec<_>>>()?;
        let looks = frames.iter().zip(&pictures).zip(&near);
        let looks = looks.map(|((&(stream, _), picture), faces)| Look { stream, picture, faces });
        let looks: Vec<Look<'_>> = looks.collect();
        let painted = self.effect.paint(&looks).map(Some);
        Ok(self.stats.or_failed(painted))
    }

    /// The faces that are worked on: all, or the nearest masked ones and all bare ones.
    fn near(&self, faces: &[Face]) -> Vec<Face> {
        let mut near = faces.to_vec();
        let Some(load) = &self.load else { return near };
        let most = load.step().most_faces;
        let masked = faces.iter().filter(|face| face.worn).count();
        if masked > most {
            near.sort_by(|a, b| b.bbox.area().total_cmp(&a.bbox.area()));
            let mut left = most;
            near.retain(|face| {
                let keep = !face.worn || left > 0;
                left -= usize::from(face.worn && keep);
                keep
            });
            load.left_faces(masked - most);
        }
        near
    }
}

impl Stage for Paint {
    type In = Round<Seen>;
    type Out = Round<Painted>;
    const NAME: &'static str = "paint";

    fn process(&mut self, round: Round<Seen>) -> Result<Option<Round<Painted>>> {
        let mut paintings = self.paintings(&round)?.map(Vec::into_iter);
        let painted = round.try_map(|_, Seen { frame, faces, again }| {
            let new = paintings.as_mut().and_then(Iterator::next);
            let paintings = match new {
                _ if again => Paintings::Again,
                Some(new) => Paintings::New(new),
                None => Paintings::Failed,
            };
            Ok(Painted { frame, faces, paintings })
        });
        painted.map(Some)
    }
}
