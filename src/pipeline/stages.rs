//! The stages between source and sink: find the faces, then lay something over them.

use std::sync::Arc;

use anyhow::Result;

use super::stage::Stage;
use super::stats::Stats;
use crate::face::{Face, FaceTracker, align};
use crate::image::{Image, warp};
use crate::mask::{MaskStyle, paint};
use crate::media::Frame;
use crate::restore::{Patch, Restorer};

/// A frame and the faces in it.
pub struct Seen {
    frame: Frame,
    faces: Vec<Face>,
}

/// Finds and follows faces.
pub struct Detect {
    tracker: FaceTracker,
    stats: Arc<Stats>,
}

impl Detect {
    /// Detection with `tracker`; what it finds is counted in `stats`.
    pub fn new(tracker: FaceTracker, stats: Arc<Stats>) -> Self {
        Self { tracker, stats }
    }
}

impl Stage for Detect {
    type In = Frame;
    type Out = Seen;
    const NAME: &'static str = "detect";

    /// A frame in which the search fails goes on without faces and is counted as failed.
    fn process(&mut self, frame: Frame) -> Result<Option<Seen>> {
        let found = self.tracker.faces(&frame.picture()?, frame.seconds());
        let faces = self.stats.or_failed(found);
        self.stats.saw_faces(&faces);
        Ok(Some(Seen { frame, faces }))
    }
}

/// Takes the masks off: lays the restored face over each masked one.
pub struct Restore {
    restorer: Restorer,
    stats: Arc<Stats>,
}

impl Restore {
    /// Restoration with `restorer`; what it lays is counted in `stats`.
    pub fn new(restorer: Restorer, stats: Arc<Stats>) -> Self {
        Self { restorer, stats }
    }
}

impl Stage for Restore {
    type In = Seen;
    type Out = Frame;
    const NAME: &'static str = "restore";

    /// A frame on which the network fails passes as it came and is counted as failed: never a
    /// patch of another frame.
    fn process(&mut self, Seen { mut frame, faces }: Seen) -> Result<Option<Frame>> {
        let patches = self.restorer.patches(&frame.picture()?, &faces);
        lay(&mut frame, &self.stats.or_failed(patches), &self.stats)?;
        Ok(Some(frame))
    }
}

/// The other way round: paints a mask on each bare face.
pub struct PutOn {
    style: MaskStyle,
    stats: Arc<Stats>,
}

impl PutOn {
    /// Masks of `style`; every face of the stream keeps the one it got.
    pub fn new(style: MaskStyle, stats: Arc<Stats>) -> Self {
        Self { style, stats }
    }

    fn patch(&self, frame: &Frame, face: &Face) -> Result<Option<Patch>> {
        let Some(crop_from_frame) = align::crop_from_landmarks(&face.landmarks) else {
            return Ok(None);
        };
        let mut crop = Image::new(align::CROP);
        warp::crop(&frame.picture()?, &crop_from_frame, &mut crop)?;
        let layer = paint(&crop, &face.landmarks.map(&crop_from_frame), &self.style, face.id.0);
        Ok(Some(Patch { id: face.id, layer, crop_from_frame }))
    }
}

impl Stage for PutOn {
    type In = Seen;
    type Out = Frame;
    const NAME: &'static str = "put on";

    fn process(&mut self, Seen { mut frame, faces }: Seen) -> Result<Option<Frame>> {
        let bare = faces.iter().filter(|face| !face.worn);
        let patches: Result<Vec<_>> =
            bare.filter_map(|face| self.patch(&frame, face).transpose()).collect();
        lay(&mut frame, &self.stats.or_failed(patches), &self.stats)?;
        Ok(Some(frame))
    }
}

/// A frame that gets no patch is not even made writable.
fn lay(frame: &mut Frame, patches: &[Patch], stats: &Stats) -> Result<()> {
    if patches.is_empty() {
        return Ok(());
    }
    let mut picture = frame.picture_mut()?;
    for patch in patches {
        patch.lay(&mut picture)?;
    }
    stats.laid(patches);
    Ok(())
}
