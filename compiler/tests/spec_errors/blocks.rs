//! The blocks that say what is asked, and of whom.

use super::{BASE, Sad, SadBlock, check, check_before};

#[rustfmt::skip]
const BLOCKS: &[Sad] = &[
    ("models: [{name: m}]", "seed: 1", 1, 1, "missing `models`", "add `models: [{name:"),
    ("models: [{name: m}]", "models: []", 1, 9, "there is no model", "add `models: [{name:"),
    ("models: [{name: m}]", "models:", 1, 1, "missing `models`", "add `models: [{name:"),
    ("name: m", "name: 7", 1, 17, "expected text, found a number", "in quotes"),
    ("name: m", "name: ''", 1, 17, "a name has 1 to 512 bytes", "the name under which the server"),
    ("models:", "seed: -1\nmodels:", 1, 7, "`-1` must not be negative", "a whole number from 0"),
    ("models:", "seed: 1.5\nmodels:", 1, 7, "`1.5` is not a whole number", "a whole number from 0"),
    ("models:", "seed: 18446744073709551616\nmodels:", 1, 7, "more than the limit of 18446744073709551615", "at most"),
    ("models:", "seed: abc\nmodels:", 1, 7, "`abc` is not a number", "a whole number from 0"),
    ("load:", "seed: 1\nload:\n  base_seed: 2", 8, 14, "`load.base_seed`: 2 is not the `seed` of 1", "remove one of the two"),
    ("models:", "api: {type: chatt}\nmodels:", 1, 13, "unknown value `chatt`", "did you mean `chat`?"),
    ("models:", "api: {streaming: yes}\nmodels:", 1, 18, "expected true or false, found text", "without quotes"),
    ("models:", "api: chat\nmodels:", 1, 6, "`api`: expected a map, found text", "its keys are `type`, `streaming`"),
    ("models:", "server: {type: llama.cpp}\nmodels:", 1, 16, "unknown value `llama.cpp`", "write one of `vllm`, `sglang`, `tgi`"),
];

/// A spec that needs nothing in front of it.
const REST: &str = "models: m\n";

#[rustfmt::skip]
const HEADERS: &[SadBlock] = &[
    ("api:\n  headers: {Authorization: x}", 2, 13, "`api.headers.Authorization`: header authorization is set when firing, or it is a secret", "--api-key-env"),
    ("api:\n  headers: {X-Api-Key: x}", 2, 13, "header x-api-key is set when firing", "remove it"),
    ("api:\n  headers: {accept: x}", 2, 13, "header accept is set by `api.type`", "remove it"),
    ("api:\n  headers: {a b: x}", 2, 13, "\"a b\" is not a header name", "write a name like x-route"),
    ("api:\n  headers: {x-a: 1, X-A: 2}", 2, 21, "header x-a stands twice", "keep one of the two"),
    ("api:\n  headers: {x-a: \"b\\nc\"}", 2, 18, "the value of header x-a holds more than visible ASCII", "visible ASCII"),
    ("api:\n  headers: {x-a: [b]}", 2, 18, "expected a number or text, found a list", "a single value"),
    ("api:\n  headers: [x-a]", 2, 12, "expected a map, found a list", "key: value"),
    ("api: {session_token_header_key: x-t}", 1, 7, "`api.session_token_header_key` is not supported by this version yet", "remove it"),
    ("api: {slo_units: ms}", 1, 7, "unknown key `api.slo_units`", "the keys here are `type`, `streaming`, `headers`"),
];

