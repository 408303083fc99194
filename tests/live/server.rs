//! A network camera in this process: an RTSP server on loopback that can be killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;

/// Launch text of a small live picture into `rest`, which ends in a payloader.
pub fn picture(rest: &str) -> String {
    format!(
        "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=120,framerate=30/1 \
         ! identity name=gate ! {rest} name=pay0 pt=96"
    )
}

/// An RTSP server; dropping it cuts all connections.
pub struct Camera {
    server: rtsp::RTSPServer,
    run: glib::MainLoop,
    source: Option<glib::SourceId>,
    context: glib::MainContext,
    thread: Option<JoinHandle<()>>,
    locked: bool,
}

/// Lets pictures through, or none.
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub fn close(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn open(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Changes the size of a stream that is being served.
#[derive(Clone, Default)]
pub struct Sizes(Arc<Mutex<Option<gst::Element>>>);

impl Sizes {
    pub fn set(&self, width: i32, height: i32) {
        let caps = gst::Caps::builder("video/x-raw").field("width", width).field("height", height);
        self.0.lock().unwrap().as_ref().unwrap().set_property("caps", caps.build());
    }
}

fn element(media: &rtsp::RTSPMedia, name: &str) -> gst::Element {
    media.element().downcast::<gst::Bin>().unwrap().by_name(name).unwrap()
}

impl Camera {
    /// At a free port; with a login, if any.
    pub fn start(login: Option<(&str, &str)>) -> Self {
        Self::at(0, login)
    }

    /// At a port of one's choice.
    pub fn at(port: u16, login: Option<(&str, &str)>) -> Self {
        mask2face::media::init().unwrap();
        let server = rtsp::RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service(&port.to_string());
        if let Some((user, password)) = login {
            let auth = rtsp::RTSPAuth::new();
            let token = rtsp::RTSPToken::builder().field("media.factory.role", "viewer").build();
            auth.add_basic(&rtsp::RTSPAuth::make_basic(user, password), &token);
            server.set_auth(Some(&auth));
        }
        let context = glib::MainContext::new();
        let source = server.attach(Some(&context)).unwrap();
        let run = glib::MainLoop::new(Some(&context), false);
        let (ours, its) = (run.clone(), context.clone());
        let thread = std::thread::Builder::new()
            .spawn(move || its.with_thread_default(|| ours.run()).unwrap())
            .unwrap();
        let (source, thread) = (Some(source), Some(thread));
        Self { server, run, source, context, thread, locked: login.is_some() }
    }

    pub fn port(&self) -> u16 {
        self.server.bound_port() as u16
    }

    pub fn url(&self, path: &str) -> String {
        format!("rtsp://127.0.0.1:{}{path}", self.port())
    }

    pub fn serve(&self, path: &str, text: &str) {
        self.factory(path, text);
    }

    pub fn serve_with_sound(&self, path: &str, text: &str) {
        let sound = "audiotestsrc is-live=true ! audioconvert ! avenc_aac ! aacparse \
                     ! rtpmp4gpay name=pay1 pt=97";
        self.factory(path, &format!("{text} {sound}"));
    }

    /// As [`Camera::serve`], with a gate before the encoder.
    pub fn serve_gated(&self, path: &str, text: &str) -> Gate {
        let closed = Arc::new(AtomicBool::new(false));
        let ours = Arc::clone(&closed);
        self.serve_probed(path, text, move |_| !ours.load(Ordering::Relaxed));
        Gate(closed)
    }

    /// As [`Camera::serve`]; each raw picture is shown to `see` first, which may change it, and
    /// goes on where that says so.
    pub fn serve_probed(
        &self,
        path: &str,
        text: &str,
        see: impl Fn(&mut gst::BufferRef) -> bool + Send + Sync + 'static,
    ) {
        let see = Arc::new(see);
        self.factory(path, text).connect_media_configure(move |_, media| {
            let gate = element(media, "gate").static_pad("src").unwrap();
            let see = Arc::clone(&see);
            gate.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                let goes_on = see(info.buffer_mut().unwrap().make_mut());
                if goes_on { gst::PadProbeReturn::Ok } else { gst::PadProbeReturn::Drop }
            });
        });
    }

    /// As [`Camera::serve`]; the element `size` of the text takes the sizes that come from the
    /// result.
    pub fn serve_sized(&self, path: &str, text: &str) -> Sizes {
        let sizes = Sizes::default();
        let ours = sizes.clone();
        self.factory(path, text).connect_media_configure(move |_, media| {
            *ours.0.lock().unwrap() = Some(element(media, "size"));
        });
        sizes
    }

    fn factory(&self, path: &str, text: &str) -> rtsp::RTSPMediaFactory {
        let factory = rtsp::RTSPMediaFactory::new();
        factory.set_launch(&format!("( {text} )"));
        factory.set_shared(true);
        if self.locked {
            let mut rights = gst::Structure::new_empty("viewer");
            rights.set("media.factory.access", true);
            rights.set("media.factory.construct", true);
            factory.add_role_from_structure(&rights);
        }
        self.server.mount_points().unwrap().add_factory(path, factory.clone());
        factory
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let source = self.context.find_source_by_id(&self.source.take().unwrap()).unwrap();
        let (server, run) = (self.server.clone(), self.run.clone());
        // On the server's own thread, so that nothing of it is left when this returns.
        let end = glib::idle_source_new(None, glib::Priority::DEFAULT, move || {
            source.destroy();
            server.client_filter(Some(&mut |_, client| {
                client.close();
                rtsp::RTSPFilterResult::Remove
            }));
            run.quit();
            glib::ControlFlow::Break
        });
        end.attach(Some(&self.context));
        self.thread.take().unwrap().join().unwrap();
    }
}
