//! What the elements of a pipeline say, as plain sentences, and a place to wait for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;

use super::pulse::Pulse;

/// How often a waiting thread looks whether anything still moves.
pub(super) const LOOK: Duration = Duration::from_millis(100);
/// After so many looks without a movement a demuxer is taken for dead.
pub(super) const IDLE: u32 = 3;
/// What qtdemux says of a file whose index is missing.
pub(super) const NO_STREAMS: &str = "This file contains no playable streams";

/// What has come over a bus so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The first error, and whether it came from within the element named at [`Bell::ring`].
    pub error: Option<String>,
    /// The first error from the side branch (the input's sound).
    pub side_error: Option<String>,
    /// The side branch has been ended because of that.
    pub side_ended: bool,
    /// Codecs of pictures that are not installed.
    pub missing: Vec<String>,
    /// The end of the stream reached the sinks.
    pub eos: bool,
    /// The input's streams are all known.
    pub streams_known: bool,
}

/// Shared between the streaming threads, which write, and one thread that waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Bell(Arc<(Mutex<Heard>, Condvar)>);

impl Bell {
    /// Changes what is known and wakes the waiting thread.
    pub fn ring(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.lock());
        self.0.1.notify_all();
    }

    /// What is known now.
    pub fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `done`.
    pub fn wait(&self, done: impl Fn(&Heard) -> bool) -> MutexGuard<'_, Heard> {
        let guard = self.lock();
        self.0.1.wait_while(guard, |heard| !done(heard)).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `done`, for `limit` at most; false if that passed.
    pub fn wait_at_most(&self, limit: Duration, done: impl Fn(&Heard) -> bool) -> bool {
        let waited = self.0.1.wait_timeout_while(self.lock(), limit, |heard| !done(heard));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// As [`Bell::wait`], and gives up with an error when the pipeline's demuxer is dead, or nothing
    /// has moved by its `pulse` for too long.
    pub fn wait_lively(
        &self,
        (pipeline, pulse): (&gst::Pipeline, &mut Pulse),
        demuxer: &str,
        done: impl Fn(&Heard) -> bool,
    ) -> MutexGuard<'_, Heard> {
        let mut idle = 0;
        while idle < IDLE && pulse.stopped().is_none() {
            let guard = self.lock();
            let waited = self.0.1.wait_timeout_while(guard, LOOK, |heard| !done(heard));
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if !timeout.timed_out() {
                return guard;
            }
            drop(guard);
            idle = if is_idle(pipeline, demuxer) { idle + 1 } else { 0 };
            pulse.look();
        }
        let cause = pulse.stopped().unwrap_or_else(|| NO_STREAMS.to_owned());
        self.ring(|heard| {
            heard.error.get_or_insert(cause);
        });
        self.lock()
    }

    /// Listens to `pipeline`. Errors from within `side` are kept apart.
    pub fn listen(&self, pipeline: &gst::Pipeline, side: Option<gst::Element>) {
        let Some(bus) = pipeline.bus() else { return };
        let bell = self.clone();
        bus.set_sync_handler(move |_, message| {
            bell.hear(message, side.as_ref());
            gst::BusSyncReply::Drop
        });
    }

    fn hear(&self, message: &gst::Message, side: Option<&gst::Element>) {
        match message.view() {
            gst::MessageView::Eos(_) => self.ring(|heard| heard.eos = true),
            gst::MessageView::Error(error) => {
                let text = sentence(error);
                let from_side = side.is_some_and(|side| {
                    message.src().is_some_and(|src| src == side || src.has_as_ancestor(side))
                });
                self.ring(|heard| {
                    let slot = if from_side { &mut heard.side_error } else { &mut heard.error };
                    slot.get_or_insert(text);
                });
            }
            gst::MessageView::Element(_) => {
                if let Ok(missing) = gstreamer_pbutils::MissingPluginMessage::parse(message) {
                    let what = missing.description().to_string();
                    // data that nobody decodes needs no decoder
                    if is_picture(message) {
                        self.ring(|heard| heard.missing.push(what));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether what is missing is for pictures, or does not say for what.
fn is_picture(message: &gst::Message) -> bool {
    let caps = message.structure().and_then(|s| s.get::<gst::Caps>("detail").ok());
    let name = caps.as_ref().and_then(|caps| caps.structure(0)).map(|s| s.name().as_str());
    name.is_none_or(|name| name.starts_with("video/") || name.starts_with("image/"))
}

/// Whether no thread of the demuxer of that name runs, and no stream has come out of it:
/// parsebin sometimes swallows its inner demuxer's error.
pub(super) fn is_idle(pipeline: &gst::Pipeline, demuxer: &str) -> bool {
    let Some(input) = pipeline.by_name(demuxer) else { return false };
    let Ok(input) = input.downcast::<gst::Bin>() else { return false };
    let mut inner: Vec<gst::Element> = input.iterate_recurse().into_iter().flatten().collect();
    inner.extend(pipeline.iterate_sources().into_iter().flatten());
    let runs = |pad: &gst::Pad| pad.task_state() == gst::TaskState::Started;
    input.src_pads().is_empty() && !inner.iter().any(|element| element.pads().iter().any(runs))
}

/// An error as the user should read it: the system's own reason where there is one.
pub(super) fn sentence(error: &gst::message::Error) -> String {
    let said = error.error();
    if said.matches(gst::ResourceError::NoSpaceLeft) {
        return "No space left on device".to_owned();
    }
    let debug = error.debug().map(|debug| debug.to_string()).unwrap_or_default();
    let cause = debug.lines().last().filter(|line| !line.contains("():")).unwrap_or_default();
    if said.is::<gst::ResourceError>() && !cause.is_empty() {
        return cause.rsplit(": ").next().unwrap_or(cause).trim_end_matches('.').to_owned();
    }
    said.message().trim_end_matches('.').to_owned()
}
