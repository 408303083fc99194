//! What a stage is, the one loop around it, and the one place where threads begin.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use crossbeam_channel::Sender;

use super::stats::StageStats;
use super::team::Line;

/// One step of a pipeline, on a thread of its own.
pub trait Stage: Send + 'static {
    /// What comes in.
    type In: Send;
    /// What goes out.
    type Out: Send;
    /// The thread's name, and the name in errors and reports.
    const NAME: &'static str;

    /// Works on one item; `None` keeps it back.
    ///
    /// # Errors
    /// If the job is lost; what failed on this item alone is better passed on and counted.
    fn process(&mut self, item: Self::In) -> Result<Option<Self::Out>>;
}

/// The first error of any stage: later ones are mostly its echo.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstError(Arc<Mutex<Option<anyhow::Error>>>);

impl FirstError {
    pub fn set(&self, error: anyhow::Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    pub fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub fn take(&self) -> Option<anyhow::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Starts a named thread.
pub(super) fn spawn(
    name: &'static str,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .with_context(|| format!("the thread {name} does not start"))
}

/// Runs `body`, and puts its error or panic down as that of stage `name`.
pub(super) fn guarded(name: &str, first: &FirstError, body: impl FnOnce() -> Result<()>) {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => first.set(error.context(name.to_owned())),
        Err(panic) => first.set(anyhow!("{name}: panicked: {}", panic_text(&*panic))),
    }
}

/// The loop of every stage between source and sink. It ends with its input, or when nobody
/// takes its output any more.
pub(super) fn work<S: Stage>(
    stage: &mut S,
    input: &Line<S::In>,
    output: &Sender<S::Out>,
    stats: &StageStats,
) -> Result<()> {
    while let Some(item) = input.take() {
        stats.took();
        let done = stats.time(|| stage.process(item))?;
        let Some(done) = done else { continue };
        if output.send(done).is_err() {
            break;
        }
        stats.gave();
    }
    Ok(())
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "for no stated reason".to_owned())
}
