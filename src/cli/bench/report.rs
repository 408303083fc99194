//! What was measured, as a table, as JSON and as a chart.

use serde::Serialize;

use super::measure::{Round, Spent, Stage};
use crate::image::chart::{Bar, Marks, Panel};
use crate::onnx::meter::Cost;
use crate::pipeline::latency::Percentiles;

/// A benchmark's answer. Where there were several rounds, a figure is the median of theirs;
/// stages, networks and latency are those of the round whose wall time is the median.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Bench {
    pub version: &'static str,
    pub input: String,
    pub cores: usize,
    pub rounds: usize,
    pub model: Option<String>,
    pub provider: Option<String>,
    pub encoder: String,
    /// Decoder and encoder alone.
    pub plain: Spent,
    /// The job.
    pub job: Spent,
    pub networks_cpu_s: f64,
    /// Processor time of decoder, encoder and networks, over the cores.
    pub bound_s: f64,
    /// The bound as a share of the job's wall time: 1 is as fast as the parts allow.
    pub share_of_bound: f64,
    /// The job's wall time over that of the plain transcode.
    pub over_plain: f64,
    pub frames: u64,
    pub faces: u64,
    pub painted: u64,
    pub reused: u64,
    pub frames_per_second: f64,
    pub faces_per_second: f64,
    pub latency: Percentiles,
    pub first_frame_s: Option<f64>,
    pub peak_memory_mb: f64,
    pub stages: Vec<Stage>,
    pub networks: Vec<Cost>,
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn networks_cpu(round: &Round) -> f64 {
    round.job.times.networks.iter().map(|network| network.cpu_s).sum()
}

