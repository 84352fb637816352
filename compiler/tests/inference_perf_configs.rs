//! Whole configuration files with the keys of inference-perf's examples are read as they stand,
//! mean what they mean there, and compile. What has no counterpart here is noted, not refused.

#[path = "compiled/mod.rs"]
mod compiled;

use compiled::compiled;
use compiler::compile::CompileError;
use compiler::samplers::{Distribution, Interval, Shape};
use compiler::spec::{ApiKind, DataKind, Lengths, Load, Population, ServerKind, Spec, TraceFormat};
use schemas::manifest::Progression;

/// Behind every file: what inference-perf's examples end with.
const TAIL: &str = "\
api:
  type: completion
  streaming: true
server:
  type: vllm
  model_name: example-org/tiny-model
  base_url: http://0.0.0.0:8000
  ignore_eos: true
tokenizer:
  pretrained_model_name_or_path: example-org/tiny-model
metrics:
  type: prometheus
  prometheus:
    url: http://localhost:9090
    scrape_interval: 15
report:
  request_lifecycle:
    summary: true
    per_stage: true
    per_request: true
  prometheus:
    summary: true
    per_stage: false
storage:
  local_storage:
    path: reports
    report_file_prefix: null
";

const TWO_RATES: &str = "\
load:
  type: constant
  interval: 15
  stages:
  - rate: 1
    duration: 30
  - rate: 2
    duration: 30
";

const RANDOM: &str = "\
data:
  type: random
  input_distribution:
    min: 10
    max: 100
    mean: 50
    std_dev: 10
    total_count: 100
  output_distribution:
    min: 10
    max: 100
    mean: 50
    std_dev: 10
    total_count: 100
";

const FIXED: &str = "\
data:
  type: random
  input_distribution:
    type: fixed
    min: 10
    max: 100
    mean: 50
    std_dev: 10
    total_count: 100
  output_distribution:
    type: exponential
    min: 10
    max: 100
    mean: 50
    std_dev: 10
    std: 10
";

const SHARED_PREFIX: &str = "\
data:
  type: shared_prefix
  shared_prefix:
    num_groups: 10
    num_prompts_per_group: 10
    system_prompt_len: 100
    question_len: 50
    output_len: 50
";

const SHARED_PREFIX_DISTRIBUTIONS: &str = "\
data:
  type: shared_prefix
  shared_prefix:
    seed: 42
    num_unique_system_prompts: 4
    num_users_per_system_prompt: 5
    system_prompt_len: 100
    question_len:
      distribution: skew_normal
      mean: 200
      std_dev: 80
      skew: 2.5
      min: 10
      max: 2000
    output_len:
      distribution: lognormal
      mean: 150
      std_dev: 60
      min: 1
      max: 4096
";

const MULTI_TURN: &str = "\
load:
  type: constant
  num_workers: 2
  worker_max_concurrency: 10
  stages:
  - rate: 20
    duration: 5
data:
  type: shared_prefix
  shared_prefix:
    num_unique_system_prompts: 2
    num_users_per_system_prompt: 10
    system_prompt_len: 100
    question_len: 50
    output_len: 50
    enable_multi_turn_chat: true
";

const SWEEP: &str = "\
load:
  type: constant
  interval: 15
  sweep:
    type: geometric
    num_stages: 10
    stage_duration: 60
    saturation_percentile: 95
    timeout: 60
";

const CONCURRENT: &str = "\
load:
  type: concurrent
  interval: 10
  stages:
  - num_requests: 40
    concurrency_level: 4
    rate: null
    duration: null
  worker_max_concurrency: 100
  request_timeout: 900
  request_retries: 0
  circuit_breakers: []
circuit_breakers:
  - name: slow
    metrics:
      matches:
        - error.error_type == 'TimeoutError'
    triggers:
      - type: consecutive
        threshold: 10
";

const MULTI_LORA: &str = "\
load:
  type: poisson
  stages:
  - rate: 1
    duration: 30
  lora_traffic_split:
    - name: movie
      split: 0.50
    - name: consumer
      split: 0.50
";

const TRACE: &str = "\
load:
  type: trace_replay
  interval: 1.0
  stages: []
  trace:
    file: ./traces/traces.csv
    format: AzurePublicDataset
data:
  type: random
  trace:
    file: ./traces/traces.csv
    format: AzurePublicDataset
";

