//! TLS and HTTP/2: who is trusted, what is said when nobody is, and that a run is the same over
//! each of them.

use crate::support::{Run, chat_spec, compile, dir, requests};
use harness::Outcome;
use mock_llm::{Config, Server, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const NOT_CHECKED: &str = "TLS certificates were not checked (--insecure)";

/// Files of an authority and of what it has signed: for 127.0.0.1, for another host, for a client.
pub struct Authority {
    directory: TempDir,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a root").pem();
        let issuer = Issuer::new(params, key);
        let authority = Authority { directory };
        authority.write("ca.pem", &pem);
        for name in ["127.0.0.1", "elsewhere.example", "client"] {
            let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
            let key = KeyPair::generate().expect("a key");
            let signed = params.signed_by(&key, &issuer).expect("signed");
            authority.write(&format!("{name}.pem"), &signed.pem());
            authority.write(&format!("{name}.key"), &key.serialize_pem());
        }
        authority
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).expect("written");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The flag with which a client trusts it.
    pub fn ca(&self) -> String {
        format!("--cacert {}", shown(&self.file("ca.pem")))
    }

    /// A server that shows its certificate for `name`, and may ask for one of this authority.
    fn server(&self, name: &str, asks_clients: bool) -> (Server, String) {
        let server = Server::start(self.config(name, asks_clients)).expect("a free port");
        let url = format!("https://{}", server.addr());
        (server, url)
    }

    /// What such a server is started with.
    pub fn config(&self, name: &str, asks_clients: bool) -> Config {
        Config {
            tls: Some(TlsFiles {
                certificate: self.file(&format!("{name}.pem")),
                key: self.file(&format!("{name}.key")),
                client_ca: asks_clients.then(|| self.file("ca.pem")),
                protocols: TlsFiles::HTTP,
            }),
            ..Config::default()
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn spec() -> String {
    chat_spec(100, "200ms")
}

/// Every request was answered, and read as the server counts.
#[track_caller]
fn assert_well(run: &Run) {
    run.assert_all_ok();
    for (record, request) in run.records.iter().zip(&run.workload) {
        let tokens = record["token_times"].as_array().map(Vec::len);
        assert_eq!(tokens, Some(request.output_tokens as usize), "{record}");
        assert_eq!(record["usage_output"], request.output_tokens);
    }
}

/// A run that cannot begin: status 3, these words, and nothing left behind or sent.
#[track_caller]
fn assert_refused(url: &str, flags: &str, words: &[&str]) -> Outcome {
    let dir = dir();
    compile(&dir, "w", &spec(), "");
    let call = format!("run w.wlc --url {url} --out results {flags}");
    let outcome = dir.replay(&call).run().expect(3);
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no {word:?} in {}",
            outcome.stderr
        );
    }
    assert_eq!(dir.list("."), ["w.wlc", "w.yaml"], "{}", outcome.stderr);
    outcome
}

#[test]
fn a_private_authority_is_trusted_by_name_over_both_protocols() {
    let authority = Authority::new("ours");
    for flags in [
        "",
        "--http2",
        "--workers 2 --reuse never",
        "--http2 --reuse never",
    ] {
        let (_server, url) = authority.server("127.0.0.1", false);
        let run = Run::new(&spec(), &url, &format!("{} {flags}", authority.ca()));
        assert_well(&run);
        assert_eq!(run.run["effective"]["insecure"], false);
        assert_eq!(
            run.run["effective"]["cacert"][0],
            shown(&authority.file("ca.pem"))
        );
        assert!(!run.outcome.stderr.contains(NOT_CHECKED));
        assert!(!run.outcome.stdout.contains(NOT_CHECKED));
    }
}

#[test]
fn the_systems_authorities_are_trusted_when_none_is_named() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (mut server, url) = ours.server("127.0.0.1", false);
    let dir = dir();
    let workload = requests(&dir, "w", &spec(), "");
    let with_system = |authority: &Authority| {
        let call = dir.replay(&format!("run w.wlc --url {url} --out results"));
        call.env("SSL_CERT_FILE", &shown(&authority.file("ca.pem")))
            .run()
    };
    let refused = with_system(&theirs).expect(3);
    assert!(
        refused.stderr.contains("--cacert FILE"),
        "{}",
        refused.stderr
    );
    let outcome = with_system(&ours);
    server.stop();
    assert_well(&Run::read(dir, workload, outcome));
}

#[test]
fn an_unknown_authority_ends_the_run_before_it_begins_and_the_text_says_what_to_do() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    for flags in ["", "--http2"] {
        let (mut server, url) = ours.server("127.0.0.1", false);
        let flags = format!("{} {flags}", theirs.ca());
        assert_refused(
            &url,
            &flags,
            &["UnknownIssuer", "--cacert FILE", "--insecure"],
        );
        server.stop();
        assert_eq!(server.arrivals(), []);
    }
}

#[test]
fn a_certificate_for_another_name_is_told_as_such() {
    let authority = Authority::new("ours");
    let (_server, url) = authority.server("elsewhere.example", false);
    assert_refused(
        &url,
        &authority.ca(),
        &["give --url a name that its certificate is for"],
    );
}

#[test]
fn a_port_without_tls_is_told_as_such() {
    let authority = Authority::new("ours");
    let server = Server::start(Config::default()).expect("a free port");
    let url = format!("https://{}", server.addr());
    assert_refused(&url, &authority.ca(), &["TLS"]);
}

