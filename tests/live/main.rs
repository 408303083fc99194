//! Live streams with real parts: RTSP servers in this process, on loopback, at free ports.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod cable;
mod camera;
mod page;
mod rig;
mod robust;
mod rtsp_in;
mod rtsp_out;
mod secrets;
mod server;
mod stale;
mod stamped;
mod standin;
#[path = "../support/mod.rs"]
mod support;
mod window;