/// Reads a file, and checks what all of them have in common.
fn parse(blocks: &str) -> Spec {
    let text = format!("{blocks}{TAIL}");
    let mut no_files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let spec = Spec::parse(&text, "config.yml", &[], &mut no_files);
    let spec = spec.unwrap_or_else(|error| panic!("{text}\n{error}"));
    let population = only(&spec);
    assert_eq!(population.models.list[0].name, "example-org/tiny-model");
    assert_eq!(
        (population.api.kind, population.api.streaming),
        (ApiKind::Completion, true)
    );
    let server = spec.server.unwrap();
    assert_eq!((server.kind, server.ignore_eos), (ServerKind::Vllm, true));
    assert_eq!(spec.hints.url.as_deref(), Some("http://0.0.0.0:8000"));
    let tokenizer = spec.tokenizer.as_ref().unwrap();
    assert_eq!(tokenizer.name, "example-org/tiny-model");
    for key in ["metrics", "report", "storage"] {
        let note = format!("`{key}` is not used");
        assert!(
            spec.notes.iter().any(|n| n.starts_with(&note)),
            "{:?}",
            spec.notes
        );
    }
    spec
}

fn only(spec: &Spec) -> &Population {
    assert_eq!(spec.populations.len(), 1);
    &spec.populations[0]
}

fn distribution(shape: Shape, min: u64, max: u64) -> Distribution {
    Distribution::new(shape, min, max).unwrap()
}

fn fixed(input: u64, output: u64) -> Lengths {
    Lengths::Drawn {
        input: Distribution::fixed(input),
        output: Distribution::fixed(output),
    }
}

#[test]
fn random_and_synthetic_data_have_their_distributions_and_stages() {
    let synthetic = RANDOM.replace("random", "synthetic");
    for (block, kind) in [
        (RANDOM, DataKind::Random),
        (&synthetic, DataKind::Synthetic),
    ] {
        let spec = parse(&format!("{TWO_RATES}{block}"));
        let data = &only(&spec).data;
        let (mean, std_dev) = (50.0, 10.0);
        let both = distribution(Shape::Normal { mean, std_dev }, 10, 100);
        let (input, output) = (both.clone(), both);
        assert_eq!(
            (data.kind, &data.lengths),
            (kind, &Lengths::Drawn { input, output })
        );
        let Load::Open {
            interval,
            stages,
            pause,
        } = &only(&spec).load
        else {
            panic!("{:?}", only(&spec).load);
        };
        assert_eq!((*interval, pause.get()), (Interval::Even, 15_000_000_000));
        let rates: Vec<u64> = stages
            .iter()
            .map(|stage| stage.profile.from_microhertz)
            .collect();
        assert_eq!(rates, [1_000_000, 2_000_000]);
        let note = "`data.input_distribution.total_count` is not used";
        assert!(
            spec.notes.iter().any(|n| n.starts_with(note)),
            "{:?}",
            spec.notes
        );
    }
}

#[test]
fn a_shared_prefix_has_its_groups_and_fixed_lengths() {
    let spec = parse(&format!("{TWO_RATES}{SHARED_PREFIX}"));
    let data = &only(&spec).data;
    let prefix = data.shared_prefix.as_ref().unwrap();
    assert_eq!((prefix.groups, prefix.prompts_per_group), (10, 10));
    assert_eq!(
        (&prefix.system, prefix.multi_turn),
        (&Distribution::fixed(100), false)
    );
    assert_eq!(
        (data.kind, &data.lengths),
        (DataKind::SharedPrefix, &fixed(50, 50))
    );
}

#[test]
fn a_shared_prefix_with_distributions_has_them_and_a_seed() {
    let spec = parse(&format!("{TWO_RATES}{SHARED_PREFIX_DISTRIBUTIONS}"));
    assert_eq!(spec.seed, Some(42));
    let data = &only(&spec).data;
    let prefix = data.shared_prefix.as_ref().unwrap();
    assert_eq!((prefix.groups, prefix.prompts_per_group), (4, 5));
    let question = Shape::SkewNormal {
        mean: 200.0,
        std_dev: 80.0,
        skew: 2.5,
    };
    let answer = Shape::LogNormal {
        mean: 150.0,
        std_dev: 60.0,
    };
    let lengths = Lengths::Drawn {
        input: distribution(question, 10, 2000),
        output: distribution(answer, 1, 4096),
    };
    assert_eq!(data.lengths, lengths);
}

#[test]
fn a_multi_turn_chat_has_its_users() {
    let spec = parse(MULTI_TURN);
    let data = &only(&spec).data;
    let prefix = data.shared_prefix.as_ref().unwrap();
    assert!(prefix.multi_turn);
    assert_eq!((prefix.groups, prefix.prompts_per_group), (2, 10));
    assert_eq!(data.lengths, fixed(50, 50));
    assert_eq!(
        (spec.hints.workers, spec.hints.max_in_flight),
        (Some(2), Some(20))
    );
}

