//! Where a face will be: it goes on as fast as it went, for a while.

use super::Framing;
use crate::geometry::Vec2;

/// Time constant of the mean over the speed, in seconds.
const MEMORY: f32 = 0.08;
/// Beside another face, the place is what was expected, moved by this share toward what is seen.
const SHARE_BESIDE: f32 = 0.3;
/// A face that is not seen slows down with this time constant, in seconds: it turns, or stops.
const DECAY: f32 = 0.6;

/// Place and speed of one face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    last: Framing,
    seconds: f64,
    /// Pixels a second.
    speed: Vec2,
}

impl Motion {
    /// A face at rest.
    pub fn new(framing: Framing, seconds: f64) -> Self {
        Self { last: framing, seconds, speed: Vec2::new(0.0, 0.0) }
    }

    /// Where it is expected.
    pub fn predict(&self, seconds: f64) -> Framing {
        let dt = ((seconds - self.seconds) as f32).max(0.0);
        self.last.moved(self.speed * (DECAY * (1.0 - (-dt / DECAY).exp())))
    }

    /// Takes in where it is.
    pub fn advance(&mut self, framing: Framing, seconds: f64) {
        let dt = (seconds - self.seconds) as f32;
        if dt > 0.0 {
            let speed = (framing.center() - self.last.center()) * (1.0 / dt);
            let share = 1.0 - (-dt / MEMORY).exp();
            self.speed = self.speed + (speed + self.speed * -1.0) * share;
        }
        self.last = framing;
        self.seconds = seconds;
    }

    /// Takes in where it seems to be beside another face: what is seen may be that one, so it
    /// goes on mostly as it went.
    pub fn advance_beside(&mut self, framing: Framing, seconds: f64) {
        let expected = self.predict(seconds);
        let dt = ((seconds - self.seconds) as f32).max(0.0);
        self.speed = self.speed * (-dt / DECAY).exp();
        self.last = expected.moved((framing.center() - expected.center()) * SHARE_BESIDE);
        self.seconds = seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::FaceDetection;
    use crate::geometry::{Point, Rect};

    fn at(x: f32) -> Framing {
        Framing::of_detection(&FaceDetection {
            bbox: Rect::new(Point::new(x - 20.0, 80.0), Point::new(x + 20.0, 120.0)),
            keypoints: [Point::new(x - 8.0, 95.0); 5],
            score: 1.0,
        })
    }

    #[test]
    fn a_face_goes_on_as_it_went_and_comes_to_rest_unseen() {
        let mut motion = Motion::new(at(100.0), 0.0);
        for frame in 1..=10 {
            motion.advance(at(100.0 + 5.0 * frame as f32), f64::from(frame) * 0.04);
        }
        assert!((motion.predict(0.44).center().x - 155.0).abs() < 1.0);
        let far = motion.predict(10.0).center().x;
        assert!((155.0..250.0).contains(&far), "{far}");
    }

    #[test]
    fn beside_another_face_it_goes_on_mostly_as_it_went() {
        let mut motion = Motion::new(at(100.0), 0.0);
        motion.advance(at(110.0), 0.04);
        let expected = motion.predict(0.08).center().x;
        motion.advance_beside(at(90.0), 0.08);
        let got = motion.predict(0.08).center().x;
        assert!(got > 90.0 + 0.6 * (expected - 90.0) && got < expected, "{got} of {expected}");
        assert!(motion.predict(0.12).center().x > got);
    }
}
