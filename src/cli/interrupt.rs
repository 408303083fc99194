//! Ctrl-C: once to end in good order, twice to leave at once.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

use crate::media::StopSignal;

/// What Ctrl-C (or SIGTERM) has to know.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    /// Set by the first one.
    pub stop: StopSignal,
    unfinished: Arc<Mutex<Option<PathBuf>>>,
}

impl Interrupt {
    /// Begins to listen. Once in a process.
    ///
    /// # Errors
    /// If the system refuses a signal handler.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let ours = interrupt.clone();
        ctrlc::set_handler(move || {
            if ours.stop.is_set() {
                ours.leave();
            }
            eprintln!("mask2face: finishing what is done so far; once more leaves at once");
            ours.stop.stop();
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(interrupt)
    }

    /// The file to remove on the second Ctrl-C.
    pub fn guard(&self, unfinished: Option<PathBuf>) {
        *self.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = unfinished;
    }

    #[expect(clippy::disallowed_methods, reason = "the user asked twice to leave at once")]
    fn leave(&self) {
        if let Some(path) = &*self.unfinished.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = std::fs::remove_file(path);
        }
        std::process::exit(1);
    }
}
