//! What the words INPUT and -o OUTPUT stand for.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::address::Address;

/// Where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file or a folder: nothing of it is lost.
    File(PathBuf),
    /// A camera by a part of its name or by its device; without either the first.
    Camera(Option<String>),
    /// A stream from an RTSP server.
    Rtsp(Address),
    /// A moving test picture.
    Test,
    /// Standard input.
    Stdin,
}

impl Input {
    /// What `text` stands for. A file of that name comes second: `./test` is the file.
    ///
    /// # Errors
    /// If it looks like an address, and is none.
    pub fn parse(text: &Path) -> Result<Self> {
        let Some(word) = text.to_str() else { return Ok(Self::File(text.to_owned())) };
        match word {
            "-" => return Ok(Self::Stdin),
            "test" => return Ok(Self::Test),
            "camera" => return Ok(Self::Camera(None)),
            _ => {}
        }
        if let Some(which) = word.strip_prefix("camera:") {
            ensure!(!which.is_empty(), "camera: names no camera; see `mask2face cameras`");
            return Ok(Self::Camera(Some(which.to_owned())));
        }
        match scheme(word) {
            Some("rtsp" | "rtsps") => {
                Ok(Self::Rtsp(Address::parse(word).context("the rtsp:// input")?))
            }
            Some(other) => bail!(
                "an input {other}:// is not known; use a file, a folder, camera, rtsp://, test or -"
            ),
            None => Ok(Self::File(text.to_owned())),
        }
    }

    /// Whether it may come again after it broke.
    pub fn comes_again(&self) -> bool {
        matches!(self, Self::Rtsp(_) | Self::Camera(_))
    }

    /// The name of the built-in pipelines that play it live.
    pub(super) fn preset(&self) -> &'static str {
        match self {
            Self::File(_) => "play",
            Self::Camera(_) => "camera",
            Self::Rtsp(_) => "rtsp",
            Self::Test => "test",
            Self::Stdin => "stdin",
        }
    }

    /// Whether it does not wait: what cannot be worked on in time is lost.
    pub fn is_live(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Camera(None) => f.write_str("camera"),
            Self::Camera(Some(which)) => write!(f, "camera:{which}"),
            Self::Rtsp(address) => write!(f, "{address}"),
            Self::Test => f.write_str("test"),
            Self::Stdin => f.write_str("stdin"),
        }
    }
}

/// A server to send to, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RTSP, ANNOUNCE and RECORD.
    RtspPush,
    /// SRT.
    Srt,
    /// RTMP.
    Rtmp,
}

/// Where frames go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A file, or a folder for several inputs.
    File(PathBuf),
    /// An HLS playlist, its segments beside it.
    Hls(PathBuf),
    /// A window on this machine.
    Window,
    /// Served from here to whoever connects.
    Serve(Address),
    /// Sent to a server.
    Send(Protocol, Address),
    /// A camera for other programs: the device, or the first that there is.
    VirtualCamera(Option<String>),
    /// Nowhere.
    Null,
    /// Standard output, as Matroska.
    Stdout,
}

impl Output {
    /// What `text` stands for; `./null` is a file.
    ///
    /// # Errors
    /// If it looks like an address, and is none that can be written to.
    pub fn parse(text: &Path) -> Result<Self> {
        let Some(word) = text.to_str() else { return Ok(Self::File(text.to_owned())) };
        match word {
            "-" => return Ok(Self::Stdout),
            "null" => return Ok(Self::Null),
            "window" => return Ok(Self::Window),
            "virtual-camera" => return Ok(Self::VirtualCamera(None)),
            _ => {}
        }
        if let Some(device) = word.strip_prefix("virtual-camera:") {
            return Ok(Self::VirtualCamera(Some(device.to_owned())));
        }
        let address = |text: &str| Address::parse(text).context("the output's address");
        match scheme(word) {
            Some("rtsp") => {
                let address = address(word)?;
                ensure!(
                    address.path.len() > 1,
                    "{address}: name what is served, as in rtsp://127.0.0.1:8554/live"
                );
                Ok(Self::Serve(address))
            }
            Some("rtsp+push") => {
                Ok(Self::Send(Protocol::RtspPush, address(&word.replacen("+push", "", 1))?))
            }
            Some("srt") => Ok(Self::Send(Protocol::Srt, address(word)?)),
            Some("rtmp" | "rtmps") => Ok(Self::Send(Protocol::Rtmp, address(word)?)),
            Some(other) => bail!(
                "an output {other}:// is not known; use a file, a folder, window, rtsp://, \
                 rtsp+push://, srt://, rtmp://, virtual-camera, null or -"
            ),
            None if text.extension().is_some_and(|e| e == "m3u8") => Ok(Self::Hls(text.to_owned())),
            None => Ok(Self::File(text.to_owned())),
        }
    }

    /// Whether frames go out as they come, to somebody who watches now.
    pub fn is_live(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Hls(path) => write!(f, "{}", path.display()),
            Self::Window => f.write_str("window"),
            Self::Send(Protocol::RtspPush, address) => {
                write!(f, "{}", address.to_string().replacen("rtsp", "rtsp+push", 1))
            }
            // The path of RTMP is the key that lets one publish.
            Self::Send(Protocol::Rtmp, address) => {
                write!(f, "{}://{}/***", address.scheme, address.host)
            }
            Self::Serve(address) | Self::Send(Protocol::Srt, address) => write!(f, "{address}"),
            Self::VirtualCamera(None) => f.write_str("virtual-camera"),
            Self::VirtualCamera(Some(device)) => write!(f, "virtual-camera:{device}"),
            Self::Null => f.write_str("null"),
            Self::Stdout => f.write_str("stdout"),
        }
    }
}

/// The scheme of an address, if `text` is one.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let plain = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    (plain && !scheme.is_empty()).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Result<Input> {
        Input::parse(Path::new(text))
    }

    fn output(text: &str) -> Result<Output> {
        Output::parse(Path::new(text))
    }

    #[test]
    fn every_kind_of_input_is_told_from_the_others() {
        assert_eq!(input("camera").unwrap(), Input::Camera(None));
        let named = input("camera:/dev/video2").unwrap();
        assert_eq!(named, Input::Camera(Some("/dev/video2".into())));
        assert_eq!(input("./test").unwrap(), Input::File("./test".into()));
        assert_eq!(input("a:b.mp4").unwrap(), Input::File("a:b.mp4".into()));
        assert!(matches!(input("rtsp://u:p@host/x").unwrap(), Input::Rtsp(_)));
        assert!(input("http://host/x").unwrap_err().to_string().contains("input http://"));
        assert!(input("camera:").is_err());
    }

    #[test]
    fn every_kind_of_output_is_told_from_the_others_and_hides_its_secrets() {
        assert_eq!(output("null").unwrap(), Output::Null);
        assert_eq!(output("live/a.m3u8").unwrap(), Output::Hls("live/a.m3u8".into()));
        assert_eq!(output("a.mp4").unwrap(), Output::File("a.mp4".into()));
        assert!(output("rtsp://127.0.0.1:8554").is_err(), "what is served has a name");
        let push = output("rtsp+push://u:secret@host:8554/a").unwrap();
        assert_eq!(push.to_string(), "rtsp+push://host:8554/a");
        assert!(!format!("{push:?}").contains("secret"));
        let rtmp = output("rtmp://host/live/secret").unwrap();
        assert_eq!(rtmp.to_string(), "rtmp://host/***");
        let srt = output("srt://host:7001?passphrase=secret").unwrap();
        assert!(!srt.to_string().contains("secret"));
    }
}
