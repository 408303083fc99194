//! Cameras of this machine: which there are, and which of its formats one is asked for.

use anyhow::{Context, Result, anyhow};
use gstreamer as gst;
use gstreamer::prelude::*;
use serde::Serialize;

use super::launch::Launch;
use super::live::LiveOptions;
use super::source::{element, pipeline};
use crate::geometry::Size;

/// USB 2 carries about this many bytes a second: raw pictures beyond it come slowly.
const USB: usize = 30_000_000;

/// A camera as people choose it.
#[derive(Clone, Debug, Serialize)]
pub struct Camera {
    /// Its name.
    pub name: String,
    /// Its device, where it has one that can be named.
    pub device: Option<String>,
    /// What it can give.
    pub formats: Vec<CameraFormat>,
}

/// Pictures of one kind that a camera gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CameraFormat {
    /// `MJPEG`, or the layout of raw pixels.
    pub kind: String,
    /// `1280x720`, or a range.
    pub size: String,
    /// Pictures a second: one number, several, or a range.
    pub fps: String,
}

/// The cameras, in the system's order.
///
/// # Errors
/// If the system cannot be asked.
pub fn list() -> Result<Vec<Camera>> {
    Ok(devices()?.iter().map(describe).collect())
}

fn devices() -> Result<Vec<gst::Device>> {
    let monitor = gst::DeviceMonitor::new();
    monitor.add_filter(Some("Video/Source"), None).context("cameras cannot be looked for")?;
    monitor.start().context("cameras cannot be looked for")?;
    let found = monitor.devices().into_iter().collect();
    monitor.stop();
    Ok(found)
}

