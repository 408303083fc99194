//! A line of text burnt into a picture, in its own planes.

use anyhow::{Context, Result};

use super::drawing::{Drawing, LETTER, Side, TEXT_LINE};
use super::{Layer, Matte, PictureMut, blend};
use crate::geometry::{Point, Similarity, Size};

/// A label's height as a share of the picture's, but no less than [`SMALLEST`] pixels.
const HEIGHT: f32 = 1.0 / 24.0;
const SMALLEST: f32 = 12.0;
/// Around the text, in pixels of the sheet.
const MARGIN: usize = 4;

/// A text that can be laid over pictures of any size and depth.
#[derive(Clone, Debug)]
pub struct Label {
    layer: Layer,
}

impl Label {
    /// Dark letters on a light ground.
    ///
    /// # Errors
    /// If the text is empty.
    pub fn new(text: &str) -> Result<Self> {
        let letters = text.chars().count();
        let size = Size::new(letters * LETTER + 2 * MARGIN, TEXT_LINE + MARGIN);
        let mut sheet = Drawing::new(size);
        sheet.text(text, (MARGIN as i32, size.height as i32 / 2), Side::Right);
        let pixels = sheet.image().filter(|_| letters > 0).context("a label without text")?;
        Ok(Self { layer: Layer { pixels, alpha: Matte::filled(size, 1.0) } })
    }

    /// Lays the label into the lower left corner, narrower where the picture is too narrow.
    ///
    /// # Errors
    /// If the picture's planes are too short.
    pub fn lay(&self, picture: &mut PictureMut<'_>) -> Result<()> {
        let (frame, sheet) = (picture.format.size, self.layer.alpha.size());
        let height = (frame.height as f32 * HEIGHT).max(SMALLEST);
        let scale = (height / sheet.height as f32).min(frame.width as f32 / sheet.width as f32);
        let corner = Point::new(0.0, frame.height as f32 - scale * sheet.height as f32);
        let crop_from_frame = Similarity::about(corner, Point::new(0.0, 0.0), 1.0 / scale, 0.0);
        blend::layer(&self.layer, &crop_from_frame, picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::photo::Photo;

    #[test]
    fn the_label_stands_in_its_corner_and_nothing_else_changes() {
        let size = Size::new(400, 300);
        let mut photo = Photo::from_rgb8(size, &vec![60; 3 * 400 * 300]).unwrap();
        Label::new("AI-reconstructed faces").unwrap().lay(&mut photo.picture_mut()).unwrap();
        let picture = photo.picture();
        let row = |y: usize| &picture.planes[0].data[y * 400..(y + 1) * 400];
        let light = (280..300).flat_map(row).filter(|v| **v > 200).count();
        assert!(light > 500, "{light} light samples");
        assert!((0..280).flat_map(row).all(|v| *v == 60));
        assert!(Label::new("").is_err());
    }
}
