//! Each threshold just below and just above.

use super::*;

fn flawless() -> Facts {
    Facts {
        workload_verified: true,
        unaccounted: 0,
        not_sent: 0,
        dropped_share: Some(0.0),
        session_ended: 0,
        truncated: false,
        finished: true,
        interrupted: false,
        cut_short: false,
        error_share: Some(0.0),
        measured: 100,
        paced: 100,
        delay_p99_s: Some(0.0),
        scheduled_span_s: Some(1.0),
        rate_ratio: Some(1.0),
        client: ClientLoad {
            run_queue: Some(0.0),
            steal: Some(0.0),
            busy: Some(0.0),
        },
        switches_per_s: Some(0.0),
    }
}

fn judge_by_default(facts: &Facts) -> Verdict {
    judge(facts, &Thresholds::default())
}

/// The verdict and the one reason for it after one change.
fn after(change: impl Fn(&mut Facts)) -> (Word, Option<(Check, Level)>) {
    let mut facts = flawless();
    change(&mut facts);
    let verdict = judge_by_default(&facts);
    assert!(verdict.reasons.len() <= 1, "{:?}", verdict.reasons);
    let first = verdict.reasons.first();
    (
        verdict.verdict,
        first.map(|reason| (reason.check, reason.level)),
    )
}

const VALID: (Word, Option<(Check, Level)>) = (Word::Valid, None);
fn degraded(check: Check) -> (Word, Option<(Check, Level)>) {
    (Word::Degraded, Some((check, Level::Degraded)))
}
fn invalid(check: Check) -> (Word, Option<(Check, Level)>) {
    (Word::Invalid, Some((check, Level::Invalid)))
}
fn noted(check: Check) -> (Word, Option<(Check, Level)>) {
    (Word::Valid, Some((check, Level::Note)))
}

#[test]
fn a_flawless_run_is_valid_without_reasons() {
    assert_eq!(after(|_| ()), VALID);
}

#[test]
fn each_plain_fact_has_its_level() {
    use Check::*;
    let unverified = after(|facts| facts.workload_verified = false);
    assert_eq!(unverified, degraded(WorkloadNotVerified));
    assert_eq!(after(|facts| facts.unaccounted = 1), invalid(Unaccounted));
    assert_eq!(after(|facts| facts.not_sent = 1), invalid(NotSent));
    assert_eq!(after(|facts| facts.truncated = true), invalid(Truncated));
    assert_eq!(
        after(|facts| facts.interrupted = true),
        invalid(Interrupted)
    );
    assert_eq!(after(|facts| facts.cut_short = true), invalid(CutShort));
    assert_eq!(after(|facts| facts.finished = false), invalid(NotFinished));
    assert_eq!(after(|facts| facts.measured = 0), invalid(NothingMeasured));
}

#[test]
fn schedule_delay_turns_just_above_its_limits() {
    let at = |delay| after(|facts| facts.delay_p99_s = Some(delay));
    assert_eq!(at(0.010), VALID);
    assert_eq!(at(0.010_000_001), degraded(Check::ScheduleDelayP99));
    assert_eq!(at(0.100), degraded(Check::ScheduleDelayP99));
    assert_eq!(at(0.100_000_001), invalid(Check::ScheduleDelayP99));
}

#[test]
fn the_rate_turns_just_above_its_limits_on_both_sides() {
    let at = |ratio| after(|facts| facts.rate_ratio = Some(ratio));
    for (sad, expected) in [
        (0.990_1, VALID),
        (1.009_9, VALID),
        (0.989_9, degraded(Check::AchievedRate)),
        (1.010_1, degraded(Check::AchievedRate)),
        (0.950_1, degraded(Check::AchievedRate)),
        (1.049_9, degraded(Check::AchievedRate)),
        (0.949_9, invalid(Check::AchievedRate)),
        (1.050_1, invalid(Check::AchievedRate)),
    ] {
        assert_eq!(at(sad), expected, "{sad}");
    }
}

#[test]
fn the_rate_of_a_short_run_is_not_judged_and_that_is_said() {
    let few = after(|facts| (facts.paced, facts.rate_ratio) = (99, Some(0.5)));
    assert_eq!(few, noted(Check::AchievedRateTooFewRequests));
    let short = |span| {
        move |facts: &mut Facts| (facts.scheduled_span_s, facts.rate_ratio) = (span, Some(0.5))
    };
    assert_eq!(
        after(short(Some(0.999_999))),
        noted(Check::AchievedRateShortSpan)
    );
    assert_eq!(after(short(None)), noted(Check::AchievedRateShortSpan));
    assert_eq!(after(short(Some(1.0))), invalid(Check::AchievedRate));
}

