//! Pictures as cloth: a folder of the user's own prints.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::fabric::Rgb;
use crate::image::photo::{Photo, PhotoFormat};

/// Longest side that is kept: finer detail than a mask shows would only alias.
const LONGEST: usize = 256;

/// A picture that repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Texture {
    width: usize,
    height: usize,
    rgb: Vec<Rgb>,
}

impl Texture {
    /// Reads every JPEG, PNG and WebP picture of a folder and of those in it, in the order of
    /// their paths.
    ///
    /// # Errors
    /// If the folder cannot be read, a picture in it is broken, or there is none.
    pub fn folder(folder: &Path) -> Result<Vec<Self>> {
        let paths = Self::paths(folder)?;
        let shown = folder.display();
        ensure!(!paths.is_empty(), "{shown}: there are no JPEG, PNG or WebP textures in it");
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// The pictures of a folder and of those in it, sorted.
    pub(super) fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        collect(folder, &mut paths)?;
        paths.sort();
        Ok(paths)
    }

    /// Reads one picture.
    ///
    /// # Errors
    /// If it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let bytes = fs::read(path).with_context(|| format!("{shown}: cannot be read"))?;
        let photo = Photo::decode(&bytes).with_context(|| format!("the texture {shown}"))?;
        Ok(Self::of(&photo))
    }

    /// A texture of a photo, averaged down by a whole factor.
    pub fn of(photo: &Photo) -> Self {
        let size = photo.size();
        let step = size.width.max(size.height).div_ceil(LONGEST).max(1);
        let (width, height) = ((size.width / step).max(1), (size.height / step).max(1));
        let picture = photo.picture();
        let mean = |x: usize, y: usize| {
            picture.planes.map(|plane| {
                let (rows, columns) =
                    ((y * step..(y + 1) * step).take_while(|r| *r < size.height), x * step);
                let end = (columns + step).min(size.width);
                let values = rows
                    .flat_map(|r| &plane.data[r * plane.stride + columns..r * plane.stride + end]);
                let (sum, count) =
                    values.fold((0u32, 0u32), |(sum, n), &v| (sum + u32::from(v), n + 1));
                sum as f32 / (255 * count.max(1)) as f32
            })
        };
        let rgb = (0..width * height).map(|i| mean(i % width, i / width)).collect();
        Self { width, height, rgb }
    }

    /// Colour at a place given in shares of the picture's width and height.
    pub(super) fn whole(&self, [x, y]: [f32; 2]) -> Rgb {
        let texel = |share: f32, end: usize| ((share * end as f32).max(0.0) as usize).min(end - 1);
        self.rgb[texel(y, self.height) * self.width + texel(x, self.width)]
    }

    /// Colour at a place of the sheet, when the picture is laid `[x, y, width, turn]`.
    pub(super) fn at(&self, [x, y]: [f32; 2], [x0, y0, wide, turn]: [f32; 4]) -> Rgb {
        let (sin, cos) = turn.sin_cos();
        let (p, q) = ((x * cos + y * sin) / wide + x0, (y * cos - x * sin) / wide + y0);
        let high = self.height as f32 / self.width as f32;
        let (fx, fy) = (
            p.rem_euclid(1.0) * self.width as f32,
            (q / high).rem_euclid(1.0) * self.height as f32,
        );
        let (x, y) = (fx as usize, fy as usize);
        let (tx, ty) = (fx.fract(), fy.fract());
        let texel = |x: usize, y: usize| self.rgb[y % self.height * self.width + x % self.width];
        let row = |y: usize| super::fabric::mix(texel(x, y), texel(x + 1, y), tx);
        super::fabric::mix(row(y), row(y + 1), ty)
    }
}

/// A number that depends on the pictures, for telling whether two runs had the same.
pub(super) fn count_of(textures: &[std::sync::Arc<Texture>]) -> (usize, usize) {
    (textures.len(), textures.iter().map(|t| t.rgb.len()).sum())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let shown = folder.display();
    let listed = fs::read_dir(folder).with_context(|| format!("{shown}: cannot be read"))?;
    for entry in listed {
        let path = entry.with_context(|| format!("{shown}: cannot be read"))?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if PhotoFormat::of(&path).is_some() {
            paths.push(path);
        }
    }
    Ok(())
}
