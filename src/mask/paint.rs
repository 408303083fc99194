//! Design, head and light put together into a layer.

use super::Dice;
use super::canvas::Canvas;
use super::design::Design;
use super::fittings::Bench;
use super::head::Head;
use super::light::{Light, Optics};
use super::noise::unit;
use super::outline::Outline;
use super::style::MaskStyle;
use super::surface::{Surface, normal};
use crate::face::Landmarks;
use crate::geometry::{CropSpace, Size};
use crate::image::{Image, Layer, Matte, filter};

/// Crops up to this width are drawn at double size and averaged down.
const FINE_UP_TO: usize = 400;

/// Paints a mask of `style` for a face. `landmarks` are in pixels of `face`, a crop of any
/// size. The same seed gives the same mask, bit for bit on the same picture; when the
/// landmarks move smoothly, so does the mask. Ear loops and the contact shadow on the skin are
/// part of the layer's alpha. Landmarks that are no face give an empty layer.
///
/// ```
/// use mask2face::face::align;
/// use mask2face::image::Image;
/// use mask2face::mask::{MaskKind, MaskStyle, paint};
/// let face = Image::new(align::CROP);
/// let layer = paint(&face, &align::template(), &MaskStyle::new(MaskKind::Surgical), 1);
/// assert!(layer.alpha.mean() > 0.1);
/// ```
pub fn paint(
    face: &Image,
    landmarks: &Landmarks<CropSpace>,
    style: &MaskStyle,
    seed: u64,
) -> Layer {
    let size = face.size();
    let Some(head) = Head::of(landmarks).filter(|_| size.width > 4 && size.height > 4) else {
        return Layer { pixels: Image::new(size), alpha: Matte::filled(size, 0.0) };
    };
    let design = Design::draw(style, seed);
    let optics = Optics::read(face, &head);
    let light = Light::draw(&mut Dice::new(seed, 3), optics.side);
    let outline = Outline::fit(&design.cut, &head);
    let scale = if size.width <= FINE_UP_TO { 2 } else { 1 };
    let mut canvas = Canvas::new(size, scale);
    let mut bench = Bench { canvas: &mut canvas, head: &head, outline: &outline, light: &light };
    design.straps.draw(&mut bench);
    sheet(&mut bench, &design);
    if let Some(filter) = design.filter {
        filter.lay(&mut bench);
    }
    if let Some(valve) = design.valve {
        valve.lay(&mut bench);
    }
    let planes = canvas.planes();
    Finish { size, head: &head, light: &light, optics, seed: seed as u32 }.layer(planes)
}

/// Lays the sheet: colour, folds, light.
fn sheet(bench: &mut Bench<'_, '_>, design: &Design) {
    let scale = bench.canvas.scale as f32;
    let canvas = (bench.canvas.size, scale);
    let surface = Surface::raster(bench.outline, bench.head, design.cut.corner, canvas);
    let [left, top, right, bottom] = surface.bounds;
    let width = surface.size.width;
    let tall = bench.head.unit * scale;
    let mut height = vec![f32::NAN; surface.uv.len()];
    for (h, uv) in height.iter_mut().zip(&surface.uv) {
        if let Some([u, v]) = *uv {
            *h = tall * design.relief.height(u, v);
        }
    }
    // The slope between two neighbours; flat where the sheet ends.
    let slope = |a: usize, b: usize| {
        let d = 0.5 * (height[b] - height[a]);
        if d.is_finite() { d.clamp(-2.5, 2.5) } else { 0.0 }
    };
    for y in top..bottom {
        for x in left..right {
            let i = y * width + x;
            let Some([u, v]) = surface.uv[i] else { continue };
            let colour = design.fabric.colour(u, v);
            let lit = if design.flat {
                bench.light.shade(colour, [0.0, 0.0, 1.0], 0.0)
            } else {
                let [nx, ny, nz] = normal(bench.head, u, v);
                let dx = slope(i - usize::from(x > 0), (i + 1).min(surface.uv.len() - 1));
                let dy = slope(i.saturating_sub(width), (i + width).min(surface.uv.len() - 1));
                bench.light.shade(colour, [nx - dx, ny - dy, nz], design.fabric.gloss)
            };
            bench.canvas.lay(i, lit, 1.0);
        }
    }
}

/// What happens to the mask between the lens and the file.
struct Finish<'a, 'b> {
    size: Size,
    head: &'a Head<'b>,
    light: &'a Light,
    optics: Optics,
    seed: u32,
}

