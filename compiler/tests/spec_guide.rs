//! Every YAML block of inference-perf's load generation guide means here what it means there, and
//! compiles.
//!
//! The blocks are written down with the guide's keys and values. Each is read with a model and an
//! endpoint beside it, which the guide leaves out.

#[path = "compiled/mod.rs"]
mod compiled;

use compiled::compiled;
use compiler::samplers::{Distribution, Interval, RateProfile, Shape};
use compiler::spec::{Lengths, Load, Population, Spec, TraceFormat, TraceOptions, TraceRef};
use schemas::manifest::{Hints, Progression, SweepHints};

const SECOND: u64 = 1_000_000_000;

/// Beside every block.
const BESIDE: &str = "api: {type: chat}\nmodels: [{name: m}]\n";

const SWEEP: &str = "\
load:
  type: constant
  sweep:
    type: linear
";

const QPS: &str = "\
load:
  type: constant
  stages:
  - rate: 100
    duration: 60
  num_workers: 32
  worker_max_concurrency: 250
";

const CONCURRENT: &str = "\
load:
  type: concurrent
  stages:
  - num_requests: 1000
    concurrency_level: 32
  - num_requests: 2000
    concurrency_level: 64
";

const LEGACY_CONCURRENCY: &str = "\
load:
  type: constant
  stages:
  - rate: 10000
    duration: 60
  num_workers: 4
  worker_max_concurrency: 8
";

const BASE_SEED: &str = "\
load:
  type: constant
  stages:
  - rate: 100
    duration: 60
  base_seed: 12345
";

const LORA: &str = "\
load:
  type: constant
  stages:
  - rate: 100
    duration: 60
  lora_traffic_split:
    - name: movie
      split: 0.50
    - name: consumer
      split: 0.50
";

const PER_ADAPTER_REPORT: &str = "\
report:
  request_lifecycle:
    summary: true
    per_stage: true
    per_adapter: true
    per_adapter_stage: true
";

const AB_TEST: &str = "\
lora_traffic_split:
  - name: baseline
    split: 0.5
  - name: optimized
    split: 0.5
";

const DOMAINS: &str = "\
lora_traffic_split:
  - name: medical
    split: 0.33
  - name: legal
    split: 0.33
  - name: technical
    split: 0.34
";

const ROLLOUT: &str = "\
lora_traffic_split:
  - name: stable
    split: 0.9
  - name: experimental
    split: 0.1
";

const TRACE_LOAD: &str = "\
load:
  type: trace_replay
  trace:
    file: ./traces/traces.csv
    format: AzurePublicDataset
";

const TRACE_DATA: &str = "\
data:
  type: random
  trace:
    file: ./traces/traces.csv
    format: AzurePublicDataset
";

const PRINTED: &str = "\
load:
  type: constant
  interval: 1.0
  stages:
  - rate: 1.0
    duration: 30
  sweep: null
  num_workers: 8
  worker_max_concurrency: 100
  worker_max_tcp_connections: 2500
";

