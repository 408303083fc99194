//! How well masks are taken off: restored crops and clips against the truth.
//!
//! | file | holds |
//! |---|---|
//! | [`pairs`] | a folder of pairs, to read |
//! | [`contender`] | who is judged: networks and baselines |
//! | [`metrics`] | SSIM, PSNR, L1, coverage, sharpness |
//! | [`learned`] | measures that are networks: LPIPS, identity |
//! | [`report`] | means by contender and style, as table and CSV |
//! | [`sheet`] | best, median and worst pairs to look at |
//! | [`clip`] | measures over the frames of a clip |
//! | [`steadiness`] | flicker and warping error |

pub mod clip;
pub mod contender;
pub mod learned;
pub mod metrics;
pub mod pairs;
pub mod report;
pub mod sheet;
pub mod steadiness;

use std::collections::BTreeSet;

use anyhow::Result;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::image::Image;
use contender::Answer;
pub use contender::Contender;
use learned::Learned;
use metrics::{Metric, Scores};
use pairs::{Crops, Pair};
use report::{Bare, Report, Row};

/// Pairs that are in memory at once.
const BATCH: usize = 8;
/// A bare face counts as painted over if more than this share of it was.
const PAINTED: f64 = 0.01;

/// Has every contender take off the masks of `pairs` and measures what comes out. `progress` is
/// called once for each pair.
///
/// # Errors
/// If a pair cannot be read or a network fails.
pub fn evaluate(
    pairs: &[Pair],
    contenders: &mut [Contender],
    learned: &mut Learned,
    progress: &dyn Fn(),
) -> Result<Report> {
    let mut rows = Vec::with_capacity(pairs.len());
    let mut bare: Vec<Vec<Bare>> = vec![Vec::new(); contenders.len()];
    let mut faces = BTreeSet::new();
    for batch in pairs.chunks(BATCH) {
        let crops: Vec<Crops> = batch.par_iter().map(Pair::load).collect::<Result<_>>()?;
        let answers = contenders
            .iter_mut()
            .map(|c| c.answers(&crops.iter().collect::<Vec<_>>()))
            .collect::<Result<Vec<_>>>()?;
        for (i, (pair, crops)) in batch.iter().zip(&crops).enumerate() {
            let answers: Vec<&Answer> = answers.iter().map(|a| &a[i]).collect();
            let scores = judge(pair, crops, &answers, learned)?;
            rows.push(Row { name: pair.name.clone(), style: pair.group(), scores });
            progress();
        }
        let fresh: Vec<_> =
            batch.iter().zip(&crops).filter(|(p, _)| faces.insert(&p.face)).collect();
        let fresh: Vec<_> = fresh.into_iter().map(|(_, crops)| crops.bare.clone()).collect();
        for (contender, bare) in contenders.iter_mut().zip(&mut bare) {
            bare.extend(contender.paint(&fresh)?.iter().zip(&fresh).map(pass_through));
        }
    }
    let names = contenders.iter().map(|c| c.name().to_owned()).collect();
    Ok(Report::new(names, rows, &bare))
}

/// All measures of one pair, for each answer.
fn judge(
    pair: &Pair,
    crops: &Crops,
    answers: &[&Answer],
    learned: &mut Learned,
) -> Result<Vec<Scores>> {
    let hole = metrics::hole(&crops.alpha);
    let plain = |answer: &&Answer| {
        let mut scores = metrics::likeness(&answer.picture, &crops.bare, &hole)?;
        let iou = answer.alpha.as_ref().and_then(|alpha| metrics::iou(alpha, &hole));
        scores.extend(iou.map(|iou| (Metric::AlphaIou, iou)));
        Ok(scores)
    };
    let mut scores = answers.par_iter().map(plain).collect::<Result<Vec<Scores>>>()?;
    let pictures: Vec<&Image> = answers.iter().map(|a| &a.picture).collect();
    let gains = learned.identity_gains(pair, crops, &pictures)?;
    for (i, (scores, picture)) in scores.iter_mut().zip(&pictures).enumerate() {
        scores.extend(learned.distances(picture, &crops.bare)?);
        scores.extend(gains.as_ref().map(|gains| (Metric::IdentityGain, gains[i])));
    }
    Ok(scores)
}

/// What a network did to a face without a mask.
fn pass_through((answer, bare): (&Answer, &Image)) -> Bare {
    let alpha = answer.alpha.as_ref();
    let covered = alpha.map_or(0.0, |alpha| {
        let painted = alpha.data().iter().filter(|&&a| a > metrics::HOLE).count();
        painted as f64 / alpha.data().len().max(1) as f64
    });
    Bare {
        psnr: metrics::psnr(&answer.picture, bare),
        alpha: alpha.map_or(0.0, |alpha| f64::from(alpha.mean())),
        painted: f64::from(u8::from(covered > PAINTED)),
    }
}
