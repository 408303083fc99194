//! A curved sheet between the edges of a mask, rasterised with its own coordinates.

use super::head::Head;
use super::outline::Outline;
use crate::geometry::Size;

const COLUMNS: usize = 28;
const ROWS: usize = 18;

/// Half the angle of the cylinder that a mask lies on, in radians.
const HALF_ANGLE: f32 = 1.15;

/// Where each pixel of a canvas lies on the sheet.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    /// Size of the canvas in its own pixels.
    pub size: Size,
    /// Coordinates (u -1..1, v 0..1) of each pixel; `None` outside the sheet.
    pub uv: Vec<Option<[f32; 2]>>,
    /// Rows and columns that may hold something: left, top, right, bottom (exclusive).
    pub bounds: [usize; 4],
}

impl Surface {
    /// Rasterises the sheet on a canvas with `scale` canvas pixels per crop pixel. `corner` is
    /// the radius of its corners in shares of the sheet.
    pub fn raster(outline: &Outline, head: &Head<'_>, corner: f32, canvas: (Size, f32)) -> Self {
        let (size, scale) = canvas;
        let mut out = Self {
            size,
            uv: vec![None; size.width * size.height],
            bounds: [usize::MAX, usize::MAX, 0, 0],
        };
        let vertex = |i: usize, j: usize| {
            let (u, v) = (2.0 * i as f32 / COLUMNS as f32 - 1.0, j as f32 / ROWS as f32);
            let p = outline.at(u, v);
            ([p.x * scale, p.y * scale], [u, v])
        };
        // The far side first: where the sheet folds over, the near side lies on top.
        let columns: Vec<usize> =
            if head.yaw < 0.0 { (0..COLUMNS).collect() } else { (0..COLUMNS).rev().collect() };
        for i in columns {
            for j in 0..ROWS {
                let [a, b] = [vertex(i, j), vertex(i + 1, j)];
                let [c, d] = [vertex(i, j + 1), vertex(i + 1, j + 1)];
                out.triangle([a, b, c], corner);
                out.triangle([d, c, b], corner);
            }
        }
        out
    }

    fn triangle(&mut self, corners: [([f32; 2], [f32; 2]); 3], radius: f32) {
        let [(a, ta), (b, tb), (c, tc)] = corners;
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if !area.is_finite() || area.abs() < 1e-6 {
            return;
        }
        let span = |k: usize, end: usize| {
            let low = a[k].min(b[k]).min(c[k]) - 0.5;
            let high = a[k].max(b[k]).max(c[k]) + 0.5;
            (low.max(0.0) as usize, (high.max(0.0) as usize).min(end))
        };
        let ((x0, x1), (y0, y1)) = (span(0, self.size.width), span(1, self.size.height));
        for y in y0..y1 {
            for x in x0..x1 {
                let p = [x as f32 + 0.5, y as f32 + 0.5];
                let wb = ((p[0] - a[0]) * (c[1] - a[1]) - (p[1] - a[1]) * (c[0] - a[0])) / area;
                let wc = ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])) / area;
                let wa = 1.0 - wb - wc;
                if wa < -1e-4 || wb < -1e-4 || wc < -1e-4 {
                    continue;
                }
                let at = |k: usize| wa * ta[k] + wb * tb[k] + wc * tc[k];
                let uv = [at(0).clamp(-1.0, 1.0), at(1).clamp(0.0, 1.0)];
                if !cut_off(uv, radius) {
                    self.uv[y * self.size.width + x] = Some(uv);
                    let [l, t, r, b] = self.bounds;
                    self.bounds = [l.min(x), t.min(y), r.max(x + 1), b.max(y + 1)];
                }
            }
        }
    }
}

/// Whether (u, v) lies outside a corner rounded with `radius`.
fn cut_off([u, v]: [f32; 2], radius: f32) -> bool {
    let over = |inside: f32| ((radius - inside) / radius.max(1e-6)).max(0.0);
    radius > 0.0 && over((1.0 - u.abs()) / 2.0).hypot(over(v.min(1.0 - v))) > 1.0
}

/// The sheet's direction before folds: (right, down, to the viewer) in the head's own axes.
pub(super) fn normal(head: &Head<'_>, u: f32, v: f32) -> [f32; 3] {
    let turn = HALF_ANGLE * u + head.yaw;
    let (side, front) = (turn.sin(), turn.cos().max(0.12));
    let fall = -0.22 + 0.95 * v * v;
    let (x, y) =
        (head.across.x * side + head.down.x * fall, head.across.y * side + head.down.y * fall);
    [x, y, front]
}

/// How much a patch of the sheet is foreshortened across, 0.2 (edge-on) .. 1 (facing).
pub(super) fn facing(head: &Head<'_>, u: f32) -> f32 {
    (HALF_ANGLE * u * 0.8 + head.yaw).cos().max(0.2)
}
