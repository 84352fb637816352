//! Every figure of the fixture against the arithmetic in the comments.

use crate::fixture::{Made, data, data_in, file_bytes, info, requests, summary};
use replay::analysis::measures::Measures;
use replay::analysis::stats::Stats;
use replay::analysis::summary::Summary;
use replay::analysis::tokens::Usage;
use replay::analysis::verdict::{Check, Level, Word};
use replay::analysis::{Window, open, write_summary};
use replay::run_info::{RECORDS_FILE, SUMMARY_FILE};
use schemas::records::RESULT_CANCEL;

fn fixture() -> Summary {
    of(&requests())
}

fn of(made: &[Made]) -> Summary {
    summary(&data(info(), 14, made))
}

#[track_caller]
fn close(ours: f64, expected: f64) {
    assert!((ours - expected).abs() < 1e-12, "{ours} != {expected}");
}

/// Mean, median, p90, p99 and max in milliseconds.
#[track_caller]
fn check(stats: &Option<Stats>, expected_ms: [f64; 5]) {
    let s = stats.as_ref().expect("there are samples");
    for (ours, expected) in [s.mean, s.median, s.p90, s.p99, s.max]
        .iter()
        .zip(expected_ms)
    {
        close(*ours, expected / 1e3);
    }
}

#[test]
fn every_request_is_counted_once() {
    let accounting = fixture().accounting;
    assert_eq!(accounting.scheduled, 14);
    assert_eq!((accounting.sent, accounting.not_sent), (13, 1));
    // ok: 0, 1, 2, 3, 4, 9, 11, 12, 13; error: 5, 6; timeout: 7; cancelled: 8.
    let outcomes = (
        accounting.ok,
        accounting.error,
        accounting.timeout,
        accounting.cancelled,
    );
    assert_eq!(outcomes, (9, 2, 1, 1));
    assert_eq!(accounting.unaccounted, 0);
    let classes: Vec<(&str, u64)> = accounting
        .errors_by_class
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    let expected = [
        ("closed", 1),
        ("connect", 1),
        ("no_response", 1),
        ("status", 1),
    ];
    assert_eq!(classes, expected);
    assert_eq!(accounting.truncated, None);
}

#[test]
fn the_load_is_over_what_was_sent_outside_warm_up() {
    let load = fixture().overall.load_summary;
    assert_eq!((load.count, load.paced), (11, 11));
    // Delays of 2..=9 and 11..=13: .1 .2 .1 .3 .1 .2 .1 .4 .1 .2 .5 ms, sum 2.3.
    // Sorted: .1 .1 .1 .1 .1 .2 .2 .2 .3 .4 .5. p99 stands at 9.9: .4 + .9 * .1.
    // (The mean is rounded to a picosecond.)
    check(&load.schedule_delay, [0.209_090_909, 0.2, 0.4, 0.49, 0.5]);
    let delay = load.schedule_delay.unwrap();
    // p25 stands at 2.5, p75 at 7.5, between .2 and .3.
    for (ours, expected_ms) in [(delay.min, 0.1), (delay.p25, 0.1), (delay.p75, 0.25)] {
        close(ours, expected_ms / 1e3);
    }
    // First sent 1000.1 ms, last 2100.5 ms.
    close(load.send_duration.unwrap(), 1.1004);
    close(load.achieved_rate.unwrap(), 11.0 / 1.1004);
    // First scheduled 1000 ms, last 2100 ms.
    close(load.schedule_duration.unwrap(), 1.1);
    close(load.scheduled_rate.unwrap(), 10.0);
    assert_eq!(load.requested_rate, Some(10.0));
}

#[test]
fn latencies_are_over_requests_that_ended_well() {
    let overall = fixture().overall;
    // From sending, of 2, 3, 4, 9, 11, 12, 13: 61 90 100 11 31 20 40 ms, sum 353.
    // Sorted: 11 20 31 40 61 90 100. p90 stands at 5.4: 90 + .4 * 10; p99 at 5.94: 90 + .94 * 10.
    check(
        &overall.latency_from_sent_s,
        [50.428_571_429, 40.0, 94.0, 99.4, 100.0],
    );
    // Plus the delays .1 .2 .1 .4 .1 .2 .5: 61.1 90.2 100.1 11.4 31.1 20.2 40.5, sum 354.6.
    // p90: 90.2 + .4 * 9.9; p99: 90.2 + .94 * 9.9.
    check(
        &overall.latency_from_scheduled_s,
        [50.657_142_857, 40.5, 94.16, 99.506, 100.1],
    );
}

