//! Traces: their formats, their options, and what goes with them.

use super::{Sad, SadBlock, check, check_before};

/// A good replay.
pub const REPLAY: &str = "\
models: [{name: m}]
data:
  type: random
  trace: {file: t.csv, format: AzurePublicDataset}
load:
  type: trace_replay
  trace: {file: t.csv, format: AzurePublicDataset}
";

#[rustfmt::skip]
pub const REPLAYS: &[Sad] = &[
    ("  type: trace_replay", "  type: trace_replay\n  stages: [{rate: 1, duration: 1}]", 7, 11, "a trace replay has no stages", "remove `load.stages`"),
    ("  type: trace_replay\n  trace: {file: t.csv, format: AzurePublicDataset}", "  type: trace_replay", 6, 3, "missing `load.trace`", "add `trace: {file:"),
    ("format: AzurePublicDataset", "format: Azure", 4, 32, "unknown value `Azure`", "write one of `AzurePublicDataset`"),
    ("format: AzurePublicDataset", "format: AzurePublicDatasets", 4, 32, "unknown value", "did you mean `AzurePublicDataset`?"),
    ("file: t.csv, ", "", 4, 10, "missing `data.trace.file`", "add `file:"),
    ("file: t.csv, ", "file: '', ", 4, 17, "a file name has 1 to 4096 bytes", "the path of the file"),
];

/// A spec that lacks data and load.
const REST: &str = "models: m\n";

#[rustfmt::skip]
const FORMATS: &[SadBlock] = &[
    ("load: {type: trace_replay, trace: {file: a, format: mooncake}}", 1, 53, "unknown value `mooncake`", "did you mean `Mooncake`?"),
    ("load: {type: trace_replay, trace: {file: a, format: burstgpt}}", 1, 53, "unknown value `burstgpt`", "did you mean `BurstGPT`?"),
    ("load: {type: trace_replay, trace: {file: a, format: CSV}}", 1, 53, "unknown value `CSV`", "did you mean `csv`?"),
    ("load: {type: trace_replay, trace: {file: a, format: DatasetTrace}}", 1, 53, "`DatasetTrace` is not supported by this version yet", "`ServeGen`, `csv`, `jsonl`"),
    ("load: {type: trace_replay, trace: {file: a}}", 1, 35, "missing `load.trace.format`", "add `format:"),
    ("load: {type: trace_replay, trace: a.csv}", 1, 35, "expected a map, found text", "its keys are `file`, `format`"),
    ("load: {type: trace_replay, trace: {file: a, format: Mooncake, block_tokens: 0}}", 1, 77, "`0` must be more than 0", "of tokens from 1 to 65536"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, block_tokens: 16}}", 1, 77, "a trace of format BurstGPT has no `block_tokens`", "remove it"),
    ("load: {type: trace_replay, trace: {file: a, format: Bailian, time_unit: s}}", 1, 73, "a trace of format Bailian has no `time_unit`", "the format says it"),
    ("load: {type: trace_replay, trace: {file: a, format: csv, time_unit: s}}", 1, 35, "missing `load.trace.columns`", "add `columns: {timestamp:"),
    ("load: {type: trace_replay, trace: {file: a, format: jsonl, columns: {timestamp: t, input_tokens: i, output_tokens: o}}}", 1, 35, "missing `load.trace.time_unit`", "add `time_unit: s`"),
    ("load: {type: trace_replay, trace: {file: a, format: csv, time_unit: s, columns: {timestamp: t, input_tokens: i}}}", 1, 81, "missing `load.trace.columns.output_tokens`", "a column"),
    ("load: {type: trace_replay, trace: {file: a, format: csv, time_unit: s, columns: {timestamp: t, input_tokens: i, output_tokens: i}}}", 1, 128, "column \"i\" stands for two things", "its own column"),
    ("load: {type: trace_replay, trace: {file: a, format: csv, time_unit: s, columns: {timestamp: t, inputs: i}}}", 1, 96, "unknown key `load.trace.columns.inputs`", "`input_tokens`"),
    ("load: {type: trace_replay, trace: {file: a, format: csv, time_unit: sec, columns: {timestamp: t, input_tokens: i, output_tokens: o}}}", 1, 69, "unknown value `sec`", "write one of `ns`, `us`, `ms`, `s`, `iso8601`"),
    ("load: {type: trace_replay, trace: {file: a, format: csv, time_unit: s, columns: {timestamp: ' t', input_tokens: i, output_tokens: o}}}", 1, 93, "no blanks around it", "in the file's header"),
];