impl Bench {
    /// The answer of some rounds, at least one.
    pub fn new(input: String, cores: usize, rounds: &[Round]) -> Option<Self> {
        let of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value));
        let wall_s = of(&|r| r.job.times.seconds);
        let apart = |r: &&Round| (r.job.times.seconds - wall_s).abs();
        let middle = rounds.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)))?;
        let bound = |r: &Round| (r.plain.cpu_s + networks_cpu(r)) / cores as f64;
        let (stats, times) = (&middle.job.stats, &middle.job.times);
        Some(Self {
            version: env!("CARGO_PKG_VERSION"),
            input,
            cores,
            rounds: rounds.len(),
            model: middle.job.model.as_ref().map(|m| m.model.clone()),
            provider: middle.job.model.as_ref().map(|m| m.provider.clone()),
            encoder: middle.job.encoder.clone(),
            plain: Spent { wall_s: of(&|r| r.plain.wall_s), cpu_s: of(&|r| r.plain.cpu_s) },
            job: Spent { wall_s, cpu_s: of(&|r| r.job.times.usage.cpu_s) },
            networks_cpu_s: of(&networks_cpu),
            bound_s: of(&bound),
            share_of_bound: of(&|r| bound(r) / r.job.times.seconds),
            over_plain: of(&|r| r.job.times.seconds / r.plain.wall_s),
            frames: stats.frames_out,
            faces: stats.faces,
            painted: stats.painted,
            reused: stats.reused,
            frames_per_second: stats.frames_out as f64 / wall_s,
            faces_per_second: stats.faces as f64 / wall_s,
            latency: times.latency,
            first_frame_s: times.usage.first_frame_s,
            peak_memory_mb: of(&|r| r.job.times.usage.peak_memory_mb),
            stages: times.stages.clone(),
            networks: times.networks.clone(),
        })
    }

    /// Rows of the tables, an empty row between two of them.
    pub fn table(&self) -> Vec<Vec<String>> {
        let row = |cells: &[&str]| cells.iter().map(|&c| c.to_owned()).collect::<Vec<_>>();
        let s = |value: f64| format!("{value:.2}");
        let mut rows = vec![
            row(&["seconds", "wall", "CPU"]),
            row(&["plain transcode", &s(self.plain.wall_s), &s(self.plain.cpu_s)]),
            row(&["networks alone", "", &s(self.networks_cpu_s)]),
            row(&["sum of these parts", &s(self.bound_s), ""]),
            row(&["the job", &s(self.job.wall_s), &s(self.job.cpu_s)]),
            Vec::new(),
            row(&["stage", "wall p50 ms", "p95", "CPU p50 ms", "p95", "CPU s"]),
        ];
        rows.extend(self.stages.iter().map(|stage| {
            let (wall, cpu) = (stage.wall, stage.cpu);
            let times = [wall.p50_ms, wall.p95_ms, cpu.p50_ms, cpu.p95_ms, stage.cpu_s];
            std::iter::once(stage.name.clone()).chain(times.map(s)).collect()
        }));
        rows.extend([Vec::new(), row(&["network", "runs", "pictures", "wall ms a run", "CPU s"])]);
        rows.extend(self.networks.iter().map(|n| {
            let wall = s(1e3 * n.wall_s / n.runs.max(1) as f64);
            row(&[&n.network, &n.runs.to_string(), &n.items.to_string(), &wall, &s(n.cpu_s)])
        }));
        rows.push(Vec::new());
        rows.extend(self.facts().into_iter().map(|(name, value)| vec![name.to_owned(), value]));
        rows
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let l = self.latency;
        let first = self.first_frame_s.map_or("-".to_owned(), |s| format!("{s:.2} s"));
        vec![
            ("share of the bound", format!("{:.2}", self.share_of_bound)),
            ("times the plain transcode", format!("{:.2}", self.over_plain)),
            ("frames", format!("{}, {:.1} a second", self.frames, self.frames_per_second)),
            ("faces", format!("{}, {:.1} a second", self.faces, self.faces_per_second)),
            ("painted, of them as before", format!("{}, {}", self.painted, self.reused)),
            ("latency p50, p95, p99", format!("{}, {}, {} ms", l.p50_ms, l.p95_ms, l.p99_ms)),
            ("first frame after", first),
            ("peak memory", format!("{:.0} MB", self.peak_memory_mb)),
            ("provider", self.provider.clone().unwrap_or_else(|| "-".to_owned())),
            (
                "encoder, cores, rounds",
                format!("{}, {}, {}", self.encoder, self.cores, self.rounds),
            ),
        ]
    }

    /// Where the processor time goes, and how long a frame stays in each stage.
    pub fn panels(&self) -> Vec<Panel> {
        let bar = |name: &str, parts: &[f64]| Bar { name: name.to_owned(), parts: parts.to_vec() };
        let rest = self.job.cpu_s - self.plain.cpu_s - self.networks_cpu_s;
        let mut parts = vec![bar("decode + encode", &[self.plain.cpu_s])];
        parts.extend(self.networks.iter().map(|n| bar(&n.network, &[n.cpu_s])));
        parts.push(bar("all else", &[rest.max(0.0)]));
        let stages = self.stages.iter().map(|stage| {
            let (cpu, wall) = (stage.cpu.p50_ms, stage.wall.p50_ms);
            bar(&stage.name, &[cpu.min(wall), (wall - cpu).max(0.0)])
        });
        let panel = |title: &str, axis: &str, marks| Panel {
            title: title.to_owned(),
            axis: axis.to_owned(),
            marks,
        };
        vec![
            panel("where the processor time goes", "CPU seconds", Marks::Bars(parts, Vec::new())),
            panel(
                "a frame in each stage, median",
                "milliseconds",
                Marks::Bars(stages.collect(), vec!["computing".into(), "waiting".into()]),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::measure::Job;

    fn round(seconds: f64, plain_cpu: f64) -> Round {
        let job: Job = serde_json::from_value(serde_json::json!({
            "encoder": "x264enc", "model": null,
            "stats": {"frames_out": 100, "faces": 200, "painted": 150, "reused": 50},
            "times": {
                "seconds": seconds,
                "latency": {"p50_ms": 9.0, "p95_ms": 12.0, "p99_ms": 13.0, "max_ms": 20.0},
                "stages": [{
                    "name": "lay",
                    "cpu_s": 0.9,
                    "wall": {"p50_ms": 10.0, "p95_ms": 12.0},
                    "cpu": {"p50_ms": 9.0, "p95_ms": 11.0},
                }],
                "usage": {"cpu_s": 4.0, "peak_memory_mb": 250.0, "first_frame_s": 0.5},
                "networks": [
                    {"network": "light", "runs": 150, "items": 150, "wall_s": 1.2, "cpu_s": 1.0, "threads": 1}
                ],
            },
        }))
        .unwrap();
        Round { plain: Spent { wall_s: 1.0, cpu_s: plain_cpu }, job }
    }

    #[test]
    fn the_bound_is_the_parts_over_the_cores_and_medians_are_taken_over_rounds() {
        let rounds = [round(2.0, 2.0), round(2.5, 2.0), round(9.0, 2.4)];
        let bench = Bench::new("a.mp4".into(), 2, &rounds).unwrap();
        assert!((bench.bound_s - 1.5).abs() < 1e-9);
        assert!((bench.job.wall_s - 2.5).abs() < 1e-9);
        assert!((bench.share_of_bound - 0.6).abs() < 1e-9);
        assert!((bench.faces_per_second - 80.0).abs() < 1e-9);
        let table = bench.table();
        assert!(table.contains(
            &["lay", "10.00", "12.00", "9.00", "11.00", "0.90"].map(str::to_owned).to_vec()
        ));
        assert_eq!(bench.panels().len(), 2);
        assert!(Bench::new(String::new(), 2, &[]).is_none());
    }
}
