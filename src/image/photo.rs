//! Photos: JPEG, PNG and WebP as three planes of red, green and blue.

use std::io::Cursor;
use std::path::Path;

use ::image::{DynamicImage, ImageDecoder, ImageReader};
use anyhow::{Context, Result, anyhow, ensure};

use super::deep;
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
}

/// A photo in memory, 8 bits a channel, upright.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    pub(super) size: Size,
    /// Red, green and blue.
    pub(super) planes: [Vec<u8>; 3],
    /// How opaque it is, pixel by pixel, where the file says so.
    pub(super) alpha: Option<Vec<u8>>,
    /// As it was decoded, where that is more than 8 bits a channel.
    pub(super) deep: Option<DynamicImage>,
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
pub(super) mod tests {
    use super::*;

    pub fn gradient() -> Photo {
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
