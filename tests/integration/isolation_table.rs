//! The isolation table: one base spec, every single feature beside it, and the columns that it
//! changes. A feature changes its own columns and no other.
//!
//! The control makes the same columns with one shared generator, as load generators usually do,
//! and fails the same comparison.

use crate::support::{dir, root};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is compared, in the order of the table.
const COLUMNS: [&str; 15] = [
    "time",
    "stage",
    "session",
    "turn",
    "model",
    "adapter",
    "input",
    "output",
    "prompt",
    "front",
    "media",
    "documents",
    "parameters",
    "cancel",
    "labels",
];

/// Values of each column, by request.
type Columns = BTreeMap<&'static str, Vec<Value>>;

const BASE: &str = "\
seed: 8
api: {type: chat, streaming: true}
server: {type: vllm}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(4, 60)', output_distribution: 'uniform(1, 100)'}
load: {type: poisson, interval: 0, stages: [{rate: 100, duration: 2}]}
";

const POPULATIONS: &str = "\
seed: 8
api: {type: chat, streaming: true}
server: {type: vllm}
populations:
- name: first
  models: [{name: m}]
  data: {type: synthetic, input_distribution: 'uniform(4, 60)', output_distribution: 'uniform(1, 100)'}
  load: {type: poisson, interval: 0, stages: [{rate: 100, duration: 2}]}
- name: second
  models: [{name: n}]
  data: {type: synthetic, input_distribution: 'uniform(4, 60)', output_distribution: 'uniform(1, 100)'}
  load: {type: gamma, burstiness: 0.5, stages: [{rate: 70, duration: 3}]}
  sessions: {turns: 'uniform(1, 3)', delay: 1s}
";

const TRACE: &str = "\
seed: 8
models: [{name: m}]
data: {type: random, trace: {file: t.csv, format: AzurePublicDataset}}
load: {type: trace_replay, trace: {file: t.csv, format: AzurePublicDataset}}
";

/// A spec with one more line, or another word, or another command line.
struct Variation {
    name: &'static str,
    add: &'static str,
    options: &'static str,
    /// What may change.
    changes: &'static [&'static str],
}

const fn vary(
    name: &'static str,
    add: &'static str,
    options: &'static str,
    changes: &'static [&'static str],
) -> Variation {
    Variation {
        name,
        add,
        options,
        changes,
    }
}

const VARIATIONS: [Variation; 19] = [
    vary("nothing", "", "", &[]),
    vary("one thread", "", "--threads 1", &[]),
    vary("five threads", "", "--threads 5", &[]),
    vary(
        "cancellation",
        "cancellation: {rate: 0.3, delay: 'uniform(10ms, 1s)'}",
        "",
        &["cancel"],
    ),
    vary(
        "cancellation, exact, by tokens",
        "cancellation: {rate: 0.3, count: exact, after_tokens: 'uniform(1, 9)'}",
        "",
        &["cancel"],
    ),
    vary(
        "LoRA",
        "lora_traffic_split: [{name: a, split: 0.5}, {name: b, split: 0.5}]",
        "",
        &["adapter"],
    ),
    vary("one more model", "", "--set models.1.name=n", &["model"]),
    vary(
        "one more model, at random",
        "model_selection: random",
        "--set models.1.name=n",
        &["model"],
    ),
    vary(
        "sampling parameters",
        "sampling: {temperature: 'uniform(0.1, 1)', top_p: 'uniform(0.5, 1)', top_k: 'uniform(1, 50)', seed: true}",
        "",
        &["parameters"],
    ),
    vary(
        "sessions",
        "sessions: {turns: 'uniform(1, 4)', delay: 'uniform(1s, 2s)'}",
        "",
        &["session", "turn"],
    ),
    vary(
        "sessions with live history",
        "sessions: {turns: 'uniform(1, 4)', delay: 1s, history: live}",
        "",
        &["session", "turn"],
    ),
    vary(
        "another output distribution",
        "",
        "--set data.output_distribution=uniform(200,300)",
        &["output"],
    ),
    vary(
        "another input distribution",
        "",
        "--set data.input_distribution=uniform(70,90)",
        &["input", "prompt"],
    ),
    vary(
        "lengths in pairs",
        "",
        "--set data.input_distribution= --set data.output_distribution= --set data.sequence_distribution=100|9,200|9:50;300,400:50",
        &["input", "output", "prompt"],
    ),
    vary(
        "another process",
        "",
        "--set load.type=weibull --set load.shape=0.6",
        &["time"],
    ),
    vary(
        "another rate",
        "",
        "--set load.stages.0.rate=150",
        &["time"],
    ),
    vary(
        "a further stage",
        "",
        "--set load.stages.1={rate: 50, duration: 1}",
        &[],
    ),
    vary(
        "a concurrency cap",
        "",
        "--set load.stages.0.max_concurrency=9",
        &[],
    ),
    vary(
        "all of it at once",
        "\
cancellation: {rate: 0.3, delay: 'uniform(10ms, 1s)'}
lora_traffic_split: [{name: a, split: 0.5}, {name: b, split: 0.5}]
model_selection: random
sampling: {temperature: 'uniform(0.1, 1)', seed: true}
sessions: {turns: 'uniform(1, 4)', delay: 'uniform(1s, 2s)'}",
        "--set models.1.name=n --threads 3",
        &[
            "session",
            "turn",
            "model",
            "adapter",
            "parameters",
            "cancel",
        ],
    ),
];

