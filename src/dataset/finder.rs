//! The faces of a photo.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use crate::face::{FaceTracker, Landmarks};
use crate::geometry::FrameSpace;
use crate::image::photo::Photo;

/// A face in a photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// 68 points in pixels of the photo.
    pub landmarks: Landmarks<FrameSpace>,
    /// How sure they are, 0..1.
    pub score: f32,
    /// Whether a mask is worn already.
    pub worn: bool,
}

/// What finds the faces of a photo; asked from several threads at once.
pub trait Finder: Sync {
    /// All faces of `photo`, which lies at `path` of the folder of faces.
    ///
    /// # Errors
    /// If a network fails.
    fn find(&self, path: &str, photo: &Photo) -> Result<Vec<Found>>;
}

/// This program's own detector and landmark network, one pair for each thread that asks.
pub struct Networks<F> {
    free: Mutex<Vec<FaceTracker>>,
    make: F,
}

impl<F: Fn() -> Result<FaceTracker> + Sync> Networks<F> {
    /// Networks that `make` loads. The first are loaded at once, so that a missing file is
    /// told before any work.
    ///
    /// # Errors
    /// If they cannot be loaded.
    pub fn new(make: F) -> Result<Self> {
        let first = make()?;
        Ok(Self { free: Mutex::new(vec![first]), make })
    }
}

impl<F: Fn() -> Result<FaceTracker> + Sync> Finder for Networks<F> {
    fn find(&self, _path: &str, photo: &Photo) -> Result<Vec<Found>> {
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = free().pop();
        let mut tracker = taken.map_or_else(&self.make, Ok)?;
        let faces = tracker.still(&photo.picture())?;
        free().push(tracker);
        let found = |face: crate::face::Face| Found {
            landmarks: face.landmarks,
            score: face.score,
            worn: face.worn,
        };
        Ok(faces.into_iter().map(found).collect())
    }
}
