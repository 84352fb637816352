//! Populations, and what the root may hold beside them.

use super::{SadBlock, check_before};

/// A spec that needs no populations.
const REST: &str = "models: m\n";

#[rustfmt::skip]
const POPULATIONS: &[SadBlock] = &[
    ("populations: []", 1, 14, "there is no population", "or remove it"),
    ("populations: {a: 1}", 1, 14, "expected a list, found a map", "- "),
    ("populations: [a]", 1, 15, "`populations[0]`: expected a map, found text", "its keys are `name`, `api`"),
    ("populations: [{}]", 1, 15, "missing `populations[0].name`", "add `name: chat`"),
    ("populations: [{name: Chat}]", 1, 22, "`Chat` is no name of a population", "letters a to z, digits, - and _"),
    ("populations: [{name: ''}]", 1, 22, "`` is no name of a population", "write 1 to 64"),
    ("populations: [{name: a}, {name: a}]", 1, 33, "there is a population `a` already", "another name"),
    ("populations: [{name: a, colour: red}]", 1, 25, "unknown key `populations[0].colour`", "the keys here are `name`, `api`"),
    ("populations: [{name: a, laod: red}]", 1, 25, "unknown key `populations[0].laod`", "did you mean `load`?"),
    ("populations: [{name: a, seed: 1}]", 1, 25, "one seed serves all populations", "write `seed` in the root"),
    ("populations: [{name: a, server: {type: vllm}}]", 1, 25, "all populations ask one server", "in the root"),
    ("populations: [{name: a, tokenizer: {path: x}}]", 1, 25, "one tokenizer serves all populations", "in the root"),
    ("populations: [{name: a, load: {type: constant, num_workers: 5, stages: [{rate: 1, duration: 1}]}}]", 1, 48, "`populations[0].load.num_workers`: it is one for all populations", "in the `load` of the root"),
    ("populations: [{name: a, load: {type: constant, sweep: {}}}]", 1, 48, "`populations[0].load.sweep`: it is one for all populations", "in the `load` of the root"),
    ("populations: [{name: a, load: {type: constant, base_seed: 5, stages: [{rate: 1, duration: 1}]}}]", 1, 48, "it is one for all populations", "in the `load` of the root"),
    ("populations: [{name: a, load: {type: constant, stages: [{rate: 0, duration: 1}]}}]", 1, 64, "`populations[0].load.stages[0].rate`: `0` must be more than 0", "requests per second"),
    ("populations: [{name: a, data: {type: shared_prefix, shared_prefix: {seed: 5}}}]", 1, 75, "one seed serves all populations", "write `seed` in the root"),
    ("populations: [{name: a, data: {type: random}}]\ndata: {type: random}", 2, 7, "`data`: every population has its own", "remove it here, or in a population"),
    ("populations: [{name: a, api: {type: chat}}, {name: b, api: {type: chat}}]\napi: {type: chat}", 2, 6, "`api`: every population has its own", "remove it here"),
    ("populations: [{name: a, load: {type: constant, stages: [{rate: 1, duration: 1}]}}]\nload: {type: constant, num_workers: 4}", 2, 8, "`load.type`: every population has a load of its own", "remove it here"),
    ("populations: [{name: a, load: {type: constant, stages: [{rate: 1, duration: 1}]}, lora_traffic_split: [{name: x, split: 1}]}]\nlora_traffic_split: [{name: x, split: 1}]", 2, 21, "every population has its own", "remove it here"),
    ("populations: [{name: a, cancellation: {rate: 1, delay: 1s}}]\nload: {type: constant, stages: [{rate: 1, duration: 1}], cancellation: {rate: 1, delay: 1s}}", 2, 72, "`load.cancellation`: every population has its own", "remove it here"),
    ("populations: [{name: a, cancellation: {rate: 1, after_tokens: 5}, api: {streaming: false}}]", 1, 63, "nothing is streamed", "streaming: true"),
    ("populations: [{name: a, load: {type: concurrent, stages: [{num_requests: 6e8, concurrency_level: 1}]}}, {name: b, load: {type: concurrent, stages: [{num_requests: 6e8, concurrency_level: 1}]}}]", 1, 14, "1200000000 requests together are more than the limit of 1000000000", "lower a rate"),
    ("populations: [{name: a, load: {type: concurrent, stages: [{num_requests: 6, concurrency_level: 1}]}}, {name: b}]\nload: {type: constant, sweep: {}}", 2, 31, "a concurrent load has no rate to sweep", "remove the sweep"),
];

#[test]
fn wrong_populations_are_named_with_their_place() {
    check_before(REST, POPULATIONS);
}

#[test]
fn more_populations_than_the_limit_are_refused() {
    let spec = |count: usize| {
        let items: Vec<String> = (0..count).map(|i| format!("{{name: p{i}}}")).collect();
        format!("models: m\npopulations: [{}]", items.join(", "))
    };
    assert!(super::parse(&spec(1_000)).is_ok());
    let error = super::parse(&spec(1_001)).unwrap_err();
    assert!(
        error.what.contains("1001 populations are more than 1000"),
        "{error}"
    );
}
