//! Design, head and light put together into a layer.

use std::sync::Arc;

use super::Dice;
use super::bench::Bench;
use super::canvas::Canvas;
use super::design::Design;
use super::filters::Part;
use super::finish::Finish;
use super::head::{Head, Unfit};
use super::light::{Light, Optics};
use super::memory::Memory;
use super::outline::Outline;
use super::skin::Skin;
use super::style::MaskStyle;
use super::surface::{Surface, normal};
use super::template::{Library, TemplateStyle};
use super::texture::{self, Texture};
use crate::face::Landmarks;
use crate::geometry::CropSpace;
use crate::image::{Image, Layer};

/// Crops up to this width are drawn at double size and averaged down.
const FINE_UP_TO: usize = 400;

/// Paints masks, and things that are none, on faces.
#[derive(Clone, Debug, Default)]
pub struct Painter {
    textures: Vec<Arc<Texture>>,
    library: Option<Arc<Library>>,
}

impl Painter {
    /// A painter whose printed cloth shows one of `textures` half of the time.
    pub fn with_textures(textures: Vec<Texture>) -> Self {
        Self { textures: textures.into_iter().map(Arc::new).collect(), library: None }
    }

    /// The same painter with a template library.
    #[must_use]
    pub fn with_library(self, library: Library) -> Self {
        Self { library: Some(Arc::new(library)), ..self }
    }

    /// The template library.
    pub fn library(&self) -> Option<&Library> {
        self.library.as_deref()
    }

    /// What tells this painter from another: for a run that goes on where one was killed.
    pub fn fingerprint(&self) -> String {
        let styles: Vec<&str> = self.library().iter().flat_map(|l| l.styles()).collect();
        let (count, texels) = texture::count_of(&self.textures);
        format!("textures {count}/{texels}, templates {}", styles.join(" "))
    }

    /// Pictures for printed cloth.
    pub(super) fn textures(&self) -> &[Arc<Texture>] {
        &self.textures
    }

    /// Paints a mask of `style` for a face. `landmarks` are in pixels of `face`, a crop of any
    /// size. The same seed gives the same mask, bit for bit on the same picture; when the
    /// landmarks move smoothly, so does the mask. Straps and the contact shadow on the skin
    /// are part of the layer's alpha.
    ///
    /// ```
    /// use mask2face::face::align;
    /// use mask2face::image::Image;
    /// use mask2face::mask::{MaskKind, MaskStyle, Painter};
    /// let face = Image::new(align::CROP);
    /// let style = MaskStyle::new(MaskKind::Surgical);
    /// let layer = Painter::default().mask(&face, &align::template(), &style, 1).unwrap();
    /// assert!(layer.alpha.mean() > 0.1);
    /// ```
    ///
    /// # Errors
    /// [`Unfit`] says why the landmarks are no face that a mask could be fitted to.
    pub fn mask(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        style: &MaskStyle,
        seed: u64,
    ) -> Result<Layer, Unfit> {
        self.steady_mask(face, landmarks, style, (seed, &mut Memory::default()))
    }

    pub(super) fn steady_mask(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        style: &MaskStyle,
        (seed, memory): (u64, &mut Memory),
    ) -> Result<Layer, Unfit> {
        let head = Head::of(landmarks, face.size())?;
        let design = Design::draw(style, seed, &self.textures);
        let optics = memory.optics(Optics::read(face, &head));
        let light = Light::draw(&mut Dice::new(seed, 3), optics.side);
        let outline = Outline::fit(&design.cut, &head);
        let mut canvas = Canvas::new(face.size(), fineness(face));
        let skin = Skin::read(face, &head, &mut Dice::new(seed, 4));
        let mut bench =
            Bench { canvas: &mut canvas, head: &head, outline: &outline, light: &light };
        straps(&mut bench, &design, &skin, false);
        let (behind, before): (Vec<&Part>, Vec<&Part>) =
            design.parts.iter().partition(|p| p.behind(&bench));
        for part in behind {
            part.draw(&mut bench);
        }
        sheet(&mut bench, &design);
        straps(&mut bench, &design, &skin, true);
        for part in before {
            part.draw(&mut bench);
        }
        let finish =
            Finish { size: face.size(), head: &head, light: &light, optics, seed: seed as u32 };
        Ok(finish.layer(canvas.planes()))
    }
}