#[test]
fn a_sweep_is_a_hint() {
    let spec = parse(SWEEP);
    let sweep = spec.hints.sweep.as_ref().unwrap();
    assert_eq!(
        (sweep.progression, sweep.stages),
        (Progression::Geometric, 10)
    );
    assert_eq!(sweep.stage_duration_ns, 60_000_000_000);
    assert_eq!(sweep.requests, 2_000);
}

#[test]
fn a_concurrent_load_has_its_requests_and_a_time_limit() {
    let spec = parse(CONCURRENT);
    let Load::Concurrent { stages, pause } = &only(&spec).load else {
        panic!("{:?}", only(&spec).load);
    };
    assert_eq!((stages[0].requests, stages[0].concurrency), (40, 4));
    assert_eq!(pause.get(), 10_000_000_000);
    assert_eq!(spec.hints.timeout_ns, Some(900_000_000_000));
    assert_eq!(spec.hints.max_in_flight, None);
    let note = "`circuit_breakers` is not used";
    assert!(
        spec.notes.iter().any(|n| n.starts_with(note)),
        "{:?}",
        spec.notes
    );
}

#[test]
fn a_multi_lora_load_has_its_adapters() {
    let spec = parse(MULTI_LORA);
    let adapters = only(&spec).adapters.iter();
    let adapters: Vec<_> = adapters.map(|a| (a.name.as_str(), a.split)).collect();
    assert_eq!(
        adapters,
        [("movie", 500_000_000_000), ("consumer", 500_000_000_000)]
    );
}

#[test]
fn a_trace_replay_takes_times_and_lengths_of_the_trace() {
    let spec = parse(TRACE);
    let Load::Trace { trace, .. } = &only(&spec).load else {
        panic!("{:?}", only(&spec).load);
    };
    assert_eq!(
        (trace.file.as_str(), &trace.format),
        ("./traces/traces.csv", &TraceFormat::Azure)
    );
    assert_eq!(only(&spec).data.lengths, Lengths::FromTrace);
    let note = "`load.interval` is not used";
    assert!(
        spec.notes.iter().any(|n| n.starts_with(note)),
        "{:?}",
        spec.notes
    );
}

#[test]
fn lengths_without_a_standard_deviation_pass_over_one() {
    let spec = parse(&format!("{TWO_RATES}{FIXED}"));
    let lengths = Lengths::Drawn {
        input: Distribution::fixed(50),
        output: distribution(Shape::Exponential { mean: 50.0 }, 10, 100),
    };
    assert_eq!(only(&spec).data.lengths, lengths);
    for key in [
        "input_distribution.std_dev",
        "output_distribution.std_dev",
        "output_distribution.std",
    ] {
        let note = format!("`data.{key}` is not used: ");
        assert!(
            spec.notes.iter().any(|n| n.starts_with(&note)),
            "{:?}",
            spec.notes
        );
    }
}

#[test]
fn every_configuration_compiles_without_a_tokenizer_that_is_not_there() {
    for (blocks, requests) in [
        (&[TWO_RATES, RANDOM] as &[&str], Some(90)),
        (&[TWO_RATES, SHARED_PREFIX], Some(90)),
        (&[TWO_RATES, SHARED_PREFIX_DISTRIBUTIONS], Some(90)),
        (&[TWO_RATES, FIXED], Some(90)),
        (&[MULTI_TURN], Some(100)),
        (&[SWEEP], Some(2_000)),
        (&[CONCURRENT], Some(40)),
        // Drawn, about 30.
        (&[MULTI_LORA], None),
        (&[TRACE], Some(3)),
    ] {
        let text = format!("{}{TAIL}", blocks.concat());
        let made = match compiled(&text, &["tokenizer="]) {
            Ok(compiled) => compiled.totals.requests,
            Err(error) => panic!("{text}\n{error}"),
        };
        assert!(
            made > 0 && requests.is_none_or(|expected| made == expected),
            "{made}: {text}"
        );
    }
}

#[test]
fn a_tokenizer_that_is_not_there_is_refused_with_where_to_put_it() {
    let text = format!("{TWO_RATES}{RANDOM}{TAIL}");
    let error = compiled(&text, &[]).unwrap_err();
    assert!(matches!(error, CompileError::Tokenizer { .. }), "{error}");
    let shown = error.to_string();
    for words in ["example-org/tiny-model", "help: ", "tokenizer.json"] {
        assert!(shown.contains(words), "no {words:?}: {shown}");
    }
}
