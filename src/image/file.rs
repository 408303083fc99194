//! Crops and mattes as PNG files, written fast.

use ::image::codecs::png::{CompressionType, FilterType, PngEncoder};
use ::image::{ExtendedColorType, ImageEncoder};
use anyhow::{Context, Result};

use super::{Image, Matte};
use crate::geometry::Size;

/// The bytes of an 8-bit RGB PNG: quickly compressed, values rounded to nearest.
///
/// # Errors
/// If the encoder refuses.
pub fn png(image: &Image) -> Result<Vec<u8>> {
    encode(&image.to_rgb8(), image.size(), ExtendedColorType::Rgb8)
}

/// The bytes of an 8-bit gray PNG: 0 nothing, 255 all.
///
/// # Errors
/// If the encoder refuses.
pub fn png_gray(matte: &Matte) -> Result<Vec<u8>> {
    let byte = |v: &f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let bytes: Vec<u8> = matte.data().iter().map(byte).collect();
    encode(&bytes, matte.size(), ExtendedColorType::L8)
}

fn encode(samples: &[u8], size: Size, color: ExtendedColorType) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(samples.len() / 2);
    // Compression takes a quarter of the time of making a pair otherwise.
    let encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Paeth);
    let (width, height) = (size.width as u32, size.height as u32);
    encoder.write_image(samples, width, height, color).context("encoding a PNG")?;
    Ok(bytes)
}
