//! Data sets as a spec names them, and what cannot stand beside one.

use super::parse;
use compiler::samplers::Distribution;
use compiler::spec::{DataKind, History, Lengths, Load, SetKind, SetOrder};

const LOAD: &str = "load: {type: constant, stages: [{rate: 1, duration: 1}]}";

/// The data block, what else there is, and line, column, message and remedy.
const WRONG: &[(&str, &str, u64, u64, &str, &str)] = &[
    (
        "{type: single_turn}",
        LOAD,
        2,
        7,
        "missing `data.path`",
        "path: ./data.jsonl",
    ),
    (
        "{type: single_trun, path: d}",
        LOAD,
        2,
        14,
        "unknown value `single_trun`",
        "did you mean `single_turn`",
    ),
    (
        "{type: single_turn, path: d, sampling: shufle}",
        LOAD,
        2,
        46,
        "unknown value `shufle`",
        "did you mean `shuffle`",
    ),
    (
        "{type: single_turn, path: d, entries: 0}",
        LOAD,
        2,
        45,
        "`data.entries`",
        "conversations",
    ),
    (
        "{type: multi_turn, path: d, input_distribution: 5}",
        LOAD,
        2,
        55,
        "the file says what is asked",
        "type: synthetic",
    ),
    (
        "{type: multi_turn, path: d, shared_prefix: {}}",
        LOAD,
        2,
        50,
        "the file says what is asked",
        "type: synthetic",
    ),
    (
        "{type: multi_turn, path: d, corpus: code}",
        LOAD,
        2,
        43,
        "texts of its own",
        "type: synthetic",
    ),
    (
        "{type: raw_payload, path: d, output_distribution: 5}",
        LOAD,
        2,
        57,
        "sent as they are",
        "a body says",
    ),
    (
        "{type: raw_payload, path: d, salt: true}",
        LOAD,
        2,
        42,
        "sent as they are",
        "remove it",
    ),
    (
        "{type: random_pool, path: d, entries: 5}",
        LOAD,
        2,
        45,
        "one line of each pool",
        "`load` says",
    ),
    (
        "{type: random_pool, path: d, sampling: shuffle}",
        LOAD,
        2,
        46,
        "with replacement",
        "single_turn",
    ),
    (
        "{type: synthetic, path: d}",
        LOAD,
        2,
        31,
        "only a data set has it",
        "sharegpt",
    ),
    (
        "{type: random, sampling: random}",
        LOAD,
        2,
        32,
        "only a data set has it",
        "sharegpt",
    ),
    (
        "{type: synthetic}",
        "load: {type: fixed_schedule}",
        2,
        7,
        "takes its times from a data set",
        "single_turn",
    ),
    (
        "{type: sharegpt, path: d}",
        "load: {type: fixed_schedule}",
        2,
        7,
        "has no timestamps",
        "multi_turn",
    ),
    (
        "{type: single_turn, path: d, sampling: random}",
        "load: {type: fixed_schedule}",
        2,
        46,
        "each conversation once",
        "remove it",
    ),
    (
        "{type: single_turn, path: d}",
        "load: {type: fixed_schedule, stages: [{rate: 1, duration: 1}]}",
        3,
        38,
        "has no stages",
        "remove it",
    ),
    (
        "{type: multi_turn, path: d}",
        "load: {type: fixed_schedule}\nsessions: {turns: 5}",
        4,
        12,
        "how many turns",
        "remove it",
    ),
    (
        "{type: single_turn, path: d}",
        "load: {type: fixed_schedule}\nsessions: {history: live}",
        4,
        21,
        "repeat nothing",
        "multi_turn",
    ),
];

#[test]
fn what_does_not_fit_a_data_set_is_refused() {
    let mut wrong = String::new();
    for (data, rest, line, column, what, remedy) in WRONG {
        let spec = format!("models: m\ndata: {data}\n{rest}\n");
        let error = parse(&spec).unwrap_err();
        let place = (error.line, error.column) == (Some(*line), Some(*column));
        if !place || !error.what.contains(what) || !error.remedy.contains(remedy) {
            wrong += &format!("{spec}{error}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_data_set_says_file_order_and_what_the_file_leaves_open() {
    let spec = parse(
        "models: m\n\
         data: {type: shareGPT, path: a/b.json, sampling: shuffle, entries: 1000, output_distribution: 9}\n\
         load: {type: constant, stages: [{rate: 1, duration: 1}]}\n\
         sessions: {delay: 2s, history: live}\n",
    )
    .unwrap();
    let population = &spec.populations[0];
    let set = population.data.set.as_ref().unwrap();
    assert_eq!(population.data.kind, DataKind::Set(SetKind::ShareGpt));
    assert_eq!(population.data.lengths, Lengths::FromSet);
    assert_eq!(population.sessions, None);
    assert_eq!(
        (set.kind, &*set.path, set.order),
        (SetKind::ShareGpt, "a/b.json", SetOrder::Shuffle)
    );
    assert_eq!((set.entries, set.history), (Some(1_000), History::Live));
    assert_eq!(set.output, Some(Distribution::fixed(9)));
    assert_eq!(set.delay, Distribution::fixed(2_000_000_000));
    assert!(spec.notes.is_empty(), "{:?}", spec.notes);

    let spec =
        parse("models: m\ndata: {type: multi_turn, path: d}\nload: {type: fixed_schedule}\n")
            .unwrap();
    let population = &spec.populations[0];
    let set = population.data.set.as_ref().unwrap();
    assert_eq!(
        (&population.load, set.order, set.entries),
        (&Load::Schedule, SetOrder::Sequential, None)
    );
}
