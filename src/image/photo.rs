//! Photos: JPEG, PNG and WebP as three planes of red, green and blue.

use std::io::Cursor;
use std::path::Path;

use ::image::{DynamicImage, ImageDecoder, ImageReader};
use anyhow::{Context, Result, anyhow, ensure};
use jpeg_encoder::{ColorType, QuantizationTableType, SamplingFactor};
use opencv::core::{Mat, MatTraitConst, Vector};
use opencv::imgcodecs::{
    IMWRITE_JPEG_QUALITY, IMWRITE_PNG_COMPRESSION, IMWRITE_WEBP_QUALITY, imencode,
};

use super::deep;
use super::papers::{JpegStyle, Papers};
use super::xmp::Mark;
use super::{Image, Picture, PictureFormat, PictureMut, Plane, PlaneMut};
use crate::geometry::Size;

/// Most pixels of a picture: a small file may promise any number of them, and this many take
/// gigabytes.
const MOST: u64 = 1 << 28;

/// A file format of photos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoFormat {
    /// Lossy; written at quality 95.
    Jpeg,
    /// Lossless.
    Png,
    /// Written at quality 95.
    WebP,
}

impl PhotoFormat {
    /// The format that a file name's extension stands for, in any case.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }

    fn encoder(self) -> (&'static str, [i32; 2]) {
        match self {
            Self::Jpeg => (".jpg", [IMWRITE_JPEG_QUALITY, 95]),
            Self::Png => (".png", [IMWRITE_PNG_COMPRESSION, 3]),
            Self::WebP => (".webp", [IMWRITE_WEBP_QUALITY, 95]),
        }
    }
}

/// A photo in memory, 8 bits a channel, upright.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    size: Size,
    planes: [Vec<u8>; 3],
    /// How opaque it is, pixel by pixel, where the file says so.
    alpha: Option<Vec<u8>>,
    /// As it was decoded, where that is more than 8 bits a channel.
    deep: Option<DynamicImage>,
}

impl Photo {
    /// A photo from interleaved 8-bit RGB; `None` unless there are 3 * width * height bytes.
    pub fn from_rgb8(size: Size, rgb: &[u8]) -> Option<Self> {
        let plane = |c: usize| rgb.iter().skip(c).step_by(3).copied().collect();
        (rgb.len() == 3 * size.width * size.height).then(|| Self {
            size,
            planes: [plane(0), plane(1), plane(2)],
            alpha: None,
            deep: None,
        })
    }

