//! Measures that are networks themselves: perceptual distance and identity. They are not part
//! of the program; `make metrics` installs them. Without one its measure is left out.

use anyhow::{Context, Result};

use super::metrics::{Metric, Scores};
use super::pairs::{Crops, Pair};
use crate::face::Landmarks;
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use crate::image::{Image, warp};
use crate::onnx::registry::{Registry, Role};
use crate::onnx::{Engine, Network};

/// LPIPS networks by the names of the manifest: input `pair` f32 [2,3,H,W], RGB, 0..1; output
/// `distance` f32 `[1]`.
const LPIPS: [(&str, Metric); 2] =
    [("lpips-alex", Metric::LpipsAlex), ("lpips-vgg", Metric::LpipsVgg)];
/// dlib's face descriptor: input `image` f32 [N,3,150,150], RGB, 0..1; output `descriptor`
/// f32 [N,128].
const IDENTITY: &str = "identity";

/// The measures that are installed.
#[derive(Default)]
pub struct Learned {
    lpips: Vec<(Metric, Network)>,
    identity: Option<Network>,
}

impl Learned {
    /// Loads what is installed. The second result names what is not.
    ///
    /// # Errors
    /// If a file is damaged or no network that can run.
    pub fn open(registry: &Registry, engine: &Engine) -> Result<(Self, Vec<&'static str>)> {
        let (mut learned, mut missing) = (Self::default(), Vec::new());
        let mut load = |name: &'static str| -> Result<Option<Network>> {
            let Some(model) = registry.installed(Role::Measure, name)? else {
                missing.push(name);
                return Ok(None);
            };
            engine.load(name, &model.bytes).map(Some)
        };
        for (name, metric) in LPIPS {
            learned.lpips.extend(load(name)?.map(|network| (metric, network)));
        }
        learned.identity = load(IDENTITY)?;
        Ok((learned, missing))
    }

    /// The perceptual distances of a picture to the truth.
    ///
    /// # Errors
    /// If a network fails.
    pub fn distances(&mut self, got: &Image, truth: &Image) -> Result<Scores> {
        let pair: Vec<f32> = got.data().iter().chain(truth.data()).copied().collect();
        let Size { width, height } = truth.size();
        let shape = [2, 3, height, width];
        let distance = |(metric, network): &mut (Metric, Network)| {
            let out = network.run(("pair", &shape, &pair), &["distance"])?;
            let value = out[0].data.first().context("a perceptual network gave nothing")?;
            Ok((*metric, f64::from(*value)))
        };
        self.lpips.iter_mut().map(distance).collect()
    }

    /// For each picture of `pair`, how much nearer its face is to the true one's identity
    /// than the masked face is, as distance of the descriptors: below .6 dlib takes two
    /// pictures for one person.
    ///
    /// # Errors
    /// If the network fails.
    pub fn identity_gains(
        &mut self,
        pair: &Pair,
        crops: &Crops,
        pictures: &[&Image],
    ) -> Result<Option<Vec<f64>>> {
        let (Some(network), Some(points)) = (&mut self.identity, &pair.landmarks) else {
            return Ok(None);
        };
        let Some(chip_from_crop) = chip(points) else { return Ok(None) };
        let mut describe = |image: &Image| descriptor(network, image, &chip_from_crop);
        let (truth, masked) = (describe(&crops.bare)?, describe(&crops.masked)?);
        let before = distance(&masked, &truth);
        let gains = pictures.iter().map(|p| Ok(before - distance(&describe(p)?, &truth)));
        gains.collect::<Result<_>>().map(Some)
    }
}

/// Side of a descriptor's picture in pixels.
const CHIP: usize = 150;
/// Eyes and tip of the nose in the descriptor's picture, in shares of its side: where dlib's
/// `get_face_chip` with padding .25 puts a mean face.
const CHIP_POINTS: [(f32, f32); 3] = [(0.316, 0.3184), (0.684, 0.3184), (0.5, 0.5111)];

fn chip(points: &Landmarks<CropSpace>) -> Option<Similarity<FrameSpace, CropSpace>> {
    let [left, right] = points.eye_centers();
    let from = [left, right, points.points()[30]].map(|p| Point::<FrameSpace>::new(p.x, p.y));
    let side = CHIP as f32;
    let to = CHIP_POINTS.map(|(x, y)| Point::<CropSpace>::new(x * side, y * side));
    Similarity::estimate(&from, &to)
}

fn descriptor(
    network: &mut Network,
    image: &Image,
    chip_from_crop: &Similarity<FrameSpace, CropSpace>,
) -> Result<Vec<f32>> {
    let size = image.size();
    let photo = crate::image::photo::Photo::from_rgb8(size, &image.to_rgb8());
    let photo = photo.context("a crop without pixels")?;
    let mut chip = Image::new(Size::new(CHIP, CHIP));
    warp::crop(&photo.picture(), chip_from_crop, &mut chip)?;
    let out = network.run(("image", &[1, 3, CHIP, CHIP], chip.data()), &["descriptor"])?;
    Ok(out.into_iter().next().context("the identity network gave nothing")?.data)
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}
