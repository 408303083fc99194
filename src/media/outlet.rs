//! What comes out of a live pipeline, and what takes it.

use anyhow::Result;

use super::Frame;
use crate::geometry::{FrameSpace, Point, Rect};

/// A frame as it is to be shown, and what a preview may want to know of it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The result.
    pub frame: Frame,
    /// The frame as it came in, where somebody wants to compare.
    pub original: Option<Frame>,
    /// Whether a face in it was restored.
    pub restored: bool,
    /// The faces seen in it.
    pub marks: Vec<Mark>,
}

impl From<Frame> for Shown {
    fn from(frame: Frame) -> Self {
        Self { frame, original: None, restored: false, marks: Vec::new() }
    }
}

/// A face as a preview draws it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Which face of the stream it is.
    pub id: u64,
    /// The box around it.
    pub bbox: Rect<FrameSpace>,
    /// Its landmarks.
    pub points: Vec<Point<FrameSpace>>,
    /// Whether it wears a mask.
    pub worn: bool,
}

/// Takes the frames of one live stream, in order.
pub trait Outlet: Send {
    /// Takes one frame. It must not wait for anybody longer than a frame may be late.
    ///
    /// # Errors
    /// If this outlet is lost for good.
    fn show(&mut self, shown: &Shown) -> Result<()>;

    /// Ends the stream and makes the output whole.
    ///
    /// # Errors
    /// If the output cannot be completed.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Takes frames and does nothing with them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Outlet for Nothing {
    fn show(&mut self, _: &Shown) -> Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
