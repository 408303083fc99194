//! Picture to crop: each plane is sampled straight into the crop, then the crop alone becomes
//! RGB. The whole frame is never converted.

use anyhow::{Context, Result};
use opencv::core::{BORDER_REPLICATE, Mat, MatTraitConst, Rect as CvRect, Scalar, Size as CvSize};
use opencv::imgproc::{INTER_AREA, INTER_LINEAR, WARP_INVERSE_MAP, resize, warp_affine};

use super::mat::{Element, View, ViewMut};
use super::{Image, Picture, PictureFormat};
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};

/// Samples `picture` into `out`: the pixel of `out` at p shows the frame at the inverse of
/// `crop_from_frame` applied to p. Bilinear; where the crop is less than half as fine as the
/// frame, the frame is averaged down first, so that nothing aliases. Beyond the picture's
/// border its last pixels are repeated.
///
/// # Errors
/// If a plane is shorter than its format says, or the kernel library refuses it.
pub fn crop(
    picture: &Picture<'_>,
    crop_from_frame: &Similarity<FrameSpace, CropSpace>,
    out: &mut Image,
) -> Result<()> {
    let (format, size) = (picture.format, out.size());
    let frame_from_crop = crop_from_frame.inverse();
    for (index, channel) in out.channels_mut().into_iter().enumerate() {
        let pitch = if index == 0 { 1 } else { chroma_pitch(&format, size) };
        plane(picture, index, &frame_from_crop, Grid { size, pitch }, channel)?;
    }
    format.color.to_rgb(format.bits, out.channels_mut());
    Ok(())
}

/// Side of the canonical crop in its own pixels.
pub(super) const SIDE: f32 = 256.0;

/// The luma of the canonical crop in `samples` each way, 0..1 over the format's whole range of
/// values: what [`crop`] samples before it makes colours of it.
///
/// # Errors
/// As [`crop`].
pub fn luma(
    picture: &Picture<'_>,
    crop_from_frame: &Similarity<FrameSpace, CropSpace>,
    samples: usize,
) -> Result<Vec<f32>> {
    let origin = Point::<CropSpace>::new(0.0, 0.0);
    let shrink = Similarity::about(origin, origin, samples as f32 / SIDE, 0.0);
    let sampled = crop_from_frame.then(&shrink);
    let mut out = vec![0.0; samples * samples];
    let whole = Grid { size: Size::new(samples, samples), pitch: 1 };
    plane(picture, 0, &sampled.inverse(), whole, &mut out)?;
    Ok(out)
}

/// The pixels of a crop that are sampled: every one, or every other one each way; those between
/// are interpolated.
#[derive(Clone, Copy)]
struct Grid {
    size: Size,
    pitch: usize,
}

/// Samples plane `index` into `out`, 0..1.
fn plane(
    picture: &Picture<'_>,
    index: usize,
    frame_from_crop: &Similarity<CropSpace, FrameSpace>,
    Grid { size, pitch }: Grid,
    out: &mut [f32],
) -> Result<()> {
    let (format, plane) = (picture.format, picture.planes[index]);
    let element = if format.sample_bytes() == 1 { Element::U8 } else { Element::U16 };
    let peak = ((1u32 << format.bits) - 1) as f32;
    let source = View::new(plane.data, format.plane_size(index), plane.stride, element)?;
    let taken = Size::new(size.width / pitch, size.height / pitch);
    let map = PlaneMap::plane_from_crop(&format, index, frame_from_crop, pitch);
    let mut samples = Mat::default();
    match map.shrink_source(source.mat(), taken)? {
        Some((small, map)) => map.sample(&small, &mut samples, taken)?,
        None => map.sample(source.mat(), &mut samples, taken)?,
    }
    if pitch > 1 {
        let (few, whole) = (samples, CvSize::new(size.width as i32, size.height as i32));
        samples = Mat::default();
        resize(&few, &mut samples, whole, 0.0, 0.0, INTER_LINEAR)?;
    }
    let mut target = ViewMut::of_floats(out, size)?;
    samples.convert_to(target.mat(), Element::F32.cv_type(), f64::from(1.0 / peak), 0.0)?;
    target.written()
}

