//! Figures of parts of a run: a slice's are those of a run that has nothing else.

use crate::fixture::{
    Made, data, data_in, file_bytes, info, never, requests, sent, stage, summary,
};
use replay::analysis::group::MAX_GROUPS;
use replay::analysis::measures::Measures;
use replay::analysis::summary::{Measured, NamedSummary};
use replay::analysis::{Summary, Window};
use replay::run_info::RunInfo;
use schemas::records::{ErrorClass, Outcome};

const REQUESTS: u64 = 240;

/// Warm-up, then two stages without a rate of their own.
fn three_stages() -> RunInfo {
    let mut info = info();
    info.stages = vec![
        stage("warm", true, 0, 40),
        stage("low", false, 1_000_000_000, 100),
        stage("high", false, 2_000_000_000, 100),
    ];
    info.stages.iter_mut().for_each(|stage| stage.rate = None);
    info.populations = vec!["chat".into(), "batch".into()];
    info
}

/// Requests of two models, two adapters or none, two populations or none, with every outcome.
fn mixed() -> Vec<Made> {
    let of = |n: u64| {
        let stage = if n < 40 { 0 } else { 1 + (n % 2) as u32 };
        let (scheduled, took) = (n * 50, 30 + n * 7919 % 400);
        let mut made = match n % 11 {
            0..=6 => {
                sent(n, stage, scheduled, n % 5, took).stream(&[10 + n % 7, 20 + n % 3, 29 + n % 2])
            }
            7 => sent(n, stage, scheduled, 3, took),
            8 => sent(n, stage, scheduled, 1, took).ended(Outcome::Error, ErrorClass::Status),
            9 => sent(n, stage, scheduled, 1, took)
                .cancel_after(took)
                .ended(Outcome::Cancelled, ErrorClass::None),
            _ => never(n, stage, scheduled, ErrorClass::Connect),
        };
        made.record.response_bytes = (n * 31).into();
        made.record.model = ((n / 3 % 2) as u32).into();
        if !n.is_multiple_of(3) {
            made.record.adapter = ((n % 3) as u32).into();
        }
        made.record.population = ((n / 5 % 3) as u16).into();
        made
    };
    (0..REQUESTS).map(of).collect()
}

fn of(info: RunInfo, made: &[Made]) -> Summary {
    summary(&data(info, REQUESTS, made))
}

/// The figures of a run of these requests only.
fn only(keep: impl Fn(&Made) -> bool) -> Measures {
    let mut info = three_stages();
    // A warm-up stage by itself is measured.
    info.stages
        .iter_mut()
        .for_each(|stage| stage.warm_up = false);
    let made: Vec<Made> = mixed().into_iter().filter(|made| keep(made)).collect();
    of(info, &made).overall
}

fn is_measured(made: &Made) -> bool {
    made.record.stage.get() > 0
}

fn named<'a>(list: &'a [NamedSummary], name: &str) -> &'a Measures {
    let mut found = list.iter().filter(|group| group.name == name);
    let group = found.next().expect(name);
    assert!(found.next().is_none(), "{name} stands twice");
    &group.measures
}

#[test]
fn a_slice_has_the_figures_of_a_run_of_nothing_else() {
    let summary = of(three_stages(), &mixed());
    assert_eq!(summary.overall, only(is_measured));
    assert_eq!(summary.stages.len(), 3);
    for (stage, found) in (0..).zip(&summary.stages) {
        assert_eq!(found.stage, stage);
        let expected = only(|made| made.record.stage.get() == stage);
        assert_eq!(found.measures, expected, "stage {stage}");
    }
    // Strings 0 to 2 are the model, "movie" and "session_000007".
    for (id, name) in [(0, "llama-3.1-8b"), (1, "movie")] {
        let expected = only(|made| is_measured(made) && made.record.model.get() == id);
        assert_eq!(named(&summary.models, name), &expected, "{name}");
    }
    let adapters = [(1, "movie"), (2, "session_000007")];
    for (id, name) in adapters {
        let of_it = |made: &Made| is_measured(made) && made.record.adapter.get() == id;
        assert_eq!(named(&summary.adapters, name), &only(of_it), "{name}");
        for stage in [1, 2] {
            let mut both = summary.adapter_stages.iter();
            let found = both.find(|group| group.name == name && group.stage == stage);
            let expected = only(|made| of_it(made) && made.record.stage.get() == stage);
            assert_eq!(found.unwrap().measures, expected, "{name} in {stage}");
        }
    }
    assert_eq!(
        (summary.adapters.len(), summary.adapter_stages.len()),
        (2, 4)
    );
    for (number, name) in [(1, "chat"), (2, "batch")] {
        let expected = only(|made| is_measured(made) && made.record.population.get() == number);
        assert_eq!(named(&summary.populations, name), &expected, "{name}");
    }
    assert_eq!(summary.groups_left_out, 0);
}

