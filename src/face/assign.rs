//! Which observation belongs to which track: the assignment that is cheapest as a whole.

use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;

/// The algorithm counts in whole numbers: so many make a cost of 1.
const UNITS: f32 = 10_000.0;

/// For each row, the column assigned to it so that the sum of `cost(row, column)` is smallest.
/// A row gets none where none costs less than `limit` (positive), or others need them more; no
/// column goes to two rows. (Kuhn 1955, Munkres 1957.)
///
/// ```
/// use mask2face::face::assign::assign;
/// let cost = [[0.1, 0.2], [0.1, 9.0]];
/// assert_eq!(assign(2, 2, 1.0, |row, column| cost[row][column]), [Some(1), Some(0)]);
/// ```
pub fn assign(
    rows: usize,
    columns: usize,
    limit: f32,
    cost: impl Fn(usize, usize) -> f32,
) -> Vec<Option<usize>> {
    if rows == 0 {
        return Vec::new();
    }
    // One column more for each row: it stays without, at the price of the limit.
    let none = (limit * UNITS) as i64;
    let weights = Matrix::from_fn(rows, columns + rows, |(row, column)| {
        if column >= columns {
            return none;
        }
        let cost = cost(row, column);
        if cost < limit { (cost * UNITS) as i64 } else { none + 1 }
    });
    let (_, chosen) = kuhn_munkres_min(&weights);
    chosen.into_iter().map(|column| (column < columns).then_some(column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_assigned_beyond_the_limit_and_nothing_twice() {
        let cost = [[0.5, 3.0], [0.4, 2.0], [f32::INFINITY, f32::NAN]];
        let got = assign(3, 2, 1.0, |row, column| cost[row][column]);
        assert_eq!(got, [None, Some(0), None]);
        assert_eq!(assign(2, 0, 1.0, |_, _| 0.0), [None, None]);
        assert!(assign(0, 2, 1.0, |_, _| 0.0).is_empty());
    }
}
