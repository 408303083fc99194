//! The coded picture and the input's other streams, put together into the output: written by
//! our own hands into an index, the input's own where output and input are of one kind, and elsewhere
//! one in which a muxer has laid down the other streams, see `media::carry`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use gstreamer as gst;
use gstreamer::prelude::*;

use super::carry;
use super::ebml::{self, Film};
use super::iso::{self, Movie};
use super::launch::Launch;
use super::place::{Part, Room};
use super::sink::Plan;
use super::sound::UNFIT;
use super::units::{Units, plain};
use crate::image::xmp::Mark;

/// How far the picture goes.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// When the last frame ends.
    pub end: Duration,
    /// The other streams end there too.
    pub partial: bool,
}

impl Extent {
    /// What the output says of itself.
    pub(super) fn text(&self, mark: &Mark) -> String {
        if self.partial { format!("{} (partial)", mark.text) } else { mark.text.clone() }
    }
}

/// How far the output goes, and what it says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    pub extent: Extent,
    pub mark: Option<&'a Mark>,
}

/// An index whose tracks are taken over as they lie in its file.
pub(super) enum Own {
    Movie(Movie),
    Film(Film),
}

/// What an output cannot hold of its input.
#[derive(Clone, Debug, Default)]
pub struct Lost {
    /// For the user.
    pub notes: Vec<String>,
    /// How many tracks of subtitles are among it.
    pub subtitles: usize,
}

/// Looks at the input's other streams before the work begins; tells what the output cannot hold,
/// or `None` where all will be taken over as it lies in the file.
///
/// # Errors
/// If it cannot hold the sound, or anything and the plan is strict, or it cannot be written.
pub fn check(plan: &Plan, launch: &Launch, part: &Part) -> Result<Option<Lost>> {
    if own_kind(plan).is_some() {
        return Ok(None);
    }
    let lost = carry::check(plan, launch, part)?;
    let shown = plan.target.path().display();
    if let Some(note) = lost.notes.first().filter(|_| plan.strict) {
        bail!("{shown}: {note}; leave out --strict to go on without");
    }
    Ok(Some(lost))
}

/// Writes the output: the coded picture, stretch after stretch, with the input's other streams.
///
/// # Errors
/// If it cannot be written.
pub fn write(
    plan: &Plan,
    launch: &Launch,
    stretches: &[Units],
    part: &Part,
    extent: Extent,
) -> Result<()> {
    let first = stretches.first().context("there is no picture")?;
    let room = Room::beside(plan.target.path())?;
    let own = match own_kind(plan) {
        Some(own) => {
            carry::picture(plan, launch, first, &room)?;
            own
        }
        None => carry::others(plan, launch, first, extent, &room)?,
    };
    let wish = Wish { extent, mark: plan.mark.as_ref() };
    let new = (stretches, room.path());
    let grafted = match own {
        Own::Movie(movie) => iso::graft(&movie, new, wish, part.path()),
        Own::Film(film) => ebml::graft(&film, new, wish, part.path()),
    };
    grafted.map_err(|error| failure(plan.target.path(), &cause(&error)))
}

/// The input's index, if its tracks can be taken over as they are.
fn own_kind(plan: &Plan) -> Option<Own> {
    let container = plan.target.container();
    if let Ok(movie) = Movie::open(&plan.input) {
        return movie.is_own_kind(container).then_some(Own::Movie(movie));
    }
    let film = Film::open(&plan.input).ok()?;
    film.is_own_kind(container).then_some(Own::Film(film))
}

/// The system's reason, where that is the cause.
fn cause(error: &anyhow::Error) -> String {
    match error.downcast_ref::<std::io::Error>() {
        Some(error) => plain(error),
        None => format!("{error:#}"),
    }
}

/// The output's comment; the input's other tags come along with its streams.
pub(super) fn tag(mux: &gst::Element, comment: Option<&str>) {
    let Some(setter) = mux.dynamic_cast_ref::<gst::TagSetter>() else { return };
    setter.set_tag_merge_mode(gst::TagMergeMode::Keep);
    if let Some(comment) = comment {
        setter.add_tag::<gst::tags::Comment>(&comment, gst::TagMergeMode::Replace);
    }
}

/// The pipeline's error with the output's name, and the cure where it is known.
pub(super) fn failure(output: &Path, cause: &str) -> anyhow::Error {
    let shown = output.display();
    let cure = match cause {
        "No space left on device" | "File too large" | "Disk quota exceeded" => {
            "; free some space or choose another disk with -o"
        }
        _ => "",
    };
    match cause.strip_prefix(UNFIT) {
        Some(why) => anyhow!("{shown}: {why}"),
        None => anyhow!("{shown}: cannot be written: {cause}{cure}"),
    }
}
