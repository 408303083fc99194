//! Blending over time, in crop space: where a face's crop looks as it did in the frame before,
//! what was painted then has its say in what is painted now. Sensor noise and the last tenths
//! of a pixel of alignment no longer flicker in the fill; where the crop changes, because the
//! head turns, the light changes or a hand passes, the new painting counts alone.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use anyhow::Result;

use crate::geometry::Size;
use crate::image::sight::Sight;
use crate::image::{Layer, filter};

/// The share of the past where nothing moves. A first-order low pass: at 25 frames a second a
/// change is taken over by nine tenths within a third of a second.
const MOST: f32 = 0.75;
/// A change of the crop, in 0..1 of luma averaged over a cell, at which the past has lost two
/// thirds of its say: above what sensor noise leaves of itself in a cell, below what a
/// moving head or a passing hand changes.
const CHANGE: f32 = 0.012;

/// What was painted last, for each face that `K` names.
#[derive(Debug)]
pub struct Steady<K> {
    memories: HashMap<K, Memory>,
    now: u64,
}

#[derive(Debug)]
struct Memory {
    sight: Sight,
    painted: Arc<Layer>,
    shown: Arc<Layer>,
    at: u64,
}

impl<K> Default for Steady<K> {
    fn default() -> Self {
        Self { memories: HashMap::new(), now: 0 }
    }
}

impl<K: Copy + Eq + Hash> Steady<K> {
    /// The next frame follows: faces that the last one did not show are forgotten, so that
    /// nothing stale is ever blended in.
    pub fn next_frame(&mut self) {
        let last = self.now;
        self.memories.retain(|_, memory| memory.at == last);
        self.now += 1;
    }

    /// Forgets all faces: a cut, or another stream, follows.
    pub fn reset(&mut self) {
        self.memories.clear();
    }

    /// Blends what was shown of `face` in the frame before into what was `painted` for it now.
    /// `sight` is what its crop looks like.
    ///
    /// # Errors
    /// If the kernel library refuses the planes.
    pub fn settle(&mut self, face: K, sight: Sight, painted: Layer) -> Result<Arc<Layer>> {
        self.blend(face, sight, Arc::new(painted))
    }

    /// The same with what was painted for `face` last; `None` where nothing was in the frame
    /// before.
    ///
    /// # Errors
    /// As [`Steady::settle`].
    pub fn again(&mut self, face: K, sight: Sight) -> Result<Option<Arc<Layer>>> {
        let painted = self.memories.get(&face).map(|past| Arc::clone(&past.painted));
        painted.map(|painted| self.blend(face, sight, painted)).transpose()
    }

    fn blend(&mut self, face: K, sight: Sight, painted: Arc<Layer>) -> Result<Arc<Layer>> {
        let size = painted.alpha.size();
        let past = self.memories.get(&face).filter(|past| past.shown.alpha.size() == size);
        let shown = match past {
            Some(past) => {
                let say = say_of_the_past(past.sight.change_to(&sight)?, size)?;
                let mut shown = Layer::clone(&painted);
                mix(shown.alpha.data_mut(), past.shown.alpha.data(), &say);
                let channels = shown.pixels.channels_mut().into_iter();
                for (now, before) in channels.zip(past.shown.pixels.channels()) {
                    mix(now, before, &say);
                }
                Arc::new(shown)
            }
            None => Arc::clone(&painted),
        };
        let kept = Memory { sight, painted, shown: Arc::clone(&shown), at: self.now };
        self.memories.insert(face, kept);
        Ok(shown)
    }
}

/// How much the past counts at each pixel: `MOST` where the crop is as it was, nothing where it
/// changed.
fn say_of_the_past(change: Vec<f32>, size: Size) -> Result<Vec<f32>> {
    let say: Vec<f32> = change.into_iter().map(|c| MOST * (-(c / CHANGE).powi(2)).exp()).collect();
    filter::resize(&say, Sight::GRID, size)
}

fn mix(now: &mut [f32], before: &[f32], say: &[f32]) {
    for ((now, before), say) in now.iter_mut().zip(before).zip(say) {
        *now += (before - *now) * say;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Image, Matte};

    const SIZE: Size = Size { width: 256, height: 256 };

    fn flat(value: f32) -> Image {
        Image::from_planar(SIZE, vec![value; 3 * SIZE.width * SIZE.height]).unwrap()
    }

    fn painted(value: f32) -> Layer {
        Layer { pixels: flat(value), alpha: Matte::filled(SIZE, 1.0) }
    }

    /// What is shown for `values` painted one after the other over crops of `lights`.
    fn shown(values: &[f32], lights: &[f32]) -> Vec<f32> {
        let mut steady = Steady::default();
        let pairs = values.iter().zip(lights);
        pairs
            .map(|(&value, &light)| {
                steady.next_frame();
                let sight = Sight::flat(light);
                let layer = steady.settle(1, sight, painted(value)).unwrap();
                layer.pixels.data()[SIZE.width * 128 + 128]
            })
            .collect()
    }

    #[test]
    fn flicker_over_a_still_crop_shrinks_to_under_half() {
        let flicker: Vec<f32> = (0..40).map(|n| 0.5 + 0.1 * (-1.0f32).powi(n)).collect();
        let shown = shown(&flicker, &[0.5; 40]);
        let worst = shown[20..].iter().map(|v| (v - 0.5).abs()).fold(0.0, f32::max);
        assert!(worst < 0.05, "a flicker of 0.1 still shows as {worst}");
    }

    #[test]
    fn where_the_crop_changes_the_new_painting_counts_alone() {
        let shown = shown(&[0.2, 0.8], &[0.4, 0.6]);
        assert!((shown[1] - 0.8).abs() < 1e-3, "{shown:?}");
    }

    #[test]
    fn a_face_that_was_away_for_a_frame_is_painted_afresh() {
        let mut steady = Steady::default();
        let mut last = 0.0;
        for (n, value) in [0.2, 0.2, 0.8].into_iter().enumerate() {
            steady.next_frame();
            if n == 1 {
                continue;
            }
            let sight = Sight::flat(0.5);
            let layer = steady.settle("a", sight, painted(value)).unwrap();
            last = layer.pixels.data()[0];
        }
        assert!((last - 0.8).abs() < 1e-6, "something stale was blended in: {last}");
    }

    #[test]
    fn faces_do_not_mix() {
        let mut steady = Steady::default();
        steady.next_frame();
        let sight = Sight::flat(0.5);
        steady.settle(1, sight.clone(), painted(0.2)).unwrap();
        steady.next_frame();
        let other = steady.settle(2, sight, painted(0.8)).unwrap();
        assert_eq!(*other, painted(0.8));
    }
}