    /// Decodes the bytes of a JPEG, PNG or WebP file. EXIF orientation is applied.
    ///
    /// # Errors
    /// If the bytes are no such picture, a broken one, or only the beginning of one.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let upright = upright(bytes)?;
        let alpha = upright
            .color()
            .has_alpha()
            .then(|| upright.to_rgba8().as_raw().iter().skip(3).step_by(4).copied().collect());
        let deep = deep::is_deep(&upright).then(|| upright.clone());
        let rgb = upright.into_rgb8();
        let size = Size::new(rgb.width() as usize, rgb.height() as usize);
        let photo = Self::from_rgb8(size, rgb.as_raw()).context("the picture has no pixels")?;
        Ok(Self { alpha, deep, ..photo })
    }

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
        let encoded = match (format, &papers.jpeg) {
            (PhotoFormat::Jpeg, Some(style)) => self.encode_jpeg(style)?,
            (PhotoFormat::WebP, _) if papers.lossless => {
                self.encode_as(".webp", [IMWRITE_WEBP_QUALITY, 101])?
            }
            _ => self.encode(format)?,
        };
        papers.attach(encoded, format, self.size, mark)
    }

    /// With another JPEG's steps, so that what was not touched comes out all but the same.
    fn encode_jpeg(&self, style: &JpegStyle) -> Result<Vec<u8>> {
        let [r, g, b] = &self.planes;
        let rgb: Vec<u8> = r.iter().zip(g).zip(b).flat_map(|((&r, &g), &b)| [r, g, b]).collect();
        let side = |side: usize| u16::try_from(side).context("too large for a JPEG");
        let (width, height) = (side(self.size.width)?, side(self.size.height)?);
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        let [luma, chroma] = style.steps.clone().map(QuantizationTableType::Custom);
        encoder.set_quantization_tables(luma, chroma);
        let (across, down) = style.sampling;
        if let Some(sampling) = SamplingFactor::from_factors(across, down) {
            encoder.set_sampling_factor(sampling);
        }
        // optimised tables would come in a scan for each channel, which some decoders leave out
        encoder.set_progressive(style.progressive);
        encoder.encode(&rgb, width, height, ColorType::Rgb).context("encoding the photo")?;
        Ok(bytes)
    }

    /// The bytes of a file of `format`.
    ///
    /// # Errors
    /// If the encoder refuses, as for WebP beyond 16383 pixels.
    pub fn encode(&self, format: PhotoFormat) -> Result<Vec<u8>> {
        let (extension, parameters) = format.encoder();
        self.encode_as(extension, parameters)
    }

    fn encode_as(&self, extension: &str, parameters: [i32; 2]) -> Result<Vec<u8>> {
        if let Some(deep) = self.deep.as_ref().filter(|_| extension == ".png") {
            let (samples, channels) = deep::changed(deep, &self.planes);
            let samples = Mat::from_slice(&samples)?;
            return self.encoded(&samples, channels, (extension, parameters));
        }
        let [r, g, b] = &self.planes;
        let colours = b.iter().zip(g).zip(r).map(|((&b, &g), &r)| [b, g, r]);
        let alpha = self.alpha.as_ref().filter(|_| extension != ".jpg");
        let (samples, channels): (Vec<u8>, usize) = match alpha {
            Some(alpha) => {
                (colours.zip(alpha).flat_map(|([b, g, r], &a)| [b, g, r, a]).collect(), 4)
            }
            None => (colours.flatten().collect(), 3),
        };
        let samples = Mat::from_slice(&samples)?;
        self.encoded(&samples, channels, (extension, parameters))
    }

    /// The bytes of a file of interleaved `samples`.
    fn encoded(
        &self,
        samples: &impl MatTraitConst,
        channels: usize,
        (extension, parameters): (&str, [i32; 2]),
    ) -> Result<Vec<u8>> {
        let picture = samples.reshape(channels as i32, self.size.height as i32)?;
        let mut bytes = Vector::<u8>::new();
        let written = imencode(extension, &picture, &mut bytes, &Vector::from_slice(&parameters))
            .context("encoding the photo")?;
        ensure!(written, "the photo could not be encoded as {extension}");
        Ok(bytes.into())
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The photo as a picture to read.
    pub fn picture(&self) -> Picture<'_> {
        let plane = |i: usize| Plane { data: &self.planes[i], stride: self.size.width };
        Picture { format: PictureFormat::rgb8(self.size), planes: [plane(0), plane(1), plane(2)] }
    }

    /// The photo as floats.
    pub fn image(&self) -> Image {
        let floats = |v: &u8| f32::from(*v) / 255.0;
        let data = self.planes.iter().flatten().map(floats).collect();
        Image::from_planar(self.size, data).unwrap_or_else(|| Image::new(self.size))
    }

    /// The photo as a picture to write.
    pub fn picture_mut(&mut self) -> PictureMut<'_> {
        let stride = self.size.width;
        let planes = self.planes.each_mut().map(|data| PlaneMut { data, stride });
        PictureMut { format: PictureFormat::rgb8(self.size), planes }
    }
}

/// A picture with alpha, 8 bits a channel, upright.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cutout {
    /// Width and height in pixels.
    pub size: Size,
    /// Interleaved red, green, blue and alpha, not multiplied; alpha 255 where the file has
    /// none.
    pub rgba: Vec<u8>,
}

impl Cutout {
    /// Decodes the bytes of a JPEG, PNG or WebP file with its alpha.
    ///
    /// # Errors
    /// As [`Photo::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let picture = upright(bytes)?.into_rgba8();
        let size = Size::new(picture.width() as usize, picture.height() as usize);
        Ok(Self { size, rgba: picture.into_raw() })
    }
}

