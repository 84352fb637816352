//! Keys reach the server and nothing else: no file, no report, no archive, no terminal.

use crate::support::{chat_spec, compile, dir, server};
use crate::sweep::ANY_MACHINE;
use crate::tls::Authority;
use clap::ValueEnum;
use harness::{Call, Dir, Outcome};
use mock_llm::Server;
use replay::cli::report::ReportFormat;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

pub const KEY: &str = "sk-never-to-be-seen-4711";
const HEADER: &str = "another-secret-0815";
const AUTHORIZATION: &str = "dGhlLXVzZXI6dGhlLXBhc3N3b3Jk";
const USER: &str = "the-user-of-a-url";
const PASSWORD: &str = "the-password-of-a-url";

/// Everything in which a secret might stand, each with its name.
#[derive(Default)]
pub struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    /// What a program said.
    pub fn said(&mut self, outcome: &Outcome) {
        let of = |what: &str| format!("{what} of {}", outcome.command);
        self.0.push((of("stdout"), outcome.stdout.clone().into()));
        self.0.push((of("stderr"), outcome.stderr.clone().into()));
    }

    /// Every file at or below a path.
    fn files(&mut self, path: &Path) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).expect("a directory") {
                self.files(&entry.expect("an entry").path());
            }
        } else {
            let bytes = std::fs::read(path).expect("a file");
            self.0.push((path.display().to_string(), bytes));
        }
    }

    /// Names of the places that hold a text.
    fn holding(&self, text: &str) -> Vec<&str> {
        let holds = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let found = self.0.iter().filter(|(_, bytes)| holds(bytes));
        found.map(|(place, _)| place.as_str()).collect()
    }

    #[track_caller]
    pub fn assert_none_hold(&self, texts: &[&str]) {
        for text in texts {
            assert_eq!(self.holding(text), [""; 0], "{text}");
        }
    }

    #[track_caller]
    fn assert_some_end_in(&self, text: &str, names: &[&str]) {
        let found = self.holding(text);
        for name in names {
            assert!(
                found.iter().any(|place| place.ends_with(name)),
                "{text} is not in {name}: {found:?}"
            );
        }
    }
}

/// Asks for every report, signs, packs, unpacks and verifies; what is said and written is looked at.
#[track_caller]
pub fn use_results(dir: &Dir, results: &str, places: &mut Places) {
    let mut reports = 0;
    for format in ReportFormat::value_variants() {
        let format = format.to_possible_value().expect("a name");
        let call = format!("report {results} --format {}", format.get_name());
        let out = format!("reports/{results}-{}", format.get_name());
        dir.write("reports/made", "");
        let report = dir.replay(&call).arg("-o").arg(&out).run();
        reports += usize::from(report.status == Some(0));
        places.said(&report);
    }
    assert!(reports > 0, "{results}: there is a report");
    places.files(&dir.path("reports"));
    let sign = dir.replay(&format!("sign {results} --key signing")).run();
    places.said(&sign.ok());
    let archive = format!("archive {results} --workload w.wlc -o {results}.tar.zst");
    places.said(&dir.replay(&archive).run().ok());
    let unpacked = format!("{results}-unpacked");
    dir.write(&format!("{unpacked}/made"), "");
    let unpack = Call::new("tar")
        .words("--zstd -xf")
        .arg(dir.path(&format!("{results}.tar.zst")));
    unpack.words("-C").arg(dir.path(&unpacked)).run().ok();
    places.files(&dir.path(&unpacked));
    places.said(
        &dir.replay(&format!("verify {results} --workload w.wlc"))
            .run(),
    );
    places.files(&dir.path(results));
}

/// A line of a private key in the middle of its file: nobody else has it.
fn line_of(key: &str) -> String {
    let line = key.lines().nth(2).expect("a key has several lines");
    assert!(line.len() > 20, "{line}");
    line.to_owned()
}

/// A key to sign with, in `signing`.
pub fn signing_key(dir: &Dir) -> String {
    let make = Call::new("ssh-keygen")
        .words("-q -t ed25519 -C signer -N")
        .arg("");
    make.arg("-f").arg(dir.path("signing")).run().ok();
    line_of(&String::from_utf8(dir.read("signing")).expect("PEM"))
}

#[test]
fn no_secret_of_a_run_is_in_any_file_or_said() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "1"), "");
    let signing = signing_key(&dir);
    let authority = Authority::new("ours");
    let config = authority.config("127.0.0.1", true);
    let client_key = config
        .tls
        .as_ref()
        .expect("TLS")
        .certificate
        .with_file_name("client.key");
    let mut server = Server::start(config).expect("a free port");
    let url = format!("https://{}", server.addr());
    let run = dir
        .replay(&format!(
            "run w.wlc --url {url} --out results {}",
            authority.ca()
        ))
        .arg("--cert")
        .arg(client_key.with_file_name("client.pem"))
        .arg("--key")
        .arg(&client_key)
        .words("--api-key-env TEST_API_KEY --header")
        .arg(format!("X-Gateway-Key: {HEADER}"))
        .env("TEST_API_KEY", KEY)
        .run()
        .ok();
    server.stop();
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), 50);
    assert!(arrivals.iter().all(|arrival| arrival.authorization));
    let mut places = Places::default();
    places.said(&run);
    use_results(&dir, "results", &mut places);
    let client_key = std::fs::read_to_string(client_key).expect("a key");
    let client_key = line_of(&client_key);
    places.assert_none_hold(&[KEY, HEADER, &signing, &client_key]);
    // Control: what is there is found; of secrets only the names are kept.
    let written = ["results/run.json", "results/bundle.json"];
    places.assert_some_end_in("TEST_API_KEY", &written);
    places.assert_some_end_in("x-gateway-key", &written);
    let packed = places.holding("TEST_API_KEY");
    assert!(
        packed.iter().any(|place| place.contains("-unpacked/")),
        "{packed:?}"
    );
    // Control: the keys' files hold their lines.
    places.files(&dir.path("signing"));
    places.assert_some_end_in(&signing, &["signing"]);
}

