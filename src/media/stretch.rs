//! One stretch of a long video as coded pictures, see [`super::reel`].

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::coding::{Coded, Coding};
use super::mux::{self, Extent};
use super::sink::{Plan, Written};
use super::units::{Unit, Units};
use super::{Frame, Launch, Sink, encoder};

/// What there is to know of a finished stretch beside its bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stretch {
    caps: String,
    units: Vec<Unit>,
    times_ns: Vec<u64>,
    end_ns: u64,
    /// The encoder's name.
    pub encoder: String,
    /// Things the user should know.
    pub notes: Vec<String>,
}

impl Stretch {
    /// The bytes of its coded pictures.
    pub fn bytes(&self) -> u64 {
        self.units.iter().map(|unit| u64::from(unit.size)).sum()
    }

    /// Its frames.
    pub fn frames(&self) -> usize {
        self.times_ns.len()
    }

    /// When each frame is shown.
    pub fn times(&self) -> impl Iterator<Item = Duration> {
        self.times_ns.iter().map(|ns| Duration::from_nanos(*ns))
    }

    /// When its last frame ends.
    pub fn end(&self) -> Duration {
        Duration::from_nanos(self.end_ns)
    }

    /// The coded pictures that lie in `file`.
    pub fn units(self, file: File) -> Units {
        Units::open(file, self.caps, self.units)
    }
}

/// Takes the frames of one stretch; those that only warm up are not written.
#[derive(Debug)]
pub struct StretchSink {
    coding: Coding,
    told: Told,
}

/// Tells, afterwards, what a stretch has become.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Option<Stretch>>>);

impl Told {
    /// The stretch, once its sink has finished.
    pub fn take(&self) -> Option<Stretch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl StretchSink {
    /// Codes into `file` as `plan` says.
    ///
    /// # Errors
    /// If no encoder fits.
    pub fn create(plan: &Plan, launch: &Launch, file: File) -> Result<Self> {
        Ok(Self { coding: Coding::start(plan, launch, file)?, told: Told::default() })
    }

    /// Tells, afterwards, what came of it.
    pub fn told(&self) -> Told {
        self.told.clone()
    }
}

impl Sink for StretchSink {
    fn push(&mut self, frame: Frame) -> Result<()> {
        if frame.is_warm_up() { Ok(()) } else { self.coding.push(frame) }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let (encoder, notes) = (self.coding.encoder().to_owned(), self.coding.notes().to_vec());
        let Coded { units, times, end } = self.coding.finish()?;
        let times_ns = times.iter().map(|time| time.as_nanos() as u64).collect();
        let end_ns = end.as_nanos() as u64;
        let Units { caps, list, .. } = units;
        let stretch = Stretch { caps, units: list, times_ns, end_ns, encoder, notes };
        *self.told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stretch);
        Ok(())
    }
}

/// Looks for an encoder and at the input's other streams before the work begins; gives notes on
/// what the output cannot hold.
///
/// # Errors
/// If no encoder fits, and as [`mux::check`].
pub fn check(plan: &Plan, launch: &Launch) -> Result<Vec<String>> {
    encoder::choose(&plan.promise.shape, plan.target.container(), &plan.encoding)?;
    Ok(mux::check(plan, launch, &plan.target.begin()?)?.unwrap_or_default().notes)
}

/// Writes the output: all stretches, each with the file of its coded pictures, in order.
///
/// # Errors
/// If it cannot be written.
pub fn assemble(plan: &Plan, launch: &Launch, stretches: Vec<(Stretch, File)>) -> Result<Written> {
    let part = plan.target.begin()?;
    let end = stretches.iter().map(|(stretch, _)| stretch.end()).max().unwrap_or_default();
    let times = stretches.iter().flat_map(|(stretch, _)| stretch.times()).collect();
    let lost = mux::check(plan, launch, &part)?;
    let (encoder, mut notes) = match stretches.first() {
        Some((first, _)) => (first.encoder.clone(), first.notes.clone()),
        None => bail!("{}: there is no picture", plan.input.display()),
    };
    let mut units: Vec<_> =
        stretches.into_iter().map(|(stretch, file)| stretch.units(file)).collect();
    in_decoding_order(&mut units);
    mux::write(plan, launch, &units, &part, Extent { end, partial: false })?;
    notes.extend(lost.iter().flat_map(|lost| lost.notes.clone()));
    Ok(Written {
        path: part.keep(false)?,
        partial: false,
        times,
        encoder,
        notes,
        as_they_lay: lost.is_none(),
        left_out: lost.map_or(0, |lost| lost.subtitles),
    })
}

/// At uneven times a stretch may ask to be decoded before the last one is through: it waits.
fn in_decoding_order(stretches: &mut [Units]) {
    let mut decoded = i64::MIN;
    for unit in stretches.iter_mut().flat_map(|units| &mut units.list) {
        decoded = decoded.max(unit.dts.min(unit.pts));
        unit.dts = decoded;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_never_goes_back_over_a_seam() {
        let units = |times: &[(i64, i64)]| {
            let unit = |(dts, pts): &(i64, i64)| Unit {
                offset: 0,
                size: 0,
                pts: *pts,
                dts: *dts,
                key: false,
            };
            let file = tempfile::tempfile().unwrap();
            Units::open(file, String::new(), times.iter().map(unit).collect())
        };
        let mut stretches = [units(&[(-20, 0), (5, 10)]), units(&[(-10, 30), (15, 40)])];
        in_decoding_order(&mut stretches);
        let dts = stretches.iter().flat_map(|units| units.list.iter().map(|unit| unit.dts));
        assert_eq!(dts.collect::<Vec<_>>(), [-20, 5, 5, 15]);
    }
}
