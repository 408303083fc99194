//! The stages that look at faces: find them, then paint what is to be laid over them.

use std::collections::HashMap;

use anyhow::Result;

use super::effect::{Effect, Look};
use super::load::Load;
use super::reuse::{Due, Reuse};
use super::round::Round;
use super::stage::Stage;
use super::stats::Stats;
use super::still::Still;
use crate::face::{Face, FaceTracker};
use crate::media::Frame;
use crate::media::frame::FrameRead;
use crate::restore::{Painting, Showing};

/// A frame and the faces in it.
pub struct Seen {
    frame: Frame,
    faces: Vec<Face>,
    /// What is to be laid over it.
    due: Duty,
}

/// What is to be laid over a frame.
enum Duty {
    /// Something over each of these faces.
    Faces(Vec<Due>),
    /// It is the frame before once more, and so is what is laid over it.
    Again,
}

/// Finds and follows faces.
pub struct Detect {
    trackers: Vec<FaceTracker>,
    stills: Vec<Still>,
    reuses: Vec<Reuse>,
    stats: Stats,
    load: Option<Load>,
}

impl Detect {
    /// Detection with `tracker` in a stream that is alone; what it finds is counted in `stats`.
    pub fn new(tracker: FaceTracker, stats: Stats) -> Self {
        Self::of(vec![tracker], stats, None)
    }

    /// Detection in live streams, each with the tracker of its number. Under `load` it is done
    /// less often, and the farthest faces are left alone.
    pub fn live(trackers: Vec<FaceTracker>, stats: Stats, load: Load) -> Self {
        Self::of(trackers, stats, Some(load))
    }

    fn of(trackers: Vec<FaceTracker>, stats: Stats, load: Option<Load>) -> Self {
        let stills = trackers.iter().map(|_| Still::default()).collect();
        let reuses = trackers.iter().map(|_| Reuse::default()).collect();
        Self { trackers, stills, reuses, stats, load }
    }

    /// A frame in which the search fails goes on without faces and is counted as failed.
    fn look(&mut self, stream: usize, frame: Frame) -> Result<Seen> {
        if frame.is_holding() {
            // Nothing is laid over this one, so that nothing can be laid again over the next.
            self.stills[stream] = Still::default();
            self.reuses[stream] = Reuse::default();
            return Ok(Seen { frame, faces: Vec::new(), due: Duty::Faces(Vec::new()) });
        }
        let tracker = &mut self.trackers[stream];
        if let Some(load) = &self.load {
            tracker.detect_less(load.step().detect_every);
        }
        let found = tracker.faces(&frame.read()?.picture()?, frame.time().as_secs_f64());
        let faces = if frame.is_warm_up() {
            found.unwrap_or_default()
        } else {
            let faces = self.stats.or_failed(found);
            self.stats.saw_faces(faces.len());
            self.stats.saw_tracks(stream, &faces, frame.time());
            faces
        };
        let due = if !frame.is_warm_up() && self.stills[stream].holds(&frame, &faces)? {
            Duty::Again
        } else {
            let near = self.near(&faces);
            let due = self.reuses[stream].due(&frame.read()?.picture()?, near);
            Duty::Faces(self.stats.or_failed(due))
        };
        Ok(Seen { frame, faces, due })
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
    Shown(Vec<Showing>),
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
}

impl Paint {
    /// The stage of `effect`; what fails is counted in `stats`.
    pub fn new(effect: Effect, stats: Stats) -> Self {
        Self { effect, stats }
    }

    /// The paintings of each frame; none of a round on which the network fails: it passes as it
    /// came and is counted as failed, never with a painting of another frame.
    fn paintings(&mut self, round: &Round<Seen>) -> Result<Option<Vec<Vec<Painting>>>> {
        let frames = round.items();
        let new: Vec<Vec<Face>> = frames.iter().map(|(_, seen)| seen.due.new_faces()).collect();
        let maps = frames.iter().map(|(_, seen)| seen.frame.read()).collect::<Result<Vec<_>>>()?;
        let pictures = maps.iter().map(FrameRead::picture).collect::<Result<Vec<_>>>()?;
        let looks = frames.iter().zip(&pictures).zip(&new);
        let looks = looks.map(|((&(stream, _), picture), faces)| Look { stream, picture, faces });
        let looks: Vec<Look<'_>> = looks.collect();
        let painted = self.effect.paint(&looks).map(Some);
        Ok(self.stats.or_failed(painted))
    }
}

impl Duty {
    /// Nothing serves again, and nothing is blended over time.
    fn paint_all_anew(&mut self) {
        if let Self::Faces(due) = self {
            for due in due {
                (due.reuse, due.bared) = (false, None);
            }
        }
    }

    /// Faces for which what was painted before serves again.
    fn reused(&self) -> usize {
        match self {
            Self::Faces(due) => due.iter().filter(|due| due.reuse).count(),
            Self::Again => 0,
        }
    }

    /// The faces that are to be painted anew.
    fn new_faces(&self) -> Vec<Face> {
        match self {
            Self::Faces(due) => {
                due.iter().filter(|due| !due.reuse).map(|due| due.face.clone()).collect()
            }
            Self::Again => Vec::new(),
        }
    }

    /// What the frame shows, with what was painted for it.
    fn shown(self, paintings: Vec<Painting>) -> Paintings {
        let Self::Faces(due) = self else { return Paintings::Again };
        let mut paintings: HashMap<_, _> =
            paintings.into_iter().map(|painting| (painting.place.id, painting)).collect();
        let showing = |Due { face, bared, reuse }| match bared {
            Some((place, sight)) if reuse => Some(Showing::Again(place, sight)),
            bared => {
                let sight = bared.map(|(_, sight)| sight);
                paintings.remove(&face.id).map(|painting| Showing::New(painting, sight))
            }
        };
        Paintings::Shown(due.into_iter().filter_map(showing).collect())
    }
}

impl Stage for Paint {
    type In = Round<Seen>;
    type Out = Round<Painted>;
    const NAME: &'static str = "paint";

    fn process(&mut self, mut round: Round<Seen>) -> Result<Option<Round<Painted>>> {
        for (_, seen) in round.items_mut() {
            if let Effect::PutOn(_) = self.effect {
                seen.due.paint_all_anew();
            }
            if !seen.frame.is_warm_up() {
                self.stats.reused_faces(seen.due.reused());
            }
        }
        let mut paintings = self.paintings(&round)?.map(Vec::into_iter);
        let painted = round.try_map(|_, Seen { frame, faces, due }| {
            let new = paintings.as_mut().and_then(Iterator::next);
            let paintings = match (new, due) {
                (_, Duty::Again) => Paintings::Again,
                (Some(new), due) => due.shown(new),
                (None, _) => Paintings::Failed,
            };
            Ok(Painted { frame, faces, paintings })
        });
        painted.map(Some)
    }
}
