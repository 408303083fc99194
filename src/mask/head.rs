//! What the painter knows of a head: its landmarks, its size and the way it looks.

use crate::face::Landmarks;
use crate::geometry::{CropSpace, Point, Size, Vec2};

type P = Point<CropSpace>;

/// Why no mask can be fitted to some landmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unfit {
    /// A coordinate is infinite or no number.
    NotFinite,
    /// The points (nearly) coincide, or lie on one line.
    Collapsed,
    /// The face is smaller than a few pixels.
    TooSmall,
    /// The face is much larger than the picture, or wholly outside it.
    OutOfPicture,
}

impl Unfit {
    /// The reason in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotFinite => "a landmark is no finite number",
            Self::Collapsed => "the landmarks coincide or lie on a line",
            Self::TooSmall => "the face is only a few pixels large",
            Self::OutOfPicture => "the face lies outside the picture",
        }
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Unfit {}

/// A face's landmarks with the measures that a mask is cut to.
#[derive(Clone, Debug)]
pub(super) struct Head<'a> {
    points: &'a [P; 68],
    /// The unit of all lengths of a mask: about the distance of the eyes, in pixels, but hardly
    /// shortened when the head turns or nods.
    pub unit: f32,
    /// From the nose's root to the chin, length 1.
    pub down: Vec2,
    /// To the picture's right, at right angles to `down`, length 1.
    pub across: Vec2,
    /// Turn of the head in radians, > 0 when it looks to the picture's right.
    pub yaw: f32,
}

impl<'a> Head<'a> {
    /// Measures a face in a picture of `size`.
    pub fn of(landmarks: &'a Landmarks<CropSpace>, size: Size) -> Result<Self, Unfit> {
        let points = landmarks.points();
        let bounds = bounds(points)?;
        let [left_eye, right_eye] = landmarks.eye_centers();
        let axis = points[8] - left_eye.lerp(right_eye, 0.5);
        let (eyes, length) = (landmarks.eye_distance(), 0.58 * axis.length());
        let unit = eyes.hypot(length) * std::f32::consts::FRAC_1_SQRT_2;
        if unit.is_nan() || unit < 2.0 || size.width <= 4 || size.height <= 4 {
            return Err(Unfit::TooSmall);
        }
        let [left, top, right, bottom] = bounds;
        let (wide, high) = (right - left, bottom - top);
        if axis.length() < 0.1 * unit || wide < 0.3 * unit || high < 0.3 * unit {
            return Err(Unfit::Collapsed);
        }
        let (w, h) = (size.width as f32, size.height as f32);
        let apart = right < 0.0 || bottom < 0.0 || left > w || top > h;
        if apart || wide > 40.0 * w || high > 40.0 * h {
            return Err(Unfit::OutOfPicture);
        }
        let eye_line = right_eye - left_eye;
        // The eye line tells the tilt best, unless the head turns away; the axis helps then.
        let down = axis * (1.0 / axis.length()) + eye_line.perpendicular() * (1.0 / unit);
        let down = down * (1.0 / down.length().max(1e-6));
        let across = Vec2::new(down.y, -down.x);
        let share = |a: usize, b: usize, c: usize| {
            let (near, far) =
                ((points[b] - points[a]).dot(across), (points[c] - points[b]).dot(across));
            ((near - far) / (near.abs() + far.abs()).max(1e-3)).clamp(-0.95, 0.95)
        };
        let turn = f32::midpoint(share(1, 28, 15), share(2, 33, 14));
        Ok(Self { points, unit, down, across, yaw: (0.9 * turn).atan() })
    }

    /// A landmark by its iBUG index.
    pub fn point(&self, index: usize) -> P {
        self.points[index]
    }

    /// The jaw line at a fractional index: 0 the picture's left ear, 8 the chin, 16 the right.
    pub fn jaw(&self, index: f32) -> P {
        along(&self.points[0..17], index)
    }

    /// The middle of the face downwards: 0 root of the nose, 1 its tip, 1.5 its base, 2 upper
    /// lip, 3 lower lip, 4 chin.
    pub fn middle(&self, at: f32) -> P {
        let p = self.points;
        if at <= 1.0 {
            return along(&p[27..31], 3.0 * at);
        }
        if at <= 2.0 {
            return along(&[p[30], p[33], p[51]], 2.0 * (at - 1.0));
        }
        along(&[p[51], p[57], p[8]], at - 2.0)
    }

    /// A displacement in units: `right` to the picture's right, `down` to the chin.
    pub fn shift(&self, right: f32, down: f32) -> Vec2 {
        (self.across * right + self.down * down) * self.unit
    }
}

/// Left, top, right and bottom of finite points.
fn bounds(points: &[P; 68]) -> Result<[f32; 4], Unfit> {
    if points.iter().any(|p| !(p.x.abs() < 1e6 && p.y.abs() < 1e6)) {
        return Err(Unfit::NotFinite);
    }
    let start = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    Ok(points
        .iter()
        .fold(start, |[l, t, r, b], p| [l.min(p.x), t.min(p.y), r.max(p.x), b.max(p.y)]))
}

/// A point of a polyline at a fractional index; the ends are continued.
fn along(points: &[P], at: f32) -> P {
    let index = (at.max(0.0) as usize).min(points.len() - 2);
    points[index].lerp(points[index + 1], at - index as f32)
}
