//! Lines, dots and words drawn straight into the planes of a picture, for people to see what
//! the program saw. The font is part of the program.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::geometry::{OriginDimensions, Point as At, Size as Extent};
use embedded_graphics::mono_font::iso_8859_1::{FONT_7X13_BOLD, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::prelude::{DrawTarget, Drawable, Primitive};
use embedded_graphics::primitives::{Circle, PrimitiveStyle, Rectangle, StrokeAlignment};
use embedded_graphics::text::{Baseline, Text};

use super::PictureMut;
use crate::geometry::{FrameSpace, Point, Rect};

/// Red, green, blue, 0..255.
pub type Ink = (u8, u8, u8);

/// Lines of the frame from which on the larger letters are used.
const LARGE: usize = 600;
/// One pixel of line width for so many lines of the frame.
const LINES_A_PIXEL: usize = 400;

/// A picture to draw on.
#[derive(Debug)]
pub struct Sketch<'a, 'b> {
    picture: &'a mut PictureMut<'b>,
    font: &'static MonoFont<'static>,
    width: u32,
}

impl<'a, 'b> Sketch<'a, 'b> {
    /// Draws on `picture`, with lines and letters that fit its size.
    pub fn new(picture: &'a mut PictureMut<'b>) -> Self {
        let size = picture.format.size;
        let shorter = size.width.min(size.height);
        let font = if shorter >= LARGE { &FONT_10X20 } else { &FONT_7X13_BOLD };
        Self { picture, font, width: (shorter / LINES_A_PIXEL).max(1) as u32 }
    }

    /// The outline of a rectangle, drawn outside of it.
    pub fn outline(&mut self, rect: &Rect<FrameSpace>, ink: Ink) {
        let (from, to) = (at(rect.min), at(rect.max));
        let style = PrimitiveStyle::with_stroke(color(ink), self.width);
        let mut style = style;
        style.stroke_alignment = StrokeAlignment::Outside;
        let Ok(()) = Rectangle::with_corners(from, to).into_styled(style).draw(self);
    }

    /// A dot.
    pub fn dot(&mut self, place: Point<FrameSpace>, ink: Ink) {
        let diameter = 2 * self.width;
        let circle = Circle::with_center(at(place), diameter);
        let Ok(()) = circle.into_styled(PrimitiveStyle::with_fill(color(ink))).draw(self);
    }

    /// Words on a plate, its lower left corner at `place`; inside the picture where they fit.
    pub fn words(&mut self, words: &str, place: Point<FrameSpace>, ink: Ink) {
        let letter = self.font.character_size;
        let extent = Extent::new(letter.width * words.chars().count() as u32 + 4, letter.height);
        let size = OriginDimensions::size(self);
        let inside = |v: i32, room: u32, whole: u32| v.clamp(0, whole.saturating_sub(room) as i32);
        let corner = at(place) - At::new(0, extent.height as i32);
        let corner = At::new(
            inside(corner.x, extent.width, size.width),
            inside(corner.y, extent.height, size.height),
        );
        let plate = Rectangle::new(corner, extent);
        let Ok(()) = plate.into_styled(PrimitiveStyle::with_fill(color(ink))).draw(self);
        let letters = MonoTextStyle::new(self.font, Rgb888::BLACK);
        let text = Text::with_baseline(words, corner + At::new(2, 0), letters, Baseline::Top);
        let Ok(_) = text.draw(self);
    }

    fn put(&mut self, (x, y): (usize, usize), samples: [u32; 3]) {
        let format = self.picture.format;
        let bytes = format.sample_bytes();
        for (index, (plane, sample)) in self.picture.planes.iter_mut().zip(samples).enumerate() {
            let (x, y) = match index {
                0 => (x, y),
                _ => (x >> format.chroma_shift_x, y >> format.chroma_shift_y),
            };
            let start = y * plane.stride + x * bytes;
            plane.data[start..start + bytes].copy_from_slice(&sample.to_le_bytes()[..bytes]);
        }
    }
}

/// The pixel that holds a point. Far outside of any picture it stays within what the drawing
/// library can count.
fn at(place: Point<FrameSpace>) -> At {
    let whole = |v: f32| v.floor().clamp(-20_000.0, 40_000.0) as i32;
    At::new(whole(place.x), whole(place.y))
}

fn color((r, g, b): Ink) -> Rgb888 {
    Rgb888::new(r, g, b)
}

impl OriginDimensions for Sketch<'_, '_> {
    fn size(&self) -> Extent {
        let size = self.picture.format.size;
        Extent::new(size.width as u32, size.height as u32)
    }
}

impl DrawTarget for Sketch<'_, '_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        let format = self.picture.format;
        let mut last: Option<(Rgb888, [u32; 3])> = None;
        for Pixel(At { x, y }, color) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { continue };
            if x >= format.size.width || y >= format.size.height {
                continue;
            }
            let samples = match last {
                Some((known, samples)) if known == color => samples,
                _ => samples(self.picture, color),
            };
            last = Some((color, samples));
            self.put((x, y), samples);
        }
        Ok(())
    }
}

