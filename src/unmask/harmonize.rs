//! Fits a painted layer to the crop it came from: specks beside the mask go, the colour of what
//! is visible around it is carried into it, and its edge fades.

use std::cell::RefCell;

use anyhow::{Result, ensure};

use super::band::{Band, COARSE, coarse, fitting};
use super::complexion::Complexion;
use crate::geometry::Size;
use crate::image::filter::{self, Islands};
use crate::image::{Image, Layer};

/// How far the alpha is feathered, in pixels of the crop (standard deviation).
const FEATHER: f32 = 1.2;
/// The alpha fades to nothing over this many pixels at the crop's border.
const BORDER: usize = 6;

/// A painted island smaller than this share of the largest is a mistake: a collar, a button.
const SPECK: f32 = 0.15;
/// From this coverage on, a pixel belongs to an island.
const LAND: f32 = 0.15;
/// The soft edge of an island that stays (standard deviation, pixels).
const EDGE: f32 = 2.0;

/// Room for intermediate planes, kept from face to face.
#[derive(Default)]
struct Room {
    islands: Islands,
    /// The painted cells, those of islands that stay, and what is near these.
    cells: [Vec<f32>; 3],
    fine: Vec<f32>,
    complexion: Complexion,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Clears specks, moves the layer's colour toward the visible surroundings and softens
/// its alpha, in place.
///
/// # Errors
/// If the crop's sides are no multiples of four, or the kernel library refuses the planes.
pub fn fit(crop: &Image, layer: &mut Layer) -> Result<()> {
    let Size { width, height } = layer.alpha.size();
    ensure!(width % COARSE + height % COARSE == 0, "a crop of {width}x{height} has odd sides");
    ROOM.with_borrow_mut(|room| {
        let Some(band) = Band::of(layer) else { return Ok(()) };
        let alpha = layer.alpha.data_mut();
        alpha[..band.pixels().start].fill(0.0);
        alpha[band.pixels().end..].fill(0.0);
        clear_specks(layer, &band, room)?;
        room.complexion.fit(crop, layer, &band, &room.cells[0])?;
        feather(layer, &band, &mut room.fine)
    })
}

/// Clears the small islands of the alpha; leaves the painted cells in the room.
fn clear_specks(layer: &mut Layer, band: &Band, room: &mut Room) -> Result<()> {
    let size = layer.alpha.size();
    let cells = coarse(size);
    let Room { islands, cells: [painted, keep, near], fine, .. } = room;
    let [painted, keep, near] =
        [painted, keep, near].map(|p| fitting(p, cells.width * cells.height));
    filter::resize_into(layer.alpha.data(), size, cells, painted)?;
    // A line of one pixel through a cell joins what it joins in the pixels.
    islands.find(painted, cells, LAND / COARSE as f32)?;
    let areas = islands.areas();
    let largest = areas.iter().skip(1).copied().max().unwrap_or(0);
    for (keep, &label) in keep.iter_mut().zip(islands.labels()?) {
        let stays = label > 0 && areas[label as usize] as f32 >= SPECK * largest as f32;
        *keep = f32::from(u8::from(stays));
    }
    // What lies within a few pixels of an island that stays is its own soft edge.
    filter::blur_into(keep, cells, EDGE / COARSE as f32, near)?;
    for (painted, near) in painted.iter_mut().zip(&mut *near) {
        *near = (*near * 8.0).min(1.0);
        *painted *= *near;
    }
    let alpha = &mut layer.alpha.data_mut()[band.pixels()];
    alpha.iter_mut().zip(band.fine(near, fine)?).for_each(|(alpha, near)| *alpha *= near);
    Ok(())
}

/// Softens the alpha outward, and lets it end at the crop's border.
fn feather(layer: &mut Layer, band: &Band, soft: &mut Vec<f32>) -> Result<()> {
    let Size { width, height } = band.layer;
    let alpha = &mut layer.alpha.data_mut()[band.pixels()];
    let soft = fitting(soft, alpha.len());
    filter::blur_into(alpha, band.size(), FEATHER, soft)?;
    let ramp = |near: usize| (near as f32 / BORDER as f32).min(1.0);
    let rows = alpha.chunks_exact_mut(width).zip(soft.chunks_exact(width));
    for ((alpha, soft), y) in rows.zip(band.rows.start * COARSE..) {
        let edge = ramp(y.min(height - 1 - y));
        // Outward only: a mask's rim must not shine through.
        alpha.iter_mut().zip(soft).for_each(|(alpha, soft)| *alpha = alpha.max(*soft) * edge);
        for x in 0..BORDER.min(width) {
            let side = (ramp(x) / edge).min(1.0);
            alpha[x] *= side;
            alpha[width - 1 - x] *= side;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Matte;

    /// A crop of one gray level, and a painting of another with a disc of alpha.
    fn scene(seen: f32, painted: f32) -> (Image, Layer) {
        let size = Size::new(64, 64);
        let gray = |v: f32| Image::from_planar(size, vec![v; 3 * 64 * 64]).unwrap();
        let disc = |i: usize| {
            let (x, y) = ((i % 64) as f32 - 31.5, (i / 64) as f32 - 31.5);
            f32::from(x.hypot(y) < 10.0)
        };
        let alpha = Matte::from_data(size, (0..64 * 64).map(disc).collect()).unwrap();
        (gray(seen), Layer { pixels: gray(painted), alpha })
    }

    #[test]
    fn a_painting_that_is_too_pale_takes_on_the_tone_around_it() {
        let (crop, mut layer) = scene(0.50, 0.56);
        fit(&crop, &mut layer).unwrap();
        let middle = layer.pixels.channels()[0][32 * 64 + 32];
        assert!((middle - 0.50).abs() < 0.02, "{middle}");
    }

    #[test]
    fn the_alpha_stays_whole_inside_fades_outside_and_ends_at_the_border() {
        let (crop, mut layer) = scene(0.5, 0.5);
        layer.alpha.data_mut()[0] = 1.0;
        fit(&crop, &mut layer).unwrap();
        let alpha = layer.alpha.data();
        assert!(alpha[32 * 64 + 32] > 0.99);
        assert!(alpha[32 * 64 + 43] > 0.0 && alpha[32 * 64 + 43] < 0.6);
        assert!(alpha[32 * 64 + 56] < 1e-3);
        assert!(alpha[0].abs() < f32::EPSILON);
    }

    #[test]
    fn a_speck_beside_the_mask_goes_and_the_mask_stays() {
        let (crop, mut layer) = scene(0.5, 0.5);
        let at = |x: usize, y: usize| y * 64 + x;
        for (x, y) in [(55, 10), (56, 10), (55, 11)] {
            layer.alpha.data_mut()[at(x, y)] = 0.9;
        }
        fit(&crop, &mut layer).unwrap();
        assert!(layer.alpha.data()[at(55, 10)] < 1e-3);
        assert!(layer.alpha.data()[at(32, 32)] > 0.99);
        assert!(layer.alpha.data()[at(41, 32)] > 0.9, "the edge is not eaten");
    }
}
