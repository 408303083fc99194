//! The preview: a window on this machine, with keys. Everything in it is made on the CPU, so it
//! needs neither a GPU nor OpenGL.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use gstreamer_video as gst_video;
use gstreamer_video::NavigationEvent;

use super::bus::Bell;
use super::frame::Frame;
use super::launch::Launch;
use super::outflow::{self, Belonging, Goal, Outflow};
use super::outlet::{Mark, Outlet, Shown};
use super::source::{StopSignal, element, pipeline};
use super::target::Target;
use super::view::{Compare, HELP, Todo, View};
use crate::image::papers::Papers;
use crate::image::photo::PhotoFormat;
use crate::image::sketch::Sketch;
use crate::image::{compare, xmp};

/// The figures are written anew this often.
const FIGURES_EVERY: Duration = Duration::from_millis(500);
/// How long a snapshot may take.
const SNAPSHOT: gst::ClockTime = gst::ClockTime::from_seconds(5);

/// Tells the figures, as lines of text.
pub type Figures = Arc<dyn Fn() -> String + Send + Sync>;

/// A window that shows a live stream.
pub struct Window {
    launch: Launch,
    of: Belonging,
    figures: Figures,
    stop: StopSignal,
    view: Arc<Mutex<View>>,
    running: Option<Running>,
    record: Option<Box<Outflow>>,
    told: Duration,
}

struct Running {
    pipeline: gst::Pipeline,
    entry: AppSrc,
    bell: Bell,
    caps: gst::Caps,
}

impl Window {
    /// A window; closing it, or q, sets `stop`.
    ///
    /// # Errors
    /// If there is no display.
    pub fn new(launch: Launch, of: Belonging, figures: Figures, stop: StopSignal) -> Result<Self> {
        let sink = gst::ElementFactory::make("ximagesink").build().ok();
        let sink = sink.context("the window needs ximagesink; apt-get install gstreamer1.0-x")?;
        ensure!(
            gst::ElementFactory::find("textoverlay").is_some(),
            "the window needs textoverlay; apt-get install gstreamer1.0-x"
        );
        let ready = sink.set_state(gst::State::Ready);
        let _ = sink.set_state(gst::State::Null);
        if ready.is_err() {
            let display = std::env::var("DISPLAY").unwrap_or_default();
            let which = if display.is_empty() {
                "DISPLAY is not set".to_owned()
            } else {
                format!("the display {display} does not answer")
            };
            bail!("there is no display for a window ({which}); send the picture elsewhere with -o");
        }
        let (view, running, record) = (Arc::default(), None, None);
        Ok(Self { launch, of, figures, stop, view, running, record, told: Duration::ZERO })
    }

    fn open(&self, frame: &Frame) -> Result<Running> {
        let (frames, _) = outflow::heads(&frame.shape);
        let values = [("frames", &*frames), ("window", "ximagesink")];
        let pipeline = pipeline(&self.launch.section("sink", &values)?)?;
        let entry = outflow::appsrc(pipeline.upcast_ref(), "frames")?;
        let bell = Bell::default();
        bell.listen(&pipeline, None);
        let exit = entry.static_pad("src").context("an appsrc without a pad")?;
        let (view, size) = (Arc::clone(&self.view), frame.format().size);
        let heard = bell.clone();
        let interest = gst::PadProbeType::EVENT_UPSTREAM | gst::PadProbeType::BUFFER;
        exit.add_probe(interest, move |_, info| {
            match info.event().map(|event| NavigationEvent::parse(event)) {
                Some(Ok(event)) => lock(&view).hear(&event, size.width as f64),
                Some(Err(_)) => {}
                None => heard.ring(|_| {}),
            }
            gst::PadProbeReturn::Ok
        });
        let _ = pipeline.set_state(gst::State::Playing); // the bus says what is wrong
        Ok(Running { pipeline, entry, bell, caps: gst::Caps::new_empty() })
    }

    /// What the keys asked for.
    fn obey(&mut self, todo: Todo, shown: &Shown) {
        if todo.quit {
            self.stop.stop();
        }
        if todo.snapshot {
            let path = free_name("png");
            let png = snapshot(&shown.frame, self.of.mark.as_ref());
            let saved = png.and_then(|png| Ok(std::fs::write(&path, png)?));
            self.of.status.note(match saved {
                Ok(()) => format!("snapshot {}", path.display()),
                Err(error) => format!("no snapshot: {error:#}"),
            });
        }
        self.record(todo.record, shown);
    }

    /// Records while that is wanted; a recording that fails ends, and the preview goes on.
    fn record(&mut self, wanted: bool, shown: &Shown) {
        let outcome = match (wanted, self.record.take()) {
            (true, None) => self.begin_record(shown),
            (true, Some(mut record)) => record.show(shown).map(|()| self.record = Some(record)),
            (false, Some(record)) => record.finish().map(|()| self.of.status.note("recorded")),
            (false, None) => Ok(()),
        };
        if let Err(error) = outcome {
            lock(&self.view).stop_recording();
            self.of.status.note(format!("the recording ends: {error:#}"));
        }
    }

