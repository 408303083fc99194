//! Dense optical flow: where each pixel of a picture was a moment before.
//!
//! Iterative Lucas-Kanade over a pyramid (Lucas and Kanade 1981; Le Besnerais and Champagnat
//! 2005): at each level the brightness that is left over is explained, in a Gaussian window
//! around each pixel, by a small displacement.

use anyhow::Result;
use opencv::core::{BORDER_REPLICATE, Scalar};
use opencv::imgproc::{INTER_LINEAR, remap};

use super::filter;
use super::mat::{View, ViewMut};
use crate::geometry::Size;

/// Pixels of the window (standard deviation).
const WINDOW: f32 = 3.0;
/// Corrections at each level.
const ROUNDS: usize = 4;
/// The pyramid's smallest level is no smaller than this on its shorter side.
const SMALLEST: usize = 16;
/// Added to the squared gradients: flat areas stay where they are, values 0..1.
const FLAT: f32 = 2e-5;

/// Displacements in pixels, row by row: the pixel (x, y) was at (x + dx, y + dy) before.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    size: Size,
    dx: Vec<f32>,
    dy: Vec<f32>,
}

impl Flow {
    /// The flow from `earlier` to `later`, two planes of values 0..1.
    ///
    /// # Errors
    /// If a plane does not hold width * height values.
    pub fn estimate(earlier: &[f32], later: &[f32], size: Size) -> Result<Self> {
        let mut levels = vec![(earlier.to_vec(), later.to_vec(), size)];
        while let Some((earlier, later, from)) = levels.last() {
            let to = Size::new(from.width.div_ceil(2), from.height.div_ceil(2));
            if to.width.min(to.height) < SMALLEST {
                break;
            }
            let small = |plane: &[f32]| filter::resize(plane, *from, to);
            let level = (small(earlier)?, small(later)?, to);
            levels.push(level);
        }
        let mut flow: Option<Self> = None;
        for (earlier, later, size) in levels.iter().rev() {
            let mut finer = match flow {
                Some(coarse) => coarse.at(*size)?,
                None => Self::still(*size),
            };
            for _ in 0..ROUNDS {
                finer.correct(earlier, later)?;
            }
            flow = Some(finer);
        }
        Ok(flow.unwrap_or_else(|| Self::still(size)))
    }

    /// What `plane`, of the earlier moment, looks like when its pixels have moved.
    ///
    /// # Errors
    /// If the plane does not hold width * height values.
    pub fn pull(&self, plane: &[f32]) -> Result<Vec<f32>> {
        let Size { width, height } = self.size;
        let columns: Vec<f32> =
            self.dx.iter().enumerate().map(|(i, d)| (i % width) as f32 + d).collect();
        let rows: Vec<f32> =
            self.dy.iter().enumerate().map(|(i, d)| (i / width) as f32 + d).collect();
        let mut out = vec![0.0; width * height];
        let source = View::of_floats(plane, self.size)?;
        let (columns, rows) =
            (View::of_floats(&columns, self.size)?, View::of_floats(&rows, self.size)?);
        let mut target = ViewMut::of_floats(&mut out, self.size)?;
        let (how, border) = (INTER_LINEAR, BORDER_REPLICATE);
        remap(
            source.mat(),
            target.mat(),
            columns.mat(),
            rows.mat(),
            how,
            border,
            Scalar::default(),
        )?;
        target.written()?;
        Ok(out)
    }

    fn still(size: Size) -> Self {
        let none = vec![0.0; size.width * size.height];
        Self { size, dx: none.clone(), dy: none }
    }

    fn at(&self, size: Size) -> Result<Self> {
        let scale = size.width as f32 / self.size.width as f32;
        let finer = |plane: &[f32]| -> Result<Vec<f32>> {
            let plane = filter::resize(plane, self.size, size)?;
            Ok(plane.into_iter().map(|d| d * scale).collect())
        };
        Ok(Self { size, dx: finer(&self.dx)?, dy: finer(&self.dy)? })
    }

