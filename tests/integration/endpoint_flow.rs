//! Every endpoint from the spec to the record: what is compiled is accepted and answered by the mock,
//! and what that counts is what was asked.

use crate::lines::Lines;
use crate::support::{Run, server};
use serde_json::Value;

/// An endpoint, what stands beside the lengths in `data`, and further blocks.
struct Endpoint {
    api: &'static str,
    data: &'static str,
    more: &'static str,
    /// Its path, not streamed and streamed; none where answers are in one piece.
    paths: (&'static str, Option<&'static str>),
    /// Whether the server says how many tokens the prompt has, not streamed and streamed; the same
    /// of the answer.
    input: (bool, bool),
    output: (bool, bool),
    /// Documents that the server sees in each request.
    documents: u64,
}

const GENERATES: Endpoint = Endpoint {
    api: "",
    data: "",
    more: "",
    paths: ("", None),
    input: (true, true),
    output: (true, true),
    documents: 0,
};
const RANKS: Endpoint = Endpoint {
    data: ", documents: {count: 4, length: 'uniform(1, 6)'}",
    input: (false, false),
    output: (false, false),
    documents: 4,
    ..GENERATES
};
const TOOL: &str = "tools: [{type: function, function: {name: f, parameters: {type: object}}}], tool_choice: auto, \
                    response_format: {type: json_object}, extra: {user: 'a \"b\\ \u{1F980}', metadata: {k: v}}";
const FRONT: &str = ", system_prompt: {length: 5}, user_context: {length: 'uniform(1, 3)'}, prefix: {count: 2, length: 4}, salt: true";

const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        api: "type: chat",
        paths: ("/v1/chat/completions", Some("/v1/chat/completions")),
        ..GENERATES
    },
    Endpoint {
        api: TOOL,
        data: FRONT,
        more: "sampling: {temperature: 'uniform(0, 1)', top_p: 0.9, seed: true}\n",
        paths: ("/v1/chat/completions", Some("/v1/chat/completions")),
        ..GENERATES
    },
    Endpoint {
        api: "type: completion",
        data: FRONT,
        paths: ("/v1/completions", Some("/v1/completions")),
        ..GENERATES
    },
    Endpoint {
        api: "type: responses",
        data: FRONT,
        paths: ("/v1/responses", Some("/v1/responses")),
        ..GENERATES
    },
    Endpoint {
        api: "type: messages",
        data: FRONT,
        more: "sampling: {temperature: 0.5, top_k: 'uniform(1, 9)'}\n",
        paths: ("/v1/messages", Some("/v1/messages")),
        ..GENERATES
    },
    Endpoint {
        api: "type: tgi",
        data: FRONT,
        more: "sampling: {temperature: 0.5, seed: true}\n",
        paths: ("/generate", Some("/generate_stream")),
        input: (false, true),
        ..GENERATES
    },
    Endpoint {
        api: "type: kserve",
        data: FRONT,
        paths: (
            "/v2/models/m/generate",
            Some("/v2/models/m/generate_stream"),
        ),
        input: (false, false),
        output: (false, false),
        ..GENERATES
    },
    Endpoint {
        api: "type: kserve, format: trtllm",
        more: "sampling: {temperature: 0}\n",
        paths: (
            "/v2/models/m/generate",
            Some("/v2/models/m/generate_stream"),
        ),
        input: (false, false),
        output: (false, false),
        ..GENERATES
    },
    Endpoint {
        api: "type: embeddings, extra: {dimensions: 8}",
        data: ", batch_size: 3, salt: true",
        paths: ("/v1/embeddings", None),
        output: (false, false),
        documents: 3,
        ..GENERATES
    },
    Endpoint {
        api: "type: rerank, extra: {top_n: 2}",
        paths: ("/v2/rerank", None),
        ..RANKS
    },
    Endpoint {
        api: "type: rerank, format: tei",
        paths: ("/rerank", None),
        ..RANKS
    },
    Endpoint {
        api: "type: rerank, format: nim",
        paths: ("/v1/ranking", None),
        input: (true, true),
        ..RANKS
    },
    Endpoint {
        api: "type: template, path: /v1/completions, template: '{\"model\": \"{{model}}\", \"prompt\": \"{{prompt}}\", \
              \"max_tokens\": {{output_tokens}}, \"stream\": {{stream}}}'",
        data: ", system_prompt: {length: 3}",
        paths: ("/v1/completions", Some("/v1/completions")),
        input: (false, false),
        output: (false, false),
        ..GENERATES
    },
];

