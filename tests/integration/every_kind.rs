//! Whatever the format can say of a request is fired; what no request can mean, because the file was
//! damaged and nobody looked, is not sent.

use crate::made::{self, Made};
use crate::support::{dir, server};
use harness::{Dir, sha256_hex};
use mock_llm::Server;
use schemas::body::Piece;
use schemas::layout::{
    REQUEST_STREAM, RequestRecord, STAGE_WARM_UP, Section, StageKind, StartKind,
};
use schemas::reader::Workload;
use serde_json::Value;

const HALVES: [&[u8]; 2] = [br#"{"model":"m","prompt":""#, br#"","max_tokens":2}"#];

fn made(change: impl FnOnce(&mut Made)) -> Dir {
    let dir = dir();
    made::write(&dir.path("w.wlc"), change);
    dir.wlc("verify w.wlc").run().ok();
    dir
}

fn run(server: &Server, flags: &str) -> String {
    format!(
        "run w.wlc --out results --url http://{} {flags}",
        server.addr()
    )
}

/// The records of a run that ended well.
#[track_caller]
fn fire(dir: &Dir, server: &Server, flags: &str) -> Vec<Value> {
    dir.replay(&run(server, flags)).run().ok();
    let report = dir.replay("report results --format jsonl").run();
    report.json_lines()
}

/// Puts the answer to request 0 into the body of request 2.
fn repeat_an_answer(made: &mut Made) {
    let [before, behind] = HALVES.map(Piece::Bytes);
    made.bodies[2] = vec![before, Piece::AnswerTo(0), behind];
}

#[test]
fn every_way_to_start_is_fired_and_none_starts_too_early() {
    type Change = fn(&mut Made);
    /// The request that must have ended before another, how long before in ns, and the other.
    type Gap = Option<(usize, u64, usize)>;
    let cases: [(&str, Change, Gap); 5] = [
        (
            "after another",
            |made| {
                made.requests[1].start_kind = StartKind::After as u8;
                made.requests[1].after_request = 0.into();
                made.requests[1].start_ns = 30_000_000.into();
            },
            Some((0, 30_000_000, 1)),
        ),
        (
            "at a time, but not before another",
            |made| made.requests[1].after_request = 0.into(),
            Some((0, 0, 1)),
        ),
        (
            "with a cap of one",
            |made| made.stage.concurrency = 1.into(),
            Some((0, 0, 1)),
        ),
        (
            "in the one slot of a closed stage",
            |made| {
                made.stage.kind = StageKind::Closed as u8;
                made.stage.concurrency = 1.into();
                for request in &mut made.requests {
                    request.start_kind = StartKind::Slot as u8;
                }
            },
            Some((1, 0, 2)),
        ),
        ("all at once", |_| {}, None),
    ];
    let server = server(20, 0);
    for (words, change, gap) in cases {
        let records = fire(&made(change), &server, "");
        assert_eq!(records.len(), made::REQUESTS, "{words}");
        for record in &records {
            assert_eq!(record["outcome"], "ok", "{words}: {record}");
        }
        let ns = |index: usize, key: &str| records[index][key].as_u64().expect(key);
        match gap {
            Some((first, delay_ns, second)) => assert!(
                ns(second, "sent_ns") >= ns(first, "end_ns") + delay_ns,
                "{words}: {records:?}"
            ),
            // The control: without a reason to wait nobody does.
            None => assert!(ns(2, "sent_ns") < ns(0, "end_ns"), "{words}: {records:?}"),
        }
    }
}

#[test]
fn a_request_is_abandoned_after_its_time_and_after_its_tokens() {
    // Nothing for an hour; and 600 s between two tokens.
    for (ttft_ms, itl_ms, tokens) in [(3_600_000, 0, None), (0, 600_000, Some(1))] {
        let server = server(ttft_ms, itl_ms);
        let dir = made(|made| {
            for request in &mut made.requests {
                request.flags |= REQUEST_STREAM;
                match tokens {
                    Some(tokens) => request.cancel_after_tokens = tokens.into(),
                    None => request.cancel_after_ns = 20_000_000.into(),
                }
            }
            let body: &[u8] = br#"{"model":"m","prompt":"Hello","max_tokens":2,"stream":true}"#;
            made.bodies = std::array::from_fn(|_| vec![Piece::Bytes(body)]);
        });
        for record in fire(&dir, &server, "") {
            assert_eq!(record["outcome"], "cancelled", "{record}");
            let received = record["token_times"].as_array().map(Vec::len);
            assert_eq!(received, Some(tokens.unwrap_or(0) as usize), "{record}");
            assert!(record["cancel_error_ns"].as_i64() >= Some(0), "{record}");
        }
    }
}

#[test]
fn an_answer_stands_in_the_body_that_repeats_it_and_the_record_says_what_was_sent() {
    let mut server = server(0, 0);
    let dir = made(|made| {
        repeat_an_answer(made);
        made.requests[2].start_kind = StartKind::After as u8;
        made.requests[2].after_request = 0.into();
    });
    let records = fire(&dir, &server, "");
    server.stop();
    // Two tokens, as asked.
    let body = [HALVES[0], b" tok tok", HALVES[1]].concat();
    assert_eq!(records[2]["sent_sha256"], sha256_hex(&body));
    let arrivals = server.arrivals();
    let hash = arrivals.last().and_then(|last| last.body_sha256.as_deref());
    assert_eq!(hash, Some(sha256_hex(&body).as_str()));
    for record in &records[..2] {
        assert_eq!(record["sent_sha256"], Value::Null);
    }
}

#[test]
fn a_warm_up_stage_is_fired_and_not_measured() {
    let server = server(0, 0);
    for (flags, measured) in [(0, made::REQUESTS), (STAGE_WARM_UP, 0)] {
        let dir = made(|made| made.stage.flags = flags);
        fire(&dir, &server, "");
        let summary = dir.json("results/summary.json");
        assert_eq!(summary["accounting"]["ok"], made::REQUESTS);
        assert_eq!(summary["load_summary"]["count"], measured);
    }
}

/// Overwrites one byte of the record of a request.
fn damage(dir: &Dir, request: usize, offset: usize, value: u8) {
    let path = dir.path("w.wlc");
    let workload = Workload::open(&path).expect("a workload");
    let place = workload.place(Section::Requests);
    drop(workload);
    let mut bytes = dir.read("w.wlc");
    bytes[place.offset + request * size_of::<RequestRecord>() + offset] = value;
    dir.write("w.wlc", bytes);
}

#[test]
fn an_answer_in_a_body_that_hides_its_flag_is_not_sent() {
    let dir = made(repeat_an_answer);
    damage(&dir, 2, std::mem::offset_of!(RequestRecord, flags), 0);
    let server = server(0, 0);
    dir.replay(&run(&server, "")).run().expect(2);
    assert!(server.arrivals().is_empty());
    let records = fire(&dir, &server, "--no-verify");
    let ends = records.iter().map(|record| &record["outcome"]);
    assert_eq!(ends.collect::<Vec<_>>(), ["ok", "ok", "not_sent"]);
    assert_eq!(records[2]["error_class"], "workload");
    assert_eq!(server.arrivals().len(), made::REQUESTS - 1);
}

#[test]
fn a_response_format_that_is_not_defined_is_refused_even_unverified() {
    let dir = made(|_| {});
    let format = std::mem::offset_of!(RequestRecord, response_format);
    damage(&dir, 1, format, u8::MAX);
    let server = server(0, 0);
    for (flags, words) in [
        ("", "REQUESTS at offset"),
        ("--no-verify", "REQUESTS record 1 at offset"),
    ] {
        let outcome = dir.replay(&run(&server, flags)).run().expect(2);
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        assert_eq!(dir.list("."), ["w.wlc"], "{flags}");
    }
    assert!(server.arrivals().is_empty());
}
