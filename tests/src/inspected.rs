//! A workload as `wlc inspect --requests --json --bodies` shows it, and the schedule in it by
//! which a server's arrivals are judged.

use crate::call::Call;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The keys that tests look at; the whole list of keys has a test of its own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Inspected {
    /// Position in the workload.
    pub index: u64,
    /// Start in ns from t0.
    pub at_ns: u64,
    /// Index of the stage.
    pub stage: u32,
    /// Model.
    pub model: String,
    /// Path behind the base URL.
    pub path: String,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Prompt tokens.
    pub input_tokens: u32,
    /// Tokens asked for; 0 where the endpoint generates none.
    #[serde(deserialize_with = "none_is_zero")]
    pub output_tokens: u32,
    /// Leaf hash.
    pub leaf: String,
    /// The bytes on the wire.
    pub body: String,
}

fn none_is_zero<'de, D: Deserializer<'de>>(tokens: D) -> Result<u32, D::Error> {
    Ok(Option::deserialize(tokens)?.unwrap_or(0))
}

impl Inspected {
    /// The body, parsed.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("request {}: {error}: {}", self.index, self.body))
    }

    /// The prompt, taken out of the body: a completion's, or a chat's only message.
    #[track_caller]
    pub fn prompt(&self) -> String {
        let body = self.json();
        let prompt = match body.get("prompt") {
            Some(prompt) => prompt,
            None => &body["messages"][0]["content"],
        };
        prompt.as_str().expect("a prompt is a text").to_owned()
    }
}

/// Every request of a workload. `inspect` is the call that prints them.
#[track_caller]
pub fn inspected(inspect: Call) -> Vec<Inspected> {
    let outcome = inspect.words("--requests --json --bodies").run().ok();
    let lines = outcome.stdout.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{}: {error}", outcome.command))
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// When each body is due, found by the hash that the server writes down. Equal bodies are told
/// apart by their order.
pub struct Schedule {
    due_ns: BTreeMap<String, Vec<u64>>,
}

impl Schedule {
    /// From hashes of bodies and the times at which they are due, in any order.
    pub fn new(bodies: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut due_ns: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (hash, at_ns) in bodies {
            due_ns.entry(hash).or_default().push(at_ns);
        }
        // Taken from the end.
        due_ns
            .values_mut()
            .for_each(|times| times.sort_unstable_by(|a, b| b.cmp(a)));
        Schedule { due_ns }
    }

    /// When the next body with this hash is due, which is then taken; none for a body that is not
    /// in the schedule, or arrived more often than it is.
    pub fn take(&mut self, hash: &str) -> Option<u64> {
        self.due_ns.get_mut(hash)?.pop()
    }

    /// Bodies that have not been taken.
    pub fn left(&self) -> usize {
        self.due_ns.values().map(Vec::len).sum()
    }
}
