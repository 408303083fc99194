//! An RTSP server in this process. Each stream has a mount with one encoder for all of its
//! clients, which exists only while there is a client: without one, frames are let go at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, ensure};
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;

use super::address::{Address, Login};
use super::frame::Frame;
use super::launch::Launch;
use super::outflow::{self, Belonging};
use super::outlet::{Outlet, Shown};
use super::soundline::SoundLine;

/// The role of whoever has logged in.
const ROLE: &str = "viewer";

/// A server, listening until it is dropped.
#[derive(Debug)]
pub struct Server {
    listener: rtsp::RTSPServer,
    run: glib::MainLoop,
    thread: Option<JoinHandle<()>>,
    locked: bool,
}

impl Server {
    /// Listens at the address's host and port (0: any free one). With a login, everybody must
    /// know it.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub fn start(address: &Address, login: Option<&Login>) -> Result<Self> {
        let port = address.port.unwrap_or(8554);
        let server = rtsp::RTSPServer::new();
        server.set_address(address.host.trim_start_matches('[').trim_end_matches(']'));
        server.set_service(&port.to_string());
        if let Some(login) = login {
            server.set_auth(Some(&lock(login)));
        }
        let context = glib::MainContext::new();
        server.attach(Some(&context)).map_err(|_| {
            anyhow!(
                "{}:{port}: cannot be listened at; another program has the port, or the address \
                 is not this machine's",
                address.host
            )
        })?;
        let run = glib::MainLoop::new(Some(&context), false);
        let ours = run.clone();
        let thread = std::thread::Builder::new()
            .name("rtsp-server".to_owned())
            .spawn(move || {
                // Refused only where another loop holds the new context, which nobody knows.
                let _ = context.with_thread_default(|| ours.run());
            })
            .context("the RTSP server's thread does not start")?;
        Ok(Self { listener: server, run, thread: Some(thread), locked: login.is_some() })
    }

    /// The port that it really listens at.
    pub fn port(&self) -> u16 {
        u16::try_from(self.listener.bound_port()).unwrap_or(0)
    }

    fn mount(&self, path: &str, factory: rtsp::RTSPMediaFactory) -> Result<()> {
        let mounts = self.listener.mount_points().context("a server without mounts")?;
        if self.locked {
            let right = |name: &str| (name.to_owned(), true);
            let mut rights = gst::Structure::new_empty(ROLE);
            for (name, value) in [right("media.factory.access"), right("media.factory.construct")] {
                rights.set(name, value);
            }
            factory.add_role_from_structure(&rights);
        }
        mounts.add_factory(path, factory);
        Ok(())
    }

    /// Ends every client's session.
    fn unmount(&self, path: &str) {
        if let Some(mounts) = self.listener.mount_points() {
            mounts.remove_factory(path);
        }
        self.listener.client_filter(Some(&mut |_, _| rtsp::RTSPFilterResult::Remove));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // From within the loop: a call before the loop begins would be lost.
        let run = self.run.clone();
        let quit = glib::idle_source_new(None, glib::Priority::DEFAULT, move || {
            run.quit();
            glib::ControlFlow::Break
        });
        quit.attach(Some(&self.run.context()));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // the loop does not panic
        }
    }
}

/// Who may come in.
fn lock(login: &Login) -> rtsp::RTSPAuth {
    let auth = rtsp::RTSPAuth::new();
    let token = rtsp::RTSPToken::builder().field("media.factory.role", ROLE).build();
    auth.set_supported_methods(gstreamer_rtsp::RTSPAuthMethod::Digest);
    auth.add_digest(&login.user, login.password.reveal(), &token);
    auth
}

/// A stream that is served.
pub(super) struct Serving {
    server: Arc<Server>,
    path: String,
    launch: Launch,
    of: Belonging,
    seat: Seat,
    mounted: bool,
}

/// What feeds the clients, while there are any.
type Seat = Arc<Mutex<Option<Feeding>>>;

#[derive(Debug)]
struct Feeding {
    media: glib::WeakRef<rtsp::RTSPMedia>,
    entry: AppSrc,
    sound: Option<AppSrc>,
    line: SoundLine,
    caps: Option<gst::Caps>,
    /// From the job's time to the media's, known once it runs.
    shift_ns: Option<i128>,
}

