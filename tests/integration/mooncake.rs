//! Mooncake's published conversation trace, whole: every row a request, and prompts that share
//! exactly as much text as their rows share blocks, so that a prefix cache behaves as it did in
//! production. Not in the repository: run with `--ignored`; see `real_trace`.

use crate::real_trace::shared_trace;
use crate::support::dir;
use schemas::reader::Workload;
use serde_json::Value;
use std::collections::BTreeMap;

const REQUESTS: usize = 12_031;
const BLOCK_TOKENS: usize = 512;

const SPEC: &str = "\
seed: 4
api: {type: chat, streaming: true}
server: {type: vllm}
models: [{name: m}]
data: {type: random, trace: {file: t.jsonl, format: Mooncake}}
load: {type: trace_replay, trace: {file: t.jsonl, format: Mooncake}}
";

/// A row of the trace.
struct Row {
    at_ns: u64,
    tokens: usize,
    ids: Vec<u64>,
}

/// The rows, read without the programs.
fn rows(text: &str) -> Vec<Row> {
    let row = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a row is JSON");
        let number = |key: &str| line[key].as_u64().expect("a whole number");
        let ids = line["hash_ids"].as_array().expect("a list");
        Row {
            at_ns: number("timestamp") * 1_000_000,
            tokens: number("input_length") as usize,
            ids: ids.iter().map(|id| id.as_u64().expect("an id")).collect(),
        }
    };
    text.lines().map(row).collect()
}

/// The words of a request's prompt; each is one token, which `text` and others prove.
fn words(workload: &Workload, index: u64) -> Vec<String> {
    let bytes = workload.body_bytes(index).expect("a sound file");
    let body: Value = serde_json::from_slice(&bytes.expect("no live history")).expect("JSON");
    let prompt = body["messages"][0]["content"].as_str().expect("a text");
    prompt.split(' ').map(str::to_owned).collect()
}

/// How many words two prompts have in common at their beginnings.
fn common<'w>(a: impl Iterator<Item = &'w String>, b: impl Iterator<Item = &'w String>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

/// How many tokens of two rows' beginnings lie in blocks that they share.
fn shared_tokens(a: &Row, b: &Row) -> usize {
    let blocks = a.ids.iter().zip(&b.ids).take_while(|(a, b)| a == b).count();
    (blocks * BLOCK_TOKENS).min(a.tokens).min(b.tokens)
}

/// Blocks that begin with the same word as another that follows the same block.
fn siblings_alike(rows: &[Row], first_word: &BTreeMap<u64, String>) -> usize {
    let mut seen: BTreeMap<(Option<u64>, &str), u64> = BTreeMap::new();
    let mut alike = 0;
    for row in rows {
        let mut before = None;
        for id in &row.ids {
            let first = seen.entry((before, &first_word[id])).or_insert(*id);
            alike += usize::from(first != id);
            before = Some(*id);
        }
    }
    alike
}

/// Equal blocks are one text, and blocks that follow the same block part at their first word.
/// With that, by induction over the blocks, any two of the 12,031 prompts share exactly the
/// tokens of the blocks that their rows share.
#[test]
#[ignore = "needs ../shared/traces: run with --ignored"]
fn any_two_prompts_share_exactly_what_their_rows_share() {
    let text = shared_trace("mooncake_conversation_trace.jsonl");
    let rows = rows(&text);
    let dir = dir();
    dir.write("t.jsonl", &text).write("s.yaml", SPEC);
    let summary = dir.wlc("compile s.yaml -o w.wlc --json").run().json();
    assert_eq!(summary["requests"], REQUESTS);
    let (bodies, file) = (&summary["body_bytes"], &summary["file_bytes"]);
    let (bodies, file) = (bodies.as_f64().unwrap(), file.as_f64().unwrap());
    println!(
        "bodies {bodies} bytes, file {file} bytes: 1 to {:.1}",
        bodies / file
    );
    assert!(bodies > 20.0 * file);

    let workload = Workload::open(&dir.path("w.wlc")).expect("a sound file");
    let mut texts: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut first_word = BTreeMap::new();
    let mut followed: BTreeMap<u64, Option<u64>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let record = &workload.requests()[index];
        assert_eq!(record.start_ns.get(), row.at_ns);
        let words = words(&workload, index as u64);
        assert_eq!(words.len(), row.tokens, "row {index}");
        assert_eq!(record.input_tokens.get() as usize, row.tokens);
        let mut before = None;
        for (block, id) in words.chunks(BLOCK_TOKENS).zip(&row.ids) {
            let text = texts.entry(*id).or_insert_with(|| block.to_vec());
            assert_eq!(text, block, "row {index}, block {id}");
            first_word.entry(*id).or_insert_with(|| block[0].clone());
            // What the induction rests on: a block has one block before it.
            assert_eq!(*followed.entry(*id).or_insert(before), before);
            before = Some(*id);
        }
    }
    assert_eq!(siblings_alike(&rows, &first_word), 0);

    // The same by looking at pairs: all of the first rows, and of all rows a fixed choice.
    let pairs = (0..200).flat_map(|a| (0..a).map(move |b| (a, b)));
    let far = (0..4_000).map(|i| (i * 7_919 % REQUESTS, i * 104_729 % REQUESTS));
    for (a, b) in pairs.chain(far).filter(|(a, b)| a != b) {
        let said = |row: usize| rows[row].ids.iter().flat_map(|id| &texts[id]);
        let shared = shared_tokens(&rows[a], &rows[b]);
        assert_eq!(common(said(a), said(b)), shared, "rows {a} and {b}");
    }
}

#[test]
#[ignore = "needs ../shared/traces: run with --ignored"]
fn control_lead_words_by_chance_are_alike() {
    let rows = rows(&shared_trace("mooncake_conversation_trace.jsonl"));
    let ids = rows.iter().flat_map(|row| &row.ids);
    // As many words as the vocabulary has, each block's taken by a hash of its id.
    let by_chance = |id: &u64| (*id, (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % 10_483);
    let by_chance = ids.map(by_chance).map(|(id, word)| (id, word.to_string()));
    assert!(siblings_alike(&rows, &by_chance.collect()) > 1_000);
}
