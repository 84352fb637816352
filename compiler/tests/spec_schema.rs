//! The JSON Schema that `wlc schema` prints: for every block its keys are the reader's, for every
//! word its words are the reader's, every spec here fits it, and none with a misspelt key does.

use compiler::spec::{Spec, SpecError};
use compiler::verbs::schema::SPEC;
use jsonschema::Validator;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A key that no block has, and a value that no key has.
const UNKNOWN: &str = "qqqqqqqqqqqq";

const PLAIN: &str = "\
models: [{name: m}]
data: {type: synthetic, input_distribution: 8, output_distribution: 8}
load: {type: constant, stages: [{rate: 1, duration: 1}]}
";

const TRACE: &str = "load={type: trace_replay, trace: {file: t, format: csv, time_unit: s, \
                     columns: {timestamp: a, input_tokens: b, output_tokens: c}}}";
const CONCURRENT: &str =
    "load={type: concurrent, stages: [{num_requests: 1, concurrency_level: 1}]}";
const USERS: &str = "load={type: users, stages: [{num_requests: 1, users: 1}]}";
const POPULATION: &str =
    "populations=[{name: a, load: {type: constant, stages: [{rate: 1, duration: 1}]}}]";
const SET: &str = "data={type: multi_turn, path: d.jsonl}";
const SHARED: &str = "data={type: shared_prefix, shared_prefix: {num_groups: 1}}";
const IMAGES: &str = "data.images={count: 1}";
const AUDIO: &str = "data.audio={count: 1}";

/// Each block of the schema, what is set so that a spec has it, and where it is then.
const BLOCKS: &[(&str, &[&str], &str)] = &[
    ("", &[], ""),
    ("tokenizer", &[], "tokenizer"),
    ("template_overhead", &[], "tokenizer.template_overhead"),
    ("api", &[], "api"),
    ("server", &[], "server"),
    ("model", &[], "models.0"),
    (
        "adapter",
        &["lora_traffic_split=[{name: a, split: 1}]"],
        "lora_traffic_split.0",
    ),
    ("corpus", &["data.corpus={path: a.txt}"], "data.corpus"),
    (
        "prefix",
        &["data.prefix={count: 1, length: 1}"],
        "data.prefix",
    ),
    (
        "length",
        &["data.system_prompt={length: 1}"],
        "data.system_prompt",
    ),
    (
        "documents",
        &["data.documents={count: 1, length: 1}"],
        "data.documents",
    ),
    ("images", &[IMAGES], "data.images"),
    ("audio", &[AUDIO], "data.audio"),
    ("shared_prefix", &[SHARED], "data.shared_prefix"),
    ("data", &[], "data"),
    ("window", &[TRACE], "load.trace.window"),
    ("columns", &[TRACE], "load.trace.columns"),
    ("trace", &[TRACE], "load.trace"),
    ("open_stage", &[], "load.stages.0"),
    ("concurrent_stage", &[CONCURRENT], "load.stages.0"),
    ("users_stage", &[USERS], "load.stages.0"),
    ("load", &[], "load"),
    (
        "load_of_population",
        &[POPULATION, "load="],
        "populations.0.load",
    ),
    ("engine", &[POPULATION, "load={}"], "load"),
    ("sweep", &[], "load.sweep"),
    ("sessions", &["sessions={turns: 1}"], "sessions"),
    (
        "sessions_of_data_set",
        &[SET, "sessions={delay: 1}"],
        "sessions",
    ),
    ("sampling", &[], "sampling"),
    (
        "cancellation",
        &["cancellation={rate: 1, delay: 1}"],
        "cancellation",
    ),
    (
        "audit",
        &[
            "api={type: chat, streaming: true}",
            "data=",
            "load=",
            "audit={}",
        ],
        "audit",
    ),
    ("slo", &["slo={ttft: 1s}"], "slo"),
    ("population", &[POPULATION, "load="], "populations.0"),
    (
        "distribution_map",
        &["data.input_distribution={type: fixed, mean: 1}"],
        "data.input_distribution",
    ),
];

