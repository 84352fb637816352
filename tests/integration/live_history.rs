//! Live history: what arrives of a later turn is the workload's text with the server's own answers
//! in it, as WORKLOAD.md, section 3, says. Put together here a second time, from the answers.

use crate::fired::Fired;
use crate::lines::{number, text};
use harness::sha256_hex;
use mock_llm::{AnswerText, Config, Server, echo_text};
use serde_json::Value;
use std::time::Duration;

const SPEC: &str = "\
seed: 303
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(10, 30)', output_distribution: 'uniform(20, 40)'}
load: {type: poisson, stages: [{rate: 40, duration: 500ms}]}
sessions: {turns: 'uniform(2, 5)', delay: 2ms, history: live}
";

/// A server whose answers follow from the bodies, with some that JSON escapes.
fn echo(itl_ms: u64, fault: &str) -> Server {
    let config = Config {
        answer: AnswerText::Echo,
        itl: Duration::from_millis(itl_ms),
        faults: fault
            .split_whitespace()
            .map(|f| f.parse().expect("a fault"))
            .collect(),
        ..Config::default()
    };
    Server::start(config).expect("a free port")
}

/// As section 3 says: `"`, `\` and what is below U+0020, and nothing else.
fn escaped(answer: &str) -> String {
    let escape = |c: char| match c {
        '"' => r#"\""#.to_owned(),
        '\\' => r"\\".to_owned(),
        '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    answer.chars().map(escape).collect()
}

/// Another valid way to write the same text in JSON.
fn escaped_shorter(answer: &str) -> String {
    let quoted = serde_json::to_string(answer).expect("a string");
    quoted[1..quoted.len() - 1].to_owned()
}

/// Every body as it must have been sent, by index; empty for those that were not sent.
fn bodies(fired: &Fired, escape: fn(&str) -> String) -> (Vec<String>, Vec<String>) {
    let (mut bodies, mut answers): (Vec<String>, Vec<String>) = Default::default();
    for (line, record) in fired.lines.iter().zip(&fired.records) {
        let body = match line["body_parts"].as_array() {
            None => text(line, "body").to_owned(),
            Some(parts) => {
                let part = |part: &Value| match part.as_str() {
                    Some(literal) => literal.to_owned(),
                    None => escape(&answers[number(part, "answer_to") as usize]),
                };
                parts.iter().map(part).collect()
            }
        };
        answers.push(answer(&body, line, record));
        bodies.push(body);
    }
    (bodies, answers)
}

/// What was received of the answer to this body.
fn answer(body: &str, line: &Value, record: &Value) -> String {
    let tokens = match record["outcome"].as_str() {
        // The mock sends one token an event.
        _ if line["stream"] == true => record["token_times"].as_array().map_or(0, Vec::len) as u64,
        Some("ok") => number(line, "output_tokens"),
        _ => 0,
    };
    echo_text(body.as_bytes(), u32::try_from(tokens).expect("few"))
}

/// What was sent is what arrived and what must have been sent. Gives the answers.
#[track_caller]
fn assert_repeated(fired: &Fired, server: &Server) -> Vec<String> {
    let arrivals = server.arrivals();
    let seen = fired.seen(&arrivals);
    let (bodies, answers) = bodies(fired, escaped);
    let mut live = 0;
    for (request, body) in bodies.iter().enumerate() {
        let record = &fired.records[request];
        let is_live = fired.lines[request]["body_parts"].is_array();
        let sent = record["outcome"] != "not_sent";
        assert_eq!(record["sent_sha256"].is_string(), is_live && sent);
        let Some(arrival) = seen[request] else {
            continue;
        };
        let hash = sha256_hex(body);
        assert_eq!(
            arrival.body_sha256.as_deref(),
            Some(hash.as_str()),
            "{record}"
        );
        assert_eq!(arrival.body_bytes, Some(body.len() as u64));
        serde_json::from_str::<Value>(body).expect("JSON");
        live += usize::from(is_live);
    }
    assert!(live > 20, "{live} of {}", bodies.len());
    // Control: the same texts, escaped in another way, are other bodies.
    let (others, _) = self::bodies(fired, escaped_shorter);
    let same = bodies.iter().zip(&others).filter(|(a, b)| a == b).count();
    assert!(same < bodies.len() - live / 2, "{same}");
    answers
}

fn fire(spec: &str, server: &mut Server, arguments: &str) -> Fired {
    let url = format!("http://{}", server.addr());
    let fired = Fired::new(spec, &url, arguments);
    server.stop();
    fired
}

#[test]
fn a_later_turn_repeats_the_answers_that_came_whatever_they_hold() {
    for workers in 1..=2 {
        let mut server = echo(0, "");
        let fired = fire(SPEC, &mut server, &format!("--workers {workers}"));
        fired.assert_all_ok();
        let answers = assert_repeated(&fired, &server).concat();
        for c in ['"', '\\', '\n', '\t', 'é', 'ü', '😀', '/'] {
            assert!(answers.contains(c), "{c:?}");
        }
    }
}

#[test]
fn answers_that_are_no_stream_or_come_over_http2_are_repeated_too() {
    let whole = SPEC.replace("streaming: true", "streaming: false");
    let completion = SPEC.replace("type: chat", "type: completion");
    let cases = [
        (whole.clone(), ""),
        (completion.clone(), ""),
        (
            completion.replace("streaming: true", "streaming: false"),
            "",
        ),
        (SPEC.to_owned(), "--http2"),
        (whole, "--http2"),
    ];
    for (spec, arguments) in cases {
        let mut server = echo(0, "");
        let fired = fire(&spec, &mut server, arguments);
        fired.assert_all_ok();
        assert_repeated(&fired, &server);
    }
}

#[test]
fn a_turn_behind_one_that_was_abandoned_repeats_what_had_arrived() {
    for (cancellation, arguments) in [
        (
            "{rate: 0.5, count: exact, after_tokens: 'uniform(1, 15)'}",
            "",
        ),
        ("{rate: 0.5, count: exact, delay: 'uniform(1ms, 40ms)'}", ""),
        (
            "{rate: 0.5, count: exact, delay: 'uniform(1ms, 40ms)'}",
            "--http2",
        ),
    ] {
        let mut server = echo(3, "");
        let spec = format!("{SPEC}cancellation: {cancellation}\n");
        let fired = fire(&spec, &mut server, arguments);
        let answers = assert_repeated(&fired, &server);
        assert_eq!(fired.count("outcome", "not_sent"), 0);
        let midway = (0..answers.len()).filter(|request| {
            let tokens = fired.records[*request]["token_times"]
                .as_array()
                .map_or(0, Vec::len);
            let asked = number(&fired.lines[*request], "output_tokens") as usize;
            fired.records[*request]["outcome"] == "cancelled" && (1..asked).contains(&tokens)
        });
        assert!(midway.count() > 10, "{cancellation}");
    }
}

#[test]
fn a_turn_behind_one_that_failed_repeats_what_had_arrived_if_it_goes_on() {
    let mut server = echo(0, "status=500@0.2 close@0.2");
    let fired = fire(SPEC, &mut server, "--on-turn-failure continue");
    let answers = assert_repeated(&fired, &server);
    assert_eq!(fired.count("outcome", "not_sent"), 0);
    let failed = |class: &str| {
        let of = (0..answers.len()).filter(|i| fired.records[*i]["error_class"] == class);
        of.collect::<Vec<_>>()
    };
    let (refused, cut) = (failed("status"), failed("cut_short"));
    assert!(refused.len() > 5 && refused.iter().all(|i| answers[*i].is_empty()));
    assert!(cut.len() > 5 && cut.iter().all(|i| !answers[*i].is_empty()));
}
