//! Frames into a video file: encoded as they come, and put together with the input's other
//! streams at the end, see [`super::mux`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::Sink;
use super::coding::{Coded, Coding};
use super::encoding::Encoding;
use super::frame::Frame;
use super::launch::Launch;
use super::mux::{self, Extent, Lost};
use super::place::{self, Part};
use super::probe;
use super::source::{Promise, StopSignal};
use super::target::Target;
use crate::image::xmp::Mark;

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub target: Target,
    /// Whose sound, subtitles and tags go along.
    pub input: PathBuf,
    /// What the frames look like.
    pub promise: Promise,
    /// How the picture is encoded.
    pub encoding: Encoding,
    /// What the output says of itself, if it shall.
    pub mark: Option<Mark>,
    /// What the output cannot hold is an error, not a note.
    pub strict: bool,
}

/// What was written; complete once the sink has finished.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The final name.
    pub path: PathBuf,
    /// Only a part was done, because somebody asked to stop.
    pub partial: bool,
    /// When each frame is to be shown, in order.
    pub times: Vec<Duration>,
    /// The encoder's name.
    pub encoder: String,
    /// Things the user should know.
    pub notes: Vec<String>,
    /// Tracks of subtitles that the container cannot hold; a note tells of each.
    pub left_out: usize,
    /// The other tracks were taken over as they lay in the input.
    pub as_they_lay: bool,
}

/// A video file on its way.
#[derive(Debug)]
pub struct FileSink {
    coding: Coding,
    part: Part,
    stop: StopSignal,
    plan: Plan,
    launch: Launch,
    /// As [`mux::check`] told.
    lost: Option<Lost>,
    notes: Vec<String>,
    record: Record,
}

/// Tells, afterwards, what a sink wrote.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Option<Written>>>);

impl Record {
    /// What was written, once the sink has finished.
    pub fn take(&self) -> Option<Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl FileSink {
    /// Opens the output under a name of its own and looks at the input's other streams. When
    /// `stop` is set at the end, the output is named as partial.
    ///
    /// # Errors
    /// If the output cannot be written, no encoder fits, or the container cannot hold the
    /// input's sound.
    pub fn create(plan: Plan, launch: &Launch, stop: StopSignal) -> Result<Self> {
        let part = plan.target.begin()?;
        let scratch = place::scratch(plan.target.path())?;
        let coding = Coding::start(&plan, launch, scratch)?;
        let lost = mux::check(&plan, launch, &part)?;
        let told = lost.iter().flat_map(|lost| &lost.notes);
        let notes = coding.notes().iter().chain(told).cloned().collect();
        let (launch, record) = (launch.clone(), Record::default());
        Ok(Self { coding, part, stop, plan, launch, lost, notes, record })
    }

    /// Tells, afterwards, what was written.
    pub fn record(&self) -> Record {
        self.record.clone()
    }

    /// The name of the file while it is being written, to remove it in an emergency.
    pub fn part_path(&self) -> &Path {
        self.part.path()
    }

    /// What the user should know before the job starts.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The encoder's name.
    pub fn encoder(&self) -> &str {
        self.coding.encoder()
    }
}

impl Sink for FileSink {
    fn push(&mut self, frame: Frame) -> Result<()> {
        self.coding.push(frame)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { coding, part, stop, plan, launch, lost, notes, record } = *self;
        let partial = stop.is_set();
        let encoder = coding.encoder().to_owned();
        let Coded { units, times, end } = coding.finish()?;
        // what is left of the input's streams comes from the input
        probe::readable(&plan.input)?;
        mux::write(&plan, &launch, &[units], &part, Extent { end, partial })?;
        let written = Written {
            path: part.keep(partial)?,
            partial,
            times,
            encoder,
            notes,
            as_they_lay: lost.is_none(),
            left_out: lost.map_or(0, |lost| lost.subtitles),
        };
        *record.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
        Ok(())
    }
}
