//! The coded picture on its way from the encoder to the output: access units one after the
//! other in a file, and a list of where each lies and when it is shown. No container rounds,
//! shifts or interprets anything in between.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use gstreamer as gst;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use serde::{Deserialize, Serialize};

use super::bus::Bell;

/// One coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its bytes.
    pub size: u32,
    /// When it is shown: running time in ns.
    pub pts: i64,
    /// When it is decoded: running time in ns, may lie before zero.
    pub dts: i64,
    /// Whether decoding can begin here.
    pub key: bool,
}

/// A stretch of coded picture.
#[derive(Debug)]
pub struct Units {
    file: File,
    /// The stream's caps as text, once the encoder has told them.
    pub caps: String,
    /// In decoding order.
    pub list: Vec<Unit>,
}

impl Units {
    /// What lies in `file`, as an earlier [`Collector::finish`] told it.
    pub fn open(file: File, caps: String, list: Vec<Unit>) -> Self {
        Self { file, caps, list }
    }

    /// The bytes of a unit.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read(&self, unit: &Unit) -> Result<Vec<u8>> {
        let mut bytes = vec![0; unit.size as usize];
        self.file.read_exact_at(&mut bytes, unit.offset).context("the coded picture is gone")?;
        Ok(bytes)
    }

    /// The file in which they lie.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The stream's caps.
    pub(super) fn caps(&self) -> Result<gst::Caps> {
        self.caps.parse().context("the encoder told no caps")
    }
}

/// Writes what comes out of an encoder.
#[derive(Clone, Debug)]
pub struct Collector(Arc<Mutex<Writing>>);

#[derive(Debug)]
struct Writing {
    file: Option<File>,
    at: u64,
    caps: String,
    list: Vec<Unit>,
}

impl Collector {
    /// Writes what arrives at `sink` to `file`; `bell` rings when that fails.
    pub(super) fn attach(sink: &AppSink, file: File, bell: &Bell) -> Self {
        let writing = Writing { file: Some(file), at: 0, caps: String::new(), list: Vec::new() };
        let collector = Self(Arc::new(Mutex::new(writing)));
        let (ours, failed) = (collector.clone(), bell.clone());
        let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            ours.add(&sample).map_err(|cause| {
                failed.ring(|heard| {
                    heard.error.get_or_insert(cause);
                });
                gst::FlowError::Error
            })?;
            Ok(gst::FlowSuccess::Ok)
        });
        sink.set_callbacks(callbacks.build());
        collector
    }

    fn add(&self, sample: &gst::Sample) -> Result<(), String> {
        let mut writing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let writing = &mut *writing;
        let buffer = sample.buffer().ok_or("the encoder gave no data")?;
        let segment = sample.segment().and_then(|s| s.downcast_ref::<gst::ClockTime>());
        let segment = segment.ok_or("the encoder keeps no time")?;
        let running = |time: Option<gst::ClockTime>| {
            let signed = segment.to_running_time_full(time?)?;
            let ns = signed.abs().nseconds() as i64;
            Some(if signed.is_negative() { -ns } else { ns })
        };
        let pts = running(buffer.pts()).ok_or("the encoder gave a picture without its time")?;
        let dts = running(buffer.dts()).unwrap_or(pts);
        if let Some(caps) = sample.caps().filter(|_| writing.caps.is_empty()) {
            writing.caps = caps.to_string();
        }
        let map = buffer.map_readable().map_err(|error| error.to_string())?;
        let file = writing.file.as_mut().ok_or("the coded picture came too late")?;
        file.write_all(&map).map_err(|error| plain(&error))?;
        let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let (offset, size) = (writing.at, map.len() as u32);
        writing.list.push(Unit { offset, size, pts, dts, key });
        writing.at += u64::from(size);
        Ok(())
    }

    /// What was written, once the encoder has drained; `told`: whether the stream says what its
    /// colours mean, and has not been given an encoder's guess.
    ///
    /// # Errors
    /// If it was asked before.
    pub fn finish(&self, told: bool) -> Result<Units> {
        let mut writing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = writing.file.take().context("the coded picture was taken already")?;
        file.seek(SeekFrom::Start(0)).context("the coded picture cannot be read back")?;
        let (caps, list) = (std::mem::take(&mut writing.caps), std::mem::take(&mut writing.list));
        let mut units = Units { file, caps, list };
        if !told && !units.list.is_empty() {
            let mut caps = units.caps()?;
            if let Some(fields) = caps.make_mut().structure_mut(0) {
                fields.remove_fields(["colorimetry", "chroma-site"]);
            }
            units.caps = caps.to_string();
        }
        Ok(units)
    }
}

/// A system's error without its number.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
