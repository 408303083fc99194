//! The coded picture and the input's other streams, put together into the output.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;

use super::bus::Bell;
use super::clock;
use super::ebml::{self, Film};
use super::feed::Feed;
use super::iso::{self, Movie};
use super::launch::Launch;
use super::place::Part;
use super::sink::Plan;
use super::sound::{Sound, UNFIT};
use super::source::{element, pipeline};
use super::spell::Spelled;
use super::target::Container;
use super::units::{Unit, Units, plain};
use super::{matroska, mp4};
use crate::image::xmp::Mark;

/// Ticks a second of an MPEG-4 video track, at least.
const TIMESCALE: u32 = 90_000;

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

/// An input whose streams can be taken over as they lie in the file.
enum Own {
    Movie(Movie),
    Film(Film),
}

/// Looks at the input's other streams before the work begins; gives notes on what the output
/// cannot hold, or `None` where all will be taken over as it lies in the file.
///
/// # Errors
/// If it cannot hold the sound, or anything and the plan is strict, or it cannot be written.
pub fn check(plan: &Plan, launch: &Launch, part: &Part) -> Result<Option<Vec<String>>> {
    if own_kind(plan).is_some() {
        return Ok(None);
    }
    let (_, sound) = open(plan, launch, part)?;
    let notes = sound.notes();
    let shown = plan.target.path().display();
    if let Some(note) = notes.first().filter(|_| plan.strict) {
        ensure!(notes.is_empty(), "{shown}: {note}; leave out --strict to go on without");
    }
    Ok(Some(notes))
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
    let failed = |cause: &str| failure(plan.target.path(), cause);
    let caps = stretches.first().context("there is no picture")?.caps()?;
    if let Some(own) = own_kind(plan) {
        let pattern = tempfile::NamedTempFile::new().context("no room for temporary files")?;
        write_first(plan, launch, &stretches[0], &caps, pattern.path())?;
        let wish = Wish { extent, mark: plan.mark.as_ref() };
        let new = (stretches, pattern.path());
        let grafted = match own {
            Own::Movie(movie) => iso::graft(&movie, new, wish, part.path()),
            Own::Film(film) => ebml::graft(&film, new, wish, part.path()),
        };
        return grafted.map_err(|error| failed(&cause(&error)));
    }
    let (feed, sound) = open(plan, launch, part)?;
    seat_picture(&feed, &caps, plan)?;
    if extent.partial {
        sound.cut(extent.end);
    }
    let text = plan.mark.as_ref().map(|mark| extent.text(mark));
    tag(&element(&feed.pipeline, "mux")?, text.as_deref());
    let aside = || sound.end();
    let lasting = durations(stretches, extent.end);
    let units = stretches.iter().flat_map(|units| units.list.iter().map(move |unit| (units, unit)));
    for ((units, unit), duration) in units.zip(lasting) {
        let buffer = buffer(units.read(unit)?, unit, duration);
        feed.push(buffer, aside).map_err(|cause| failed(&cause))?;
    }
    feed.end(aside).map_err(|cause| failed(&cause))?;
    let corrected = match plan.target.container() {
        Container::Mp4 | Container::Mov => mp4::correct(part.path(), extent.end),
        Container::Mkv | Container::Webm => matroska::correct(part.path()),
    };
    corrected.map_err(|error| failed(&error.to_string()))?;
    match (&plan.mark, plan.target.container()) {
        (Some(mark), Container::Mp4 | Container::Mov) => {
            iso::append(part.path(), mark).map_err(|error| failed(&cause(&error)))
        }
        _ => Ok(()),
    }
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

/// Lets the muxer write the first picture alone, for its description of the coding.
fn write_first(
    plan: &Plan,
    launch: &Launch,
    units: &Units,
    caps: &gst::Caps,
    path: &Path,
) -> Result<()> {
    let failed = |cause: String| failure(plan.target.path(), &cause);
    let output = Spelled::output(path)?;
    let to = output.quoted();
    let muxer = plan.target.container().muxer();
    let values = [("input", ""), ("output", to.as_str()), ("muxer", muxer)];
    let pipeline = pipeline(&launch.section("mux", &values)?)?;
    let (mux, bell) = (element(&pipeline, "mux")?, Bell::default());
    bell.listen(&pipeline, None);
    let feed = Feed::new(pipeline, "pictures", bell)?;
    link_picture(&feed, &mux)?;
    feed.play();
    seat_picture(&feed, caps, plan)?;
    let unit = units.list.first().context("there is no picture")?;
    feed.push(buffer(units.read(unit)?, unit, 1_000_000), || {}).map_err(failed)?;
    feed.end(|| {}).map_err(failed)
}

/// The system's reason, where that is the cause.
fn cause(error: &anyhow::Error) -> String {
    match error.downcast_ref::<std::io::Error>() {
        Some(error) => plain(error),
        None => format!("{error:#}"),
    }
}

/// The muxer's pipeline at work: the input's sound and subtitles are linked, the picture is
/// not yet.
fn open(plan: &Plan, launch: &Launch, part: &Part) -> Result<(Feed, Sound)> {
    let container = plan.target.container();
    let (input, output) = (Spelled::input(&plan.input)?, Spelled::output(part.path())?);
    let (from, to) = (input.quoted(), output.quoted());
    let values = [("input", from.as_str()), ("output", &to), ("muxer", container.muxer())];
    let pipeline = pipeline(&launch.section("mux", &values)?)?;
    let mux = element(&pipeline, "mux")?;
    let bell = Bell::default();
    let text = launch.section("sound", &values)?;
    let sound = Sound::attach(&pipeline, &text, &mux, container, &bell)?;
    bell.listen(&pipeline, Some(sound.bin.clone().upcast()));
    let feed = Feed::new(pipeline, "pictures", bell)?;
    link_picture(&feed, &mux)?;
    feed.play();
    let heard = feed.bell.wait_lively(&feed.pipeline, "sound", |heard| {
        heard.streams_known || heard.error.is_some() || heard.side_error.is_some()
    });
    let error = heard.error.clone();
    drop(heard);
    error.map_or(Ok(()), |cause| Err(failure(plan.target.path(), &cause)))?;
    Ok((feed, sound))
}

/// entry -> mux, on a clock that is open to both sides.
fn link_picture(feed: &Feed, mux: &gst::Element) -> Result<()> {
    let seat = mux.request_pad_simple("video_%u").context("the muxer takes no pictures")?;
    let exit = feed.entry.static_pad("src").context("an appsrc without a pad")?;
    exit.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        if let Some(event) = info.event_mut() {
            clock::open_segment(event);
        }
        gst::PadProbeReturn::Ok
    });
    // an appsrc that has no caps yet takes any peer
    exit.link(&seat).context("the muxer refuses the coded picture")?;
    Ok(())
}

