//! Specs that are right give the values they say, in exact units; what is left out is
//! inference-perf's default, and a note says so.

#[path = "spec_values/lengths.rs"]
mod lengths;
#[path = "spec_values/loads.rs"]
mod loads;
#[path = "spec_values/texts.rs"]
mod texts;

use compiler::samplers::{Distribution, Interval, RateProfile, Shape};
use compiler::spec::{
    Adapter, ApiKind, CancelAfter, CancelCount, DataKind, History, Lengths, Load, Model,
    Population, Selection, ServerKind, Spec, TraceRef,
};
use schemas::manifest::Hints;
use std::path::Path;

const SECOND: u64 = 1_000_000_000;

/// The spec, and the names of the files that it read.
fn parse_with_files(text: &str) -> (Spec, Vec<String>) {
    let mut read = Vec::new();
    let mut files = |name: &str| {
        read.push(name.to_owned());
        let text: &[u8] = match name {
            "h.csv" => b"tokens,weight\n256,3\n128,5\n",
            "h.json" => b"{\"256\": 3, \"128\": 5}",
            _ => return Err(std::io::ErrorKind::NotFound.into()),
        };
        Ok(text.to_vec())
    };
    let spec = Spec::parse(text, "s.yaml", &[], &mut files);
    (spec.unwrap_or_else(|error| panic!("{text}\n{error}")), read)
}

fn parse(text: &str) -> Spec {
    let (spec, read) = parse_with_files(text);
    assert_eq!(read, [""; 0], "a file that nobody named");
    spec
}

/// The one population of a spec without `populations`.
fn only(spec: &Spec) -> &Population {
    assert_eq!(spec.populations.len(), 1);
    assert_eq!(spec.populations[0].name, None);
    &spec.populations[0]
}

fn distribution(shape: Shape, min: u64, max: u64) -> Distribution {
    Distribution::new(shape, min, max).unwrap()
}

fn normal(mean: f64, std_dev: f64, min: u64, max: u64) -> Distribution {
    distribution(Shape::Normal { mean, std_dev }, min, max)
}

/// The load of `models: m` and this.
fn load(text: &str) -> Load {
    only(&parse(&format!("models: m\nload: {text}")))
        .load
        .clone()
}

/// The profiles of an open loop.
fn profiles(load: &Load) -> (Interval, Vec<RateProfile>) {
    let Load::Open {
        interval, stages, ..
    } = load
    else {
        panic!("{load:?}");
    };
    (
        *interval,
        stages.iter().map(|stage| stage.profile).collect(),
    )
}

fn drawn(input: Distribution, output: Distribution) -> Lengths {
    Lengths::Drawn { input, output }
}

/// The trace of a replay.
fn trace_of(text: &str) -> TraceRef {
    match load(&format!("{{type: trace_replay, trace: {text}}}")) {
        Load::Trace { trace, .. } => trace,
        other => panic!("{other:?}"),
    }
}

#[test]
fn limits_are_hints_in_one_order_and_nothing_else() {
    let spec = parse("models: m\nslo: {latency: 1.5h, tpot: 0.001us, itl: null, ttft: 500ms}");
    let slos = spec.hints.slos.iter();
    let slos: Vec<_> = slos
        .map(|slo| (slo.metric.as_str(), slo.limit_ns))
        .collect();
    let expected = [
        ("ttft", SECOND / 2),
        ("tpot", 1),
        ("latency", 5_400 * SECOND),
    ];
    assert_eq!(slos, expected);
    let without = parse("models: m");
    let hints = Hints {
        slos: spec.hints.slos.clone(),
        ..without.hints.clone()
    };
    assert_eq!(spec, Spec { hints, ..without });
}

#[test]
fn the_examples_are_read_as_they_stand() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut read = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        let mut files = |file: &str| std::fs::read(directory.join(file));
        if let Err(error) = Spec::parse(&text, &name, &[], &mut files) {
            panic!("{error}");
        }
        read += 1;
    }
    assert!(read >= 10, "only {read} examples in {directory:?}");
}

