//! The tools that everything but the sheet is drawn with: cords, bands, turned solids.

use tiny_skia::PathBuilder;

use super::canvas::{Canvas, line};
use super::fabric::Rgb;
use super::head::Head;
use super::light::Light;
use super::outline::Outline;
use super::solid::{Ring, Solid};
use super::surface::normal;
use crate::geometry::{CropSpace, Point};

type P = Point<CropSpace>;

/// Where, on whom and in which light.
pub(super) struct Bench<'a, 'b> {
    /// Where to draw.
    pub canvas: &'a mut Canvas,
    /// Whose head.
    pub head: &'a Head<'b>,
    /// The mask's edges.
    pub outline: &'a Outline,
    /// The light on it.
    pub light: &'a Light,
}

impl Bench<'_, '_> {
    /// Canvas pixels per crop pixel.
    pub fn scale(&self) -> f32 {
        self.canvas.scale as f32
    }

    /// Lays a cord of `width` units, rounded by light.
    pub fn cord(&mut self, points: &[P], width: f32, colour: Rgb) {
        let pixels = width * self.head.unit * self.scale();
        for (share, gain) in [(1.0, 0.72), (0.62, 0.92), (0.3, 1.02)] {
            if let Some(path) = line(points, self.scale(), pixels * share) {
                let lit = self.light.shade(colour.map(|c| c * gain), [0.0, -0.2, 1.0], 0.0);
                self.canvas.fill(&path, |_, _| lit);
            }
        }
    }

    /// Lays a flat strap of `width` units with darker edges, woven along its length.
    pub fn strap(&mut self, points: &[P], width: f32, colour: Rgb) {
        let pixels = width * self.head.unit * self.scale();
        for (share, gain) in [(1.0, 0.62), (0.86, 0.95)] {
            if let Some(path) = line(points, self.scale(), pixels * share) {
                let lit = self.light.shade(colour.map(|c| c * gain), [0.0, -0.1, 1.0], 0.02);
                self.canvas.fill(&path, |_, _| lit);
            }
        }
    }

    /// Lays a band of cloth from an edge of the sheet towards the ear, where it is a third as
    /// broad; `at` is where it ends between ear (0) and lobe (1), and how far it goes.
    pub fn band(&mut self, from: [P; 2], ear: [P; 2], (at, reach): (f32, f32), colour: Rgb) {
        let end = |t: f32| ear[0].lerp(ear[1], t);
        let to = [from[0].lerp(end(at), reach), from[1].lerp(end(at + 0.3), reach)];
        let scale = self.scale();
        let mut path = PathBuilder::new();
        path.move_to(from[0].x * scale, from[0].y * scale);
        for p in [to[0], to[1], from[1]] {
            path.line_to(p.x * scale, p.y * scale);
        }
        path.close();
        let side = (to[0] - from[0]).dot(self.head.across).signum();
        let lit = self.light.shade(colour, normal(self.head, 0.9 * side, 0.4), 0.0);
        if let Some(path) = path.finish() {
            self.canvas.fill(&path, |_, _| lit);
        }
    }

    /// Lays a turned solid: `rings` from its foot to its end.
    pub fn turn(&mut self, solid: &Solid, rings: &[Ring], gloss: f32) {
        let light = *self.light;
        solid.draw(self.canvas, rings, &|colour, normal| light.shade(colour, normal, gloss));
    }

    /// A direction given in the head's own axes (right, down, forward) as the picture sees it
    /// (right, down, to the viewer), length 1.
    pub fn seen(&self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let (sin, cos) = self.head.yaw.sin_cos();
        let (right, front) = (x * cos + z * sin, z * cos - x * sin);
        let (across, down) = (self.head.across, self.head.down);
        let to = [across.x * right + down.x * y, across.y * right + down.y * y, front];
        let length = to.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
        to.map(|v| v / length)
    }
}
