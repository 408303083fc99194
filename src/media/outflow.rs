//! A live stream into a pipeline of its own: a file, a server, a device. The pipeline begins
//! with the first frame, whose size it keeps; a picture of another size is fitted into it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::address::{Login, Secret};
use super::bus::Bell;
use super::frame::{Frame, Shape};
use super::launch::Launch;
use super::live::BackOff;
use super::outlet::{Outlet, Shown};
use super::place::Part;
use super::soundline::{self, SoundLine};
use super::source::{element, pipeline};
use super::spell::Spelled;
use super::stream::Status;
use super::target::{Container, Target};
use crate::image::xmp::Mark;

/// Frames that wait before an encoder.
pub(super) const ROOM: u64 = 3;
/// Most bits that a thousand pixels of an encoded stream take, noise among them.
const MOST_BITS_PER_KILOPIXEL: u64 = 200;
/// How long an output may take to become whole at the end.
const FINISH: Duration = Duration::from_secs(20);

/// The stream that an outlet belongs to.
#[derive(Clone, Debug)]
pub struct Belonging {
    /// Where the stream says how it stands.
    pub status: Status,
    /// Its sound.
    pub sound: SoundLine,
    /// How long a frame may wait for room in an output before it is left out and counted.
    pub patience: Duration,
    /// What is written says this of itself, if it is tagged.
    pub mark: Option<Mark>,
}

/// Where an outflow ends.
#[derive(Debug)]
pub(super) enum Goal {
    /// In a file under its final name.
    File(Target),
    /// At the element named target, whose property of this name is set; it may be lost and
    /// opened again.
    Property(&'static str, Secret),
    /// Where the launch text says.
    Fixed,
}

/// A stream on its way out.
#[derive(Debug)]
pub(super) struct Outflow {
    /// For messages.
    shown: String,
    launch: Launch,
    section: &'static str,
    goal: Goal,
    login: Option<Login>,
    of: Belonging,
    running: Option<Running>,
    /// When to try again, after the goal was lost.
    again: Option<Duration>,
    back_off: BackOff,
}

#[derive(Debug)]
struct Running {
    pipeline: gst::Pipeline,
    entry: AppSrc,
    sound: Option<AppSrc>,
    line: SoundLine,
    bell: Bell,
    part: Option<(Part, Spelled)>,
    caps: gst::Caps,
    /// The time of the first frame, on the job's scale.
    start: Duration,
}

/// Launch text of what stands at the head of every output.
pub(super) fn heads(shape: &Shape) -> (String, String) {
    let (width, height) = (shape.info.width() & !1, shape.info.height() & !1);
    let frames = format!(
        "appsrc name=frames is-live=true format=time stream-type=stream max-buffers={ROOM} \
         max-bytes=0 max-time=0 ! videoconvert ! videoscale add-borders=true \
         ! video/x-raw,format=I420,width={width},height={height},pixel-aspect-ratio=1/1"
    );
    let sound = format!(
        "appsrc name=sound is-live=true format=time max-bytes=0 caps={} ! audioconvert",
        soundline::CAPS
    );
    (frames, sound)
}

/// H.264 for somebody who watches now: a key picture a second, so that whoever comes later
/// waits no longer than that.
pub(super) fn h264(shape: &Shape) -> Result<String> {
    if gst::ElementFactory::find("x264enc").is_none() {
        bail!("no H.264 encoder is installed; install gstreamer1.0-plugins-ugly");
    }
    let fps = shape.info.fps();
    let every = if fps.numer() > 0 { (fps.numer() / fps.denom().max(1)).max(1) } else { 30 };
    // x264enc holds even constant quality below its bitrate, 2 Mbit/s unless told otherwise.
    let pixels = u64::from(shape.info.width()) * u64::from(shape.info.height()) * every as u64;
    let most = (pixels * MOST_BITS_PER_KILOPIXEL / 1_000_000).max(2048);
    Ok(format!(
        "x264enc tune=zerolatency speed-preset=superfast pass=qual quantizer=23 \
         bitrate={most} key-int-max={every} ! video/x-h264,profile=main"
    ))
}

/// An appsrc of `bin`.
pub(super) fn appsrc(bin: &gst::Bin, name: &str) -> Result<AppSrc> {
    let element = bin.by_name(name).with_context(|| format!("no element named {name}"))?;
    element.downcast().map_err(|_| anyhow!("the pipeline's element {name} is no appsrc"))
}

impl Outflow {
    pub fn new(shown: String, launch: Launch, goal: Goal, of: Belonging) -> Self {
        let (running, again) = (None, None);
        let back_off = BackOff::new();
        let (section, login) = ("sink", None);
        Self { shown, launch, section, goal, login, of, running, again, back_off }
    }

