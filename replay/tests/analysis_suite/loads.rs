//! What is judged of loads that set their own pace, of what was abandoned and of what was dropped.

use crate::fixture::{Made, data, info, never, sent, stage, summary};
use replay::analysis::summary::Summary;
use replay::analysis::verdict::{Check, Level, Word};
use replay::run_info::StageInfo;
use schemas::layout::NONE_U64;
use schemas::records::{ErrorClass, Outcome, RESULT_CANCEL};

/// Tenths of a millisecond in a second.
const S: u64 = 10_000;

fn closed(name: &str) -> StageInfo {
    StageInfo {
        kind: "closed".into(),
        rate: None,
        ..stage(name, false, 0, 0)
    }
}

fn scheduled(name: &str) -> StageInfo {
    stage(name, false, 0, 0)
}

fn of(stages: Vec<StageInfo>, made: &[Made]) -> Summary {
    let mut info = info();
    info.stages = stages;
    summary(&data(info, made.len() as u64, made))
}

fn reasons(summary: &Summary) -> Vec<(Check, Level)> {
    let reasons = summary.verdict.reasons.iter();
    reasons.map(|reason| (reason.check, reason.level)).collect()
}

/// `count` requests of a stage from a time on, `step` apart, each as late as `late` says.
fn row(
    stage: u32,
    first: u64,
    from: u64,
    step: u64,
    count: u64,
    late: fn(u64) -> u64,
) -> Vec<Made> {
    (0..count)
        .map(|n| sent(first + n, stage, from + n * step, late(n), 50))
        .collect()
}

#[test]
fn a_closed_loop_has_no_rate_to_miss() {
    // Far too few and too short for a rate: that is not worth a word here.
    for count in [10, 1000] {
        let summary = of(vec![closed("c")], &row(0, 0, 0, 5, count, |_| 1));
        assert_eq!(reasons(&summary), []);
        let load = summary.overall.load_summary;
        assert_eq!((load.count, load.paced), (count, 0));
        assert_eq!((load.requested_rate, load.scheduled_rate), (None, None));
        assert!(load.achieved_rate.is_some());
    }
}

#[test]
fn a_closed_loop_that_is_slow_to_take_a_free_place_is_told() {
    let summary = of(vec![closed("c")], &row(0, 0, 0, 500, 100, |_| 101));
    assert_eq!(
        reasons(&summary),
        [(Check::ScheduleDelayP99, Level::Degraded)]
    );
}

/// 200 sessions, one each 10 ms, and of each a second turn long after. Every turn but the first is
/// in time; first turns are ever later, by 9 ms at last or by ten times that.
fn sessions(stretch: u64) -> Vec<Made> {
    let mut made: Vec<Made> = (0..200)
        .map(|n| sent(n, 0, n * 100, n * 90 * stretch / 200, 50))
        .collect();
    made.extend(row(0, 200, 60 * S, 100, 200, |_| 0));
    for (n, made) in made.iter_mut().enumerate() {
        made.record.session = 2.into();
        made.record.turn = u32::from(n >= 200).into();
    }
    made
}

#[test]
fn turns_after_the_first_neither_hide_nor_make_a_wrong_rate() {
    let good = of(vec![scheduled("s")], &sessions(1));
    assert_eq!(reasons(&good), []);
    let load = good.overall.load_summary;
    assert_eq!((load.count, load.paced), (400, 200));
    // 200 from 0 to 1990 ms: not 400 in 62 s.
    assert_eq!(load.scheduled_rate, Some(200.0 / 1.99));
    // Over the whole minute the last session's 90 ms would be nothing.
    let late = of(vec![scheduled("s")], &sessions(10));
    assert!(
        reasons(&late).contains(&(Check::AchievedRate, Level::Degraded)),
        "{:?}",
        late.verdict
    );
}

#[test]
fn a_stage_that_begins_when_the_one_before_has_ended_is_on_time_whenever_that_is() {
    // The second stage was planned for 2 s and begins at 30 s, because a request took that long.
    let mut made = row(0, 0, 0, 100, 200, |_| 1);
    made.extend(row(1, 200, 30 * S, 100, 200, |_| 1));
    let summary = of(vec![scheduled("a"), scheduled("b")], &made);
    assert_eq!(reasons(&summary), []);
    // A closed stage in between has no say.
    made.extend(row(2, 400, 40 * S, 1, 50, |_| 1));
    let stages = vec![scheduled("a"), scheduled("b"), closed("c")];
    let summary = of(stages, &made);
    assert_eq!(reasons(&summary), []);
    assert_eq!(summary.overall.load_summary.paced, 400);
    assert_eq!(summary.stages[2].measures.load_summary.paced, 0);
}