impl Painter {
    /// Lays a mask of the template library over a face; without a library, nothing.
    pub(super) fn steady_template(
        &self,
        face: &Image,
        landmarks: &Landmarks<CropSpace>,
        style: &TemplateStyle,
        (seed, memory): (u64, &mut Memory),
    ) -> Result<Layer, Unfit> {
        let head = Head::of(landmarks, face.size())?;
        let optics = memory.optics(Optics::read(face, &head));
        let light = Light::draw(&mut Dice::new(seed, 3), optics.side);
        let mut canvas = Canvas::new(face.size(), fineness(face));
        if let Some(library) = self.library() {
            library.lay(style, (&head, memory), &light, &mut canvas);
        }
        let finish =
            Finish { size: face.size(), head: &head, light: &light, optics, seed: seed as u32 };
        Ok(finish.layer(canvas.planes()))
    }
}

/// Canvas pixels per crop pixel.
pub(super) fn fineness(face: &Image) -> usize {
    if face.size().width <= FINE_UP_TO { 2 } else { 1 }
}

/// Lays the straps that lie under the sheet, or those on top of it. Off the sheet they run
/// under the hair.
fn straps(bench: &mut Bench<'_, '_>, design: &Design, skin: &Skin, on_top: bool) {
    let chosen: Vec<_> = design.straps.iter().filter(|s| s.on_top() == on_top).collect();
    if chosen.is_empty() {
        return;
    }
    let mut canvas = Canvas::like(bench.canvas);
    let mut apart = Bench { canvas: &mut canvas, ..*bench };
    for strap in chosen {
        strap.draw(&mut apart);
    }
    bench.canvas.over(&canvas, |covered, x, y| covered.max(skin.bare(x, y)));
}

/// Lays the sheet: colour, folds, light.
pub(super) fn sheet(bench: &mut Bench<'_, '_>, design: &Design) {
    let scale = bench.canvas.scale as f32;
    let canvas = (bench.canvas.size, scale);
    let surface = Surface::raster(bench.outline, bench.head, design.cut.corner, canvas);
    let [left, top, right, bottom] = surface.bounds;
    let width = surface.size.width;
    let tall = bench.head.unit * scale;
    let (folds, mottle) = (design.relief.grid(), design.fabric.grid());
    let mut height = vec![f32::NAN; surface.uv.len()];
    for (h, uv) in height.iter_mut().zip(&surface.uv) {
        if let Some([u, v]) = *uv {
            *h = tall * design.relief.height(u, v, &folds);
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
            let colour = design.fabric.colour(u, v, &mottle);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::align::{CROP, template};
    use crate::geometry::{Point, Similarity, Size};
    use crate::mask::{MaskKind, Wear};

    fn gray() -> Image {
        Image::from_planar(CROP, vec![0.5; 3 * CROP.width * CROP.height]).unwrap()
    }

    fn put(face: &Image, at: &Landmarks<CropSpace>, style: &MaskStyle, seed: u64) -> Layer {
        Painter::default().mask(face, at, style, seed).unwrap()
    }

    fn on_template(style: &MaskStyle, seed: u64) -> Layer {
        put(&gray(), &template(), style, seed)
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
            for seed in 0..8 {
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
                put(&Image::new(Size::new(side, side)), &face, &MaskStyle::new(MaskKind::N95), 3);
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
                (on_template(&style, 8), put(&gray(), &template().map(&step), &style, 8));
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
        let [dark, pale] = [0.15, 0.85].map(|v| put(&skin(v), &template(), &style, 4));
        assert_eq!(dark, pale);
    }

    #[test]
    fn landmarks_that_are_no_face_are_refused_with_a_reason() {
        let refused = |points: [Point<CropSpace>; 68]| {
            let style = MaskStyle::new(MaskKind::Cloth);
            Painter::default().mask(&gray(), &Landmarks::new(points), &style, 1).unwrap_err()
        };
        assert_eq!(refused([Point::new(f32::NAN, 5.0); 68]), Unfit::NotFinite);
        assert_eq!(refused([Point::new(5.0, f32::INFINITY); 68]), Unfit::NotFinite);
        assert_eq!(refused([Point::new(5.0, 5.0); 68]), Unfit::TooSmall);
        let line = std::array::from_fn(|i| Point::new(100.0, 40.0 + i as f32));
        assert_eq!(refused(line), Unfit::Collapsed);
        let away = template().points().map(|p| Point::new(p.x + 9000.0, p.y));
        assert_eq!(refused(away), Unfit::OutOfPicture);
    }
}
