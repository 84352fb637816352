//! Distributions, and the lengths that data take from them.

use super::{distribution, drawn, normal, only, parse, parse_with_files, trace_of};
use compiler::samplers::{Distribution, PairDistribution, Shape};
use compiler::spec::{Lengths, MAX_LENGTH_TOKENS};
use std::sync::Arc;

#[test]
fn every_way_to_write_a_distribution_gives_the_same() {
    let max = MAX_LENGTH_TOKENS;
    let items: Arc<[(u64, u64)]> = Arc::new([(128, 5), (256, 3)]);
    let empirical = distribution(Shape::Empirical(items), 128, 256);
    let skewed = Shape::SkewNormal {
        mean: 200.0,
        std_dev: 80.0,
        skew: 2.5,
    };
    let fixed = Distribution::fixed(128);
    let uniform = distribution(Shape::Uniform, 16, 4096);
    let zipf = distribution(Shape::Zipf { exponent: 1.1 }, 1, 64);
    let lognormal = Shape::LogNormal {
        mean: 512.0,
        std_dev: 0.0,
    };
    for (text, length) in [
        ("128", fixed.clone()),
        ("'128'", fixed.clone()),
        ("fixed(128)", fixed.clone()),
        ("fixed(mean=1.28e2)", fixed.clone()),
        ("{type: fixed, mean: 128.0}", fixed.clone()),
        ("{type: fixed, mean: 128, min: 1, max: 128}", fixed.clone()),
        ("{type: fixed, mean: 500, max: 128}", fixed.clone()),
        ("{type: fixed, mean: 5, min: 128}", fixed.clone()),
        ("{type: fixed, mean: 128, std_dev: 9}", fixed.clone()),
        ("fixed(500, max=128)", fixed.clone()),
        ("{distribution: fixed, mean: 128, total_count: 9}", fixed),
        ("uniform(16, 4096)", uniform.clone()),
        ("uniform(max=4096, min=16)", uniform.clone()),
        ("{type: uniform, min: 16, max: 4096}", uniform),
        ("normal(512, 256)", normal(512.0, 256.0, 1, max)),
        ("normal(512, variance=100)", normal(512.0, 10.0, 1, max)),
        ("{mean: 512, variance: 65536}", normal(512.0, 256.0, 1, max)),
        ("{mean: 128}", normal(128.0, 200.0, 1, max)),
        ("{std_dev: 3}", normal(512.0, 3.0, 1, max)),
        ("{min: 10, max: 1024}", normal(512.0, 200.0, 10, 1024)),
        (
            "normal(512,256,min=10,max=1024)",
            normal(512.0, 256.0, 10, 1024),
        ),
        (
            "lognormal(512, 0, min=16, max=4096)",
            distribution(lognormal, 16, 4096),
        ),
        (
            "skew_normal(200, 80, 2.5)",
            distribution(skewed.clone(), 1, max),
        ),
        (
            "{type: skew_normal, mean: 200, std_dev: 80, skew: 2.5, min: 10, max: 2000}",
            distribution(skewed, 10, 2000),
        ),
        (
            "exponential(50, max=900)",
            distribution(Shape::Exponential { mean: 50.0 }, 1, 900),
        ),
        (
            "{type: exponential, mean: 50, max: 900, std_dev: 9}",
            distribution(Shape::Exponential { mean: 50.0 }, 1, 900),
        ),
        ("{mean: 128, std: 3}", normal(128.0, 200.0, 1, max)),
        (
            "poisson(4.5, max=900)",
            distribution(Shape::Poisson { mean: 4.5 }, 1, 900),
        ),
        ("zipf(1.1, max=64)", zipf.clone()),
        ("{type: zipf, exponent: 1.1, max: 64}", zipf),
        (
            "{type: empirical, values: {256: 3, 128: 5}}",
            empirical.clone(),
        ),
        (
            "{type: empirical, values: [[128, 5], [256, 3]]}",
            empirical.clone(),
        ),
    ] {
        let spec = parse(&format!(
            "models: m\ndata:\n  type: random\n  input_distribution: 1\n  output_distribution: {text}"
        ));
        let lengths = &only(&spec).data.lengths;
        assert_eq!(*lengths, drawn(Distribution::fixed(1), length), "{text}");
    }
    for name in ["h.csv", "h.json"] {
        let (spec, read) = parse_with_files(&format!(
            "models: m\ndata: {{type: random, input_distribution: 1, output_distribution: {{type: empirical, file: {name}}}}}"
        ));
        let expected = drawn(Distribution::fixed(1), empirical.clone());
        assert_eq!(only(&spec).data.lengths, expected, "{name}");
        assert_eq!(read, [name]);
    }
}

