//! Layer into picture: only the painted pixels, each plane by itself. A sample whose alpha is
//! nothing keeps its value, bit for bit.

use std::cell::RefCell;

use anyhow::{Result, ensure};

use super::texels::Texels;
use super::warp::PlaneMap;
use super::{Layer, PictureFormat, PictureMut, PlaneMut};
use crate::geometry::{CropSpace, FrameSpace, Point, Rect, Similarity, Size};

/// Below this coverage a sample stays as it came: half a level of 8 bits at full contrast.
const NOTHING: f32 = 1.0 / 512.0;

/// Memory that stays from layer to layer.
#[derive(Default)]
struct Room {
    texels: Texels,
    line: Vec<[f32; 2]>,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Lays `layer`, which lies in the crop that `crop_from_frame` leads to, over `picture`.
///
/// # Errors
/// If the layer's pixels and alpha differ in size.
pub fn layer(
    layer: &Layer,
    crop_from_frame: &Similarity<FrameSpace, CropSpace>,
    picture: &mut PictureMut<'_>,
) -> Result<()> {
    faded(layer, 1.0, crop_from_frame, picture)
}

/// As [`layer`], with all of its coverage times `opacity` (0..1).
///
/// # Errors
/// If the layer's pixels and alpha differ in size.
pub fn faded(
    layer: &Layer,
    opacity: f32,
    crop_from_frame: &Similarity<FrameSpace, CropSpace>,
    picture: &mut PictureMut<'_>,
) -> Result<()> {
    let size = layer.alpha.size();
    ensure!(layer.pixels.size() == size, "a layer's pixels and its alpha differ in size");
    let Some(painted) = painted_area(layer) else { return Ok(()) };
    ROOM.with_borrow_mut(|Room { texels, line }| {
        texels.factor = 0; // of another layer
        let format = picture.format;
        for (index, plane) in picture.planes.iter_mut().enumerate() {
            let Some(area) = Area::of(&painted, &crop_from_frame.inverse(), &format, index) else {
                continue;
            };
            let map = PlaneMap::crop_from_plane(&format, index, crop_from_frame, area.corner());
            let factor = ((map.step() + 0.01) as usize).max(1);
            if texels.factor != factor {
                texels.take((layer, opacity), &painted, factor, &format);
            }
            line.resize(area.size.width, [0.0; 2]);
            for row in 0..area.size.height {
                match index {
                    0 => texels.sample::<0>(&map, row, line),
                    1 => texels.sample::<1>(&map, row, line),
                    _ => texels.sample::<2>(&map, row, line),
                }
                plane.mix(&format, (area.x, area.y + row), line);
            }
        }
    });
    Ok(())
}

/// The rectangle of the crop that holds every pixel with any coverage.
fn painted_area(layer: &Layer) -> Option<Rect<CropSpace>> {
    let width = layer.alpha.size().width;
    let mut area: Option<Rect<CropSpace>> = None;
    for (y, row) in layer.alpha.data().chunks_exact(width).enumerate() {
        // To count is quick, as the compiler takes whole vectors; most rows hold nothing.
        if row.iter().map(|&a| u32::from(a > NOTHING)).sum::<u32>() == 0 {
            continue;
        }
        let first = row.iter().position(|&a| a > NOTHING);
        let last = row.iter().rposition(|&a| a > NOTHING);
        if let (Some(first), Some(last)) = (first, last) {
            let corners =
                [Point::new(first as f32, y as f32), Point::new(last as f32 + 1.0, y as f32 + 1.0)];
            area = match area {
                Some(area) => Rect::around(&[area.min, area.max, corners[0], corners[1]]),
                None => Rect::around(&corners),
            };
        }
    }
    area
}

/// The samples of one plane that a layer can reach.
struct Area {
    x: usize,
    y: usize,
    size: Size,
}

impl Area {
    /// `None` where the layer lies beside the picture.
    fn of(
        painted: &Rect<CropSpace>,
        frame_from_crop: &Similarity<CropSpace, FrameSpace>,
        format: &PictureFormat,
        plane: usize,
    ) -> Option<Self> {
        let (min, max) = (painted.min, painted.max);
        let corners = [min, Point::new(max.x, min.y), max, Point::new(min.x, max.y)];
        let reach = Rect::around(&corners.map(|p| frame_from_crop.apply(p)))?;
        let (_, (dx, dy)) = format.sampling(plane);
        let limit = format.plane_size(plane);
        // Two samples of margin: bilinear reach and the chroma's offset.
        let low = |v: f32, step: f32| ((v / step).floor() - 2.0).max(0.0) as usize;
        let high = |v: f32, step: f32, limit: usize| {
            ((v / step).ceil() + 2.0).clamp(0.0, limit as f32) as usize
        };
        let (x, y) = (low(reach.min.x, dx), low(reach.min.y, dy));
        let (right, bottom) =
            (high(reach.max.x, dx, limit.width), high(reach.max.y, dy, limit.height));
        (right > x && bottom > y).then(|| Self { x, y, size: Size::new(right - x, bottom - y) })
    }