    /// One step: solves [[xx, xy], [xy, yy]] d = (xe, ye) at each pixel, every entry a mean over
    /// the window.
    fn correct(&mut self, earlier: &[f32], later: &[f32]) -> Result<()> {
        let moved = self.pull(earlier)?;
        let (gx, gy) = gradients(&moved, self.size);
        let mean = |value: &dyn Fn(usize) -> f32| {
            let plane: Vec<f32> = (0..moved.len()).map(value).collect();
            filter::blur(&plane, self.size, WINDOW)
        };
        let left = |i: usize| later[i] - moved[i];
        let (xx, xy, yy) =
            (mean(&|i| gx[i] * gx[i])?, mean(&|i| gx[i] * gy[i])?, mean(&|i| gy[i] * gy[i])?);
        let (xe, ye) = (mean(&|i| gx[i] * left(i))?, mean(&|i| gy[i] * left(i))?);
        for i in 0..moved.len() {
            let (xx, yy) = (xx[i] + FLAT, yy[i] + FLAT);
            let determinant = xx * yy - xy[i] * xy[i];
            let step = |v: f32| (v / determinant).clamp(-1.0, 1.0);
            self.dx[i] += step(yy * xe[i] - xy[i] * ye[i]);
            self.dy[i] += step(xx * ye[i] - xy[i] * xe[i]);
        }
        Ok(())
    }
}

/// Central differences; one-sided at the border.
fn gradients(plane: &[f32], size: Size) -> (Vec<f32>, Vec<f32>) {
    let Size { width, height } = size;
    let across = |i: usize| {
        let (x, row) = (i % width, i - i % width);
        let (a, b) = (x.saturating_sub(1), (x + 1).min(width - 1));
        (plane[row + b] - plane[row + a]) / (b - a).max(1) as f32
    };
    let down = |i: usize| {
        let (x, y) = (i % width, i / width);
        let (a, b) = (y.saturating_sub(1), (y + 1).min(height - 1));
        (plane[b * width + x] - plane[a * width + x]) / (b - a).max(1) as f32
    };
    ((0..plane.len()).map(across).collect(), (0..plane.len()).map(down).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(96, 80);

    /// Waves of several lengths, moved by (dx, dy).
    fn texture(dx: f32, dy: f32) -> Vec<f32> {
        let value = |i: usize| {
            let (x, y) = ((i % SIZE.width) as f32 - dx, (i / SIZE.width) as f32 - dy);
            0.5 + 0.2 * (x * 0.31 + y * 0.17).sin() + 0.2 * (y * 0.37 - x * 0.11).cos()
        };
        (0..SIZE.width * SIZE.height).map(value).collect()
    }

    #[test]
    fn a_shift_is_found_to_a_tenth_of_a_pixel_and_undone() {
        let (earlier, later) = (texture(0.0, 0.0), texture(3.3, -1.6));
        let flow = Flow::estimate(&earlier, &later, SIZE).unwrap();
        let inner = |i: usize| {
            let (x, y) = (i % SIZE.width, i / SIZE.width);
            (10..SIZE.width - 10).contains(&x) && (10..SIZE.height - 10).contains(&y)
        };
        let moved = flow.pull(&earlier).unwrap();
        let inner: Vec<usize> = (0..later.len()).filter(|&i| inner(i)).collect();
        let mean = |value: &dyn Fn(usize) -> f32| {
            inner.iter().map(|&i| value(i)).sum::<f32>() / inner.len() as f32
        };
        let error = mean(&|i| (flow.dx[i] + 3.3).hypot(flow.dy[i] - 1.6));
        assert!(error < 0.1, "{error}");
        let left = mean(&|i| (moved[i] - later[i]).abs());
        assert!(left < 0.005, "{left}");
    }

    #[test]
    fn a_flat_picture_stands_still() {
        let gray = vec![0.5; SIZE.width * SIZE.height];
        assert_eq!(Flow::estimate(&gray, &gray, SIZE).unwrap(), Flow::still(SIZE));
    }
}
