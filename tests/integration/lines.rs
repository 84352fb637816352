//! A workload as the lines of `wlc inspect`, and what tests take out of them.

use crate::support::{compile, dir};
use harness::Dir;
use serde_json::Value;

/// A workload, request by request.
pub struct Lines {
    /// What `wlc compile --json` said.
    pub compiled: Value,
    /// What `wlc inspect --json` says.
    pub summary: Value,
    /// One object for each request, with its body.
    pub lines: Vec<Value>,
}

impl Lines {
    /// Compiles a spec that names no file.
    #[track_caller]
    pub fn of(spec: &str) -> Self {
        Self::with(&dir(), spec, "")
    }

    /// Compiles a spec whose files lie in `dir`, with these options.
    #[track_caller]
    pub fn with(dir: &Dir, spec: &str, options: &str) -> Self {
        let compiled = compile(dir, "lines", spec, options);
        let requests = dir.wlc("inspect lines.wlc --requests --json --bodies");
        Self {
            compiled,
            summary: dir.wlc("inspect lines.wlc --json").run().json(),
            lines: requests.run().json_lines(),
        }
    }

    /// A number of every request; a request without it panics.
    #[track_caller]
    pub fn numbers(&self, key: &str) -> Vec<u64> {
        self.lines.iter().map(|line| number(line, key)).collect()
    }

    /// A value of every request.
    pub fn column(&self, key: &str) -> Vec<&Value> {
        self.lines.iter().map(|line| &line[key]).collect()
    }

    /// A number of stage `stage`.
    #[track_caller]
    pub fn of_stage(&self, stage: usize, key: &str) -> u64 {
        number(&self.summary["stages"][stage], key)
    }

    /// What was drawn from, by name.
    pub fn drawn_from(&self) -> Vec<String> {
        let identifiers = &self.summary["manifest"]["rng"]["identifiers"];
        serde_json::from_value(identifiers.clone()).expect("a list of names")
    }
}

/// A number under this key.
#[track_caller]
pub fn number(line: &Value, key: &str) -> u64 {
    line[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} is {}", line[key]))
}

/// A text under this key.
#[track_caller]
pub fn text<'v>(line: &'v Value, key: &str) -> &'v str {
    line[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} is {}", line[key]))
}

/// The parsed body.
#[track_caller]
pub fn body(line: &Value) -> Value {
    serde_json::from_str(text(line, "body")).expect("a body is JSON")
}

/// Role and content of every message of a chat body.
#[track_caller]
pub fn messages(body: &Value) -> Vec<(String, String)> {
    let messages = body["messages"].as_array().expect("a chat");
    let field = |message: &Value, key: &str| text(message, key).to_owned();
    messages
        .iter()
        .map(|message| (field(message, "role"), field(message, "content")))
        .collect()
}

/// Everything that a body says to the server, one text after the other.
#[track_caller]
pub fn texts(body: &Value) -> Vec<String> {
    match body.get("prompt") {
        Some(prompt) => vec![prompt.as_str().expect("a text").to_owned()],
        None => messages(body).into_iter().map(|(_, text)| text).collect(),
    }
}

/// Whether `count` of `of` draws is within four standard deviations of `share`: at a fixed seed
/// it is or it is not, and a share that is off by as much is told apart.
pub fn is_near(count: usize, of: usize, share: f64) -> bool {
    let (count, of) = (count as f64, of as f64);
    (count - of * share).abs() <= 4.0 * (of * share * (1.0 - share)).sqrt()
}

/// `0, 1, 2 …` of a length.
pub fn counted(length: usize) -> Vec<u64> {
    (0..length as u64).collect()
}