/// The decoded picture of a file's bytes, turned as its EXIF orientation says.
fn upright(bytes: &[u8]) -> Result<DynamicImage> {
    ensure!(!bytes.is_empty(), "the file is empty; copy it again");
    ensure!(!is_cut_off_jpeg(bytes), "the JPEG breaks off before its end; copy it again");
    // OpenCV would print its libraries' complaints, and take a torso for the whole.
    let mut size = (0, 0);
    let mut decode = || -> ::image::ImageResult<Option<DynamicImage>> {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let mut decoder = reader.into_decoder()?;
        size = decoder.dimensions();
        if u64::from(size.0) * u64::from(size.1) > MOST {
            return Ok(None);
        }
        let orientation = decoder.orientation()?;
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        Ok(Some(picture))
    };
    let decoded = decode().map_err(|error| unreadable(&error))?;
    decoded.with_context(|| {
        format!(
            "the picture has {} x {} pixels, more than the {} million that can be held; make it \
             smaller",
            size.0,
            size.1,
            MOST / 1_000_000
        )
    })
}

/// One line of what may be several.
fn unreadable(error: &::image::ImageError) -> anyhow::Error {
    let text = error.to_string();
    let cause = text.lines().next().unwrap_or_default();
    anyhow!(
        "this is no whole JPEG, PNG or WebP picture ({cause}); check that other programs show it"
    )
}

/// Whether the bytes begin a JPEG whose end-of-image marker is missing after its last scan.
fn is_cut_off_jpeg(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    bytes.starts_with(&[0xff, 0xd8]) && last(0xd9) < last(0xda)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient() -> Photo {
        let size = Size::new(37, 21);
        let rgb: Vec<u8> = (0..37 * 21)
            .flat_map(|i| [(i % 37 * 6) as u8, (i / 37 * 11) as u8, (i % 5) as u8])
            .collect();
        Photo::from_rgb8(size, &rgb).unwrap()
    }

    #[test]
    fn png_keeps_every_value_and_the_lossy_ones_come_close() {
        let photo = gradient();
        assert_eq!(Photo::decode(&photo.encode(PhotoFormat::Png).unwrap()).unwrap(), photo);
        for format in [PhotoFormat::Jpeg, PhotoFormat::WebP] {
            let back = Photo::decode(&photo.encode(format).unwrap()).unwrap();
            let pairs = photo.planes[0].iter().zip(&back.planes[0]);
            let error: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            assert!(error / (37 * 21) < 8, "{format:?}: {error}");
        }
    }

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
    fn a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() {
        let mut png = gradient().encode(PhotoFormat::Png).unwrap();
        png[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let mut crc = !0u32;
        for byte in &png[12..29] {
            crc = (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg())
            });
        }
        png[29..33].copy_from_slice(&(!crc).to_be_bytes());
        let told = Photo::decode(&png).unwrap_err().to_string();
        assert!(told.starts_with("the picture has 30000 x 30000 pixels, more than"), "{told}");
    }

    #[test]
    fn a_jpeg_keeps_its_quality_and_its_papers() {
        let mark = Mark::new("faces", crate::image::xmp::TRAINED);
        let first = gradient().encode_as(".jpg", [IMWRITE_JPEG_QUALITY, 60]).unwrap();
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

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert!(Photo::decode(b"").is_err());
        assert!(Photo::decode(b"plain text").is_err());
        for format in [PhotoFormat::Jpeg, PhotoFormat::Png, PhotoFormat::WebP] {
            let whole = gradient().encode(format).unwrap();
            assert!(Photo::decode(&whole[..whole.len() * 2 / 3]).is_err(), "{format:?}");
        }
        assert_eq!(PhotoFormat::of(Path::new("a.JPeG")), Some(PhotoFormat::Jpeg));
        assert_eq!(PhotoFormat::of(Path::new("a.mp4")), None);
    }
}
