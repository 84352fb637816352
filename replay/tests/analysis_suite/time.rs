//! The run over time: second by second, and session by session.

use crate::fixture::{Made, data, info, requests, sent, summary};
use replay::analysis::series::{Second, per_second};
use replay::analysis::sessions::list;
use schemas::records::{ErrorClass, Outcome};

#[test]
fn the_fixture_second_by_second() {
    let seconds = per_second(&data(info(), 14, &requests()));
    // The last end is 2.5002 s.
    assert_eq!(seconds.len(), 3);
    let counts = |of: fn(&Second) -> u64| seconds.iter().map(of).collect::<Vec<_>>();
    assert_eq!(counts(|second| second.at_s), [0, 1, 2]);
    assert_eq!(counts(|second| second.due), [2, 10, 2]);
    assert_eq!(counts(|second| second.not_sent), [0, 1, 0]);
    assert_eq!(counts(|second| second.sent), [2, 9, 2]);
    // 0 and 1; 2, 3, 4, 9 and 11; 12 and 13.
    assert_eq!(counts(|second| second.ok), [2, 5, 2]);
    // 5 and 6; the timeout.
    assert_eq!(counts(|second| second.failed), [0, 2, 1]);
    // Usage 4 + 8 + 1 + 5 and 3 events; 12 had no output, 13 is unknown.
    assert_eq!(counts(|second| second.tokens_out), [0, 21, 0]);
    let warm: Vec<bool> = seconds.iter().map(|second| second.warm_up).collect();
    assert_eq!(warm, [true, false, false]);
    // 45 + 20 ms of the first second; in the third, 500.2 + 20 + 40 ms.
    let close = |ours: f64, expected: f64| assert!((ours - expected).abs() < 1e-9, "{ours}");
    close(seconds[0].in_flight_mean, 0.065);
    close(seconds[2].in_flight_mean, 0.560_2);
    // 61 + 90 + 100 + 10 + 30 + 50 + 11 + 31 ms, and the timeout from 1.5002 s on.
    close(seconds[1].in_flight_mean, 0.383 + 0.499_8);
    assert_eq!(counts(|second| second.in_flight_max), [1, 2, 2]);
    // Due in the third second: 0.2 and 0.5 ms late.
    close(seconds[2].lag_p50_s.unwrap(), 0.000_35);
    close(seconds[2].lag_max_s.unwrap(), 0.000_5);
    // Ended in it: 12 and 13, after 20.2 and 40.5 ms.
    close(seconds[2].latency_p50_s.unwrap(), 0.030_35);
    assert_eq!((seconds[0].ttft_p50_s, seconds[2].ttft_p99_s), (None, None));
    // 20, 50, 10, 10 ms: p99 stands at 2.97 of 10 10 20 50.
    close(seconds[1].ttft_p99_s.unwrap(), 0.049_1);
}

#[test]
fn the_seconds_hold_every_request_and_all_the_time_in_flight() {
    let made: Vec<Made> = (0..500)
        .map(|n| sent(n, 1, n * 173, n % 40, n * 7919 % 30_000))
        .collect();
    let seconds = per_second(&data(info(), 500, &made));
    assert_eq!(seconds.iter().map(|second| second.due).sum::<u64>(), 500);
    assert_eq!(seconds.iter().map(|second| second.ok).sum::<u64>(), 500);
    let in_flight: f64 = seconds.iter().map(|second| second.in_flight_mean).sum();
    let spans = made
        .iter()
        .map(|made| made.record.end_ns.get() - made.record.sent_ns.get());
    let took_s = spans.sum::<u64>() as f64 / 1e9;
    assert!((in_flight - took_s).abs() < 1e-6, "{in_flight} {took_s}");
}

#[test]
fn a_request_that_never_ends_does_not_fill_the_memory_with_seconds() {
    let mut made = sent(0, 1, 0, 0, 10);
    made.record.end_ns = (u64::MAX - 1).into();
    let seconds = per_second(&data(info(), 1, &[made]));
    assert_eq!(seconds.len(), replay::analysis::series::MAX_SECONDS);
}

/// A turn of a session, named by its string id.
fn turn(index: u64, session: u32, scheduled: u64, took: u64) -> Made {
    let mut made = sent(index, 1, scheduled, 0, took);
    made.record.session = session.into();
    made
}

#[test]
fn a_session_is_complete_when_every_turn_is() {
    let failed = turn(4, 1, 30_000, 10).ended(Outcome::Error, ErrorClass::Status);
    let cancelled = turn(5, 2, 40_000, 10)
        .cancel_after(10)
        .ended(Outcome::Cancelled, ErrorClass::None);
    let made = [
        // 10 000 to 20 500: 1.05 s.
        turn(0, 0, 10_000, 100),
        turn(1, 0, 20_000, 500),
        turn(2, 1, 10_000, 100),
        turn(3, 2, 10_000, 100),
        failed,
        cancelled,
        // In no session.
        sent(6, 1, 10_000, 0, 9),
    ];
    let data = data(info(), 7, &made);
    let sessions = list(&data);
    assert_eq!(sessions.len(), 3);
    assert_eq!((sessions[0].turns, sessions[0].ok), (2, 2));
    assert_eq!(sessions[0].duration_ns(), Some(1_050_000_000));
    let summary = summary(&data).sessions.unwrap();
    assert_eq!(
        (summary.sessions, summary.complete, summary.failed),
        (3, 2, 1)
    );
    assert_eq!(summary.turns.unwrap().mean, 2.0);
    // 1.05 s and, with the cancelled turn, 10 000 to 40 010: 3.001 s.
    let durations = summary.duration_s.unwrap();
    assert_eq!((durations.min, durations.max), (1.05, 3.001));
}