/// Each property with words to choose from, and the same.
const WORDS: &[(&str, &str, &[&str], &str)] = &[
    ("tokenizer", "name", &[], "tokenizer.name"),
    ("api", "type", &[], "api.type"),
    (
        "api",
        "output_tokens_field",
        &["api.type=chat"],
        "api.output_tokens_field",
    ),
    ("server", "type", &[], "server.type"),
    ("", "model_selection", &[], "model_selection"),
    ("data", "type", &[], "data.type"),
    ("data", "sampling", &[SET], "data.sampling"),
    ("images", "format", &[IMAGES], "data.images.format"),
    ("audio", "format", &[AUDIO], "data.audio.format"),
    ("trace", "format", &[TRACE], "load.trace.format"),
    ("trace", "time_unit", &[TRACE], "load.trace.time_unit"),
    ("trace", "start", &[TRACE], "load.trace.start"),
    (
        "open_stage",
        "ramp",
        &["load.stages.0.end_rate=2"],
        "load.stages.0.ramp",
    ),
    ("load", "type", &[], "load.type"),
    ("sweep", "type", &[], "load.sweep.type"),
    (
        "sessions",
        "history",
        &["sessions={turns: 1}"],
        "sessions.history",
    ),
    (
        "cancellation",
        "count",
        &["cancellation={rate: 1, delay: 1}"],
        "cancellation.count",
    ),
    (
        "distribution_map",
        "type",
        &["data.input_distribution={mean: 1}"],
        "data.input_distribution.type",
    ),
];

/// Keys under which everything is a value: names of fields, and any JSON.
const FREE: [&str; 6] = [
    "headers",
    "extra",
    "tools",
    "tool_choice",
    "response_format",
    "values",
];

/// Blocks that are read over, whatever stands in them.
const READ_OVER: [&str; 4] = ["report", "metrics", "storage", "circuit_breakers"];

fn schema() -> Value {
    serde_json::from_str(SPEC).expect("JSON")
}

fn validator() -> Validator {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .build(&schema())
        .expect("a JSON Schema")
}

/// The schema of a block.
fn block<'s>(schema: &'s Value, name: &str) -> &'s Value {
    match name {
        "" => schema,
        name => &schema["$defs"][name],
    }
}

/// What the reader says of a plain spec with these overrides.
fn refusal(sets: &[&str], last: String) -> SpecError {
    let mut sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    sets.push(last.clone());
    let mut files = |_: &str| Ok(b"A text.".to_vec());
    let read = Spec::parse(PLAIN, "s.yaml", &sets, &mut files);
    let error = read.expect_err(&last);
    assert!(error.what.contains(UNKNOWN), "{last}: {error}");
    error
}

/// The names that the remedy lists behind `before`.
fn listed(error: &SpecError, before: &str) -> BTreeSet<String> {
    let at = error.remedy.to_lowercase().rfind(before);
    let list = &error.remedy[at.unwrap_or_else(|| panic!("{error}"))..];
    let quoted = list.split('`').skip(1).step_by(2);
    // What is no word is an example of something else that may stand there.
    let words = quoted.filter(|word| !word.contains(' '));
    words.map(str::to_owned).collect()
}

fn keys(map: &Value) -> BTreeSet<String> {
    map.as_object().expect("a map").keys().cloned().collect()
}

#[test]
fn the_keys_of_every_block_are_the_readers() {
    let schema = schema();
    for (name, sets, path) in BLOCKS {
        let path = match *path {
            "" => UNKNOWN.to_owned(),
            path => format!("{path}.{UNKNOWN}"),
        };
        let known = listed(&refusal(sets, format!("{path}=1")), "the keys here are");
        assert_eq!(keys(&block(&schema, name)["properties"]), known, "{name}");
        assert_eq!(
            block(&schema, name)["additionalProperties"],
            false,
            "{name}"
        );
    }
}

