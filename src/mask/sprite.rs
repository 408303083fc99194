//! A picture with alpha, at half, quarter, ... size too, so that it can be drawn small.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::fabric::Rgb;
use crate::image::photo::Cutout;

/// Pictures of one thing, each half as large as the one before.
#[derive(Clone, Debug)]
pub(super) struct Sprite {
    levels: Vec<Level>,
}

/// One size: colour times coverage, and coverage.
#[derive(Clone, Debug)]
pub(super) struct Level {
    width: usize,
    height: usize,
    /// Pixels of the largest level to one of this.
    shrink: f32,
    rgba: Vec<[f32; 4]>,
}

impl Sprite {
    /// Reads a PNG, or another picture, with its alpha.
    ///
    /// # Errors
    /// If it cannot be read, or shows nothing.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let bytes = fs::read(path).with_context(|| format!("{shown}: cannot be read"))?;
        let picture = Cutout::decode(&bytes).with_context(|| format!("the template {shown}"))?;
        ensure!(
            picture.rgba.chunks_exact(4).any(|p| p[3] > 0),
            "{shown}: the template is wholly transparent"
        );
        let share = |v: u8| f32::from(v) / 255.0;
        let rgba = picture.rgba.chunks_exact(4).map(|p| {
            let a = share(p[3]);
            [share(p[0]) * a, share(p[1]) * a, share(p[2]) * a, a]
        });
        let (width, height) = (picture.size.width, picture.size.height);
        let mut levels = vec![Level { width, height, shrink: 1.0, rgba: rgba.collect() }];
        while let Some(half) = levels.last().and_then(Level::half) {
            levels.push(half);
        }
        Ok(Self { levels })
    }

    /// The level for drawing `shrink` times smaller than the picture.
    pub fn level(&self, shrink: f32) -> &Level {
        let index = shrink.max(1.0).log2().round() as usize;
        &self.levels[index.min(self.levels.len() - 1)]
    }

    /// Where a pixel of the picture lies, in shares of its width and height.
    pub fn share(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [x / self.levels[0].width as f32, y / self.levels[0].height as f32]
    }
}

impl Level {
    fn half(&self) -> Option<Self> {
        let (width, height) = (self.width / 2, self.height / 2);
        if width < 8 || height < 8 {
            return None;
        }
        let texel = |x: usize, y: usize| self.rgba[y * self.width + x];
        let mean = |i: usize| {
            let (x, y) = (i % width * 2, i / width * 2);
            let four = [texel(x, y), texel(x + 1, y), texel(x, y + 1), texel(x + 1, y + 1)];
            std::array::from_fn(|c| four.iter().map(|t| t[c]).sum::<f32>() / 4.0)
        };
        let rgba = (0..width * height).map(mean).collect();
        Some(Self { width, height, shrink: 2.0 * self.shrink, rgba })
    }

    /// Colour and coverage at a place in pixels of the largest level; `None` where it is clear.
    pub fn at(&self, place: [f32; 2]) -> Option<(Rgb, f32)> {
        let [x, y] = place.map(|v| v / self.shrink - 0.5);
        let (fx, fy) = (x.floor(), y.floor());
        if fx < -1.0 || fy < -1.0 || fx >= self.width as f32 || fy >= self.height as f32 {
            return None;
        }
        let (tx, ty) = (x - fx, y - fy);
        let texel = |i: i32, j: i32| {
            let (i, j) = (fx as i32 + i, fy as i32 + j);
            let inside =
                (0..self.width as i32).contains(&i) && (0..self.height as i32).contains(&j);
            if inside { self.rgba[j as usize * self.width + i as usize] } else { [0.0; 4] }
        };
        let (a, b, c, d) = (texel(0, 0), texel(1, 0), texel(0, 1), texel(1, 1));
        let value = |k: usize| {
            let (top, low) = (a[k] + (b[k] - a[k]) * tx, c[k] + (d[k] - c[k]) * tx);
            top + (low - top) * ty
        };
        let cover = value(3);
        (cover > 1.0 / 512.0).then(|| (std::array::from_fn(|k| value(k) / cover), cover))
    }
}