/// Tells the muxer what the picture is. MPEG-4 counts in ticks: enough of them, and a whole
/// number for each frame where the rate is known.
fn seat_picture(feed: &Feed, caps: &gst::Caps, plan: &Plan) -> Result<()> {
    let numer = plan.promise.shape.info.fps().numer().unsigned_abs();
    let scale = match numer {
        1..=TIMESCALE => numer * TIMESCALE.div_ceil(numer),
        _ => TIMESCALE,
    };
    let exit = feed.entry.static_pad("src").and_then(|pad| pad.peer());
    let seat = exit.context("the muxer lost its picture")?;
    if seat.has_property_with_type("trak-timescale", u32::static_type()) {
        seat.set_property("trak-timescale", scale);
    }
    ensure!(
        seat.query_caps(None).can_intersect(caps),
        "a {} file cannot hold this picture ({caps}); write to a .mkv file with -o",
        plan.target.container().name()
    );
    feed.entry.set_caps(Some(caps));
    Ok(())
}

/// How long each unit is shown, in decoding order: until the next one, and the last until `end`.
fn durations(stretches: &[Units], end: Duration) -> Vec<i64> {
    let shown = || stretches.iter().flat_map(|units| units.list.iter().map(|unit| unit.pts));
    let mut times: Vec<i64> = shown().collect();
    times.sort_unstable();
    let next = |time: i64| times.get(times.partition_point(|other| *other <= time)).copied();
    let end = end.as_nanos() as i64;
    shown().map(|time| (next(time).unwrap_or(end) - time).max(0)).collect()
}

fn buffer(bytes: Vec<u8>, unit: &Unit, duration: i64) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    let inner = buffer.make_mut();
    inner.set_pts(clock::from_zero(i128::from(unit.pts)));
    inner.set_dts(clock::from_zero(i128::from(unit.dts)));
    inner.set_duration(gst::ClockTime::from_nseconds(duration as u64));
    if !unit.key {
        inner.set_flags(gst::BufferFlags::DELTA_UNIT);
    }
    buffer
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
