//! What is remembered of a face from frame to frame, so that a painted mask is steady.

use super::light::Optics;
use super::six_points::Side;

/// How a face was seen so far. A new one for each face of a stream; a photo needs none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    optics: Option<Optics>,
    side: Option<Side>,
}

/// Share of a new frame in what is remembered of light and sharpness: they change slowly, and
/// their measurement jumps.
const NEW: f32 = 0.04;

impl Memory {
    /// Light and sharpness, steadied.
    pub(super) fn optics(&mut self, seen: Optics) -> Optics {
        let before = self.optics.unwrap_or(seen);
        let mixed = |old: f32, new: f32| old + NEW * (new - old);
        let steady = Optics {
            side: mixed(before.side, seen.side),
            blur: mixed(before.blur, seen.blur),
            noise: mixed(before.noise, seen.noise),
        };
        *self.optics.insert(steady)
    }

    /// The side of a template, from the angle of the nose in degrees: it changes `beyond` the
    /// threshold only, and then a little further than that.
    pub(super) fn side(&mut self, angle: f32, threshold: f32) -> Side {
        const SLACK: f32 = 3.0;
        let slack = |side: Side| match self.side {
            Some(now) if now == side => -SLACK,
            Some(_) => SLACK,
            None => 0.0,
        };
        let side = if angle < -threshold - slack(Side::Right) {
            Side::Right
        } else if angle > threshold + slack(Side::Left) {
            Side::Left
        } else {
            Side::Front
        };
        *self.side.insert(side)
    }
}