#[test]
fn a_server_without_the_version_of_http_that_was_asked_for_ends_the_run_before_it_begins() {
    let authority = Authority::new("ours");
    let cases: [(&'static [&'static str], &str, &str); 3] = [
        (&["http/1.1"], "--http2", "add or leave out --http2"),
        // The handshake succeeds: it does not know of ALPN.
        (&[], "--http2", "leave --http2 out"),
        (&["h2"], "", "add or leave out --http2"),
    ];
    for (protocols, flags, words) in cases {
        let mut config = authority.config("127.0.0.1", false);
        config.tls.as_mut().expect("it speaks TLS").protocols = protocols;
        let mut server = Server::start(config).expect("a free port");
        let url = format!("https://{}", server.addr());
        let flags = format!("{} {flags}", authority.ca());
        assert_refused(&url, &flags, &[words]);
        // Where no connection is opened before, every request meets the refusal.
        let refused = Run::new(&spec(), &url, &format!("{flags} --reuse never"));
        refused.assert_accounted();
        assert_eq!(refused.count("outcome", "not_sent"), 20, "{protocols:?}");
        assert_eq!(refused.count("error_class", "connect"), 20);
        assert_eq!(refused.summary["verdict"]["verdict"], "INVALID");
        server.stop();
        assert_eq!(server.arrivals(), [], "{protocols:?}");
    }
}

#[test]
fn a_server_that_does_not_know_alpn_is_taken_to_speak_http_1() {
    let authority = Authority::new("ours");
    let mut config = authority.config("127.0.0.1", false);
    config.tls.as_mut().expect("it speaks TLS").protocols = &[];
    let server = Server::start(config).expect("a free port");
    let url = format!("https://{}", server.addr());
    assert_well(&Run::new(&spec(), &url, &authority.ca()));
}

#[test]
fn insecure_accepts_any_certificate_and_says_so_everywhere() {
    let authority = Authority::new("ours");
    let (_server, url) = authority.server("elsewhere.example", false);
    let run = Run::new(&spec(), &url, "--insecure");
    assert_well(&run);
    assert_eq!(run.run["effective"]["insecure"], true);
    for text in [&run.outcome.stderr, &run.outcome.stdout] {
        assert!(text.contains(NOT_CHECKED), "{text}");
    }
    let report = run.dir.replay("report results").run().ok();
    assert!(report.stdout.contains(NOT_CHECKED));
}

#[test]
fn a_server_that_asks_for_a_certificate_is_shown_one() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (mut server, url) = ours.server("127.0.0.1", true);
    let client = |authority: &Authority| {
        let [certificate, key] = ["client.pem", "client.key"].map(|f| shown(&authority.file(f)));
        format!("{} --cert {certificate} --key {key}", ours.ca())
    };
    let run = Run::new(&spec(), &url, &client(&ours));
    assert_well(&run);
    assert_eq!(
        run.run["effective"]["cert"],
        shown(&ours.file("client.pem"))
    );
    assert!(
        !run.run.to_string().contains("client.key"),
        "nothing is kept of the key"
    );
    // TLS 1.3 tells that only after the handshake; it is heard before anything is sent.
    for flags in [ours.ca(), client(&theirs), format!("{} --http2", ours.ca())] {
        assert_refused(&url, &flags, &["TLS: ", "--cert FILE and --key FILE"]);
    }
    // Where no connection is opened before, every request meets the refusal.
    let refused = Run::new(&spec(), &url, &format!("{} --reuse never", ours.ca()));
    refused.assert_accounted();
    assert_eq!(refused.count("outcome", "ok"), 0);
    assert_eq!(
        refused.count("error_class", "connect"),
        20,
        "{:?}",
        refused.records
    );
    server.stop();
    assert_eq!(server.arrivals().len(), run.workload.len());
}

#[test]
fn a_connection_that_the_server_spoke_on_before_the_run_carries_one_request_at_a_time() {
    // A server sends session tickets behind each handshake, while others go on.
    let authority = Authority::new("ours");
    let config = Config {
        ttft: Duration::from_secs(2),
        ..authority.config("127.0.0.1", false)
    };
    let mut server = Server::start(config).expect("a free port");
    let url = format!("https://{}", server.addr());
    let flags = format!("{} --connections 300 --timeout 10s", authority.ca());
    // All at once.
    let run = Run::new(&chat_spec(100_000, "3ms"), &url, &flags);
    server.stop();
    assert_well(&run);
    let arrivals = server.arrivals();
    let connections: HashSet<u64> = arrivals.iter().map(|a| a.connection).collect();
    assert_eq!((arrivals.len(), connections.len()), (300, 300));
}

#[test]
fn requests_share_one_connection_over_http2_with_tls_and_without() {
    let authority = Authority::new("ours");
    let (tls, https) = authority.server("127.0.0.1", false);
    let plain = Server::start(Config::default()).expect("a free port");
    let http = format!("http://{}", plain.addr());
    for (mut server, url, flags) in [(tls, https, authority.ca()), (plain, http, String::new())] {
        let run = Run::new(&spec(), &url, &format!("{flags} --http2"));
        server.stop();
        assert_well(&run);
        assert_eq!(run.run["effective"]["http2"], true);
        let arrivals = server.arrivals();
        let connections: HashSet<u64> = arrivals.iter().map(|a| a.connection).collect();
        assert_eq!((arrivals.len(), connections.len()), (20, 1), "{url}");
        assert_eq!(run.count("connection", 0), 20);
        assert_eq!(run.run["end"]["connections_opened"], 1);
    }
}
