//! The same measures over the frames of a clip, and how steady the faces are: a clean clip, the
//! same with painted masks, and what was made of that.
//!
//! Faces are found in the clean clip, and everything is measured in their canonical crops: so a
//! small face counts as much as a large one, and a figure means what it means for pairs.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};

use super::contender::Contender;
use super::learned::Learned;
use super::metrics::{Metric, Scores, likeness};
use super::pairs::Crops;
use super::report::{Report, Row};
use super::steadiness::{Moment, between};
use crate::face::{Face, FaceTracker, TrackId, align};
use crate::geometry::{CropSpace, FrameSpace, Similarity, Size};
use crate::image::chart::{Curve, Marks, Panel};
use crate::image::{Image, Matte, filter, warp};
use crate::media::{Frame, Source};
use crate::pipeline::{Detect, Lay, Paint, Round, Stage};

/// Masked and clean clip differ by more than this where the mask is (0..1, a little blurred):
/// more than encoders do.
const DIFFERS: f32 = 0.05;
/// A face of which less is hidden wears no mask.
const SMALLEST_HOLE: usize = 400;

/// Who shows a clip without masks.
pub enum Maker {
    /// The networks of `run`, frame by frame.
    Restore(Box<(Detect, Paint, Lay)>),
    /// A file that was made before.
    Played(Box<dyn Source>),
}

impl Maker {
    fn make(&mut self, masked: &Frame) -> Result<Option<Frame>> {
        match self {
            Self::Restore(stages) => {
                let (detect, paint, lay) = &mut **stages;
                let seen = detect.process(Round::of_one(masked.clone()))?;
                let painted = seen.map_or(Ok(None), |round| paint.process(round))?;
                let shown = painted.map_or(Ok(None), |round| lay.process(round))?;
                Ok(shown.and_then(|round| round.into_items().0.pop()).map(|(_, shown)| shown.frame))
            }
            Self::Played(source) => source.next_frame(),
        }
    }
}

/// The clips of one comparison.
pub struct Clips {
    /// The truth.
    pub clean: Box<dyn Source>,
    /// The same with masks.
    pub masked: Box<dyn Source>,
    /// What was made of the masked one, by name.
    pub makers: Vec<(String, Maker)>,
    /// Finds the faces of the clean clip.
    pub tracker: FaceTracker,
}

/// What was measured of a clip.
#[derive(Clone, Debug)]
pub struct ClipReport {
    /// A row for each face in each frame.
    pub report: Report,
    /// When each row was shown, in seconds.
    pub times: Vec<f64>,
    /// Frames compared.
    pub frames: usize,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Compares frame by frame until the first clip ends. `progress` is called once a frame.
///
/// # Errors
/// If a clip cannot be read, the clips differ in size, or there is no masked face to compare.
pub fn compare(mut clips: Clips, learned: &mut Learned, progress: &dyn Fn()) -> Result<ClipReport> {
    let mut names = vec!["clean clip".to_owned()];
    names.extend(["masked input", "mean skin colour"].map(str::to_owned));
    names.extend(clips.makers.iter().map(|(name, _)| name.clone()));
    let mut past: HashMap<TrackId, Moment> = HashMap::new();
    let (mut rows, mut times, mut frames, mut notes) = (Vec::new(), Vec::new(), 0, Vec::new());
    while let Some(shown) = Shown::next(&mut clips, frames, &mut notes)? {
        let seconds = shown.clean.time().as_secs_f64();
        let faces = clips.tracker.faces(&shown.clean.read()?.picture()?, seconds)?;
        let mut present = HashMap::new();
        for face in &faces {
            let Some(moment) = shown.moment(face)? else { continue };
            let scores = judge(&moment, past.get(&face.id), learned)?;
            let style = format!("face {}", face.id.0);
            rows.push(Row { name: frames.to_string(), style, scores });
            times.push(seconds);
            present.insert(face.id, moment);
        }
        past = present;
        frames += 1;
        progress();
    }
    ensure!(
        !rows.is_empty(),
        "in {frames} frames there is no face that is bare in the clean clip and masked in the \
         other; give the clean clip first, and the masked one as `run --paint-mask` makes it"
    );
    Ok(ClipReport { report: Report::new(names, rows, &[]), times, frames, notes })
}

/// One frame of every clip.
struct Shown {
    clean: Frame,
    masked: Frame,
    made: Vec<Frame>,
}

impl Shown {
    fn next(clips: &mut Clips, number: usize, notes: &mut Vec<String>) -> Result<Option<Self>> {
        let pair = (clips.clean.next_frame()?, clips.masked.next_frame()?);
        let (Some(clean), Some(masked)) = pair else {
            if pair.0.is_some() || pair.1.is_some() {
                notes.push(format!("one clip ends after {number} frames, the other goes on"));
            }
            return Ok(None);
        };
        let mut made = Vec::with_capacity(clips.makers.len());
        for (name, maker) in &mut clips.makers {
            let Some(frame) = maker.make(&masked)? else {
                notes.push(format!("{name} ends after {number} frames"));
                return Ok(None);
            };
            made.push(frame);
        }
        let size = clean.format().size;
        for frame in made.iter().chain([&masked]) {
            let Size { width, height } = frame.format().size;
            ensure!(
                frame.format().size == size,
                "the clips differ in size ({}x{} and {width}x{height}); give clips of one source",
                size.width,
                size.height
            );
        }
        Ok(Some(Self { clean, masked, made }))
    }

