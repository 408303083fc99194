//! The stages between source and sink: find the faces, then lay something over them.

use anyhow::Result;

use super::effect::Effect;
use super::stage::Stage;
use super::stats::Stats;
use crate::face::{Face, FaceTracker};
use crate::media::Frame;
use crate::restore::Patch;

/// A frame and the faces in it.
pub struct Seen {
    frame: Frame,
    faces: Vec<Face>,
}

/// Finds and follows faces.
pub struct Detect {
    tracker: FaceTracker,
    stats: Stats,
}

impl Detect {
    /// Detection with `tracker`; what it finds is counted in `stats`.
    pub fn new(tracker: FaceTracker, stats: Stats) -> Self {
        Self { tracker, stats }
    }
}

impl Stage for Detect {
    type In = Frame;
    type Out = Seen;
    const NAME: &'static str = "detect";

    /// A frame in which the search fails goes on without faces and is counted as failed.
    fn process(&mut self, frame: Frame) -> Result<Option<Seen>> {
        let found = self.tracker.faces(&frame.read()?.picture()?, frame.time().as_secs_f64());
        let faces = self.stats.or_failed(found);
        self.stats.saw_faces(faces.len());
        Ok(Some(Seen { frame, faces }))
    }
}

/// Lays an [`Effect`] over the faces.
pub struct Lay {
    effect: Effect,
    stats: Stats,
}

impl Lay {
    /// The stage of `effect`; what it lays is counted in `stats`.
    pub fn new(effect: Effect, stats: Stats) -> Self {
        Self { effect, stats }
    }
}

impl Stage for Lay {
    type In = Seen;
    type Out = Frame;
    const NAME: &'static str = "lay";

    /// A frame on which the network fails passes as it came and is counted as failed: never a
    /// patch of another frame.
    fn process(&mut self, Seen { mut frame, faces }: Seen) -> Result<Option<Frame>> {
        let patches = self.effect.patches(&frame.read()?.picture()?, &faces);
        let patches = self.stats.or_failed(patches);
        lay(&mut frame, &patches)?;
        self.stats.painted_faces(patches.len());
        Ok(Some(frame))
    }
}

/// A frame that gets no patch is not even made writable.
fn lay(frame: &mut Frame, patches: &[Patch]) -> Result<()> {
    if patches.is_empty() {
        return Ok(());
    }
    let mut planes = frame.write()?;
    let mut picture = planes.picture()?;
    patches.iter().try_for_each(|patch| patch.lay(&mut picture))
}
