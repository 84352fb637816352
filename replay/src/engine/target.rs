//! Where requests go: base URLs, resolved and tried once, before t0.
//!
//! Refuses what would put a secret into a file: a user, password, query or fragment in a URL. TLS is not
//! begun here.

use http::Uri;
use http::uri::Scheme;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;
use thiserror::Error;

/// Longest wait for a connection to be accepted, before t0 and after.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A target that has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The URL as it was given.
    pub url: String,
    /// TLS is spoken.
    pub https: bool,
    /// Host without port and brackets: the name that a certificate is checked against.
    pub host: String,
    /// Host and port as they were given, for the `host` header.
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
    /// Connections cannot leave from the address that was asked for: the user's to mend.
    #[error("--bind {bind}: {source}; name an address of this machine")]
    Bind { bind: IpAddr, source: io::Error },
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

/// A base URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BaseUrl {
    https: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

impl Target {
    /// Parses and resolves a base URL such as `http://127.0.0.1:8000` or `https://host/prefix`, and
    /// opens a connection, from `from` if it is given, to see which address answers.
    pub fn reach(url: &str, from: Option<IpAddr>) -> Result<Self, TargetError> {
        let base = BaseUrl::parse(url).map_err(|what| wrong(url, what))?;
        let addresses = base.addresses(url, from)?;
        let mut failure = None;
        for address in addresses {
            match try_connect(address, from, CONNECT_TIMEOUT) {
                Ok(_) => return Ok(base.target(url, address)),
                Err(Refusal::Bind(bind, source)) => return Err(TargetError::Bind { bind, source }),
                Err(Refusal::Connect(source)) => {
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
}

impl BaseUrl {
    fn parse(url: &str) -> Result<Self, &'static str> {
        let behind = url.split_once("://").map_or("", |(_, behind)| behind);
        // Wherever it stands: a password that is not escaped may hold slashes and the like.
        if behind.contains('@') {
            return Err(
                "holds a user or password; use --header or --api-key-env instead, and write an @ of \
                 the path as %40",
            );
        }
        if url.contains('#') {
            return Err("has a fragment; give the base URL only");
        }
        let uri: Uri = url
            .parse()
            .map_err(|_| "is not a URL; write http://HOST:PORT")?;
        let https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => {
                return Err("has neither http:// nor https:// in front; write http://HOST:PORT");
            }
        };
        let authority = uri.authority().ok_or("has no host")?;
        if uri.query().is_some() {
            return Err("has a query; give the base URL only");
        }
        let host = authority.host();
        Ok(BaseUrl {
            https,
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: authority.port_u16().unwrap_or(if https { 443 } else { 80 }),
            authority: authority.to_string(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Every address of the host, of the kind that `from` can reach; at least one.
    fn addresses(&self, url: &str, from: Option<IpAddr>) -> Result<Vec<SocketAddr>, TargetError> {
        let unresolved = |source| TargetError::Resolve {
            url: shown(url),
            source,
        };
        let all = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(unresolved)?
            .collect::<Vec<_>>();
        if all.is_empty() {
            return Err(unresolved(io::ErrorKind::NotFound.into()));
        }
        let reachable =
            |address: &SocketAddr| from.is_none_or(|from| from.is_ipv4() == address.is_ipv4());
        let fitting: Vec<_> = all.into_iter().filter(reachable).collect();
        if let (true, Some(from)) = (fitting.is_empty(), from) {
            return Err(wrong(
                url,
                &format!("has no address of the kind that --bind {from} can reach (IPv4 or IPv6)"),
            ));
        }
        Ok(fitting)
    }

    fn target(self, url: &str, address: SocketAddr) -> Target {
        Target {
            url: url.to_owned(),
            https: self.https,
            host: self.host,
            authority: self.authority,
            base_path: self.path,
            address,
        }
    }
}

/// Whether a URL asks for TLS; an error for one that [`Target::reach`] would refuse unseen.
pub fn is_https(url: &str) -> Result<bool, TargetError> {
    let base = BaseUrl::parse(url).map_err(|what| wrong(url, what))?;
    Ok(base.https)
}

enum Refusal {
    Bind(IpAddr, io::Error),
    Connect(io::Error),
}

/// Opens a connection, from `from` if it is given, on which calls block.
pub fn connect_within(
    address: SocketAddr,
    from: Option<IpAddr>,
    timeout: Duration,
) -> io::Result<TcpStream> {
    match try_connect(address, from, timeout) {
        Ok(socket) => {
            socket.set_nonblocking(false)?;
            Ok(socket)
        }
        Err(Refusal::Bind(_, error) | Refusal::Connect(error)) => Err(error),
    }
}

fn try_connect(
    address: SocketAddr,
    from: Option<IpAddr>,
    timeout: Duration,
) -> Result<TcpStream, Refusal> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let connect_error = |error: Errno| Refusal::Connect(error.into());
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None).map_err(connect_error)?;
    if let Some(from) = from {
        bind(&socket, &SocketAddr::new(from, 0))
            .map_err(|error| Refusal::Bind(from, error.into()))?;
    }
    match connect(&socket, &address) {
        Ok(()) => return Ok(socket.into()),
        Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(connect_error(error)),
    }
    let timeout = Timespec::try_from(timeout).expect("some seconds");
    let ready = poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&timeout));
    if ready.map_err(connect_error)? == 0 {
        return Err(connect_error(Errno::TIMEDOUT));
    }
    socket_error(&socket)
        .map_err(connect_error)?
        .map_err(connect_error)?;
    Ok(socket.into())
}

fn wrong(url: &str, what: &str) -> TargetError {
    TargetError::Url {
        url: shown(url),
        what: what.to_owned(),
    }
}

/// The URL for a message: what may be a password or a key is not repeated. Where a password ends is
/// looked for first: it may hold every other mark of a URL.
fn shown(url: &str) -> String {
    let scheme = url.find("://").filter(|at| url.find(':') == Some(*at));
    let start = scheme.map_or(0, |at| at + 3);
    let (before, rest) = match url.rfind('@') {
        Some(at) if start <= at => (format!("{}***", &url[..start]), &url[at..]),
        Some(at) => ("***".to_owned(), &url[at..]),
        None => (String::new(), url),
    };
    match rest.find(['?', '#']) {
        Some(at) => format!("{before}{}***", &rest[..=at]),
        None => format!("{before}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn base(url: &str) -> BaseUrl {
        BaseUrl::parse(url).unwrap()
    }

    #[test]
    fn a_base_url_keeps_its_prefix_and_loses_its_last_slash() {
        let url = base("http://127.0.0.1:8000/gateway/");
        assert_eq!(
            (url.path.as_str(), url.authority.as_str()),
            ("/gateway", "127.0.0.1:8000")
        );
        assert_eq!((url.host.as_str(), url.port), ("127.0.0.1", 8000));
    }

    #[test]
    fn each_scheme_has_its_port_and_a_host_has_no_brackets() {
        let parts = |url: &str| {
            let url = base(url);
            (url.https, url.host, url.port)
        };
        assert_eq!(parts("http://h"), (false, "h".into(), 80));
        assert_eq!(parts("https://h/v1"), (true, "h".into(), 443));
        assert_eq!(parts("https://[::1]:81"), (true, "::1".into(), 81));
        assert!(is_https("https://h").unwrap() && !is_https("http://h").unwrap());
        assert!(is_https("h").is_err());
    }

    #[test]
    fn a_message_shows_of_a_url_what_is_no_secret() {
        for (url, expected) in [
            ("http://h:1/p", "http://h:1/p"),
            ("http://me:pa#s?s/w@o@h:1/p", "http://***@h:1/p"),
            ("http://me:pass@h/p?q#f", "http://***@h/p?***"),
            ("me:pa://ss@h", "***@h"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn an_escaped_at_is_part_of_a_path() {
        assert_eq!(base("http://h/%40me").path, "/%40me");
    }

    #[test]
    fn the_address_that_answers_is_taken_and_silence_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // `localhost` may be ::1 first, where nobody listens.
        let url = format!("http://localhost:{}", address.port());
        assert_eq!(Target::reach(&url, None).unwrap().address, address);
        drop(listener);
        assert!(matches!(
            Target::reach(&url, None),
            Err(TargetError::Unreachable { .. })
        ));
    }

    #[test]
    fn the_connection_leaves_from_the_address_that_was_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let from: IpAddr = "127.0.0.9".parse().unwrap();
        Target::reach(&url, Some(from)).unwrap();
        assert_eq!(listener.accept().unwrap().1.ip(), from);
    }

    #[test]
    fn an_address_that_cannot_be_bound_is_the_binds_fault() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Set aside for documentation (RFC 5737): no machine has it.
        let elsewhere = Target::reach(&url, Some("192.0.2.1".parse().unwrap()));
        assert!(matches!(elsewhere, Err(TargetError::Bind { .. })));
        let other_kind = Target::reach(&url, Some("::1".parse().unwrap())).unwrap_err();
        assert!(
            other_kind.to_string().contains("--bind ::1"),
            "{other_kind}"
        );
    }

    #[test]
    fn wrong_urls_are_told_apart_and_secrets_are_not_repeated() {
        for (url, part) in [
            ("127.0.0.1:8000", "http://"),
            ("ftp://127.0.0.1", "https://"),
            ("http://127.0.0.1/?key=secret", "query"),
            ("http://me:secret@127.0.0.1", "user or password"),
            ("https://me:secret@127.0.0.1", "user or password"),
            ("me:secret@127.0.0.1/ x", "not a URL"),
            ("http://127.0.0.1:1/#secret", "fragment"),
            ("http://127.0.0.1:1#secret", "fragment"),
            ("127.0.0.1:1#secret", "fragment"),
            ("http://me:secret#word@127.0.0.1", "user or password"),
            ("http://me:word#secret@127.0.0.1", "user or password"),
            ("http://me:secret?word@127.0.0.1", "user or password"),
            ("http://me:word/secret@127.0.0.1", "user or password"),
            ("http://me:1234#secret@127.0.0.1", "user or password"),
            ("http://me:1234/secret@127.0.0.1", "user or password"),
            ("http://me:secret@word@127.0.0.1", "user or password"),
            ("http://127.0.0.1/@me?key=secret", "%40"),
            ("me:secret#secret@127.0.0.1", "fragment"),
            ("secret@http://127.0.0.1?secret", "URL"),
        ] {
            let message = Target::reach(url, None).unwrap_err().to_string();
            assert!(message.contains(part), "{url}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