    fn corner(&self) -> (i32, i32) {
        (self.x as i32, self.y as i32)
    }
}

impl PlaneMut<'_> {
    /// Mixes values (0..1 of the full scale) into samples side by side from column and row
    /// `corner` on, each under its alpha, rounded to nearest.
    fn mix(&mut self, format: &PictureFormat, corner: (usize, usize), line: &[[f32; 2]]) {
        let (bytes, peak) = (format.sample_bytes(), ((1u32 << format.bits) - 1) as f32);
        let mixed = |old: f32, value: f32, alpha: f32| {
            (old + (value * peak - old) * alpha + 0.5).clamp(0.0, peak)
        };
        let start = corner.1 * self.stride + corner.0 * bytes;
        let samples = &mut self.data[start..start + line.len() * bytes];
        if bytes == 1 {
            for (sample, &[value, alpha]) in samples.iter_mut().zip(line) {
                let new = mixed(f32::from(*sample), value, alpha) as u8;
                *sample = if alpha > NOTHING { new } else { *sample };
            }
        } else {
            for (sample, &[value, alpha]) in samples.as_chunks_mut().0.iter_mut().zip(line) {
                let old = u16::from_le_bytes(*sample);
                let new = mixed(f32::from(old), value, alpha) as u16;
                *sample = if alpha > NOTHING { new } else { old }.to_le_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Colorimetry, Image, Matte};

    /// Bytes and stride of three planes.
    type Planes = [(Vec<u8>, usize); 3];

    /// Three planes of noise with padding at the end of each row.
    fn noise(format: &PictureFormat) -> Planes {
        let mut state = 1u32;
        [0, 1, 2].map(|index| {
            let size = format.plane_size(index);
            let stride = size.width * format.sample_bytes() + 7;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Values below 4 in the high byte keep 10-bit words in range.
                if format.sample_bytes() == 1 {
                    (state >> 24) as u8
                } else {
                    (state >> 24) as u8 & 3
                }
            };
            ((0..stride * size.height).map(|_| next()).collect(), stride)
        })
    }

    /// Red, opaque within `radius` of the crop's middle.
    fn red_disc(size: Size, radius: f32) -> Layer {
        let n = size.width * size.height;
        let mut data = vec![0.0; 3 * n];
        data[..n].fill(1.0);
        let middle = (size.width as f32 / 2.0, size.height as f32 / 2.0);
        let inside = |i: usize| {
            let (x, y) = ((i % size.width) as f32 + 0.5, (i / size.width) as f32 + 0.5);
            f32::from((x - middle.0).hypot(y - middle.1) < radius)
        };
        Layer {
            pixels: Image::from_planar(size, data).unwrap(),
            alpha: Matte::from_data(size, (0..n).map(inside).collect()).unwrap(),
        }
    }

    /// Lays the disc over noise; gives the planes before and after.
    fn lay(format: PictureFormat) -> (Planes, Planes) {
        let before = noise(&format);
        let mut after = before.clone();
        let crop_from_frame =
            Similarity::about(Point::new(40.0, 30.0), Point::new(32.0, 32.0), 2.0, 0.3);
        let planes = after.each_mut().map(|(data, stride)| PlaneMut { data, stride: *stride });
        let mut picture = PictureMut::new(format, planes).unwrap();
        layer(&red_disc(Size::new(64, 64), 20.0), &crop_from_frame, &mut picture).unwrap();
        (before, after)
    }

    #[test]
    fn outside_the_alpha_every_byte_stays_and_inside_it_turns_red() {
        for bits in [8, 10] {
            let format = PictureFormat {
                bits,
                ..PictureFormat::i420(Size::new(81, 61), Colorimetry::BT601)
            };
            let bytes = format.sample_bytes();
            let (before, after) = lay(format);
            for index in 0..3 {
                let ((x0, y0), (dx, dy)) = format.sampling(index);
                let (mut kept, mut changed) = (0, 0);
                for (i, (old, new)) in before[index].0.iter().zip(&after[index].0).enumerate() {
                    let (row, column) = (i / before[index].1, i % before[index].1 / bytes);
                    let (x, y) = (x0 + column as f32 * dx, y0 + row as f32 * dy);
                    // The disc has a radius of 10 frame pixels; a sample reaches one further.
                    let far = (x - 40.0).hypot(y - 30.0) > 10.0 + 2.0 * dx;
                    let padding = i % before[index].1 >= format.plane_size(index).width * bytes;
                    if far || padding {
                        assert_eq!(old, new, "{bits} bits, plane {index}, byte {i}");
                        kept += 1;
                    } else if old != new {
                        changed += 1;
                    }
                }
                assert!(kept > 100 && changed > 20, "{bits} bits, plane {index}: {changed}");
            }
            let (luma, stride) = &after[0];
            let at = 30 * stride + 40 * bytes;
            let value = if bytes == 1 {
                u32::from(luma[at])
            } else {
                u32::from(u16::from_le_bytes([luma[at], luma[at + 1]])) >> 2
            };
            assert!((80..=82).contains(&value), "{bits} bits: {value} is not video red's luma");
        }
    }

    #[test]
    fn nothing_painted_changes_nothing_and_beside_the_picture_is_fine() {
        let format = PictureFormat::i420(Size::new(20, 20), Colorimetry::BT709);
        let before = noise(&format);
        for (x, radius) in [(10.0, 0.0), (500.0, 20.0), (-300.0, 20.0)] {
            let mut after = before.clone();
            let planes = after.each_mut().map(|(data, stride)| PlaneMut { data, stride: *stride });
            let mut picture = PictureMut::new(format, planes).unwrap();
            let there = Similarity::about(Point::new(x, 10.0), Point::new(32.0, 32.0), 1.0, 0.0);
            layer(&red_disc(Size::new(64, 64), radius), &there, &mut picture).unwrap();
            assert!(before == after);
        }
    }
}