#[rustfmt::skip]
const SERVERS: &[SadBlock] = &[
    ("server: {api_key: secret}", 1, 10, "`server.api_key`: keys never enter a workload", "replay run --api-key-env VAR"),
    ("server: {type: mock}", 1, 16, "`mock` is no server", "mock-llm"),
    ("server: {type: vlm}", 1, 16, "unknown value `vlm`", "did you mean `vllm`?"),
    ("server: {ignore_eos: 1}", 1, 22, "expected true or false, found a number", "without quotes"),
    ("server: {base_url: localhost:8000}", 1, 20, "`server.base_url`: url does not begin with http:// or https://", "a host and perhaps a port"),
    ("server: {base_url: 'http://me:word@host'}", 1, 20, "url holds a user, a password", "a host"),
    ("server: {model_name: n}", 1, 22, "`models` says something else than \"n\"", "remove `server.model_name`"),
    ("server: {model: m}", 1, 10, "unknown key `server.model`", "the keys here are `type`, `model_name`"),
    ("tokenizer: {token: hf_x}", 1, 13, "`tokenizer.token`: access tokens never enter a workload", "`path` names a tokenizer.json"),
    ("tokenizer: {path: a, pretrained_model_name_or_path: b}", 1, 53, "`tokenizer.path` says the same already", "remove one of the two"),
    ("tokenizer: {path: ''}", 1, 19, "a file name has 1 to 4096 bytes", "the path of the file"),
    ("tokenizer: {trust_remote_code: maybe}", 1, 32, "expected true or false", "without quotes"),
    ("slo: {ttft: 500}", 1, 13, "`slo.ttft`: `500` has no unit", "write `500ms` or `500s`"),
    ("slo: {ttft: 0ms}", 1, 13, "`slo.ttft`: `0ms` must be more than 0", "250ms"),
    ("slo: {tfft: 1s}", 1, 7, "unknown key `slo.tfft`", "did you mean `ttft`?"),
    ("slo: {p99: 1s}", 1, 7, "unknown key `slo.p99`", "the keys here are `ttft`, `ttft_from_scheduled`, `tpot`, `itl`, `ntpot`, `latency`, `latency_from_scheduled`"),
    ("slo: 500ms", 1, 6, "`slo`: expected a map, found text", "its keys are `ttft`"),
    ("name: x", 1, 1, "`name`: a spec has no name", "a population has one"),
    ("stages: []", 1, 1, "`stages`: stages are part of the load", "in `load`"),
];

/// A spec that needs models.
#[rustfmt::skip]
const MODELS: &[Sad] = &[
    ("[{name: m}]", "7", 1, 9, "`models`: expected a list, found a number", "- "),
    ("[{name: m}]", "[{name: m}, {name: m}]", 1, 28, "`models[1].name`: \"m\" stands twice", "`weight` makes it more frequent"),
    ("[{name: m}]", "[m, m]", 1, 13, "\"m\" stands twice", "keep one"),
    ("[{name: m}]", "[{weight: 1}]", 1, 10, "missing `models[0].name`", "add `name:"),
    ("[{name: m}]", "[{name: m, weight: 0}]", 1, 28, "`0` must be more than 0", "a number of more than 0, like 3"),
    ("[{name: m}]", "[{name: m, weight: -1}]", 1, 28, "`-1` must not be negative", "like 3"),
    ("[{name: m}]", "[{name: m, weight: 0.0000001}]", 1, 28, "`0.0000001` is finer than 0.000001", "write 0.000001"),
    ("[{name: m}]", "[{name: m, weight: 1e7}]", 1, 28, "more than the limit of 1000000", "at most 1000000"),
    ("[{name: m}]", "[{name: m, split: 0.5}]", 1, 20, "a model's share is its `weight`", "`lora_traffic_split` is for adapters"),
    ("[{name: m}]", "[{name: m, token: x}]", 1, 20, "access tokens never enter a workload", "--api-key-env"),
    ("[{name: m}]", "[{name: m, weight: 2}, n]\nmodel_selection: random", 1, 28, "`model_selection` uses no weights", "write `model_selection: weighted`"),
    ("[{name: m}]", "[m, n]\nmodel_selection: robin", 2, 18, "unknown value `robin`", "write one of `round_robin`, `random`, `weighted`"),
    ("[{name: m}]", "[m, n]\nmodel_selection: rounds_robin", 2, 18, "unknown value", "did you mean `round_robin`?"),
];