    fn begin_record(&mut self, shown: &Shown) -> Result<()> {
        let path = free_name("mkv");
        let target = Target::new(&path, false)?;
        let name = path.display().to_string();
        let launch = Launch::preset("record")?;
        let mut record = Outflow::new(name, launch, Goal::File(target), self.of.clone());
        record.show(shown)?;
        self.record = Some(Box::new(record));
        self.of.status.note(format!("recording {}", path.display()));
        Ok(())
    }

    /// Writes the lines over the picture.
    fn write(&mut self, view: &View, now: Duration) -> Result<()> {
        let Some(running) = &self.running else { return Ok(()) };
        if now.saturating_sub(self.told) < FIGURES_EVERY && !view.fresh {
            return Ok(());
        }
        self.told = now;
        let figures = if view.figures { (self.figures)() } else { String::new() };
        element(&running.pipeline, "figures")?.set_property("text", view.headed(&figures));
        let help = if view.help { HELP } else { "" };
        element(&running.pipeline, "help")?.set_property("text", help);
        Ok(())
    }
}

impl Outlet for Window {
    fn show(&mut self, shown: &Shown) -> Result<()> {
        if self.running.is_none() {
            self.running = Some(self.open(&shown.frame)?);
        }
        let (view, todo) = {
            let mut view = lock(&self.view);
            (view.take(), view.todo())
        };
        self.obey(todo, shown);
        self.write(&view, shown.frame.time())?;
        let frame = composed(shown, &view)?;
        let Some(running) = &mut self.running else { return Ok(()) };
        let error = running.bell.lock().error.clone();
        if let Some(cause) = error {
            if cause.contains("Output window was closed") {
                self.stop.stop();
                return Ok(());
            }
            bail!("the window: {cause}");
        }
        running.push(&frame);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.record.take().map_or(Ok(()), Outlet::finish)
    }
}

impl Running {
    fn push(&mut self, frame: &Frame) {
        if self.caps != frame.shape.caps {
            self.caps = frame.shape.caps.clone();
            self.entry.set_caps(Some(&self.caps));
        }
        // The screen is slower than the stream: the next frame comes soon.
        if self.entry.current_level_buffers() < outflow::ROOM {
            let mut buffer = frame.buffer.clone();
            let inner = buffer.make_mut();
            inner.set_pts(gst::ClockTime::try_from(frame.time()).ok());
            inner.set_dts(gst::ClockTime::NONE);
            let _ = self.entry.push_buffer(buffer); // refused only while it breaks: see its bell
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The picture as the view wants it.
fn composed(shown: &Shown, view: &View) -> Result<Frame> {
    let marks: &[Mark] = if view.faces { &shown.marks } else { &[] };
    let original = shown.original.as_ref().unwrap_or(&shown.frame);
    if view.compare == Compare::Off {
        return marked(if view.bypass { original } else { &shown.frame }, marks);
    }
    let (before, after) = (marked(original, marks)?, marked(&shown.frame, marks)?);
    let mut frame = if view.bypass { before.clone() } else { after.clone() };
    {
        let (before, after) = (before.read()?, after.read()?);
        let mut planes = frame.write()?;
        let mut picture = planes.picture()?;
        match view.compare {
            Compare::Wipe => {
                let x = (view.wipe * picture.format.size.width as f64) as usize;
                compare::wipe(&before.picture()?, &mut picture, x);
            }
            _ => compare::side_by_side(&before.picture()?, &after.picture()?, &mut picture),
        }
    }
    Ok(frame)
}

/// The frame with the faces drawn over it; without any it is not even copied.
fn marked(frame: &Frame, marks: &[Mark]) -> Result<Frame> {
    let mut frame = frame.clone();
    if !marks.is_empty() {
        let mut planes = frame.write()?;
        let mut picture = planes.picture()?;
        let mut sketch = Sketch::new(&mut picture);
        for mark in marks {
            draw(&mut sketch, mark);
        }
    }
    Ok(frame)
}

/// A box around a face, red where a mask is worn, and its points.
fn draw(sketch: &mut Sketch<'_, '_>, mark: &Mark) {
    let ink = if mark.worn { (230, 60, 60) } else { (70, 200, 90) };
    sketch.outline(&mark.bbox, ink);
    for &point in &mark.points {
        sketch.dot(point, ink);
    }
}

/// A frame as PNG that says of itself what it is.
fn snapshot(frame: &Frame, says: Option<&xmp::Mark>) -> Result<Vec<u8>> {
    let sample = gst::Sample::builder().buffer(&frame.buffer).caps(&frame.shape.caps).build();
    let png = gst::Caps::builder("image/png").build();
    let converted = gst_video::convert_sample(&sample, &png, Some(SNAPSHOT))?;
    let buffer = converted.buffer().context("no picture")?;
    let bytes = buffer.map_readable().context("no picture")?.to_vec();
    Papers::default().attach(bytes, PhotoFormat::Png, frame.format().size, says)
}

/// mask2face-SECONDS.EXTENSION in the working folder, free to be written.
fn free_name(extension: &str) -> PathBuf {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let names = (0..).map(|n| match n {
        0 => format!("mask2face-{}.{extension}", since.as_secs()),
        n => format!("mask2face-{}-{n}.{extension}", since.as_secs()),
    });
    names.map(PathBuf::from).find(|path| !path.exists()).unwrap_or_default()
}
