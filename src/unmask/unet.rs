//! The contract `unmask/1` around a U-Net: input `image` f32 `[N,3,256,256]`, RGB, 0..1;
//! outputs `face` f32 `[N,3,256,256]` and `alpha` f32 `[N,1,256,256]`, both 0..1.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};

use super::Unmasker;
use crate::geometry::Size;
use crate::image::{Image, Layer, Matte};
use crate::onnx::{Engine, Network, Provider};

/// Crops a batch on the processor: one alone stays in its caches; five at once took a thirtieth
/// more time and 37 MB more memory each.
const ON_PROCESSOR: &[usize] = &[1];
/// Crops a batch on accelerators, which prepare themselves for each shape that they meet. What
/// is missing to a whole batch is filled up.
const ON_ACCELERATOR: &[usize] = &[1, 2, 4, 8, 16];

/// A U-Net, loaded and checked.
pub struct Unet {
    network: Network,
    size: Size,
    batches: &'static [usize],
}

impl Unet {
    /// The network from the bytes of its ONNX file. `name` stands in messages; `template` is
    /// the alignment that the crops will have.
    ///
    /// # Errors
    /// If it does not keep the contract, or was trained on another alignment.
    pub fn new(engine: &Engine, name: &str, bytes: &[u8], template: &str) -> Result<Self> {
        Self::checked(engine.load(name, bytes)?, template)
    }

    /// The same network `many` times, to run at once; one time on an accelerator.
    ///
    /// # Errors
    /// As [`Unet::new`].
    pub fn alike(
        engine: &Engine,
        (name, bytes): (&str, &[u8]),
        template: &str,
        many: usize,
    ) -> Result<Vec<Self>> {
        let networks = engine.load_alike(name, bytes, many)?;
        networks.into_iter().map(|network| Self::checked(network, template)).collect()
    }

    fn checked(network: Network, template: &str) -> Result<Self> {
        let size = Size::new(256, 256);
        network.expect_input("image", &[-1, 3, 256, 256])?;
        network.expect_output("face", &[-1, 3, 256, 256])?;
        network.expect_output("alpha", &[-1, 1, 256, 256])?;
        if let Some(trained) = network.metadata("mask2face.template") {
            ensure!(
                trained == template,
                "the network {} was trained on crops aligned as '{trained}', this program \
                 aligns them as '{template}'; choose another with --model",
                network.name()
            );
        }
        let batches = if network.provider().is_cpu() { ON_PROCESSOR } else { ON_ACCELERATOR };
        Ok(Self { network, size, batches })
    }

    /// With other sizes of batches, the smallest first: crops are filled up to one of them.
    #[must_use]
    pub fn in_batches(self, batches: &'static [usize]) -> Self {
        Self { batches, ..self }
    }

    /// Where the network really runs.
    pub fn provider(&self) -> &Provider {
        self.network.provider()
    }

    /// Runs the network on crops as a batch of `whole`.
    fn batch(&mut self, crops: &[Image], whole: usize) -> Result<Vec<Layer>> {
        let size = self.size;
        let n = size.width * size.height;
        let input: Cow<'_, [f32]> = match crops {
            [one] if whole == 1 => one.data().into(),
            several => {
                let mut all = Vec::with_capacity(whole * 3 * n);
                for crop in several {
                    all.extend_from_slice(crop.data());
                }
                all.resize(whole * 3 * n, 0.0);
                all.into()
            }
        };
        let shape = [whole, 3, size.height, size.width];
        self.network.read(("image", &shape, &input), &["face", "alpha"], |_, outputs| {
            let (faces, alphas) = (outputs[0].chunks_exact(3 * n), outputs[1].chunks_exact(n));
            ensure!(faces.len() == whole, "the network gave another number of faces");
            let layer = |(face, alpha): (&[f32], &[f32])| {
                let pixels = Image::from_planar(size, face.to_vec()).context("face")?;
                let alpha = Matte::from_data(size, alpha.to_vec()).context("alpha")?;
                Ok(Layer { pixels, alpha })
            };
            faces.zip(alphas).take(crops.len()).map(layer).collect()
        })
    }
}

impl Unmasker for Unet {
    fn crop_size(&self) -> Size {
        self.size
    }

    fn unmask(&mut self, crops: &[Image]) -> Result<Vec<Layer>> {
        ensure!(crops.iter().all(|c| c.size() == self.size), "a crop is not 256x256");
        let mut layers = Vec::with_capacity(crops.len());
        let mut left = crops;
        while !left.is_empty() {
            let (taken, whole) = batch(left.len(), self.batches);
            let (now, later) = left.split_at(taken);
            layers.extend(self.batch(now, whole)?);
            left = later;
        }
        Ok(layers)
    }
}

/// How many of `crops` go through next, and in a batch of which of the `sizes`.
fn batch(crops: usize, sizes: &[usize]) -> (usize, usize) {
    let largest = sizes.last().copied().unwrap_or(1);
    let whole = sizes.iter().copied().find(|&size| size >= crops).unwrap_or(largest);
    (crops.min(whole), whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_go_in_few_shapes_whatever_their_number() {
        let of = |crops| batch(crops, ON_ACCELERATOR);
        assert_eq!([1, 3, 8, 21].map(of), [(1, 1), (3, 4), (8, 8), (16, 16)]);
        assert_eq!(batch(5, ON_PROCESSOR), (1, 1));
    }
}