/// Where a picture has colour at every other pixel only, every other pixel of a crop takes its
/// own, and those between are interpolated, which is a fifth of the work.
fn chroma_pitch(format: &PictureFormat, crop: Size) -> usize {
    let is_half = format.chroma_shift_x > 0 && format.chroma_shift_y > 0;
    if is_half && crop.width.is_multiple_of(2) && crop.height.is_multiple_of(2) { 2 } else { 1 }
}

/// An affine map from the sample indices of a destination to those of a source plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaneMap {
    rows: [[f64; 3]; 2],
}

impl PlaneMap {
    /// From crop samples, `pitch` pixels apart, to the samples of plane `index` of a picture.
    fn plane_from_crop(
        format: &PictureFormat,
        index: usize,
        frame_from_crop: &Similarity<CropSpace, FrameSpace>,
        pitch: usize,
    ) -> Self {
        let ((x0, y0), (dx, dy)) = format.sampling(index);
        let [rx, ry] = frame_from_crop.rows().map(|row| row.map(f64::from));
        let row = |[a, b, c]: [f64; 3], origin: f32, step: f32| {
            let step = f64::from(step);
            // Crop sample (i, j) has its centre at (i + 0.5, j + 0.5) times the pitch.
            let (a, b) = (a * pitch as f64, b * pitch as f64);
            [a / step, b / step, (c + 0.5 * (a + b) - f64::from(origin)) / step]
        };
        Self { rows: [row(rx, x0, dx), row(ry, y0, dy)] }
    }

    /// From the samples of plane `index`, counted from `corner`, to crop samples.
    pub(super) fn crop_from_plane(
        format: &PictureFormat,
        index: usize,
        crop_from_frame: &Similarity<FrameSpace, CropSpace>,
        corner: (i32, i32),
    ) -> Self {
        let ((x0, y0), (dx, dy)) = format.sampling(index);
        let x0 = f64::from(x0) + f64::from(corner.0) * f64::from(dx);
        let y0 = f64::from(y0) + f64::from(corner.1) * f64::from(dy);
        let rows = crop_from_frame.rows().map(|row| {
            let [a, b, c] = row.map(f64::from);
            [a * f64::from(dx), b * f64::from(dy), c + a * x0 + b * y0 - 0.5]
        });
        Self { rows }
    }

    /// How many source samples one destination sample spans, the smaller way.
    pub(super) fn step(&self) -> f64 {
        let [[a, b, _], [c, d, _]] = self.rows;
        a.hypot(c).min(b.hypot(d))
    }