#[test]
fn slices_that_leave_nothing_out_add_up_to_the_whole() {
    let summary = of(three_stages(), &mixed());
    let whole = &summary.overall;
    let models = || summary.models.iter().map(|group| &group.measures);
    let stages = || summary.stages[1..].iter().map(|group| &group.measures);
    for parts in [models().collect::<Vec<_>>(), stages().collect()] {
        let sum = |of: fn(&Measures) -> u64| parts.iter().map(|part| of(part)).sum::<u64>();
        for of in [
            (|m| m.load_summary.count) as fn(&Measures) -> u64,
            |m| m.errors.requests,
            |m| m.errors.failed,
            |m| m.cancellation.cancelled,
            |m| m.throughput.output_tokens_from_events,
            |m| m.throughput.output_unknown_requests,
        ] {
            assert!(of(whole) > 0);
            assert_eq!(sum(of), of(whole));
        }
    }
}

#[test]
fn a_run_without_adapters_or_populations_lists_none_of_them() {
    let summary = of(info(), &requests()[..2]);
    assert!(summary.adapters.is_empty() && summary.adapter_stages.is_empty());
    assert!(summary.populations.is_empty() && summary.sessions.is_none());
    // Nothing but warm-up was sent: no model was measured, and no figure is overall.
    assert!(summary.models.is_empty());
    assert_eq!(summary.stages[0].measures.load_summary.count, 2);
    assert_eq!(summary.overall.latency_from_sent_s, None);
}

#[test]
fn a_window_measures_what_a_run_of_nothing_else_would() {
    // From 40 to 120 of the requests, 5 ms apart; the last one is not in.
    let window = Window {
        from_ns: 200_000_000,
        to_ns: 600_000_000,
    };
    let bytes = file_bytes(REQUESTS, &mixed(), true);
    let data = data_in(three_stages(), &bytes, window);
    let found = summary(&data);
    let expected = only(|made| (40..120).contains(&made.record.index.get()));
    assert_eq!(found.overall, expected);
    assert_eq!(found.overall.errors.requests, 80);
    let said = Measured {
        from_s: 0.2,
        to_s: Some(0.6),
        left_out: 160,
    };
    assert_eq!(found.window, Some(said));
    // The accounting is over everything.
    assert_eq!(found.accounting, of(three_stages(), &mixed()).accounting);
    assert_eq!(found.stages[0].measures.errors.requests, 0);
}

#[test]
fn more_groups_than_can_be_shown_are_counted() {
    let beyond = MAX_GROUPS as u64 + 3;
    let of = |n| {
        let mut made = sent(n, 1, 10_000 + n, 0, 5);
        // The later an adapter in the table, the earlier in the file.
        made.record.adapter = ((beyond - n) as u32).into();
        made
    };
    let made: Vec<Made> = (0..beyond).map(of).collect();
    let summary = summary(&data(info(), beyond, &made));
    assert_eq!(summary.adapters.len(), MAX_GROUPS);
    // Three adapters, and each in its stage.
    assert_eq!(summary.groups_left_out, 6);
    // Ids past the string table are told by their number.
    let names = [&summary.adapters[0].name, &summary.adapters[999].name];
    assert_eq!(names, ["movie", "#1000"]);
    assert_eq!(summary.overall.load_summary.count, beyond);
}

#[test]
fn objectives_are_met_by_all_or_by_each() {
    let mut info = info();
    info.slos = vec![
        "ttft=30ms".parse().unwrap(),
        "latency=95ms".parse().unwrap(),
    ];
    let goodput = summary(&data(info, 14, &requests()))
        .overall
        .goodput
        .unwrap();
    // 2 to 13 but the cancelled 8. 5, 6, 7 failed and 10 was not sent: nothing is met.
    assert_eq!(goodput.requests, 11);
    // TTFT: 2, 9 and 11; 3 took 50 ms; 4 and 13 were not streamed, 12 had no output.
    let [ttft, latency] = goodput.slos.as_slice() else {
        panic!("two objectives");
    };
    assert_eq!((ttft.met, ttft.unknown, ttft.limit_s), (3, 3, 0.03));
    assert_eq!(ttft.share, Some(3.0 / 11.0));
    // Latency: all but 4, which took 100 ms.
    assert_eq!((latency.met, latency.unknown), (6, 0));
    // Both: 2, 9 and 11, with 4, 1 and 5 tokens by usage, over 1.5001 s.
    assert_eq!((goodput.good, goodput.share), (3, Some(3.0 / 11.0)));
    assert_eq!(goodput.good_per_s, Some(3.0 / 1.5001));
    assert_eq!(goodput.good_output_tokens_per_s, Some(10.0 / 1.5001));
}
