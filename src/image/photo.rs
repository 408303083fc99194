//! Photos: JPEG, PNG and WebP as three planes of red, green and blue.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use opencv::core::{Mat, MatTraitConst, MatTraitConstManual, Vector};
use opencv::imgcodecs::{
    IMREAD_COLOR, IMWRITE_JPEG_QUALITY, IMWRITE_PNG_COMPRESSION, IMWRITE_WEBP_QUALITY, imdecode,
    imencode,
};

use super::mat::{Element, View};
use super::{Picture, PictureFormat, PictureMut, Plane, PlaneMut};
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
    /// If the bytes are no such picture, or a broken one.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        ensure!(!bytes.is_empty(), "the file is empty");
        let data = View::new(bytes, Size::new(bytes.len(), 1), bytes.len(), Element::U8)?;
        let bgr = imdecode(data.mat(), IMREAD_COLOR)?;
        if bgr.empty() {
            bail!("this is no JPEG, PNG or WebP picture, or it is broken");
        }
        let size = Size::new(bgr.cols() as usize, bgr.rows() as usize);
        let samples = bgr.data_bytes()?;
        let plane = |c: usize| samples.iter().skip(c).step_by(3).copied().collect();
        Ok(Self { size, planes: [plane(2), plane(1), plane(0)] })
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

    /// The photo as a picture to write.
    pub fn picture_mut(&mut self) -> PictureMut<'_> {
        let stride = self.size.width;
        let planes = self.planes.each_mut().map(|data| PlaneMut { data, stride });
        PictureMut { format: PictureFormat::rgb8(self.size), planes }
    }
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
        assert_eq!(PhotoFormat::of(Path::new("a.JPeG")), Some(PhotoFormat::Jpeg));
        assert_eq!(PhotoFormat::of(Path::new("a.mp4")), None);
    }
}