#[test]
fn lengths_that_were_not_written_are_noted() {
    let notes = |text: &str| {
        parse(&format!(
            "models: m\nload: {{type: constant, stages: [{{rate: 1, duration: 1}}]}}\ndata: {text}"
        ))
        .notes
    };
    let quiet = "{type: random, input_distribution: {mean: 50, std_dev: 3, min: 1, max: 90}, output_distribution: 'normal(9, 3)'}";
    assert_eq!(notes(quiet), [""; 0]);
    let noted = notes("{type: random, input_distribution: {mean: 50}, output_distribution: 5}");
    let name = "`data.input_distribution`";
    let expected = [
        format!("{name}: `std_dev` is 200, inference-perf's default"),
        format!("{name}: `min` is 1; inference-perf would take 10 here"),
        format!("{name}: `max` is 1048576; inference-perf would take 1024 here"),
    ];
    assert_eq!(noted, expected);
    let half = notes("{type: random, input_distribution: 5}");
    assert!(
        half[0].contains("`data`: `output_distribution` is normal(512, 200"),
        "{half:?}"
    );
}

#[test]
fn what_inference_perf_passes_over_in_a_length_is_noted() {
    let notes = |text: &str| {
        let spec = parse(&format!(
            "models: m\nload: {{type: constant, stages: [{{rate: 1, duration: 1}}]}}\ndata: {{type: random, input_distribution: {text}, output_distribution: 5}}"
        ));
        spec.notes
    };
    let name = "`data.input_distribution`";
    for (text, expected) in [
        ("{type: fixed, mean: 128}", vec![]),
        ("{type: fixed, mean: 1024}", vec![]),
        ("{type: fixed, mean: 10, min: 1, max: 99}", vec![]),
        ("{type: fixed, mean: 1025}", vec![]),
        ("{type: fixed, mean: 9}", vec![]),
        (
            "{type: fixed, mean: 128, max: 100}",
            vec![format!("{name} is 100, not 128: `min` and `max` limit it")],
        ),
        (
            "{type: fixed, mean: 128, std_dev: 3}",
            vec![
                "`data.input_distribution.std_dev` is not used: a fixed distribution has no standard deviation of its own".to_owned(),
            ],
        ),
        (
            "{type: exponential, mean: 128, std_dev: 3, min: 1, max: 999}",
            vec![
                "`data.input_distribution.std_dev` is not used: an exponential distribution has no standard deviation of its own".to_owned(),
            ],
        ),
        (
            "{mean: 128, std: 3, min: 1, max: 999}",
            vec![
                "`data.input_distribution.std` is not used: inference-perf passes over `std`; if it is meant, write `std_dev`".to_owned(),
                format!("{name}: `std_dev` is 200, inference-perf's default"),
            ],
        ),
    ] {
        assert_eq!(notes(text), expected, "{text}");
    }
}