fn spec(endpoint: &Endpoint, streaming: bool) -> String {
    // The one without a type is chat with everything beside it.
    let kind = if endpoint.api.starts_with("type:") {
        ""
    } else {
        "type: chat, "
    };
    format!(
        "seed: 31\nmodels: m\napi: {{{kind}{}, streaming: {streaming}}}\n\
         data: {{type: random, input_distribution: 'uniform(1, 30)', output_distribution: 'uniform(1, 9)'{}}}\n\
         load: {{type: constant, stages: [{{rate: 12, duration: 1}}]}}\n{}",
        endpoint.api, endpoint.data, endpoint.more
    )
}

#[test]
fn what_is_compiled_for_an_endpoint_is_answered_and_counted_by_it() {
    for endpoint in ENDPOINTS {
        let (path, stream_path) = endpoint.paths;
        let streamed = stream_path.map(|path| (true, path));
        for (streaming, path) in [(false, path)].into_iter().chain(streamed) {
            let server = server(0, 0);
            let url = format!("http://{}", server.addr());
            let run = Run::new(&spec(endpoint, streaming), &url, "--speed 20");
            let name = format!("{} {streaming}", endpoint.api);
            run.assert_all_ok();
            assert_eq!(run.workload.len(), 12);
            let says = |(plain, streamed)| if streaming { streamed } else { plain };
            let (input, output) = (says(endpoint.input), says(endpoint.output));
            for (request, record) in run.workload.iter().zip(&run.records) {
                let expected = |said: bool, tokens: u32| match said {
                    true => Value::from(tokens),
                    false => Value::Null,
                };
                assert_eq!(request.path, path);
                // The built-in words are one token each, and the mock counts words.
                assert_eq!(
                    record["usage_input"],
                    expected(input, request.input_tokens),
                    "{name}"
                );
                assert_eq!(
                    record["usage_output"],
                    expected(output, request.output_tokens),
                    "{name}"
                );
                if streaming && output {
                    let times = record["token_times"].as_array().map(Vec::len);
                    assert_eq!(times, Some(request.output_tokens as usize), "{name}");
                }
            }
            for arrival in server.arrivals() {
                assert_eq!(arrival.status, Some(200), "{name}");
                assert_eq!(arrival.path, path, "{name}");
                assert_eq!(arrival.documents, endpoint.documents, "{name}");
            }
        }
    }
}

#[test]
fn control_a_body_that_its_endpoint_does_not_read_is_no_success() {
    for endpoint in ENDPOINTS
        .iter()
        .filter(|endpoint| !endpoint.api.contains("template"))
    {
        let server = server(0, 0);
        let url = format!("http://{}", server.addr());
        // The same body at the path of another API.
        let other = match endpoint.paths.0 {
            "/v1/completions" => "/v1/chat/completions",
            _ => "/v1/completions",
        };
        let spec =
            spec(endpoint, false).replacen("streaming:", &format!("path: {other}, streaming:"), 1);
        let run = Run::new(&spec, &url, "--speed 20");
        assert_eq!(run.count("outcome", "ok"), 0, "{}", endpoint.api);
        assert_eq!(run.count("error_class", "status"), 12, "{}", endpoint.api);
    }
}

#[test]
fn what_generates_nothing_asks_for_no_tokens() {
    for endpoint in ENDPOINTS {
        let lines = Lines::of(&spec(endpoint, false));
        let sum = |key: &str| -> u64 {
            let numbers = lines.lines.iter().map(|line| line[key].as_u64());
            numbers.map(|number| number.unwrap_or(0)).sum()
        };
        for key in ["input_tokens", "output_tokens"] {
            assert_eq!(lines.compiled[key], sum(key), "{}: {key}", endpoint.api);
        }
        let generates = endpoint.documents == 0;
        assert_eq!(sum("output_tokens") > 0, generates, "{}", endpoint.api);
    }
}
