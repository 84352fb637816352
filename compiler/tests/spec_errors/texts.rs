//! The keys that say what text is made of and how it is counted: tokenizers, corpora, what stands in
//! front.

use super::{SadBlock, check_before};

/// A spec that needs nothing in front of it.
const REST: &str = "models: m\n";

#[rustfmt::skip]
const TOKENIZERS: &[SadBlock] = &[
    ("tokenizer: p50k_base", 1, 12, "unknown value `p50k_base`", "Write one of `o200k_base`, `cl100k_base`, or `tokenizer: {path: FILE}`"),
    ("tokenizer: {name: cl100k}", 1, 19, "unknown value `cl100k`", "or `tokenizer: {path: FILE}`"),
    ("tokenizer: {name: cl100k_base, path: t.json}", 1, 38, "`tokenizer.name` names one inside the program already", "remove one of the two"),
    ("tokenizer: {template_overhead: -1}", 1, 32, "`-1` must not be negative", "of tokens from 0 to 65536"),
    ("tokenizer: {template_overhead: {message: 65537}}", 1, 42, "more than the limit of 65536", "at most"),
    ("tokenizer: {template_overhead: {turn: 3}}", 1, 33, "unknown key `tokenizer.template_overhead.turn`", "`request`, `message`"),
];

#[rustfmt::skip]
const CORPORA: &[SadBlock] = &[
    ("data: {type: random, corpus: word}", 1, 30, "unknown value `word`", "did you mean `words`? Write one of `words`, `random`, `code`, or `{path: FILE}`"),
    ("data: {type: random, corpus: [code]}", 1, 30, "expected text, found a list", "or `{path: FILE}`"),
    ("data: {type: random, corpus: {}}", 1, 30, "missing `data.corpus.path`", "add `path: FILE`"),
    ("data: {type: random, corpus: {file: good.txt}}", 1, 31, "unknown key `data.corpus.file`", "`path`"),
    ("data: {type: random, corpus: ./none.txt}", 1, 30, "\"./none.txt\" cannot be read", "the path of a readable file"),
    ("data: {type: random, corpus: bytes.csv}", 1, 30, "\"bytes.csv\" is not UTF-8 text", "write the file as UTF-8"),
    ("data: {type: random, unique: 1}", 1, 30, "expected true or false", "without quotes"),
    ("data: {type: random, unique: true, prefix: {count: 3, length: 3}}", 1, 30, "`data.prefix` stands in front of what `unique` tells apart", "remove it, or `data.prefix`"),
    ("data: {type: random, system_prompt: {length: 3}, unique: true}", 1, 58, "`data.system_prompt` stands in front", "remove it, or `data.system_prompt`"),
    ("data: {type: random, user_context: {length: 3}, unique: true}", 1, 57, "`data.user_context` stands in front", "remove it, or `data.user_context`"),
    ("data: {type: shared_prefix, unique: true}", 1, 37, "`data.shared_prefix` stands in front", "remove it, or `data.shared_prefix`"),
];

/// A trace whose prompts are blocks; what is said of the texts follows.
const BLOCKS: &str = "\
models: m
load: {type: trace_replay, trace: {file: t.jsonl, format: Mooncake}}
";

#[rustfmt::skip]
const BESIDE_BLOCKS: &[SadBlock] = &[
    ("data: {type: random, trace: {file: t.jsonl, format: Mooncake}, corpus: code}", 1, 72, "the blocks of the trace are made of the built-in words", "`data.input_distribution` instead of `data.trace`"),
    ("data: {type: random, trace: {file: t.jsonl, format: Mooncake}, corpus: {path: good.txt}}", 1, 72, "the blocks of the trace are made of the built-in words", "remove it"),
    ("data: {type: random, trace: {file: t.jsonl, format: Mooncake}, unique: true}", 1, 72, "prompts of equal blocks begin alike", "remove it, or write `data.input_distribution`"),
];

#[rustfmt::skip]
const FRONTS: &[SadBlock] = &[
    ("data: {type: random, prefix: 3}", 1, 30, "`data.prefix`: expected a map, found a number", "its keys are `count`, `length`"),
    ("data: {type: random, prefix: {length: 3}}", 1, 30, "missing `data.prefix.count`", "add `count: 100`"),
    ("data: {type: random, prefix: {count: 3}}", 1, 30, "missing `data.prefix.length`", "add `length: 1024`"),
    ("data: {type: random, prefix: {count: 0, length: 3}}", 1, 38, "`0` must be more than 0", "of prefixes from 1 to 1000000"),
    ("data: {type: shared_prefix, prefix: {count: 3, length: 3}}", 1, 37, "the groups of data of type shared_prefix have a prefix each", "remove it"),
    ("data: {type: random, system_prompt: {length: fixed(3)}}", 1, 46, "`fixed(3)` is not a number", "of tokens from 1 to 1048576"),
    ("data: {type: random, user_context: {tokens: 3}}", 1, 37, "unknown key `data.user_context.tokens`", "`length`"),
    ("data: {type: random, user_context: {length: 0}}", 1, 45, "`0` must be more than 0", "of tokens from 1 to 1048576"),
    ("data: {type: random, salt: text}", 1, 28, "expected true or false", "without quotes"),
];

#[test]
fn wrong_tokenizers_are_named() {
    check_before(REST, TOKENIZERS);
}

#[test]
fn wrong_corpora_are_named() {
    check_before(REST, CORPORA);
}

#[test]
fn what_does_not_fit_the_blocks_of_a_trace_is_named() {
    check_before(BLOCKS, BESIDE_BLOCKS);
    // Lengths that are drawn have no blocks, whatever is replayed.
    let drawn = "data: {type: random, input_distribution: 9, corpus: code, unique: true}\n";
    super::parse(&format!("{BLOCKS}{drawn}")).expect("a spec");
}

#[test]
fn what_cannot_stand_in_front_is_named() {
    check_before(REST, FRONTS);
}