#[test]
fn the_example_of_the_design_gives_its_values() {
    let spec = parse(
        "seed: 42
api:   {type: chat, streaming: true}
models: [{name: llama-3.1-8b}]
data:
  type: synthetic
  input_distribution:  {type: lognormal, mean: 512, std_dev: 256, min: 16, max: 4096}
  output_distribution: {type: fixed, mean: 128}
load:
  type: poisson
  stages: [{rate: 50, duration: 60}, {rate: 100, duration: 60}]
  cancellation: {rate: 0.02, delay: 500ms}
",
    );
    assert_eq!(spec.seed, Some(42));
    assert_eq!((&spec.server, &spec.tokenizer), (&None, &None));
    assert_eq!(spec.hints, Hints::default());
    let population = only(&spec);
    let api = &population.api;
    assert_eq!(
        (api.kind, api.streaming, api.headers.len()),
        (ApiKind::Chat, true, 0)
    );
    assert_eq!(population.models.list[0].name, "llama-3.1-8b");
    let (mean, std_dev) = (512.0, 256.0);
    let input = distribution(Shape::LogNormal { mean, std_dev }, 16, 4096);
    assert_eq!(
        population.data.lengths,
        drawn(input, Distribution::fixed(128))
    );
    let rates = [50_000_000, 100_000_000].map(|rate| RateProfile::flat(rate, 60 * SECOND));
    assert_eq!(
        profiles(&population.load),
        (Interval::Exponential, rates.to_vec())
    );
    let cancellation = population.cancellation.as_ref().unwrap();
    assert_eq!(cancellation.share, 20_000_000_000);
    assert_eq!(cancellation.count, CancelCount::Bernoulli);
    let delay = Distribution::fixed(SECOND / 2);
    assert_eq!(cancellation.after, CancelAfter::Delay(delay));
    let notes = ["`load`: `interval` between stages is 1 s, inference-perf's default"];
    assert_eq!(spec.notes, notes);
}

#[test]
fn what_is_left_out_is_inference_perfs_default_and_noted() {
    let spec = parse("models: m");
    assert_eq!(spec.seed, None);
    let population = only(&spec);
    assert_eq!(population.api.kind, ApiKind::Completion);
    assert!(!population.api.streaming);
    let both = normal(512.0, 200.0, 10, 1024);
    assert_eq!(population.data.kind, DataKind::Synthetic);
    assert_eq!(population.data.lengths, drawn(both.clone(), both));
    let one_each_second = RateProfile::flat(1_000_000, 30 * SECOND);
    assert_eq!(
        profiles(&population.load),
        (Interval::Even, vec![one_each_second])
    );
    assert!(
        spec.notes.iter().any(|note| note.contains("no `load`")),
        "{:?}",
        spec.notes
    );
    assert!(
        spec.notes.iter().any(|note| note.contains("no `data`")),
        "{:?}",
        spec.notes
    );
    assert_eq!(spec.notes.len(), 2, "{:?}", spec.notes);
}

#[test]
fn what_is_carried_is_noted_and_changes_nothing() {
    let plain = parse("models: m");
    let carried = parse(
        "models: m\nreport: {a: [1]}\nmetrics: {type: prometheus}\nstorage: 5\ncircuit_breakers: [x]",
    );
    for key in ["report", "metrics", "storage", "circuit_breakers"] {
        let note = format!("`{key}` is not used: ");
        assert!(
            carried.notes.iter().any(|n| n.starts_with(&note)),
            "{:?}",
            carried.notes
        );
    }
    let notes = plain.notes.clone();
    assert_eq!(Spec { notes, ..carried }, plain);
}

#[test]
fn a_seed_has_three_places_of_which_the_first_counts() {
    let prefix = "data: {type: shared_prefix, shared_prefix: {seed: 3}}";
    let base = "load: {type: constant, base_seed: 2, stages: [{rate: 1, duration: 1}]}";
    assert_eq!(parse(&format!("models: m\n{prefix}")).seed, Some(3));
    let spec = parse(&format!("models: m\n{prefix}\n{base}"));
    assert_eq!(spec.seed, Some(2));
    let note = "`data.shared_prefix.seed` is not used: the seed of the whole spec is 2";
    assert!(spec.notes.iter().any(|n| n == note), "{:?}", spec.notes);
    assert_eq!(parse(&format!("models: m\nseed: 2\n{base}")).seed, Some(2));
    let largest = parse("models: m\nseed: 18446744073709551615");
    assert_eq!(largest.seed, Some(u64::MAX));
}

