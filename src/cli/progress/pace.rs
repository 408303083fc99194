//! Speed and time left, of a file and of a batch.

use std::time::{Duration, Instant};

/// Where one file is.
#[derive(Clone, Debug)]
pub struct Pace {
    begun: Instant,
    total: Option<u64>,
    before: u64,
    frames: u64,
    faces: u64,
}

impl Pace {
    /// A file that begins `now`.
    pub fn new(now: Instant) -> Self {
        Self { begun: now, total: None, before: 0, frames: 0, faces: 0 }
    }

    /// How many frames there will be; `done` of them cost nothing in this run.
    pub fn expect(&mut self, total: Option<u64>, done: u64) {
        (self.total, self.before) = (total, done);
    }

    /// Frames done, those of an earlier run among them, and faces seen so far.
    pub fn reach(&mut self, frames: u64, faces: u64) {
        (self.frames, self.faces) = (frames, faces);
    }

    /// Frames done.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames to come in all, where that is known.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Faces seen, summed over the frames.
    pub fn faces(&self) -> u64 {
        self.faces
    }

    /// Frames a second in this run.
    pub fn fps(&self, now: Instant) -> f64 {
        let seconds = (now - self.begun).as_secs_f64();
        if seconds > 0.0 { self.frames.saturating_sub(self.before) as f64 / seconds } else { 0.0 }
    }

    /// The share that is done, 0..1; 0 where the length is unknown.
    pub fn share(&self) -> f64 {
        self.total.map_or(0.0, |total| (self.frames as f64 / total.max(1) as f64).min(1.0))
    }

    /// Seconds left at this speed.
    pub fn left(&self, now: Instant) -> Option<f64> {
        let fps = self.fps(now);
        let left = self.total?.saturating_sub(self.frames) as f64;
        (fps > 0.0).then(|| left / fps)
    }

    /// All of it in one line.
    pub fn line(&self, now: Instant) -> String {
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let left = self.left(now).map(|s| format!(", {} left", clock(s))).unwrap_or_default();
        let fps = self.fps(now);
        format!("{}{of} frames, {fps:.1} fps{left}, {} faces", self.frames, self.faces)
    }
}

/// Where the batch is. Files count by their bytes: the best guess before they are opened.
#[derive(Clone, Debug)]
pub struct Batch {
    begun: Instant,
    files: usize,
    nth: usize,
    weight: u64,
    done: u64,
    frames: u64,
    faces: u64,
}

impl Batch {
    /// A batch of `files` files of `weight` bytes together.
    pub fn new(files: usize, weight: u64) -> Self {
        let begun = Instant::now();
        Self { begun, files, nth: 0, weight, done: 0, frames: 0, faces: 0 }
    }

    /// Begins a file and gives its number, from 1.
    pub fn begin(&mut self) -> usize {
        self.nth += 1;
        self.nth
    }

    /// Ends a file; one that was skipped says nothing about the speed.
    pub fn end(&mut self, weight: u64, pace: &Pace, skipped: bool) {
        self.frames += pace.frames;
        self.faces += pace.faces;
        if skipped {
            self.weight = self.weight.saturating_sub(weight);
        } else {
            self.done += weight;
        }
    }

    /// Files in all.
    pub fn files(&self) -> usize {
        self.files
    }

    /// The share that is done, 0..1, with `share` of a file of `weight` bytes under way.
    pub fn share(&self, weight: u64, share: f64) -> f64 {
        let done = self.done as f64 + share * weight as f64;
        (done / self.weight.max(1) as f64).min(1.0)
    }

    /// Seconds left for the whole batch.
    pub fn left(&self, weight: u64, share: f64, now: Instant) -> Option<f64> {
        let share = self.share(weight, share);
        let seconds = (now - self.begun).as_secs_f64();
        (share > 0.0).then(|| seconds * (1.0 - share) / share)
    }

    /// All of it in one line.
    pub fn line(&self, pace: &Pace, share: f64, now: Instant) -> String {
        let (frames, faces) = (self.frames + pace.frames, self.faces + pace.faces);
        let seconds = (now - self.begun).as_secs_f64().max(1e-3);
        let left = (share > 0.0).then(|| clock(seconds * (1.0 - share) / share));
        let left = left.map(|left| format!(" · {left} left")).unwrap_or_default();
        let fps = frames as f64 / seconds;
        format!("file {} of {} · {fps:.1} fps{left} · {faces} faces", self.nth, self.files)
    }
}

/// Seconds for people: 42 s, 3:07 or 1:02:03.
pub fn clock(seconds: f64) -> String {
    let s = Duration::from_secs_f64(seconds.clamp(0.0, 1e9)).as_secs();
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_an_earlier_run_do_not_count_as_speed() {
        let begun = Instant::now();
        let mut pace = Pace::new(begun);
        pace.expect(Some(400), 100);
        pace.reach(200, 50);
        let now = begun + Duration::from_secs(10);
        assert!((pace.fps(now) - 10.0).abs() < 1e-6);
        assert!((pace.left(now).unwrap() - 20.0).abs() < 1e-6);
        assert_eq!(pace.line(now), "200 of 400 frames, 10.0 fps, 20 s left, 50 faces");
    }

    #[test]
    fn a_batch_goes_by_bytes_and_skipped_files_do_not_count() {
        let mut batch = Batch::new(3, 400);
        let pace = Pace::new(batch.begun);
        batch.begin();
        batch.end(200, &pace, true);
        batch.begin();
        batch.end(50, &pace, false);
        assert!((batch.share(100, 0.5) - 0.5).abs() < 1e-6);
        let now = batch.begun + Duration::from_secs(30);
        assert!((batch.left(100, 0.5, now).unwrap() - 30.0).abs() < 1e-6);
    }

    #[test]
    fn time_reads_like_a_clock() {
        assert_eq!([42.9, 187.0, 3723.0].map(clock), ["42 s", "3:07", "1:02:03"]);
    }
}
