//! How steady a restored face is over time: flicker, and what is left over when the true
//! motion is taken out.

use std::collections::BTreeMap;

use anyhow::Result;

use super::metrics::{Metric, Scores};
use crate::image::Image;
use crate::image::flow::Flow;

/// The clean clip's brightness (0..1) may change by this much along the flow; beyond, something
/// was covered or the flow is wrong, and the pixel says nothing.
const FOLLOWED: f32 = 0.06;

/// One face at one moment, in the canonical crop.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The truth.
    pub clean: Image,
    /// What each contender shows.
    pub pictures: Vec<Image>,
    /// What the mask hides.
    pub hole: Vec<bool>,
}

/// Flicker and warping error, in levels 0..255, of the clean clip and of each contender.
///
/// Flicker: how much more than the clean clip a pixel of the hole changes from one frame to the
/// next. Warping error (Lai et al. 2018, here as mean absolute difference): how much it changes
/// when the earlier frame is first moved along the clean clip's optical flow.
///
/// # Errors
/// If the moments differ in size.
pub fn between(before: &Moment, now: &Moment) -> Result<Option<(Scores, Vec<Scores>)>> {
    let both: Vec<usize> = (0..now.hole.len()).filter(|&i| now.hole[i] && before.hole[i]).collect();
    if both.is_empty() {
        return Ok(None);
    }
    let size = now.clean.size();
    let flow = Flow::estimate(&luma(&before.clean), &luma(&now.clean), size)?;
    let along = luma(&moved(&flow, &before.clean)?);
    let truth = luma(&now.clean);
    let followed: Vec<usize> =
        both.iter().copied().filter(|&i| (along[i] - truth[i]).abs() < FOLLOWED).collect();
    let change = difference(&now.clean, &before.clean, &both);
    let scores = |now: &Image, before: &Image| -> Result<Scores> {
        let flicker = difference(now, before, &both) - change;
        let mut scores = BTreeMap::from([(Metric::Flicker, flicker)]);
        if !followed.is_empty() {
            let error = difference(now, &moved(&flow, before)?, &followed);
            scores.insert(Metric::WarpingError, error);
        }
        Ok(scores)
    };
    let clean = scores(&now.clean, &before.clean)?;
    let pairs = now.pictures.iter().zip(&before.pictures);
    let pictures = pairs.map(|(now, before)| scores(now, before)).collect::<Result<_>>()?;
    Ok(Some((clean, pictures)))
}

fn luma(image: &Image) -> Vec<f32> {
    let [r, g, b] = image.channels();
    r.iter().zip(g).zip(b).map(|((r, g), b)| 0.299 * r + 0.587 * g + 0.114 * b).collect()
}

fn moved(flow: &Flow, image: &Image) -> Result<Image> {
    let mut out = image.clone();
    for (out, channel) in out.channels_mut().into_iter().zip(image.channels()) {
        out.copy_from_slice(&flow.pull(channel)?);
    }
    Ok(out)
}

/// Mean absolute difference over `pixels` and channels, in levels 0..255.
fn difference(a: &Image, b: &Image, pixels: &[usize]) -> f64 {
    let channels = a.channels().into_iter().zip(b.channels());
    let sum: f64 = channels
        .map(|(a, b)| pixels.iter().map(|&i| f64::from((a[i] - b[i]).abs())).sum::<f64>())
        .sum();
    255.0 * sum / (3 * pixels.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    const SIZE: Size = Size::new(64, 64);

    /// A texture that moves by (1.5, 0) a step, brighter by `light`.
    fn picture(step: f32, light: f32) -> Image {
        let value = |i: usize| {
            let (x, y) = ((i % 64) as f32 - 1.5 * step, (i / 64 % 64) as f32);
            0.5 + 0.15 * (x * 0.4).sin() + 0.15 * (y * 0.35 + x * 0.1).cos() + light
        };
        Image::from_planar(SIZE, (0..3 * 64 * 64).map(value).collect()).unwrap()
    }

    fn moment(step: f32, light: f32) -> Moment {
        let inner = |i: usize| (8..56).contains(&(i % 64)) && (8..56).contains(&(i / 64));
        Moment {
            clean: picture(step, 0.0),
            pictures: vec![picture(step, light), picture(0.0, 0.0)],
            hole: (0..64 * 64).map(inner).collect(),
        }
    }

    #[test]
    fn a_face_that_flickers_and_one_that_does_not_follow_are_told_from_the_true_one() {
        let (clean, pictures) = between(&moment(0.0, 0.0), &moment(1.0, 0.1)).unwrap().unwrap();
        assert!(clean[&Metric::Flicker].abs() < 1e-9);
        assert!(clean[&Metric::WarpingError] < 1.0, "{clean:?}");
        let flickers = &pictures[0];
        assert!((flickers[&Metric::WarpingError] - 25.5).abs() < 1.5, "{flickers:?}");
        let stands = &pictures[1];
        assert!(stands[&Metric::Flicker] < -5.0 && stands[&Metric::WarpingError] > 5.0);
    }

    #[test]
    fn without_a_hole_nothing_is_said() {
        let mut now = moment(1.0, 0.0);
        now.hole.fill(false);
        assert!(between(&moment(0.0, 0.0), &now).unwrap().is_none());
    }
}
