//! Audits: numbers out of range, what cannot stand beside one, and endpoints without a promise.

use super::{SadBlock, check_before, parse};

/// An audit that says everything that it can.
pub const EVERYTHING: &str = "\
seed: 7
api: {type: tgi, streaming: true, headers: {x-route: a}}
models: [{name: m}, {name: n}]
load: {num_workers: 2, request_timeout: 9s}
audit: {probes: 2, neighbours: [1, 5], tokens: 8, prompt_tokens: 9, flat_temperature: 3.5,
        peaked_temperature: 0.25, gap: 0, pause: 1m}
";

/// What every audit needs, and a good one.
const REST: &str = "models: m\napi: {type: chat, streaming: true}\naudit: {}\n";
/// The same without the audit.
const NO_AUDIT: &str = "models: m\napi: {type: chat, streaming: true}\n";
/// The same without the endpoint.
const NO_API: &str = "models: m\naudit: {}\n";

#[rustfmt::skip]
const KEYS: &[SadBlock] = &[
    ("audit:", 1, 1, "`audit`: nothing stands under it", "write `audit: {}`"),
    ("audit: true", 1, 8, "expected a map, found true or false", "its keys are `probes`"),
    ("audit: {neighbors: [1]}", 1, 9, "it is spelt `neighbours` here", "write `neighbours:"),
    ("audit: {probs: 1}", 1, 9, "unknown key `audit.probs`", "did you mean `probes`?"),
    ("audit: {probes: 0}", 1, 17, "`0` must be more than 0", "of probes from 1 to 1000"),
    ("audit: {probes: 1001}", 1, 17, "`1001` is more than the limit", "1000"),
    ("audit: {probes: 385}", 1, 17, "10010 trials are more than the limit of 10000", "write `probes: 384`"),
    ("audit: {probes: 1000, neighbours: [1]}", 1, 17, "20000 trials", "write `probes: 500`"),
    ("audit: {neighbours: 5}", 1, 21, "expected a list", "or [..]"),
    ("audit: {neighbours: []}", 1, 21, "0 numbers of neighbours", "write 1 to 8 of them"),
    ("audit: {neighbours: [1,2,3,4,5,6,7,8,9]}", 1, 21, "9 numbers of neighbours", "1 to 8"),
    ("audit: {neighbours: [0]}", 1, 22, "`0` must be more than 0", "from 1 to 256"),
    ("audit: {neighbours: [1, 257]}", 1, 25, "`257` is more than the limit", "256"),
    ("audit: {neighbours: [5, 5]}", 1, 25, "`5` is not more than the number before it", "each once"),
    ("audit: {neighbours: [5, 1]}", 1, 25, "`1` is not more than", "from the lowest"),
    ("audit: {tokens: 7}", 1, 17, "`7` is less than 8", "from 8 to 1024"),
    ("audit: {tokens: 1025}", 1, 17, "`1025` is more than the limit", "1024"),
    ("audit: {prompt_tokens: 7}", 1, 24, "`7` is less than 8", "from 8 to 4096"),
    ("audit: {prompt_tokens: 4097}", 1, 24, "`4097` is more than the limit", "4096"),
    ("audit: {flat_temperature: 0}", 1, 27, "`0` must be more than 0", "like 0.7"),
    ("audit: {flat_temperature: 100.5}", 1, 27, "a temperature is at most 100", "at most 100"),
    ("audit: {flat_temperature: 'uniform(1, 2)'}", 1, 27, "is not", "like 0.7"),
    ("audit: {flat_temperature: 0.7}", 1, 27, "peaked probes need a lower temperature", "raise `flat_temperature`"),
    ("audit: {peaked_temperature: 2}", 1, 29, "peaked probes need a lower temperature", "lower `peaked_temperature`"),
    ("audit: {peaked_temperature: 0}", 1, 29, "`0` must be more than 0", "like 0.7"),
    ("audit: {gap: 1001ms}", 1, 14, "it is longer than 1 s", "up to 1s"),
    ("audit: {gap: -1}", 1, 14, "`-1` must not be negative", "250ms"),
    ("audit: {pause: 61s}", 1, 16, "it is longer than 60 s", "up to 60s"),
];