#[test]
fn a_load_without_a_pace_is_not_judged_by_one() {
    let closed = after(|facts| {
        (facts.paced, facts.scheduled_span_s, facts.rate_ratio) = (0, None, None);
    });
    assert_eq!(closed, VALID);
}

#[test]
fn what_was_dropped_degrades_from_the_first_on() {
    let at = |share| after(|facts| facts.dropped_share = share);
    assert_eq!(at(None), VALID);
    assert_eq!(at(Some(1e-6)), degraded(Check::Dropped));
    assert_eq!(at(Some(0.05)), degraded(Check::Dropped));
    assert_eq!(at(Some(0.050_001)), invalid(Check::Dropped));
}

#[test]
fn turns_of_sessions_that_ended_are_only_noted() {
    let ended = after(|facts| facts.session_ended = 7);
    assert_eq!(ended, noted(Check::SessionEnded));
}

#[test]
fn server_errors_and_a_busy_machine_are_only_noted() {
    let errors = after(|facts| facts.error_share = Some(0.9));
    assert_eq!(errors, noted(Check::ErrorShare));
    let switches = |rate| after(|facts| facts.switches_per_s = Some(rate));
    assert_eq!(switches(10.0), VALID);
    assert_eq!(switches(10.1), noted(Check::InvoluntaryContextSwitches));
}

#[test]
fn a_generator_without_its_processors_is_noted_and_then_degraded() {
    type Change = fn(&mut Facts, f64);
    let cases: [(Check, Change, f64, f64); 3] = [
        (
            Check::RunQueue,
            |facts, v| facts.client.run_queue = Some(v),
            0.01,
            0.05,
        ),
        (
            Check::Steal,
            |facts, v| facts.client.steal = Some(v),
            0.01,
            0.05,
        ),
        (
            Check::ClientBusy,
            |facts, v| facts.client.busy = Some(v),
            0.8,
            0.95,
        ),
    ];
    for (check, change, note, degrade) in cases {
        let at = |value| after(|facts| change(facts, value));
        let above = |value: f64| value + 1e-6;
        assert_eq!(at(note - 1e-6), VALID, "{check:?}");
        assert_eq!(at(note), VALID, "{check:?}");
        assert_eq!(at(above(note)), noted(check));
        assert_eq!(at(degrade - 1e-6), noted(check));
        assert_eq!(at(degrade), noted(check));
        assert_eq!(at(above(degrade)), degraded(check));
    }
    assert_eq!(after(|facts| facts.client = ClientLoad::default()), VALID);
}

#[test]
fn thresholds_that_are_asked_for_are_those_that_are_held_against() {
    let strict = Thresholds {
        schedule_delay_p99_degraded_s: 0.001,
        rate_min_requests: 1_000,
        ..Thresholds::default()
    };
    let mut facts = flawless();
    facts.delay_p99_s = Some(0.002);
    assert_eq!(judge_by_default(&facts).verdict, Word::Valid);
    let verdict = judge(&facts, &strict);
    assert_eq!(verdict.verdict, Word::Degraded);
    assert_eq!(verdict.reasons[0].threshold, Some(0.001));
    assert_eq!(verdict.reasons[1].check, Check::AchievedRateTooFewRequests);
    assert_eq!(verdict.thresholds, strict);
}

#[test]
fn the_heaviest_reason_comes_first_and_decides() {
    let mut facts = flawless();
    facts.workload_verified = false;
    facts.error_share = Some(0.1);
    facts.delay_p99_s = Some(0.2);
    let verdict = judge_by_default(&facts);
    let levels: Vec<Level> = verdict.reasons.iter().map(|reason| reason.level).collect();
    assert_eq!(levels, [Level::Invalid, Level::Degraded, Level::Note]);
    assert_eq!(verdict.verdict, Word::Invalid);
}

#[test]
fn a_run_without_one_good_answer_is_degraded() {
    assert_eq!(
        judge_by_default(&Facts {
            error_share: Some(0.99),
            ..flawless()
        })
        .verdict,
        Word::Valid
    );
    let all_failed = judge_by_default(&Facts {
        error_share: Some(1.0),
        ..flawless()
    });
    assert_eq!(all_failed.verdict, Word::Degraded);
    assert_eq!(all_failed.reasons[0].check, Check::NothingAnswered);
}