#[test]
fn no_secret_of_a_sweep_is_in_any_file_or_said() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(300, "2"), "");
    signing_key(&dir);
    let mut server = server(1, 0);
    let url = format!("http://{}", server.addr());
    let flags = format!("{ANY_MACHINE} --up-to 40 --steps 2 --step-duration 1s");
    let sweep = dir
        .replay(&format!(
            "sweep w.wlc --url {url} --out results {flags} --header"
        ))
        .arg(format!("Authorization: Basic {AUTHORIZATION}"))
        .arg("--header")
        .arg(format!("X-Gateway-Key: {HEADER}"))
        .run()
        .ok();
    server.stop();
    assert!(
        server
            .arrivals()
            .iter()
            .all(|arrival| arrival.authorization)
    );
    let mut places = Places::default();
    places.said(&sweep);
    use_results(&dir, "results", &mut places);
    places.assert_none_hold(&[AUTHORIZATION, HEADER]);
    let written = [
        "step-01/run.json",
        "step-02/run.json",
        "step-01/bundle.json",
    ];
    places.assert_some_end_in("authorization", &written);
}

#[test]
fn a_url_with_a_password_is_refused_and_not_repeated() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(10, "1"), "");
    let mut places = Places::default();
    for verb in ["run", "sweep"] {
        let outcome = dir
            .replay(&format!("{verb} w.wlc --out {verb}"))
            .arg("--url")
            .arg(format!("http://{USER}:{PASSWORD}@127.0.0.1:1"))
            .run()
            .expect(2);
        let told = &outcome.stderr;
        assert!(told.contains("holds a user or password"), "{told}");
        places.said(&outcome);
    }
    assert_eq!(dir.list("."), ["w.wlc", "w.yaml"]);
    places.assert_none_hold(&[USER, PASSWORD]);
}

/// Reads a request; gives its first line and whether it holds the key.
fn read_request(stream: &TcpStream) -> (String, bool) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut body_bytes) = (String::new(), 0);
    while reader.read_line(&mut head).is_ok_and(|count| count > 2) {
        let line = head.lines().last().unwrap_or_default();
        if let Some(length) = line.strip_prefix("content-length: ") {
            body_bytes = length.parse().unwrap_or(0);
        }
    }
    let _ = reader.read_exact(&mut vec![0; body_bytes]);
    let first = head.lines().next().unwrap_or_default().to_owned();
    (first, head.contains(KEY))
}

/// A server that repeats the key in its status line, in header fields and in what it says, and
/// refuses everything; it serves for as long as the process lives. Sends one message for each request
/// with the key.
fn treacherous() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, received) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let (first, has_key) = read_request(&stream);
                if has_key {
                    let _ = sender.send(first.clone());
                }
                let models = first.starts_with("GET ");
                let status = if models { "200 OK" } else { "401" };
                let body = match models {
                    true => {
                        format!("{{\"data\": [{{\"id\": \"{KEY}\"}}, {{\"id\": \"honest\"}}]}}")
                    }
                    false => format!("{{\"error\": {{\"message\": \"wrong key: {KEY}\"}}}}"),
                };
                let answer = format!(
                    "HTTP/1.1 {status} {KEY}\r\nserver: for {KEY}\r\nvia: 1.1 honest\r\n\
                     content-type: application/json\r\nconnection: close\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = (&stream).write_all(answer.as_bytes());
            });
        }
    });
    (url, received)
}

#[test]
fn a_server_that_repeats_the_key_does_not_get_it_into_a_file() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(10, "1"), "");
    signing_key(&dir);
    let (url, received) = treacherous();
    let run = dir
        .replay(&format!(
            "run w.wlc --url {url} --out results --reuse never --speed 10"
        ))
        .words("--api-key-env TEST_API_KEY")
        .env("TEST_API_KEY", KEY)
        .run();
    let mut places = Places::default();
    places.said(&run);
    use_results(&dir, "results", &mut places);
    places.assert_none_hold(&[KEY]);
    // Control: it was asked and refused, with the key each time, and what is no secret is kept.
    let asked: Vec<String> = received.try_iter().collect();
    let models = asked.iter().filter(|first| first.starts_with("GET "));
    assert_eq!((models.count(), asked.len()), (1, 11), "{asked:?}");
    let target = &dir.json("results/run.json")["targets"][0];
    assert_eq!(target["models"], serde_json::json!(["…", "honest"]));
    assert_eq!(target["headers"]["server"], "for …");
    assert_eq!(target["headers"]["via"], "1.1 honest");
}

#[test]
fn without_a_key_no_authorization_is_sent() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(10, "1"), "");
    let server = server(0, 0);
    let url = format!("http://{}", server.addr());
    dir.replay(&format!("run w.wlc --speed 10 --url {url} --out results"))
        .run()
        .ok();
    assert!(
        server
            .arrivals()
            .iter()
            .all(|arrival| !arrival.authorization)
    );
}