/// What stands beside a prompt: entries of `data`, the words that it puts into the same text, and
/// what changes.
type Beside = (&'static str, usize, &'static [&'static str]);

const BESIDE: [Beside; 9] = [
    ("prefix: {count: 3, length: 7}", 7, &["input", "front"]),
    ("prefix: {count: 1, length: 2}", 2, &["input", "front"]),
    ("system_prompt: {length: 9}", 0, &["input", "front"]),
    (
        "user_context: {length: 'uniform(1, 9)'}",
        0,
        &["input", "front"],
    ),
    ("salt: true", 4, &["input", "front"]),
    (
        "images: {count: 'uniform(0, 2)', pool: 3, width: 'uniform(8, 9)', height: 8, format: {png: 1, jpeg: 1}}",
        0,
        &["media"],
    ),
    (
        "audio: {count: 'uniform(0, 2)', pool: 3, duration: 'uniform(1ms, 2ms)', bit_depth: [8, 16]}",
        0,
        &["media"],
    ),
    (
        "images: {width: 8, height: 8}, audio: {duration: 1ms}, prefix: {count: 3, length: 7}, \
         system_prompt: {length: 9}, user_context: {length: 2}",
        7,
        &["input", "front", "media"],
    ),
    // What is drawn for a prompt is not what another corpus makes of it.
    ("corpus: random", 0, &["prompt"]),
];

/// Lines of a spec whose `data` has this beside the rest.
fn lines_with(spec: &str, data: &str) -> Vec<Value> {
    let close = ", output_distribution: 'uniform(1, 100)'";
    lines(&spec.replace(close, &format!("{close}, {data}")), None, "")
}

/// The lines of `wlc inspect`.
fn lines(spec: &str, trace: Option<&str>, options: &str) -> Vec<Value> {
    let dir = dir();
    dir.write("s.yaml", spec);
    if let Some(trace) = trace {
        dir.write("t.csv", trace);
    }
    let mut call = dir.wlc("compile s.yaml -o w.wlc");
    // An override may hold spaces.
    for option in options.split("--").filter(|option| !option.is_empty()) {
        let (flag, value) = option.trim().split_once(' ').expect("a flag and its value");
        call = call.arg(format!("--{flag}")).arg(value);
    }
    call.run().ok();
    dir.wlc("inspect w.wlc --requests --json --bodies")
        .run()
        .json_lines()
}

/// The columns of the requests that exist without any feature: first turns of the first
/// population.
fn columns_of(lines: &[Value]) -> Columns {
    columns_behind(lines, 0)
}

/// The text that is the request's own, without the words of its front, and what stands beside it.
struct Parts {
    prompt: String,
    front: Value,
    media: Vec<Value>,
    documents: Vec<Value>,
}

/// Takes a body apart, whose own text follows so many words of its front in the same string.
fn parts(body: &Value, in_front: usize) -> Parts {
    let mut parts = Parts {
        prompt: String::new(),
        front: Value::Null,
        media: Vec::new(),
        documents: Vec::new(),
    };
    let mut before = Vec::new();
    let said = match (&body["prompt"], &body["input"], &body["messages"]) {
        (Value::String(prompt), ..) => prompt.clone(),
        (_, Value::Array(texts), _) => {
            parts.documents = texts[1..].to_vec();
            texts[0].as_str().expect("a text").to_owned()
        }
        (.., messages) => {
            let messages = messages.as_array().expect("messages");
            let (last, others) = messages.split_last().expect("a message");
            before = others.to_vec();
            match &last["content"] {
                Value::Array(content) => {
                    parts.media = content[1..].to_vec();
                    content[0]["text"].as_str().expect("a text").to_owned()
                }
                content => content.as_str().expect("a text").to_owned(),
            }
        }
    };
    let words: Vec<&str> = said.split(' ').collect();
    let (front, own) = words.split_at(in_front);
    parts.prompt = own.join(" ");
    if !before.is_empty() || !front.is_empty() {
        parts.front = json!([before, front]);
    }
    parts
}

/// The same where the own text follows so many words of its front in the same string.
fn columns_behind(lines: &[Value], in_front: usize) -> Columns {
    let mut columns = Columns::new();
    let known = lines.iter().filter(|line| {
        let further_turn = line["turn"].as_u64().unwrap_or(0) > 0;
        !further_turn && line["labels"]["population"] != "second"
    });
    for line in known {
        let body: Value = serde_json::from_str(line["body"].as_str().unwrap()).unwrap();
        let parts = parts(&body, in_front);
        let parameters = ["temperature", "top_p", "top_k", "seed"].map(|key| &body[key]);
        let cell = |name: &str| match name {
            "time" => line["at_ns"].clone(),
            "input" => line["input_tokens"].clone(),
            "output" => json!([line["output_tokens"], body["max_tokens"]]),
            "prompt" => json!(parts.prompt),
            "front" => parts.front.clone(),
            "media" => json!(parts.media),
            "documents" => json!(parts.documents),
            "parameters" => json!(parameters),
            "cancel" => json!([line["cancel_after_ns"], line["cancel_after_tokens"]]),
            // The model field is the adapter's where there is one.
            "adapter" if line["adapter"].is_null() => Value::Null,
            "adapter" => json!([line["adapter"], body["model"]]),
            other => line[other].clone(),
        };
        for name in COLUMNS {
            columns.entry(name).or_default().push(cell(name));
        }
    }
    columns
}

/// Which columns differ, over the requests that both have.
fn changed(base: &Columns, varied: &Columns) -> Vec<&'static str> {
    let differs = |name: &&&str| {
        let (base, varied) = (&base[**name], &varied[**name]);
        let both = base.len().min(varied.len());
        assert!(both > 0, "there is nothing to compare");
        base[..both] != varied[..both]
    };
    COLUMNS.iter().filter(differs).copied().collect()
}

/// One line for each variation, one mark for each column that changed.
fn table(rows: &[(&str, Vec<&str>)]) -> String {
    let mut table = String::new();
    for (name, changed) in rows {
        write!(table, "{name:<32.32}").unwrap();
        for column in COLUMNS {
            let mark = if changed.contains(&column) {
                column
            } else {
                "·"
            };
            write!(table, " {mark:<width$}", width = column.len()).unwrap();
        }
        table = table.trim_end().to_owned() + "\n";
    }
    table
}

#[test]
fn every_feature_changes_its_own_columns_and_no_other() {
    let base = columns_of(&lines(BASE, None, ""));
    assert!(base["time"].len() > 150);
    let mut seen = Vec::new();
    let mut expected = Vec::new();
    for variation in &VARIATIONS {
        let spec = format!("{BASE}{}\n", variation.add);
        let varied = columns_of(&lines(&spec, None, variation.options));
        assert!(
            varied["time"].len() * 4 > base["time"].len() * 3,
            "{}",
            variation.name
        );
        seen.push((variation.name, changed(&base, &varied)));
        expected.push((variation.name, variation.changes.to_vec()));
    }
    for (data, in_front, changes) in BESIDE {
        let varied = columns_behind(&lines_with(BASE, data), in_front);
        assert_eq!(varied["time"].len(), base["time"].len());
        seen.push((data, changed(&base, &varied)));
        expected.push((data, changes.to_vec()));
    }
    // Further texts of a batch, at an endpoint that has them.
    let embeddings = BASE.replace("type: chat, streaming: true", "type: embeddings");
    let batch = "batch_size: {type: uniform, min: 1, max: 4}";
    let varied = columns_of(&lines_with(&embeddings, batch));
    let alone = columns_of(&lines(&embeddings, None, ""));
    seen.push((batch, changed(&alone, &varied)));
    expected.push((batch, vec!["input", "documents"]));
    // A further population; its own label is what is new in the first.
    let varied = columns_of(&lines(POPULATIONS, None, ""));
    assert_eq!(varied["time"].len(), base["time"].len());
    seen.push(("one more population", changed(&base, &varied)));
    expected.push(("one more population", vec!["labels"]));
    // Images, as far as a trace knows of them.
    let row = |i: u32| {
        format!(
            "2024-10-15T12:00:{:02}.5Z,{},{},{}",
            i,
            i % 3,
            20 + i,
            5 + i
        )
    };
    let with: String = (0..40).map(|i| row(i) + "\n").collect();
    let with = format!("TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n{with}");
    let without: String = with.lines().map(without_images).collect();
    let text_only = columns_of(&lines(TRACE, Some(&without), ""));
    let images = columns_of(&lines(TRACE, Some(&with), ""));
    seen.push(("images", changed(&text_only, &images)));
    expected.push(("images", vec!["labels"]));
    println!("{}", table(&seen));
    assert_eq!(table(&seen), table(&expected));
}

/// A line of a trace without its second field.
fn without_images(line: &str) -> String {
    let mut fields: Vec<&str> = line.split(',').collect();
    fields.remove(1);
    fields.join(",") + "\n"
}

/// The natural mistake: everything is drawn from one generator, in the order in which it is
/// needed.
fn shared_generator(feature: &str) -> Columns {
    let mut rng = ChaCha12Rng::seed_from_u64(8);
    let mut columns = Columns::new();
    let mut time = 0;
    for _ in 0..200 {
        time += rng.next_u64() % 20_000_000;
        let mut row = BTreeMap::from([("time", json!(time))]);
        row.insert("input", json!(4 + rng.next_u64() % 57));
        row.insert("output", json!(1 + rng.next_u64() % 100));
        let mut drawn = |on: &str| match feature {
            feature if feature == on => json!(rng.next_u64() % 3),
            _ => Value::Null,
        };
        row.insert("cancel", drawn("cancellation"));
        row.insert("adapter", drawn("LoRA"));
        row.insert("model", drawn("one more model, at random"));
        row.insert("parameters", drawn("sampling parameters"));
        row.insert("turn", drawn("sessions"));
        row.insert("media", drawn("images"));
        row.insert("front", drawn("a prefix of a pool"));
        row.insert("prompt", json!(rng.next_u64()));
        for name in COLUMNS {
            let cell = row.remove(name).unwrap_or(Value::Null);
            columns.entry(name).or_default().push(cell);
        }
    }
    columns
}

#[test]
fn control_one_shared_generator_fails_the_same_comparison() {
    let base = shared_generator("");
    assert_eq!(
        changed(&base, &shared_generator("")),
        [""; 0],
        "it is deterministic"
    );
    for feature in [
        "cancellation",
        "LoRA",
        "one more model, at random",
        "sampling parameters",
        "sessions",
        "images",
        "a prefix of a pool",
    ] {
        let variation = VARIATIONS.iter().find(|v| v.name == feature);
        let changes = variation.map_or(&["front"][..], |v| v.changes);
        let seen = changed(&base, &shared_generator(feature));
        let others = ["time", "input", "output", "prompt"];
        assert!(
            others.iter().all(|column| seen.contains(column)),
            "{feature}: {seen:?}"
        );
        assert_ne!(seen, changes, "{feature}");
    }
}

#[test]
fn a_window_of_a_population_of_clients_keeps_the_requests_in_it() {
    let sample = root().join("traces/data/servegen_sample");
    let spec = |options: &str| {
        let trace = format!(
            "{{file: '{}', format: ServeGen{options}}}",
            sample.display()
        );
        format!(
            "seed: 8\nmodels: [{{name: m}}]\n\
             data: {{type: random, trace: {{file: '{}', format: ServeGen}}}}\n\
             load: {{type: trace_replay, trace: {trace}}}\n",
            sample.display()
        )
    };
    const S: u64 = 1_000_000_000;
    let (from_ns, to_ns) = (100 * S, 1_000 * S);
    let inside = |line: &Value| {
        let at_ns = line["at_ns"].as_u64()?.checked_sub(from_ns)?;
        (at_ns < to_ns - from_ns).then(|| (at_ns, line["body"].clone()))
    };
    let whole = lines(&spec(""), None, "");
    let whole: Vec<_> = whole.iter().filter_map(inside).collect();
    let window = lines(&spec(", window: {from: 100s, to: 1000s}"), None, "");
    let window: Vec<_> = window
        .iter()
        .map(|line| (line["at_ns"].as_u64().unwrap(), line["body"].clone()))
        .collect();
    assert!(whole.len() > 100);
    assert!(whole == window, "{} and {}", whole.len(), window.len());
}
