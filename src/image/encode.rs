//! Photos as the bytes of files.

use ::image::DynamicImage;
use ::image::codecs::png::{CompressionType, FilterType, PngEncoder};
use anyhow::{Context, Result, anyhow};
use jpeg_encoder::{ColorType, QuantizationTableType, SamplingFactor};

use super::deep;
use super::papers::{JpegStyle, Papers};
use super::photo::{Photo, PhotoFormat};
use super::xmp::Mark;

/// Of lossy files whose origin tells none, 0..100.
const QUALITY: u8 = 95;

impl Photo {
    /// The bytes of a file of `format`, compressed as `papers` tell of the file it came from, and
    /// with them and `mark`.
    ///
    /// # Errors
    /// As [`Photo::encode`].
    pub fn encode_with(
        &self,
        format: PhotoFormat,
        papers: &Papers,
        mark: Option<&Mark>,
    ) -> Result<Vec<u8>> {
        let encoded = match format {
            PhotoFormat::Jpeg => self.encode_jpeg(papers.jpeg.as_ref())?,
            PhotoFormat::Png => self.encode_png()?,
            PhotoFormat::WebP => self.encode_webp(papers.lossless)?,
        };
        papers.attach(encoded, format, self.size, mark)
    }

    /// The bytes of a file of `format`.
    ///
    /// # Errors
    /// If the encoder refuses, as for WebP beyond 16383 pixels.
    pub fn encode(&self, format: PhotoFormat) -> Result<Vec<u8>> {
        match format {
            PhotoFormat::Jpeg => self.encode_jpeg(None),
            PhotoFormat::Png => self.encode_png(),
            PhotoFormat::WebP => self.encode_webp(false),
        }
    }

    /// With another JPEG's steps, where there is one, so that what was not touched comes out all
    /// but the same.
    fn encode_jpeg(&self, style: Option<&JpegStyle>) -> Result<Vec<u8>> {
        let side = |side: usize| u16::try_from(side).context("too large for a JPEG");
        let (width, height) = (side(self.size.width)?, side(self.size.height)?);
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        if let Some(style) = style {
            let [luma, chroma] = style.steps.clone().map(QuantizationTableType::Custom);
            encoder.set_quantization_tables(luma, chroma);
            let (across, down) = style.sampling;
            if let Some(sampling) = SamplingFactor::from_factors(across, down) {
                encoder.set_sampling_factor(sampling);
            }
            // optimised tables would come in a scan for each channel, which some decoders leave out
            encoder.set_progressive(style.progressive);
        }
        let rgb = self.interleaved();
        encoder.encode(&rgb, width, height, ColorType::Rgb).context("encoding the photo")?;
        Ok(bytes)
    }

    fn encode_png(&self) -> Result<Vec<u8>> {
        let (width, height) = (self.size.width as u32, self.size.height as u32);
        let picture = match (&self.deep, &self.alpha) {
            (Some(deep), _) => Some(deep::changed(deep, &self.planes)),
            (None, Some(alpha)) => {
                let buffer = ::image::RgbaImage::from_raw(width, height, self.with_alpha(alpha));
                buffer.map(Into::into)
            }
            (None, None) => {
                ::image::RgbImage::from_raw(width, height, self.interleaved()).map(Into::into)
            }
        };
        let picture: DynamicImage = picture.context("the photo lacks pixels")?;
        let mut bytes = Vec::new();
        let (packed, filter) = (CompressionType::Default, FilterType::Adaptive);
        let encoder = PngEncoder::new_with_quality(&mut bytes, packed, filter);
        picture.write_with_encoder(encoder).context("encoding the photo")?;
        Ok(bytes)
    }

    fn encode_webp(&self, lossless: bool) -> Result<Vec<u8>> {
        let refused = |why: String| anyhow!("encoding the photo as WebP: {why}");
        let mut config = webp::WebPConfig::new().map_err(|()| refused("no settings".into()))?;
        config.lossless = i32::from(lossless);
        config.exact = 1;
        if !lossless {
            config.quality = f32::from(QUALITY);
        }
        let (width, height) = (self.size.width as u32, self.size.height as u32);
        let samples = match &self.alpha {
            Some(alpha) => self.with_alpha(alpha),
            None => self.interleaved(),
        };
        let encoder = match self.alpha {
            Some(_) => webp::Encoder::from_rgba(&samples, width, height),
            None => webp::Encoder::from_rgb(&samples, width, height),
        };
        let bytes = encoder.encode_advanced(&config).map_err(|why| refused(format!("{why:?}")))?;
        Ok(bytes.to_vec())
    }

