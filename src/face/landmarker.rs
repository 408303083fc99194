//! This project's landmark network: 68 points, how sure it is of a face, and whether a mask is
//! worn. It was trained on bare faces with masks painted on, so that its points stay where
//! they are when a mask is put on.

use anyhow::{Context, Result, ensure};

use super::{FaceDetection, Landmarks};
use crate::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity, Size, Vec2};
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

/// A square of the frame, upright to the face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    center: Point<FrameSpace>,
    side: f32,
    angle: f32,
}

/// Side of the crop in boxes of the detector.
const SIDE_IN_BOXES: f32 = 1.35;
/// The same framing from points: side and rise of the centre, in longer sides of their box.
const SIDE_IN_POINTS: f32 = 1.76;
const RISE_IN_POINTS: f32 = 0.17;

impl Framing {
    /// The square around a detected face.
    pub fn of_detection(face: &FaceDetection) -> Self {
        let across = face.keypoints[1] - face.keypoints[0];
        Self {
            center: face.bbox.center(),
            side: SIDE_IN_BOXES * face.bbox.width().max(face.bbox.height()),
            angle: across.y.atan2(across.x),
        }
    }

    /// The same square from the points that an earlier look gave; `None` if they coincide.
    pub fn of_landmarks(landmarks: &Landmarks<FrameSpace>) -> Option<Self> {
        let [left, right] = landmarks.eye_centers();
        let across = right - left;
        let angle = across.y.atan2(across.x);
        let upright: Similarity<FrameSpace, CropSpace> =
            Similarity::about(left, Point::new(0.0, 0.0), 1.0, -angle);
        let bounds = Rect::around(landmarks.map(&upright).points())?;
        let longer = bounds.width().max(bounds.height());
        let center = bounds.center() + Vec2::new(0.0, -RISE_IN_POINTS * longer);
        let center = upright.inverse().apply(center);
        (longer > f32::EPSILON).then_some(Self { center, side: SIDE_IN_POINTS * longer, angle })
    }

    fn crop_from_frame(&self, size: Size) -> Similarity<FrameSpace, CropSpace> {
        let middle = Point::new(size.width as f32 / 2.0, size.height as f32 / 2.0);
        Similarity::about(self.center, middle, size.width as f32 / self.side, -self.angle)
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

    /// Looks at each framed square; one batch.
    ///
    /// # Errors
    /// If the picture cannot be sampled or the network fails.
    pub fn read(&mut self, picture: &Picture<'_>, framings: &[Framing]) -> Result<Vec<Reading>> {
        if framings.is_empty() {
            return Ok(Vec::new());
        }
        let size = self.crop.size();
        let mut batch = Vec::with_capacity(framings.len() * self.crop.data().len());
        for framing in framings {
            warp::crop(picture, &framing.crop_from_frame(size), &mut self.crop)?;
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
                let frame_from_crop = framing.crop_from_frame(size).inverse();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::align;

    #[test]
    fn the_framing_turns_and_grows_with_the_face() {
        let upright: Similarity<CropSpace, FrameSpace> =
            Similarity::about(Point::new(128.0, 128.0), Point::new(500.0, 400.0), 1.0, 0.0);
        let turned = Similarity::about(Point::new(128.0, 128.0), Point::new(80.0, 90.0), 2.0, 1.0);
        let face = align::template();
        let a = Framing::of_landmarks(&face.map(&upright)).unwrap();
        let b = Framing::of_landmarks(&face.map(&turned)).unwrap();
        assert!((b.side / a.side - 2.0).abs() < 1e-3);
        assert!((b.angle - 1.0).abs() < 1e-3);
        // The same face lies at the same place of both crops.
        let size = Size::new(112, 112);
        let eye = |framing: &Framing, from: &Similarity<CropSpace, FrameSpace>| {
            framing.crop_from_frame(size).apply(from.apply(face.eye_centers()[0]))
        };
        assert!(eye(&a, &upright).distance(eye(&b, &turned)) < 0.01);
    }
}
