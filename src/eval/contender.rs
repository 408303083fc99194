//! Who is judged: networks, and the baselines that every network has to beat.

use anyhow::{Result, ensure};

use super::pairs::Crops;
use crate::geometry::Size;
use crate::image::{Image, Layer, Matte};
use crate::unmask::{Unmasker, harmonize};

/// What a contender makes of a masked crop.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The crop with what it painted, as a file of 8 bits holds it.
    pub picture: Image,
    /// Where it painted; none for a baseline, which is told.
    pub alpha: Option<Matte>,
}

/// Somebody who takes masks off.
pub enum Contender {
    /// The masked crop as it is.
    Input,
    /// The mask filled with the mean colour of the skin above it, told where the mask is.
    MeanSkin,
    /// A network that finds the mask itself.
    Network {
        /// Name in reports.
        name: String,
        /// The network.
        unmasker: Box<dyn Unmasker>,
        /// Whether its layers are fitted to their surroundings, as `run` does.
        fitted: bool,
    },
}

/// Where the canonical crop shows skin between eyes and mask: left, right, top, bottom in
/// shares of the side.
const SKIN: (f32, f32, f32, f32) = (0.25, 0.75, 0.33, 0.5);
/// A skin patch smaller than this (in shares of the crop) says nothing; then all counts.
const ENOUGH: f32 = 0.0008;

impl Contender {
    /// Name in reports.
    pub fn name(&self) -> &str {
        match self {
            Self::Input => "masked input",
            Self::MeanSkin => "mean skin colour",
            Self::Network { name, .. } => name,
        }
    }

    /// Whether it is a network.
    pub fn is_network(&self) -> bool {
        matches!(self, Self::Network { .. })
    }

    /// Answers for several crops, in order.
    ///
    /// # Errors
    /// If the network fails or wants crops of another size.
    pub fn answers(&mut self, crops: &[&Crops]) -> Result<Vec<Answer>> {
        match self {
            Self::Input => {
                let same = |c: &&Crops| Answer { picture: c.masked.clone(), alpha: None };
                Ok(crops.iter().map(same).collect())
            }
            Self::MeanSkin => Ok(crops
                .iter()
                .map(|c| Answer { picture: eight_bit(&mean_skin(c)), alpha: None })
                .collect()),
            Self::Network { .. } => {
                let masked: Vec<Image> = crops.iter().map(|c| c.masked.clone()).collect();
                self.paint(&masked)
            }
        }
    }

    /// What a network makes of crops, masked or bare; a baseline makes nothing of them.
    ///
    /// # Errors
    /// As [`Contender::answers`].
    pub fn paint(&mut self, crops: &[Image]) -> Result<Vec<Answer>> {
        let Self::Network { name, unmasker, fitted } = self else { return Ok(Vec::new()) };
        let side = unmasker.crop_size();
        if let Some(other) = crops.iter().map(Image::size).find(|size| *size != side) {
            let Size { width, height } = other;
            ensure!(
                other == side,
                "the pairs are {width}x{height}, the model {name} takes {}x{}; generate them with \
                 --size {}",
                side.width,
                side.height,
                side.width
            );
        }
        let mut layers = unmasker.unmask(crops)?;
        if *fitted {
            let pairs = crops.iter().zip(&mut layers);
            pairs.into_iter().try_for_each(|(crop, layer)| harmonize::fit(crop, layer))?;
        }
        let answer = |(layer, crop): (Layer, &Image)| Answer {
            picture: eight_bit(&layer.over(crop)),
            alpha: Some(layer.alpha),
        };
        Ok(layers.into_iter().zip(crops).map(answer).collect())
    }
}

/// Rounded to what a file of 8 bits holds.
fn eight_bit(image: &Image) -> Image {
    Image::from_rgb8(image.size(), &image.to_rgb8()).unwrap_or_else(|| image.clone())
}

fn mean_skin(crops: &Crops) -> Image {
    let Size { width, height } = crops.masked.size();
    let (left, right, top, bottom) = SKIN;
    let seen = |i: &usize| {
        let x = (i % width) as f32 / width as f32;
        let y = (i / width) as f32 / height as f32;
        let skin = (left..right).contains(&x) && (top..bottom).contains(&y);
        skin && crops.alpha.data()[*i] < 0.02
    };
    let mut pixels: Vec<usize> = (0..width * height).filter(seen).collect();
    if (pixels.len() as f32) < ENOUGH * (width * height) as f32 {
        pixels = (0..width * height).collect();
    }
    let mut layer = Layer { pixels: crops.masked.clone(), alpha: crops.alpha.clone() };
    for channel in layer.pixels.channels_mut() {
        let mean = pixels.iter().map(|&i| channel[i]).sum::<f32>() / pixels.len() as f32;
        channel.fill(mean);
    }
    // A mask's rim is half see-through: cover it whole.
    layer.alpha.data_mut().iter_mut().for_each(|a| *a = (*a * 3.0).min(1.0));
    layer.over(&crops.masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_skin_fills_the_mask_with_what_is_seen_above_it() {
        let size = Size::new(40, 40);
        let mut masked = Image::from_planar(size, vec![0.6; 3 * 1600]).unwrap();
        let mut alpha = Matte::filled(size, 0.0);
        masked.channels_mut()[2][25 * 40..].fill(1.0);
        alpha.data_mut()[25 * 40..].fill(1.0);
        let crops = Crops { bare: masked.clone(), masked, alpha };
        let filled = Contender::MeanSkin.answers(&[&crops]).unwrap().remove(0).picture;
        assert!(filled.data().iter().all(|v| (v - 0.6).abs() < 0.003));
    }

    #[test]
    fn crops_of_another_size_than_the_networks_are_told_with_the_cure() {
        let unmasker = Box::new(crate::unmask::Identity(Size::new(16, 16)));
        let mut network = Contender::Network { name: "m".into(), unmasker, fitted: false };
        let told = network.paint(&[Image::new(Size::new(8, 8))]).unwrap_err().to_string();
        assert_eq!(
            told,
            "the pairs are 8x8, the model m takes 16x16; generate them with --size 16"
        );
        assert_eq!(network.paint(&[Image::new(Size::new(16, 16))]).unwrap().len(), 1);
    }
}