#[test]
fn models_are_names_or_maps_and_weights_make_a_weighted_choice() {
    let models = |text: &str| only(&parse(&format!("models: {text}"))).models.clone();
    let names = |text: &str| {
        let models = models(text);
        let names: Vec<String> = models.list.iter().map(|model| model.name.clone()).collect();
        (names.join(" "), models.selection)
    };
    let round = Selection::RoundRobin;
    assert_eq!(names("m"), ("m".into(), round));
    assert_eq!(names("[m, {name: n}]"), ("m n".into(), round));
    assert_eq!(
        names("[m, n]\nmodel_selection: random").1,
        Selection::Random
    );
    let weighted = models("[{name: m, weight: 0.25}, n]");
    assert_eq!(weighted.selection, Selection::Weighted);
    let model = |name: &str, weight| {
        let name = name.to_owned();
        Model { name, weight }
    };
    assert_eq!(weighted.list, [model("m", 250_000), model("n", 1_000_000)]);
}

#[test]
fn adapters_may_stand_in_either_place_and_make_a_whole_within_a_billionth() {
    let thirds = "[{name: a, split: 0.333333333333}, {name: b, split: 0.333333333333}, {name: c, split: 0.333333333333}]";
    let beside = parse(&format!("models: m\nlora_traffic_split: {thirds}"));
    let within = parse(&format!(
        "models: m\nload: {{type: constant, stages: [{{rate: 1, duration: 30}}], lora_traffic_split: {thirds}}}"
    ));
    let adapters = &only(&beside).adapters;
    assert_eq!(adapters, &only(&within).adapters);
    let first = Adapter {
        name: "a".into(),
        split: 333_333_333_333,
    };
    assert_eq!((adapters.len(), &adapters[0]), (3, &first));
    let edge = "[{name: a, split: 0.5}, {name: b, split: 0.499999999}]";
    parse(&format!("models: m\nlora_traffic_split: {edge}"));
}

#[test]
fn headers_keep_their_order_and_lose_their_case() {
    let spec = parse("models: m\napi: {headers: {X-Route: round robin, x-slo-ttft-ms: 1000}}");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = [
        pair("x-route", "round robin"),
        pair("x-slo-ttft-ms", "1000"),
    ];
    assert_eq!(only(&spec).api.headers, headers);
}

#[test]
fn a_server_gives_a_model_a_url_and_what_it_is_told() {
    let spec = parse(
        "server: {model_name: m, base_url: 'http://0.0.0.0:8000', ignore_eos: false, api_key: ''}",
    );
    let server = spec.server.unwrap();
    assert_eq!((server.kind, server.ignore_eos), (ServerKind::Vllm, false));
    assert_eq!(spec.hints.url.as_deref(), Some("http://0.0.0.0:8000"));
    assert_eq!(only(&spec).models.list[0].name, "m");
    let same = parse("server: {type: tgi, model_name: m}\nmodels: [{name: m}]");
    let server = same.server.unwrap();
    assert_eq!((server.kind, server.ignore_eos), (ServerKind::Tgi, true));
}

#[test]
fn a_model_name_that_every_population_replaces_is_noted() {
    let note = "`server.model_name` is not used: every population has models of its own";
    let notes = |populations: &str| {
        parse(&format!(
            "server: {{type: vllm, model_name: n}}\npopulations: [{populations}]"
        ))
        .notes
    };
    let all = notes("{name: a, models: m}, {name: b, models: n}");
    assert!(all.iter().any(|n| n == note), "{all:?}");
    let one = notes("{name: a, models: m}, {name: b}");
    assert!(!one.iter().any(|n| n == note), "{one:?}");
}

#[test]
fn words_about_header_fields_are_noted_unless_they_are_null() {
    let with = parse(
        "models: m\napi: {slo_unit: ms, slo_tpot_header: x-a, slo_ttft_header: null, session_id_header_key: null}",
    );
    for (key, is_noted) in [
        ("slo_unit", true),
        ("slo_tpot_header", true),
        ("slo_ttft_header", false),
    ] {
        let note = format!("`api.{key}` is not used: ");
        let found = with.notes.iter().any(|n| n.starts_with(&note));
        assert_eq!(found, is_noted, "{key}: {:?}", with.notes);
    }
    assert_eq!(with.populations, parse("models: m\napi: {}").populations);
}

