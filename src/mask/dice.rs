//! Seeded choices: every random number of this crate's pictures comes from here.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random choices that depends on nothing but its seed and number.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Stream `number` of `seed`. Streams are independent: one that draws more does not change
    /// what the others draw.
    ///
    /// ```
    /// use mask2face::mask::Dice;
    /// let throw = || Dice::new(7, 1).range(0.0, 1.0);
    /// assert_eq!(throw(), throw());
    /// ```
    pub fn new(seed: u64, number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        Self(rng)
    }

    /// A number in `low..high`, all equally likely.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.random::<f32>()
    }

    /// True with probability `p` (0..1).
    pub fn chance(&mut self, p: f32) -> bool {
        self.0.random::<f32>() < p
    }

    /// A normally distributed number of mean 0 and deviation 1, cut at 3.
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * self.range(1e-6, 1.0).ln()).sqrt();
        (radius * self.range(0.0, std::f32::consts::TAU).cos()).clamp(-3.0, 3.0)
    }

    /// 32 random bits: the seed of a noise field.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// One of `items`, by the weight (> 0) that stands beside it. There must be at least one.
    pub fn weighted<T: Copy>(&mut self, items: &[(T, f32)]) -> T {
        let total: f32 = items.iter().map(|item| item.1).sum();
        let mut left = self.range(0.0, total);
        for &(item, weight) in items {
            left -= weight;
            if left < 0.0 {
                return item;
            }
        }
        items[items.len() - 1].0
    }
}
