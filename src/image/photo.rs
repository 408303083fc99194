//! Photos: JPEG, PNG and WebP as three planes of red, green and blue.

use std::io::Cursor;
use std::path::Path;

use ::image::{DynamicImage, ImageDecoder, ImageReader};
use anyhow::{Context, Result, anyhow, ensure};
use opencv::core::{Mat, MatTraitConst, Vector};
use opencv::imgcodecs::{
    IMWRITE_JPEG_QUALITY, IMWRITE_PNG_COMPRESSION, IMWRITE_WEBP_QUALITY, imencode,
};

use super::{Image, Picture, PictureFormat, PictureMut, Plane, PlaneMut};
use crate::geometry::Size;

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
}

impl Photo {
    /// A photo from interleaved 8-bit RGB; `None` unless there are 3 * width * height bytes.
    pub fn from_rgb8(size: Size, rgb: &[u8]) -> Option<Self> {
        let plane = |c: usize| rgb.iter().skip(c).step_by(3).copied().collect();
        (rgb.len() == 3 * size.width * size.height)
            .then(|| Self { size, planes: [plane(0), plane(1), plane(2)] })
    }

    /// Decodes the bytes of a JPEG, PNG or WebP file. EXIF orientation is applied; an alpha
    /// channel is dropped.
    ///
    /// # Errors
    /// If the bytes are no such picture, a broken one, or only the beginning of one.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        ensure!(!bytes.is_empty(), "the file is empty; copy it again");
        ensure!(!is_cut_off_jpeg(bytes), "the JPEG breaks off before its end; copy it again");
        // OpenCV would print its libraries' complaints, and take a torso for the whole.
        let upright = || -> ::image::ImageResult<DynamicImage> {
            let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
            let mut decoder = reader.into_decoder()?;
            let orientation = decoder.orientation()?;
            let mut picture = DynamicImage::from_decoder(decoder)?;
            picture.apply_orientation(orientation);
            Ok(picture)
        };
        let rgb = upright().map_err(|e| unreadable(&e))?.into_rgb8();
        let size = Size::new(rgb.width() as usize, rgb.height() as usize);
        Self::from_rgb8(size, rgb.as_raw()).context("the picture has no pixels")
    }

    /// The bytes of a file of `format`.
    ///
    /// # Errors
    /// If the encoder refuses, as for WebP beyond 16383 pixels.
    pub fn encode(&self, format: PhotoFormat) -> Result<Vec<u8>> {
        let [r, g, b] = &self.planes;
        let bgr: Vec<u8> = b.iter().zip(g).zip(r).flat_map(|((&b, &g), &r)| [b, g, r]).collect();
        let rows = Mat::from_slice(&bgr)?;
        let bgr = rows.reshape(3, self.size.height as i32)?;
        let (extension, parameters) = format.encoder();
        let mut bytes = Vector::<u8>::new();
        let written = imencode(extension, &bgr, &mut bytes, &Vector::from_slice(&parameters))
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
