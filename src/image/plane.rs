//! Views over the strided planes of a picture, as a decoder or a photo reader left them.

use super::Colorimetry;
use crate::geometry::Size;

/// Where the chroma samples lie between the luma samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChromaSite {
    /// Horizontally on the left luma sample, vertically between two: MPEG-2, H.264's default.
    Left,
    /// In the middle of the luma samples they belong to: JPEG, MPEG-1.
    Center,
}

/// What the planes of a picture mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureFormat {
    /// Luma width and height in pixels; odd sizes are fine.
    pub size: Size,
    /// Bits a sample: 8, or 9..=16 in little-endian 16-bit words, value in the low bits.
    pub bits: u32,
    /// log2 of how many luma columns share a chroma sample (4:2:0 and 4:2:2: 1; 4:4:4: 0).
    pub chroma_shift_x: u32,
    /// log2 of how many luma rows share a chroma sample (4:2:0: 1; 4:2:2 and 4:4:4: 0).
    pub chroma_shift_y: u32,
    /// Where the chroma samples lie.
    pub chroma_site: ChromaSite,
    /// Matrix and range.
    pub color: Colorimetry,
}

impl PictureFormat {
    /// Three full planes of 8-bit red, green and blue: a photo.
    pub fn rgb8(size: Size) -> Self {
        Self {
            size,
            bits: 8,
            chroma_shift_x: 0,
            chroma_shift_y: 0,
            chroma_site: ChromaSite::Center,
            color: Colorimetry::RGB,
        }
    }

    /// 8-bit 4:2:0 in limited range: what most video is.
    pub fn i420(size: Size, color: Colorimetry) -> Self {
        Self {
            size,
            bits: 8,
            chroma_shift_x: 1,
            chroma_shift_y: 1,
            chroma_site: ChromaSite::Left,
            color,
        }
    }

    /// Samples across and down of plane 0 (luma or red), 1 or 2; halves are rounded up.
    pub fn plane_size(&self, plane: usize) -> Size {
        if plane == 0 {
            return self.size;
        }
        let up = |n: usize, shift: u32| (n + (1 << shift) - 1) >> shift;
        Size::new(
            up(self.size.width, self.chroma_shift_x),
            up(self.size.height, self.chroma_shift_y),
        )
    }

    /// Bytes a sample: 1 or 2.
    pub fn sample_bytes(&self) -> usize {
        if self.bits > 8 { 2 } else { 1 }
    }

    /// Where sample (0, 0) of `plane` has its centre, and how far its samples lie apart, both
    /// in luma pixels: `((x0, y0), (dx, dy))`.
    pub fn sampling(&self, plane: usize) -> ((f32, f32), (f32, f32)) {
        if plane == 0 {
            return ((0.5, 0.5), (1.0, 1.0));
        }
        let (dx, dy) = ((1 << self.chroma_shift_x) as f32, (1 << self.chroma_shift_y) as f32);
        let x0 = match self.chroma_site {
            ChromaSite::Left => 0.5,
            ChromaSite::Center => dx / 2.0,
        };
        ((x0, dy / 2.0), (dx, dy))
    }
}

/// One readable plane.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// The samples; row `r` begins at byte `r * stride`.
    pub data: &'a [u8],
    /// Bytes from row to row.
    pub stride: usize,
}

/// One writable plane.
#[derive(Debug)]
pub struct PlaneMut<'a> {
    /// The samples; row `r` begins at byte `r * stride`.
    pub data: &'a mut [u8],
    /// Bytes from row to row.
    pub stride: usize,
}

/// A readable picture: Y, Cb, Cr, or red, green, blue.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// What the planes mean.
    pub format: PictureFormat,
    /// The planes in order.
    pub planes: [Plane<'a>; 3],
}

/// A writable picture: Y, Cb, Cr, or red, green, blue.
#[derive(Debug)]
pub struct PictureMut<'a> {
    /// What the planes mean.
    pub format: PictureFormat,
    /// The planes in order.
    pub planes: [PlaneMut<'a>; 3],
}

