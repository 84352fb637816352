//! Endpoints, and what is asked of one that has no place for it.

use super::{SadBlock, check_before};

/// A spec that needs nothing in front of it.
const REST: &str = "models: m\n";

#[rustfmt::skip]
const ENDPOINTS: &[SadBlock] = &[
    ("api: {type: embedding}", 1, 13, "unknown value `embedding`", "did you mean `embeddings`?"),
    ("api: {type: embeddings, streaming: true}", 1, 36, "the endpoint `embeddings` answers in one piece", "or write false"),
    ("api: {type: rerank, streaming: true}", 1, 32, "the endpoint `rerank` answers in one piece", "remove it"),
    ("api: {type: chat, format: tei}", 1, 27, "the endpoint `chat` has one form", "`rerank` and `kserve` have several"),
    ("api: {type: rerank, format: jina}", 1, 29, "unknown value `jina`", "write one of `cohere`, `tei`, `nim`"),
    ("api: {type: kserve, format: trt}", 1, 29, "unknown value `trt`", "`vllm`, `trtllm`"),
    ("api: {path: v1/x}", 1, 13, "\"v1/x\" is not a path", "like /v1/chat/completions"),
    ("api: {path: /v1/a b}", 1, 13, "\"/v1/a b\" is not a path", "without blanks"),
    ("api: {path: '/v1/{name}'}", 1, 13, "holds braces", "write `{model}`"),
    ("api: {type: raw}", 1, 6, "missing `api.path`", "add `path: /v1/generate`"),
    ("api: {type: template, template: '{\"a\": \"{{prompt}}\"}'}", 1, 6, "missing `api.path`", "does not say where it belongs"),
    ("api: {type: template, path: /x}", 1, 6, "missing `api.template`", "\"{{prompt}}\""),
    ("api: {type: chat, template: a.json}", 1, 29, "the endpoint `chat` has a body of its own", "write `type: template`"),
    ("api: {output_tokens_field: max_completion_tokens}", 1, 28, "the endpoint `completion` has one name for it", "only `chat` has two"),
    ("api: {type: chat, output_tokens_field: max}", 1, 40, "unknown value `max`", "`max_tokens`, `max_completion_tokens`"),
    ("api: {session_id_header_key: Authorization}", 1, 30, "it is a secret", "remove it"),
    ("api: {session_id_header_key: 'a b'}", 1, 30, "is not a header name", "like x-route"),
    ("api: {headers: {X-Id: 1}, session_id_header_key: x-id}", 1, 50, "stands in `api.headers` already", "keep one"),
    ("api: {type: embeddings, embeddings: {dimensions: 3}}", 1, 25, "the batch is part of the data", "extra: {dimensions: 256}"),
    ("api: {type: raw, path: /x}\ndata: {type: synthetic}", 2, 14, "the endpoint `raw` sends bodies as a data set holds them", "type: raw_payload"),
    ("api: {type: rerank}\ndata: {type: synthetic}", 2, 7, "orders documents, and there are none", "add `documents: {count: 10"),
    ("api: {type: rerank}\ndata: {type: random, batch_size: 3, input_distribution: 9, output_distribution: 1}", 2, 34, "has no place for it", "write `data.documents` instead"),
    ("api: {type: chat}\ndata: {type: random, documents: {count: 3, length: 9}}", 2, 33, "a body of the endpoint `chat` has no place for it", "remove it"),
    ("api: {type: messages}\ndata: {type: random, audio: {duration: 1s}}", 2, 29, "a body of the endpoint `messages` has no place for audio", "type: chat"),
    ("api: {type: completion}\ndata: {type: random, images: {width: 8, height: 8}}", 2, 30, "a body of the endpoint `completion` has no place for images", "type: chat"),
    ("api: {type: embeddings}\nsessions: {turns: 2}", 2, 11, "answers nothing to go on from", "remove `sessions`"),
    ("api: {type: template, path: /x, template: '{\"a\": \"{{prompt}}\"}'}\nsessions: {turns: 2, history: live}", 2, 31, "where an answer of the endpoint `template` holds its text is not known", "write `history: materialised`"),
    ("api: {type: template, path: /x, template: '{\"a\": \"{{prompt}}\"}'}\ndata: {type: multi_turn, path: d}\nsessions: {history: live}", 3, 21, "where an answer of the endpoint `template` holds its text is not known", "`api: {type: chat}`"),
    ("api: {type: tgi}\nlora_traffic_split: [{name: a, split: 1}]", 2, 21, "names no model, and so no adapter", "completion"),
];

