//! The contract `unmask/1` around a U-Net: input `image` f32 `[N,3,256,256]`, RGB, 0..1;
//! outputs `face` f32 `[N,3,256,256]` and `alpha` f32 `[N,1,256,256]`, both 0..1.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};

use super::Unmasker;
use crate::geometry::Size;
use crate::image::{Image, Layer, Matte};
use crate::onnx::{Engine, Network, Provider};

/// Crops a batch: more faces than this go through in several.
const LARGEST_BATCH: usize = 8;

/// A U-Net, loaded and checked.
pub struct Unet {
    network: Network,
    size: Size,
}

impl Unet {
    /// The network from the bytes of its ONNX file. `name` stands in messages; `template` is
    /// the alignment that the crops will have.
    ///
    /// # Errors
    /// If it does not keep the contract, or was trained on another alignment.
    pub fn new(engine: &Engine, name: &str, bytes: &[u8], template: &str) -> Result<Self> {
        let network = engine.load(name, bytes)?;
        let size = Size::new(256, 256);
        network.expect_input("image", &[-1, 3, 256, 256])?;
        network.expect_output("face", &[-1, 3, 256, 256])?;
        network.expect_output("alpha", &[-1, 1, 256, 256])?;
        if let Some(trained) = network.metadata("mask2face.template") {
            ensure!(
                trained == template,
                "the network {name} was trained on crops aligned as '{trained}', this program \
                 aligns them as '{template}'; choose another with --model"
            );
        }
        Ok(Self { network, size })
    }

    /// Where the network really runs.
    pub fn provider(&self) -> &Provider {
        self.network.provider()
    }

    fn batch(&mut self, crops: &[Image]) -> Result<Vec<Layer>> {
        let size = self.size;
        let input: Cow<'_, [f32]> = match crops {
            [one] => one.data().into(),
            many => many.iter().flat_map(Image::data).copied().collect(),
        };
        let shape = [crops.len(), 3, size.height, size.width];
        let n = size.width * size.height;
        self.network.read(("image", &shape, &input), &["face", "alpha"], |_, outputs| {
            let (faces, alphas) = (outputs[0].chunks_exact(3 * n), outputs[1].chunks_exact(n));
            ensure!(faces.len() == crops.len(), "the network gave another number of faces");
            let layer = |(face, alpha): (&[f32], &[f32])| {
                let pixels = Image::from_planar(size, face.to_vec()).context("face")?;
                let alpha = Matte::from_data(size, alpha.to_vec()).context("alpha")?;
                Ok(Layer { pixels, alpha })
            };
            faces.zip(alphas).map(layer).collect()
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
        for batch in crops.chunks(LARGEST_BATCH) {
            layers.extend(self.batch(batch)?);
        }
        Ok(layers)
    }
}
