//! `data.salt` from the spec to the wire: two runs of one workload share no prompt's beginning, and
//! their counts stay exact.

use crate::exact::{counted, encoder};
use crate::lines::{Lines, number};
use crate::recorder::{Recorder, received_body};
use crate::said::Said;
use crate::support::{compile, dir};
use harness::Dir;
use serde_json::Value;
use std::collections::BTreeMap;

/// Populations with and without a slot, by their models' names.
fn spec(tokenizer: &str) -> String {
    let population = |name: &str, api: &str, data: &str| {
        format!(
            "- name: {name}\n  models: {name}\n  api: {{type: {api}}}\n  data: {{type: random, corpus: {data}, \
             input_distribution: 'uniform(1, 20)', output_distribution: 2}}\n"
        )
    };
    let front = "words, salt: true, system_prompt: {length: 6}, prefix: {count: 2, length: 3}";
    format!(
        "seed: 9\ntokenizer: {tokenizer}\nload: {{type: constant, stages: [{{rate: 25, duration: 1}}]}}\n\
         populations:\n{}{}{}{}{}",
        population("plain", "chat", "words"),
        population("chat", "chat", front),
        population("text", "completion", "code, salt: true"),
        population(
            "random",
            "completion",
            "random, salt: true, user_context: {length: 2}"
        ),
        population("file", "chat", "text.txt, salt: true, unique: false"),
    )
}

const TEXT: &str = "A \"quoted\" text, 123 of them;\n\tindented\u{1F980} and so on. ";

/// Bodies by how often they were received, each with what it says.
fn bodies(received: &[Vec<u8>]) -> BTreeMap<Vec<u8>, Value> {
    let body = |request: &Vec<u8>| {
        let body = received_body(request).to_vec();
        let value = serde_json::from_slice(&body).expect("a body is JSON");
        (body, value)
    };
    received.iter().map(body).collect()
}

/// What a body says in all, the salt left out; the tokens that it has with the salt.
fn without_salt(body: &Value, salt: &str, tokenizer: &str) -> (String, u64) {
    let mut said = Said::in_body(body);
    let tokens = counted(&said, encoder(tokenizer), (0, 0));
    if body["model"] != "plain" {
        let rest = said.texts[0].strip_prefix(salt);
        let rest = rest.unwrap_or_else(|| panic!("no {salt:?} in {:.60}", said.texts[0]));
        said.texts[0] = rest.to_owned();
    }
    (said.texts.join("\n"), tokens)
}

/// The words that a run put into the slots.
fn salt_of(dir: &Dir, results: &str) -> String {
    let run = dir.json(&format!("{results}/run.json"));
    let words = run["effective"]["salt"]["words"].as_array().expect("words");
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    words.join(" ")
}

#[test]
fn two_salts_change_the_beginning_of_every_salted_prompt_and_no_count() {
    for tokenizer in ["o200k_base", "cl100k_base"] {
        let dir = dir();
        dir.write("text.txt", TEXT.repeat(60));
        let lines = Lines::with(&dir, &spec(tokenizer), "");
        compile(&dir, "w", &spec(tokenizer), "");
        // What every run is held against: what is said without a salt, and its tokens.
        let mut expected: Vec<(String, u64)> = Vec::new();
        let words = lines.summary["manifest"]["salt"]["words"]
            .as_array()
            .expect("words");
        let none = [words[0].as_str().expect("a word"); 4].join(" ");
        for line in &lines.lines {
            let body = crate::lines::body(line);
            let (said, tokens) = without_salt(&body, &none, tokenizer);
            assert_eq!(tokens, number(line, "input_tokens"), "{line}");
            expected.push((said, tokens));
        }
        expected.sort_unstable();
        let server = Recorder::start();
        let hashes = ["", "--salt monday", "--salt tuesday"].map(|flags| {
            let results = format!("results{}", flags.len());
            let received = server.fired(&dir, &results, flags);
            assert_eq!(received.len(), lines.lines.len());
            let salt = match flags {
                "" => none.clone(),
                _ => salt_of(&dir, &results),
            };
            let bodies = bodies(&received);
            let mut seen: Vec<(String, u64)> = received
                .iter()
                .map(|request| &bodies[received_body(request)])
                .map(|body| without_salt(body, &salt, tokenizer))
                .collect();
            seen.sort_unstable();
            assert!(seen == expected, "{tokenizer} {flags}");
            let run = dir.json(&format!("{results}/run.json"));
            (run["workload"]["content_hash"].clone(), salt)
        });
        assert_eq!(hashes[0].0, lines.compiled["content_hash"]);
        assert!(hashes.iter().all(|(hash, _)| *hash == hashes[0].0));
        assert!(hashes[1].1 != hashes[2].1 && hashes[1].1 != none);
    }
}

#[test]
fn control_a_population_without_a_slot_is_sent_as_it_is() {
    let dir = dir();
    dir.write("text.txt", TEXT.repeat(60));
    compile(&dir, "w", &spec("o200k_base"), "");
    let server = Recorder::start();
    let [unsalted, salted] = [("a", ""), ("b", "--salt monday")]
        .map(|(results, flags)| bodies(&server.fired(&dir, results, flags)));
    let same = |model: &str| {
        let of = |(_, body): &(&Vec<u8>, &Value)| body["model"] == model;
        let all = unsalted.iter().filter(of).count();
        let same = unsalted
            .iter()
            .filter(of)
            .filter(|(bytes, _)| salted.contains_key(*bytes));
        (same.count(), all)
    };
    let (plain, all) = same("plain");
    assert!(plain == all && all > 20, "{plain} of {all}");
    for model in ["chat", "text", "random", "file"] {
        let (salted, all) = same(model);
        assert!(salted == 0 && all > 20, "{model}: {salted} of {all}");
    }
}
