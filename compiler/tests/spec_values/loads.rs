//! Loads, what they say about the engine, and traces.

use super::{SECOND, load, normal, parse, profiles, trace_of};
use compiler::samplers::{Distribution, Interval, Ramp, RateProfile};
use compiler::spec::trace::{BAILIAN_BLOCK_TOKENS, MOONCAKE_BLOCK_TOKENS};
use compiler::spec::{DurationNs, Load, TraceFormat, TraceOptions, TraceStart};
use schemas::manifest::{Hints, Progression, SweepHints};
use traces::table::{TableFormat, TableKind, TimeUnit};

#[test]
fn gaps_have_their_distribution_under_every_name_of_its_shape() {
    let interval = |text: &str| {
        let text = format!("{{{text}, stages: [{{rate: 1, duration: 1}}]}}");
        profiles(&load(&text)).0
    };
    assert_eq!(interval("type: constant"), Interval::Even);
    assert_eq!(interval("type: poisson"), Interval::Exponential);
    let gamma = Interval::Gamma { shape: 0.5 };
    for name in ["burstiness", "shape", "smoothness"] {
        assert_eq!(interval(&format!("type: gamma, {name}: 0.5")), gamma);
    }
    assert_eq!(
        interval("type: weibull, shape: 2"),
        Interval::Weibull { shape: 2.0 }
    );
}

#[test]
fn stages_have_ramps_names_and_limits() {
    let Load::Open { stages, pause, .. } = load(
        "{type: constant, interval: 0, stages: [{rate: 0, end_rate: 9, duration: 2}, {rate: 9, end_rate: 0.5, duration: 2, ramp: exponential}, {rate: 5, end_rate: 5, duration: 2, ramp: linear, name: peak, max_concurrency: 7, warm_up: true}]}",
    ) else {
        panic!("open");
    };
    assert_eq!(pause, DurationNs::ZERO);
    let ramp = |from_microhertz, to_microhertz, ramp| RateProfile {
        from_microhertz,
        to_microhertz,
        duration_ns: 2 * SECOND,
        ramp,
    };
    assert_eq!(stages[0].profile, ramp(0, 9_000_000, Ramp::Linear));
    assert_eq!(
        stages[1].profile,
        ramp(9_000_000, 500_000, Ramp::Exponential)
    );
    assert_eq!(stages[2].profile, ramp(5_000_000, 5_000_000, Ramp::Flat));
    let last = &stages[2];
    assert_eq!(last.name.as_deref(), Some("peak"));
    assert_eq!((last.max_concurrency, last.warm_up), (Some(7), true));
    assert_eq!(
        (
            &stages[0].name,
            stages[0].max_concurrency,
            stages[0].warm_up
        ),
        (&None, None, false)
    );
}

#[test]
fn closed_loops_have_requests_and_who_sends_them() {
    let Load::Concurrent { stages, pause } = load(
        "{type: concurrent, interval: 2, stages: [{num_requests: 1000, concurrency_level: 32, warm_up: true}, {num_requests: 9, concurrency_level: 3, name: b}]}",
    ) else {
        panic!("concurrent");
    };
    assert_eq!(pause.get(), 2 * SECOND);
    let counts: Vec<_> = stages
        .iter()
        .map(|s| (s.requests, s.concurrency, s.warm_up))
        .collect();
    assert_eq!(counts, [(1000, 32, true), (9, 3, false)]);
    let Load::Users { stages, pause } = load(
        "{type: users, stages: [{users: 5, num_requests: 50, think_time: 'normal(2s, 500ms)'}, {users: 5, num_requests: 50}]}",
    ) else {
        panic!("users");
    };
    assert_eq!(pause, DurationNs::SECOND);
    assert_eq!((stages[0].users, stages[0].requests), (5, 50));
    let year = compiler::spec::quantity::MAX_DURATION_NS;
    assert_eq!(stages[0].think_time, normal(2e9, 5e8, 0, year));
    assert_eq!(stages[1].think_time, Distribution::fixed(0));
}