fn describe(device: &gst::Device) -> Camera {
    let mut formats: Vec<CameraFormat> = Vec::new();
    let caps = device.caps().unwrap_or_else(gst::Caps::new_empty);
    for structure in caps.iter() {
        let kind = match structure.name().as_str() {
            "image/jpeg" => "MJPEG".to_owned(),
            "video/x-raw" => value(structure, "format"),
            other => other.trim_start_matches("video/x-").to_uppercase(),
        };
        let size = format!("{}x{}", value(structure, "width"), value(structure, "height"));
        let format = CameraFormat { kind, size, fps: value(structure, "framerate") };
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    Camera { name: device.display_name().to_string(), device: path(device), formats }
}

/// A field of caps for people: 30/1 as 30, a list or a range as it is.
fn value(structure: &gst::StructureRef, field: &str) -> String {
    let Ok(value) = structure.value(field) else { return "any".to_owned() };
    let text = value.serialize().map(|text| text.to_string()).unwrap_or_default();
    text.replace("/1 ", " ").trim_end_matches("/1").replace("/1,", ",").replace("2147483647", "max")
}

fn path(device: &gst::Device) -> Option<String> {
    let known = device.properties()?;
    ["device.path", "api.v4l2.path", "object.path"]
        .into_iter()
        .find_map(|name| known.get::<String>(name).ok())
}

/// A camera about to be used.
pub(super) struct Opened {
    source: gst::Element,
    format: gst::Caps,
}

/// The camera that `which` names, by a part of its name or by its device; `None` if it is not
/// there.
pub(super) fn open(which: Option<&str>, options: &LiveOptions) -> Result<Option<Opened>> {
    let named = |device: &gst::Device| {
        let Some(which) = which else { return true };
        let name = device.display_name().to_lowercase();
        path(device).as_deref() == Some(which) || name.contains(&which.to_lowercase())
    };
    let Some(device) = devices()?.into_iter().find(named) else { return Ok(None) };
    let size = options.size.unwrap_or(Size::new(1280, 720));
    let offered = device.caps().unwrap_or_else(gst::Caps::new_any);
    let format = choose(&offered, size, options.fps.unwrap_or(30));
    let name = device.display_name();
    let source = device.create_element(None).with_context(|| format!("the camera {name}"))?;
    Ok(Some(Opened { source, format }))
}

/// The format that reaches `size` and `fps`: motion JPEG before raw where USB would be too
/// slow. Where nothing does, size goes before rate, and the nearest of what there is last.
fn choose(offered: &gst::Caps, size: Size, fps: u32) -> gst::Caps {
    let heavy = size.width * size.height * 2 * fps as usize > USB;
    let kinds = if heavy { ["image/jpeg", "video/x-raw"] } else { ["video/x-raw", "image/jpeg"] };
    let of_size = |kind: &str| {
        gst::Caps::builder(kind)
            .field("width", size.width as i32)
            .field("height", size.height as i32)
    };
    let at_rate =
        |kind: &&str| of_size(kind).field("framerate", gst::Fraction::new(fps as i32, 1)).build();
    let exact = kinds.iter().map(at_rate).find(|caps| offered.can_intersect(caps));
    let sized = || kinds.iter().map(|kind| of_size(kind).build());
    if let Some(found) = exact.or_else(|| sized().find(|caps| offered.can_intersect(caps))) {
        return found;
    }
    let any = kinds.iter().map(|kind| gst::Caps::builder(*kind).build());
    let Some(kind) = any.into_iter().find(|caps| offered.can_intersect(caps)) else {
        return offered.clone();
    };
    nearest(&offered.intersect(&kind), size, fps)
}

/// Of several sizes the nearest.
fn nearest(offered: &gst::Caps, size: Size, fps: u32) -> gst::Caps {
    let mut best: Option<(i64, gst::Structure)> = None;
    for structure in offered.iter() {
        let mut one = structure.to_owned();
        one.fixate_field_nearest_int("width", size.width as i32);
        one.fixate_field_nearest_int("height", size.height as i32);
        one.fixate_field_nearest_fraction("framerate", gst::Fraction::new(fps as i32, 1));
        let area = |s: &gst::Structure| {
            i64::from(s.get::<i32>("width").unwrap_or(0))
                * i64::from(s.get::<i32>("height").unwrap_or(0))
        };
        let off = (area(&one) - (size.width * size.height) as i64).abs();
        if best.as_ref().is_none_or(|(least, _)| off < *least) {
            best = Some((off, one));
        }
    }
    best.map_or_else(|| offered.clone(), |(_, structure)| gst::Caps::from_iter([structure]))
}

impl Opened {
    /// The pipeline of launch text's section [source], with this camera at its head.
    pub fn pipeline(
        self,
        launch: &Launch,
        values: &[(&str, &str)],
        mirror: bool,
    ) -> Result<gst::Pipeline> {
        let format = super::launch::quoted(&self.format.to_string());
        let mut values = values.to_vec();
        values.push(("format", &format));
        values
            .push(("mirror", if mirror { "videoflip video-direction=horiz" } else { "identity" }));
        let pipeline = pipeline(&launch.section("source", &values)?)?;
        pipeline.add(&self.source)?;
        self.source
            .link(&element(&pipeline, "camera")?)
            .map_err(|_| anyhow!("the camera does not give {}", self.format))?;
        Ok(pipeline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offered: &str, size: (usize, usize), fps: u32) -> String {
        gst::init().unwrap();
        let offered: gst::Caps = offered.parse().unwrap();
        choose(&offered, Size::new(size.0, size.1), fps).to_string()
    }

    /// What a usual webcam lists.
    const WEBCAM: &str = "video/x-raw,format=YUY2,width=640,height=480,framerate=30/1; \
        video/x-raw,format=YUY2,width=1280,height=720,framerate=10/1; \
        image/jpeg,width=1280,height=720,framerate=30/1; \
        image/jpeg,width=1920,height=1080,framerate=30/1";

    #[test]
    fn the_format_reaches_size_and_rate() {
        assert!(chosen(WEBCAM, (1280, 720), 30).starts_with("image/jpeg"), "raw gives 10 a second");
        assert!(chosen(WEBCAM, (640, 480), 30).starts_with("video/x-raw"), "small enough for raw");
        let slow = chosen(WEBCAM, (1280, 720), 60);
        assert!(
            slow.starts_with("image/jpeg") && slow.contains("1280"),
            "size before rate: {slow}"
        );
        let both = "video/x-raw,width=1280,height=720,framerate=30/1; \
            image/jpeg,width=1280,height=720,framerate=30/1";
        assert!(chosen(both, (1280, 720), 30).starts_with("image/jpeg"), "USB would throttle");
        assert!(chosen(both, (1280, 720), 10).starts_with("video/x-raw"));
    }

    #[test]
    fn without_a_match_the_nearest_is_taken() {
        let near = chosen(WEBCAM, (1900, 1000), 30);
        assert!(near.contains("1920") && near.contains("1080"), "{near}");
        let range = "video/x-raw,width=[16,4096],height=[16,4096],framerate=[0/1,120/1]";
        let exact = chosen(range, (800, 600), 25);
        assert!(exact.contains("800") && exact.contains("25/1"), "{exact}");
    }
}