    /// With what the server wants to know.
    pub fn with_login(self, login: Option<Login>) -> Self {
        Self { login, ..self }
    }

    /// With the launch text's section of this name.
    pub fn with_section(self, section: &'static str) -> Self {
        Self { section, ..self }
    }

    fn open(&self, frame: &Frame) -> Result<Running> {
        let shape = &frame.shape;
        let (frames, sound) = heads(shape);
        let mut values = vec![("frames", &*frames), ("sound", &*sound)];
        let (encoder, muxer, sound_encoder);
        match &self.goal {
            Goal::File(target) if target.container() == Container::Webm => {
                encoder = "vp8enc deadline=1 cpu-used=8 target-bitrate=4000000".to_owned();
                (muxer, sound_encoder) = ("webmmux", "opusenc");
            }
            Goal::File(target) => {
                encoder = format!("{} ! h264parse", h264(shape)?);
                (muxer, sound_encoder) = (target.container().muxer(), "avenc_aac ! aacparse");
            }
            _ => {
                encoder = h264(shape)?;
                (muxer, sound_encoder) = ("", "avenc_aac ! aacparse");
            }
        }
        values.extend([("encoder", &*encoder), ("muxer", muxer), ("sound-encoder", sound_encoder)]);
        let mut text = self.launch.section(self.section, &values)?;
        let has_sound = self.of.status.known().sound && self.launch.has("sound");
        if has_sound {
            text = format!("{text} {}", self.launch.section("sound", &values)?);
        }
        let pipeline = pipeline(&text)?;
        let part = self.aim(&pipeline)?;
        let entry = appsrc(pipeline.upcast_ref(), "frames")?;
        entry.set_caps(Some(&shape.caps));
        let sound = if has_sound { Some(appsrc(pipeline.upcast_ref(), "sound")?) } else { None };
        let bell = Bell::default();
        bell.listen(&pipeline, None);
        ring_at_exit(&entry, &bell)?;
        // What is wrong is said on the bus, not by the return value.
        let _ = pipeline.set_state(gst::State::Playing);
        let (start, caps, line) = (frame.time(), shape.caps.clone(), self.of.sound.clone());
        if let Some(sound) = &sound {
            line.join(sound.clone(), -(start.as_nanos() as i128));
        }
        Ok(Running { pipeline, entry, sound, line, bell, part, caps, start })
    }

    /// Tells the pipeline where to end.
    fn aim(&self, pipeline: &gst::Pipeline) -> Result<Option<(Part, Spelled)>> {
        match &self.goal {
            Goal::Fixed => Ok(None),
            Goal::Property(name, value) => {
                let target = element(pipeline, "target")?;
                target.set_property_from_str(name, value.reveal());
                if let Some(login) = &self.login {
                    log_in(&target, login);
                }
                Ok(None)
            }
            Goal::File(target) => {
                let part = target.begin()?;
                let spelled = Spelled::output(part.path())?;
                element(pipeline, "target")?.set_property("location", spelled.text());
                let mux = element(pipeline, "mux")?;
                super::mux::tag(&mux, self.of.mark.as_ref().map(|mark| mark.text.as_str()));
                Ok(Some((part, spelled)))
            }
        }
    }

