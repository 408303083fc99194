//! Blur and resize of float planes, and the islands in them.

use anyhow::Result;
use opencv::core::{
    BORDER_REFLECT, BORDER_REPLICATE, CV_8UC1, CV_32S, Mat, MatTraitConst, MatTraitConstManual,
    Size as CvSize,
};
use opencv::imgproc::{self, INTER_AREA, INTER_LINEAR, gaussian_blur};

use super::mat::{View, ViewMut};
use crate::geometry::Size;

/// `plane` blurred by a Gaussian of `sigma` pixels; its border values are repeated outside.
///
/// # Errors
/// If the plane does not hold width * height values.
pub fn blur(plane: &[f32], size: Size, sigma: f32) -> Result<Vec<f32>> {
    let mut out = vec![0.0; plane.len()];
    blur_into(plane, size, sigma, &mut out)?;
    Ok(out)
}

/// As [`blur`], into `out` of the same size.
///
/// # Errors
/// If a plane does not hold width * height values.
pub fn blur_into(plane: &[f32], size: Size, sigma: f32, out: &mut [f32]) -> Result<()> {
    let source = View::of_floats(plane, size)?;
    let mut target = ViewMut::of_floats(out, size)?;
    let reach = 2 * (3.0 * sigma).ceil() as i32 + 1;
    let (kernel, sigma) = (CvSize::new(reach, reach), f64::from(sigma));
    gaussian_blur(source.mat(), target.mat(), kernel, sigma, sigma, BORDER_REPLICATE)?;
    target.written()
}

/// The mean around each value of `plane`, weighted by a Gaussian of `sigma` pixels that ends
/// `radius` pixels away; at the border the plane is mirrored, its last value repeated.
///
/// # Errors
/// If the plane does not hold width * height values.
pub fn window_mean(plane: &[f32], size: Size, sigma: f64, radius: usize) -> Result<Vec<f32>> {
    let mut out = vec![0.0; plane.len()];
    let source = View::of_floats(plane, size)?;
    let mut target = ViewMut::of_floats(&mut out, size)?;
    let reach = 2 * radius as i32 + 1;
    let kernel = CvSize::new(reach, reach);
    gaussian_blur(source.mat(), target.mat(), kernel, sigma, sigma, BORDER_REFLECT)?;
    target.written()?;
    Ok(out)
}

/// `plane` of size `from` at size `to`: averaged down, or bilinear up.
///
/// # Errors
/// If the plane does not hold the values of `from`.
pub fn resize(plane: &[f32], from: Size, to: Size) -> Result<Vec<f32>> {
    let mut out = vec![0.0; to.width * to.height];
    resize_into(plane, from, to, &mut out)?;
    Ok(out)
}

/// As [`resize`], into `out`.
///
/// # Errors
/// If a plane does not hold the values of its size.
pub fn resize_into(plane: &[f32], from: Size, to: Size, out: &mut [f32]) -> Result<()> {
    let source = View::of_floats(plane, from)?;
    let mut target = ViewMut::of_floats(out, to)?;
    let by = |factor: usize| from == Size::new(to.width * factor, to.height * factor);
    match () {
        () if by(4) => shrink::<4>(plane, from.width, out),
        () if by(8) => shrink::<8>(plane, from.width, out),
        () => {
            let size = CvSize::new(to.width as i32, to.height as i32);
            let how = if to.width < from.width { INTER_AREA } else { INTER_LINEAR };
            imgproc::resize(source.mat(), target.mat(), size, 0.0, 0.0, how)?;
            target.written()?;
        }
    }
    Ok(())
}

/// Means over squares of `N` x `N` values. The library takes ten times as long for it: it looks
/// each value's place up in a table.
fn shrink<const N: usize>(plane: &[f32], width: usize, out: &mut [f32]) {
    let rows = plane.chunks_exact(width * N).zip(out.chunks_exact_mut(width / N));
    for (rows, out) in rows {
        out.fill(0.0);
        for row in rows.chunks_exact(width) {
            for (sum, cell) in out.iter_mut().zip(row.as_chunks::<N>().0) {
                *sum += cell.iter().sum::<f32>();
            }
        }
        for sum in out {
            *sum *= 1.0 / (N * N) as f32;
        }
    }
}

