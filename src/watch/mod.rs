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
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;
use tiny_http::{Header, Method, Request, Response, Server};

use crate::media::address::Secret;
use crate::media::still::Peek;
use crate::media::stream::State;
use crate::pipeline::LiveStats;

const PAGE: &str = include_str!("page.html");
/// Requests that are answered at once; more wait.
const WORKERS: usize = 4;
const LOOK: Duration = Duration::from_millis(200);

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
    server: Arc<Server>,
    over: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
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
        let server = Server::http(at)
            .map_err(|error| anyhow!("--http {at}: cannot be listened at: {error}"))?;
        let (server, over) = (Arc::new(server), Arc::new(AtomicBool::new(false)));
        let desk = Arc::new(Desk { subject: subject.clone(), token });
        let workers = (0..WORKERS).map(|n| {
            let (server, over, desk) = (Arc::clone(&server), Arc::clone(&over), Arc::clone(&desk));
            let work = move || {
                while !over.load(Ordering::Relaxed) {
                    if let Ok(Some(request)) = server.recv_timeout(LOOK) {
                        desk.answer(request);
                    }
                }
            };
            let named = std::thread::Builder::new().name(format!("http-{}", n + 1));
            named.spawn(work).context("the thread of --http does not start")
        });
        let workers = workers.collect::<Result<_>>()?;
        Ok(Self { server, over, workers })
    }

    /// Where it answers.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.server_addr().to_ip()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ = worker.join(); // what a worker panicked about is lost with it
        }
    }
}

struct Desk {
    subject: Subject,
    token: Option<Secret>,
}

/// An answer: status, content type, content.
type Answer = (u16, &'static str, Vec<u8>);

impl Desk {
    fn answer(&self, request: Request) {
        let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
        let (status, kind, body) = if *request.method() != Method::Get {
            refusal(405, "only GET is known here")
        } else if let Some(refused) = self.refuse(&request, query) {
            refused
        } else {
            self.page(path, query)
        };
        let mut response = Response::from_data(body).with_status_code(status);
        for (name, value) in [
            ("Content-Type", kind),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ] {
            if let Ok(header) = Header::from_bytes(name, value) {
                response.add_header(header);
            }
        }
        let _ = request.respond(response); // a client that left wants no answer
    }

    /// Whoever lacks the token; without one, a page of elsewhere that goes by another name.
    fn refuse(&self, request: &Request, query: &str) -> Option<Answer> {
        let header = |name: &'static str| {
            let found = request.headers().iter().find(|header| header.field.equiv(name));
            found.map(|header| header.value.as_str())
        };
        let Some(token) = &self.token else {
            let host = header("Host").unwrap_or_default();
            return (!is_this_machine(host)).then(|| refusal(403, "this machine only"));
        };
        let bearer = header("Authorization").and_then(|value| value.strip_prefix("Bearer "));
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
