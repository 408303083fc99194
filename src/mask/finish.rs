//! What happens to a painted thing between the lens and the file: blur, shadow on what lies
//! behind, noise.

use super::head::Head;
use super::light::{Light, Optics};
use super::noise::unit;
use crate::geometry::Size;
use crate::image::{Image, Layer, Matte, filter};

/// What happens to the mask between the lens and the file.
pub(super) struct Finish<'a, 'b> {
    /// Crop pixels.
    pub size: Size,
    /// Whose head.
    pub head: &'a Head<'b>,
    /// The light.
    pub light: &'a Light,
    /// How the photo was taken.
    pub optics: Optics,
    /// Seed of the noise.
    pub seed: u32,
}

impl Finish<'_, '_> {
    /// The finished layer of a canvas's planes.
    pub fn layer(&self, planes: [Vec<f32>; 4]) -> Layer {
        let blur = self.optics.blur.clamp(0.35, 3.0) * 0.9;
        let [r, g, b, cover] = planes.map(|plane| self.soft(&plane, blur));
        let shadow = self.shadow(&cover);
        let n = cover.len();
        let mut pixels = vec![0.0; 3 * n];
        let mut alpha = vec![0.0; n];
        for i in 0..n {
            let dark = shadow[i] * (1.0 - cover[i]);
            let total = cover[i] + dark;
            if total < 1.0 / 512.0 {
                continue;
            }
            alpha[i] = total.min(1.0);
            let (x, y) = ((i % self.size.width) as i32, (i / self.size.width) as i32);
            // Sum of four even numbers: near enough to a bell.
            let grain: f32 = (0..4).map(|k| unit(x, y, self.seed ^ (k * 7919)) - 0.5).sum();
            let noise = grain * 1.73 * self.optics.noise;
            for (c, plane) in [&r, &g, &b].into_iter().enumerate() {
                let value = (plane[i] + SHADOW[c] * dark) / total + noise;
                pixels[c * n + i] = value.clamp(0.0, 1.0);
            }
        }
        let pixels = Image::from_planar(self.size, pixels);
        let alpha = Matte::from_data(self.size, alpha);
        Layer {
            pixels: pixels.unwrap_or_else(|| Image::new(self.size)),
            alpha: alpha.unwrap_or_else(|| Matte::filled(self.size, 0.0)),
        }
    }

    /// How dark the skin around the mask is: its own coverage, moved away from the lamp and
    /// blurred.
    fn shadow(&self, cover: &[f32]) -> Vec<f32> {
        let reach = self.light.reach * self.head.unit;
        let drop = self.light.fall(reach);
        let (width, height) = (self.size.width as i32, self.size.height as i32);
        let moved: Vec<f32> = (0..width * height)
            .map(|i| {
                let (x, y) = (i % width - drop[0], i / width - drop[1]);
                let inside = (0..width).contains(&x) && (0..height).contains(&y);
                if inside { cover[(y * width + x) as usize] } else { 0.0 }
            })
            .collect();
        let mut soft = self.soft(&moved, reach.max(0.5));
        for s in &mut soft {
            *s = (*s * self.light.shadow).clamp(0.0, 1.0);
        }
        soft
    }

    fn soft(&self, plane: &[f32], sigma: f32) -> Vec<f32> {
        filter::blur(plane, self.size, sigma).unwrap_or_else(|_| plane.to_vec())
    }
}

/// Colour of a shadow on skin.
const SHADOW: [f32; 3] = [0.07, 0.04, 0.035];
