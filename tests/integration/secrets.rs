//! Keys reach the server and nothing else.

use crate::support::{chat_spec, compile, dir, server};
use std::collections::BTreeSet;

const KEY: &str = "sk-never-to-be-seen-4711";
const HEADER: &str = "another-secret-0815";

#[test]
fn an_api_key_reaches_the_server_and_no_file_and_no_terminal() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "1"), "");
    let mut server = server(1, 0);
    let outcome = dir
        .replay(&format!(
            "run w.wlc --url http://{} --out results",
            server.addr()
        ))
        .words("--api-key-env TEST_API_KEY --header")
        .arg(format!("X-Gateway-Key: {HEADER}"))
        .env("TEST_API_KEY", KEY)
        .run()
        .ok();
    let report = dir.replay("report results --format jsonl").run().ok();
    server.stop();
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), 50);
    assert!(arrivals.iter().all(|arrival| arrival.authorization));
    let mut places: Vec<(String, Vec<u8>)> = vec![
        ("stdout".into(), outcome.stdout.into()),
        ("stderr".into(), outcome.stderr.into()),
        (
            "report".into(),
            [report.stdout, report.stderr].concat().into(),
        ),
    ];
    for name in dir.list("results") {
        let bytes = dir.read(&format!("results/{name}"));
        places.push((name, bytes));
    }
    for (place, bytes) in &places {
        for secret in [KEY, HEADER] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is in {place}");
        }
    }
    // Control: the search would find what is there; only the names are kept.
    let named: BTreeSet<&str> = places
        .iter()
        .filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains("TEST_API_KEY"))
        .map(|(place, _)| place.as_str())
        .collect();
    assert!(named.contains("run.json"), "{named:?}");
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
