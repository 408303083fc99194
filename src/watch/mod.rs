//! A page to watch live streams on, over HTTP: the picture before and after, figures, health,
//! and metrics for Prometheus. From this machine only, or with a token.
//!
//! | file | holds |
//! |---|---|
//! | [`metrics`] | figures as Prometheus reads them |
//! | `page.html` | the page, which needs nothing from elsewhere |

pub mod metrics;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::media::address::Secret;
use crate::media::still::Peek;
use crate::media::stream::State;
use crate::pipeline::LiveStats;

const PAGE: &str = include_str!("page.html");
/// Answers that are made at once; more wait.
const WORKERS: usize = 4;
/// How long an answer that is being made may hold up the end.
const LAST: Duration = Duration::from_secs(3);

/// What is watched.
#[derive(Clone)]
pub struct Subject {
    /// The counters of the streams.
    pub stats: LiveStats,
    /// The newest frame of each.
    pub peeks: Vec<Peek>,
    /// Where the network really runs, or that none does.
    pub provider: String,
}

/// A server that answers until it is dropped.
pub struct Watch {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Answers at `at`; beyond this machine only with a token, which every request must hold.
    ///
    /// # Errors
    /// If the port cannot be had, or a token is missing.
    pub fn start(at: SocketAddr, token: Option<Secret>, subject: &Subject) -> Result<Self> {
        ensure!(
            at.ip().is_loopback() || token.is_some(),
            "--http {at} can be reached from elsewhere: choose a token with --http-token, or use \
             127.0.0.1"
        );
        let listener = std::net::TcpListener::bind(at)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .with_context(|| format!("--http {at}: cannot be listened at"))?;
        let address = listener.local_addr().context("--http has no address")?;
        let desk = Arc::new(Desk { subject: subject.clone(), token });
        let app = Router::new().fallback(answer).with_state(desk);
        // One thread for all connections: whoever reads slowly keeps nobody waiting.
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(WORKERS)
            .build()
            .context("--http does not start")?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("http".to_owned())
            .spawn(move || serve(runtime, listener, app, stopped))
            .context("the thread of --http does not start")?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // what it panicked about is lost with it
        }
    }
}

fn serve(
    runtime: Runtime,
    listener: std::net::TcpListener,
    app: Router,
    stopped: oneshot::Receiver<()>,
) {
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, app).await
    });
    let _ = runtime.block_on(stopped); // the sender is gone: that is the signal
    // Connections that are still open are cut.
    runtime.shutdown_timeout(LAST);
}

/// Answers a request on a thread where pictures may be made.
async fn answer(Shared(desk): Shared<Arc<Desk>>, request: Request) -> Response {
    let made = tokio::task::spawn_blocking(move || desk.answer(&request)).await;
    let (status, kind, body) = made.unwrap_or_else(|_| refusal(500, "no answer could be made"));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, body).into_response()
}

struct Desk {
    subject: Subject,
    token: Option<Secret>,
}

/// An answer: status, content type, content.
type Answer = (u16, &'static str, Vec<u8>);

impl Desk {
    fn answer(&self, request: &Request) -> Answer {
        let query = request.uri().query().unwrap_or_default();
        if *request.method() != Method::GET {
            return refusal(405, "only GET is known here");
        }
        self.refuse(request, query).unwrap_or_else(|| self.page(request.uri().path(), query))
    }

    /// Whoever lacks the token; without one, a page of elsewhere that goes by another name.
    fn refuse(&self, request: &Request, query: &str) -> Option<Answer> {
        let told = |name: HeaderName| request.headers().get(name)?.to_str().ok();
        let Some(token) = &self.token else {
            let host = told(header::HOST).unwrap_or_default();
            return (!is_this_machine(host)).then(|| refusal(403, "this machine only"));
        };
        let bearer = told(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let given = bearer.or_else(|| parameter(query, "token")).unwrap_or_default();
        (!same(given, token.reveal())).then(|| refusal(401, "the token is missing or wrong"))
    }

    fn page(&self, path: &str, query: &str) -> Answer {
        match path {
            "/" => (200, "text/html; charset=utf-8", PAGE.as_bytes().to_vec()),
            "/figures.json" => self.figures(),
            "/healthz" => self.health(),
            "/metrics" => {
                let text = metrics::text(&self.subject.stats.snapshot(), &self.subject.provider);
                (200, "text/plain; version=0.0.4; charset=utf-8", text.into_bytes())
            }
            "/pair.jpg" => self.pair(query),
            _ => refusal(404, "there is no such page"),
        }
    }

    fn figures(&self) -> Answer {
        let figures = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "provider": self.subject.provider,
            "live": self.subject.stats.snapshot(),
        });
        (200, "application/json", figures.to_string().into_bytes())
    }

    /// Healthy is a job with a stream that gives pictures.
    fn health(&self) -> Answer {
        let snapshot = self.subject.stats.snapshot();
        let healthy = snapshot.streams.iter().any(|stream| stream.known.state == State::Live);
        let streams: Vec<_> = snapshot
            .streams
            .iter()
            .map(|s| json!({"name": s.known.name, "state": s.known.state, "trouble": s.known.trouble}))
            .collect();
        let word = if healthy { "ok" } else { "no picture" };
        let body = json!({
            "status": word, "provider": self.subject.provider, "streams": streams,
        });
        (if healthy { 200 } else { 503 }, "application/json", body.to_string().into_bytes())
    }

    fn pair(&self, query: &str) -> Answer {
        let stream = parameter(query, "stream").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        match self.subject.peeks.get(stream).map(Peek::pair) {
            Some(Ok(Some(jpeg))) => (200, "image/jpeg", jpeg),
            Some(Ok(None)) => refusal(503, "no picture yet"),
            Some(Err(error)) => refusal(500, &format!("{error:#}")),
            None => refusal(404, "there is no such stream"),
        }
    }
}

fn refusal(status: u16, why: &str) -> Answer {
    (status, "text/plain; charset=utf-8", format!("{why}\n").into_bytes())
}

/// The value of `name` in a query.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|p| p.1)
}

/// Whether a Host header names this machine.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    let number = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || number.is_ok_and(|number| number.is_loopback())
}

/// Whether two texts are equal, in a time that tells nothing of where they differ.
fn same(a: &str, b: &str) -> bool {
    let differing = a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_names_pass_without_a_token() {
        for host in ["localhost:8090", "127.0.0.1", "[::1]:80", "LOCALHOST"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["evil.example:8090", "", "10.0.0.1:80", "localhost.evil.example"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn parameters_and_tokens_are_compared_whole() {
        assert_eq!(parameter("stream=2&token=ab", "token"), Some("ab"));
        assert_eq!(parameter("", "token"), None);
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("ab", "abc"));
    }
}
