//! What a photo shows of skin: its colour, and where it is bare of hair.

use super::Dice;
use super::fabric::Rgb;
use super::head::Head;
use super::noise::step;
use crate::geometry::{CropSpace, Point};
use crate::image::{Image, filter};

/// Skin of one face.
#[derive(Clone, Debug)]
pub(super) struct Skin {
    /// Its colour on the cheeks, as the photo shows it.
    pub colour: Rgb,
    width: usize,
    bare: Vec<f32>,
}

impl Skin {
    /// Reads the skin of a face. `dice` decides whether the hair is tucked behind the straps.
    pub fn read(face: &Image, head: &Head<'_>, dice: &mut Dice) -> Self {
        let colour = cheeks(face, head);
        let (size, n) = (face.size(), face.size().width * face.size().height);
        if dice.chance(0.25) {
            return Self { colour, width: size.width, bare: vec![1.0; n] };
        }
        let [r, g, b] = face.channels();
        let bare: Vec<f32> = (0..n).map(|i| likeness(colour, [r[i], g[i], b[i]])).collect();
        let sigma = (0.035 * head.unit).max(0.5);
        let bare = filter::blur(&bare, size, sigma).unwrap_or(bare);
        Self { colour, width: size.width, bare }
    }

    /// How bare of hair the crop pixel is, 0..1.
    pub fn bare(&self, x: usize, y: usize) -> f32 {
        step(0.25, 0.6, self.bare[y * self.width + x])
    }
}

/// How much a colour is like a skin's, 0..1: light and shade change its brightness somewhat,
/// its tint hardly.
fn likeness(skin: Rgb, [r, g, b]: Rgb) -> f32 {
    let luma = |[r, g, b]: Rgb| 0.299 * r + 0.587 * g + 0.114 * b;
    let (here, there) = (luma([r, g, b]), luma(skin).max(0.02));
    let tint = |c: f32, luma: f32| c / (luma + 0.05);
    let off = (tint(r, here) - tint(skin[0], there)).hypot(tint(b, here) - tint(skin[2], there));
    let dark = (there / here.max(1e-3)).max(0.6 * here / there);
    step(2.4, 1.5, dark) * step(0.6, 0.25, off)
}

/// The median colour of both cheeks.
fn cheeks(face: &Image, head: &Head<'_>) -> Rgb {
    let mut samples: [Vec<f32>; 3] = Default::default();
    let size = face.size();
    for (eye, mouth) in [(41, 48), (46, 54)] {
        let middle: Point<CropSpace> = head.point(eye).lerp(head.point(mouth), 0.35);
        for i in 0..49 {
            let p = middle + head.shift(0.04 * (i % 7 - 3) as f32, 0.04 * (i / 7 - 3) as f32);
            let inside = p.x >= 0.0 && p.y >= 0.0;
            let (x, y) = (p.x as usize, p.y as usize);
            if inside && x < size.width && y < size.height {
                for (channel, plane) in samples.iter_mut().zip(face.channels()) {
                    channel.push(plane[y * size.width + x]);
                }
            }
        }
    }
    samples.map(|mut channel| {
        channel.sort_by(f32::total_cmp);
        channel.get(channel.len() / 2).copied().unwrap_or(0.5)
    })
}