#[test]
fn every_block_of_the_schema_and_of_the_reader_is_compared() {
    let schema = schema();
    let compared: BTreeSet<&str> = BLOCKS.iter().map(|(name, ..)| *name).collect();
    for (name, block) in schema["$defs"].as_object().unwrap() {
        let is_block = block.get("properties").is_some();
        assert_eq!(compared.contains(name.as_str()), is_block, "{name}");
    }
    let mut sources = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec"),
        &mut sources,
    );
    let blocks: usize = sources
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .map(|source| source.matches(": Keys = Keys {").count())
        .sum();
    assert_eq!(blocks, compared.len(), "blocks of the reader");
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, found),
            false => found.push(path),
        }
    }
}

/// The words of a property, of what it refers to, or of the first of its forms.
fn words(schema: &Value, property: &Value) -> BTreeSet<String> {
    if let Some(name) = property["$ref"].as_str() {
        return words(schema, schema.pointer(&name[1..]).unwrap());
    }
    let listed = match property.get("enum") {
        Some(listed) => listed,
        None => &property["anyOf"][0]["enum"],
    };
    let listed = listed.as_array().unwrap_or_else(|| panic!("{property}"));
    let word = |word: &Value| word.as_str().unwrap().to_owned();
    listed.iter().map(word).collect()
}

#[test]
fn the_words_are_the_readers() {
    let schema = schema();
    for (name, key, sets, path) in WORDS {
        let known = listed(&refusal(sets, format!("{path}={UNKNOWN}")), "write one of");
        let property = &block(&schema, name)["properties"][key];
        assert_eq!(words(&schema, property), known, "{path}");
    }
}

#[test]
fn everything_has_a_description() {
    fn walk(value: &Value, path: &str) {
        let Some(map) = value.as_object() else {
            return;
        };
        if let Some(properties) = map.get("properties").and_then(Value::as_object) {
            for (key, property) in properties {
                let is_said =
                    property.get("description").is_some() || property.get("$ref").is_some();
                // The weights of image formats say what they are together.
                assert!(is_said, "{path}.{key}");
            }
        }
        for (key, value) in map {
            walk(value, &format!("{path}.{key}"));
        }
    }
    walk(&schema(), "");
}

/// Every spec of the repository, as JSON.
fn specs() -> BTreeMap<String, Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    collect(&root.join("examples"), &mut files);
    collect(&root.join("tests/golden"), &mut files);
    files.retain(|file| file.extension().is_some_and(|e| e == "yaml"));
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        let spec = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{file:?}: {e}"));
        (file.display().to_string(), spec)
    };
    files.iter().map(read).collect()
}

#[test]
fn every_spec_fits() {
    let validator = validator();
    let specs = specs();
    assert!(specs.len() > 40, "{}", specs.len());
    for (name, spec) in specs {
        let errors: Vec<String> = validator
            .iter_errors(&spec)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

/// The spec with each of its keys misspelt, one at a time.
fn misspelt(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let mut wrong = map.clone();
                let taken = wrong.remove(key).unwrap();
                wrong.insert(format!("{key}_"), taken);
                all.push((key.clone(), Value::Object(wrong)));
                if FREE.contains(&key.as_str()) || READ_OVER.contains(&key.as_str()) {
                    continue;
                }
                for (path, inner) in misspelt(inner) {
                    let mut wrong = map.clone();
                    wrong.insert(key.clone(), inner);
                    all.push((format!("{key}.{path}"), Value::Object(wrong)));
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                for (path, item) in misspelt(item) {
                    let mut wrong = items.clone();
                    wrong[i] = item;
                    all.push((format!("{i}.{path}"), Value::Array(wrong)));
                }
            }
        }
        _ => {}
    }
    all
}

#[test]
fn no_spec_with_a_misspelt_key_fits() {
    let validator = validator();
    let mut tried = 0;
    for (name, spec) in specs() {
        for (path, wrong) in misspelt(&spec) {
            assert!(!validator.is_valid(&wrong), "{name}: {path}");
            tried += 1;
        }
    }
    assert!(tried > 400, "{tried}");
}
