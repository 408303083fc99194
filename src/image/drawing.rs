//! A sheet to draw on: pictures, lines and plain text, for contact sheets and charts. The font
//! is part of the program, so a sheet looks the same on every machine.

use std::convert::Infallible;

use anyhow::{Context, Result};
use embedded_graphics::Pixel;
use embedded_graphics::geometry::OriginDimensions;
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_7X13;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{
    DrawTarget, Drawable, Point, Primitive, RgbColor, Size as Extent,
};
use embedded_graphics::primitives::{Line, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use super::Image;
use super::photo::{Photo, PhotoFormat};
use crate::geometry::Size;

/// Width of a letter in pixels.
pub const LETTER: usize = 7;
/// Height of a line of text in pixels.
pub const TEXT_LINE: usize = 14;

/// Red, green, blue, 0..255.
pub type Ink = [u8; 3];
/// What text is written in.
pub const BLACK: Ink = [20, 20, 20];
/// What frames and grids are drawn in.
pub const GRAY: Ink = [200, 200, 200];

/// A white sheet of 8-bit RGB.
#[derive(Clone, Debug)]
pub struct Drawing {
    size: Size,
    rgb: Vec<u8>,
}

/// Where a text lies about its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To the right of it.
    Right,
    /// To the left of it.
    Left,
    /// In its middle.
    Middle,
}

impl Drawing {
    /// A white sheet.
    pub fn new(size: Size) -> Self {
        Self { size, rgb: vec![255; 3 * size.width * size.height] }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Lays `image` down with its upper left corner at (x, y); what hangs over is cut.
    pub fn paste(&mut self, image: &Image, (x, y): (usize, usize)) {
        let Size { width, height } = image.size();
        let rgb = image.to_rgb8();
        let across = width.min(self.size.width.saturating_sub(x));
        for row in 0..height.min(self.size.height.saturating_sub(y)) {
            let (to, from) = (3 * ((y + row) * self.size.width + x), 3 * row * width);
            self.rgb[to..to + 3 * across].copy_from_slice(&rgb[from..from + 3 * across]);
        }
    }

    /// Writes a line of text whose vertical middle is at y; letters that the font lacks are told
    /// by a question mark.
    pub fn text(&mut self, text: &str, (x, y): (i32, i32), side: Side) {
        let alignment = match side {
            Side::Right => Alignment::Left,
            Side::Left => Alignment::Right,
            Side::Middle => Alignment::Center,
        };
        let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Middle).build();
        let letters = MonoTextStyle::new(&FONT_7X13, color(BLACK));
        let Ok(_) = Text::with_text_style(text, Point::new(x, y), letters, style).draw(self);
    }

    /// A straight line of `width` pixels.
    pub fn line(&mut self, from: (i32, i32), to: (i32, i32), (ink, width): (Ink, u32)) {
        let line = Line::new(Point::new(from.0, from.1), Point::new(to.0, to.1));
        let Ok(()) = line.into_styled(PrimitiveStyle::with_stroke(color(ink), width)).draw(self);
    }

    /// A filled rectangle.
    pub fn fill(&mut self, corner: (i32, i32), (width, height): (u32, u32), ink: Ink) {
        let area = Rectangle::new(Point::new(corner.0, corner.1), Extent::new(width, height));
        let Ok(()) = area.into_styled(PrimitiveStyle::with_fill(color(ink))).draw(self);
    }

    /// The sheet as an image.
    pub fn image(&self) -> Option<Image> {
        Image::from_rgb8(self.size, &self.rgb)
    }

    /// The bytes of a PNG.
    ///
    /// # Errors
    /// If the encoder refuses.
    pub fn png(&self) -> Result<Vec<u8>> {
        let photo = Photo::from_rgb8(self.size, &self.rgb).context("a sheet without pixels")?;
        photo.encode(PhotoFormat::Png)
    }
}

fn color([r, g, b]: Ink) -> Rgb888 {
    Rgb888::new(r, g, b)
}

impl OriginDimensions for Drawing {
    fn size(&self) -> Extent {
        Extent::new(self.size.width as u32, self.size.height as u32)
    }
}

impl DrawTarget for Drawing {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(Point { x, y }, color) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { continue };
            if x < self.size.width && y < self.size.height {
                let at = 3 * (y * self.size.width + x);
                self.rgb[at..at + 3].copy_from_slice(&[color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_lines_and_pictures_stay_on_the_sheet() {
        let mut sheet = Drawing::new(Size::new(40, 20));
        sheet.paste(&Image::new(Size::new(8, 8)), (36, 16));
        sheet.fill((-3, -3), (5, 5), [255, 0, 0]);
        sheet.text("mask", (0, 10), Side::Right);
        sheet.line((-9, 19), (99, 19), (BLACK, 1));
        assert_eq!(sheet.rgb[..3], [255, 0, 0]);
        assert_eq!(sheet.rgb[3 * (17 * 40 + 37)..][..3], [0, 0, 0]);
        let ink = sheet.rgb.chunks(3).filter(|rgb| *rgb == BLACK).count();
        assert!(ink > 60, "{ink}");
        assert_eq!(Photo::decode(&sheet.png().unwrap()).unwrap().size(), Size::new(40, 20));
    }
}
