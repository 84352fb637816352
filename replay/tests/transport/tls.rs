//! Whom TLS trusts, who we are to the server, and what is said when either will not do.

use crate::certificates::{Authority, Identity};
use crate::readiness::{establish, read};
use crate::tls_server::{self, BOTH_VERSIONS, accept};
use replay::engine::link::Link;
use replay::engine::tls::{TlsClient, TlsSettings};
use rustls::SupportedProtocolVersion;
use std::io::{self, ErrorKind, Read, Write};

/// How a server is set up.
struct Server<'a> {
    identity: Identity,
    alpn: &'a [&'a str],
    client_authority: Option<&'a Authority>,
    version: &'static SupportedProtocolVersion,
}

impl Server<'_> {
    fn new(identity: Identity) -> Self {
        Server {
            identity,
            alpn: &[],
            client_authority: None,
            version: BOTH_VERSIONS[1],
        }
    }

    /// Connects, and reads the greeting; says whether HTTP/2 was chosen.
    fn greet(&self, settings: &TlsSettings, name: &str, http2: bool) -> io::Result<bool> {
        let Server { identity, alpn, .. } = self;
        let config = tls_server::config(identity, alpn, self.client_authority, self.version);
        let (address, server) = tls_server::serve(config, |mut stream| {
            // Fails where the client turns away.
            let _ = stream.write_all(b"hello").and_then(|()| stream.flush());
            let _ = stream.read(&mut [0]);
        });
        let client = TlsClient::new(settings, name, http2).unwrap();
        let link = Link::connect(address, None, Some(&client)).unwrap();
        let outcome = establish(link).and_then(|(mut link, readiness)| {
            let mut buffer = [0; 16];
            let length = read(&mut link, &readiness, &mut buffer)?;
            assert_eq!(&buffer[..length], b"hello");
            Ok(link.is_http2())
        });
        server.join().unwrap();
        outcome
    }
}

fn insecure() -> TlsSettings {
    TlsSettings {
        insecure: true,
        ..TlsSettings::default()
    }
}

#[test]
fn a_server_is_trusted_by_its_authority_and_its_name() {
    let (authority, other) = (Authority::new(), Authority::new());
    for name in ["localhost", "127.0.0.1", "::1"] {
        for version in BOTH_VERSIONS {
            let mut server = Server::new(authority.sign(name));
            server.version = version;
            assert!(!server.greet(&authority.trusted(), name, false).unwrap());
            // Control: the same server, with another authority or by another name.
            let untrusted = server.greet(&other.trusted(), name, false).unwrap_err();
            assert_eq!(untrusted.kind(), ErrorKind::InvalidData);
            let text = untrusted.to_string();
            assert!(
                text.contains("--cacert") && text.contains("--insecure"),
                "{text}"
            );
            let misnamed = server.greet(&authority.trusted(), "other.example", false);
            let text = misnamed.unwrap_err().to_string();
            assert!(
                text.contains("other.example") && text.contains("--url"),
                "{text}"
            );
            server.greet(&insecure(), "other.example", false).unwrap();
        }
    }
}

#[test]
fn one_file_may_hold_many_authorities_and_many_files_may_be_given() {
    let (a, b, c) = (Authority::new(), Authority::new(), Authority::new());
    let mut settings = a.trusted();
    let both = a.file("both.pem", &format!("{}{}", b.pem(), c.pem()));
    settings.ca_certificates.push(both);
    for authority in [&a, &b, &c] {
        let server = Server::new(authority.sign("localhost"));
        server.greet(&settings, "localhost", false).unwrap();
    }
}

