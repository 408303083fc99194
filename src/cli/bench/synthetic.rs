//! Inputs of any size, rate and number of faces: a portrait under a painted mask, many times
//! over a moving ground. So growth can be measured.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::cli::networks::NetworkArgs;
use crate::face::align;
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Size};
use crate::image::photo::Photo;
use crate::image::{Image, Layer, Matte, PictureMut, blend, warp};
use crate::mask::{MaskKind, MaskStyle, Painter};
use crate::media::draft::{self, Draft};

/// Faces fill so much of their cell.
const FILL: f32 = 0.8;
/// The crop fades at its border over this share of its side.
const FADE: f32 = 0.06;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub draft: Draft,
    pub faces: usize,
    /// A face's square is no larger than this, in pixels.
    pub side: usize,
}

/// Writes the clip of `scene` to `path`; the face is that of `portrait`.
pub(super) fn write(
    scene: &Scene,
    portrait: &Path,
    networks: &NetworkArgs,
    path: &Path,
) -> Result<()> {
    let face = if scene.faces > 0 { Some(masked_face(portrait, networks)?) } else { None };
    draft::write(path, &scene.draft, &mut |number, picture| {
        ground(number, picture);
        let Some(face) = &face else { return Ok(()) };
        (0..scene.faces)
            .try_for_each(|i| blend::layer(face, &scene.place(i, number).inverse(), picture))
    })
}

impl Scene {
    /// Where face `index` is in frame `number`: it drifts and turns a little in its cell.
    fn place(&self, index: usize, number: u64) -> Similarity<CropSpace, FrameSpace> {
        let Size { width, height } = self.draft.size;
        let (columns, side) = self.grid();
        let rows = self.faces.div_ceil(columns);
        let time = number as f32 / self.draft.rate as f32 + index as f32 * 1.7;
        let drift = 0.5 * (1.0 - FILL) * side;
        let cell = |i: usize, n: usize, all: usize| (i as f32 + 0.5) * all as f32 / n as f32;
        let centre = Point::new(
            cell(index % columns, columns, width) + drift * time.sin(),
            cell(index / columns, rows, height) + drift * (0.7 * time).cos(),
        );
        let half = align::CROP.width as f32 / 2.0;
        let scale = FILL * side / align::CROP.width as f32;
        Similarity::about(Point::new(half, half), centre, scale, 0.1 * (0.9 * time).sin())
    }

    /// Columns, and the side of a face's square.
    fn grid(&self) -> (usize, f32) {
        let Size { width, height } = self.draft.size;
        let side = |columns: usize| {
            let rows = self.faces.div_ceil(columns);
            (width / columns).min(height / rows)
        };
        let best = (1..=self.faces).max_by_key(|&columns| side(columns)).unwrap_or(1);
        (best, side(best).min(self.side) as f32)
    }
}

/// The portrait's canonical crop under a surgical mask, fading at its border.
fn masked_face(portrait: &Path, networks: &NetworkArgs) -> Result<Layer> {
    let shown = portrait.display();
    let bytes = std::fs::read(portrait).with_context(|| {
        format!("{shown}: cannot be read; run 'make setup', or name one with --portrait")
    })?;
    let photo = Photo::decode(&bytes).with_context(|| shown.to_string())?;
    let faces = networks.tracker()?.faces(&photo.picture(), 0.0)?;
    ensure!(!faces.is_empty(), "{shown}: there is no face in it; name another with --portrait");
    let crop_from_photo =
        align::crop_from_landmarks(&faces[0].landmarks).context("a face without extent")?;
    let mut bare = Image::new(align::CROP);
    warp::crop(&photo.picture(), &crop_from_photo, &mut bare)?;
    let landmarks = faces[0].landmarks.map(&crop_from_photo);
    let style = MaskStyle::new(MaskKind::Surgical);
    let mask = Painter::default().mask(&bare, &landmarks, &style, 1);
    let pixels = mask.with_context(|| shown.to_string())?.over(&bare);
    let Size { width, height } = align::CROP;
    let fade = |i: usize| {
        let (x, y) = (i % width, i / width);
        let edge = x.min(y).min(width - 1 - x).min(height - 1 - y) as f32;
        (edge / (FADE * width as f32)).min(1.0)
    };
    let alpha = Matte::from_data(align::CROP, (0..width * height).map(fade).collect());
    Ok(Layer { pixels, alpha: alpha.context("a crop without pixels")? })
}

/// A checkered ground that moves two pixels a frame.
fn ground(number: u64, picture: &mut PictureMut<'_>) {
    let size = picture.format.size;
    let luma = &mut picture.planes[0];
    let rows = luma.data.chunks_mut(luma.stride).take(size.height);
    for (y, row) in rows.enumerate() {
        for (x, value) in row.iter_mut().take(size.width).enumerate() {
            let dark = ((x + 2 * number as usize) / 32 + y / 32).is_multiple_of(2);
            *value = (if dark { 70 } else { 105 }) + (y * 40 / size.height) as u8;
        }
    }
    for plane in &mut picture.planes[1..] {
        plane.data.fill(128);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_stays_inside_the_picture_and_apart_from_the_others() {
        for faces in [1, 2, 5, 32] {
            let draft = Draft { size: Size::new(640, 360), rate: 30, frames: 1 };
            let scene = Scene { draft, faces, side: usize::MAX };
            let (_, side) = scene.grid();
            let centre = |i: usize| {
                let (x, y) = (align::CROP.width as f32 / 2.0, align::CROP.height as f32 / 2.0);
                scene.place(i, 40).apply(Point::new(x, y))
            };
            for i in 0..faces {
                let at = centre(i);
                let margin = FILL * side / 2.0;
                assert!(at.x > margin && at.x < 640.0 - margin, "{faces}: {at:?}");
                assert!(at.y > margin && at.y < 360.0 - margin, "{faces}: {at:?}");
                assert!((0..i).all(|j| centre(j).distance(at) > 0.7 * side), "{faces}");
            }
        }
    }
}