#[rustfmt::skip]
const ADAPTERS: &[SadBlock] = &[
    ("lora_traffic_split: []", 1, 21, "there is no adapter", "or remove it"),
    ("lora_traffic_split: {a: 1}", 1, 21, "expected a list, found a map", "- "),
    ("lora_traffic_split: [{name: a, split: 0.5}, {name: b, split: 0.4}]", 1, 21, "the shares sum to 0.9, not to 1", "change the `split`"),
    ("lora_traffic_split: [{name: a, split: 0.5}, {name: b, split: 0.500000002}]", 1, 21, "the shares sum to 1.000000002, not to 1", "change the `split`"),
    ("lora_traffic_split: [{name: a, split: 0.5}, {name: a, split: 0.5}]", 1, 52, "`lora_traffic_split[1].name`: \"a\" stands twice", "the sum of their shares"),
    ("lora_traffic_split: [{name: a, split: 1.5}]", 1, 39, "`1.5` is more than the limit of 1", "at most 1"),
    ("lora_traffic_split: [{name: a, split: 0}]", 1, 39, "`0` must be more than 0", "a share of 1"),
    ("lora_traffic_split: [{name: a, split: 1e-13}]", 1, 39, "`1e-13` is finer than 0.000000000001", "write 0.000000000001"),
    ("lora_traffic_split: [{name: a, weight: 1}]", 1, 32, "an adapter's share is its `split`", "write `split`"),
    ("lora_traffic_split: [{name: a}]", 1, 22, "missing `lora_traffic_split[0].split`", "add `split: 0.5`"),
    ("lora_traffic_split: [{name: a, split: 1}]\nload: {type: constant, stages: [{rate: 1, duration: 1}], lora_traffic_split: [{name: a, split: 1}]}", 2, 78, "`load.lora_traffic_split`: `lora_traffic_split` says the same already", "remove one of the two"),
];

#[rustfmt::skip]
const SESSIONS: &[SadBlock] = &[
    ("sessions: {}", 1, 11, "missing `sessions.turns`", "add `turns: uniform(2, 8)`"),
    ("sessions: {turns: 0}", 1, 19, "`0` must be more than 0", "a number of turns, like 4"),
    ("sessions: {turns: 5000}", 1, 19, "`5000` is more than the limit of 4096", "at most 4096"),
    ("sessions: {turns: 2, delay: 2 moons}", 1, 29, "`2 moons` is not a distribution", "uniform(1s, 5s)"),
    ("sessions: {turns: 2, delay: 2weeks}", 1, 29, "`2weeks` has the unknown unit `weeks`", "ns, us, ms, s, m, h, d"),
    ("sessions: {turns: 2, delay: poisson(3s)}", 1, 29, "a poisson distribution counts things, and here nothing is counted", "exponential(2s)"),
    ("sessions: {turns: 2, delay: {type: normal, mean: 2s, variance: 4}}", 1, 64, "the variance of a duration is a square of seconds", "write `std_dev`"),
    ("sessions: {turns: 2, delay: {type: normal, mean: 2s}}", 1, 29, "a normal distribution needs `std_dev`", "`normal` has mean"),
    ("sessions: {turns: 2, delay: {type: normal, mean: 2s, std: 1s}}", 1, 54, "no standard deviation is called so", "write `std_dev`"),
    ("sessions: {turns: 2, delay: {type: fixed, mean: 2s, std_dev: 1s}}", 1, 62, "a fixed distribution has no `std_dev`", "`fixed` has mean, min, max"),
    ("sessions: {turns: 2, delay: 'uniform(5s, 1s)'}", 1, 29, "min 5s is more than max 1s", "swap the two"),
    ("sessions: {turns: 2, history: real}", 1, 31, "unknown value `real`", "write one of `materialised`"),
    ("sessions: {turns: 2, think_time: 1s}", 1, 22, "unknown key `sessions.think_time`", "the keys here are `turns`, `delay`, `history`"),
    ("data: {type: shared_prefix, shared_prefix: {enable_multi_turn_chat: true}}\nsessions: {turns: 2}", 2, 11, "`enable_multi_turn_chat` makes conversations already", "keep one"),
    ("data: {type: shared_prefix}\nsessions: {turns: 2}", 2, 11, "prompts with a shared prefix stand alone", "enable_multi_turn_chat: true"),
    ("data: {type: shared_prefix, shared_prefix: {enable_multi_turn_chat: true}}\nload: {type: concurrent, stages: [{num_requests: 9, concurrency_level: 3}]}", 1, 7, "which a closed loop has not", "write `sessions` instead"),
    ("data: {type: shared_prefix, shared_prefix: {enable_multi_turn_chat: true}}\nload: {type: trace_replay, trace: {file: t.csv, format: AzurePublicDataset}}", 1, 7, "of a trace any row may be left out", "write `sessions` instead"),
    ("sessions: {turns: 2}\ndata: {type: random, trace: {file: t.csv, format: AzurePublicDataset}}\nload: {type: trace_replay, trace: {file: t.csv, format: AzurePublicDataset}}", 1, 11, "the trace gives the lengths of one prompt for each row", "write both distributions"),
];

