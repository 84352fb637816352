//! What the format can say and this version of `replay` cannot do is refused by name before a
//! byte is sent, never fired wrongly.

use crate::made::{self, Made};
use crate::support::{dir, server};
use harness::Dir;
use mock_llm::Server;
use schemas::body::Piece;
use schemas::layout::{
    REQUEST_STREAM, RequestRecord, STAGE_WARM_UP, Section, StageKind, StartKind,
};
use schemas::reader::Workload;

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

/// Puts the answer to request 0 into the body of request 2.
fn repeat_an_answer(made: &mut Made) {
    let halves: [&[u8]; 2] = [br#"{"model":"m","prompt":""#, br#"","max_tokens":2}"#];
    let [before, behind] = halves.map(Piece::Bytes);
    made.bodies[2] = vec![before, Piece::AnswerTo(0), behind];
}

#[test]
fn each_thing_that_cannot_be_fired_is_refused_by_name() {
    type Change = fn(&mut Made);
    let cases: [(&str, Change); 7] = [
        ("request 1 starts after another request", |made| {
            made.requests[1].start_kind = StartKind::After as u8;
            made.requests[1].after_request = 0.into();
        }),
        (
            "request 1 starts at a time, but not before another",
            |made| {
                made.requests[1].after_request = 0.into();
            },
        ),
        ("request 2 is to be cancelled after a time", |made| {
            made.requests[2].cancel_after_ns = 1.into();
        }),
        (
            "request 2 is to be cancelled after a number of tokens",
            |made| {
                made.requests[2].flags = REQUEST_STREAM;
                made.requests[2].cancel_after_tokens = 1.into();
            },
        ),
        (
            "request 2 repeats what the server answered",
            repeat_an_answer,
        ),
        ("a stage with a concurrency of its own", |made| {
            made.stage.concurrency = 2.into();
        }),
        ("a stage with a concurrency of its own", |made| {
            made.stage.kind = StageKind::Closed as u8;
            made.stage.concurrency = 2.into();
        }),
    ];
    let server = server(0, 0);
    for (words, change) in cases {
        let dir = made(change);
        let outcome = dir.replay(&run(&server, "")).run().expect(2);
        assert!(
            outcome.stderr.contains(words),
            "{words}: {}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains("nothing was sent"));
        assert_eq!(dir.list("."), ["w.wlc"], "{words}");
    }
    assert!(server.arrivals().is_empty());
    // The same workload without a change is fired, warm-up or not.
    for flags in [0, STAGE_WARM_UP] {
        let dir = made(|made| made.stage.flags = flags);
        dir.replay(&run(&server, "")).run().ok();
        let summary = dir.json("results/summary.json");
        assert_eq!(summary["accounting"]["ok"], made::REQUESTS);
        let measured = if flags == 0 { made::REQUESTS } else { 0 };
        assert_eq!(summary["load_summary"]["count"], measured);
    }
}

#[test]
fn an_answer_in_a_body_that_hides_its_flag_is_not_sent() {
    let dir = made(repeat_an_answer);
    let path = dir.path("w.wlc");
    let requests = Workload::open(&path)
        .expect("a workload")
        .place(Section::Requests);
    let mut bytes = dir.read("w.wlc");
    let flags = std::mem::offset_of!(RequestRecord, flags);
    bytes[requests.offset + 2 * size_of::<RequestRecord>() + flags] = 0;
    dir.write("w.wlc", bytes);
    let server = server(0, 0);
    dir.replay(&run(&server, "")).run().expect(2);
    assert!(server.arrivals().is_empty());
    dir.replay(&run(&server, "--no-verify")).run().ok();
    let records = dir
        .replay("report results --format jsonl")
        .run()
        .json_lines();
    assert_eq!(records[2]["outcome"], "not_sent");
    assert_eq!(records[2]["error_class"], "workload");
    assert_eq!(server.arrivals().len(), made::REQUESTS - 1);
}

#[test]
fn a_response_format_that_is_not_defined_is_not_sent() {
    let dir = made(|_| {});
    let path = dir.path("w.wlc");
    let workload = Workload::open(&path).expect("a workload");
    let place = workload.place(Section::Requests);
    let mut bytes = dir.read("w.wlc");
    let format = std::mem::offset_of!(RequestRecord, response_format);
    bytes[place.offset + size_of::<RequestRecord>() + format] = u8::MAX;
    drop(workload);
    dir.write("w.wlc", bytes);
    let server = server(0, 0);
    dir.replay(&run(&server, "--no-verify")).run().ok();
    let report = dir.replay("report results --format jsonl").run();
    let outcomes = report.json_lines();
    let ends: Vec<_> = outcomes.iter().map(|record| &record["outcome"]).collect();
    assert_eq!(ends, ["ok", "not_sent", "ok"]);
    assert_eq!(outcomes[1]["error_class"], "workload");
    assert_eq!(server.arrivals().len(), made::REQUESTS - 1);
}
