//! Crops and mattes as PNG files, written fast.

use anyhow::{Context, Result, ensure};
use opencv::core::{Mat, MatTraitConst, Vector};
use opencv::imgcodecs::{IMWRITE_PNG_COMPRESSION, imencode};

use super::{Image, Matte};

/// The bytes of an 8-bit RGB PNG: quickly compressed, values rounded to nearest.
///
/// # Errors
/// If the encoder refuses.
pub fn png(image: &Image) -> Result<Vec<u8>> {
    let mut bytes = image.to_rgb8();
    bytes.chunks_exact_mut(3).for_each(|rgb| rgb.swap(0, 2));
    encode(&bytes, 3, image.size().height)
}

/// The bytes of an 8-bit gray PNG: 0 nothing, 255 all.
///
/// # Errors
/// If the encoder refuses.
pub fn png_gray(matte: &Matte) -> Result<Vec<u8>> {
    let byte = |v: &f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let bytes: Vec<u8> = matte.data().iter().map(byte).collect();
    encode(&bytes, 1, matte.size().height)
}

fn encode(samples: &[u8], channels: i32, rows: usize) -> Result<Vec<u8>> {
    let flat = Mat::from_slice(samples)?;
    let picture = flat.reshape(channels, rows as i32)?;
    let mut bytes = Vector::<u8>::new();
    let fast = Vector::from_slice(&[IMWRITE_PNG_COMPRESSION, 1]);
    let written = imencode(".png", &picture, &mut bytes, &fast).context("encoding a PNG")?;
    ensure!(written, "the picture could not be encoded as PNG");
    Ok(bytes.into())
}
