//! Figures in Prometheus' text format.

use std::fmt::Write as _;

use crate::media::stream::State;
use crate::pipeline::outlets::{LiveSnapshot, StreamSnapshot};

/// Name, kind, help, and the value of a stream.
type Metric = (&'static str, &'static str, &'static str, fn(&StreamSnapshot) -> f64);

const METRICS: [Metric; 11] = [
    ("up", "gauge", "Whether pictures come", |s| f64::from(s.known.state == State::Live)),
    ("frames_in_total", "counter", "Frames at the entrance", |s| s.frames_in as f64),
    ("frames_out_total", "counter", "Frames that came out", |s| s.frames_out as f64),
    ("frames_dropped_total", "counter", "Frames lost at the entrance", |s| s.dropped as f64),
    ("frames_late_total", "counter", "Frames later than allowed", |s| s.late as f64),
    ("frames_held_total", "counter", "Holding pictures", |s| s.held as f64),
    ("frames_restored_total", "counter", "Frames with a restored face", |s| s.restored as f64),
    ("output_dropped_total", "counter", "Frames that an output did not take", |s| {
        s.known.output_dropped as f64
    }),
    ("reconnects_total", "counter", "Returns after a loss", |s| s.known.reconnects as f64),
    ("failed_attempts_total", "counter", "Attempts to connect that failed", |s| {
        s.known.failed_attempts as f64
    }),
    ("output_reopened_total", "counter", "Returns of a lost output", |s| {
        s.known.output_reopened as f64
    }),
];

/// All figures as text.
pub fn text(live: &LiveSnapshot, provider: &str) -> String {
    let mut out = String::new();
    let version = env!("CARGO_PKG_VERSION");
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}"); // a String takes everything
    };
    line("# HELP mask2face_info What runs, and where the network runs".to_owned());
    line("# TYPE mask2face_info gauge".to_owned());
    line(format!("mask2face_info{{version=\"{version}\",provider=\"{}\"}} 1", escaped(provider)));
    for (name, kind, help, value) in METRICS {
        line(format!("# HELP mask2face_{name} {help}"));
        line(format!("# TYPE mask2face_{name} {kind}"));
        for (n, stream) in live.streams.iter().enumerate() {
            line(format!("mask2face_{name}{{{}}} {}", labels(n, stream), value(stream)));
        }
    }
    line(
        "# HELP mask2face_latency_seconds From capture to output, over the last seconds".to_owned(),
    );
    line("# TYPE mask2face_latency_seconds gauge".to_owned());
    for (n, stream) in live.streams.iter().enumerate() {
        let now = stream.latency_now;
        for (quantile, ms) in [("0.5", now.p50_ms), ("0.95", now.p95_ms), ("0.99", now.p99_ms)] {
            let labels = labels(n, stream);
            let seconds = ms / 1e3;
            line(format!(
                "mask2face_latency_seconds{{{labels},quantile=\"{quantile}\"}} {seconds}"
            ));
        }
    }
    for (name, kind, help, value) in [
        ("load_step", "gauge", "Quality given up under load, 0: none", live.load.level as f64),
        ("load_changes_total", "counter", "Changes of that", live.load.changes as f64),
        ("faces_left_total", "counter", "Masks left on by it", live.load.faces_left as f64),
    ] {
        line(format!("# HELP mask2face_{name} {help}"));
        line(format!("# TYPE mask2face_{name} {kind}"));
        line(format!("mask2face_{name} {value}"));
    }
    out
}

fn labels(n: usize, stream: &StreamSnapshot) -> String {
    format!("stream=\"{}\",name=\"{}\"", n + 1, escaped(&stream.known.name))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