    /// Where destination sample (x, y) reads, in source samples.
    pub(super) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let at = |[a, b, c]: [f64; 3]| a * x + b * y + c;
        (at(self.rows[0]), at(self.rows[1]))
    }

    /// Averages the source down by a whole factor where the map would skip samples, and gives
    /// the map that fits the smaller source; `None` where it skips none. Only the part that a
    /// destination of `size` reads is touched.
    fn shrink_source(&self, source: &Mat, size: Size) -> Result<Option<(Mat, Self)>> {
        let factor = (self.step() + 0.01).floor();
        let whole = CvRect::new(0, 0, source.cols(), source.rows());
        let area = self.area_read(size, factor) & whole;
        if factor < 2.0 || area.width < 1 || area.height < 1 {
            return Ok(None);
        }
        let part = source.roi(area)?;
        let mut small = Mat::default();
        let shrunk = |n: i32| (f64::from(n) / factor).ceil().max(1.0) as i32;
        let small_size = CvSize::new(shrunk(area.width), shrunk(area.height));
        resize(&part, &mut small, small_size, 0.0, 0.0, INTER_AREA)?;
        let kx = f64::from(small_size.width) / f64::from(area.width);
        let ky = f64::from(small_size.height) / f64::from(area.height);
        let row = |[a, b, c]: [f64; 3], corner: i32, k: f64| {
            [a * k, b * k, (c + 0.5 - f64::from(corner)) * k - 0.5]
        };
        let [rx, ry] = self.rows;
        Ok(Some((small, Self { rows: [row(rx, area.x, kx), row(ry, area.y, ky)] })))
    }

    /// Bounding box, in source samples, of what a destination of `size` reads.
    fn area_read(&self, size: Size, margin: f64) -> CvRect {
        let (w, h) = (size.width as f64, size.height as f64);
        let corners = [(0.0, 0.0), (w, 0.0), (0.0, h), (w, h)].map(|(x, y)| self.apply(x, y));
        let low = |f: fn(&(f64, f64)) -> f64| corners.iter().map(f).fold(f64::MAX, f64::min);
        let high = |f: fn(&(f64, f64)) -> f64| corners.iter().map(f).fold(f64::MIN, f64::max);
        let (x0, y0) = ((low(|p| p.0) - margin) as i32, (low(|p| p.1) - margin) as i32);
        let (x1, y1) = ((high(|p| p.0) + margin) as i32, (high(|p| p.1) + margin) as i32);
        CvRect::new(x0, y0, x1 - x0 + 2, y1 - y0 + 2)
    }

    /// Bilinear sampling of `source` into `out` of `size`.
    fn sample(&self, source: &Mat, out: &mut Mat, size: Size) -> Result<()> {
        let matrix = Mat::from_slice_2d(&self.rows)?;
        let (cv_size, flags) =
            (CvSize::new(size.width as i32, size.height as i32), INTER_LINEAR | WARP_INVERSE_MAP);
        let (border, none) = (BORDER_REPLICATE, Scalar::all(0.0));
        warp_affine(source, out, &matrix, cv_size, flags, border, none).context("warping a plane")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::image::{Colorimetry, Plane};

    /// A picture whose luma is a ramp: 2 levels a pixel to the right.
    fn ramp(size: Size) -> (Vec<u8>, Vec<u8>) {
        let luma = (0..size.width * size.height).map(|i| (2 * (i % size.width)) as u8).collect();
        (luma, vec![128; size.width * size.height])
    }

    fn view<'a>(luma: &'a [u8], gray: &'a [u8], size: Size) -> Picture<'a> {
        let color = Colorimetry { full_range: true, ..Colorimetry::BT601 };
        let format = PictureFormat::i420(size, color);
        let plane = |data, width| Plane { data, stride: width };
        let half = size.width / 2;
        Picture::new(format, [plane(luma, size.width), plane(gray, half), plane(gray, half)])
            .unwrap()
    }

    fn value_at(scale: f32, pixel: usize) -> f32 {
        let size = Size::new(120, 60);
        let (luma, gray) = ramp(size);
        let crop_from_frame =
            Similarity::about(Point::new(60.0, 30.0), Point::new(8.0, 8.0), scale, 0.0);
        let mut out = Image::new(Size::new(16, 16));
        crop(&view(&luma, &gray, size), &crop_from_frame, &mut out).unwrap();
        out.channels()[0][8 * 16 + pixel] * 255.0
    }

    #[test]
    fn a_crop_shows_what_lies_under_each_pixel_centre() {
        // Crop pixel 10 has its centre at 10.5, 2.5 from the middle: frame x = 60 + 2.5/scale,
        // whose ramp value is 2 * (x - 0.5).
        for scale in [1.0, 2.0, 0.5, 0.25] {
            let want = 2.0 * (60.0 + 2.5 / scale - 0.5);
            let got = value_at(scale, 10);
            assert!((got - want).abs() < 1.0, "scale {scale}: {got} instead of {want}");
        }
    }

    #[test]
    fn there_and_back_is_the_same_place() {
        let format = PictureFormat::i420(Size::new(100, 80), Colorimetry::BT709);
        let crop_from_frame =
            Similarity::about(Point::new(30.0, 20.0), Point::new(5.0, 9.0), 1.7, 0.4);
        for plane in 0..3 {
            let there = PlaneMap::plane_from_crop(&format, plane, &crop_from_frame.inverse(), 1);
            let back = PlaneMap::crop_from_plane(&format, plane, &crop_from_frame, (3, 4));
            let (x, y) = there.apply(12.0, 7.0);
            let (x, y) = back.apply(x - 3.0, y - 4.0);
            assert!((x - 12.0).abs() < 1e-4 && (y - 7.0).abs() < 1e-4);
        }
    }
}