fn parse(block: &str) -> Spec {
    let text = format!("{BESIDE}{block}");
    let mut no_files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let spec = Spec::parse(&text, "guide.yaml", &[], &mut no_files);
    spec.unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn only(spec: &Spec) -> &Population {
    assert_eq!(spec.populations.len(), 1);
    &spec.populations[0]
}

/// The rates in requests per second and the durations in seconds of evenly spaced requests.
fn constant(spec: &Spec) -> Vec<(u64, u64)> {
    let Load::Open {
        interval, stages, ..
    } = &only(spec).load
    else {
        panic!("{:?}", only(spec).load);
    };
    assert_eq!(*interval, Interval::Even);
    let one = |profile: &RateProfile| {
        let (rate, seconds) = (
            profile.from_microhertz / 1_000_000,
            profile.duration_ns / SECOND,
        );
        assert_eq!(
            *profile,
            RateProfile::flat(rate * 1_000_000, seconds * SECOND)
        );
        (rate, seconds)
    };
    stages.iter().map(|stage| one(&stage.profile)).collect()
}

/// Names and shares in percent.
fn adapters(spec: &Spec) -> Vec<(&str, u64)> {
    let adapters = only(spec).adapters.iter();
    adapters
        .map(|adapter| (adapter.name.as_str(), adapter.split / 10_000_000_000))
        .collect()
}

fn noted(spec: &Spec, words: &str) -> bool {
    spec.notes.iter().any(|note| note.contains(words))
}

#[test]
fn a_sweep_is_a_hint_with_inference_perfs_defaults() {
    let spec = parse(SWEEP);
    let sweep = SweepHints {
        progression: Progression::Linear,
        requests: 2_000,
        timeout_ns: 60 * SECOND,
        stages: 5,
        stage_duration_ns: 180 * SECOND,
        saturation_percentile_ppm: 950_000,
    };
    assert_eq!(spec.hints.sweep, Some(sweep));
    assert_eq!(constant(&spec), [(1, 2_000)]);
    assert!(noted(&spec, "`replay sweep` sets"), "{:?}", spec.notes);
}

#[test]
fn a_rate_is_a_stage_and_workers_are_hints() {
    let spec = parse(QPS);
    assert_eq!(constant(&spec), [(100, 60)]);
    let hints = Hints {
        workers: Some(32),
        max_in_flight: Some(8_000),
        ..Hints::default()
    };
    assert_eq!(spec.hints, hints);
    let legacy = parse(LEGACY_CONCURRENCY);
    assert_eq!(constant(&legacy), [(10_000, 60)]);
    assert_eq!(
        (legacy.hints.workers, legacy.hints.max_in_flight),
        (Some(4), Some(32))
    );
}

#[test]
fn concurrent_stages_have_requests_and_a_concurrency() {
    let spec = parse(CONCURRENT);
    let Load::Concurrent { stages, .. } = &only(&spec).load else {
        panic!("{:?}", only(&spec).load);
    };
    let counts: Vec<_> = stages
        .iter()
        .map(|stage| (stage.requests, stage.concurrency))
        .collect();
    assert_eq!(counts, [(1_000, 32), (2_000, 64)]);
    assert_eq!(spec.hints, Hints::default());
}

#[test]
fn a_base_seed_is_the_seed() {
    let spec = parse(BASE_SEED);
    assert_eq!(spec.seed, Some(12345));
    assert_eq!(constant(&spec), [(100, 60)]);
}

#[test]
fn adapters_have_their_shares_beside_the_load_and_in_it() {
    let spec = parse(LORA);
    assert_eq!(adapters(&spec), [("movie", 50), ("consumer", 50)]);
    assert_eq!(constant(&spec), [(100, 60)]);
    assert_eq!(
        adapters(&parse(AB_TEST)),
        [("baseline", 50), ("optimized", 50)]
    );
    let domains = [("medical", 33), ("legal", 33), ("technical", 34)];
    assert_eq!(adapters(&parse(DOMAINS)), domains);
    assert_eq!(
        adapters(&parse(ROLLOUT)),
        [("stable", 90), ("experimental", 10)]
    );
}

#[test]
fn a_report_is_noted_and_asks_nothing_of_the_load() {
    let spec = parse(PER_ADAPTER_REPORT);
    assert!(
        noted(&spec, "`report` is not used: `replay report`"),
        "{:?}",
        spec.notes
    );
    assert_eq!(only(&spec), only(&parse("")));
}

#[test]
fn a_trace_gives_times_and_with_data_lengths_too() {
    let trace = TraceRef {
        file: "./traces/traces.csv".into(),
        format: TraceFormat::Azure,
        options: TraceOptions::default(),
    };
    let load = Load::Trace {
        trace: trace.clone(),
        max_concurrency: None,
    };
    let times = parse(TRACE_LOAD);
    assert_eq!(only(&times).load, load);
    let (mean, std_dev) = (512.0, 200.0);
    let default = Distribution::new(Shape::Normal { mean, std_dev }, 10, 1024).unwrap();
    let (input, output) = (default.clone(), default);
    assert_eq!(only(&times).data.lengths, Lengths::Drawn { input, output });
    assert!(
        noted(&times, "only if `data.trace` names it"),
        "{:?}",
        times.notes
    );

    let lengths = parse(TRACE_DATA);
    assert_eq!(only(&lengths).data.lengths, Lengths::FromOtherTrace(trace));

    let both = parse(&format!("{TRACE_LOAD}{TRACE_DATA}"));
    assert_eq!(only(&both).load, load);
    assert_eq!(only(&both).data.lengths, Lengths::FromTrace);
}

#[test]
fn the_printed_configuration_is_the_one_that_a_missing_load_stands_for() {
    let spec = parse(PRINTED);
    assert_eq!(constant(&spec), [(1, 30)]);
    let hints = Hints {
        workers: Some(8),
        max_in_flight: Some(800),
        connections: Some(20_000),
        ..Hints::default()
    };
    assert_eq!(spec.hints, hints);
    assert_eq!(only(&spec).load, only(&parse("")).load);
}

#[test]
fn every_block_compiles() {
    let both = format!("{TRACE_LOAD}{TRACE_DATA}");
    for (block, requests) in [
        (SWEEP, 2_000),
        (QPS, 6_000),
        (CONCURRENT, 3_000),
        (BASE_SEED, 6_000),
        (LORA, 6_000),
        (PER_ADAPTER_REPORT, 30),
        (AB_TEST, 30),
        (DOMAINS, 30),
        (ROLLOUT, 30),
        (TRACE_LOAD, 3),
        (TRACE_DATA, 30),
        (&both, 3),
        (PRINTED, 30),
    ] {
        assert_eq!(requests_of(block, &[]), requests, "{block}");
    }
    // 600,000 requests as it stands.
    let shorter = requests_of(LEGACY_CONCURRENCY, &["load.stages.0.duration=1"]);
    assert_eq!(shorter, 10_000);
}

/// Requests of a block's workload.
fn requests_of(block: &str, sets: &[&str]) -> u64 {
    let text = format!("{BESIDE}{block}");
    match compiled(&text, sets) {
        Ok(compiled) => compiled.totals.requests,
        Err(error) => panic!("{text}\n{error}"),
    }
}