    /// The face in every clip, in the crop of the clean one; `None` if it wears no mask.
    fn moment(&self, face: &Face) -> Result<Option<Moment>> {
        let Some(place) = align::crop_from_landmarks(&face.landmarks) else { return Ok(None) };
        let clean = crop(&self.clean, &place)?;
        let masked = crop(&self.masked, &place)?;
        let hole = hidden(&clean, &masked)?;
        if hole.iter().filter(|&&h| h).count() < SMALLEST_HOLE {
            return Ok(None);
        }
        let alpha = hole.iter().map(|&h| f32::from(u8::from(h))).collect();
        let alpha = Matte::from_data(align::CROP, alpha).context("a hole of another size")?;
        let crops = Crops { masked: masked.clone(), bare: clean.clone(), alpha };
        let skin = Contender::MeanSkin.answers(&[&crops])?.into_iter().map(|a| a.picture);
        let mut pictures: Vec<Image> = std::iter::once(masked).chain(skin).collect();
        for frame in &self.made {
            pictures.push(crop(frame, &place)?);
        }
        Ok(Some(Moment { clean, pictures, hole }))
    }
}

fn crop(frame: &Frame, place: &Similarity<FrameSpace, CropSpace>) -> Result<Image> {
    let mut out = Image::new(align::CROP);
    warp::crop(&frame.read()?.picture()?, place, &mut out)?;
    Ok(out)
}

/// Where two crops differ by more than encoders do.
fn hidden(clean: &Image, masked: &Image) -> Result<Vec<bool>> {
    let n = clean.data().len() / 3;
    let mut apart = vec![0.0_f32; n];
    for (clean, masked) in clean.channels().into_iter().zip(masked.channels()) {
        for ((out, a), b) in apart.iter_mut().zip(clean).zip(masked) {
            *out = out.max((a - b).abs());
        }
    }
    Ok(filter::blur(&apart, clean.size(), 2.0)?.into_iter().map(|d| d > DIFFERS).collect())
}

/// The clean clip's own unsteadiness, then all measures of each contender.
fn judge(now: &Moment, before: Option<&Moment>, learned: &mut Learned) -> Result<Vec<Scores>> {
    let mut scores = vec![Scores::new()];
    for picture in &now.pictures {
        let mut one = likeness(picture, &now.clean, &now.hole)?;
        one.extend(learned.distances(picture, &now.clean)?);
        scores.push(one);
    }
    if let Some((clean, pictures)) = before.map(|b| between(b, now)).transpose()?.flatten() {
        for (scores, steady) in scores.iter_mut().zip(std::iter::once(clean).chain(pictures)) {
            scores.extend(steady);
        }
    }
    Ok(scores)
}

/// Measures worth a curve.
const DRAWN: [(Metric, &str); 4] = [
    (Metric::HolePsnr, "PSNR inside the hole, dB"),
    (Metric::HoleSsim, "SSIM inside the hole"),
    (Metric::Flicker, "flicker beyond the clean clip's, levels 0..255"),
    (Metric::WarpingError, "warping error, levels 0..255"),
];

impl ClipReport {
    /// Charts over time, one for each measure; a value is the mean over a frame's faces.
    pub fn panels(&self) -> Vec<Panel> {
        let panel = |&(metric, title): &(Metric, &str)| Panel {
            title: title.to_owned(),
            axis: "seconds".to_owned(),
            marks: Marks::Curves(self.curves(metric)),
        };
        DRAWN.iter().map(panel).collect()
    }

    fn curves(&self, metric: Metric) -> Vec<Curve> {
        let mut curves = Vec::new();
        for (i, standing) in self.report.standings.iter().enumerate() {
            let mut points: Vec<(f64, f64, usize)> = Vec::new();
            for (row, &time) in self.report.rows.iter().zip(&self.times) {
                let Some(value) = row.scores[i].get(&metric) else { continue };
                match points.last_mut().filter(|last| last.0 >= time) {
                    Some(last) => *last = (last.0, last.1 + value, last.2 + 1),
                    None => points.push((time, *value, 1)),
                }
            }
            let points: Vec<_> =
                points.into_iter().map(|(t, sum, n)| (t, sum / n as f64)).collect();
            if !points.is_empty() {
                curves.push(Curve { name: standing.name.clone(), ink: i, points });
            }
        }
        curves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_the_mean_over_a_frames_faces() {
        let row = |name: &str, value: f64| Row {
            name: name.into(),
            style: "face".into(),
            scores: vec![Scores::new(), Scores::from([(Metric::HolePsnr, value)])],
        };
        let rows = vec![row("0", 10.0), row("0", 20.0), row("1", 30.0)];
        let report = Report::new(vec!["clean clip".into(), "light".into()], rows, &[]);
        let times = vec![0.0, 0.0, 0.5];
        let clip = ClipReport { report, times, frames: 2, notes: Vec::new() };
        let curves = clip.curves(Metric::HolePsnr);
        assert_eq!(curves.len(), 1, "the clean clip has no such measure");
        assert_eq!(curves[0].points, [(0.0, 15.0), (0.5, 30.0)]);
    }

    #[test]
    fn the_hole_is_where_the_clips_differ_more_than_by_noise() {
        let clean = Image::new(align::CROP);
        let mut masked = clean.clone();
        masked.data_mut().iter_mut().for_each(|v| *v += 0.02);
        masked.channels_mut()[1][256 * 128..].fill(0.8);
        let hole = hidden(&clean, &masked).unwrap();
        assert!(!hole[256 * 100 + 128] && hole[256 * 150 + 128]);
    }
}
