//! A live stream on a thread of its own: connects, plays, and connects again when the stream
//! breaks. Meanwhile a holding picture goes on where the output must not stop.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use gstreamer as gst;
use gstreamer::prelude::*;

use super::address::{Address, Login};
use super::capture::{self, End, Tap};
use super::endpoint::Input;
use super::entrance::Door;
use super::frame::{FORMATS, Frame};
use super::launch::{Launch, quoted};
use super::soundline::SoundLine;
use super::source::{StopSignal, element, pipeline};
use super::spell::Spelled;
use super::stream::{State, Status};
use super::timer::Timer;
use super::trouble::Trouble;
use super::{camera, reach};
use crate::geometry::Size;

/// A server that does not answer for so long is given up.
const CONNECT: Duration = Duration::from_secs(5);
/// UDP that brings nothing for so long gives way to TCP.
const UDP_TRIAL: Duration = Duration::from_secs(2);
/// How often a resting stream looks whether it shall stop.
const STEP: Duration = Duration::from_millis(20);

/// How RTP travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// UDP first, and TCP where nothing comes through.
    #[default]
    Auto,
    /// Inside the RTSP connection.
    Tcp,
    /// Packets of their own.
    Udp,
}

/// How live streams are read.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// How old a frame may become from capture to output.
    pub max_latency: Duration,
    /// For RTSP.
    pub transport: Transport,
    /// Wanted of a camera or the test picture.
    pub size: Option<Size>,
    /// Wanted of a camera or the test picture.
    pub fps: Option<u32>,
    /// Whether a camera's picture is mirrored.
    pub mirror: bool,
    /// A stream that gives no picture for so long is taken for dead.
    pub stall: Duration,
    /// A connection that gives no first picture for so long is given up.
    pub patience: Duration,
    /// Whether the output goes on while the stream is away.
    pub hold: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            max_latency: Duration::from_millis(150),
            transport: Transport::Auto,
            size: None,
            fps: None,
            mirror: false,
            stall: Duration::from_secs(3),
            patience: capture::PATIENCE,
            hold: false,
        }
    }
}

/// One live stream, before it begins.
pub struct Feed {
    /// Where it comes from.
    pub input: Input,
    /// How it is read.
    pub options: LiveOptions,
    /// Pipelines of the user's own.
    pub launch: Option<Launch>,
    /// Where its frames go in.
    pub door: Arc<Door<Frame>>,
    /// Where it says how it stands.
    pub status: Status,
    /// Where its sound goes.
    pub sound: SoundLine,
    /// Set when it shall end.
    pub stop: StopSignal,
    /// The job's clock.
    pub timer: Arc<dyn Timer>,
}

/// Delays between attempts: short at first, then longer, never longer than a second, so that a
/// server that is back is found soon; a share of chance keeps many clients apart.
#[derive(Debug)]
pub(super) struct BackOff(Duration);

impl BackOff {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(1);

    pub fn new() -> Self {
        Self(Self::FIRST)
    }

    /// The next delay; `chance` (0..1) moves it by up to a quarter.
    pub fn next(&mut self, chance: f64) -> Duration {
        let now = self.0;
        self.0 = (now * 2).min(Self::LONGEST);
        now.mul_f64(0.75 + chance / 2.0)
    }
}

