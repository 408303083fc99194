//! The One-Euro filter (Casiez, Roussel and Vogel, CHI 2012) over landmarks: still faces are
//! held still, moving ones are followed at once. Speeds are in eye distances a second, so a
//! near and a far face are smoothed alike.

use super::Landmarks;
use crate::geometry::{FrameSpace, Point, Vec2};

/// Cut-off of a face at rest, in hertz.
const AT_REST: f32 = 1.2;
/// How much the cut-off rises with speed, hertz for one eye distance a second.
const WITH_SPEED: f32 = 14.0;
/// Cut-off of the speed itself, in hertz.
const OF_SPEED: f32 = 2.0;

/// The filter's memory for one face.
#[derive(Clone, Debug, Default)]
pub struct OneEuro {
    last: Option<State>,
}

#[derive(Clone, Debug)]
struct State {
    seconds: f64,
    points: Landmarks<FrameSpace>,
    speeds: [Vec2; 68],
}

/// Share of the new value in a first-order low pass of `cutoff` hertz after `dt` seconds.
fn share(cutoff: f32, dt: f32) -> f32 {
    let r = std::f32::consts::TAU * cutoff * dt;
    r / (r + 1.0)
}

impl OneEuro {
    /// The smoothed points at `seconds` into the stream. The first ones come back unchanged;
    /// so do those that come at the same time as, or before, the last.
    pub fn smooth(
        &mut self,
        points: &Landmarks<FrameSpace>,
        seconds: f64,
    ) -> Landmarks<FrameSpace> {
        let state = match self.last.take() {
            Some(last) if seconds > last.seconds => last.toward(points, seconds),
            _ => State { seconds, points: points.clone(), speeds: [Vec2::new(0.0, 0.0); 68] },
        };
        let smooth = state.points.clone();
        self.last = Some(state);
        smooth
    }
}

impl State {
    fn toward(self, target: &Landmarks<FrameSpace>, seconds: f64) -> Self {
        let dt = (seconds - self.seconds) as f32;
        let unit = target.eye_distance().max(1.0);
        let mut speeds = self.speeds;
        let points: [Point<FrameSpace>; 68] = std::array::from_fn(|i| {
            let (old, new) = (self.points.points()[i], target.points()[i]);
            let speed = (new - old) * (1.0 / (dt * unit));
            speeds[i] = speeds[i] + (speed + speeds[i] * -1.0) * share(OF_SPEED, dt);
            let cutoff = AT_REST + WITH_SPEED * speeds[i].length();
            old.lerp(new, share(cutoff, dt))
        });
        Self { seconds, points: Landmarks::new(points), speeds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::align;
    use crate::geometry::{CropSpace, Similarity};

    fn face_at(x: f32) -> Landmarks<FrameSpace> {
        let there: Similarity<CropSpace, FrameSpace> =
            Similarity::about(Point::new(0.0, 0.0), Point::new(x, 0.0), 1.0, 0.0);
        align::template().map(&there)
    }

    #[test]
    fn jitter_shrinks_and_a_step_is_followed_within_a_quarter_second() {
        let mut filter = OneEuro::default();
        let mut worst = 0.0f32;
        for frame in 0..50 {
            let jitter = if frame % 2 == 0 { 0.5 } else { -0.5 };
            let x = filter.smooth(&face_at(jitter), f64::from(frame) / 25.0).points()[0].x;
            let centre = face_at(0.0).points()[0].x;
            if frame > 25 {
                worst = worst.max((x - centre).abs());
            }
        }
        assert!(worst < 0.25, "a jitter of 0.5 px still moves {worst}");
        let mut x = 0.0;
        for frame in 50..56 {
            x = filter.smooth(&face_at(40.0), f64::from(frame) / 25.0).points()[0].x;
        }
        assert!((x - face_at(40.0).points()[0].x).abs() < 2.0);
    }

    #[test]
    fn another_time_line_starts_anew() {
        let mut filter = OneEuro::default();
        filter.smooth(&face_at(0.0), 5.0);
        assert_eq!(filter.smooth(&face_at(9.0), 1.0), face_at(9.0));
    }
}