#[test]
fn token_times_are_over_streams_that_ended_well() {
    let overall = fixture().overall;
    // TTFT of 2, 3, 9, 11 (12 had no output): 20 50 10 10 ms, sum 90.
    // Sorted: 10 10 20 50. p90 stands at 2.7: 20 + .7 * 30; p99 at 2.97: 20 + .97 * 30.
    check(&overall.ttft_s, [22.5, 15.0, 41.0, 49.1, 50.0]);
    // Plus .1 .2 .4 .1: 20.1 50.2 10.4 10.1, sum 90.8. Sorted: 10.1 10.4 20.1 50.2.
    // Median 15.25; p90: 20.1 + .7 * 30.1; p99: 20.1 + .97 * 30.1.
    check(
        &overall.ttft_from_scheduled_s,
        [22.7, 15.25, 41.17, 49.297, 50.2],
    );
    // Gaps: 2: 10 10 20; 3: 0 40; 11: 10 10. Sorted: 0 10 10 10 10 20 40, sum 100.
    // p90 stands at 5.4: 20 + .4 * 20; p99 at 5.94: 20 + .94 * 20. Mean and max are exact, the
    // others off by 2^-11 of themselves at most.
    let itl = overall.itl_s.unwrap();
    close(itl.mean, 0.014_285_714_286);
    close(itl.max, 0.040);
    for (ours, expected_ms) in [(itl.median, 10.0), (itl.p90, 28.0), (itl.p99, 38.8)] {
        let expected = expected_ms / 1e3;
        assert!(
            (ours - expected).abs() <= expected / 2048.0,
            "{ours} != {expected}"
        );
    }
    // TPOT: 2: (60 - 20) / 3 = 13.333333; 3: (90 - 50) / 2 = 20 by events; 11: (30 - 10) / 4 = 5
    // by usage; 9 has a single token. Sum 38.333333 (to 1 ns).
    // p90 stands at 1.8: 13.333333 + .8 * 6.666667; p99 at 1.98: 13.333333 + .98 * 6.666667.
    check(
        &overall.tpot_s,
        [
            12.777_777_667,
            13.333_333,
            18.666_666_6,
            19.866_666_66,
            20.0,
        ],
    );
}

#[test]
fn without_token_times_only_their_gaps_are_unknown() {
    let mut made = requests();
    made.iter_mut().for_each(|made| made.token_ns.clear());
    let (without, with) = (of(&made).overall, fixture().overall);
    assert!(without.itl_s.is_none() && with.itl_s.is_some());
    assert!(without.ttst_s.is_none() && with.ttst_s.is_some());
    assert_eq!(
        Measures {
            itl_s: None,
            ttst_s: None,
            ..with
        },
        without
    );
}

#[test]
fn throughput_says_who_counted_the_tokens() {
    let done = fixture().overall.throughput;
    // First sent 1000.1 ms; last end is the timeout's, 1500.2 + 1000 ms.
    close(done.duration_s.unwrap(), 1.5001);
    // Output: usage 4 + 8 + 1 + 5 (2, 4, 9, 11), events 3 + 0 (3, 12); 13 is unknown.
    assert_eq!(done.output_tokens_from_usage, 18);
    assert_eq!(done.output_tokens_from_events, 3);
    assert_eq!(done.output_unknown_requests, 1);
    close(done.output_tokens_per_s.unwrap(), 21.0 / 1.5001);
    // Input: usage 10 + 20 + 11 (2, 4, 9), workload 20 (3); 11, 12 and 13 are unknown.
    assert_eq!(done.input_tokens_from_usage, 41);
    assert_eq!(done.input_tokens_from_workload, 20);
    assert_eq!(done.input_unknown_requests, 3);
    close(done.input_tokens_per_s.unwrap(), 61.0 / 1.5001);
    close(done.requests_per_s.unwrap(), 7.0 / 1.5001);
}

#[test]
fn usage_is_held_against_the_workload() {
    // Given for 2, 4, 9 and 11 (output only). 9: input 11 for 12; 4: output 8 for 9.
    let expected = Usage {
        reported: 4,
        input_mismatches: 1,
        output_mismatches: 1,
    };
    assert_eq!(fixture().overall.usage, expected);
}

#[test]
fn warm_up_is_a_stage_but_not_in_the_overall_figures() {
    let summary = fixture();
    let [warm, steady] = summary.stages.as_slice() else {
        panic!("two stages");
    };
    assert!(warm.warm_up && !steady.warm_up);
    assert_eq!(steady.measures, summary.overall);
    let load = &warm.measures.load_summary;
    assert_eq!(load.count, 2);
    // Sent at 5 and 100 ms, scheduled at 0 and 100 ms.
    close(load.send_duration.unwrap(), 0.095);
    close(load.achieved_rate.unwrap(), 2.0 / 0.095);
    close(load.scheduled_rate.unwrap(), 20.0);
    assert_eq!(load.requested_rate, Some(10.0));
    // Not streamed: no token times at all, rather than zeros.
    assert_eq!(
        (&warm.measures.ttft_s, &warm.measures.itl_s),
        (&None, &None)
    );
    // One new connection in the warm-up, one in the run.
    assert_eq!(summary.connections.new_during_run, 2);
}