    /// Red, green and blue of pixel after pixel.
    fn interleaved(&self) -> Vec<u8> {
        let [r, g, b] = &self.planes;
        r.iter().zip(g).zip(b).flat_map(|((&r, &g), &b)| [r, g, b]).collect()
    }

    /// Red, green, blue and alpha of pixel after pixel.
    fn with_alpha(&self, alpha: &[u8]) -> Vec<u8> {
        let [r, g, b] = &self.planes;
        let colours = r.iter().zip(g).zip(b).zip(alpha);
        colours.flat_map(|(((&r, &g), &b), &a)| [r, g, b, a]).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::image::photo::tests::gradient;

    #[test]
    fn sixteen_bits_stay_sixteen() {
        let fine = |x: u32, y: u32| [(x * 1771 + y) as u16, (y * 3001) as u16, 7, (x * y) as u16];
        let picture = ::image::ImageBuffer::from_fn(37, 21, |x, y| ::image::Rgba(fine(x, y)));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgba16(picture).write_to(&mut bytes, ::image::ImageFormat::Png).unwrap();
        let mut photo = Photo::decode(bytes.get_ref()).unwrap();
        // one pixel is made brighter by three steps of eight bits
        let (old, at) = (photo.planes[1][5 * 37 + 4], 5 * 37 + 4);
        photo.planes[1][at] = old + 3;
        let back = ::image::load_from_memory(&photo.encode(PhotoFormat::Png).unwrap()).unwrap();
        let DynamicImage::ImageRgba16(back) = back else { panic!("{:?}", back.color()) };
        for (x, y, pixel) in back.enumerate_pixels() {
            let mut expected = fine(x, y);
            expected[1] += if (x, y) == (4, 5) { 3 * 257 } else { 0 };
            assert_eq!(pixel.0, expected, "{x}, {y}");
        }
    }

    #[test]
    fn a_jpeg_keeps_its_quality_and_its_papers() {
        let mark = Mark::new("faces", crate::image::xmp::TRAINED);
        let mut first = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut first, 60);
        encoder.encode(&gradient().interleaved(), 37, 21, ColorType::Rgb).unwrap();
        let papers = Papers::of(&first, PhotoFormat::Jpeg);
        let photo = Photo::decode(&first).unwrap();
        let second = photo.encode_with(PhotoFormat::Jpeg, &papers, Some(&mark)).unwrap();
        let again = Papers::of(&second, PhotoFormat::Jpeg);
        assert!(papers.jpeg.is_some() && again.jpeg == papers.jpeg);
        let back = Photo::decode(&second).unwrap();
        let pairs = photo.planes[1].iter().zip(&back.planes[1]);
        let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 6, "{worst} levels off");
        let held = |text: &[u8]| second.windows(text.len()).any(|w| w == text);
        assert!(held(b"Exif") && held(crate::image::xmp::TRAINED.as_bytes()));
    }

    #[test]
    fn marks_and_transparency_go_into_png_and_webp() {
        let mark = Mark::new("faces", crate::image::xmp::TRAINED);
        let alpha = Some((0..37 * 21).map(|i| (i % 251) as u8).collect());
        let photo = Photo { alpha, ..gradient() };
        for (format, lossless) in [(PhotoFormat::Png, false), (PhotoFormat::WebP, true)] {
            let papers = Papers { lossless, ..Papers::default() };
            let bytes = photo.encode_with(format, &papers, Some(&mark)).unwrap();
            let held = |text: &[u8]| bytes.windows(text.len()).any(|w| w == text);
            assert!(held(crate::image::xmp::TRAINED.as_bytes()) && held(b"II*\0"), "{format:?}");
            let back = Photo::decode(&bytes).unwrap();
            assert_eq!(back.alpha, photo.alpha, "{format:?}");
            assert_eq!(Papers::of(&bytes, format).lossless, lossless);
        }
    }
}