impl<'a> Picture<'a> {
    /// A view over three planes. `None` if a plane is too short for its size and stride.
    pub fn new(format: PictureFormat, planes: [Plane<'a>; 3]) -> Option<Self> {
        let fits = (0..3).all(|i| holds(&format, i, planes[i].data.len(), planes[i].stride));
        fits.then_some(Self { format, planes })
    }

    /// Whether `other` holds the same samples with the same meaning. Pictures that differ mostly
    /// do so in their first rows, so that this is quick.
    pub fn shows_the_same(&self, other: &Picture<'_>) -> bool {
        let is_same = |i| self.rows(i).zip(other.rows(i)).all(|(a, b)| a == b);
        self.format == other.format && (0..3).all(is_same)
    }

    /// The samples of plane `index`, row by row.
    fn rows(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        let (size, plane) = (self.format.plane_size(index), self.planes[index]);
        let row = size.width * self.format.sample_bytes();
        plane.data.chunks(plane.stride).take(size.height).map(move |whole| &whole[..row])
    }
}

impl<'a> PictureMut<'a> {
    /// A view over three planes. `None` if a plane is too short for its size and stride.
    pub fn new(format: PictureFormat, planes: [PlaneMut<'a>; 3]) -> Option<Self> {
        let fits = (0..3).all(|i| holds(&format, i, planes[i].data.len(), planes[i].stride));
        fits.then_some(Self { format, planes })
    }

    /// The same picture, for reading.
    pub fn as_picture(&self) -> Picture<'_> {
        let [a, b, c] = &self.planes;
        Picture {
            format: self.format,
            planes: [
                Plane { data: a.data, stride: a.stride },
                Plane { data: b.data, stride: b.stride },
                Plane { data: c.data, stride: c.stride },
            ],
        }
    }
}

/// Whether `len` bytes with `stride` hold plane `index` of `format`.
fn holds(format: &PictureFormat, index: usize, len: usize, stride: usize) -> bool {
    let size = format.plane_size(index);
    let row = size.width * format.sample_bytes();
    size.width > 0 && size.height > 0 && stride >= row && len >= (size.height - 1) * stride + row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sizes_round_their_chroma_up() {
        let format = PictureFormat::i420(Size::new(641, 359), Colorimetry::BT601);
        assert_eq!(format.plane_size(1), Size::new(321, 180));
        assert_eq!(format.sampling(2), ((0.5, 1.0), (2.0, 2.0)));
    }

    #[test]
    fn what_lies_beside_the_samples_makes_no_difference_and_each_sample_does() {
        let format = PictureFormat::i420(Size::new(4, 2), Colorimetry::BT601);
        let (narrow, wide, chroma) = ([1u8; 8], [1, 1, 1, 1, 9, 1, 1, 1, 1, 8], [128u8; 2]);
        let picture = |luma, stride, blue| {
            let plane = |data, stride| Plane { data, stride };
            Picture::new(format, [plane(luma, stride), plane(blue, 2), plane(&chroma, 2)]).unwrap()
        };
        let first = picture(&narrow[..], 4, &chroma[..]);
        assert!(first.shows_the_same(&picture(&wide, 5, &chroma)));
        assert!(!first.shows_the_same(&picture(&narrow, 4, &[128, 129])));
        assert!(!first.shows_the_same(&picture(&[1, 1, 1, 1, 1, 1, 1, 2], 4, &chroma)));
    }

    #[test]
    fn a_plane_that_is_too_short_is_no_picture() {
        let format = PictureFormat::rgb8(Size::new(4, 4));
        let (full, short) = ([0u8; 16], [0u8; 15]);
        let plane = |data| Plane { data, stride: 4 };
        assert!(Picture::new(format, [plane(&full), plane(&full), plane(&full)]).is_some());
        assert!(Picture::new(format, [plane(&full), plane(&short), plane(&full)]).is_none());
    }
}
