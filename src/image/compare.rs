//! Two pictures of one format in one: before and after, for people to compare.

use super::{Picture, PictureMut};

/// Lays the columns of `before` left of `x` (luma pixels) over `after`, and a line between them.
pub fn wipe(before: &Picture<'_>, after: &mut PictureMut<'_>, x: usize) {
    let format = after.format;
    let bytes = format.sample_bytes();
    for n in 0..3 {
        let size = format.plane_size(n);
        let shift = if n == 0 { 0 } else { format.chroma_shift_x };
        let columns = (x >> shift).min(size.width);
        for row in 0..size.height {
            let (from, to) = (row * before.planes[n].stride, row * after.planes[n].stride);
            let plane = &mut after.planes[n];
            let left = &before.planes[n].data[from..][..columns * bytes];
            plane.data[to..][..columns * bytes].copy_from_slice(left);
            if n == 0 && columns > 0 && columns < size.width {
                let line = &mut plane.data[to + (columns - 1) * bytes..][..2 * bytes];
                let white = ((1u32 << format.bits) - 1).to_le_bytes();
                line.copy_from_slice(&[&white[..bytes], &white[..bytes]].concat());
            }
        }
    }
}

/// Shows both at half their size, `before` on the left, over black.
pub fn side_by_side(before: &Picture<'_>, after: &Picture<'_>, out: &mut PictureMut<'_>) {
    let format = out.format;
    let bytes = format.sample_bytes();
    let black = |n: usize| if n == 0 { 16u32 << (format.bits - 8) } else { 1 << (format.bits - 1) };
    for n in 0..3 {
        let size = format.plane_size(n);
        let (half, top) = (size.width / 2, size.height / 4);
        let dark = black(n).to_le_bytes();
        for row in 0..size.height {
            let line = &mut out.planes[n].data[row * out.planes[n].stride..][..size.width * bytes];
            let inside = row.checked_sub(top).filter(|row| 2 * row < size.height);
            for (column, sample) in line.chunks_exact_mut(bytes).enumerate() {
                let from = if column < half { before } else { after };
                let x = 2 * (column % half.max(1));
                let Some(y) = inside.map(|y| 2 * y).filter(|_| column < 2 * half) else {
                    sample.copy_from_slice(&dark[..bytes]);
                    continue;
                };
                let plane = from.planes[n];
                sample.copy_from_slice(&plane.data[y * plane.stride + x * bytes..][..bytes]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::image::{Colorimetry, PictureFormat, Plane, PlaneMut};

    const SIZE: Size = Size { width: 16, height: 8 };

    fn planes(value: u8) -> [Vec<u8>; 3] {
        [vec![value; 128], vec![value; 32], vec![value; 32]]
    }

    fn picture(planes: &[Vec<u8>; 3]) -> Picture<'_> {
        let format = PictureFormat::i420(SIZE, Colorimetry::BT601);
        let view = |n: usize, stride| Plane { data: &planes[n], stride };
        Picture::new(format, [view(0, 16), view(1, 8), view(2, 8)]).unwrap()
    }

    fn picture_mut(planes: &mut [Vec<u8>; 3]) -> PictureMut<'_> {
        let format = PictureFormat::i420(SIZE, Colorimetry::BT601);
        let [y, u, v] = planes;
        let view = |data, stride| PlaneMut { data, stride };
        PictureMut::new(format, [view(y, 16), view(u, 8), view(v, 8)]).unwrap()
    }

    #[test]
    fn a_wipe_shows_before_on_the_left() {
        let (before, mut after) = (planes(10), planes(200));
        wipe(&picture(&before), &mut picture_mut(&mut after), 6);
        assert_eq!(after[0][..8], [10, 10, 10, 10, 10, 255, 255, 200]);
        assert_eq!(after[1][..4], [10, 10, 10, 200]);
        let mut after = planes(200);
        wipe(&picture(&before), &mut picture_mut(&mut after), 99);
        assert!(after[0].iter().all(|&v| v == 10), "all of it, and no line");
    }

    #[test]
    fn side_by_side_both_are_seen_at_half_their_size() {
        let (before, after, mut out) = (planes(10), planes(200), planes(0));
        side_by_side(&picture(&before), &picture(&after), &mut picture_mut(&mut out));
        assert_eq!(out[0][0], 16, "black above");
        assert_eq!((out[0][3 * 16], out[0][3 * 16 + 8]), (10, 200));
        assert_eq!((out[1][0], out[1][8 + 3], out[1][8 + 4]), (128, 10, 200));
        assert_eq!(out[0][7 * 16], 16, "black below");
    }
}
