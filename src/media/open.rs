//! Outputs as outlets: what can be wrong from the start is said before anything begins.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use gstreamer as gst;

use super::address::{Login, Secret};
use super::endpoint::{Output, Protocol};
use super::launch::Launch;
use super::outflow::{Belonging, Goal, Outflow};
use super::outlet::{Nothing, Outlet};
use super::serve::{self, Server, Serving};
use super::source::StopSignal;
use super::target::Target;
use super::window::{Figures, Window};

/// Opens the outputs of one job; streams share its servers.
#[derive(Debug, Default)]
pub struct Opener {
    servers: HashMap<(String, u16), Arc<Server>>,
    launch: Option<Launch>,
    overwrite: bool,
}

impl Opener {
    /// An opener with the user's own pipelines, if any, that may replace files if `overwrite`.
    pub fn new(launch: Option<Launch>, overwrite: bool) -> Self {
        Self { servers: HashMap::new(), launch, overwrite }
    }

    /// The outlet of a stream.
    ///
    /// # Errors
    /// If the output cannot be had: its name is taken, its port too, or something is not
    /// installed.
    pub fn open(&mut self, output: &Output, of: Belonging) -> Result<Box<dyn Outlet>> {
        let shown = output.to_string();
        let outflow = |preset: &str, goal: Goal| -> Result<Outflow> {
            Ok(Outflow::new(shown.clone(), self.text(preset)?, goal, of.clone()))
        };
        Ok(match output {
            Output::Null => Box::new(Nothing),
            Output::File(path) => {
                let target = Target::new(path, self.overwrite)?;
                Box::new(outflow("record", Goal::File(target))?)
            }
            Output::Hls(path) => {
                needs("hlssink2", "gstreamer1.0-plugins-bad")?;
                let launch = hls(&self.text("hls")?, path)?;
                let playlist = utf8(path)?;
                let goal = Goal::Property("playlist-location", Secret::new(playlist));
                Box::new(Outflow::new(shown, launch, goal, of))
            }
            Output::Send(protocol, address) => {
                let (preset, element, package, property) = match protocol {
                    Protocol::RtspPush => {
                        ("push", "rtspclientsink", "gstreamer1.0-rtsp", "location")
                    }
                    Protocol::Srt => ("srt", "srtsink", "gstreamer1.0-plugins-bad", "uri"),
                    Protocol::Rtmp => ("rtmp", "rtmp2sink", "gstreamer1.0-plugins-bad", "location"),
                };
                needs(element, package)?;
                let goal = Goal::Property(property, address.without_login());
                Box::new(outflow(preset, goal)?.with_login(address.login.clone()))
            }
            Output::Stdout => Box::new(outflow("stdout", Goal::Fixed)?),
            Output::VirtualCamera(device) => self.virtual_camera(device.as_deref(), &shown, of)?,
            Output::Window => bail!("a window is opened with its figures"),
            Output::Serve(address) => {
                let host = address.host.clone();
                let key = (host, address.port.unwrap_or(8554));
                let login = address.login.clone().or_else(|| Login::from_env("MASK2FACE_SERVE"));
                let server = match self.servers.get(&key) {
                    Some(server) => Arc::clone(server),
                    None => Arc::new(Server::start(address, login.as_ref())?),
                };
                self.servers.insert(key, Arc::clone(&server));
                let launch = self.text("serve")?;
                Box::new(Serving::new(server, serve::path_of(address)?, launch, of))
            }
        })
    }

    /// A window that shows a stream; `figures` are what it tells, and q sets `stop`.
    ///
    /// # Errors
    /// If there is no display.
    pub fn window(
        &self,
        of: Belonging,
        figures: Figures,
        stop: StopSignal,
    ) -> Result<Box<dyn Outlet>> {
        Ok(Box::new(Window::new(self.text("window")?, of, figures, stop)?))
    }

    /// The ports of the RTSP servers.
    pub fn ports(&self) -> Vec<u16> {
        self.servers.values().map(|server| server.port()).collect()
    }

    /// The user's pipelines where they have a [sink], else the built-in ones.
    fn text(&self, preset: &str) -> Result<Launch> {
        match &self.launch {
            Some(own) if own.has("sink") => Ok(own.clone()),
            _ => Launch::preset(preset),
        }
    }

    fn virtual_camera(
        &self,
        device: Option<&str>,
        shown: &str,
        of: Belonging,
    ) -> Result<Box<dyn Outlet>> {
        let launch = self.text("virtual-camera")?;
        let loopback = device.map(str::to_owned).or_else(first_loopback);
        if let Some(device) = loopback {
            ensure!(
                Path::new(&device).exists(),
                "there is no {device}; load v4l2loopback (modprobe v4l2loopback), or name another \
                 device"
            );
            let goal = Goal::Property("device", Secret::new(device));
            return Ok(Box::new(Outflow::new(shown.to_owned(), launch, goal, of)));
        }
        if has("pipewiresink") && pipewire_runs() {
            let outflow = Outflow::new(shown.to_owned(), launch, Goal::Fixed, of);
            return Ok(Box::new(outflow.with_section("pipewire")));
        }
        bail!(
            "a virtual camera needs one of two things, and neither is here: the kernel module \
             v4l2loopback (apt-get install v4l2loopback-dkms, then modprobe v4l2loopback \
             exclusive_caps=1), or a running PipeWire with gstreamer1.0-pipewire"
        )
    }
}

/// HLS segments lie beside their playlist.
fn hls(launch: &Launch, playlist: &Path) -> Result<Launch> {
    let folder = playlist.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(
        folder.is_dir(),
        "{}: the folder {} does not exist; make it first",
        playlist.display(),
        folder.display()
    );
    let stem = playlist.file_stem().unwrap_or_default().to_string_lossy();
    let segments = folder.join(format!("{stem}-%05d.ts"));
    let segments = super::launch::quoted(utf8(&segments)?);
    Ok(launch.with("segments", &segments))
}

fn utf8(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{}: the name is not UTF-8", path.display()))
}

/// The first device that v4l2loopback made.
fn first_loopback() -> Option<String> {
    let mut devices: Vec<_> = std::fs::read_dir("/sys/devices/virtual/video4linux")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    devices.sort();
    devices.first().map(|name| format!("/dev/{name}"))
}

fn pipewire_runs() -> bool {
    let folder =
        std::env::var_os("XDG_RUNTIME_DIR").or_else(|| std::env::var_os("PIPEWIRE_RUNTIME_DIR"));
    folder.is_some_and(|folder| Path::new(&folder).join("pipewire-0").exists())
}

fn has(element: &str) -> bool {
    gst::ElementFactory::find(element).is_some()
}

fn needs(element: &str, package: &str) -> Result<()> {
    gst::ElementFactory::find(element)
        .map(|_| ())
        .with_context(|| format!("the element {element} is missing; apt-get install {package}"))
}
