//! Moves a painting's colours to those of the skin around it.

use anyhow::Result;

use super::band::{Band, COARSE, coarse};
use super::tone::Tone;
use crate::geometry::Size;
use crate::image::{Image, Layer, filter};

/// Left, right, top and bottom of a part of the crop, in shares of its side.
type Area = (f32, f32, f32, f32);

/// Where the canonical crop shows skin above a mask: cheeks and the bridge of the nose. Hair,
/// eyes and background would mislead.
const SKIN: Area = (0.2, 0.8, 0.33, 0.62);
/// The forehead between the brows, which hats and hair leave free the longest.
const BROW: Area = (0.38, 0.62, 0.14, 0.31);
/// The oval of a face in the canonical crop: centre and half axes, in shares of the side.
const FACE: ((f32, f32), (f32, f32)) = ((0.5, 0.45), (0.33, 0.36));

/// How far the colour of visible skin is carried at least (standard deviation, in pixels of the
/// crop); beyond, the nearest keeps its say.
const REACH: f32 = 24.0;
/// Room between the painted area and what counts as visible: a mask's own rim and shadow.
const MARGIN: f32 = 4.0;
/// The same where the tone of the skin is read: a mask's light band is often overlooked in part.
const FAR: f32 = 12.0;
/// Corrections vary no faster than this (standard deviation, in pixels of the crop).
const SMOOTH: f32 = 4.0;
/// An error of colour is this large at most (0..1): more is no lighting but another thing.
const MOST: f32 = 0.08;
/// Less coverage than this near by is none.
const CLEAR: f32 = 0.02;

/// A crop and its painting in cells, kept from face to face.
#[derive(Default)]
pub(super) struct Complexion {
    size: Size,
    seen: [Vec<f32>; 3],
    painted: [Vec<f32>; 3],
    shift: [Vec<f32>; 3],
    near: Vec<f32>,
    visible: Vec<f32>,
    weight: Vec<f32>,
    moved: Vec<f32>,
    chroma: Vec<[f32; 2]>,
    fine: Vec<f32>,
}

impl Complexion {
    /// Moves the colours of the layer inside the `band`, in place; `alpha` is the layer's in cells.
    ///
    /// # Errors
    /// If the kernel library refuses the planes.
    pub fn fit(
        &mut self,
        crop: &Image,
        layer: &mut Layer,
        band: &Band,
        alpha: &[f32],
    ) -> Result<()> {
        self.look(crop, layer)?;
        self.carry_errors(alpha)?;
        self.lift_tone(alpha)?;
        for (channel, shift) in layer.pixels.channels_mut().into_iter().zip(&self.shift) {
            filter::blur_into(shift, self.size, SMOOTH / COARSE as f32, &mut self.moved)?;
            let shift = band.fine(&self.moved, &mut self.fine)?;
            for (painted, shift) in channel[band.pixels()].iter_mut().zip(shift) {
                *painted = (*painted + shift).clamp(0.0, 1.0);
            }
        }
        Ok(())
    }

    fn look(&mut self, crop: &Image, layer: &Layer) -> Result<()> {
        let fine = layer.alpha.size();
        self.size = coarse(fine);
        let n = self.size.width * self.size.height;
        let single = [&mut self.near, &mut self.visible, &mut self.weight, &mut self.moved];
        let of_colour = self.seen.iter_mut().chain(&mut self.painted).chain(&mut self.shift);
        single.into_iter().chain(of_colour).for_each(|plane| plane.resize(n, 0.0));
        for i in 0..3 {
            filter::resize_into(crop.channels()[i], fine, self.size, &mut self.seen[i])?;
            filter::resize_into(layer.pixels.channels()[i], fine, self.size, &mut self.painted[i])?;
        }
        Ok(())
    }

    /// The network also paints what it can see. Where nothing is hidden, the difference between
    /// the crop and the painting is an error of colour; it is carried into the hidden area by
    /// normalised convolution (Knutsson and Westin 1993).
    fn carry_errors(&mut self, alpha: &[f32]) -> Result<()> {
        let (size, step) = (self.size, COARSE as f32);
        filter::blur_into(alpha, size, MARGIN / step, &mut self.near)?;
        for (i, (visible, near)) in self.visible.iter_mut().zip(&self.near).enumerate() {
            *visible = f32::from(u8::from(*near < CLEAR && lies_in(SKIN, i, size)));
        }
        filter::blur_into(&self.visible, size, REACH / step, &mut self.weight)?;
        for i in 0..3 {
            let colours = self.seen[i].iter().zip(&self.painted[i]).zip(&self.visible);
            for (error, ((seen, painted), visible)) in self.moved.iter_mut().zip(colours) {
                *error = (seen - painted).clamp(-MOST, MOST) * visible;
            }
            filter::blur_into(&self.moved, size, REACH / step, &mut self.shift[i])?;
            for (shift, weight) in self.shift[i].iter_mut().zip(&self.weight) {
                // Where no skin is within reach at all, nothing is known and nothing is moved.
                *shift /= *weight + 1e-5;
            }
        }
        Ok(())
    }

    fn lift_tone(&mut self, alpha: &[f32]) -> Result<()> {
        let size = self.size;
        filter::blur_into(alpha, size, FAR / COARSE as f32, &mut self.near)?;
        let is_skin = |i: &usize| lies_in(SKIN, *i, size) || lies_in(BROW, *i, size);
        let clear = (0..self.near.len()).filter(|&i| self.near[i] < CLEAR).filter(is_skin);
        let samples = clear.map(|i| self.seen.each_ref().map(|plane| plane[i]));
        let Some(tone) = Tone::of(samples, &mut self.chroma) else { return Ok(()) };
        for i in 0..alpha.len() {
            let colour = [0, 1, 2].map(|c| self.painted[c][i] + self.shift[c][i]);
            let inside = in_face(i, size);
            for (shift, lacking) in self.shift.iter_mut().zip(tone.lacking(colour)) {
                shift[i] += lacking * inside;
            }
        }
        Ok(())
    }
}

fn place(index: usize, size: Size) -> (f32, f32) {
    let (x, y) = (index % size.width, index / size.width);
    (x as f32 / size.width as f32, y as f32 / size.height as f32)
}

fn lies_in((left, right, top, bottom): Area, index: usize, size: Size) -> bool {
    let (x, y) = place(index, size);
    (left..right).contains(&x) && (top..bottom).contains(&y)
}

/// 1 inside the oval of a face, 0 where hair, neck and background are.
fn in_face(index: usize, size: Size) -> f32 {
    let ((x, y), ((cx, cy), (across, down))) = (place(index, size), FACE);
    ((1.2 - ((x - cx) / across).hypot((y - cy) / down)) / 0.4).clamp(0.0, 1.0)
}
