//! Keys reach the server and nothing else.

use crate::support::{chat_spec, compile, dir, server};

const KEY: &str = "sk-never-to-be-seen-4711";
const HEADER: &str = "another-secret-0815";

/// Names of the places that hold a text.
fn holding<'p>(places: &'p [(String, Vec<u8>)], text: &str) -> Vec<&'p str> {
    let holds = |bytes: &[u8]| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let found = places.iter().filter(|(_, bytes)| holds(bytes));
    found.map(|(place, _)| place.as_str()).collect()
}

#[test]
fn an_api_key_reaches_the_server_and_no_file_and_no_terminal() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "1"), "");
    let mut server = server(1, 0);
    let url = format!("http://{}", server.addr());
    let run = dir
        .replay(&format!("run w.wlc --url {url} --out results"))
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
        ("stdout".into(), run.stdout.into()),
        ("stderr".into(), run.stderr.into()),
        ("report".into(), report.stdout.into()),
    ];
    for name in dir.list("results") {
        let bytes = dir.read(&format!("results/{name}"));
        places.push((name, bytes));
    }
    assert_eq!(holding(&places, KEY), [""; 0]);
    assert_eq!(holding(&places, HEADER), [""; 0]);
    // Control: what is there is found; of secrets only the names are kept.
    assert_eq!(holding(&places, "TEST_API_KEY"), ["run.json"]);
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
