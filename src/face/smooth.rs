//! Landmarks smoothed over time: still faces are held still, moving ones are followed at once.
//!
//! A face moves as a whole (its pose) and within itself (a mouth that speaks). The pose places
//! the crop, and its quiver is what a viewer sees first; it is told from movement far better
//! than that of a single point, as noise moves the points apart and movement moves them
//! together. So both are filtered apart, each by a One-Euro filter (Casiez, Roussel and Vogel,
//! CHI 2012): a low pass whose cut-off rises with speed. Speeds are in eye distances a second,
//! so a near and a far face are smoothed alike. The pose's cut-off does not rise below a small
//! speed, and from there on more than in proportion: noise and slow drift stay below it. A face
//! that was just found is first averaged over what was seen of it: otherwise one poor reading at
//! the start would be left but slowly.

use super::carry::Step;
use super::{Landmarks, align};
use crate::geometry::{CropSpace, FrameSpace, Point, Similarity, Vec2};

/// Cut-off of a pose at rest, in hertz.
const POSE_AT_REST: f32 = 0.02;
/// Speed that a pose at rest may have, from noise and drift; eye distances a second.
const POSE_STILL: f32 = 0.2;
/// How much the cut-off rises with the speed above that, to this power.
const POSE_WITH_SPEED: f32 = 30.0;
const POSE_POWER: f32 = 1.5;
/// Cut-off of the pose's speed itself, in hertz.
const OF_POSE_SPEED: f32 = 1.0;
/// The same for each point within the face; its cut-off rises in proportion.
const POINT_AT_REST: f32 = 1.2;
const POINT_WITH_SPEED: f32 = 14.0;
const OF_POINT_SPEED: f32 = 2.0;
/// Distance of the eyes in the canonical crop, in its pixels.
const EYES: f32 = 84.5;
/// The place of the crop whose way is the pose's way: between eyes and mouth.
const PIVOT: Point<CropSpace> = Point::new(128.0, 100.0);

/// The filter's memory for one face.
#[derive(Clone, Debug, Default)]
pub struct OneEuro {
    last: Option<State>,
}

#[derive(Clone, Debug)]
struct State {
    seconds: f64,
    /// Readings that went into the pose.
    readings: f32,
    pose: Pose,
    pose_speed: [f32; 4],
    /// Points in the crop that the pose places.
    points: Landmarks<CropSpace>,
    speeds: [Vec2; 68],
}

/// Where the canonical crop lies.
#[derive(Clone, Copy, Debug)]
struct Pose {
    pivot: Point<FrameSpace>,
    /// Natural logarithm of the frame's pixels in a pixel of the crop.
    size: f32,
    angle: f32,
}

/// Share of the new value in a first-order low pass of `cutoff` hertz after `dt` seconds.
fn share(cutoff: f32, dt: f32) -> f32 {
    let r = std::f32::consts::TAU * cutoff * dt;
    r / (r + 1.0)
}

impl OneEuro {
    /// The smoothed points at `seconds` into the stream. The first ones come back unchanged;
    /// so do those that come at the same time as, or before, the last. Where it is known how the
    /// face `moved` since, the last pose moves along, and only what is left is filtered.
    pub fn smooth(
        &mut self,
        points: &Landmarks<FrameSpace>,
        seconds: f64,
        moved: Option<&Step>,
    ) -> Landmarks<FrameSpace> {
        let Some(seen) = State::new(points, seconds) else {
            self.last = None;
            return points.clone();
        };
        let Some(mut last) = self.last.take().filter(|last| seconds > last.seconds) else {
            self.last = Some(seen);
            return points.clone();
        };
        if let Some(moved) = moved {
            last.pose = last.pose.carried(moved);
        }
        let state = last.toward(&seen, points.eye_distance().max(1.0));
        let smooth = state.points.map(&state.pose.crop_from_frame().inverse());
        self.last = Some(state);
        smooth
    }
}

impl State {
    /// A face at rest; `None` where its points coincide.
    fn new(points: &Landmarks<FrameSpace>, seconds: f64) -> Option<Self> {
        let crop_from_frame = align::crop_from_landmarks(points)?;
        Some(Self {
            seconds,
            readings: 1.0,
            pose: Pose::of(&crop_from_frame),
            pose_speed: [0.0; 4],
            points: points.map(&crop_from_frame),
            speeds: [Vec2::new(0.0, 0.0); 68],
        })
    }

    /// From here toward what is `seen`; `unit` is the distance of the eyes in the frame.
    fn toward(&self, seen: &Self, unit: f32) -> Self {
        let dt = (seen.seconds - self.seconds) as f32;
        let step = self.pose.step_to(&seen.pose);
        let units = [1.0 / unit, 1.0 / unit, 1.0, 1.0];
        let pose_speed: [f32; 4] = std::array::from_fn(|i| {
            let (old, now) = (self.pose_speed[i], step[i] * units[i] / dt);
            old + (now - old) * share(OF_POSE_SPEED, dt)
        });
        let speed = pose_speed.iter().map(|v| v * v).sum::<f32>().sqrt();
        let above = (speed - POSE_STILL).max(0.0);
        let cutoff = POSE_AT_REST + POSE_WITH_SPEED * above.powf(POSE_POWER);
        let readings = self.readings + 1.0;
        let pose = self.pose.moved(step, share(cutoff, dt).max(1.0 / readings));
        let mut speeds = self.speeds;
        let points = std::array::from_fn(|i| {
            let (old, new) = (self.points.points()[i], seen.points.points()[i]);
            let speed = (new - old) * (1.0 / (dt * EYES));
            speeds[i] = speeds[i] + (speed + speeds[i] * -1.0) * share(OF_POINT_SPEED, dt);
            old.lerp(new, share(POINT_AT_REST + POINT_WITH_SPEED * speeds[i].length(), dt))
        });
        Self {
            seconds: seen.seconds,
            readings,
            pose,
            pose_speed,
            points: Landmarks::new(points),
            speeds,
        }
    }
}

