//! Addresses of streams. A password in one is never shown: not in messages, reports, pages, nor
//! by `Debug`.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};

/// Text that is not to be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whom it is meant.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Who somebody claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// What proves it.
    pub password: Secret,
}

impl Login {
    /// The login of the two environment variables `PREFIX_USER` and `PREFIX_PASSWORD`, if
    /// both are set.
    pub fn from_env(prefix: &str) -> Option<Self> {
        let value = |name: &str| std::env::var(format!("{prefix}_{name}")).ok();
        Some(Self { user: value("USER")?, password: Secret::new(value("PASSWORD")?) })
    }
}

/// `scheme://[user:password@]host[:port][/path][?query]`, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// In small letters.
    pub scheme: String,
    /// User and password, where the address holds them.
    pub login: Option<Login>,
    /// Name or number; IPv6 in brackets.
    pub host: String,
    /// As a number, where the address names it.
    pub port: Option<u16>,
    /// From the slash on, without the query; it may be empty.
    pub path: String,
    /// Behind the question mark. It may hold keys, and is not shown.
    query: Option<Secret>,
}

impl Address {
    /// Takes `text` apart; user and password are percent-decoded.
    ///
    /// # Errors
    /// If it is no such address. The message holds no login.
    pub fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").context("an address needs ://")?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(Secret::new(query))),
            None => (rest, None),
        };
        // A password may hold a slash, a host may not hold an @.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = host_and_port(place)?;
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            Login { user: percent_decoded(user), password: Secret::new(percent_decoded(password)) }
        });
        let (scheme, path) = (scheme.to_ascii_lowercase(), path.to_owned());
        Ok(Self { scheme, login, host, port, path, query })
    }

    /// The address without its login, as whoever connects wants it.
    pub fn without_login(&self) -> Secret {
        let query = self.query.as_ref().map(|q| format!("?{}", q.reveal())).unwrap_or_default();
        Secret::new(format!("{}{query}", self.bare()))
    }

    /// The last part of the path, or the host.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&self.host)
    }

    fn bare(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.scheme, self.host, self.path)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bare())?;
        if self.query.is_some() { f.write_str("?***") } else { Ok(()) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>)> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (place, None),
    };
    ensure!(!host.is_empty() || port.is_some(), "the address names no host");
    let Some(port) = port else { return Ok((host.to_owned(), None)) };
    match port.parse() {
        Ok(port) => Ok((host.to_owned(), Some(port))),
        Err(_) => bail!("a port is a number from 0 to 65535"),
    }
}

/// `text` with %40 as @, and so on.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_never_shows_its_login() {
        let address = Address::parse("RTSP://jo:p%40ss/w@cam.lan:8554/a/b?key=hidden").unwrap();
        let login = address.login.clone().unwrap();
        assert_eq!((&*login.user, login.password.reveal()), ("jo", "p@ss/w"));
        assert_eq!((&*address.host, address.port, address.name()), ("cam.lan", Some(8554), "b"));
        assert_eq!(address.without_login().reveal(), "rtsp://cam.lan:8554/a/b?key=hidden");
        let shown = format!("{address} {address:?} {login:?} {:?}", address.without_login());
        for secret in ["p@ss", "p%40ss", "hidden"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.starts_with("rtsp://cam.lan:8554/a/b?*** "), "{shown}");
    }

    #[test]
    fn short_forms_and_numbers_are_understood() {
        let six = Address::parse("rtsp://[::1]:8554").unwrap();
        assert_eq!((&*six.host, six.port, &*six.path), ("[::1]", Some(8554), ""));
        let six = Address::parse("rtsp://[fe80::1]/x").unwrap();
        assert_eq!((&*six.host, six.port), ("[fe80::1]", None));
        assert_eq!(Address::parse("srt://:7001").unwrap().to_string(), "srt://:7001");
    }

    #[test]
    fn a_bad_address_is_refused_without_being_shown() {
        for bad in ["rtsp://u:secret@", "rtsp://u:secret@host:port/x", "rtsp:u:secret@host"] {
            let error = Address::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
