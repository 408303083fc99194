//! The muxer at work: it describes the coded picture, and lays down the streams of an input that
//! is of another kind than the output.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;

use super::about::{self, About};
use super::bus::Bell;
use super::clock;
use super::ebml::Film;
use super::feed::Feed;
use super::iso::{self, Movie};
use super::launch::Launch;
use super::mux::{Extent, Lost, Own, failure};
use super::place::{Part, Room};
use super::sink::Plan;
use super::sound::{From, Sound};
use super::source::{element, pipeline};
use super::spell::Spelled;
use super::target::Container;
use super::units::{Unit, Units};

/// Ticks a second of an MPEG-4 video track, at least.
const TIMESCALE: u32 = 90_000;
/// How long the one picture is shown that the muxer is given, in ns.
const MOMENT: i64 = 1_000_000;

/// What the output cannot hold of the input.
pub(super) fn check(plan: &Plan, launch: &Launch, part: &Part) -> Result<Lost> {
    let about = About::of(&plan.input);
    let (_, sound) = open(plan, launch, part.path(), about.as_ref())?;
    let mut lost = sound.lost();
    let Some(about) = about else { return Ok(lost) };
    let unfit = match plan.target.container() {
        Container::Mp4 | Container::Mov => iso::unfit(&about),
        Container::Mkv | Container::Webm => about.extras,
    };
    let container = plan.target.container().name();
    let note = |what: String| format!("a {container} file cannot hold {what}: left out");
    lost.notes.extend(unfit.into_iter().map(note));
    Ok(lost)
}

/// Lets the muxer write to `room` the first picture alone, for its description of the coding.
pub(super) fn picture(plan: &Plan, launch: &Launch, units: &Units, room: &Room) -> Result<()> {
    let output = Spelled::output(room.path())?;
    let to = output.quoted();
    let muxer = plan.target.container().muxer();
    let values = [("input", ""), ("output", to.as_str()), ("muxer", muxer)];
    let pipeline = pipeline(&launch.section("mux", &values)?)?;
    let (mux, bell) = (element(&pipeline, "mux")?, Bell::default());
    bell.listen(&pipeline, None);
    let feed = Feed::new(pipeline, "pictures", bell)?;
    link_picture(&feed, &mux)?;
    feed.play();
    push_first(&feed, plan, units, || {})
}

/// Lets the muxer write to `room` the first picture and the input's other streams up to `extent`,
/// and gives the index with all that the input says of itself.
pub(super) fn others(
    plan: &Plan,
    launch: &Launch,
    units: &Units,
    extent: Extent,
    room: &Room,
) -> Result<Own> {
    let about = About::of(&plan.input);
    let (feed, sound) = open(plan, launch, room.path(), about.as_ref())?;
    if extent.partial {
        sound.cut(extent.end);
    }
    push_first(&feed, plan, units, || sound.end())?;
    let seats = about::seated(about.as_ref(), &sound.pads());
    let told = "what the muxer wrote cannot be read";
    Ok(match plan.target.container() {
        Container::Mp4 | Container::Mov => {
            let mut movie = Movie::open(room.path()).context(told)?;
            movie.adorn(about.as_ref(), &seats)?;
            Own::Movie(movie)
        }
        Container::Mkv | Container::Webm => {
            let mut film = Film::open(room.path()).context(told)?;
            film.adorn(about.as_ref(), &seats)?;
            Own::Film(film)
        }
    })
}

/// Gives the muxer its one picture, and waits until all is written.
fn push_first(feed: &Feed, plan: &Plan, units: &Units, aside: impl Fn()) -> Result<()> {
    let failed = |cause: String| failure(plan.target.path(), &cause);
    seat_picture(feed, &units.caps()?, plan)?;
    let unit = units.list.first().context("there is no picture")?;
    feed.push(buffer(units.read(unit)?, unit, MOMENT), &aside).map_err(failed)?;
    feed.end(&aside).map_err(failed)
}

/// The muxer's pipeline at work: the input's sound and subtitles are linked, the picture is
/// not yet.
fn open(plan: &Plan, launch: &Launch, to: &Path, about: Option<&About>) -> Result<(Feed, Sound)> {
    let container = plan.target.container();
    let (input, output) = (Spelled::input(&plan.input)?, Spelled::output(to)?);
    let (from, to) = (input.quoted(), output.quoted());
    let values = [("input", from.as_str()), ("output", &to), ("muxer", container.muxer())];
    let pipeline = pipeline(&launch.section("mux", &values)?)?;
    let mux = element(&pipeline, "mux")?;
    let bell = Bell::default();
    let text = launch.section("sound", &values)?;
    let widened = iso::Widened::of(&plan.input);
    let delays = about.map(About::delays).unwrap_or_default();
    let from = From { text, widened, delays };
    let sound = Sound::attach(&pipeline, from, &mux, container, &bell)?;
    bell.listen(&pipeline, Some(sound.bin.clone().upcast()));
    let mut feed = Feed::new(pipeline, "pictures", bell)?;
    link_picture(&feed, &mux)?;
    feed.play();
    let heard = feed.bell.wait_lively((&feed.pipeline, &mut feed.pulse), "sound", |heard| {
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