#[test]
fn sessions_sampling_and_cancellation_have_their_distributions() {
    let spec = parse(
        "models: m
api: {streaming: true}
sessions: {turns: 'uniform(2, 8)', delay: {type: uniform, min: 1s, max: 5s}, history: live}
sampling: {temperature: 'uniform(0.2, 1.0)', top_p: 0.95, top_k: 40, seed: true}
cancellation: {rate: 0.125, count: exact, after_tokens: 5}
",
    );
    let population = only(&spec);
    let sessions = population.sessions.as_ref().unwrap();
    assert_eq!(sessions.turns, distribution(Shape::Uniform, 2, 8));
    assert_eq!(
        sessions.delay,
        distribution(Shape::Uniform, SECOND, 5 * SECOND)
    );
    assert_eq!(sessions.history, History::Live);
    let sampling = &population.sampling;
    assert_eq!(
        sampling.temperature,
        Some(distribution(Shape::Uniform, 200_000, 1_000_000))
    );
    assert_eq!(sampling.top_p, Some(Distribution::fixed(950_000)));
    assert_eq!(sampling.top_k, Some(Distribution::fixed(40)));
    assert!(sampling.seed);
    let cancellation = population.cancellation.as_ref().unwrap();
    assert_eq!(cancellation.share, 125_000_000_000);
    assert_eq!(cancellation.count, CancelCount::Exact);
    assert_eq!(
        cancellation.after,
        CancelAfter::Tokens(Distribution::fixed(5))
    );
    let plain = parse("models: m\nsessions: {turns: 3}");
    let sessions = only(&plain).sessions.as_ref().unwrap();
    assert_eq!(sessions.delay, Distribution::fixed(0));
    assert_eq!(sessions.history, History::Materialised);
}

#[test]
fn a_block_of_a_population_replaces_the_roots_whole() {
    let spec = parse(
        "models: m
api: {type: chat, streaming: true}
data: {type: random, input_distribution: 5, output_distribution: 6}
lora_traffic_split: [{name: x, split: 1}]
cancellation: {rate: 0.5, delay: 1s}
load: {type: constant, num_workers: 4, stages: [{rate: 1, duration: 1}]}
populations:
  - {name: a}
  - {name: b-2, api: {type: completion}, load: {type: poisson, stages: [{rate: 2, duration: 1}], lora_traffic_split: [{name: y, split: 1}]}}
",
    );
    let [a, b] = spec.populations.as_slice() else {
        panic!("{:?}", spec.populations);
    };
    assert_eq!(
        (a.name.as_deref(), b.name.as_deref()),
        (Some("a"), Some("b-2"))
    );
    assert_eq!((a.api.kind, a.api.streaming), (ApiKind::Chat, true));
    assert_eq!((b.api.kind, b.api.streaming), (ApiKind::Completion, false));
    assert_eq!(a.data, b.data);
    assert_eq!(
        profiles(&a.load),
        (Interval::Even, vec![RateProfile::flat(1_000_000, SECOND)])
    );
    assert_eq!(
        profiles(&b.load),
        (
            Interval::Exponential,
            vec![RateProfile::flat(2_000_000, SECOND)]
        )
    );
    assert_eq!(
        (a.adapters[0].name.as_str(), b.adapters[0].name.as_str()),
        ("x", "y")
    );
    assert_eq!(a.cancellation, b.cancellation);
    assert!(b.cancellation.is_some());
    assert_eq!(spec.hints.workers, Some(4));
}

#[test]
fn the_roots_load_may_speak_of_the_engine_alone_beside_populations_with_loads() {
    let spec = parse(
        "models: m
load: {num_workers: 4, base_seed: 9}
populations: [{name: a, load: {type: constant, stages: [{rate: 1, duration: 1}]}}]
",
    );
    assert_eq!((spec.seed, spec.hints.workers), (Some(9), Some(4)));
}

#[test]
fn a_note_about_a_shared_block_is_made_once() {
    let one = parse("models: m\npopulations: [{name: a}]");
    let three = parse("models: m\npopulations: [{name: a}, {name: b}, {name: c}]");
    assert_eq!(one.notes, three.notes);
}
