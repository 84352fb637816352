//! Closed loops as the server sees them: never more in flight than asked, never fewer, borders
//! between stages, users who think.

use crate::fired::{Fired, served};
use crate::gate::Gate;
use crate::lines::{Lines, number};
use crate::support::{dir, server};
use harness::{in_flight, peak};
use mock_llm::{Arrival, Server};
use std::time::Duration;

/// Longest wait for one request of a run that is as it should be.
const PATIENCE: Duration = Duration::from_secs(20);

fn spec(load: &str) -> String {
    format!(
        "seed: 301\napi: {{type: chat, streaming: false}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: 'uniform(20, 40)', output_distribution: '3'}}\n\
         load: {load}\n"
    )
}

fn closed(level: usize, requests: usize) -> String {
    spec(&format!(
        "{{type: concurrent, stages: [{{num_requests: {requests}, concurrency_level: {level}}}]}}"
    ))
}

fn fire(spec: &str, server: &mut Server, arguments: &str) -> (Fired, Vec<Arrival>) {
    let url = format!("http://{}", server.addr());
    let fired = Fired::new(spec, &url, arguments);
    server.stop();
    fired.assert_all_ok();
    (fired, server.arrivals())
}

/// Fires a closed loop at a server that answers one request at a time and looks what comes next.
fn held(level: usize, workers: usize, asked: usize, patience: Duration) -> Result<(), String> {
    let requests = 3 * asked;
    let dir = dir();
    Lines::with(&dir, &closed(level, requests), "");
    let gate = Gate::new();
    let command = format!(
        "run lines.wlc --url {} --out results --no-models --workers {workers}",
        gate.url()
    );
    let running = dir.replay(&command).start();
    gate.hold(asked, requests, patience)?;
    running.wait().ok();
    Ok(())
}

#[test]
fn a_closed_loop_of_64_is_64_after_every_answer_and_never_65_with_one_to_three_workers() {
    for workers in 1..=3 {
        assert_eq!(held(64, workers, 64, PATIENCE), Ok(()), "{workers} workers");
    }
}

#[test]
fn control_loops_of_63_and_65_are_not_taken_for_64() {
    let patience = Duration::from_secs(1);
    let few = held(63, 1, 64, patience).expect_err("one is missing");
    assert!(few.starts_with("63 in flight after 0 answers"), "{few}");
    let many = held(65, 1, 64, patience).expect_err("one is too many");
    assert!(many.starts_with("one too many after"), "{many}");
}

#[test]
fn the_log_of_a_closed_loop_never_shows_more_than_asked_and_the_records_never_less() {
    for workers in 1..=3 {
        let mut server = server(150, 0);
        let (fired, arrivals) = fire(
            &closed(64, 256),
            &mut server,
            &format!("--workers {workers}"),
        );
        fired.seen(&arrivals);
        assert_eq!(peak(arrivals.iter().map(served)), 64, "{workers} workers");
        assert_eq!(server.stats().peak_in_flight, 64);
        // A place that is free is taken at that very moment; how long that takes is lag.
        let span = |record| (number(record, "scheduled_ns"), number(record, "end_ns"));
        let spans: Vec<(u64, u64)> = fired.records.iter().map(span).collect();
        let last_ns = spans.iter().map(|span| span.0).max().expect("requests");
        let steps = in_flight(spans);
        let until_last = steps.into_iter().take_while(|(at_ns, _)| *at_ns <= last_ns);
        let other = until_last.filter(|(_, count)| *count != 64).count();
        assert_eq!(other, 0, "moments at which a place was left empty");
        for worker in 0..workers as u64 {
            let share = fired
                .records
                .iter()
                .filter(|r| number(r, "worker") == worker);
            assert!(share.count() > 0, "worker {worker} sent nothing");
        }
    }
}

/// Stage 1 begins exactly `pause_ns` after the last of stage 0 has ended, and arrives no earlier;
/// each stage reaches its level.
#[track_caller]
fn assert_border(fired: &Fired, arrivals: &[Arrival], pause_ns: u64, levels: [i64; 2]) {
    let seen = fired.seen(arrivals);
    let of_stage = |stage: u64| {
        let pairs = fired.lines.iter().zip(&seen);
        let of = pairs.filter(move |(line, _)| number(line, "stage") == stage);
        of.map(|(_, arrival)| arrival.expect("it was sent"))
    };
    let answered_ns = of_stage(0).map(|arrival| served(arrival).1).max();
    let next_ns = of_stage(1).map(|arrival| arrival.arrival_ns).min();
    assert!(next_ns >= answered_ns.map(|ns| ns + pause_ns));
    for (stage, level) in (0..).zip(levels) {
        assert_eq!(peak(of_stage(stage).map(served)), level, "stage {stage}");
    }
    let indices = 0..fired.lines.len();
    let stage = |stage: u64| {
        let of = indices.clone();
        of.filter(move |i| number(&fired.lines[*i], "stage") == stage)
    };
    let ended_ns = stage(0).map(|i| fired.at_ns(i, "end_ns")).max();
    for request in stage(1).take(levels[1] as usize) {
        let due_ns = Some(fired.at_ns(request, "scheduled_ns"));
        assert_eq!(due_ns, ended_ns.map(|ns| ns + pause_ns));
    }
}

#[test]
fn no_request_of_a_stage_arrives_before_the_last_of_the_stage_before_was_answered() {
    for (workers, pause) in [(1, "0"), (2, "0"), (3, "30ms")] {
        let load = format!(
            "{{type: concurrent, interval: {pause}, stages: [{{num_requests: 15, concurrency_level: 4}}, \
             {{num_requests: 27, concurrency_level: 9}}]}}"
        );
        let mut server = server(100, 0);
        let (fired, arrivals) = fire(&spec(&load), &mut server, &format!("--workers {workers}"));
        let pause_ns = if pause == "0" { 0 } else { 30_000_000 };
        assert_border(&fired, &arrivals, pause_ns, [4, 9]);
    }
}

#[test]
fn a_user_has_one_request_in_flight_and_never_thinks_too_briefly() {
    for workers in 1..=3 {
        let load = "{type: users, interval: 0, stages: [{users: 6, num_requests: 40, think_time: 'uniform(0, 40ms)'}, \
                    {users: 3, num_requests: 7, think_time: 5ms}]}";
        let mut server = server(10, 0);
        let (fired, arrivals) = fire(&spec(load), &mut server, &format!("--workers {workers}"));
        let seen = fired.seen(&arrivals);
        // As many wait for another as there are, less one for each user.
        assert_eq!(fired.assert_delays_kept(&seen), 40 - 6 + 7 - 3);
        let stage = |stage: u64| {
            let pairs = fired.lines.iter().zip(&seen);
            let of = pairs.filter(move |(line, _)| number(line, "stage") == stage);
            of.map(|(_, arrival)| served(arrival.expect("it was sent")))
        };
        assert!(peak(stage(0)) <= 6 && peak(stage(1)) <= 3);
        let border = stage(0).map(|span| span.1).max();
        assert!(stage(1).map(|span| span.0).min() > border);
    }
}