#[rustfmt::skip]
const OPTIONS: &[SadBlock] = &[
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, window: {}}}", 1, 71, "it has neither `from` nor `to`", "write `window: {from: 10m"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, window: {from: 5m, to: 5m}}}", 1, 86, "the window ends before it begins", "make `to` later"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, window: {since: 5m}}}", 1, 72, "unknown key `load.trace.window.since`", "`from`, `to`"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, window: [1, 2]}}", 1, 71, "expected a map, found a list", "its keys are `from`, `to`"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, limit: 0}}", 1, 70, "`0` must be more than 0", "of rows from 1"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, sample: 0}}", 1, 71, "`0` must be more than 0", "a share of 1"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, sample: 10}}", 1, 71, "`10` is more than the limit of 1", "at most 1"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, speed: 0}}", 1, 70, "`0` must be more than 0", "a factor, like 2 or 0.5"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, speed: 2, rate: 5}}", 1, 79, "`speed` says already how fast", "keep one of the two"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, rate: 0}}", 1, 69, "`0` must be more than 0", "requests per second"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, loop: 4097}}", 1, 69, "`4097` is more than the limit of 4096", "at most 4096"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, start: window}}", 1, 70, "there is no window whose begin could be t0", "remove it, or write `window"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, start: first}}", 1, 70, "unknown value `first`", "write one of `first_request`, `window`"),
    ("load: {type: trace_replay, max_concurrency: 0, trace: {file: a, format: BurstGPT}}", 1, 45, "`0` must be more than 0", "of requests from 1 to 1000000"),
    ("load: {type: trace_replay, sweep: {}, trace: {file: a, format: BurstGPT}}", 1, 35, "the times of a trace are not swept", "play it faster"),
    ("load: {type: trace_replay, burstiness: 1, trace: {file: a, format: BurstGPT}}", 1, 40, "a load of type trace_replay have no `burstiness`", "remove it"),
];

#[rustfmt::skip]
const TOGETHER: &[SadBlock] = &[
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT, limit: 5}}\ndata: {type: random, trace: {file: a, format: BurstGPT, limit: 6}}", 2, 29, "its options are not those of `load.trace`", "leave them out here"),
    ("load: {type: trace_replay, trace: {file: a, format: ServeGen}}\ndata: {type: random, input_distribution: 5, output_distribution: 6}", 2, 7, "a ServeGen trace brings its own token counts", "data: {type: random, trace: {file: a, format: ServeGen}}"),
    ("load: {type: trace_replay, trace: {file: a, format: ServeGen}}", 1, 1, "a ServeGen trace brings its own token counts", "file: a, format: ServeGen"),
    ("load: {type: trace_replay, trace: {file: a, format: Bailian}}\nsessions: {turns: 2}", 2, 11, "the Bailian trace brings its own sessions", "remove `sessions`"),
    ("load: {type: trace_replay, trace: {file: a, format: csv, time_unit: s, columns: {timestamp: t, input_tokens: i, output_tokens: o, session: s}}}\nsessions: {turns: 2}", 2, 11, "the csv trace brings its own sessions", "remove `sessions`"),
    ("data: {type: random, trace: {file: a, format: BurstGPT}, output_distribution: 5}", 1, 79, "the token counts come from `data.trace` already", "remove the distributions"),
];

#[test]
fn wrong_replays_say_what_goes_with_a_trace() {
    check(REPLAY, REPLAYS);
}

#[test]
fn wrong_formats_are_named_whatever_their_case() {
    check_before(REST, FORMATS);
}

#[test]
fn wrong_options_of_a_trace_say_their_range() {
    check_before(REST, OPTIONS);
}

#[test]
fn a_trace_and_what_contradicts_it_are_named() {
    check_before(REST, TOGETHER);
}
