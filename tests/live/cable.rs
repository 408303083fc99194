//! A network between a stream and its server: a proxy on loopback that stalls or is cut.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const FLOWS: u8 = 0;
const STALLS: u8 = 1;
const OVER: u8 = 2;
/// How often a waiting end looks at the cable's state.
const LOOK: Duration = Duration::from_millis(5);

/// A cable to a server's port; dropping it cuts all connections.
pub struct Cable {
    port: u16,
    state: Arc<AtomicU8>,
    listener: Option<JoinHandle<()>>,
}

impl Cable {
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let state = Arc::new(AtomicU8::new(FLOWS));
        let ours = Arc::clone(&state);
        let listener = spawn(move || accept(&listener, server, &ours));
        Self { port, state, listener: Some(listener) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("rtsp://127.0.0.1:{}{path}", self.port)
    }

    /// Nothing comes through, and nothing is lost.
    pub fn stall(&self) {
        self.state.store(STALLS, Ordering::Relaxed);
    }

    pub fn flow(&self) {
        self.state.store(FLOWS, Ordering::Relaxed);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.state.store(OVER, Ordering::Relaxed);
        self.listener.take().unwrap().join().unwrap();
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::Builder::new().name("cable".to_owned()).spawn(work).unwrap()
}

fn accept(listener: &TcpListener, server: u16, state: &Arc<AtomicU8>) {
    let mut ends = Vec::new();
    while state.load(Ordering::Relaxed) != OVER {
        let Ok((near, _)) = listener.accept() else {
            std::thread::park_timeout(LOOK);
            continue;
        };
        near.set_nonblocking(false).unwrap();
        let Ok(far) = TcpStream::connect(("127.0.0.1", server)) else { continue };
        for (from, to) in [(&near, &far), (&far, &near)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let state = Arc::clone(state);
            ends.push(spawn(move || pump(from, to, &state)));
        }
    }
    for end in ends {
        end.join().unwrap();
    }
}

/// Carries bytes one way until either end closes.
fn pump(mut from: TcpStream, mut to: TcpStream, state: &AtomicU8) {
    from.set_read_timeout(Some(LOOK)).unwrap();
    let mut bytes = vec![0; 1 << 16];
    loop {
        match state.load(Ordering::Relaxed) {
            OVER => break,
            STALLS => {
                std::thread::park_timeout(LOOK);
                continue;
            }
            _ => {}
        }
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(n) if to.write_all(&bytes[..n]).is_err() => break,
            Ok(_) => {}
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(_) => break,
        }
    }
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both); // it may be closed already
    }
}
