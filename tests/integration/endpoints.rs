//! Bodies of every endpoint, held against a schema of its API: whatever is asked for, what is
//! compiled is what the API reads.

use crate::support::{dir, root};
use harness::Dir;
use serde_json::{Value, json};

/// Text that breaks whatever is not escaped, as YAML writes it.
const HOSTILE_YAML: &str = r#""\"}],\\ \x01\x7f\n\t{{x}} é 🦀 \u2028""#;
const HOSTILE: &str = "\"}],\\ \u{1}\u{7f}\n\t{{x}} é 🦀 \u{2028}";
/// A model's name; names hold no control characters.
const MODEL: &str = "org/\"m\\{{x}}\" é 🦀";

/// An endpoint, and what can be asked of it.
struct Endpoint {
    /// File in `tests/schemas`.
    schema: &'static str,
    /// Entries of the `api` block.
    api: &'static str,
    streams: bool,
    /// Entries of `data` beside the lengths.
    data: &'static str,
    /// Keys of `sampling` that it has.
    sampling: &'static [&'static str],
    /// Entries of `api` that set further fields.
    fields: &'static [&'static str],
    /// Where the hostile text of `extra` is found.
    extra_at: &'static str,
    path: &'static str,
}

const ALL: &[&str] = &["temperature", "top_p", "top_k", "seed"];
const CHAT_TOOLS: &str = "tools: [{type: function, function: {name: f, parameters: {type: object, properties: {a: {type: string}}}}}], tool_choice: auto";
const FLAT_TOOLS: &str = "tools: [{type: function, name: f, parameters: {type: object}, strict: true}], tool_choice: required";
const CLAUDE_TOOLS: &str =
    "tools: [{name: f, input_schema: {type: object}}], tool_choice: {type: any}";
const JSON_SCHEMA: &str =
    "response_format: {type: json_schema, json_schema: {name: s, schema: {type: object}}}";
const BARE_SCHEMA: &str = "response_format: {type: json_schema, json_schema: {type: object}}";
const FLAT_SCHEMA: &str = "response_format: {type: json_schema, name: s, schema: {type: object}}";

const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        schema: "chat",
        api: "type: chat",
        streams: true,
        data: "system_prompt: {length: 7}, user_context: {length: 5}",
        sampling: ALL,
        fields: &[
            CHAT_TOOLS,
            JSON_SCHEMA,
            BARE_SCHEMA,
            "output_tokens_field: max_completion_tokens",
        ],
        extra_at: "/user",
        path: "/v1/chat/completions",
    },
    Endpoint {
        schema: "completion",
        api: "type: completion",
        streams: true,
        data: "",
        sampling: ALL,
        fields: &[JSON_SCHEMA],
        extra_at: "/user",
        path: "/v1/completions",
    },
    Endpoint {
        schema: "embeddings",
        api: "type: embeddings",
        streams: false,
        data: "batch_size: 'uniform(1, 4)'",
        sampling: &[],
        fields: &[],
        extra_at: "/user",
        path: "/v1/embeddings",
    },
    Endpoint {
        schema: "responses",
        api: "type: responses",
        streams: true,
        data: "system_prompt: {length: 7}",
        sampling: &["temperature", "top_p"],
        fields: &[FLAT_TOOLS, FLAT_SCHEMA],
        extra_at: "/user",
        path: "/v1/responses",
    },
    Endpoint {
        schema: "messages",
        api: "type: anthropic_messages",
        streams: true,
        data: "system_prompt: {length: 7}, user_context: {length: 5}",
        sampling: &["temperature", "top_p", "top_k"],
        fields: &[CLAUDE_TOOLS],
        extra_at: "/metadata/user_id",
        path: "/v1/messages",
    },
    Endpoint {
        schema: "tgi",
        api: "type: tgi",
        streams: true,
        data: "",
        sampling: ALL,
        fields: &["extra: {repetition_penalty: 1.10}"],
        extra_at: "/parameters/stop/0",
        path: "/generate",
    },
    Endpoint {
        schema: "rerank_cohere",
        api: "type: rerank",
        streams: false,
        data: "documents: {count: 'uniform(1, 4)', length: 6}",
        sampling: &[],
        fields: &["extra: {top_n: 2}"],
        extra_at: "",
        path: "/v2/rerank",
    },
    Endpoint {
        schema: "rerank_tei",
        api: "type: rerank, format: tei",
        streams: false,
        data: "documents: {count: 3, length: 6}",
        sampling: &[],
        fields: &["extra: {raw_scores: true}"],
        extra_at: "",
        path: "/rerank",
    },
    Endpoint {
        schema: "rerank_nim",
        api: "type: rerank, format: nim",
        streams: false,
        data: "documents: {count: 3, length: 6}",
        sampling: &[],
        fields: &["extra: {truncate: END}"],
        extra_at: "",
        path: "/v1/ranking",
    },
    Endpoint {
        schema: "kserve_vllm",
        api: "type: kserve",
        streams: true,
        data: "",
        sampling: ALL,
        fields: &[],
        extra_at: "/parameters/x",
        path: "/v2/models/org%2F%22m%5C%7B%7Bx%7D%7D%22%20%C3%A9%20%F0%9F%A6%80/generate",
    },
    Endpoint {
        schema: "kserve_trtllm",
        api: "type: triton, format: trtllm",
        streams: true,
        data: "",
        sampling: ALL,
        fields: &[],
        extra_at: "/bad_words",
        path: "/v2/models/org%2F%22m%5C%7B%7Bx%7D%7D%22%20%C3%A9%20%F0%9F%A6%80/generate",
    },
];

