//! What is measured of a picture against the truth, over all of it and inside the hole.
//!
//! Values agree with scikit-image 0.26 (`tests/metrics/reference.py`): pictures are RGB, 0..1.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::image::{Image, Matte, filter};

/// From this coverage on, a pixel belongs to the hole.
pub const HOLE: f32 = 0.5;
/// Equal pictures have no error; in decibels they are told as this.
pub const MOST_DECIBELS: f64 = 100.0;
/// Half the width of SSIM's window; so much of the border is left out of its mean.
const RADIUS: usize = 5;
const SIGMA: f64 = 1.5;
/// (K1 L)^2 and (K2 L)^2 of Wang et al. 2004 for values of range L = 1.
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// One of the measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Peak signal to noise ratio in decibels.
    Psnr,
    /// Structural similarity (Wang et al. 2004), 1 is equal.
    Ssim,
    /// Mean absolute difference, 0..1.
    L1,
    /// The same, inside the hole.
    HolePsnr,
    /// The same, inside the hole.
    HoleSsim,
    /// The same, inside the hole.
    HoleL1,
    /// Intersection over union of where was painted and where the mask is.
    AlphaIou,
    /// Fine detail inside the hole as a share of the truth's; 1 is as sharp.
    Sharpness,
    /// Perceptual distance (Zhang et al. 2018), `AlexNet`; 0 is equal.
    LpipsAlex,
    /// Perceptual distance, VGG-16.
    LpipsVgg,
    /// How much nearer to the true face's identity than the masked face is (see `Learned`).
    IdentityGain,
    /// Change from frame to frame inside the hole beyond the truth's, levels 0..255.
    Flicker,
    /// Change from frame to frame along the true motion, levels 0..255.
    WarpingError,
}

impl Metric {
    /// All, in the order of columns.
    pub const ALL: [Self; 13] = [
        Self::Psnr,
        Self::Ssim,
        Self::L1,
        Self::HolePsnr,
        Self::HoleSsim,
        Self::HoleL1,
        Self::AlphaIou,
        Self::Sharpness,
        Self::LpipsAlex,
        Self::LpipsVgg,
        Self::IdentityGain,
        Self::Flicker,
        Self::WarpingError,
    ];

    /// Name in JSON and CSV.
    pub fn key(self) -> &'static str {
        match self {
            Self::Psnr => "psnr",
            Self::Ssim => "ssim",
            Self::L1 => "l1",
            Self::HolePsnr => "hole_psnr",
            Self::HoleSsim => "hole_ssim",
            Self::HoleL1 => "hole_l1",
            Self::AlphaIou => "alpha_iou",
            Self::Sharpness => "sharpness",
            Self::LpipsAlex => "lpips_alex",
            Self::LpipsVgg => "lpips_vgg",
            Self::IdentityGain => "identity_gain",
            Self::Flicker => "flicker",
            Self::WarpingError => "warping_error",
        }
    }

    /// A value as a table shows it.
    pub fn shown(self, value: f64) -> String {
        match self {
            Self::Psnr | Self::HolePsnr => format!("{value:.2}"),
            Self::L1 | Self::HoleL1 => format!("{value:.4}"),
            _ => format!("{value:.3}"),
        }
    }
}

/// The measures that could be taken.
pub type Scores = BTreeMap<Metric, f64>;

/// The mean of each measure, over those that have it.
pub fn mean<'a>(all: impl IntoIterator<Item = &'a Scores>) -> Scores {
    let mut sums: BTreeMap<Metric, (f64, usize)> = BTreeMap::new();
    for (metric, value) in all.into_iter().flatten() {
        let sum = sums.entry(*metric).or_default();
        *sum = (sum.0 + value, sum.1 + 1);
    }
    sums.into_iter().map(|(metric, (sum, n))| (metric, sum / n as f64)).collect()
}

/// The pixels that are hidden.
pub fn hole(alpha: &Matte) -> Vec<bool> {
    alpha.data().iter().map(|&a| a > HOLE).collect()
}

