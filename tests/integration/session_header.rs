//! `api.session_id_header_key`: the header field that carries a session to a server that routes by it.

use crate::lines::Lines;
use crate::recorder::{Recorder, header};
use crate::support::{compile, dir};
use serde_json::{Value, json};

const HEAD: &str = "seed: 3\nmodels: m\napi: {type: chat, session_id_header_key: X-Session, headers: {x-route: a}}\n\
                    data: {type: random, input_distribution: 5, output_distribution: 2}\n";
const LOAD: &str = "load: {type: constant, stages: [{rate: 4, duration: 1}]}\n";

#[test]
fn every_turn_of_a_session_carries_its_name() {
    for history in ["materialised", "live"] {
        let sessions =
            format!("sessions: {{turns: 'uniform(1, 3)', delay: 1s, history: {history}}}\n");
        let lines = Lines::of(&format!("{HEAD}{LOAD}{sessions}")).lines;
        assert!(lines.len() > 4);
        for line in &lines {
            assert!(line["session"].is_string());
            assert_eq!(line["headers"]["x-session"], line["session"], "{line}");
            assert_eq!(line["headers"]["x-route"], "a");
            assert_eq!(line["headers"]["content-type"], "application/json");
        }
    }
}

#[test]
fn the_sessions_of_each_population_are_its_own() {
    let population =
        |name: &str| format!("- {{name: {name}, sessions: {{turns: 2, delay: 1s}}}}\n");
    let (a, b) = (population("a"), population("b"));
    let lines = Lines::of(&format!("{HEAD}{LOAD}populations:\n{a}{b}")).lines;
    let sent = |line: &Value| line["headers"]["x-session"].as_str().map(str::to_owned);
    let names: std::collections::BTreeSet<_> = lines.iter().map(sent).collect();
    assert_eq!((lines.len(), names.len()), (16, 8));
    assert!(
        names.contains(&Some("b/session_000000".to_owned())),
        "{names:?}"
    );
}

#[test]
fn a_request_without_a_session_sends_none() {
    for line in Lines::of(&format!("{HEAD}{LOAD}")).lines {
        assert_eq!(line["session"], Value::Null);
        let expected = json!({"content-type": "application/json", "accept": "application/json", "x-route": "a"});
        assert_eq!(line["headers"], expected);
    }
}

#[test]
fn the_header_field_reaches_the_server() {
    let dir = dir();
    let spec = format!("{HEAD}{LOAD}sessions: {{turns: 1, delay: 1ms}}\n");
    compile(&dir, "w", &spec.replace("chat", "completion"), "");
    let received = Recorder::start().fired(&dir, "results", "");
    let mut sent: Vec<Option<String>> = received.iter().map(|r| header(r, "x-session")).collect();
    sent.sort_unstable();
    let all = (0..4).map(|i| Some(format!("session_{i:06}")));
    assert_eq!(sent, all.collect::<Vec<_>>());
}
