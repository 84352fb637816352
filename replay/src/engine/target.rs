//! Where requests go: the base URL and the address it resolved to, once, before t0.
//!
//! Refuses what would put a secret into a file (a user or password in the URL) and what this
//! version cannot speak (`https`).

use http::Uri;
use http::uri::Scheme;
use std::net::{SocketAddr, ToSocketAddrs};
use thiserror::Error;

/// A resolved target.
#[derive(Clone, Debug)]
pub struct Target {
    /// The URL as it was given.
    pub url: String,
    /// Host and port, for the `host` header.
    pub authority: String,
    /// Path of the base URL without a slash at its end; requests' paths follow it.
    pub base_path: String,
    /// The first address that the host name resolved to.
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
    Resolve { url: String, source: std::io::Error },
}

impl Target {
    /// Parses and resolves a base URL such as `http://127.0.0.1:8000` or `http://host/prefix`.
    pub fn resolve(url: &str) -> Result<Self, TargetError> {
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
        let address = (host, port)
            .to_socket_addrs()
            .and_then(|mut addresses| {
                addresses
                    .next()
                    .ok_or_else(|| std::io::ErrorKind::NotFound.into())
            })
            .map_err(|source| TargetError::Resolve {
                url: shown(url),
                source,
            })?;
        Ok(Target {
            url: url.to_owned(),
            authority: authority.to_string(),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            address,
        })
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
        let target = Target::resolve("http://127.0.0.1:8000/gateway/").unwrap();
        assert_eq!(
            (target.base_path.as_str(), target.authority.as_str()),
            ("/gateway", "127.0.0.1:8000")
        );
        assert_eq!(target.address, "127.0.0.1:8000".parse().unwrap());
        assert_eq!(
            Target::resolve("http://[::1]:81").unwrap().address,
            "[::1]:81".parse().unwrap()
        );
        assert_eq!(
            Target::resolve("http://127.0.0.1").unwrap().address.port(),
            80
        );
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
            let message = Target::resolve(url).unwrap_err().to_string();
            assert!(message.contains(part), "{url}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
