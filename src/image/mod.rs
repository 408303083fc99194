//! Pictures as planes, crops as floats, and the kernels between them.
//!
//! A video frame or photo is a [`Picture`]: three planes as they came from the decoder. A face
//! crop is an [`Image`]: planar RGB floats, the network's own layout. What is to be laid over
//! a picture (a restored face, a painted mask) is a [`Layer`]: an image and its alpha matte.
//!
//! | file | holds |
//! |---|---|
//! | [`plane`] | views over strided planes of 8 or 16 bits |
//! | [`compare`] | before and after in one picture |
//! | [`color`] | the stream's own matrix and range, to RGB and back |
//! | [`warp`], [`beyond`] | picture -> crop, and what it shows beyond the picture |
//! | [`blend`], `texels` | layer -> picture, under its alpha |
//! | [`filter`] | blur and resize of float planes |
//! | [`flow`] | where each pixel was a moment before |
//! | [`sight`] | what a crop looks like, coarsely, and how that changes |
//! | [`register`] | how a picture of a face lies over an earlier one |
//! | [`photo`], `encode`, `deep`, [`mod@file`] | JPEG, PNG and WebP; as files; more than 8 bits; PNG of crops, fast |
//! | [`label`] | a line of text burnt in |
//! | [`drawing`], [`chart`] | sheets with text, curves and bars |
//! | [`papers`], `exif`, [`xmp`] | what a photo's file holds besides its pixels, and what it says of itself |
//! | [`sketch`] | lines and words in the planes |

pub mod beyond;
pub mod blend;
pub mod chart;
pub mod color;
pub mod compare;
mod deep;
pub mod drawing;
mod encode;
mod exif;
pub mod file;
pub mod filter;
pub mod flow;
pub mod inspect;
pub mod label;
mod mat;
pub mod papers;
pub mod photo;
pub mod plane;
pub mod register;
pub mod sight;
pub mod sketch;
mod texels;
pub mod warp;
pub mod xmp;

pub use color::Colorimetry;
pub use plane::{Picture, PictureFormat, PictureMut, Plane, PlaneMut};

use anyhow::{Context, Result};

use crate::geometry::Size;

/// Makes the kernels ready. Once, before anything else of this room: the library's own threads
/// are more trouble than help for kernels of a tenth of a millisecond, so it gets none.
///
/// # Errors
/// If the library refuses.
pub fn init() -> Result<()> {
    opencv::core::set_num_threads(1).context("OpenCV does not start")
}

/// RGB pixels as floats: three planes (red, green, blue) of `height` rows of `width` values,
/// 0..1, gamma-encoded as they were in the stream or file.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    size: Size,
    data: Vec<f32>,
}

impl Image {
    /// A black image.
    pub fn new(size: Size) -> Self {
        Self { size, data: vec![0.0; 3 * size.width * size.height] }
    }

    /// An image over planar RGB `data`; `None` unless there are 3 * width * height values.
    pub fn from_planar(size: Size, data: Vec<f32>) -> Option<Self> {
        (data.len() == 3 * size.width * size.height).then_some(Self { size, data })
    }

    /// An image from interleaved 8-bit RGB; `None` unless there are 3 * width * height bytes.
    pub fn from_rgb8(size: Size, rgb: &[u8]) -> Option<Self> {
        let n = size.width * size.height;
        if rgb.len() != 3 * n {
            return None;
        }
        let mut image = Self::new(size);
        let [r, g, b] = image.channels_mut();
        for (((pixel, r), g), b) in rgb.chunks_exact(3).zip(r).zip(g).zip(b) {
            [*r, *g, *b] = [pixel[0], pixel[1], pixel[2]].map(|v| f32::from(v) / 255.0);
        }
        Some(image)
    }

    /// Interleaved 8-bit RGB, rounded to nearest.
    pub fn to_rgb8(&self) -> Vec<u8> {
        let [r, g, b] = self.channels();
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        r.iter().zip(g).zip(b).flat_map(|((&r, &g), &b)| [byte(r), byte(g), byte(b)]).collect()
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// All values: the red plane, then green, then blue.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All values, writable.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The red, green and blue planes.
    pub fn channels(&self) -> [&[f32]; 3] {
        let n = self.size.width * self.size.height;
        let (r, rest) = self.data.split_at(n);
        let (g, b) = rest.split_at(n);
        [r, g, b]
    }

    /// The red, green and blue planes, writable.
    pub fn channels_mut(&mut self) -> [&mut [f32]; 3] {
        let n = self.size.width * self.size.height;
        let (r, rest) = self.data.split_at_mut(n);
        let (g, b) = rest.split_at_mut(n);
        [r, g, b]
    }
}

/// Coverage: one plane of floats, 0 (nothing) .. 1 (all).
#[derive(Clone, Debug, PartialEq)]
pub struct Matte {
    size: Size,
    data: Vec<f32>,
}

impl Matte {
    /// A matte of the same `value` everywhere.
    pub fn filled(size: Size, value: f32) -> Self {
        Self { size, data: vec![value; size.width * size.height] }
    }

    /// A matte over `data`; `None` unless there are width * height values.
    pub fn from_data(size: Size, data: Vec<f32>) -> Option<Self> {
        (data.len() == size.width * size.height).then_some(Self { size, data })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Row by row, from the top.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Row by row, writable.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Makes it more transparent: all coverage times `share` (0..1).
    pub fn fade(&mut self, share: f32) {
        if share < 1.0 {
            self.data.iter_mut().for_each(|alpha| *alpha *= share);
        }
    }

    /// Mean coverage, 0..1.
    pub fn mean(&self) -> f32 {
        // Sums side by side: one alone would wait for each addition.
        let mut sums = [0.0f32; 16];
        let (whole, rest) = self.data.as_chunks::<16>();
        for values in whole {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        let sum = sums.iter().chain(rest).sum::<f32>();
        sum / self.data.len().max(1) as f32
    }
}

/// Pixels and where they count: what a network painted, or a painted mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What to show.
    pub pixels: Image,
    /// How much of it, of the same size as `pixels`.
    pub alpha: Matte,
}

impl Layer {
    /// This layer over `under`: `under * (1 - alpha) + pixels * alpha`. Both must be of one
    /// size; pixels beyond the shorter are left out.
    pub fn over(&self, under: &Image) -> Image {
        let mut out = under.clone();
        for (out, over) in out.channels_mut().into_iter().zip(self.pixels.channels()) {
            for ((out, &over), &alpha) in out.iter_mut().zip(over).zip(self.alpha.data()) {
                *out += (over - *out) * alpha;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_the_way_to_floats_and_back() {
        let rgb: Vec<u8> = (0..=255).cycle().take(3 * 16 * 16).collect();
        let image = Image::from_rgb8(Size::new(16, 16), &rgb).unwrap();
        assert_eq!(image.to_rgb8(), rgb);
        assert!(Image::from_rgb8(Size::new(16, 15), &rgb).is_none());
    }

    #[test]
    fn a_layer_covers_by_its_alpha() {
        let size = Size::new(2, 1);
        let under = Image::from_rgb8(size, &[0, 0, 0, 0, 0, 0]).unwrap();
        let pixels = Image::from_rgb8(size, &[255; 6]).unwrap();
        let alpha = Matte::from_data(size, vec![0.0, 0.5]).unwrap();
        assert_eq!(Layer { pixels, alpha }.over(&under).to_rgb8(), [0, 0, 0, 128, 128, 128]);
    }
}
