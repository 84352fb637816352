//! Prompts made of a trace's blocks: equal ids are equal text, and different ids part at once.

use crate::lines::{Lines, body, number, texts};
use crate::support::{dir, root};
use crate::text::{encoded, miscounted_in_all};
use serde_json::Value;

const BLOCK: usize = 16;

/// Input tokens and block ids of each row.
const ROWS: [(usize, &[u64]); 9] = [
    (48, &[0, 1, 2]),
    (48, &[0, 1, 3]),
    (16, &[5]),
    (40, &[0, 1, 2]),
    (33, &[0, 4, 6]),
    (48, &[0, 1, 2]),
    (48, &[5, 1, 2]),
    (7, &[0]),
    (32, &[9, 9]),
];

fn trace(rows: &[(usize, &[u64])]) -> String {
    let row = |(at, (tokens, ids)): (usize, &(usize, &[u64]))| {
        let timestamp = at * 1000;
        format!(
            "{{\"timestamp\": {timestamp}, \"input_length\": {tokens}, \"output_length\": 2, \"hash_ids\": {ids:?}}}\n"
        )
    };
    rows.iter().enumerate().map(row).collect()
}

fn spec(options: &str) -> String {
    let trace = format!("file: t.jsonl, format: Mooncake, block_tokens: {BLOCK}");
    format!(
        "seed: 121\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
         load: {{type: trace_replay, trace: {{{trace}{options}}}}}\n\
         data: {{type: random, trace: {{{trace}}}}}\n"
    )
}

fn workload(options: &str) -> Vec<Value> {
    let dir = dir();
    dir.write("t.jsonl", trace(&ROWS));
    Lines::with(&dir, &spec(options), "").lines
}

fn prompts(lines: &[Value]) -> Vec<String> {
    lines
        .iter()
        .map(|line| texts(&body(line)).remove(0))
        .collect()
}

/// Tokens that both begin with.
fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Tokens of the blocks that both rows begin with, as far as both go.
fn shared(a: (usize, &[u64]), b: (usize, &[u64])) -> usize {
    let blocks = a.1.iter().zip(b.1).take_while(|(a, b)| a == b).count();
    (blocks * BLOCK).min(a.0).min(b.0)
}

/// Pairs of rows whose prompts do not share exactly what their blocks say.
fn wrong_pairs(prompts: &[String], rows: &[(usize, &[u64])]) -> Vec<(usize, usize)> {
    let tokens: Vec<Vec<u32>> = prompts.iter().map(|prompt| encoded(prompt)).collect();
    let pairs = (0..rows.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
    let wrong =
        |(a, b): &(usize, usize)| common(&tokens[*a], &tokens[*b]) != shared(rows[*a], rows[*b]);
    pairs.filter(wrong).collect()
}

#[test]
fn prompts_begin_alike_exactly_as_far_as_their_blocks_do() {
    let lines = workload("");
    let prompts = prompts(&lines);
    assert_eq!(miscounted_in_all(&lines), [0; 0]);
    assert_eq!(wrong_pairs(&prompts, &ROWS), []);
    // Control: one id changed, and the same prompts are wrong.
    let mut other = ROWS;
    other[1].1 = &[0, 1, 2];
    assert_eq!(wrong_pairs(&prompts, &other), [(0, 1), (1, 3), (1, 5)]);
}

#[test]
fn equal_ids_are_equal_text_wherever_they_stand() {
    let prompts = prompts(&workload(""));
    assert_eq!(prompts[0], prompts[5]);
    assert!(prompts[0].starts_with(&prompts[3]), "the last block is cut");
    let words = |prompt: usize, block: usize| -> Vec<&str> {
        let words: Vec<&str> = prompts[prompt].split(' ').collect();
        words[block * BLOCK..(block + 1) * BLOCK].to_vec()
    };
    assert_eq!(words(0, 1), words(6, 1), "behind another block");
    assert_eq!(words(0, 2), words(6, 2));
    assert_eq!(words(8, 0), words(8, 1), "twice in one prompt");
    assert_ne!(words(0, 2), words(1, 2), "control: other ids");
}

#[test]
fn no_window_no_limit_and_no_other_pass_changes_a_text() {
    let whole = prompts(&workload(""));
    assert_eq!(prompts(&workload(", window: {from: 4s}")), whole[4..]);
    assert_eq!(prompts(&workload(", limit: 3")), whole[..3]);
    let looped = prompts(&workload(", loop: 2"));
    assert_eq!(looped[..9], whole);
    assert_eq!(looped[9..], whole, "a cache is hit again");
    let dir = dir();
    dir.write("t.jsonl", trace(&ROWS));
    let other = Lines::with(&dir, &spec(""), "--seed 122").lines;
    assert_ne!(prompts(&other), whole, "control: another seed");
}

#[test]
fn many_siblings_all_part_at_their_first_word() {
    let ids: Vec<[u64; 2]> = (0..300).map(|i| [7, 1000 + i]).collect();
    let rows: Vec<(usize, &[u64])> = ids.iter().map(|ids| (BLOCK + 1, &ids[..])).collect();
    let dir = dir();
    dir.write("t.jsonl", trace(&rows));
    let lines = Lines::with(&dir, &spec(""), "").lines;
    let prompts = prompts(&lines);
    assert_eq!(miscounted_in_all(&lines), [0; 0]);
    assert_eq!(wrong_pairs(&prompts, &rows), []);
}

#[test]
fn the_sample_in_the_repository_shares_what_its_ids_say() {
    let path = root().join("traces/data/mooncake_sample.jsonl");
    let text = std::fs::read_to_string(path).expect("the sample is in the repository");
    let dir = dir();
    dir.write("t.jsonl", &text);
    let spec = spec("").replace(&format!("block_tokens: {BLOCK}"), "block_tokens: 512");
    let lines = Lines::with(&dir, &spec, "").lines;
    // One row has no output and is left out; two stand at one time.
    let inputs: Vec<u64> = lines
        .iter()
        .map(|line| number(line, "input_tokens"))
        .collect();
    assert_eq!(inputs, [513, 512, 1537]);
    assert_eq!(miscounted_in_all(&lines), [0; 0]);
    let prompts: Vec<Vec<u32>> = prompts(&lines)
        .iter()
        .map(|prompt| encoded(prompt))
        .collect();
    assert_eq!(common(&prompts[0], &prompts[1]), 512);
    assert_eq!(common(&prompts[0], &prompts[2]), 512);
    assert_eq!(common(&prompts[1], &prompts[2]), 512);
}