#[test]
fn the_server_learns_who_we_are_if_it_asks() {
    let (authority, ours, other) = (Authority::new(), Authority::new(), Authority::new());
    for version in BOTH_VERSIONS {
        let mut server = Server::new(authority.sign("localhost"));
        server.version = version;
        server.client_authority = Some(&ours);
        let refused = |settings: &TlsSettings| {
            let error = server.greet(settings, "localhost", false).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{text}");
            assert!(text.contains("--cert FILE"), "{text}");
        };
        if version == BOTH_VERSIONS[1] {
            refused(&authority.trusted());
        }
        let with = |identity: &Identity| {
            let mut settings = authority.trusted();
            let certificate = authority.file("client.pem", &identity.certificate);
            settings.client_certificate = Some(certificate);
            settings.client_key = Some(authority.file("client.key", &identity.key));
            settings
        };
        refused(&with(&other.sign("client")));
        let identity = ours.sign("client");
        server.greet(&with(&identity), "localhost", false).unwrap();
        // Both in one file.
        let mut settings = authority.trusted();
        let text = format!("{}{}", identity.key, identity.certificate);
        settings.client_certificate = Some(authority.file("client.pem", &text));
        server.greet(&settings, "localhost", false).unwrap();
    }
}

#[test]
fn the_version_of_http_is_agreed_on() {
    let authority = Authority::new();
    let mut server = Server::new(authority.sign("localhost"));
    server.alpn = &["h2", "http/1.1"];
    for http2 in [true, false] {
        let chosen = server.greet(&authority.trusted(), "localhost", http2);
        assert_eq!(chosen.unwrap(), http2);
    }
    server.alpn = &["http/1.1"];
    let error = server.greet(&authority.trusted(), "localhost", true);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("--http2"), "{text}");
    // A server that knows nothing of ALPN does not choose HTTP/2.
    server.alpn = &[];
    let chosen = server.greet(&authority.trusted(), "localhost", true);
    assert!(!chosen.unwrap());
}

#[test]
fn a_server_without_tls_is_told_apart() {
    let client = TlsClient::new(&insecure(), "localhost", false).unwrap();
    let (address, server) = accept(|mut socket| {
        let _ = socket.read(&mut [0; 1000]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let link = Link::connect(address, None, Some(&client)).unwrap();
    let text = establish(link).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("speak TLS on this port"), "{text}");
    server.join().unwrap();
    let (address, server) = accept(drop);
    let link = Link::connect(address, None, Some(&client)).unwrap();
    establish(link).map(|_| ()).unwrap_err();
    server.join().unwrap();
}

#[test]
fn wrong_files_are_named_with_what_to_do() {
    let authority = Authority::new();
    let (ours, others) = (authority.sign("a"), authority.sign("b"));
    let certificate = authority.file("certificate.pem", &ours.certificate);
    let key = authority.file("key.pem", &ours.key);
    let other_key = authority.file("other.key", &others.key);
    let empty = authority.file("empty.pem", "nothing here\n");
    let broken = authority.file("broken.pem", "-----BEGIN CERTIFICATE-----\n!!\n");
    let missing = authority.file("x", "").with_file_name("missing.pem");
    let trusting = |file: &std::path::Path| TlsSettings {
        ca_certificates: vec![file.to_owned()],
        ..TlsSettings::default()
    };
    let being =
        |certificate: Option<&std::path::PathBuf>, key: Option<&std::path::PathBuf>| TlsSettings {
            client_certificate: certificate.cloned(),
            client_key: key.cloned(),
            ..authority.trusted()
        };
    for (settings, parts) in [
        (
            trusting(&empty),
            ["--cacert", "empty.pem", "no certificate"],
        ),
        (trusting(&key), ["--cacert", "key.pem", "no certificate"]),
        (trusting(&broken), ["--cacert", "broken.pem", "not PEM"]),
        (
            trusting(&missing),
            ["--cacert", "missing.pem", "No such file"],
        ),
        (being(None, Some(&key)), ["--key", "key.pem", "add --cert"]),
        (
            being(Some(&certificate), None),
            ["--key", "certificate.pem", "private key"],
        ),
        (
            being(Some(&empty), Some(&key)),
            ["--cert", "empty.pem", "no certificate"],
        ),
        (
            being(Some(&certificate), Some(&other_key)),
            ["--cert", "other.key", "together"],
        ),
    ] {
        let text = TlsClient::new(&settings, "localhost", false).unwrap_err();
        for part in parts {
            assert!(text.contains(part), "{text}");
        }
    }
    let text = TlsClient::new(&insecure(), "not a name", false).unwrap_err();
    assert!(
        text.contains("not a name") && text.contains("--url"),
        "{text}"
    );
}
