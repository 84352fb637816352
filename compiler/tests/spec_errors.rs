//! Specs that are wrong say where, what and what to do next, block by block; and no spec at all
//! makes the parser panic. What right specs mean is in `spec_values.rs`.

#[path = "spec_errors/audits.rs"]
mod audits;
#[path = "spec_errors/blocks.rs"]
mod blocks;
#[path = "spec_errors/data_sets.rs"]
mod data_sets;
#[path = "spec_errors/endpoints.rs"]
mod endpoints;
#[path = "spec_errors/lengths.rs"]
mod lengths;
#[path = "spec_errors/loads.rs"]
mod loads;
#[path = "spec_errors/media.rs"]
mod media;
#[path = "spec_errors/populations.rs"]
mod populations;
#[path = "spec_errors/texts.rs"]
mod texts;
#[path = "spec_errors/traces.rs"]
mod traces;

use compiler::spec::{Spec, SpecError};
use proptest::prelude::*;

/// A good spec; the tables replace one piece of it.
const BASE: &str = "\
models: [{name: m}]
data:
  type: synthetic
  input_distribution: {type: lognormal, mean: 512, std_dev: 256}
  output_distribution: fixed(128)
load:
  type: poisson
  stages: [{rate: 50, duration: 60}]
";

/// The files that a spec may name.
fn file(name: &str) -> std::io::Result<Vec<u8>> {
    let text: &[u8] = match name {
        "good.csv" => b"tokens,weight\n128,5\n256,3\n",
        "good.json" => b"{\"128\": 5, \"256\": 3}",
        "header.csv" => b"length,weight\n128,5\n",
        "row.csv" => b"tokens,weight\n128,5\nmany,3\n",
        "ragged.csv" => b"tokens,weight\n128,5,6\n",
        "twice.csv" => b"tokens,weight\n128,5\n128,3\n",
        "empty.csv" => b"tokens,weight\n",
        "weight.json" => b"{\"128\": 5,\n \"256\": -3}",
        "bytes.csv" => b"\xff\xfe",
        "wrong.json" => b"{\n  \"a\": \"{{promt}}\"\n}\n",
        "good.txt" => b"tokens,weight\n128,5\n",
        _ => return Err(std::io::ErrorKind::NotFound.into()),
    };
    Ok(text.to_vec())
}

fn parse(text: &str) -> Result<Spec, SpecError> {
    Spec::parse(text, "s.yaml", &[], &mut file)
}

/// `text` with one piece replaced, which must be there.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1)
}

/// What is replaced by what; line and column; words of the message and of the remedy.
type Sad = (
    &'static str,
    &'static str,
    u64,
    u64,
    &'static str,
    &'static str,
);

