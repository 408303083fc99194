//! How far a job is: bars on a terminal, a line now and then elsewhere, JSON events for
//! programs. All of it on stderr; stdout is for results.
//!
//! | file | holds |
//! |---|---|
//! | `bars` | the look of the bars |
//! | [`pace`] | speed and time left |

mod bars;
pub mod pace;

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::json;

use self::bars::Bars;
use self::pace::{Batch, Pace};
use super::{one_line, shown};

/// How often a job is looked at.
pub const TICK: Duration = Duration::from_millis(20);
/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_secs(10);
/// How often an event tells the progress.
const EVENT: Duration = Duration::from_secs(1);

/// How progress is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// Bars on a terminal, lines elsewhere
    #[default]
    Auto,
    /// Bars
    Bars,
    /// A line now and then
    Lines,
    /// Events, one JSON object a line
    Json,
    /// Not at all; notes are told all the same
    None,
    /// As `--quiet` wants it: not even notes.
    #[value(skip)]
    Quiet,
}

/// Options of progress.
#[derive(clap::Args, Clone, Debug)]
pub struct ProgressArgs {
    /// How progress is told on stderr
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub progress: How,
}

impl ProgressArgs {
    /// How progress is told, unless nothing is to be said at all.
    pub fn unless(&self, quiet: bool) -> How {
        if quiet { How::Quiet } else { self.progress }
    }
}

/// Tells how far the batch is. Used by one thread.
#[derive(Debug)]
pub struct Board {
    how: How,
    bars: Option<Bars>,
    batch: RefCell<Batch>,
}

impl Board {
    /// The board of `files` files that are `weight` bytes together.
    pub fn new(how: How, files: usize, weight: u64) -> Self {
        let how = match how {
            How::Auto if stderr().is_terminal() => How::Bars,
            How::Auto => How::Lines,
            how => how,
        };
        let bars = (how == How::Bars).then(|| Bars::new(files));
        let board = Self { how, bars, batch: RefCell::new(Batch::new(files, weight)) };
        board.event(&json!({"event": "start", "files": files, "bytes": weight}));
        board
    }

    /// Whether errors too are told as events.
    pub fn is_json(&self) -> bool {
        self.how == How::Json
    }

    /// Begins the next file, of `weight` bytes.
    pub fn begin<'a>(&'a self, input: &'a Path, weight: u64) -> FileBoard<'a> {
        let nth = self.batch.borrow_mut().begin();
        self.event(&json!({"event": "file", "input": shown(input), "nth": nth}));
        if let Some(bars) = &self.bars {
            bars.begin(input);
        }
        let pace = Pace::new(Instant::now());
        let told = Cell::new(Instant::now());
        FileBoard { board: self, input, nth, weight, pace: RefCell::new(pace), told }
    }

    /// A line for people, whatever is shown below it.
    pub fn say(&self, line: &str) {
        let line = one_line(line);
        match (self.how, &self.bars) {
            (How::Json, _) => self.event(&json!({"event": "note", "text": line})),
            (How::Bars, Some(bars)) => bars.above(&format!("mask2face: {line}")),
            _ => eprintln!("mask2face: {line}"),
        }
    }

    /// As [`Board::say`], but only where somebody wants to hear more than errors.
    pub fn note(&self, line: &str) {
        if self.how != How::Quiet {
            self.say(line);
        }
    }

    /// Takes the bars away.
    pub fn end(&self) {
        if let Some(bars) = &self.bars {
            bars.end();
        }
    }

    /// An event, where events are wanted.
    pub fn event(&self, event: &serde_json::Value) {
        if self.is_json() {
            eprintln!("{event}");
        }
    }
}

/// Tells how far one file is.
#[derive(Debug)]
pub struct FileBoard<'a> {
    board: &'a Board,
    input: &'a Path,
    nth: usize,
    weight: u64,
    pace: RefCell<Pace>,
    told: Cell<Instant>,
}

impl FileBoard<'_> {
    /// How many frames there will be; `done` of them are there from an earlier run.
    pub fn expect(&self, frames: Option<u64>, done: u64) {
        self.pace.borrow_mut().expect(frames, done);
        if let Some(bars) = &self.board.bars {
            bars.expect(frames);
        }
    }

    /// Shows where the file is.
    pub fn show(&self, frames: u64, faces: u64) {
        let now = Instant::now();
        let mut pace = self.pace.borrow_mut();
        pace.reach(frames, faces);
        let batch = self.board.batch.borrow();
        if let Some(bars) = &self.board.bars {
            bars.show(&pace, &batch, batch.share(self.weight, pace.share()), now);
        }
        let every = if self.board.is_json() { EVENT } else { LINE };
        if now - self.told.get() < every {
            return;
        }
        self.told.set(now);
        match self.board.how {
            How::Lines => eprintln!("{}: {}", one_line(&shown(self.input)), pace.line(now)),
            How::Json => {
                let left = batch.left(self.weight, pace.share(), now);
                self.board.event(&json!({
                    "event": "progress", "input": shown(self.input), "frames": pace.frames(),
                    "of": pace.total(), "faces": pace.faces(), "fps": pace.fps(now),
                    "left_s": pace.left(now), "batch_left_s": left,
                }));
            }
            _ => {}
        }
    }

    /// A line for people, where somebody wants to hear more than errors.
    pub fn note(&self, line: &str) {
        self.board.note(line);
    }

    /// A line for people that even a quiet run prints.
    pub fn say(&self, line: &str) {
        self.board.say(line);
    }

    /// Ends the file, with one word on how and why.
    pub fn end(self, status: &str, output: Option<&Path>, why: Option<&str>) {
        let skipped = status == "skipped";
        self.board.batch.borrow_mut().end(self.weight, &self.pace.borrow(), skipped);
        self.board.event(&json!({
            "event": status, "input": shown(self.input), "output": output.map(shown), "why": why,
        }));
        let files = self.board.batch.borrow().files();
        if self.board.how == How::Lines && files > 1 {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            let input = one_line(&shown(self.input));
            eprintln!("[{}/{files}] {input}: {status}{}", self.nth, one_line(&why));
        }
    }
}
