//! Pictures of one size in rows and columns.

use crate::geometry::Size;
use crate::image::Image;

/// A sheet of square cells.
#[derive(Clone, Debug)]
pub struct Grid {
    image: Image,
    side: usize,
}

impl Grid {
    /// A black sheet of cells `side` pixels wide and high.
    pub fn new(columns: usize, rows: usize, side: usize) -> Self {
        Self { image: Image::new(Size::new(columns * side, rows * side)), side }
    }

    /// Lays `picture` into a cell; one of another size is left out.
    pub fn paste(&mut self, picture: &Image, column: usize, row: usize) {
        let (width, side) = (self.image.size().width, self.side);
        if picture.size() != Size::new(side, side) {
            return;
        }
        for (out, plane) in self.image.channels_mut().into_iter().zip(picture.channels()) {
            for y in 0..side {
                let to = (row * side + y) * width + column * side;
                out[to..to + side].copy_from_slice(&plane[y * side..(y + 1) * side]);
            }
        }
    }

    /// The sheet.
    pub fn image(&self) -> &Image {
        &self.image
    }
}