#[test]
fn what_was_dropped_or_ended_with_its_session_is_weighed_by_its_cause() {
    let with = |classes: &[(ErrorClass, u64)]| {
        let mut made = row(0, 0, 0, 100, 200, |_| 1);
        for (class, count) in classes {
            for _ in 0..*count {
                made.push(never(made.len() as u64, 0, 0, *class));
            }
        }
        let summary = of(vec![scheduled("s")], &made);
        (summary.verdict.verdict, reasons(&summary))
    };
    // 10 of 210 are 4.8 %, 11 of 211 are 5.2 %.
    assert_eq!(
        with(&[(ErrorClass::Overload, 10)]),
        (Word::Degraded, vec![(Check::Dropped, Level::Degraded)])
    );
    assert_eq!(
        with(&[(ErrorClass::Overload, 11)]),
        (Word::Invalid, vec![(Check::Dropped, Level::Invalid)])
    );
    assert_eq!(
        with(&[(ErrorClass::SessionEnded, 100)]),
        (Word::Valid, vec![(Check::SessionEnded, Level::Note)])
    );
    for class in [
        ErrorClass::Connect,
        ErrorClass::Interrupted,
        ErrorClass::Workload,
        ErrorClass::Write,
    ] {
        assert_eq!(
            with(&[(class, 1), (ErrorClass::SessionEnded, 1)]),
            (
                Word::Invalid,
                vec![
                    (Check::NotSent, Level::Invalid),
                    (Check::SessionEnded, Level::Note)
                ]
            )
        );
    }
}

/// To be abandoned, but answered, failed or out of time before.
fn ended_before(made: Made, outcome: Outcome, class: ErrorClass) -> Made {
    let mut made = made.cancel_after(0).ended(outcome, class);
    made.record.cancel_due_ns = NONE_U64.into();
    made
}

#[test]
fn cancellations_are_counted_and_their_error_is_a_distribution() {
    let made = [
        sent(0, 0, 0, 0, 30).cancel_after(20),
        sent(1, 0, 100, 0, 30).cancel_after(26),
        sent(2, 0, 200, 0, 30).cancel_after(30),
    ];
    let mut made: Vec<Made> = made
        .map(|made| made.ended(Outcome::Cancelled, ErrorClass::None))
        .into();
    let ok = (Outcome::Ok, ErrorClass::None);
    let late = (Outcome::Timeout, ErrorClass::Stalled);
    for (n, (outcome, class)) in [ok, ok, late].into_iter().enumerate() {
        let index = n as u64 + 3;
        made.push(ended_before(sent(index, 0, 300, 0, 9), outcome, class));
    }
    // Never sent, whatever was asked of it; and one of which nothing was asked.
    let mut dropped = never(6, 0, 300, ErrorClass::Overload);
    dropped.record.flags |= RESULT_CANCEL;
    made.push(dropped);
    made.push(sent(7, 0, 300, 0, 9));
    let summary = of(vec![scheduled("s")], &made);
    assert_eq!(summary.accounting.unaccounted, 0);
    let cancellation = summary.overall.cancellation;
    assert_eq!((cancellation.asked, cancellation.cancelled), (6, 3));
    assert_eq!(cancellation.answered_before, 2);
    // 1.0, 0.4 and 0.0 ms.
    let error = cancellation.error_s.unwrap();
    assert_eq!((error.min, error.median, error.max), (0.0, 0.0004, 0.001));
}

#[test]
fn a_cancelled_request_is_neither_an_error_nor_a_success() {
    let cancelled = |index| {
        sent(index, 0, index, 0, 30)
            .cancel_after(30)
            .ended(Outcome::Cancelled, ErrorClass::None)
    };
    let failed = sent(2, 0, 2, 0, 30).ended(Outcome::Error, ErrorClass::Status);
    let some = of(vec![closed("c")], &[cancelled(0), cancelled(1)]);
    assert_eq!(reasons(&some), []);
    assert_eq!(some.overall.throughput.requests_per_s, Some(0.0));
    assert_eq!(some.overall.latency_from_sent_s, None);
    assert_eq!(some.accounting.errors_by_class.len(), 0);
    // The only one that was left to be answered failed.
    let none = of(vec![closed("c")], &[cancelled(0), cancelled(1), failed]);
    assert!(reasons(&none).contains(&(Check::NothingAnswered, Level::Degraded)));
}
