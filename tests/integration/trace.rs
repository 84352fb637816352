//! A trace is replayed to the digit: offsets, token counts, and what the bodies ask for.

use crate::support::{dir, requests, root};
use harness::Inspected;
use serde_json::{Value, json};

/// Start in ns from the first row, input tokens, output tokens.
pub type Row = (u64, u32, u32);

/// Reads an Azure trace by its digits alone: no date library, no float, no code of the programs.
/// Rows lie on one day and are sorted by time, as they are in the files that are read here.
pub fn azure_rows(csv: &str) -> Vec<Row> {
    let rows: Vec<(u64, u32, u32)> = csv.lines().skip(1).map(azure_row).collect();
    let first_ns = rows.first().expect("a row").0;
    rows.into_iter()
        .map(|(ns, input, output)| (ns - first_ns, input, output))
        .collect()
}

fn azure_row(line: &str) -> Row {
    let fields: Vec<&str> = line.trim_end().split(',').collect();
    let [timestamp, input, output] = fields[..] else {
        panic!("{line:?} has not three fields");
    };
    let (_date, time) = timestamp.split_once(' ').expect("a date and a time");
    let (clock, fraction) = time.split_once('.').expect("a fraction");
    let parts: Vec<u64> = clock
        .split(':')
        .map(|part| part.parse().expect("digits"))
        .collect();
    let seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    assert_eq!(fraction.len(), 7, "{timestamp}");
    let hundreds_of_ns: u64 = fraction.parse().expect("digits");
    let ns = seconds * 1_000_000_000 + hundreds_of_ns * 100;
    (
        ns,
        input.parse().expect("a count"),
        output.parse().expect("a count"),
    )
}

/// The rows that a workload holds.
pub fn compiled_rows(requests: &[Inspected]) -> Vec<Row> {
    let row = |r: &Inspected| (r.at_ns, r.input_tokens, r.output_tokens);
    requests.iter().map(row).collect()
}

fn sample() -> String {
    let path = root().join("traces/data/azure_code_sample.csv");
    std::fs::read_to_string(path).expect("the sample is in the repository")
}

/// A spec that replays `trace.csv`.
pub fn trace_spec(api: &str, server: Option<&str>) -> String {
    let server = server.map_or(String::new(), |server| {
        format!("server: {{type: {server}}}\n")
    });
    format!(
        "seed: 3\napi: {api}\n{server}models: [{{name: llama}}]\n\
         load: {{type: trace_replay, trace: {{file: trace.csv, format: AzurePublicDataset}}}}\n\
         data: {{type: random, trace: {{file: trace.csv, format: AzurePublicDataset}}}}\n"
    )
}

fn replayed(api: &str, server: Option<&str>) -> Vec<Inspected> {
    let dir = dir();
    dir.write("trace.csv", sample());
    requests(&dir, "t", &trace_spec(api, server), "")
}

#[test]
fn every_row_is_a_request_at_its_exact_offset_with_its_token_counts() {
    let requests = replayed("{type: completion}", None);
    let rows = azure_rows(&sample());
    assert_eq!(rows.len(), 20);
    assert_eq!(compiled_rows(&requests), rows);
}

#[test]
fn control_a_trace_with_one_digit_changed_does_not_match() {
    let requests = replayed("{type: completion}", None);
    let rows = azure_rows(&sample().replace("12:31:05.5518717", "12:31:05.5518718"));
    assert_ne!(compiled_rows(&requests), rows);
}

#[test]
fn the_example_in_the_repository_replays_its_sample() {
    let dir = dir();
    let spec = root().join("examples/trace.yaml");
    let call = dir.wlc("compile -o e.wlc").arg(&spec).run();
    call.ok();
    let requests = harness::inspected(dir.wlc("inspect e.wlc"));
    assert_eq!(compiled_rows(&requests), azure_rows(&sample()));
}

/// The body that a request must have, given the prompt that it does have.
fn expected_body(request: &Inspected, chat: bool, stream: bool, exactly: bool) -> Value {
    let mut body = json!({
        "model": "llama", "max_tokens": request.output_tokens, "stream": stream,
    });
    if chat {
        body["messages"] = json!([{"role": "user", "content": request.prompt()}]);
    } else {
        body["prompt"] = request.prompt().into();
    }
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    if exactly {
        body["ignore_eos"] = true.into();
        body["min_tokens"] = request.output_tokens.into();
    }
    body
}

#[test]
fn a_body_is_json_with_the_fields_of_its_endpoint_and_no_others() {
    for (kind, chat) in [("chat", true), ("completion", false)] {
        for stream in [true, false] {
            let api = format!("{{type: {kind}, streaming: {stream}}}");
            for request in replayed(&api, None) {
                assert_eq!(request.json(), expected_body(&request, chat, stream, false));
                assert_eq!(request.stream, stream);
                let path = if chat {
                    "/v1/chat/completions"
                } else {
                    "/v1/completions"
                };
                assert_eq!(
                    (request.path.as_str(), request.model.as_str()),
                    (path, "llama")
                );
            }
        }
    }
}

#[test]
fn servers_with_the_extension_are_asked_for_exactly_max_tokens() {
    for server in ["vllm", "sglang", "tgi"] {
        for request in replayed("{type: chat, streaming: true}", Some(server)) {
            assert_eq!(
                request.json(),
                expected_body(&request, true, true, true),
                "{server}"
            );
        }
    }
}

#[test]
fn every_example_compiles_and_verifies() {
    let dir = dir();
    for name in ["demo", "constant", "poisson", "trace"] {
        let spec = root().join(format!("examples/{name}.yaml"));
        dir.wlc(&format!("compile -o {name}.wlc"))
            .arg(spec)
            .run()
            .ok();
        dir.wlc(&format!("verify {name}.wlc")).run().ok();
    }
}
