//! Folds, pleats, seams: the height of the sheet above the cylinder it lies on, in units.

use super::noise::{Field, rough, step, value};

/// Heights that add up.
#[derive(Clone, Debug, Default)]
pub(super) struct Relief {
    /// Bulge over the nose.
    pub nose: f32,
    /// Bulge of the whole sheet.
    pub dome: f32,
    /// Slope away from a crest down the middle: a vertical fold.
    pub crest: f32,
    /// Slope away from a horizontal crest, and where it lies (v): a duckbill.
    pub bill: Option<(f32, f32)>,
    /// Horizontal pleats: where (v), how high, how bent.
    pub pleats: Vec<Pleat>,
    /// Wrinkles that run from the sides to the middle: height.
    pub pull: f32,
    /// How many of those fit on a side.
    pub pull_count: f32,
    /// Soft dents: height.
    pub dents: f32,
    /// Sharp creases: height.
    pub creases: f32,
    /// Hanging folds of a scarf: height.
    pub drape: f32,
    /// Width (share) and thickness of a hem around the sheet.
    pub hem: (f32, f32),
    /// Thickness of the nose wire.
    pub wire: f32,
    /// A seam down the middle: depth.
    pub seam: f32,
    /// Fine grain of the material.
    pub grain: f32,
    /// Seed of the noise.
    pub seed: u32,
}

/// One horizontal pleat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pleat {
    /// Its lower lip, v.
    pub at: f32,
    /// How far the lip stands off.
    pub height: f32,
    /// How far the lip bows up (< 0) or down in the middle.
    pub bow: f32,
    /// How long the slope above the lip is.
    pub length: f32,
}

impl Pleat {
    fn height(self, u: f32, v: f32) -> f32 {
        let above = self.at + self.bow * (1.0 - u * u) - v;
        let slope = step(self.length, 0.0, above);
        let lip = step(-0.014, 0.0, above);
        self.height * slope * lip * (1.0 - 0.55 * u.abs().powi(5))
    }
}

impl Relief {
    /// Height at (u, v); `folds` are this relief's own, on a grid.
    pub fn height(&self, u: f32, v: f32, folds: &Field) -> f32 {
        let (u2, w) = (u * u, 2.0 * v - 1.0);
        let mut h = self.dome * (1.0 - u2) * (1.0 - w * w);
        let beside = u / 0.2;
        let below = (v - 0.02) / 0.34;
        h += self.nose * (-0.5 * (beside * beside + below * below)).exp();
        h -= self.crest * (u2 + 4e-4).sqrt();
        if let Some((slope, at)) = self.bill {
            h -= slope * ((v - at) * (v - at) + 4e-4).sqrt() * (1.0 - u2 * u2);
        }
        h += self.pleats.iter().map(|p| p.height(u, v)).sum::<f32>();
        h + folds.at(u, v) + self.details(u, v)
    }

    /// Wrinkles, dents, creases and drapery, on a grid.
    pub fn grid(&self) -> Field {
        Field::new(176, 128, |u, v| self.folds(u, v))
    }

    fn folds(&self, u: f32, v: f32) -> f32 {
        let mut h = 0.0;
        if self.pull > 0.0 {
            // Seen from behind the side's edge, wrinkles are rays.
            let ray = (v - 0.5) / (1.35 - u.abs());
            let side = if u < 0.0 { self.seed } else { self.seed ^ 0x51 };
            let fade = step(0.1, 0.75, u.abs()) + 0.25;
            h += self.pull * fade * rough(ray * self.pull_count, u.abs() * 1.8, side);
        }
        if self.dents > 0.0 {
            h += self.dents * rough(1.7 * u, 2.1 * v, self.seed ^ 0x77);
        }
        if self.creases > 0.0 {
            let ridge = 1.0 - rough(2.2 * u + 0.6 * v, 3.1 * v - 0.5 * u, self.seed ^ 0x91).abs();
            h += self.creases * ridge * ridge * ridge;
        }
        if self.drape > 0.0 {
            let bent = v + 0.22 * u * u + 0.08 * rough(1.5 * u, 1.5 * v, self.seed ^ 0x13);
            let ridge = 1.0 - rough(0.6 * u, 5.5 * bent, self.seed ^ 0x29).abs();
            h += self.drape * ridge * ridge * step(0.05, 0.4, v);
        }
        h
    }

    fn details(&self, u: f32, v: f32) -> f32 {
        let mut h = 0.0;
        let edge = (v.min(1.0 - v)).min(0.6 * (1.0 - u.abs()));
        if self.hem.0 > 0.0 {
            h += self.hem.1 * step(self.hem.0, self.hem.0 * 0.8, edge);
        }
        if self.wire > 0.0 {
            let bar = step(0.022, 0.012, (v - 0.045).abs()) * step(0.42, 0.38, u.abs());
            h += self.wire * bar;
        }
        if self.seam > 0.0 {
            let groove = (u / 0.016) * (u / 0.016);
            h -= self.seam * (-0.5 * groove).exp();
        }
        if self.grain > 0.0 {
            h += self.grain * value(26.0 * u, 30.0 * v, self.seed ^ 0xab);
        }
        // Cloth is rolled at its edge: it rounds off instead of ending in a knife's edge.
        h - 0.02 * step(0.012, 0.0, edge)
    }
}