#[rustfmt::skip]
const SAMPLING: &[SadBlock] = &[
    ("sampling: {temperature: -1}", 1, 25, "`-1` must not be negative", "from 0 to 100, like 0.7"),
    ("sampling: {temperature: 101}", 1, 25, "`101` is more than the limit of 100", "at most 100"),
    ("sampling: {temperature: 0.0000001}", 1, 25, "is finer than 0.000001", "the nearest value"),
    ("sampling: {temperature: zipf(1.1)}", 1, 25, "a zipf distribution counts things", "uniform(0.2, 1.0)"),
    ("sampling: {temprature: 1}", 1, 12, "unknown key `sampling.temprature`", "did you mean `temperature`?"),
    ("sampling: {top_p: 0}", 1, 19, "`0` must be more than 0", "like 0.9"),
    ("sampling: {top_p: 1.1}", 1, 19, "`1.1` is more than the limit of 1", "at most 1"),
    ("sampling: {top_k: -1}", 1, 19, "`-1` must not be negative", "leave it out for no limit"),
    ("sampling: {top_k: 1.5}", 1, 19, "`1.5` is not a whole number", "like 40"),
    ("sampling: {seed: 7}", 1, 18, "expected true or false, found a number", "without quotes"),
    ("sampling: {max_tokens: 7}", 1, 12, "the length of an answer is no sampling parameter", "data.output_distribution"),
    ("sampling: {min_p: 0.1}", 1, 12, "`sampling.min_p` is not supported by this version yet", "remove it"),
];

#[rustfmt::skip]
const CANCELLATIONS: &[SadBlock] = &[
    ("cancellation: {delay: 1s}", 1, 15, "missing `cancellation.rate`", "add `rate: 0.02`"),
    ("cancellation: {rate: 2, delay: 1s}", 1, 22, "`2` is more than the limit of 1", "at most 1"),
    ("cancellation: {rate: 2%, delay: 1s}", 1, 22, "`2%` is not a number", "a share of 1, like 0.02"),
    ("cancellation: {rate: 0.02}", 1, 15, "it does not say when a client hangs up", "add `delay: 500ms` or `after_tokens: 5`"),
    ("cancellation: {rate: 0.02, delay: 1s, after_tokens: 5}", 1, 53, "`delay` says already", "keep one of the two"),
    ("cancellation: {rate: 0.02, after_tokens: 5}", 1, 42, "nothing is streamed", "add `api: {streaming: true}`"),
    ("api: {streaming: true}\ncancellation: {rate: 0.02, after_tokens: 0}", 2, 42, "`0` must be more than 0", "a number of tokens"),
    ("api: {streaming: true}\ncancellation: {rate: 0.02, after_tokens: {mean: 9}}", 2, 42, "a normal distribution needs `std_dev`", "add it"),
    ("cancellation: {rate: 0.02, delay: 1s, count: exactly}", 1, 46, "unknown value `exactly`", "did you mean `exact`?"),
    ("cancellation: {rate: 0.02, delay: 1s}\nload: {type: constant, stages: [{rate: 1, duration: 1}], cancellation: {rate: 0.02, delay: 1s}}", 2, 72, "`cancellation` says the same already", "remove one of the two"),
];

#[test]
fn wrong_blocks_say_what_belongs_there() {
    check(BASE, BLOCKS);
}

#[test]
fn wrong_headers_are_named_and_secrets_refused() {
    check_before(REST, HEADERS);
}

#[test]
fn wrong_servers_and_tokenizers_are_named_and_secrets_refused() {
    check_before(REST, SERVERS);
}

#[test]
fn wrong_models_and_selections_are_named() {
    check(BASE, MODELS);
}