impl Finish<'_, '_> {
    fn layer(&self, planes: [Vec<f32>; 4]) -> Layer {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::align::{CROP, template};
    use crate::geometry::{Point, Similarity};
    use crate::mask::{MaskKind, Wear};

    fn gray() -> Image {
        Image::from_planar(CROP, vec![0.5; 3 * CROP.width * CROP.height]).unwrap()
    }

    fn on_template(style: &MaskStyle, seed: u64) -> Layer {
        paint(&gray(), &template(), style, seed)
    }

    fn alpha_at(layer: &Layer, p: Point<CropSpace>) -> f32 {
        layer.alpha.data()[p.y as usize * layer.alpha.size().width + p.x as usize]
    }

    #[test]
    fn the_same_seed_is_the_same_mask_and_another_seed_is_another() {
        for style in MaskStyle::catalogue() {
            let first = on_template(&style, 5);
            assert_eq!(first, on_template(&style, 5), "{style}");
            assert_ne!(first, on_template(&style, 6), "{style}");
        }
    }

    #[test]
    fn every_style_worn_properly_hides_mouth_and_nostrils_and_leaves_eyes_and_brows_bare() {
        let face = template();
        for style in MaskStyle::catalogue() {
            for seed in 0..25 {
                let layer = on_template(&style, seed);
                let hidden = face.mouth().iter().chain(&face.nose()[4..]);
                for &p in hidden {
                    assert!(alpha_at(&layer, p) > 0.95, "{style}, seed {seed}, at {p:?}");
                }
                for &p in face.brows().iter().chain(&face.eye_centers()) {
                    assert!(alpha_at(&layer, p) < 0.05, "{style}, seed {seed}, at {p:?}");
                }
                // Straps may run to the ears, but never over the forehead.
                let forehead = &layer.alpha.data()[..20 * CROP.width];
                assert!(forehead.iter().all(|&a| a == 0.0), "{style}, seed {seed}");
            }
        }
    }

    #[test]
    fn a_mask_on_the_chin_leaves_the_mouth_free() {
        let style = MaskStyle { wear: Wear::Chin, ..MaskStyle::new(MaskKind::Surgical) };
        for seed in 0..10 {
            let layer = on_template(&style, seed);
            assert!(alpha_at(&layer, template().points()[62]) < 0.2, "seed {seed}");
            assert!(layer.alpha.mean() > 0.01, "seed {seed}");
        }
    }

    #[test]
    fn all_values_are_in_range_at_any_crop_size() {
        let origin = Point::<CropSpace>::new(0.0, 0.0);
        for side in [48, 131, 500] {
            let scale = side as f32 / CROP.width as f32;
            let face = template().map(&Similarity::about(origin, origin, scale, 0.0));
            let layer =
                paint(&Image::new(Size::new(side, side)), &face, &MaskStyle::new(MaskKind::N95), 3);
            let values = layer.pixels.data().iter().chain(layer.alpha.data());
            assert!(values.clone().all(|v| (0.0..=1.0).contains(v)), "{side}");
            assert!((0.12..0.4).contains(&layer.alpha.mean()), "{side}: {}", layer.alpha.mean());
        }
    }

    #[test]
    fn a_small_move_of_the_face_is_a_small_move_of_the_mask() {
        let origin = Point::<CropSpace>::new(0.0, 0.0);
        let step = Similarity::about(origin, Point::<CropSpace>::new(0.2, 0.1), 1.0, 0.001);
        for style in MaskStyle::catalogue() {
            let (here, there) =
                (on_template(&style, 8), paint(&gray(), &template().map(&step), &style, 8));
            let change = |a: &[f32], b: &[f32]| {
                a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
            };
            assert!(change(here.alpha.data(), there.alpha.data()) < 0.004, "{style}");
            let shown = [&here, &there].map(|l| l.over(&gray()));
            assert!(change(shown[0].data(), shown[1].data()) < 0.006, "{style}");
        }
    }

    #[test]
    fn the_skin_does_not_show_in_the_mask() {
        let style = MaskStyle::new(MaskKind::Surgical);
        let skin =
            |v: f32| Image::from_planar(CROP, vec![v; 3 * CROP.width * CROP.height]).unwrap();
        let [dark, pale] = [0.15, 0.85].map(|v| paint(&skin(v), &template(), &style, 4));
        assert_eq!(dark, pale);
    }

    #[test]
    fn landmarks_that_are_no_face_give_an_empty_layer() {
        for value in [5.0, f32::NAN, f32::INFINITY] {
            let nowhere = Landmarks::new([Point::new(value, value); 68]);
            let layer = paint(&gray(), &nowhere, &MaskStyle::new(MaskKind::Cloth), 1);
            assert!(layer.alpha.data().iter().all(|&a| a == 0.0));
        }
    }
}
