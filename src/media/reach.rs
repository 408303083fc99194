//! Why a server cannot be reached: rtspsrc says only that it cannot.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::address::Address;

/// RTSP's own port.
const RTSP: u16 = 554;
const LIMIT: Duration = Duration::from_secs(1);

/// The system's reason, if the server's port does not even take a connection.
pub(super) fn obstacle(address: &Address) -> Option<String> {
    let host = address.host.trim_start_matches('[').trim_end_matches(']');
    let port = address.port.unwrap_or(RTSP);
    let mut places = match (host, port).to_socket_addrs() {
        Ok(places) => places,
        Err(error) => return Some(format!("the name {host} is not known: {}", plain(&error))),
    };
    let Some(place) = places.next() else { return Some(format!("{host} has no address")) };
    match TcpStream::connect_timeout(&place, LIMIT) {
        Ok(_) => None,
        Err(error) => Some(plain(&error)),
    }
}

/// An error's words without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_port_and_an_open_one_are_told_apart() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = Address::parse(&format!("rtsp://127.0.0.1:{port}/x")).unwrap();
        assert_eq!(obstacle(&address), None);
        drop(listener);
        assert_eq!(obstacle(&address).as_deref(), Some("Connection refused"));
    }
}