/// One way to ask an endpoint, as a population's blocks.
struct Way {
    endpoint: &'static Endpoint,
    streaming: bool,
    /// Whether the hostile text is among the fields.
    hostile: bool,
    population: String,
}

/// Every endpoint in every way.
fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for endpoint in ENDPOINTS {
        let streamings: &[bool] = if endpoint.streams {
            &[false, true]
        } else {
            &[false]
        };
        let hostile = hostile_extra(endpoint.extra_at);
        let fields = std::iter::once("").chain(endpoint.fields.iter().copied());
        let fields = fields.chain(hostile.as_deref());
        for (fields, streaming) in fields.flat_map(|f| streamings.iter().map(move |s| (f, *s))) {
            for sampling in samplings(endpoint.sampling) {
                let api = format!("{}, streaming: {streaming}", endpoint.api);
                let fields = if fields.is_empty() {
                    String::new()
                } else {
                    format!(", {fields}")
                };
                let data = if endpoint.data.is_empty() {
                    String::new()
                } else {
                    format!(", {}", endpoint.data)
                };
                let population = format!(
                    "api: {{{api}{fields}}}\n  data: {{type: random, input_distribution: 'uniform(1, 30)', \
                     output_distribution: 'uniform(1, 9)'{data}}}\n{sampling}"
                );
                let hostile = hostile
                    .as_ref()
                    .is_some_and(|extra| fields.ends_with(extra));
                ways.push(Way {
                    endpoint,
                    streaming,
                    hostile,
                    population,
                });
            }
        }
    }
    ways
}

/// `extra` with the hostile text at a pointer, if there is one.
fn hostile_extra(pointer: &str) -> Option<String> {
    let extra = match pointer {
        "" => return None,
        "/metadata/user_id" => format!("metadata: {{user_id: {HOSTILE_YAML}}}"),
        "/parameters/stop/0" => format!("stop: [{HOSTILE_YAML}]"),
        pointer => format!("{}: {HOSTILE_YAML}", pointer.rsplit('/').next()?),
    };
    Some(format!("extra: {{{extra}}}"))
}

