//! Tokenizers of several families, made on the spot: the counts of a workload are what the library's
//! own encoder says of its texts, with everything that may stand in front of a prompt.

use crate::lines::{Lines, number};
use crate::made_tokenizers::{BYTE_LEVEL, UNIGRAM, WORD_PIECE, byte_level_ignoring_merges};
use crate::said::Said;
use crate::support::dir;
use serde_json::Value;
use tokenizers::Tokenizer;

const SPEC: &str = "\
seed: 17
models: m
tokenizer: {path: tokenizer.json}
load: {type: constant, stages: [{rate: 12, duration: 1}]}
sessions: {turns: 'uniform(1, 3)', delay: 1s, history: materialised}
populations:
- name: chat
  api: {type: chat}
  data: {type: random, corpus: code, input_distribution: 'uniform(1, 60)', output_distribution: 'uniform(1, 9)', \
system_prompt: {length: 9}, prefix: {count: 3, length: 12}}
- name: words
  api: {type: completion}
  data: {type: random, input_distribution: 'uniform(1, 60)', output_distribution: 'uniform(1, 9)', \
user_context: {length: 'uniform(1, 5)'}}
";

/// Requests whose texts do not encode to the stated count, when `change` was done to them.
fn miscounted(lines: &[Value], tokenizer: &Tokenizer, change: fn(&mut Said)) -> usize {
    let wrong = |line: &&Value| {
        let mut said = Said::of(line);
        change(&mut said);
        let tokens = said.texts.iter().map(|text| {
            let encoded = tokenizer.encode(text.as_str(), false);
            encoded.expect("encoded").len() as u64
        });
        tokens.sum::<u64>() != number(line, "input_tokens")
    };
    lines.iter().filter(wrong).count()
}

#[test]
fn counts_under_a_tokenizer_from_a_file_are_its_own() {
    for (family, made) in [
        ("byte-level BPE", BYTE_LEVEL.clone()),
        (
            "byte-level BPE, merges ignored",
            byte_level_ignoring_merges(true),
        ),
        ("WordPiece", WORD_PIECE.clone()),
        ("Unigram", UNIGRAM.clone()),
    ] {
        let dir = dir();
        dir.write("tokenizer.json", made.to_string());
        let path = dir.path("tokenizer.json");
        let tokenizer = Tokenizer::from_file(path).expect("a tokenizer");
        let Lines { lines, .. } = Lines::with(&dir, SPEC, "");
        assert!(lines.len() > 30, "{family}");
        assert_eq!(miscounted(&lines, &tokenizer, |_| ()), 0, "{family}");
        // The control: a word more is noticed everywhere.
        let more = |said: &mut Said| said.texts[0].push_str(" more");
        assert_eq!(
            miscounted(&lines, &tokenizer, more),
            lines.len(),
            "{family}"
        );
    }
}
