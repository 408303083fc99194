//! Why a live stream has no picture, told apart.

use std::fmt;

use gstreamer as gst;

use super::bus;

/// What keeps a stream from giving pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody answers there, or the connection breaks.
    Unreachable(String),
    /// The server wants another user or password.
    WrongPassword,
    /// The server knows no such stream.
    NotFound,
    /// The server closed the stream.
    Closed,
    /// The stream stands open, and nothing comes.
    Stalled(u64),
    /// The camera is not there, or is gone.
    Unplugged(String),
    /// Pictures of a kind that cannot be decoded here.
    NoDecoder(String),
    /// Something else.
    Other(String),
}

impl Trouble {
    /// What an element's error means.
    pub fn of(error: &gst::message::Error) -> Self {
        let (said, text) = (error.error(), bus::sentence(error));
        let debug = error.debug().map(|debug| debug.to_string()).unwrap_or_default();
        let refused = debug.contains("Unauthorized") || text.contains("Unauthorized");
        if said.matches(gst::ResourceError::NotAuthorized) || refused {
            Self::WrongPassword
        } else if said.matches(gst::ResourceError::NotFound) {
            Self::NotFound
        } else if said.matches(gst::CoreError::MissingPlugin)
            || said.matches(gst::StreamError::CodecNotFound)
        {
            Self::NoDecoder(text)
        } else if said.is::<gst::ResourceError>() {
            Self::Unreachable(text)
        } else {
            Self::Other(text)
        }
    }

    /// Whether there is no use in trying again. A stream that was there once may come back
    /// after its server forgot it for a while.
    pub fn is_final(&self, was_there: bool) -> bool {
        match self {
            Self::WrongPassword | Self::NoDecoder(_) => true,
            Self::NotFound | Self::Unplugged(_) => !was_there,
            _ => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "cannot be reached: {why}"),
            Self::WrongPassword => f.write_str(
                "the server refuses user and password; put the right ones into the address, or \
                 into MASK2FACE_RTSP_USER and MASK2FACE_RTSP_PASSWORD",
            ),
            Self::NotFound => {
                f.write_str("the server has no such stream (404); check the address's path")
            }
            Self::Closed => f.write_str("the stream was closed from the other side"),
            Self::Stalled(seconds) => write!(f, "stalled: no picture for {seconds} s"),
            Self::Unplugged(which) => {
                write!(f, "there is no {which}; plug it in, or choose one of `mask2face cameras`")
            }
            Self::NoDecoder(what) => write!(
                f,
                "its pictures cannot be decoded here: {what}; install gstreamer1.0-libav and \
                 gstreamer1.0-plugins-bad"
            ),
            Self::Other(why) => f.write_str(why),
        }
    }
}