/// All measures that need no network. Those inside the hole are left out where there is none.
///
/// # Errors
/// If the pictures differ in size or are smaller than SSIM's window.
pub fn likeness(got: &Image, truth: &Image, hole: &[bool]) -> Result<Scores> {
    let similar = ssim_map(got, truth)?;
    let mut scores = Scores::from([
        (Metric::Psnr, psnr(got, truth)),
        (Metric::Ssim, ssim_mean(&similar, truth)),
        (Metric::L1, mean_over(got, truth, |_| true, f64::abs)),
    ]);
    let n = hole.iter().filter(|&&h| h).count();
    if n > 0 {
        let inside = |i: usize| hole[i];
        let square = mean_over(got, truth, inside, |d| d * d);
        let sum: f64 = similar.iter().zip(hole).filter(|(_, h)| **h).map(|(s, _)| s).sum();
        scores.insert(Metric::HolePsnr, decibels(square));
        scores.insert(Metric::HoleSsim, sum / n as f64);
        scores.insert(Metric::HoleL1, mean_over(got, truth, inside, f64::abs));
        if let Some(ratio) = sharpness(got, truth, hole) {
            scores.insert(Metric::Sharpness, ratio);
        }
    }
    Ok(scores)
}

/// Peak signal to noise ratio over all channels.
pub fn psnr(got: &Image, truth: &Image) -> f64 {
    decibels(mean_over(got, truth, |_| true, |d| d * d))
}

/// Intersection over union of two coverages, each cut at [`HOLE`]; `None` where both are empty.
pub fn iou(painted: &Matte, hole: &[bool]) -> Option<f64> {
    let pairs = || painted.data().iter().zip(hole).map(|(&a, &h)| (a > HOLE, h));
    let either = pairs().filter(|(a, h)| *a || *h).count();
    let both = pairs().filter(|(a, h)| *a && *h).count();
    (either > 0).then(|| both as f64 / either as f64)
}

fn decibels(square: f64) -> f64 {
    (-10.0 * square.log10()).min(MOST_DECIBELS)
}

/// The mean of `of` the differences at the pixels of `which`, over all channels.
fn mean_over(
    got: &Image,
    truth: &Image,
    which: impl Fn(usize) -> bool,
    of: impl Fn(f64) -> f64,
) -> f64 {
    let (mut sum, mut n) = (0.0, 0usize);
    for (got, truth) in got.channels().into_iter().zip(truth.channels()) {
        for (i, (g, t)) in got.iter().zip(truth).enumerate() {
            if which(i) {
                sum += of(f64::from(*g) - f64::from(*t));
                n += 1;
            }
        }
    }
    sum / n.max(1) as f64
}

/// SSIM at each pixel, the mean of the three channels.
fn ssim_map(a: &Image, b: &Image) -> Result<Vec<f64>> {
    let size = a.size();
    ensure!(size == b.size(), "two pictures of different size cannot be compared");
    ensure!(
        size.width.min(size.height) > 2 * RADIUS,
        "pictures of {}x{} are too small to compare: SSIM needs more than 10 pixels",
        size.width,
        size.height
    );
    let window = |plane: &[f32]| filter::window_mean(plane, size, SIGMA, RADIUS);
    let mut map = vec![0.0; size.width * size.height];
    for (a, b) in a.channels().into_iter().zip(b.channels()) {
        // Around the middle of the range squares are small and little is lost to rounding.
        let centred = |plane: &[f32]| -> Vec<f32> { plane.iter().map(|v| v - 0.5).collect() };
        let (a, b) = (centred(a), centred(b));
        let product =
            |a: &[f32], b: &[f32]| -> Vec<f32> { a.iter().zip(b).map(|(a, b)| a * b).collect() };
        let (ma, mb) = (window(&a)?, window(&b)?);
        let (aa, bb) = (window(&product(&a, &a))?, window(&product(&b, &b))?);
        let ab = window(&product(&a, &b))?;
        for (i, out) in map.iter_mut().enumerate() {
            let (ma, mb) = (f64::from(ma[i]), f64::from(mb[i]));
            let (va, vb) = (f64::from(aa[i]) - ma * ma, f64::from(bb[i]) - mb * mb);
            let covariance = f64::from(ab[i]) - ma * mb;
            let (ma, mb) = (ma + 0.5, mb + 0.5);
            let ssim = (2.0 * ma * mb + C1) * (2.0 * covariance + C2)
                / ((ma * ma + mb * mb + C1) * (va + vb + C2));
            *out += ssim / 3.0;
        }
    }
    Ok(map)
}