impl Feed {
    /// Starts the stream's thread; it ends with the stream, and its door closes then.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(self) -> Result<JoinHandle<()>> {
        let name = format!("stream-{}", self.door.lane() + 1);
        std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || self.run())
            .with_context(|| format!("the thread {name} does not start"))
    }

    fn run(self) {
        let tap = Arc::new(Tap::of(&self));
        let mut back_off = BackOff::new();
        loop {
            let trouble = match self.connection(&tap) {
                Ok(End::Stopped | End::Finished) => {
                    return self.status.change(|known| known.state = State::Ended);
                }
                Ok(End::Broken(trouble)) => self.explain(trouble),
                Err(error) => Trouble::Other(format!("{error:#}")),
            };
            if self.status.state() == State::Live {
                back_off = BackOff::new();
            }
            let gives_up = trouble.is_final(tap.came()) || !self.input.comes_again();
            self.tell(&trouble, gives_up);
            if gives_up {
                return;
            }
            self.rest(back_off.next(chance()), &tap);
        }
    }

    /// The system's own reason where a server cannot be reached; a device that is gone.
    fn explain(&self, trouble: Trouble) -> Trouble {
        match (&trouble, &self.input) {
            (Trouble::Unreachable(_), Input::Rtsp(address)) => {
                reach::obstacle(address).map_or(trouble, Trouble::Unreachable)
            }
            (Trouble::NotFound, Input::Camera(_)) => Trouble::Unplugged(self.input.to_string()),
            _ => trouble,
        }
    }

    /// One connection, from nothing to its end.
    fn connection(&self, tap: &Arc<Tap>) -> Result<End> {
        let formats: Vec<_> = FORMATS.iter().map(|format| format.to_str().as_str()).collect();
        let formats = quoted(&format!("video/x-raw,format={{{}}}", formats.join(",")));
        let launch = match &self.launch {
            Some(own) => own.clone(),
            None => Launch::preset(self.input.preset())?,
        };
        let size = self.options.size.unwrap_or(Size::new(1280, 720));
        let (width, height) = (size.width.to_string(), size.height.to_string());
        let fps = self.options.fps.unwrap_or(30).to_string();
        let mut values =
            vec![("formats", &*formats), ("width", &width), ("height", &height), ("fps", &fps)];
        let spelled = match &self.input {
            Input::File(path) => Some(Spelled::input(path)?),
            _ => None,
        };
        let path = spelled.as_ref().map(Spelled::quoted).unwrap_or_default();
        values.push(("input", &path));
        let sound = launch.section("sound", &values).unwrap_or_default();
        let pipeline = match &self.input {
            Input::Camera(which) => match camera::open(which.as_deref(), &self.options)? {
                Some(camera) => camera.pipeline(&launch, &values, self.options.mirror)?,
                None => return Ok(End::Broken(Trouble::Unplugged(self.input.to_string()))),
            },
            _ => pipeline(&launch.section("source", &values)?)?,
        };
        if let Input::Rtsp(address) = &self.input {
            self.set_up_rtsp(&element(&pipeline, "input")?, address);
        }
        capture::play(&pipeline, self, tap, &sound)
    }

    /// Address and login are set here and stand in no text that may be shown.
    fn set_up_rtsp(&self, input: &gst::Element, address: &Address) {
        input.set_property("location", address.without_login().reveal());
        let login = address.login.clone().or_else(|| Login::from_env("MASK2FACE_RTSP"));
        if let Some(login) = login {
            input.set_property("user-id", &login.user);
            input.set_property("user-pw", login.password.reveal());
        }
        // What is left is for decoding and painting.
        input.set_property("latency", (self.options.max_latency / 2).as_millis() as u32);
        input.set_property("tcp-timeout", CONNECT.as_micros() as u64);
        input.set_property("timeout", UDP_TRIAL.as_micros() as u64);
        match self.options.transport {
            Transport::Auto => {}
            Transport::Tcp => input.set_property_from_str("protocols", "tcp"),
            Transport::Udp => input.set_property_from_str("protocols", "udp"),
        }
    }

    /// Says what is wrong, once for each thing that is wrong.
    fn tell(&self, trouble: &Trouble, gives_up: bool) {
        let text = trouble.to_string();
        self.status.change(|known| {
            let new = known.state == State::Live || known.trouble.as_ref() != Some(&text);
            known.failed_attempts += u64::from(known.state != State::Live);
            known.state = match known.state {
                _ if gives_up => State::Failed,
                State::Connecting => State::Connecting,
                _ => State::Lost,
            };
            if new && !gives_up {
                known.note(format!("{text}; trying again"));
            }
            known.trouble = Some(text);
        });
    }

    /// Waits before the next attempt.
    fn rest(&self, rest: Duration, tap: &Tap) {
        let end = self.timer.now() + rest;
        while self.timer.now() < end && !self.stop.is_set() {
            tap.hold();
            std::thread::sleep(STEP);
        }
    }
}

/// A random number in 0..1.
pub(super) fn chance() -> f64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_rarer_but_a_server_that_is_back_is_found_soon() {
        let mut back_off = BackOff::new();
        let delays: Vec<_> = (0..6).map(|n| back_off.next(f64::from(n % 2))).collect();
        assert!(delays[0] < Duration::from_millis(200) && delays[1] > delays[0], "{delays:?}");
        assert!(delays.iter().all(|delay| *delay < Duration::from_millis(1300)), "{delays:?}");
        assert_ne!(chance().to_bits(), chance().to_bits());
    }
}
