//! `GStreamer` in and out: the only room that knows it.
//!
//! | file | holds |
//! |---|---|
//! | [`frame`], `decoder` | a picture over the decoder's buffer; what decoders are told |
//! | [`inspect`] | what is installed |
//! | [`launch`] | `pipelines/*.launch` |
//! | [`source`], [`intake`], `steps` | a file's frames, and when each is shown |
//! | [`encoding`] | which codec, quality, speed, encoder; `encoder` and `settings` carry it out |
//! | [`sink`], [`units`] | frames into coded pictures |
//! | [`mux`], `carry`, `iso`, `ebml` | coded pictures and the input's other streams into a file |
//! | `about` | what a file says of itself, whatever its container |
//! | [`reel`], [`stretch`] | a long video in parts, each worked on by itself |
//! | [`place`], [`target`] | an output's name, until and when it is whole; its container |
//! | [`probe`], `pulse` | what is in a file, without decoding it; whether it still gives anything |
//! | [`draft`], [`transcode`] | a new clip of drawn frames; the plain transcode, to compare with |
//! | [`verify`], `whole` | an output against its input; whether that one is all there |
//! | [`endpoint`], [`address`] | what INPUT and OUTPUT stand for; passwords are never shown |
//! | [`live`], `capture`, `trouble`, `reach` | a live stream: connects, plays, connects again |
//! | [`camera`] | cameras and their formats |
//! | `hold` | the picture while a stream is away |
//! | [`entrance`] | where live streams come in: the newest frame wins |
//! | [`outlet`] | what comes out of a live pipeline, and what takes it |
//! | [`open`], [`outflow`], [`serve`] | outputs: files, servers, devices; the RTSP server |
//! | [`window`], `view` | the preview and its keys |
//! | [`still`] | single pictures for a page |
//! | [`soundline`] | a live stream's sound |
//! | [`stream`] | how a live stream stands |
//! | [`timer`] | the time since a job began |

mod about;
pub mod address;
mod bus;
pub mod camera;
mod capture;
mod carry;
mod clock;
mod coding;
mod decoder;
pub mod draft;
mod ebml;
mod encoder;
pub mod encoding;
pub mod endpoint;
pub mod entrance;
mod feed;
pub mod frame;
mod hold;
pub mod inspect;
pub mod intake;
mod iso;
pub mod launch;
pub mod live;
pub mod mux;
pub mod open;
pub mod outflow;
pub mod outlet;
pub mod place;
pub mod probe;
mod pulse;
mod reach;
pub mod reel;
pub mod serve;
mod settings;
pub mod sink;
mod sound;
pub mod soundline;
pub mod source;
mod spell;
mod steps;
pub mod still;
pub mod stream;
pub mod stretch;
pub mod target;
pub mod timer;
pub mod transcode;
mod trouble;
pub mod units;
pub mod verify;
mod view;
mod whole;
pub mod window;

use anyhow::{Context, Result};

pub use encoding::Encoding;
pub use frame::Frame;
pub use launch::Launch;
pub use place::Place;
pub use reel::{Reel, StretchSource};
pub use sink::{FileSink, Plan};
pub use source::{FileSource, StopSignal};
pub use target::{Container, Target};

/// Gives frames in the order in which they are shown.
pub trait Source: Send {
    /// The next frame; `None` at the end of the stream.
    ///
    /// # Errors
    /// If nothing more can be had and the job is lost by that.
    fn next_frame(&mut self) -> Result<Option<Frame>>;
}

/// Takes frames in the order in which they are shown.
pub trait Sink: Send {
    /// Takes one frame; waits while there is no room.
    ///
    /// # Errors
    /// If the frame cannot be written.
    fn push(&mut self, frame: Frame) -> Result<()>;

    /// Ends the stream and makes the output whole. A sink that is dropped instead leaves
    /// nothing behind.
    ///
    /// # Errors
    /// If the output cannot be completed.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Makes `GStreamer` ready. Once, before anything else of this room.
///
/// # Errors
/// If the installation is broken.
pub fn init() -> Result<()> {
    gstreamer::init().context("GStreamer does not start; `mask2face doctor` says what is missing")
}
