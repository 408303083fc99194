//! The projective map that takes one plane's points to another's.

/// A 3 x 3 matrix up to scale, row by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Homography([f64; 9]);

impl Homography {
    /// The map that takes `from` to `to` best in the algebraic sense (direct linear
    /// transformation on normalised points, the last entry 1); `None` where they do not
    /// determine one.
    pub fn estimate(from: &[[f32; 2]], to: &[[f32; 2]]) -> Option<Self> {
        let (from, undo_from) = normalised(from)?;
        let (to, undo_to) = normalised(to)?;
        let mut square = [[0.0_f64; 9]; 8];
        for ([x, y], [u, v]) in from.iter().zip(&to) {
            let rows = [
                ([*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], *u),
                ([0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y], *v),
            ];
            for (row, value) in rows {
                for (sums, factor) in square.iter_mut().zip(row) {
                    for (sum, entry) in sums.iter_mut().zip(row) {
                        *sum += factor * entry;
                    }
                    sums[8] += factor * value;
                }
            }
        }
        let h = solve(square)?;
        let inner = [h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], 1.0];
        // Back to the points as they were: to^-1 * inner * from.
        let [s, tx, ty] = undo_to;
        let to_inverse = [1.0 / s, 0.0, tx, 0.0, 1.0 / s, ty, 0.0, 0.0, 1.0];
        let [s, tx, ty] = undo_from;
        let from_matrix = [s, 0.0, -s * tx, 0.0, s, -s * ty, 0.0, 0.0, 1.0];
        Some(Self(product(&product(&to_inverse, &inner), &from_matrix)))
    }

    /// The map back; `None` for a flat one.
    pub fn inverse(&self) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let cofactors = [
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        let det = a * cofactors[0] + b * cofactors[3] + c * cofactors[6];
        (det.abs() > 1e-12).then(|| Self(cofactors.map(|v| v / det)))
    }

    /// Where a point goes; `None` beyond the horizon.
    pub fn apply(&self, [x, y]: [f32; 2]) -> Option<[f32; 2]> {
        let m = &self.0;
        let (x, y) = (f64::from(x), f64::from(y));
        let w = m[6] * x + m[7] * y + m[8];
        let at = |k: usize| ((m[k] * x + m[k + 1] * y + m[k + 2]) / w) as f32;
        (w > 1e-6).then(|| [at(0), at(3)])
    }
}

/// Points moved to their mean and scaled to size 1, and scale and mean.
fn normalised(points: &[[f32; 2]]) -> Option<(Vec<[f64; 2]>, [f64; 3])> {
    let n = points.len() as f64;
    let sum = |k: usize| points.iter().map(|p| f64::from(p[k])).sum::<f64>() / n;
    let (x, y) = (sum(0), sum(1));
    let spread =
        points.iter().map(|p| (f64::from(p[0]) - x).hypot(f64::from(p[1]) - y)).sum::<f64>() / n;
    if points.len() < 4 || !(spread.is_finite() && spread > 1e-6) {
        return None;
    }
    let s = 1.0 / spread;
    let moved = points.iter().map(|p| [(f64::from(p[0]) - x) * s, (f64::from(p[1]) - y) * s]);
    Some((moved.collect(), [s, x, y]))
}

/// Gaussian elimination with pivots.
fn solve(mut m: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot =
            (column..8).max_by(|&a, &b| m[a][column].abs().total_cmp(&m[b][column].abs()))?;
        m.swap(column, pivot);
        if m[column][column].abs() < 1e-12 {
            return None;
        }
        let top = m[column];
        for row in m.iter_mut().skip(column + 1) {
            let factor = row[column] / top[column];
            for (value, above) in row.iter_mut().zip(top).skip(column) {
                *value -= factor * above;
            }
        }
    }
    let mut x = [0.0; 8];
    for row in (0..8).rev() {
        let known: f64 = (row + 1..8).map(|k| m[row][k] * x[k]).sum();
        x[row] = (m[row][8] - known) / m[row][row];
    }
    Some(x)
}

fn product(a: &[f64; 9], b: &[f64; 9]) -> [f64; 9] {
    std::array::from_fn(|i| (0..3).map(|k| a[i / 3 * 3 + k] * b[3 * k + i % 3]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_map_is_found_again_and_back() {
        let truth = Homography([1.1, 0.2, 30.0, -0.1, 0.9, 12.0, 4e-4, -2e-4, 1.0]);
        let from = [
            [0.0, 0.0],
            [300.0, 20.0],
            [610.0, 5.0],
            [20.0, 300.0],
            [310.0, 470.0],
            [600.0, 310.0],
        ];
        let to = from.map(|p| truth.apply(p).unwrap());
        let found = Homography::estimate(&from, &to).unwrap();
        let back = found.inverse().unwrap();
        for (p, q) in from.iter().zip(to) {
            let there = found.apply(*p).unwrap();
            assert!((there[0] - q[0]).hypot(there[1] - q[1]) < 0.01);
            let again = back.apply(there).unwrap();
            assert!((again[0] - p[0]).hypot(again[1] - p[1]) < 0.05);
        }
        assert!(Homography::estimate(&[[1.0, 1.0]; 6], &to).is_none());
    }
}
