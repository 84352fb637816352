//! `input_tokens` is what an encoder that is not ours counts over the texts of the body, whatever
//! they are made of and wherever they stand, through the whole program.

use crate::lines::{Lines, number};
use crate::said::Said;
use crate::support::dir;
use serde_json::Value;
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use tiktoken_rs::CoreBPE;

/// Tokens that the specs allow for the server's template.
const OF_REQUEST: u64 = 3;
const OF_MESSAGE: u64 = 4;

/// A text with everything that has to be escaped, and with scripts that tokenizers cut finely.
const TEXT: &str = "He said: \"C:\\dir\\new\"\tand\n\nleft…  Ünïcode \u{1F980}\u{200d}\u{1F525}, 漢字かな, \u{1}\u{2028} it's\r\n{\"a\": [1, 22, 333]}\n    indented   text; don't STOP-here_now! \u{202e}עברית ا\n";

static O200K: LazyLock<CoreBPE> =
    LazyLock::new(|| tiktoken_rs::o200k_base().expect("the vocabulary is built in"));
static CL100K: LazyLock<CoreBPE> =
    LazyLock::new(|| tiktoken_rs::cl100k_base().expect("the vocabulary is built in"));

/// What a text is counted by.
pub fn encoder(name: &str) -> &'static CoreBPE {
    match name {
        "cl100k_base" => &CL100K,
        _ => &O200K,
    }
}

/// Tokens of everything that a body says, with the template's.
pub fn counted(said: &Said, encoder: &CoreBPE, (of_request, of_message): (u64, u64)) -> u64 {
    let texts = said.texts.iter();
    let texts: usize = texts.map(|text| encoder.encode_ordinary(text).len()).sum();
    texts as u64 + of_request + of_message * said.messages
}

/// The indices of lines whose stated count is another, when `change` was done to what they say.
fn miscounted(lines: &[Value], encoder: &CoreBPE, change: fn(&mut Said)) -> Vec<u64> {
    let wrong = |line: &&Value| {
        let mut said = Said::of(line);
        change(&mut said);
        counted(&said, encoder, (OF_REQUEST, OF_MESSAGE)) != number(line, "input_tokens")
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = lines.len().div_ceil(threads).max(1);
    let of = |lines: &[Value]| -> Vec<u64> {
        let wrong = lines.iter().filter(wrong);
        wrong.map(|line| number(line, "index")).collect()
    };
    std::thread::scope(|scope| {
        let parts = lines.chunks(share);
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || of(part))).collect();
        let parts = parts.into_iter().map(|part| part.join().expect("no panic"));
        parts.flatten().collect()
    })
}

/// Every corpus with everything that may stand in front of it, at endpoints that have messages and
/// that have one string, alone and in conversations: each a population of so many arrivals.
fn everything(tokenizer: &str, arrivals: u32) -> (String, usize) {
    let corpora = ["words", "random", "code", "text.txt"];
    let fronts = [
        "",
        ", system_prompt: {length: 17}",
        ", user_context: {length: 'uniform(1, 20)'}",
        ", prefix: {count: 5, length: 'uniform(1, 40)'}",
        ", salt: true",
        ", system_prompt: {length: 2}, user_context: {length: 1}, prefix: {count: 2, length: 3}, salt: true",
        ", unique: true",
        ", unique: true, salt: true",
    ];
    let sessions = "\n  sessions: {turns: 'uniform(1, 3)', delay: 1s, history: materialised}";
    let mut spec = format!(
        "seed: 12\nmodels: m\n\
         tokenizer: {{name: {tokenizer}, template_overhead: {{request: {OF_REQUEST}, message: {OF_MESSAGE}}}}}\n\
         load: {{type: constant, stages: [{{rate: {arrivals}, duration: 1}}]}}\npopulations:\n"
    );
    let mut number = 0;
    let mut add = |api: &str, data: &str, more: &str| {
        let population = format!("- name: p{number}\n  api: {{{api}}}\n  data: {{{data}}}{more}\n");
        spec.write_str(&population).expect("a string");
        number += 1;
    };
    for corpus in corpora {
        let lengths =
            "input_distribution: 'uniform(20, 120)', output_distribution: 'uniform(1, 30)'";
        for api in ["chat", "completion"] {
            for front in fronts {
                for sessions in ["", sessions] {
                    let data = format!("type: random, corpus: {corpus}, {lengths}{front}");
                    add(&format!("type: {api}"), &data, sessions);
                }
            }
            let shared = "question_distribution: 'uniform(9, 30)', output_distribution: 5, \
                          num_groups: 3, num_prompts_per_group: 4, system_prompt_len: 11";
            for turns in ["", ", enable_multi_turn_chat: true"] {
                let data = format!(
                    "type: shared_prefix, corpus: {corpus}, salt: true, shared_prefix: {{{shared}{turns}}}"
                );
                add(&format!("type: {api}"), &data, "");
            }
        }
        let short = format!(
            "type: random, corpus: {corpus}, input_distribution: 'uniform(1, 12)', output_distribution: 2"
        );
        let front = "system_prompt: {length: 3}, prefix: {count: 2, length: 4}, salt: true";
        for (api, more) in [
            ("type: responses", front),
            ("type: messages", front),
            ("type: tgi", front),
            ("type: kserve", front),
            ("type: kserve, format: trtllm", ""),
            (
                "type: embeddings",
                "batch_size: 'uniform(1, 5)', salt: true",
            ),
            (
                "type: rerank",
                "documents: {count: 'uniform(1, 4)', length: 'uniform(1, 9)'}, salt: true",
            ),
            (
                "type: rerank, format: tei",
                "documents: {count: 2, length: 3}",
            ),
            (
                "type: rerank, format: nim",
                "documents: {count: 2, length: 3}, user_context: {length: 2}",
            ),
        ] {
            add(api, &format!("{short}, {more}"), "");
        }
    }
    (spec, number)
}