#[test]
fn wrong_adapters_show_the_sum_of_their_shares() {
    check_before(REST, ADAPTERS);
}

#[test]
fn wrong_sessions_say_what_goes_into_them() {
    check_before(REST, SESSIONS);
}

#[test]
fn wrong_sampling_parameters_say_their_range() {
    check_before(REST, SAMPLING);
}

#[test]
fn wrong_cancellations_say_when_and_how_often() {
    check_before(REST, CANCELLATIONS);
}

#[rustfmt::skip]
const SECRETS: &[SadBlock] = &[
    ("metrics: {prometheus: {token: x}}", 1, 24, "`metrics.prometheus.token`: secrets never enter a workload", "remove it: the spec's text stands in the workload"),
    ("metrics: {prometheus: {hf_token: x}}", 1, 24, "secrets never enter", "--api-key-env VAR"),
    ("report: {api_key: 5}", 1, 10, "`report.api_key`: secrets never enter", "remove it"),
    ("storage: {password: true}", 1, 11, "`storage.password`: secrets never enter", "remove it"),
    ("storage: [{Secret: x}]", 1, 12, "`storage[0].Secret`: secrets never enter", "remove it"),
    ("storage: {s3: {client_secret: x}}", 1, 16, "secrets never enter", "remove it"),
    ("storage: {s3: {secret_name: x}}", 1, 16, "secrets never enter", "remove it"),
    ("storage: {s3: {aws-secret-access-key: x}}", 1, 16, "secrets never enter", "remove it"),
    ("storage: {s3: {access_key_id: [x]}}", 1, 16, "secrets never enter", "remove it"),
    ("circuit_breakers: [{a: [{b: {session_token: x}}]}]", 1, 30, "`circuit_breakers[0].a[0].b.session_token`: secrets", "remove it"),
    ("load: {type: constant, stages: [{rate: 1, duration: 1}], circuit_breakers: [{token: x}]}", 1, 78, "`load.circuit_breakers[0].token`: secrets", "remove it"),
    ("api: {headers: {x-auth-token: x}}", 1, 17, "`api.headers.x-auth-token`: secrets", "remove it"),
    ("metrics: {url: 'https://me:word@host/a'}", 1, 16, "`metrics.url`: a URL with a user is a secret", "remove it"),
    ("metrics: [push to https://word@host]", 1, 11, "`metrics[0]`: a URL with a user is a secret", "remove it"),
    ("tokenizer: {path: 'https://me:word@host/t.json'}", 1, 19, "`tokenizer.path`: a URL with a user is a secret", "remove it"),
];

#[test]
fn secrets_are_refused_in_blocks_that_are_not_used() {
    check_before(REST, SECRETS);
}

#[test]
fn what_only_resembles_a_secret_is_read() {
    for text in [
        "storage: {password: null, token: '', tokens: 5, max_tokens: 9, secretary: x, access: key}",
        "metrics: {url: 'http://localhost:9090/a@b?c=d@e', mail: me@host, model: hf://org/model@v1}",
    ] {
        super::parse(&format!("{text}\n{REST}")).expect(text);
    }
}

#[test]
fn an_override_neither_hides_a_secret_of_the_text_nor_brings_one() {
    let parse = |text: &str, set: &str| {
        let sets = [set.to_owned()];
        super::Spec::parse(text, "s.yaml", &sets, &mut super::file)
    };
    let written = "models: m\nserver: {api_key: hunter2}\n";
    let hidden = parse(written, "server.api_key=null").unwrap_err();
    assert_eq!(
        (hidden.line, hidden.column),
        (Some(2), Some(10)),
        "{hidden}"
    );
    assert!(!hidden.to_string().contains("hunter2"), "{hidden}");
    let clean = "models: m\nstorage: {a: 1}\n";
    let brought = parse(clean, "storage.password=x").unwrap_err();
    assert!(
        brought.what.contains("`storage.password`: secrets"),
        "{brought}"
    );
    assert!(parse(clean, "storage.a=2").is_ok());
}

#[test]
fn a_secret_in_a_url_is_not_repeated() {
    let error =
        super::parse("server: {base_url: 'http://me:hunter2@host'}\nmodels: m").unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