impl Pose {
    fn of(crop_from_frame: &Similarity<FrameSpace, CropSpace>) -> Self {
        Self {
            pivot: crop_from_frame.inverse().apply(PIVOT),
            size: -crop_from_frame.scale().ln(),
            angle: crop_from_frame.angle(),
        }
    }

    fn crop_from_frame(&self) -> Similarity<FrameSpace, CropSpace> {
        Similarity::about(self.pivot, PIVOT, (-self.size).exp(), self.angle)
    }

    /// The pose of a face that moved so.
    fn carried(&self, moved: &Step) -> Self {
        Self::of(&moved.inverse().then(&self.crop_from_frame()))
    }

    /// How another pose differs: pixels across and down, size, and the shorter turn.
    fn step_to(&self, other: &Self) -> [f32; 4] {
        let way = other.pivot - self.pivot;
        let turn = other.angle - self.angle;
        [way.x, way.y, other.size - self.size, turn.sin().atan2(turn.cos())]
    }

    /// The pose after a share of a step.
    fn moved(&self, [x, y, size, turn]: [f32; 4], share: f32) -> Self {
        Self {
            pivot: self.pivot + Vec2::new(x, y) * share,
            size: self.size + size * share,
            angle: self.angle + turn * share,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean face, its pivot at (x, 100), turned.
    fn face(x: f32, angle: f32) -> Landmarks<FrameSpace> {
        let there: Similarity<CropSpace, FrameSpace> =
            Similarity::about(PIVOT, Point::new(x, 100.0), 1.0, angle);
        align::template().map(&there)
    }

    fn first(landmarks: &Landmarks<FrameSpace>) -> Point<FrameSpace> {
        landmarks.points()[36]
    }

    #[test]
    fn jitter_nearly_vanishes_and_a_step_is_followed_within_a_quarter_second() {
        let mut filter = OneEuro::default();
        let mut worst = 0.0f32;
        for frame in 0..50 {
            let jitter = if frame % 2 == 0 { 0.5 } else { -0.5 };
            let x = first(&filter.smooth(&face(jitter, 0.0), f64::from(frame) / 25.0, None)).x;
            if frame > 25 {
                worst = worst.max((x - first(&face(0.5, 0.0)).x).abs() - 0.5);
            }
        }
        assert!(worst < 0.1, "a jitter of 0.5 px still moves {worst}");
        let mut x = 0.0;
        for frame in 50..56 {
            x = first(&filter.smooth(&face(40.0, 0.0), f64::from(frame) / 25.0, None)).x;
        }
        assert!((x - first(&face(40.0, 0.0)).x).abs() < 2.0);
    }

    #[test]
    fn one_poor_reading_at_the_start_is_soon_left() {
        let mut filter = OneEuro::default();
        filter.smooth(&face(3.0, 0.0), 0.0, None);
        let mut off = 3.0;
        for frame in 1..20 {
            let smooth = filter.smooth(&face(0.0, 0.0), f64::from(frame) / 25.0, None);
            off = first(&smooth).distance(first(&face(0.0, 0.0)));
        }
        assert!(off < 0.2, "still {off} px off after 20 frames");
    }

    #[test]
    fn fast_motion_is_followed_within_a_frame() {
        let mut filter = OneEuro::default();
        let way = |frame: i32| face(6.0 * frame as f32, 0.02 * frame as f32);
        for frame in 0..25 {
            let smooth = filter.smooth(&way(frame), f64::from(frame) / 25.0, None);
            if frame >= 8 {
                let lag = first(&smooth).distance(first(&way(frame)));
                let step = first(&way(frame)).distance(first(&way(frame - 1)));
                assert!(lag < step, "frame {frame}: {lag} behind, a step is {step}");
            }
        }
    }

    #[test]
    fn a_face_that_turns_past_half_a_turn_is_followed_the_short_way() {
        let mut filter = OneEuro::default();
        let mut smooth = face(100.0, 0.0);
        for frame in 0..80 {
            let turned = face(100.0, 0.08 * frame as f32);
            smooth = filter.smooth(&turned, f64::from(frame) / 25.0, None);
            assert!(first(&smooth).distance(first(&turned)) < 12.0, "frame {frame}");
        }
        assert!((smooth.eye_distance() - face(0.0, 0.0).eye_distance()).abs() < 0.1);
    }

    #[test]
    fn another_time_line_starts_anew() {
        let mut filter = OneEuro::default();
        filter.smooth(&face(0.0, 0.0), 5.0, None);
        assert_eq!(filter.smooth(&face(9.0, 0.0), 1.0, None), face(9.0, 0.0));
    }

    #[test]
    fn what_is_known_to_move_is_followed_at_once_though_its_points_quiver() {
        let mut filter = OneEuro::default();
        let way = |frame: i32| 0.4 * frame as f32;
        let step = Step::about(Point::new(0.0, 0.0), Point::new(way(1), 0.0), 1.0, 0.0);
        let mut worst = 0.0f32;
        for frame in 0..60 {
            let quiver = if frame % 2 == 0 { 0.5 } else { -0.5 };
            let seen = face(way(frame) + quiver, 0.0);
            let moved = (frame > 0).then_some(&step);
            let x = first(&filter.smooth(&seen, f64::from(frame) / 25.0, moved)).x;
            if frame > 25 {
                worst = worst.max((x - first(&face(way(frame), 0.0)).x).abs());
            }
        }
        assert!(worst < 0.2, "off by {worst}");
    }
}