impl Serving {
    pub fn new(server: Arc<Server>, path: &str, launch: Launch, of: Belonging) -> Self {
        let (path, seat) = (path.to_owned(), Seat::default());
        Self { server, path, launch, of, seat, mounted: false }
    }

    /// Opens the mount for frames that look like `frame`.
    fn mount(&self, frame: &Frame) -> Result<()> {
        let (frames, sound) = outflow::heads(&frame.shape);
        // Nothing may wait for a client: the oldest frame gives way.
        let frames = frames.replacen("name=frames", "name=frames leaky-type=downstream", 1);
        let encoder = outflow::h264(&frame.shape)?;
        let values = [("frames", &*frames), ("sound", &*sound), ("encoder", &*encoder)];
        let mut text = self.launch.section("sink", &values)?;
        if self.of.status.known().sound {
            text = format!("{text} {}", self.launch.section("sound", &values)?);
        }
        let factory = rtsp::RTSPMediaFactory::new();
        factory.set_launch(&format!("( {text} )"));
        factory.set_shared(true);
        let (seat, line) = (Arc::clone(&self.seat), self.of.sound.clone());
        factory.connect_media_configure(move |_, media| {
            if let Some(feeding) = Feeding::of(media, line.clone()) {
                *lock_seat(&seat) = Some(feeding);
            }
            let seat = Arc::clone(&seat);
            media.connect_unprepared(move |media| {
                let mut feeding = lock_seat(&seat);
                if feeding.as_ref().is_some_and(|f| f.media.upgrade().as_ref() == Some(media)) {
                    *feeding = None;
                }
            });
        });
        self.server.mount(&self.path, factory)
    }
}

fn lock_seat(seat: &Seat) -> std::sync::MutexGuard<'_, Option<Feeding>> {
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feeding {
    fn of(media: &rtsp::RTSPMedia, line: SoundLine) -> Option<Self> {
        let bin = media.element().downcast::<gst::Bin>().ok()?;
        let entry = outflow::appsrc(&bin, "frames").ok()?;
        let sound = outflow::appsrc(&bin, "sound").ok();
        Some(Self { media: media.downgrade(), entry, sound, line, caps: None, shift_ns: None })
    }

    fn push(&mut self, frame: &Frame) {
        if self.caps.as_ref() != Some(&frame.shape.caps) {
            self.entry.set_caps(Some(&frame.shape.caps));
            self.caps = Some(frame.shape.caps.clone());
        }
        // Until the media runs it takes nothing. On the way there it has a clock before it knows
        // when it began: what would be told then is the clock's own time, hours ahead.
        if self.entry.current_state() != gst::State::Playing {
            return;
        }
        let Some(running) = self.entry.current_running_time() else { return };
        let time = frame.time().as_nanos() as i128;
        let shift = *self.shift_ns.get_or_insert_with(|| {
            let shift = i128::from(running.nseconds()) - time;
            if let Some(sound) = &self.sound {
                self.line.join(sound.clone(), shift);
            }
            shift
        });
        let Ok(time) = u64::try_from(time + shift) else { return };
        let mut buffer = frame.buffer.clone();
        let inner = buffer.make_mut();
        inner.set_pts(gst::ClockTime::from_nseconds(time));
        inner.set_dts(gst::ClockTime::NONE);
        let _ = self.entry.push_buffer(buffer); // refused only while the last client leaves
    }
}

impl Drop for Feeding {
    fn drop(&mut self) {
        if let Some(sound) = &self.sound {
            self.line.leave(sound);
        }
    }
}

impl Outlet for Serving {
    fn show(&mut self, shown: &Shown) -> Result<()> {
        if !self.mounted {
            self.mount(&shown.frame)?;
            self.mounted = true;
        }
        if let Some(feeding) = &mut *lock_seat(&self.seat) {
            feeding.push(&shown.frame);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.server.unmount(&self.path);
        Ok(())
    }
}

/// Refuses a path that says nothing.
pub(super) fn path_of(address: &Address) -> Result<&str> {
    ensure!(address.path.len() > 1, "{address}: name what is served, as in /live");
    Ok(&address.path)
}