#[test]
fn pairs_have_their_lengths_and_their_shares() {
    let spec = parse(
        "models: m\ndata: {type: random, sequence_distribution: '256|10,128|5:40; 512 , 256:59.5;1,2:0.5'}",
    );
    let Lengths::Pairs(pairs) = &only(&spec).data.lengths else {
        panic!("{:?}", only(&spec).data);
    };
    let pairs: Vec<_> = PairDistribution::pairs(pairs)
        .iter()
        .map(|pair| (pair.input.clone(), pair.output.clone(), pair.weight))
        .collect();
    let max = MAX_LENGTH_TOKENS;
    let fixed = Distribution::fixed;
    assert_eq!(
        pairs,
        [
            (
                normal(256.0, 10.0, 1, max),
                normal(128.0, 5.0, 1, max),
                40_000_000
            ),
            (fixed(512), fixed(256), 59_500_000),
            (fixed(1), fixed(2), 500_000),
        ]
    );
}

#[test]
fn a_shared_prefix_has_inference_perfs_defaults_and_both_sets_of_names() {
    let prefix = |text: &str| {
        let spec = parse(&format!("models: m\ndata: {{type: shared_prefix, {text}}}"));
        let data = only(&spec).data.clone();
        (data.shared_prefix.unwrap(), data.lengths)
    };
    let fixed = Distribution::fixed;
    for text in ["", "shared_prefix: {}"] {
        let (default, lengths) = prefix(text);
        assert_eq!((default.groups, default.prompts_per_group), (10, 10));
        assert_eq!((default.system, default.multi_turn), (fixed(100), false));
        assert_eq!(lengths, drawn(fixed(50), fixed(50)));
    }
    let ours = prefix(
        "shared_prefix: {num_groups: 3, num_prompts_per_group: 4, system_prompt_len: 7, question_len: 5, output_len: 6, enable_multi_turn_chat: true}",
    );
    let theirs = prefix(
        "shared_prefix: {num_unique_system_prompts: 3, num_users_per_system_prompt: 4, system_prompt_len: 7, question_distribution: 5, output_distribution: 6, enable_multi_turn_chat: true}",
    );
    assert_eq!(ours, theirs);
    assert_eq!(
        (ours.0.groups, ours.0.prompts_per_group, ours.0.multi_turn),
        (3, 4, true)
    );
    assert_eq!(ours.1, drawn(fixed(5), fixed(6)));
}

#[test]
fn lengths_come_from_the_replayed_row_or_from_another_trace() {
    let lengths = |load: &str, data: &str| {
        let spec = parse(&format!(
            "models: m\nload: {load}\ndata: {{type: random, trace: {data}}}"
        ));
        only(&spec).data.lengths.clone()
    };
    let replay = "{type: trace_replay, trace: {file: a, format: BurstGPT, limit: 5}}";
    let from_trace = Lengths::FromTrace;
    assert_eq!(lengths(replay, "{file: a, format: BurstGPT}"), from_trace);
    for same in [
        "{file: a, format: BurstGPT, limit: 5}",
        "{file: ./a, format: BurstGPT}",
        "{file: .//a, format: BurstGPT}",
    ] {
        assert_eq!(lengths(replay, same), from_trace, "{same}");
    }
    let constant = "{type: constant, stages: [{rate: 1, duration: 1}]}";
    for (load, data) in [
        (replay, "{file: b, format: BurstGPT}"),
        (replay, "{file: /a, format: BurstGPT}"),
        (replay, "{file: ../a, format: BurstGPT}"),
        (replay, "{file: a, format: AzurePublicDataset}"),
        (constant, "{file: a, format: BurstGPT}"),
    ] {
        assert_eq!(
            lengths(load, data),
            Lengths::FromOtherTrace(trace_of(data)),
            "{load} {data}"
        );
    }
}

#[test]
fn a_file_that_several_populations_share_is_read_once() {
    let (spec, read) = parse_with_files(
        "models: m
data:
  type: random
  input_distribution: {type: empirical, file: h.csv}
  output_distribution: {type: empirical, file: h.csv}
populations: [{name: a}, {name: b}]
",
    );
    assert_eq!(read, ["h.csv"]);
    assert_eq!(spec.populations[0].data, spec.populations[1].data);
}