/// None, all fixed, all drawn, and greedy.
fn samplings(keys: &[&str]) -> Vec<String> {
    let block = |value: fn(&str) -> &'static str| {
        let entries = keys.iter().map(|key| format!("{key}: {}", value(key)));
        let entries: Vec<String> = entries.collect();
        format!("  sampling: {{{}}}\n", entries.join(", "))
    };
    if keys.is_empty() {
        return vec![String::new()];
    }
    let fixed = block(|key| match key {
        "temperature" => "0.7",
        "top_p" => "1",
        "top_k" => "40",
        _ => "true",
    });
    let drawn = block(|key| match key {
        "temperature" => "'uniform(0, 1)'",
        "top_p" => "'uniform(0.5, 1)'",
        "top_k" => "'uniform(1, 50)'",
        _ => "true",
    });
    vec![
        String::new(),
        fixed,
        drawn,
        "  sampling: {temperature: 0}\n".to_owned(),
    ]
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = root().join(format!("tests/schemas/{name}.json"));
    let text = std::fs::read_to_string(&path).expect(name);
    let schema: Value = serde_json::from_str(&text).expect(name);
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Compiles a spec and gives every request as `inspect` shows it.
#[track_caller]
fn requests(dir: &Dir, spec: &str) -> Vec<Value> {
    dir.write("w.yaml", spec);
    dir.wlc("compile w.yaml -o w.wlc").run().ok();
    let shown = dir
        .wlc("inspect w.wlc --requests --json --bodies")
        .run()
        .ok();
    shown.json_lines()
}