#[test]
fn what_is_said_about_the_engine_becomes_hints() {
    let hints = |text: &str| {
        let stages = "stages: [{rate: 1, duration: 1}]";
        parse(&format!(
            "models: m\nload: {{type: constant, {stages}, {text}}}"
        ))
        .hints
    };
    let full = hints(
        "num_workers: 8, worker_max_concurrency: 100, worker_max_tcp_connections: 2500, request_timeout: 900",
    );
    let expected = Hints {
        workers: Some(8),
        max_in_flight: Some(800),
        connections: Some(20_000),
        timeout_ns: Some(900 * SECOND),
        url: None,
        sweep: None,
        slos: Vec::new(),
    };
    assert_eq!(full, expected);
    let alone = hints("worker_max_concurrency: 100, worker_max_tcp_connections: 2500");
    assert_eq!((alone.max_in_flight, alone.connections), (None, Some(2500)));
    assert_eq!(hints("sweep: null, request_retries: 0"), Hints::default());
    assert_eq!(hints("sweep: false"), Hints::default());
    let sweep = SweepHints {
        progression: Progression::Linear,
        requests: 2000,
        timeout_ns: 60 * SECOND,
        stages: 5,
        stage_duration_ns: 180 * SECOND,
        saturation_percentile_ppm: 950_000,
    };
    assert_eq!(hints("sweep: {type: linear}").sweep, Some(sweep.clone()));
    assert_eq!(hints("sweep: true").sweep, Some(sweep.clone()));
    let written = hints("sweep: {type: geometric, num_requests: 7, timeout: 8, num_stages: 9, stage_duration: 10, saturation_percentile: 99.5}").sweep;
    let expected = SweepHints {
        progression: Progression::Geometric,
        requests: 7,
        timeout_ns: 8 * SECOND,
        stages: 9,
        stage_duration_ns: 10 * SECOND,
        saturation_percentile_ppm: 995_000,
    };
    assert_eq!(written, Some(expected));
}

#[test]
fn the_concurrency_of_workers_is_no_hint_where_stages_say_it() {
    let spec = parse(
        "models: m\nload: {type: concurrent, num_workers: 4, worker_max_concurrency: 8, stages: [{num_requests: 5, concurrency_level: 2}]}",
    );
    assert_eq!(
        (spec.hints.workers, spec.hints.max_in_flight),
        (Some(4), None)
    );
    let note = "`load.worker_max_concurrency` is not used: a concurrent load says";
    assert!(
        spec.notes.iter().any(|n| n.starts_with(note)),
        "{:?}",
        spec.notes
    );
}

#[test]
fn traces_have_their_formats_and_options() {
    let format = |text: &str| trace_of(&format!("{{file: a, format: {text}}}")).format;
    assert_eq!(format("AzurePublicDataset"), TraceFormat::Azure);
    assert_eq!(format("BurstGPT"), TraceFormat::BurstGpt);
    let block_tokens = MOONCAKE_BLOCK_TOKENS;
    assert_eq!(format("Mooncake"), TraceFormat::Mooncake { block_tokens });
    let block_tokens = BAILIAN_BLOCK_TOKENS;
    assert_eq!(format("Bailian"), TraceFormat::Bailian { block_tokens });
    let block_tokens = 32;
    assert_eq!(
        format("Bailian, block_tokens: 32"),
        TraceFormat::Bailian { block_tokens }
    );
    let table = TableFormat {
        kind: TableKind::Jsonl,
        timestamp: "t".into(),
        time_unit: TimeUnit::Ms,
        input_tokens: "i".into(),
        output_tokens: "o".into(),
        session: None,
        model: Some("m".into()),
    };
    let text = "jsonl, time_unit: ms, columns: {timestamp: t, input_tokens: i, output_tokens: o, model: m}";
    assert_eq!(format(text), TraceFormat::Table(table));

    let options = |text: &str| trace_of(&format!("{{file: a, format: BurstGPT{text}}}")).options;
    assert_eq!(options(""), TraceOptions::default());
    let full = options(
        ", window: {from: 1m, to: 2m}, limit: 9, sample: 0.1, speed: 2.5, loop: 3, start: window",
    );
    assert_eq!(full.window, Some((60 * SECOND, 120 * SECOND)));
    assert_eq!((full.limit, full.sample), (Some(9), Some(100_000_000_000)));
    assert_eq!((full.speed, full.rate), (Some(2_500_000), None));
    assert_eq!((full.passes, full.start), (3, TraceStart::Window));
    assert_eq!(
        options(", window: {from: 1m}").window,
        Some((60 * SECOND, u64::MAX))
    );
    assert_eq!(options(", window: {to: 1m}").window, Some((0, 60 * SECOND)));
    let rate = options(", rate: 90/min").rate.map(|rate| rate.get());
    assert_eq!(rate, Some(1_500_000));
}

#[test]
fn a_number_in_the_spec_is_read_from_its_digits_not_from_a_float() {
    // As an f64, 60.000000001 s is not a whole number of nanoseconds.
    let text = "{type: poisson, stages: [{rate: 1, duration: &d 60.000000001}]}";
    let (_, profiles) = profiles(&load(text));
    assert_eq!(profiles[0].duration_ns, 60_000_000_001);
}
