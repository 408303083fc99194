//! Fits a painted layer to the crop it came from: specks beside the mask go, the colour of what
//! is visible around it is carried into it, and its edge fades.

use std::cell::RefCell;
use std::ops::Range;

use anyhow::{Result, ensure};

use crate::geometry::Size;
use crate::image::filter::{self, Islands};
use crate::image::{Image, Layer};

/// How far the alpha is feathered, in pixels of the crop (standard deviation).
const FEATHER: f32 = 1.2;
/// How far the colour of visible skin is carried at least, in pixels (standard deviation);
/// beyond, the nearest keeps its say.
const REACH: f32 = 24.0;
/// Where the canonical crop shows skin above a mask: cheeks and the bridge of the nose, in
/// shares of the side (left, right, top, bottom). Hair, eyes and background would mislead.
const SKIN: (f32, f32, f32, f32) = (0.2, 0.8, 0.33, 0.62);
/// Room between the painted area and what counts as visible: a mask's own rim and shadow.
const MARGIN: f32 = 4.0;
/// The colour is moved by this much at most (0..1): more is no lighting but another thing.
const MOST: f32 = 0.08;
/// The alpha fades to nothing over this many pixels at the crop's border.
const BORDER: usize = 6;

/// A painted island smaller than this share of the largest is a mistake: a collar, a button.
const SPECK: f32 = 0.15;
/// From this coverage on, a pixel belongs to an island.
const LAND: f32 = 0.15;
/// The soft edge of an island that stays (standard deviation, pixels).
const EDGE: f32 = 2.0;
/// Less coverage than this is never shown (see `image::blend`).
const FAINT: f32 = 1.0 / 1024.0;
/// Below and above the painted rows, what the blurs reach.
const BAND: usize = 8;

/// What is smooth anyway is worked out at a quarter of the crop's resolution, at a sixteenth of
/// the cost.
const COARSE: usize = 4;

/// Room for intermediate planes, kept from face to face.
#[derive(Default)]
struct Room {
    islands: Islands,
    coarse: [Vec<f32>; 6],
    fine: Vec<f32>,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Clears specks, moves the layer's colour toward the visible surroundings and softens
/// its alpha, in place.
///
/// The network also paints what it can see. Where nothing is hidden, the difference between
/// the crop and the painting is an error of colour; it is carried into the hidden area by
/// normalised convolution (Knutsson and Westin 1993).
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
        match_color(crop, layer, &band, room)?;
        feather(layer, &band, &mut room.fine)
    })
}

/// The rows of a layer that hold any alpha, and a few around them: nothing else changes. It
/// begins and ends with a row of coarse cells.
struct Band {
    /// First row of cells, and the one after the last.
    rows: Range<usize>,
    /// Of the whole layer, in pixels.
    layer: Size,
}

impl Band {
    fn of(layer: &Layer) -> Option<Self> {
        let size = layer.alpha.size();
        let alpha = layer.alpha.data();
        let first = alpha.iter().position(|&a| a > FAINT)? / size.width;
        let last = alpha.iter().rposition(|&a| a > FAINT)? / size.width;
        let rows = first.saturating_sub(BAND) / COARSE
            ..(last + 1 + BAND).min(size.height).div_ceil(COARSE);
        Some(Self { rows, layer: size })
    }

    fn size(&self) -> Size {
        Size::new(self.layer.width, self.rows.len() * COARSE)
    }

    /// Where its pixels lie among the layer's.
    fn pixels(&self) -> Range<usize> {
        let row = self.layer.width * COARSE;
        self.rows.start * row..self.rows.end * row
    }

    /// A plane of cells as pixels of the band, bilinear; goes into `out`.
    fn fine<'a>(&self, cells: &[f32], out: &'a mut Vec<f32>) -> Result<&'a [f32]> {
        let width = self.layer.width / COARSE;
        // A row more on each side, where there is one: beyond, the last would be repeated.
        let first = self.rows.start.saturating_sub(1);
        let rows = (self.rows.end + 1).min(self.layer.height / COARSE) - first;
        let to = Size::new(self.layer.width, rows * COARSE);
        let out = fitting(out, to.width * to.height);
        let cells = &cells[first * width..(first + rows) * width];
        filter::resize_into(cells, Size::new(width, rows), to, out)?;
        let skipped = (self.rows.start - first) * COARSE * to.width;
        Ok(&out[skipped..skipped + self.pixels().len()])
    }
}

/// `plane` with room for `n` values; nothing is allocated once it was as long.
fn fitting(plane: &mut Vec<f32>, n: usize) -> &mut [f32] {
    plane.resize(n, 0.0);
    plane
}

fn coarse(size: Size) -> Size {
    Size::new(size.width / COARSE, size.height / COARSE)
}

/// Clears the small islands of the alpha; leaves the alpha's cells in the room's first plane.
fn clear_specks(layer: &mut Layer, band: &Band, room: &mut Room) -> Result<()> {
    let size = layer.alpha.size();
    let cells = coarse(size);
    let Room { islands, coarse: [painted, keep, near, ..], fine } = room;
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

fn match_color(crop: &Image, layer: &mut Layer, band: &Band, room: &mut Room) -> Result<()> {
    let size = layer.alpha.size();
    let (cells, step) = (coarse(size), COARSE as f32);
    let n = cells.width * cells.height;
    let [painted, visible, weight, seen, error, blurred] =
        room.coarse.each_mut().map(|plane| fitting(plane, n));
    filter::blur_into(painted, cells, MARGIN / step, seen)?;
    for (i, (visible, near)) in visible.iter_mut().zip(&*seen).enumerate() {
        *visible = f32::from(u8::from(*near < 0.02 && is_skin(i, cells)));
    }
    filter::blur_into(visible, cells, REACH / step, weight)?;
    // Only rows with skin are compared.
    let rows = (SKIN.2 * cells.height as f32) as usize..(SKIN.3 * cells.height as f32) as usize + 1;
    let (part, fine) = (rows.start * cells.width..rows.end * cells.width, &mut room.fine);
    let pixels = part.start * COARSE * COARSE..part.end * COARSE * COARSE;
    let (from, to) =
        (Size::new(size.width, rows.len() * COARSE), Size::new(cells.width, rows.len()));
    error.fill(0.0);
    for (channel, crop) in layer.pixels.channels_mut().into_iter().zip(crop.channels()) {
        filter::resize_into(&channel[pixels.clone()], from, to, &mut painted[part.clone()])?;
        filter::resize_into(&crop[pixels.clone()], from, to, &mut seen[part.clone()])?;
        for i in part.clone() {
            error[i] = (seen[i] - painted[i]).clamp(-MOST, MOST) * visible[i];
        }
        filter::blur_into(error, cells, REACH / step, blurred)?;
        for (blurred, weight) in blurred.iter_mut().zip(&*weight) {
            // Where no skin is within reach at all, nothing is known and nothing is moved.
            *blurred /= *weight + 1e-5;
        }
        for (painted, shift) in channel[band.pixels()].iter_mut().zip(band.fine(blurred, fine)?) {
            *painted = (*painted + shift).clamp(0.0, 1.0);
        }
    }
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

fn is_skin(index: usize, size: Size) -> bool {
    let (left, right, top, bottom) = SKIN;
    let x = (index % size.width) as f32 / size.width as f32;
    let y = (index / size.width) as f32 / size.height as f32;
    (left..right).contains(&x) && (top..bottom).contains(&y)
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
