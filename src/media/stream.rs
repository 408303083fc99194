//! What is known of a live stream while it runs, for messages, reports and pages. Names and
//! causes come in without credentials.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// More notes than this are not kept until somebody reads them.
const MOST_NOTES: usize = 100;

/// Where a stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No picture yet.
    #[default]
    Connecting,
    /// Pictures come.
    Live,
    /// Pictures came, and will again.
    Lost,
    /// It has come to its end.
    Ended,
    /// It will not come again.
    Failed,
}

/// One stream's status, shared by who feeds it and who watches it.
#[derive(Clone, Debug, Default)]
pub struct Status(Arc<Mutex<Known>>);

/// What is known at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Known {
    /// The stream's name, without credentials.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// How often pictures came again after they had stopped.
    pub reconnects: u64,
    /// Attempts to connect that failed.
    pub failed_attempts: u64,
    /// Why pictures last stopped, or never came.
    pub trouble: Option<String>,
    /// Width and height of the pictures that come in.
    pub size: Option<(usize, usize)>,
    /// How the pictures come in.
    pub codec: Option<String>,
    /// Whether there is sound with them.
    pub sound: bool,
    /// Frames that an output could not take in time.
    pub output_dropped: u64,
    /// Why its output is lost at present.
    pub output_trouble: Option<String>,
    /// How often an output was lost and opened again.
    pub output_reopened: u64,
    #[serde(skip)]
    notes: VecDeque<String>,
}

impl Status {
    /// The status of a stream that is not connected yet.
    pub fn new(name: &str) -> Self {
        let status = Self::default();
        name.clone_into(&mut status.lock().name);
        status
    }

    /// What is known now.
    pub fn known(&self) -> Known {
        self.lock().clone()
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.lock().state
    }

    /// The notes since the last call, oldest first.
    pub fn take_notes(&self) -> Vec<String> {
        let mut known = self.lock();
        let name = known.name.clone();
        known.notes.drain(..).map(|note| format!("{name}: {note}")).collect()
    }

    /// Changes what is known.
    pub fn change<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.lock())
    }

    /// Says something to whoever watches.
    pub fn note(&self, text: impl Into<String>) {
        self.lock().note(text);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Says something to whoever watches.
    pub fn note(&mut self, text: impl Into<String>) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push_back(text.into());
        }
    }
}