/// A colour in the picture's own samples.
fn samples(picture: &PictureMut<'_>, color: Rgb888) -> [u32; 3] {
    let bits = picture.format.bits;
    let [mut a, mut b, mut c] = [color.r(), color.g(), color.b()].map(|v| [f32::from(v) / 255.0]);
    picture.format.color.from_rgb(bits, [&mut a, &mut b, &mut c]);
    let peak = ((1u32 << bits) - 1) as f32;
    [a, b, c].map(|[v]| (v * peak + 0.5).clamp(0.0, peak) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::image::{Colorimetry, PictureFormat, PlaneMut};

    /// Draws on a gray picture; gives its luma as whole numbers, its size, and the chroma.
    fn drawn(bits: u32, draw: impl Fn(&mut Sketch<'_, '_>)) -> (Vec<u32>, Vec<u32>) {
        let size = Size::new(61, 41);
        let format = PictureFormat { bits, ..PictureFormat::i420(size, Colorimetry::BT709) };
        let bytes = format.sample_bytes();
        let mut planes = [0, 1, 2].map(|i| {
            let size = format.plane_size(i);
            vec![0u8; size.width * size.height * bytes]
        });
        let widths = [0, 1, 2].map(|i| format.plane_size(i).width * bytes);
        {
            let [y, u, v] = &mut planes;
            let view = |data, stride| PlaneMut { data, stride };
            let views = [view(y, widths[0]), view(u, widths[1]), view(v, widths[2])];
            let mut picture = PictureMut::new(format, views).unwrap();
            draw(&mut Sketch::new(&mut picture));
        }
        let whole =
            |plane: &[u8]| {
                plane
                    .chunks_exact(bytes)
                    .map(|s| {
                        if bytes == 1 {
                            s[0].into()
                        } else {
                            u32::from(s[0]) | u32::from(s[1]) << 8
                        }
                    })
                    .collect()
            };
        (whole(&planes[0]), whole(&planes[2]))
    }

    #[test]
    fn a_red_outline_lies_around_its_rectangle_in_luma_and_chroma() {
        for bits in [8, 10] {
            let (luma, cr) = drawn(bits, |sketch| {
                let rect = Rect::new(Point::new(10.0, 10.0), Point::new(30.0, 20.0));
                sketch.outline(&rect, (255, 0, 0));
            });
            let shift = bits - 8;
            assert!((62..=63).contains(&(luma[9 * 61 + 20] >> shift)), "above it");
            assert_eq!(luma[12 * 61 + 20], 0, "not in it");
            assert_eq!(cr[4 * 31 + 10] >> shift, 240);
        }
    }

    #[test]
    fn words_beside_the_picture_move_into_it_and_dots_outside_vanish() {
        let (luma, _) = drawn(8, |sketch| {
            sketch.words("12", Point::new(900.0, -50.0), (255, 255, 255));
            sketch.dot(Point::new(-5.0, f32::NAN), (255, 0, 0));
            sketch.dot(Point::new(1e9, -1e9), (255, 0, 0));
        });
        let plate = luma.iter().filter(|v| **v == 235).count();
        let letters = luma.iter().filter(|v| **v == 16).count();
        assert!(plate > 100 && letters > 20, "{plate} {letters}");
        assert_eq!(luma[60], 235, "in the upper right corner");
    }
}
