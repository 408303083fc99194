//! How live streams are watched: the window's figures, and the page of `--http`.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use anyhow::Result;

use crate::media::address::Secret;
use crate::media::still::Peek;
use crate::media::window::Figures;
use crate::pipeline::outlets::LiveSnapshot;
use crate::pipeline::{LiveStats, Stats};
use crate::watch::{Subject, Watch};

/// Options of watching.
#[derive(clap::Args, Clone, Debug)]
pub struct WatchArgs {
    /// Live: a page with the picture before and after, figures, /healthz and /metrics
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub http: Option<SocketAddr>,
    /// What every request must hold where --http can be reached from elsewhere; better in
    /// `MASK2FACE_HTTP_TOKEN`, which others do not see
    #[arg(long, value_name = "TOKEN")]
    pub http_token: Option<String>,
}

impl WatchArgs {
    /// Begins to answer, if that is wanted.
    ///
    /// # Errors
    /// As [`Watch::start`].
    pub(super) fn start(
        &self,
        stats: &LiveStats,
        peeks: Vec<Peek>,
        provider: String,
    ) -> Result<Option<Watch>> {
        let Some(at) = self.http else { return Ok(None) };
        let token = self.http_token.clone().or_else(|| std::env::var("MASK2FACE_HTTP_TOKEN").ok());
        let token = token.map(Secret::new);
        let subject = Subject { stats: stats.clone(), peeks, provider };
        Watch::start(at, token, &subject).map(Some)
    }
}

/// What the window's figures say.
pub(super) fn figures(live: LiveStats, stats: Stats, provider: Arc<OnceLock<String>>) -> Figures {
    let last = std::sync::Mutex::new(None::<(std::time::Instant, u64, u64)>);
    Arc::new(move || {
        let (now, counts) = (live.snapshot(), stats.snapshot());
        let out = now.streams.iter().map(|stream| stream.frames_out).sum::<u64>();
        let at = std::time::Instant::now();
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (since, frames, faces) = last.replace((at, out, counts.faces)).unwrap_or((at, out, 0));
        let seconds = (at - since).as_secs_f64().max(1e-3);
        let fps = (out - frames) as f64 / seconds;
        let faces = (counts.faces - faces) as f64 / ((out - frames) as f64).max(1.0);
        lines(&now, fps, faces, provider.get().map_or("", |runs_on| runs_on))
    })
}

fn lines(now: &LiveSnapshot, fps: f64, faces: f64, provider: &str) -> String {
    // Why it is no other one was said at the start; here is little room.
    let provider = provider.split(" (").next().unwrap_or_default();
    let mut lines = vec![format!("{fps:.1} frames/s, {faces:.1} faces, {provider}")];
    for stream in &now.streams {
        let (latency, dropped, late) = (stream.latency_now, stream.dropped, stream.late);
        lines.push(format!(
            "latency {:.0} / {:.0} ms (p50 / p95), {dropped} dropped, {late} late",
            latency.p50_ms, latency.p95_ms
        ));
    }
    if now.load.level > 0 {
        lines.push(format!("under load: {}", now.load.step));
    }
    lines.join("\n")
}
