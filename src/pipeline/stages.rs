//! The stages between source and sink: find the faces, then lay something over them.

use anyhow::Result;

use super::effect::{Effect, Look};
use super::load::Load;
use super::markup;
use super::round::Round;
use super::stage::Stage;
use super::stats::Stats;
use crate::face::{Face, FaceTracker};
use crate::image::label::Label;
use crate::media::Frame;
use crate::media::frame::FrameRead;
use crate::media::outlet::{Mark, Shown};
use crate::restore::Patch;

/// A frame and the faces in it.
pub struct Seen {
    frame: Frame,
    faces: Vec<Face>,
}

/// Finds and follows faces.
pub struct Detect {
    trackers: Vec<FaceTracker>,
    stats: Stats,
    load: Option<Load>,
}

impl Detect {
    /// Detection with `tracker` in a stream that is alone; what it finds is counted in `stats`.
    pub fn new(tracker: FaceTracker, stats: Stats) -> Self {
        Self { trackers: vec![tracker], stats, load: None }
    }

    /// Detection in live streams, each with the tracker of its number; it is done less often
    /// under `load`.
    pub fn live(trackers: Vec<FaceTracker>, stats: Stats, load: Load) -> Self {
        Self { trackers, stats, load: Some(load) }
    }

    /// A frame in which the search fails goes on without faces and is counted as failed.
    fn look(&mut self, stream: usize, frame: Frame) -> Result<Seen> {
        let Some(tracker) = self.trackers.get_mut(stream).filter(|_| !frame.is_holding()) else {
            return Ok(Seen { frame, faces: Vec::new() });
        };
        if let Some(load) = &self.load {
            tracker.detect_less(load.step().detect_every);
        }
        let found = tracker.faces(&frame.read()?.picture()?, frame.time().as_secs_f64());
        if frame.is_warm_up() {
            return Ok(Seen { frame, faces: found.unwrap_or_default() });
        }
        let faces = self.stats.or_failed(found);
        self.stats.saw_faces(faces.len());
        if self.load.is_none() {
            self.stats.saw_tracks(&faces, frame.time());
        }
        Ok(Seen { frame, faces })
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

/// Lays an [`Effect`] over the faces.
pub struct Lay {
    effect: Effect,
    stats: Stats,
    load: Option<Load>,
    label: Option<Label>,
    draws: bool,
}

impl Lay {
    /// The stage of `effect`; what it lays is counted in `stats`.
    pub fn new(effect: Effect, stats: Stats) -> Self {
        Self { effect, stats, load: None, label: None, draws: false }
    }

    /// The stage for live streams: it leaves the farthest faces alone under `load`, keeps the
    /// frames as they came in and marks the faces, for previews.
    pub fn live(effect: Effect, stats: Stats, load: Load) -> Self {
        Self { effect, stats, load: Some(load), label: None, draws: false }
    }

    /// With a line of text burnt into every frame.
    #[must_use]
    pub fn labelled(self, label: Option<Label>) -> Self {
        Self { label, ..self }
    }

    /// Whether the faces are drawn over the result too.
    #[must_use]
    pub fn drawing(self, draws: bool) -> Self {
        Self { draws, ..self }
    }

    /// The patches of each frame. A round on which the network fails passes as it came and is
    /// counted as failed: never a patch of another frame.
    fn patches(&mut self, round: &Round<Seen>) -> Result<Vec<Vec<Patch>>> {
        let frames = round.items();
        let near: Vec<Vec<Face>> = frames.iter().map(|(_, seen)| self.near(&seen.faces)).collect();
        let maps = frames.iter().map(|(_, seen)| seen.frame.read()).collect::<Result<Vec<_>>>()?;
        let pictures = maps.iter().map(FrameRead::picture).collect::<Result<Vec<_>>>()?;
        let looks = frames.iter().zip(&pictures).zip(&near);
        let looks = looks.map(|((&(stream, _), picture), faces)| Look { stream, picture, faces });
        let looks: Vec<Look<'_>> = looks.collect();
        let patches = self.effect.patches_of(&looks);
        let mut patches: Vec<_> = self.stats.or_failed(patches);
        patches.resize_with(frames.len(), Vec::new);
        Ok(patches)
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

impl Stage for Lay {
    type In = Round<Seen>;
    type Out = Round<Shown>;
    const NAME: &'static str = "lay";

    fn process(&mut self, round: Round<Seen>) -> Result<Option<Round<Shown>>> {
        let mut patches = self.patches(&round)?.into_iter();
        let (stats, live) = (&self.stats, self.load.is_some());
        let (draws, label) = (self.draws, self.label.as_ref());
        let shown = round.try_map(|_, Seen { mut frame, faces }| {
            let patches = patches.next().unwrap_or_default();
            let original = live.then(|| frame.clone());
            lay(&mut frame, &patches, if draws { &faces } else { &[] }, label)?;
            if !frame.is_warm_up() {
                stats.painted_faces(patches.len());
            }
            if !live && !frame.is_warm_up() {
                stats.painted_tracks(&patches);
                stats.changed(frame.time(), patches.len());
            }
            let marks = if live { faces.iter().map(mark).collect() } else { Vec::new() };
            Ok(Shown { frame, original, restored: !patches.is_empty(), marks })
        });
        shown.map(Some)
    }
}

/// Lays patches, draws faces, writes the label. A frame that gets nothing is not even made
/// writable.
fn lay(frame: &mut Frame, patches: &[Patch], drawn: &[Face], label: Option<&Label>) -> Result<()> {
    if patches.is_empty() && drawn.is_empty() && label.is_none() {
        return Ok(());
    }
    let mut planes = frame.write()?;
    let mut picture = planes.picture()?;
    patches.iter().try_for_each(|patch| patch.lay(&mut picture))?;
    markup::draw(&mut picture, drawn);
    label.map_or(Ok(()), |label| label.lay(&mut picture))
}

fn mark(face: &Face) -> Mark {
    let points = face.landmarks.points().to_vec();
    Mark { id: face.id.0, bbox: face.bbox, points, worn: face.worn }
}