/// What hangs together in a plane; keeps its memory from plane to plane.
#[derive(Debug, Default)]
pub struct Islands {
    land: Mat,
    bytes: Mat,
    labels: Mat,
    areas: Vec<usize>,
}

impl Islands {
    /// Looks for the islands of `plane`: values above `threshold`. Neighbours touch at edges and
    /// corners.
    ///
    /// # Errors
    /// If the plane does not hold width * height values.
    pub fn find(&mut self, plane: &[f32], size: Size, threshold: f32) -> Result<()> {
        let source = View::of_floats(plane, size)?;
        let (threshold, how) = (f64::from(threshold), imgproc::THRESH_BINARY);
        imgproc::threshold(source.mat(), &mut self.land, threshold, 1.0, how)?;
        self.land.convert_to(&mut self.bytes, CV_8UC1, 1.0, 0.0)?;
        let count = imgproc::connected_components(&self.bytes, &mut self.labels, 8, CV_32S)?;
        self.areas.clear();
        self.areas.resize(count as usize, 0);
        for &label in self.labels.data_typed::<i32>()? {
            self.areas[label as usize] += 1;
        }
        Ok(())
    }

    /// For each value, the number of its island; 0 is the sea.
    ///
    /// # Errors
    /// If nothing has been looked for yet.
    pub fn labels(&self) -> Result<&[i32]> {
        Ok(self.labels.data_typed::<i32>()?)
    }

    /// The number of values of each island; entry 0 counts the sea.
    pub fn areas(&self) -> &[usize] {
        &self.areas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_sum_and_spreads_a_point() {
        let size = Size::new(31, 31);
        let mut plane = vec![0.0; 31 * 31];
        plane[15 * 31 + 15] = 1.0;
        let soft = blur(&plane, size, 2.0).unwrap();
        assert!((soft.iter().sum::<f32>() - 1.0).abs() < 1e-3);
        // A Gaussian of 2 px has 1 / (2 pi 4) at its centre.
        assert!((soft[15 * 31 + 15] - 0.0398).abs() < 0.003);
    }

    #[test]
    fn a_window_ends_at_its_radius_and_mirrors_the_border() {
        let size = Size::new(9, 1);
        let mut plane = vec![0.0; 9];
        plane[0] = 1.0;
        let mean = window_mean(&plane, size, 1.0, 2).unwrap();
        let weight = |d: f32| (-d * d / 2.0).exp();
        let sum = weight(0.0) + 2.0 * (weight(1.0) + weight(2.0));
        // The first value stands beside its own mirror image.
        assert!((mean[0] - (weight(0.0) + weight(1.0)) / sum).abs() < 1e-6);
        assert!((mean[2] - weight(2.0) / sum).abs() < 1e-6);
        assert!(mean[3].abs() < f32::EPSILON);
    }

    #[test]
    fn down_and_up_again_keeps_a_ramp() {
        let (large, small) = (Size::new(32, 8), Size::new(8, 2));
        let ramp: Vec<f32> = (0..32 * 8).map(|i| (i % 32) as f32).collect();
        let there = resize(&ramp, large, small).unwrap();
        assert!((there[1] - 5.5).abs() < 1e-4);
        let back = resize(&there, small, large).unwrap();
        assert!((back[3 * 32 + 16] - 16.0).abs() < 1e-3);
    }

    #[test]
    fn two_islands_are_told_apart_and_measured() {
        let plane = [1.0, 1.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.8];
        let mut islands = Islands::default();
        islands.find(&plane, Size::new(4, 3), 0.2).unwrap();
        let labels = islands.labels().unwrap();
        assert_eq!(islands.areas(), [8, 3, 1]);
        assert_eq!((labels[0], labels[4], labels[7], labels[11]), (1, 1, 0, 2));
    }
}
