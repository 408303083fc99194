//! Frames that show just what the one before showed, as slides and paused videos do: what was
//! laid over the last one is laid over them too.

use anyhow::Result;

use crate::face::{Face, align};
use crate::geometry::Point;
use crate::media::Frame;

/// A face whose crop has moved by less than this, in pixels of the crop, is painted as it was:
/// its points come to rest over the first few frames.
const AT_REST: f32 = 0.25;

/// The last frame of a stream, and the faces as they were painted last.
#[derive(Debug, Default)]
pub(super) struct Still {
    last: Option<Frame>,
    painted: Vec<Face>,
}

impl Still {
    /// Whether `frame` is the last one again, sample for sample, and its faces are at rest: then
    /// whatever was laid over that one fits. Every frame must come by, in order.
    ///
    /// # Errors
    /// If the memory of a frame cannot be read.
    pub fn holds(&mut self, frame: &Frame, faces: &[Face]) -> Result<bool> {
        let is_same = match self.last.replace(frame.clone()) {
            Some(last) => last.read()?.picture()?.shows_the_same(&frame.read()?.picture()?),
            None => false,
        };
        let holds = is_same
            && self.painted.len() == faces.len()
            && self.painted.iter().zip(faces).all(|(last, now)| is_at_rest(last, now));
        if !holds {
            self.painted = faces.to_vec();
        }
        Ok(holds)
    }
}

/// Whether the same would be laid over a face in the same place.
fn is_at_rest(last: &Face, now: &Face) -> bool {
    let laid = |face: &Face| (face.id, face.to_take_off().to_bits(), face.to_put_on().to_bits());
    let crop = |face: &Face| align::crop_from_landmarks(&face.landmarks);
    let (Some(before), Some(after)) = (crop(last), crop(now)) else { return false };
    let (width, height) = (align::CROP.width as f32, align::CROP.height as f32);
    let moved = |corner| after.apply(before.inverse().apply(corner)).distance(corner);
    let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
    laid(last) == laid(now) && corners.into_iter().all(|(x, y)| moved(Point::new(x, y)) < AT_REST)
}