fn body(request: &Value) -> Value {
    let text = request["body"].as_str().expect("a body is text");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_body_of_every_endpoint_is_what_its_api_reads() {
    let ways = ways();
    let mut spec = format!(
        "seed: 5\nmodels: [{{name: {}}}]\nserver: {{type: vllm}}\n\
         load: {{type: constant, stages: [{{rate: 4, duration: 1}}]}}\npopulations:\n",
        json!(MODEL)
    );
    for (i, way) in ways.iter().enumerate() {
        spec += &format!("- name: p{i}\n  {}", way.population);
    }
    let requests = requests(&dir(), &spec);
    assert_eq!(requests.len(), 4 * ways.len());
    let schemas: Vec<_> = ENDPOINTS
        .iter()
        .map(|endpoint| (endpoint.schema, schema(endpoint.schema)))
        .collect();
    for request in &requests {
        let name = request["labels"]["population"].as_str().expect("a name");
        let way = &ways[name[1..].parse::<usize>().expect("a number")];
        let body = body(request);
        let (_, schema) = schemas
            .iter()
            .find(|(name, _)| *name == way.endpoint.schema)
            .unwrap();
        let faults: Vec<String> = schema.iter_errors(&body).map(|e| e.to_string()).collect();
        assert!(
            faults.is_empty(),
            "{}\n{body}\n{}",
            way.population,
            faults.join("\n")
        );
        if way.hostile {
            let found = body.pointer(way.endpoint.extra_at);
            assert_eq!(found, Some(&json!(HOSTILE)), "{body}");
        }
        if let Some(model) = body.get("model") {
            assert_eq!(model, MODEL);
        }
        let streamed = if way.streaming && way.endpoint.path.ends_with("/generate") {
            "_stream"
        } else {
            ""
        };
        assert_eq!(request["path"], format!("{}{streamed}", way.endpoint.path));
        assert_eq!(request["stream"], way.streaming);
    }
}

#[test]
fn control_a_wrong_type_and_a_stray_field_fail_every_schema() {
    for endpoint in ENDPOINTS {
        let data = if endpoint.data.is_empty() {
            String::new()
        } else {
            format!(", {}", endpoint.data)
        };
        let spec = format!(
            "seed: 5\nmodels: m\napi: {{{}}}\ndata: {{type: random, input_distribution: 9, output_distribution: 3{data}}}\n\
             load: {{type: constant, stages: [{{rate: 1, duration: 1}}]}}\n",
            endpoint.api
        );
        let good = body(&requests(&dir(), &spec)[0]);
        let schema = schema(endpoint.schema);
        assert!(schema.is_valid(&good), "{good}");
        for key in good.as_object().expect("an object").keys() {
            let mut broken = good.clone();
            broken[key] = json!({"a": [null]});
            assert!(
                !schema.is_valid(&broken),
                "{}: {key} of a wrong type",
                endpoint.schema
            );
        }
        let mut broken = good.clone();
        broken["stray"] = json!(1);
        assert!(
            !schema.is_valid(&broken),
            "{}: a stray field",
            endpoint.schema
        );
    }
}

#[test]
fn fields_of_a_spec_arrive_digit_by_digit() {
    let spec = "seed: 1\nmodels: m\napi: {type: chat, extra: {a: 1.10, b: 12345678901234567890123, c: 1e3, d: [null, true, '1', -0.0], 'é\"': {}}}\n\
                load: {type: constant, stages: [{rate: 1, duration: 1}]}\n";
    let requests = requests(&dir(), spec);
    let text = requests[0]["body"].as_str().expect("a body is text");
    let expected = r#"{"model":"m","a":1.10,"b":12345678901234567890123,"c":1e3,"d":[null,true,"1",-0.0],"é\"":{},"messages":["#;
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_template_says_what_its_slots_stand_for() {
    let dir = dir();
    dir.write(
        "body.json",
        "{\"n\": {{output_tokens}}, \"in\": {\"q\": \"Say: \\\"{{prompt}}\\\"\"},\n \"m\": \"{{model}}\", \
         \"s\": {{stream}}, \"again\": [{{max_tokens}}]}\n",
    );
    let spec = format!(
        "seed: 5\nmodels: [{{name: {}}}, b]\napi: {{type: template, path: '/v3/{{model}}/go?a=1', streaming: true, template: body.json}}\n\
         data: {{type: random, input_distribution: 'uniform(1, 30)', output_distribution: 'uniform(1, 9)', system_prompt: {{length: 4}}}}\n\
         load: {{type: constant, stages: [{{rate: 40, duration: 1}}]}}\n",
        json!(MODEL)
    );
    for request in requests(&dir, &spec) {
        let body = body(&request);
        assert_eq!(body["n"], request["output_tokens"]);
        assert_eq!(body["again"], json!([request["output_tokens"]]));
        assert_eq!(body["m"], request["model"]);
        assert_eq!(body["s"], true);
        let said = body["in"]["q"].as_str().expect("a text");
        assert!(
            said.starts_with("Say: \"") && said.ends_with('"') && said.len() > 9,
            "{said}"
        );
        let model = request["model"].as_str().expect("a name");
        let path = if model == "b" {
            "/v3/b/go?a=1"
        } else {
            "/v3/org%2F%22m%5C%7B%7Bx%7D%7D%22%20%C3%A9%20%F0%9F%A6%80/go?a=1"
        };
        assert_eq!(request["path"], path);
    }
}

#[test]
fn a_template_holds_a_batch_or_documents() {
    let spec = |template: &str, data: &str| {
        format!(
            "seed: 5\nmodels: m\napi: {{type: template, path: /x, template: '{template}'}}\n\
             data: {{type: random, input_distribution: 5, output_distribution: 2, {data}}}\n\
             load: {{type: constant, stages: [{{rate: 3, duration: 1}}]}}\n"
        )
    };
    let batch = spec(r#"{"text": {{ texts|tojson }}}"#, "batch_size: 3");
    for request in requests(&dir(), &batch) {
        assert_eq!(body(&request)["text"].as_array().expect("a list").len(), 3);
    }
    let documents = spec(
        r#"{"q": {{query|tojson}}, "p": {{documents}}, "n": {{output_tokens}}}"#,
        "documents: {count: 2, length: 4}",
    );
    for request in requests(&dir(), &documents) {
        let body = body(&request);
        assert!(body["q"].is_string());
        let passages = body["p"].as_array().expect("a list");
        assert_eq!(passages.len(), 2);
        let alone = |text: &Value| text.as_str().is_some_and(|text| !text.starts_with(' '));
        assert!(passages.iter().all(alone), "{body}");
    }
}

#[test]
fn header_fields_arrive_as_they_are_written() {
    let spec = "seed: 1\nmodels: m\napi: {type: messages, headers: {X-Route: 'a \"b\\ {}', anthropic-version: '2024-01-01'}}\n\
                load: {type: constant, stages: [{rate: 1, duration: 1}]}\n";
    let headers = &requests(&dir(), spec)[0]["headers"];
    assert_eq!(headers["x-route"], "a \"b\\ {}");
    assert_eq!(headers["anthropic-version"], "2024-01-01");
    let plain = spec.replace(", anthropic-version: '2024-01-01'", "");
    let headers = &requests(&dir(), &plain)[0]["headers"];
    assert_eq!(headers["anthropic-version"], "2023-06-01");
}
