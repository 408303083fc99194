//! This project's landmark network: 68 points, how sure it is of a face, and whether a mask is
//! worn. It was trained on bare faces with masks painted on, so that its points stay where
//! they are when a mask is put on.

use anyhow::{Context, Result, ensure};

use super::{Framing, Landmarks};
use crate::geometry::{FrameSpace, Point, Size};
use crate::image::{Image, Picture, warp};
use crate::onnx::{Engine, Network};

/// What the network says of one crop.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Points in the frame.
    pub landmarks: Landmarks<FrameSpace>,
    /// How sure it is that this is a face, 0..1.
    pub score: f32,
    /// Probability that a mask is worn, 0..1.
    pub worn: f32,
}

impl Reading {
    /// What two looks at one face say together: the mean.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let between = |a: f32, b: f32| f32::midpoint(a, b);
        let points = std::array::from_fn(|i| {
            let (a, b) = (self.landmarks.points()[i], other.landmarks.points()[i]);
            Point::new(between(a.x, b.x), between(a.y, b.y))
        });
        Self {
            landmarks: Landmarks::new(points),
            score: between(self.score, other.score),
            worn: between(self.worn, other.worn),
        }
    }
}

/// The network, loaded.
pub struct Landmarker {
    network: Network,
    crop: Image,
}

impl Landmarker {
    /// Side of the network's input in pixels.
    const SIDE: usize = 112;

    /// The landmark network from the bytes of its ONNX file.
    ///
    /// # Errors
    /// If it does not keep the contract `landmarks/1`: input `image` `[N,3,112,112]`, outputs
    /// `points` `[N,68,2]`, `score` `[N,1]`, `worn` `[N,1]`.
    pub fn new(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        let network = engine.load("landmarks", bytes)?;
        let side = Self::SIDE as i64;
        network.expect_input("image", &[-1, 3, side, side])?;
        network.expect_output("points", &[-1, 68, 2])?;
        network.expect_output("score", &[-1, 1])?;
        network.expect_output("worn", &[-1, 1])?;
        Ok(Self { network, crop: Image::new(Size::new(Self::SIDE, Self::SIDE)) })
    }
}

/// Looks at framed squares. Behind a trait, so that tests can say what is seen.
pub trait ReadFaces: Send {
    /// One reading for each square, in order.
    ///
    /// # Errors
    /// If the picture cannot be sampled or the network fails.
    fn read(&mut self, picture: &Picture<'_>, framings: &[Framing]) -> Result<Vec<Reading>>;
}

impl ReadFaces for Landmarker {
    /// All squares go through as one batch.
    fn read(&mut self, picture: &Picture<'_>, framings: &[Framing]) -> Result<Vec<Reading>> {
        if framings.is_empty() {
            return Ok(Vec::new());
        }
        let size = self.crop.size();
        let mut batch = Vec::with_capacity(framings.len() * self.crop.data().len());
        for framing in framings {
            warp::crop(picture, &framing.crop_from_frame(size, 1.0), &mut self.crop)?;
            batch.extend_from_slice(self.crop.data());
        }
        let shape = [framings.len(), 3, size.height, size.width];
        let outputs = self.network.run(("image", &shape, &batch), &["points", "score", "worn"])?;
        let [points, score, worn] = &outputs[..] else {
            anyhow::bail!("the landmark network gave another number of outputs than asked")
        };
        ensure!(points.data.len() == framings.len() * 136, "the landmark network gave too few");
        framings
            .iter()
            .enumerate()
            .map(|(i, framing)| {
                let frame_from_crop = framing.crop_from_frame(size, 1.0).inverse();
                let in_frame = |xy: &[f32]| {
                    let (x, y) = (xy[0] * size.width as f32, xy[1] * size.height as f32);
                    frame_from_crop.apply(Point::new(x, y))
                };
                let points: Vec<_> =
                    points.data[136 * i..136 * (i + 1)].chunks_exact(2).map(in_frame).collect();
                let landmarks = Landmarks::from_slice(&points).context("68 points")?;
                Ok(Reading { landmarks, score: score.data[i], worn: worn.data[i] })
            })
            .collect()
    }
}
