//! Where requests go: the base URL, resolved and tried once, before t0.
//!
//! Refuses what would put a secret into a file (a user or password in the URL) and what this
//! version cannot speak (`https`).

use http::Uri;
use http::uri::Scheme;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;
use thiserror::Error;

/// Longest wait for a connection to be accepted, before t0 and after.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A target that has answered.
#[derive(Clone, Debug)]
pub struct Target {
    /// The URL as it was given.
    pub url: String,
    /// Host and port, for the `host` header.
    pub authority: String,
    /// Path of the base URL without a slash at its end; requests' paths follow it.
    pub base_path: String,
    /// The first of the host name's addresses that accepted a connection.
    pub address: SocketAddr,
}

/// Why a URL is not a target.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The text is not a URL that this program can use: the user's to mend.
    #[error("--url {url}: {what}")]
    Url { url: String, what: String },
    /// The host has no address.
    #[error("--url {url}: the host name does not resolve: {source}")]
    Resolve { url: String, source: io::Error },
    /// No address accepted a connection.
    #[error(
        "--url {url}: {address} does not answer: {source}; is the server up, and the port right?"
    )]
    Unreachable {
        url: String,
        address: SocketAddr,
        source: io::Error,
    },
}

impl Target {
    /// Parses and resolves a base URL such as `http://127.0.0.1:8000` or `http://host/prefix`, and
    /// opens a connection to see which address answers.
    pub fn reach(url: &str) -> Result<Self, TargetError> {
        let (mut target, addresses) = Self::resolve(url)?;
        let mut failure = None;
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(_) => {
                    target.address = address;
                    return Ok(target);
                }
                Err(source) => {
                    failure = Some(TargetError::Unreachable {
                        url: shown(url),
                        address,
                        source,
                    })
                }
            }
        }
        Err(failure.expect("a resolved name has an address"))
    }

    /// The target with its first address, and all addresses.
    fn resolve(url: &str) -> Result<(Self, Vec<SocketAddr>), TargetError> {
        let wrong = |what: &str| TargetError::Url {
            url: shown(url),
            what: what.to_owned(),
        };
        let uri: Uri = url
            .parse()
            .map_err(|_| wrong("is not a URL; write http://HOST:PORT"))?;
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => {}
            Some(scheme) if *scheme == Scheme::HTTPS => {
                return Err(wrong(
                    "this version speaks http only; put a TLS-terminating proxy in front",
                ));
            }
            _ => return Err(wrong("has no http:// in front; write http://HOST:PORT")),
        }
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong(
                "holds a user or password; use --header or --api-key-env instead",
            ));
        }
        if uri.query().is_some() {
            return Err(wrong("has a query; give the base URL only"));
        }
        let port = authority.port_u16().unwrap_or(80);
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let addresses: Vec<SocketAddr> = (host, port)
            .to_socket_addrs()
            .map_err(|source| TargetError::Resolve {
                url: shown(url),
                source,
            })?
            .collect();
        let none = || TargetError::Resolve {
            url: shown(url),
            source: io::ErrorKind::NotFound.into(),
        };
        let target = Target {
            url: url.to_owned(),
            authority: authority.to_string(),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            address: *addresses.first().ok_or_else(none)?,
        };
        Ok((target, addresses))
    }
}

/// The URL for a message: what may be a password is not repeated.
fn shown(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}***{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_keeps_its_prefix_and_loses_its_last_slash() {
        let resolve = |url| Target::resolve(url).unwrap().0;
        let target = resolve("http://127.0.0.1:8000/gateway/");
        assert_eq!(
            (target.base_path.as_str(), target.authority.as_str()),
            ("/gateway", "127.0.0.1:8000")
        );
        assert_eq!(target.address, "127.0.0.1:8000".parse().unwrap());
        assert_eq!(
            resolve("http://[::1]:81").address,
            "[::1]:81".parse().unwrap()
        );
        assert_eq!(resolve("http://127.0.0.1").address.port(), 80);
    }

    #[test]
    fn the_address_that_answers_is_taken_and_silence_is_an_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // `localhost` may be ::1 first, where nobody listens.
        let url = format!("http://localhost:{}", address.port());
        assert_eq!(Target::reach(&url).unwrap().address, address);
        drop(listener);
        assert!(matches!(
            Target::reach(&url),
            Err(TargetError::Unreachable { .. })
        ));
    }

    #[test]
    fn wrong_urls_are_told_apart_and_secrets_are_not_repeated() {
        for (url, part) in [
            ("127.0.0.1:8000", "http://"),
            ("https://127.0.0.1", "http only"),
            ("ftp://127.0.0.1", "http://"),
            ("http://127.0.0.1/?a=b", "query"),
            ("http://me:secret@127.0.0.1", "user or password"),
        ] {
            let message = Target::reach(url).unwrap_err().to_string();
            assert!(message.contains(part), "{url}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
