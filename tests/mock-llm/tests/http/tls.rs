//! TLS: who is trusted, and which protocol is chosen.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use mock_llm::{Config, Server, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::client::post_bytes;

const BODY: &str = r#"{"messages":[],"max_tokens":6,"stream":true}"#;

/// An authority with a certificate for the server and one for a client.
struct Authority {
    dir: TempDir,
    root: CertificateDer<'static>,
    client: (CertificateDer<'static>, PrivateKeyDer<'static>),
}

impl Authority {
    fn new() -> Self {
        let dir = TempDir::new().expect("a directory");
        let mut params = CertificateParams::new(vec![]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a root");
        let leaf = |name: &str| {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
            (params.signed_by(&key, &issuer).expect("signed"), key)
        };
        let (server, server_key) = leaf("127.0.0.1");
        let (client, client_key) = leaf("client");
        let write = |name: &str, text: String| {
            std::fs::write(dir.path().join(name), text).expect("written");
        };
        write("ca.pem", issuer.pem());
        write("cert.pem", server.pem());
        write("key.pem", server_key.serialize_pem());
        let client_key = PrivateKeyDer::try_from(client_key.serialize_der()).expect("a key");
        Authority {
            root: issuer.der().clone(),
            client: (client.der().clone(), client_key),
            dir,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn server(&self, client_ca: bool) -> Server {
        let tls = TlsFiles {
            certificate: self.file("cert.pem"),
            key: self.file("key.pem"),
            client_ca: client_ca.then(|| self.file("ca.pem")),
            protocols: TlsFiles::HTTP,
        };
        Server::start(Config {
            tls: Some(tls),
            ..Config::default()
        })
        .expect("the server starts")
    }

    fn connect(
        &self,
        server: &Server,
        with_certificate: bool,
        alpn: &[&str],
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = if with_certificate {
            let (certificate, key) = (self.client.0.clone(), self.client.1.clone_key());
            let config = builder.with_client_auth_cert(vec![certificate], key);
            config.expect("a certificate")
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let session = ClientConnection::new(Arc::new(config), name).expect("a session");
        let tcp = TcpStream::connect(server.addr()).expect("it listens");
        tcp.set_read_timeout(Some(std::time::Duration::from_secs(20)))
            .expect("a timeout");
        StreamOwned::new(session, tcp)
    }
}

/// The answer until the server closes.
fn exchange(tls: &mut StreamOwned<ClientConnection, TcpStream>) -> std::io::Result<String> {
    let request = String::from_utf8(post_bytes("/v1/chat/completions", BODY)).expect("text");
    tls.write_all(
        request
            .replace("Host", "Connection: close\r\nHost")
            .as_bytes(),
    )?;
    let mut text = String::new();
    tls.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn a_request_over_tls_is_answered_and_logged_like_any_other() {
    let authority = Authority::new();
    let server = authority.server(false);
    let mut tls = authority.connect(&server, false, &[]);
    let answer = exchange(&mut tls).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("[DONE]"));
    let arrivals = server.arrivals();
    assert_eq!(arrivals[0].body_bytes, Some(BODY.len() as u64));
    assert!(arrivals[0].arrival_ns <= arrivals[0].body_end_ns.expect("read"));
    assert!(arrivals[0].body_end_ns < arrivals[0].answered_ns);
}

#[test]
fn alpn_chooses_the_clients_first_of_ours() {
    let authority = Authority::new();
    let server = authority.server(false);
    for (offered, chosen) in [
        (&["http/1.1", "h2"][..], "h2"),
        (&["http/1.1"], "http/1.1"),
        (&["h2"], "h2"),
    ] {
        let mut tls = authority.connect(&server, false, offered);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).expect("a handshake");
        }
        assert_eq!(tls.conn.alpn_protocol(), Some(chosen.as_bytes()));
    }
}

/// With HTTP/2 the server's first frame is SETTINGS (type 4).
#[test]
fn http_2_is_spoken_over_tls() {
    let authority = Authority::new();
    let server = authority.server(false);
    let mut tls = authority.connect(&server, false, &["h2"]);
    tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .expect("sent");
    let mut frame = [0; 9];
    tls.read_exact(&mut frame).expect("a frame");
    assert_eq!(frame[3], 4);
}

#[test]
fn with_a_client_authority_only_its_clients_are_served() {
    let authority = Authority::new();
    let server = authority.server(true);
    let answer = exchange(&mut authority.connect(&server, true, &[]));
    assert!(answer.expect("an answer").contains("[DONE]"));
    assert!(exchange(&mut authority.connect(&server, false, &[])).is_err());
    let stranger = Authority::new();
    let mut unknown = authority.connect(&server, false, &[]);
    unknown.conn = stranger.connect(&server, true, &[]).conn;
    assert!(exchange(&mut unknown).is_err());
    assert_eq!(server.arrivals().len(), 1);
}

#[test]
fn files_that_are_none_are_refused_by_name() {
    let authority = Authority::new();
    let tls = TlsFiles {
        certificate: authority.file("key.pem"),
        key: authority.file("key.pem"),
        client_ca: None,
        protocols: TlsFiles::HTTP,
    };
    let error = Server::start(Config {
        tls: Some(tls),
        ..Config::default()
    });
    let Err(error) = error else {
        panic!("a key is no certificate")
    };
    assert!(format!("{error:#}").contains("key.pem"), "{error:#}");
}