#[test]
fn the_verdict_names_what_crossed_a_threshold() {
    let verdict = fixture().verdict;
    assert_eq!(verdict.verdict, Word::Invalid);
    let reasons: Vec<(Check, Option<f64>, Level)> = verdict
        .reasons
        .iter()
        .map(|r| (r.check, r.value, r.level))
        .collect();
    let expected = [
        (Check::NotSent, Some(1.0), Level::Invalid),
        (Check::AchievedRateTooFewRequests, Some(11.0), Level::Note),
        // 2 errors and 1 timeout of 13 sent, 1 of them cancelled.
        (Check::ErrorShare, Some(3.0 / 12.0), Level::Note),
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn several_measured_stages_have_no_one_asked_rate() {
    let mut info = info();
    info.stages[0].warm_up = false;
    let summary = summary(&data(info, 14, &requests()));
    // 13 sent; scheduled from 0 to 2100 ms.
    close(
        summary.overall.load_summary.requested_rate.unwrap(),
        13.0 / 2.1,
    );
}

#[test]
fn one_request_has_no_rate_and_none_has_no_figure() {
    let made = requests();
    let one = of(&made[2..3]).overall.load_summary;
    assert_eq!((one.count, one.send_duration), (1, Some(0.0)));
    assert_eq!((one.achieved_rate, one.scheduled_rate), (None, None));
    let none = of(&[]).overall;
    assert_eq!(none.load_summary.send_duration, None);
    assert_eq!(none.load_summary.schedule_delay, None);
    assert_eq!(none.latency_from_sent_s, None);
    assert_eq!(none.throughput.output_tokens_per_s, None);
}

#[test]
fn what_is_missing_doubled_foreign_or_impossible_is_unaccounted() {
    let made = requests();
    let counted = |made: &[Made]| {
        let a = of(made).accounting;
        assert_eq!(a.scheduled, a.sent + a.not_sent + a.missing);
        assert_eq!(a.sent, a.ok + a.error + a.timeout + a.cancelled);
        (a.missing, a.surplus, a.unaccounted)
    };
    assert_eq!(counted(&made), (0, 0, 0));
    assert_eq!(counted(&made[..13]), (1, 0, 1));
    let mut doubled = made.clone();
    doubled.push(made[3].clone());
    assert_eq!(counted(&doubled), (0, 1, 1));
    let mut foreign = made.clone();
    foreign[13].record.index = 14.into();
    assert_eq!(counted(&foreign), (1, 1, 2));
    let mut impossible = made.clone();
    impossible[4].record.end_ns = 0.into();
    assert_eq!(counted(&impossible), (1, 0, 1));
    // A credible record behind one that is not does not make up for it.
    let mut mended = impossible.clone();
    mended.push(made[4].clone());
    assert_eq!(counted(&mended), (1, 1, 2));
    let mut unasked = made.clone();
    unasked[8].record.flags &= !RESULT_CANCEL;
    assert_eq!(counted(&unasked), (1, 0, 1));
    let mut stage = made;
    stage[4].record.stage = 2.into();
    assert_eq!(counted(&stage), (1, 0, 1));
}

#[test]
fn of_a_doubled_request_the_first_record_counts_in_any_order_of_the_rest() {
    let mut made = requests();
    let mut later = made[4].clone();
    later.record.end_ns = (later.record.end_ns.get() + 1_000_000_000).into();
    made.push(later);
    assert_eq!(of(&made).overall, fixture().overall);
    made[..14].reverse();
    assert_eq!(of(&made).overall, fixture().overall);
}

#[test]
fn a_directory_is_read_summarised_and_written() {
    let directory = tempfile::tempdir().unwrap();
    let records = directory.path().join(RECORDS_FILE);
    info().write(directory.path()).unwrap();
    std::fs::write(&records, file_bytes(14, &requests(), true)).unwrap();
    let summary = summary(&open(directory.path(), Window::ALL).unwrap());
    assert_eq!(summary, fixture());
    write_summary(directory.path(), &summary).unwrap();
    let text = std::fs::read_to_string(directory.path().join(SUMMARY_FILE)).unwrap();
    let mut report = Vec::new();
    replay::analysis::report::json::write(&summary, &mut report).unwrap();
    assert_eq!(text.as_bytes(), report);
    let back: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!(back.accounting, summary.accounting);
    assert_eq!(back.verdict.reasons.len(), summary.verdict.reasons.len());
    assert_eq!(back.stages.len(), 2);
}

#[test]
fn a_file_cut_off_is_summarised_and_invalid() {
    let mut bytes = file_bytes(14, &requests(), false);
    bytes.truncate(bytes.len() - 1);
    let summary = summary(&data_in(info(), &bytes, Window::ALL));
    // The first frame has seven records; the second is lost.
    assert_eq!(summary.accounting.missing, 7);
    assert!(summary.accounting.truncated.is_some());
    let checks: Vec<Check> = summary.verdict.reasons.iter().map(|r| r.check).collect();
    assert!(
        checks.starts_with(&[Check::Truncated, Check::Unaccounted]),
        "{checks:?}"
    );
}

#[test]
fn records_of_another_workload_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut info = info();
    info.workload.content_hash = "00".repeat(32);
    info.write(directory.path()).unwrap();
    let path = directory.path().join(RECORDS_FILE);
    std::fs::write(path, file_bytes(14, &requests(), true)).unwrap();
    let message = open(directory.path(), Window::ALL).unwrap_err().to_string();
    assert!(
        message.contains("records.wlr: its records are of workload abab"),
        "{message}"
    );
}
