//! The picture that stands in for a stream that is away: the last one, dark and without colour,
//! under two bars. Nobody can take it for a picture of now.

use anyhow::Result;

use super::Frame;
use crate::image::PictureMut;

/// How bright the last picture shines through, of 256.
const SHINE: u32 = 90;

/// The holding picture after `last`.
pub(super) fn holding(last: &Frame) -> Result<Frame> {
    let mut frame = last.clone();
    darken(&mut frame.write()?.picture()?);
    Ok(frame)
}

fn darken(picture: &mut PictureMut<'_>) {
    let format = picture.format;
    let bytes = format.sample_bytes();
    let scale = 1u32 << (format.bits - 8);
    let (black, gray, bar) = (16 * scale, 128 * scale, 180 * scale);
    let size = format.size;
    let unit = (size.height / 12).max(1);
    let is_bar = |x: usize, y: usize| {
        let (dx, dy) = (x.abs_diff(size.width / 2), y.abs_diff(size.height / 2));
        dy < 2 * unit && (unit / 2..unit + unit / 2).contains(&dx)
    };
    for (n, plane) in picture.planes.iter_mut().enumerate() {
        let across = format.plane_size(n);
        for y in 0..across.height {
            let row = &mut plane.data[y * plane.stride..][..across.width * bytes];
            for (x, sample) in row.chunks_exact_mut(bytes).enumerate() {
                let old = sample.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
                let new = match n {
                    0 if is_bar(x, y) => bar,
                    0 => black + old.saturating_sub(black) * SHINE / 256,
                    _ => gray,
                };
                sample.copy_from_slice(&new.to_le_bytes()[..bytes]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::image::{Colorimetry, PictureFormat, PlaneMut};

    #[test]
    fn the_last_picture_goes_dark_and_gray_under_two_bars() {
        let format = PictureFormat::i420(Size::new(48, 24), Colorimetry::BT601);
        let mut planes = [vec![235u8; 48 * 24], vec![60; 24 * 12], vec![200; 24 * 12]];
        let strides = [48, 24, 24];
        let [y, u, v] = &mut planes;
        let view = |data, stride| PlaneMut { data, stride };
        let views = [view(y, strides[0]), view(u, strides[1]), view(v, strides[2])];
        darken(&mut PictureMut::new(format, views).unwrap());
        assert_eq!(planes[0][0], 92);
        assert_eq!(planes[0][12 * 48 + 24 + 2], 180);
        assert!(planes[1..].iter().flatten().all(|&chroma| chroma == 128));
    }
}