#[rustfmt::skip]
const SAMPLING: &[SadBlock] = &[
    ("api: {type: messages}\nsampling: {seed: true}", 2, 18, "`sampling.seed`: the endpoint `messages` has no such parameter", "goes into `api.extra`"),
    ("api: {type: responses}\nsampling: {top_k: 3}", 2, 19, "the endpoint `responses` has no such parameter", "api.extra"),
    ("api: {type: embeddings}\nsampling: {temperature: 1}", 2, 25, "the endpoint `embeddings` has no such parameter", "nothing is drawn there"),
    ("api: {type: template, path: /x, template: '{\"a\": \"{{prompt}}\"}'}\nsampling: {top_p: 0.5}", 2, 19, "the endpoint `template` has no such parameter", "into the template"),
];

#[rustfmt::skip]
const FIELDS: &[SadBlock] = &[
    ("api: {extra: {max_tokens: 3}}", 1, 15, "`api.extra.max_tokens`: `data.output_distribution` sets this field", "remove it here"),
    ("api: {type: chat, extra: {tools: []}}", 1, 27, "`api.tools` sets this field", "remove it here"),
    ("api: {type: tgi, extra: {do_sample: true}}", 1, 26, "`sampling.temperature` sets this field", "remove it here"),
    ("api: {type: messages, extra: {system: x}}", 1, 31, "`data` sets this field", "remove it here"),
    ("api: {extra: {ignore_eos: true}}", 1, 15, "`server.ignore_eos` sets this field", "remove it here"),
    ("api: {extra: [a]}", 1, 14, "expected a map, found a list", "key: value"),
    ("api: {extra: {a: 0x10}}", 1, 18, "JSON has no number `0x10`", "decimal digits"),
    ("api: {extra: {a: [1, {b: .5}]}}", 1, 26, "`api.extra.a[1].b`: JSON has no number `.5`", "decimal digits"),
    ("api: {extra: {user: {api_key: x}}}", 1, 22, "secrets never enter a workload", "--api-key-env"),
    ("api: {extra: {u: 'https://me:pw@host'}}", 1, 18, "a URL with a user is a secret", "--api-key-env"),
    ("api: {type: tgi, tools: []}", 1, 25, "the endpoint `tgi` has no field `tools`", "api.extra"),
    ("api: {type: chat, tools: {a: 1}}", 1, 26, "expected a list, found a map", "- "),
    ("api: {type: messages, response_format: {type: json_object}}", 1, 40, "the endpoint `messages` has no field `response_format`", "api.extra"),
    ("api: {type: responses, response_format: {type: json_schema, json_schema: {schema: {}}}}", 1, 74, "name and schema stand beside the type", "name: .., schema: {..}"),
    ("api: {type: responses, response_format: {type: text}, extra: {text: {}}}", 1, 63, "`api.response_format` sets this field", "keep one of the two"),
    ("api: {type: template, path: /x, template: '{\"a\": \"{{prompt}}\"}', extra: {b: 1}}", 1, 73, "a template holds all fields", "write it into the template"),
];

#[rustfmt::skip]
const TEMPLATES: &[SadBlock] = &[
    ("api: {type: template, path: /x, template: {a: 1}}", 1, 43, "expected text, found a map", "put the template behind `template: |`"),
    ("api: {type: template, path: /x, template: none.json}", 1, 43, "\"none.json\" cannot be read", "a readable file"),
    ("api: {type: template, path: /x, template: '{\"a\": {{prompt}}}'}", 1, 43, "`api.template`: line 1, column 7 of the template: `prompt` is text, and stands outside a string", "with the quotes"),
    ("api:\n  type: template\n  path: /x\n  template: |\n    {\"a\": \"{{prompt}}\",\n     \"b\": {{tokens}}}", 5, 5, "line 2, column 7 of the template: unknown slot `tokens`", "`{{output_tokens}}`"),
];

#[test]
fn endpoints_are_asked_for_what_they_have() {
    check_before(REST, ENDPOINTS);
}

#[test]
fn a_template_takes_a_history_that_the_compiler_makes() {
    let api = "api: {type: template, path: /x, template: '{\"a\": \"{{prompt}}\"}'}";
    for sessions in ["{turns: 2}", "{turns: 2, history: materialised}"] {
        super::parse(&format!("{api}\nsessions: {sessions}\n{REST}")).expect(sessions);
    }
}

#[test]
fn sampling_parameters_that_an_endpoint_does_not_have_are_refused() {
    check_before(REST, SAMPLING);
}

#[test]
fn fields_that_the_endpoint_sets_name_the_key_that_sets_them() {
    check_before(REST, FIELDS);
}

#[test]
fn wrong_templates_say_line_and_column_within_them() {
    check_before(REST, TEMPLATES);
}

#[test]
fn a_wrong_template_file_is_named_with_its_own_line_and_column() {
    let text = format!("api: {{type: template, path: /x, template: wrong.json}}\n{REST}");
    let error = super::parse(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "wrong.json:2:9: unknown slot `promt`\n  help: the slots are `{{prompt}}`, `{{documents}}`, \
         `{{model}}`, `{{output_tokens}}`, `{{stream}}`"
    );
}