/// The mean of a map without the border that the window reaches over.
fn ssim_mean(map: &[f64], image: &Image) -> f64 {
    let (width, height) = (image.size().width, image.size().height);
    let rows = map.chunks(width).skip(RADIUS).take(height - 2 * RADIUS);
    let sum: f64 = rows.flat_map(|row| &row[RADIUS..width - RADIUS]).sum();
    sum / ((width - 2 * RADIUS) * (height - 2 * RADIUS)) as f64
}

/// Root mean square of the luma's Laplacian inside the hole, as a share of the truth's; `None`
/// where the truth is flat. Only pixels whose four neighbours are hidden too count.
fn sharpness(got: &Image, truth: &Image, hole: &[bool]) -> Option<f64> {
    let width = truth.size().width;
    let inner: Vec<usize> = (width..hole.len().saturating_sub(width))
        .filter(|&i| [i, i - 1, i + 1, i - width, i + width].iter().all(|&n| hole[n]))
        .collect();
    let detail = |image: &Image| {
        let [r, g, b] = image.channels();
        let luma = |i: usize| f64::from(0.299 * r[i] + 0.587 * g[i] + 0.114 * b[i]);
        let curve = |&i: &usize| {
            luma(i - 1) + luma(i + 1) + luma(i - width) + luma(i + width) - 4.0 * luma(i)
        };
        inner.iter().map(curve).map(|c| c * c).sum::<f64>().sqrt()
    };
    let truth = detail(truth);
    (truth > 1e-6).then(|| detail(got) / truth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    const SIZE: Size = Size::new(24, 20);

    fn waves(shift: f32) -> Image {
        let value = |i: usize| 0.5 + 0.3 * ((i % 24) as f32 * 0.9 + shift).sin();
        Image::from_planar(SIZE, (0..3 * 24 * 20).map(value).collect()).unwrap()
    }

    #[test]
    fn equal_pictures_have_the_best_scores_and_a_gray_one_is_blunt() {
        let hole = vec![true; 24 * 20];
        let same = likeness(&waves(0.0), &waves(0.0), &hole).unwrap();
        assert!((same[&Metric::Ssim] - 1.0).abs() < 1e-5);
        assert!((same[&Metric::Psnr] - MOST_DECIBELS).abs() < 1e-9);
        assert!((same[&Metric::Sharpness] - 1.0).abs() < 1e-9);
        let gray = Image::from_planar(SIZE, vec![0.5; 3 * 24 * 20]).unwrap();
        let blunt = likeness(&gray, &waves(0.0), &hole).unwrap();
        assert!(blunt[&Metric::Sharpness] < 0.01 && blunt[&Metric::Ssim] < 0.2);
    }

    #[test]
    fn without_a_hole_there_are_no_measures_inside_it() {
        let scores = likeness(&waves(0.1), &waves(0.0), &[false; 24 * 20]).unwrap();
        assert_eq!(scores.keys().copied().collect::<Vec<_>>(), &Metric::ALL[..3]);
        assert_eq!(iou(&Matte::filled(SIZE, 0.0), &[false; 24 * 20]), None);
        assert_eq!(iou(&Matte::filled(SIZE, 1.0), &[false; 24 * 20]), Some(0.0));
    }

    #[test]
    fn a_mean_is_taken_over_those_that_have_the_measure() {
        let rows = [
            Scores::from([(Metric::Psnr, 20.0), (Metric::HolePsnr, 10.0)]),
            Scores::from([(Metric::Psnr, 30.0)]),
        ];
        let mean = mean(&rows);
        assert_eq!(mean, Scores::from([(Metric::Psnr, 25.0), (Metric::HolePsnr, 10.0)]));
    }
}