/// A block; line and column; words of the message and of the remedy.
type SadBlock = (&'static str, u64, u64, &'static str, &'static str);

fn check(base: &str, table: &[Sad]) {
    parse(base).expect(base);
    let cases = table.iter().map(|&(old, new, line, column, what, remedy)| {
        let text = with(base, old, new);
        faults(&text, (line, column), what, remedy)
    });
    report(cases.collect());
}

/// The same for blocks that stand in front of `rest`, which must be good without them.
fn check_before(rest: &str, table: &[SadBlock]) {
    parse(rest).expect(rest);
    let cases = table.iter().map(|&(block, line, column, what, remedy)| {
        let text = format!("{block}\n{rest}");
        faults(&text, (line, column), what, remedy)
    });
    report(cases.collect());
}

/// Fails with all that is wrong in a table, not with the first of it.
fn report(faults: Vec<Option<String>>) {
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// What is wrong with the error about `text`, if anything is.
fn faults(text: &str, (line, column): (u64, u64), what: &str, remedy: &str) -> Option<String> {
    let error = match parse(text) {
        Ok(_) => return Some(format!("no error: {text}")),
        Err(error) => error,
    };
    let shown = format!("s.yaml:{line}:{column}: {}\n  help: ", error.what);
    let is_right = error.what.contains(what)
        && error.remedy.contains(remedy)
        && (error.line, error.column) == (Some(line), Some(column))
        && error.to_string().starts_with(&shown);
    (!is_right).then(|| format!("{text}\n{error}\nnot {line}:{column} {what:?} {remedy:?}"))
}

#[rustfmt::skip]
const SYNTAX: &[Sad] = &[
    ("[{name: m}]", "[{name: m}", 2, 5, "illegal placement of ':'", "check indentation"),
    ("[{rate: 50, duration: 60}]", "[{rate: 50", 8, 12, "unclosed bracket", "check indentation"),
    ("  type: poisson", "\ttype: poisson", 7, 2, "tab", "check indentation"),
    ("load:", "models: []\nload:", 6, 1, "duplicate mapping key `models`", "keep one"),
    ("load:", "---\nload:", 7, 1, "multiple", "keep one document"),
    ("rate: 50", "rate: .inf", 8, 19, "not a finite number", "finite"),
    ("rate: 50", "rate: *fifty", 8, 19, "unknown", "check"),
    ("name: m", "name: !odd m", 1, 22, "unsupported tag `!odd`", "check"),
    ("models: [{name: m}]", "- models", 2, 1, "did not find expected", "check indentation"),
];

#[rustfmt::skip]
const KEYS: &[Sad] = &[
    ("load:", "laod:", 6, 1, "unknown key `laod`", "did you mean `load`?"),
    ("type: poisson", "tpye: poisson", 7, 3, "unknown key `load.tpye`", "did you mean `type`? The keys here are `type`, `interval`"),
    ("duration: 60", "duartion: 60", 8, 23, "unknown key `load.stages[0].duartion`", "did you mean `duration`?"),
    ("std_dev: 256", "stddev: 256", 4, 52, "unknown key `data.input_distribution.stddev`", "did you mean `std_dev`?"),
    ("{name: m}", "{name: m, colour: red}", 1, 20, "unknown key `models[0].colour`", "the keys here are `name`, `weight`"),
    ("  output_distribution: fixed(128)", "  output_distribution: 5\nsessions: {turns: 2, delay: normal(2s, 500ms)}", 6, 40, "unknown key `sessions.500ms)`", "put the whole text in quotes"),
];

#[test]
fn wrong_syntax_is_named_with_line_and_column() {
    check(BASE, SYNTAX);
}

#[test]
fn wrong_keys_are_named_with_a_suggestion() {
    check(BASE, KEYS);
}

#[test]
fn an_empty_spec_and_a_huge_one_are_refused() {
    for text in ["", "\n\n", "# nothing\n", "null"] {
        let error = parse(text).unwrap_err();
        assert!(error.what.contains("it is empty"), "{text:?}: {error}");
        assert!(error.remedy.contains("`models:`"), "{error}");
    }
    let error = parse(&"#".repeat(5_000_000)).unwrap_err();
    assert!(error.what.contains("more than the limit of 4194304"));
    assert_eq!((error.line, error.column), (None, None));
    assert!(
        error
            .to_string()
            .starts_with("s.yaml: the spec has 5000000")
    );
}

#[test]
fn a_message_stays_short_and_on_one_line() {
    let long = format!("rate: \"{}\\e[31m\\n\"", "9".repeat(100_000));
    let error = parse(&with(BASE, "rate: 50", &long)).unwrap_err();
    let shown = error.to_string();
    assert!(shown.chars().count() < 1_200, "{shown}");
    assert!(!error.what.contains(char::is_control), "{shown}");
    assert!(
        error.what.contains(" … ") && error.what.ends_with("is not a number"),
        "{shown}"
    );
}

#[test]
fn an_alias_bomb_and_a_deep_nest_are_refused() {
    let mut bomb = String::from("a: &a [1,1,1,1,1,1,1,1,1,1]\n");
    for (name, before) in ["b", "c", "d", "e", "f", "g"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f"])
    {
        let aliases = vec![format!("*{before}"); 10].join(",");
        bomb.push_str(&format!("{name}: &{name} [{aliases}]\n"));
    }
    assert!(parse(&bomb).is_err());
    let links = (1..2_000).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1));
    let chain = format!("a0: &a0 [1]\n{}", links.collect::<String>());
    assert!(parse(&chain).is_err());
    let maps = (0..2_000).map(|i| format!("{}a:\n", " ".repeat(i)));
    assert!(parse(&maps.collect::<String>()).is_err());
    assert!(parse(&"[".repeat(100_000)).is_err());
    assert!(parse(&"a: {".repeat(100_000)).is_err());
}

#[test]
fn the_specs_that_are_mutated_are_good() {
    for text in [BASE, traces::REPLAY, EVERYTHING, audits::EVERYTHING] {
        parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}

#[test]
fn more_stages_than_the_limit_are_refused() {
    let stages = |count: usize| "{rate: 1, duration: 1},".repeat(count);
    let spec = |count| with(BASE, "{rate: 50, duration: 60}", &stages(count));
    assert!(parse(&spec(10_000)).is_ok());
    let error = parse(&spec(10_001)).unwrap_err();
    assert!(
        error
            .what
            .contains("10001 stages are more than the limit of 10000"),
        "{error}"
    );
}

/// A spec that speaks of everything.
const EVERYTHING: &str = "\
seed: 7
tokenizer: {path: t.json}
api: {type: chat, streaming: true, headers: {x-route: a}}
server: {type: sglang, base_url: 'http://h:1', ignore_eos: false}
models: [{name: m, weight: 0.25}, {name: n}]
lora_traffic_split: [{name: x, split: 0.25}, {name: y, split: 0.75}]
sampling: {temperature: 'uniform(0.2, 1)', top_p: 0.9, top_k: 40, seed: true}
cancellation: {rate: 0.02, after_tokens: 'uniform(1, 9)', count: exact}
load: {num_workers: 4, worker_max_concurrency: 9, request_timeout: 1m, sweep: {type: geometric}}
populations:
  - name: a
    load: {type: gamma, burstiness: 0.5, stages: [{rate: 0, end_rate: 9, duration: 60, ramp: linear}]}
    data: {type: shared_prefix, shared_prefix: {num_groups: 2, question_len: 'skew_normal(90, 9, 2)'}}
  - name: b
    load: {type: weibull, shape: 2, stages: [{rate: 6/min, duration: 60, warm_up: true, name: w}]}
    data: {type: random, sequence_distribution: '256|10,128|5:40;512,256:60'}
    model_selection: random
    models: [o, p]
    sessions: {turns: 'poisson(3)', delay: 'exponential(2s)', history: live}
";

/// Pieces that YAML and this parser care about.
const PIECES: &[&str] = &[
    ":",
    "-",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!!int ",
    "|\n",
    ">",
    "'",
    "\"",
    "#",
    "\n",
    "\t",
    "  ",
    "~",
    "1e999",
    "-0",
    "0x",
    "\u{feff}",
    "ü",
    "\0",
    "<<: ",
    "? ",
    "---\n",
    "%",
    "fixed(",
    ")",
    "min=",
    "99999999999999999999999",
    ".",
    "e-40",
    "/min",
    "k",
    "null",
    "true",
    "\\",
];

proptest! {
    #[test]
    fn no_mutation_of_a_spec_makes_the_parser_panic(
        spec in 0..4_usize,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len(), 0..6_usize), 1..6),
    ) {
        let mut text: Vec<char> = [BASE, traces::REPLAY, EVERYTHING, audits::EVERYTHING][spec].chars().collect();
        for (place, piece, removed) in edits {
            let at = place.index(text.len().max(1)).min(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = parse(&text) {
            prop_assert!(!error.what.is_empty() && !error.remedy.is_empty());
            let lines = text.split(['\n', '\r']).count() as u64;
            prop_assert!(error.line.is_none_or(|line| line <= lines + 1), "{error}");
        }
    }
}