    /// The goal is lost: for good, or until the next attempt.
    fn lost(&mut self, cause: &str, now: Duration) -> Result<()> {
        self.running = None;
        if cause.contains("Unauthorized") {
            bail!("{}: the server refuses user and password; put the right ones there", self.shown);
        }
        if let Goal::Property(..) = self.goal {
            let note = format!("the output {} is lost: {cause}; trying again", self.shown);
            self.of.status.change(|known| {
                // One line for the first failure, none for its echoes.
                if self.again.is_none() {
                    known.note(note);
                }
                known.output_trouble = Some(cause.to_owned());
            });
            self.again = Some(now + self.back_off.next(super::live::chance()));
            return Ok(());
        }
        bail!("{}: cannot be written: {cause}", self.shown)
    }
}

impl Outlet for Outflow {
    fn show(&mut self, shown: &Shown) -> Result<()> {
        let frame = &shown.frame;
        if self.running.is_none() {
            if self.again.is_some_and(|again| frame.time() < again) {
                return Ok(());
            }
            self.running = Some(self.open(frame)?);
        }
        let Some(running) = &mut self.running else { return Ok(()) };
        let room = running.bell.wait_at_most(self.of.patience, |heard| {
            heard.error.is_some() || running.entry.current_level_buffers() < ROOM
        });
        let cause = running.bell.lock().error.clone();
        if let Some(cause) = cause {
            return self.lost(&cause, frame.time());
        }
        if !room {
            self.of.status.change(|known| known.output_dropped += 1);
            return Ok(());
        }
        running.push(frame)?;
        if self.again.is_some() && running.flows(frame.time()) {
            self.again = None;
            self.back_off = BackOff::new();
            self.of.status.change(|known| {
                known.output_reopened += 1;
                known.output_trouble = None;
                known.note(format!("the output {} is back", self.shown));
            });
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let cause = running.end(FINISH);
        let part = running.part.take();
        drop(running);
        match (cause, part) {
            (Some(cause), Some(_)) => bail!("{}: cannot be written: {cause}", self.shown),
            (None, Some((part, _))) => part.keep(false).map(|_| ()),
            (cause, None) => {
                self.of
                    .status
                    .change(|known| known.output_trouble = known.output_trouble.take().or(cause));
                Ok(())
            }
        }
    }
}

impl Running {
    fn push(&mut self, frame: &Frame) -> Result<()> {
        if self.caps != frame.shape.caps {
            self.caps = frame.shape.caps.clone();
            self.entry.set_caps(Some(&self.caps));
        }
        let time = frame.time().saturating_sub(self.start);
        let mut buffer = frame.buffer.clone();
        let inner = buffer.make_mut();
        inner.set_pts(gst::ClockTime::try_from(time).context("a time beyond measure")?);
        inner.set_dts(gst::ClockTime::NONE);
        // Refused only while the pipeline breaks; its bus says why, and the next frame hears it.
        let _ = self.entry.push_buffer(buffer);
        Ok(())
    }

    /// Whether it has held for a second.
    fn flows(&self, now: Duration) -> bool {
        now.saturating_sub(self.start) > Duration::from_secs(1)
    }

    /// Ends both streams and waits until the output is whole; gives what went wrong.
    fn end(&self, limit: Duration) -> Option<String> {
        for entry in self.sound.iter().chain([&self.entry]) {
            self.line.leave(entry);
            let _ = entry.end_of_stream(); // refused only after an error, which is heard below
        }
        let ended = self.bell.wait_at_most(limit, |heard| heard.eos || heard.error.is_some());
        let error = self.bell.lock().error.clone();
        error.or_else(|| (!ended).then(|| "it does not end".to_owned()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(sound) = &self.sound {
            self.line.leave(sound);
        }
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Tells an element user and password, by the names that it has for them.
fn log_in(element: &gst::Element, login: &Login) {
    for (user, password) in [("user-id", "user-pw"), ("username", "password")] {
        if element.has_property(user) && element.has_property(password) {
            element.set_property(user, &login.user);
            element.set_property(password, login.password.reveal());
        }
    }
}

/// A bell that rings whenever a frame leaves the entry.
fn ring_at_exit(entry: &AppSrc, bell: &Bell) -> Result<()> {
    let bell = bell.clone();
    let exit = entry.static_pad("src").context("an appsrc without a pad")?;
    exit.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        bell.ring(|_| {});
        gst::PadProbeReturn::Ok
    });
    Ok(())
}