#[rustfmt::skip]
const BESIDE: &[SadBlock] = &[
    ("data: {type: synthetic}", 1, 7, "an audit says itself what is asked", "remove it, or `audit`"),
    ("sessions: {turns: 2}", 1, 11, "each request of an audit stands alone", "remove it"),
    ("sampling: {seed: true}", 1, 11, "sets temperatures, `top_p`, `top_k` and seeds itself", "remove it"),
    ("sampling: {top_k: 20}", 1, 11, "sets temperatures, `top_p`, `top_k` and seeds", "remove it"),
    ("cancellation: {rate: 0.1, delay: 1s}", 1, 15, "needs whole answers", "remove it"),
    ("populations: [{name: a}]", 1, 14, "has the server for itself", "remove it, or `audit`"),
    ("load: {type: constant}", 1, 14, "an audit says itself when its requests start", "remove it, or `audit`"),
    ("load: {stages: [{rate: 1, duration: 1}]}", 1, 16, "says itself when", "remove it"),
    ("load: {request_timeot: 3}", 1, 8, "unknown key `load.request_timeot`", "did you mean `request_timeout`?"),
    ("load: {sweep: true}", 1, 15, "an audit has no rate to sweep", "remove the sweep"),
];

#[rustfmt::skip]
const ENDPOINTS: &[SadBlock] = &[
    ("api: {type: responses, streaming: true}", 1, 13, "has no field `seed`", "`completion` or `tgi`"),
    ("api: {type: messages, streaming: true}", 1, 13, "has no field `seed`", "write `type: chat`"),
    ("api: {type: embeddings}", 1, 13, "has no field `seed`", "write `type: chat`"),
    ("api: {type: rerank}", 1, 13, "has no field `seed`", "write `type: chat`"),
    ("api: {type: raw, path: /x}", 1, 13, "has no field `seed`", "write `type: chat`"),
    ("api: {type: template, path: /x, template: '{\"a\": \"{{prompt}}\"}'}", 1, 13, "has no field `seed`", "write `type: chat`"),
    ("api: {type: kserve, streaming: true}", 1, 13, "does not tell its tokens apart", "write `type: chat`"),
    ("api: {type: chat, streaming: true, extra: {top_k: 20}}", 1, 44, "`sampling.top_k` sets this field", "remove it here"),
    ("api: {type: tgi}", 1, 6, "an audit sees in the times of tokens", "write `streaming: true`"),
    ("api: {type: chat, streaming: false}", 1, 30, "an audit sees in the times of tokens", "write `streaming: true`"),
    ("api: {type: chat, streaming: true, headers: {X-Request-Id: a}}", 1, 60, "sends ids of its own", "remove it"),
];

#[test]
fn wrong_numbers_say_their_range() {
    check_before(NO_AUDIT, KEYS);
}

#[test]
fn what_says_otherwise_is_refused() {
    check_before(REST, BESIDE);
}

#[test]
fn endpoints_without_a_promise_are_refused() {
    let base = format!("api: {{type: completion, streaming: true}}\n{NO_API}");
    parse(&base).expect("a good audit");
    let faults = ENDPOINTS
        .iter()
        .map(|&(block, line, column, what, remedy)| {
            let text = format!("{block}\n{NO_API}");
            super::faults(&text, (line, column), what, remedy)
        });
    super::report(faults.collect());
}

#[test]
fn without_an_endpoint_the_default_is_refused_for_it_is_not_streamed() {
    let error = parse(NO_API).unwrap_err();
    assert!(error.what.contains("an audit sees in the times of tokens"));
    assert!(error.remedy.contains("`streaming: true` in `api`"));
}

#[test]
fn what_the_root_says_of_the_engine_may_stay() {
    let text = format!("load: {{num_workers: 2, request_timeout: 9s, base_seed: 4}}\n{REST}");
    let spec = parse(&text).unwrap();
    assert_eq!((spec.seed, spec.hints.workers), (Some(4), Some(2)));
    assert_eq!(spec.hints.timeout_ns, Some(9_000_000_000));
}