/// Compiles everything with one tokenizer.
fn lines(tokenizer: &str, arrivals: u32) -> Lines {
    let dir = dir();
    dir.write("text.txt", TEXT.repeat(20));
    let (spec, populations) = everything(tokenizer, arrivals);
    let lines = Lines::with(&dir, &spec, "");
    assert!(lines.lines.len() >= populations * arrivals as usize);
    let recorded = &lines.summary["manifest"]["tokenizer"]["template_overhead"];
    assert_eq!(recorded["request"], OF_REQUEST);
    assert_eq!(recorded["message"], OF_MESSAGE);
    lines
}

const AS_IT_IS: fn(&mut Said) = |_| ();

#[test]
fn every_body_of_every_kind_counts_what_is_stated() {
    for tokenizer in ["o200k_base", "cl100k_base"] {
        let lines = lines(tokenizer, 15).lines;
        let wrong = miscounted(&lines, encoder(tokenizer), AS_IT_IS);
        let first = wrong.first().map(|index| &lines[*index as usize]);
        assert!(
            wrong.is_empty(),
            "{tokenizer}: {} of {}: {first:?}",
            wrong.len(),
            lines.len()
        );
    }
}

/// The same for 100,000 requests of each tokenizer.
#[test]
#[ignore = "encodes some ten million tokens"]
fn a_hundred_thousand_bodies_of_each_tokenizer_count_what_is_stated() {
    for tokenizer in ["o200k_base", "cl100k_base"] {
        let lines = lines(tokenizer, 470).lines;
        assert!(lines.len() >= 100_000, "{}", lines.len());
        let wrong = miscounted(&lines, encoder(tokenizer), AS_IT_IS);
        assert!(
            wrong.is_empty(),
            "{tokenizer}: {} of {}",
            wrong.len(),
            lines.len()
        );
    }
}

#[test]
fn control_another_vocabulary_or_another_word_is_noticed() {
    let lines = lines("o200k_base", 2).lines;
    let noticed =
        |name: &str, change: fn(&mut Said)| miscounted(&lines, encoder(name), change).len();
    assert_eq!(noticed("o200k_base", AS_IT_IS), 0);
    // Random words of the one are seldom words of the other.
    let other = noticed("cl100k_base", AS_IT_IS);
    assert!(other > lines.len() / 2, "{other} of {}", lines.len());
    let shorter = noticed("o200k_base", |said| {
        let last = said.texts.last_mut().expect("a text");
        let end = last.rfind(' ').unwrap_or(0);
        last.truncate(end);
    });
    assert!(
        shorter > lines.len() * 9 / 10,
        "{shorter} of {}",
        lines.len()
    );
    let longer = noticed("o200k_base", |said| said.texts[0].push_str(" more"));
    assert_eq!(longer, lines.len());
    let further = noticed("o200k_base", |said| said.messages += 1);
    assert_eq!(further, lines.len());
}
