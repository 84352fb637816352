//! Distributions, of lengths and of everything else, and data.

use super::{BASE, Sad, SadBlock, check, check_before};

#[rustfmt::skip]
const LENGTHS: &[Sad] = &[
    ("  type: synthetic\n", "", 3, 3, "missing `data.type`", "add `type: synthetic`"),
    ("type: synthetic", "type: visionarena", 3, 9, "`visionarena` is not supported by this version yet", "write one of `synthetic`, `random`"),
    ("fixed(128)", "[128]", 5, 24, "expected a distribution, found a list", "fixed(128)"),
    ("fixed(128)", "fixed(128", 5, 24, "`fixed(128` is not a distribution", "fixed(128)"),
    ("fixed(128)", "fixd(128)", 5, 24, "unknown value `fixd`", "did you mean `fixed`?"),
    ("fixed(128)", "fixed()", 5, 24, "a fixed distribution needs `mean`", "`fixed` has mean"),
    ("fixed(128)", "fixed(12, 13)", 5, 24, "has too many bare numbers", "by name"),
    ("fixed(128)", "fixed(128, std_dev=3)", 5, 24, "a fixed distribution has no `std_dev`", "`fixed` has mean"),
    ("fixed(128)", "normal(5, 1, mean=6)", 5, 24, "gives mean twice", "keep one"),
    ("fixed(128)", "fixed(1.5)", 5, 24, "`1.5` is not a whole number", "from 1 to 1048576"),
    ("fixed(128)", "0", 5, 24, "`0` must be more than 0", "from 1 to 1048576"),
    ("fixed(128)", "2000000", 5, 24, "`2000000` is more than the limit of 1048576", "at most 1048576"),
    ("fixed(128)", "uniform(20, 10)", 5, 24, "min 20 is more than max 10", "swap the two"),
    ("fixed(128)", "{type: fixed, mean: 128, variance: 1}", 5, 59, "`data.output_distribution.variance`: a fixed distribution has no `variance`", "remove it, or change the type"),
    ("fixed(128)", "{type: fixed, mean: 128, min: 9, max: 5}", 5, 54, "min 9 is more than max 5", "swap the two"),
    ("fixed(128)", "{type: uniform, mean: 128}", 5, 46, "a uniform distribution has no `mean`", "`uniform` has min, max"),
    ("mean: 512", "mean: 512, min: 513", 4, 47, "the mean 512 is not between min 513 and max 1048576", "move the mean"),
    ("mean: 512", "mean: 512, min: 0", 4, 57, "`0` must be more than 0", "from 1 to"),
    ("mean: 512", "mean: -512", 4, 47, "`-512` must not be negative", "a number of tokens"),
    ("mean: 512", "mean: many", 4, 47, "`many` is not a number", "a number of tokens"),
    ("std_dev: 256", "std_dev: 1e9", 4, 61, "`1e9` is more than the limit", "at most 1048576"),
    ("data:\n", "data:\n  trace: {file: t.csv, format: AzurePublicDataset}\n", 5, 23, "the token counts come from `data.trace` already", "remove the distributions"),
];

/// A spec that needs no data.
const REST: &str = "models: m\n";

#[rustfmt::skip]
const SHAPES: &[Sad] = &[
    ("fixed(128)", "normal(512)", 5, 24, "a normal distribution needs `std_dev`", "`normal` has mean, std_dev"),
    ("fixed(128)", "gamma(2, 3)", 5, 24, "`gamma` is not supported by this version yet", "write one of `fixed`, `uniform`"),
    ("fixed(128)", "zipf()", 5, 24, "a zipf distribution needs `exponent`", "`zipf` has exponent, min, max"),
    ("fixed(128)", "zipf(-1)", 5, 24, "`-1` must not be negative", "a number, like 1.1"),
    ("fixed(128)", "skew_normal(512, 10)", 5, 24, "a skew_normal distribution needs `skew`", "`skew_normal` has mean"),
    ("fixed(128)", "skew_normal(512, 10, 2e6)", 5, 24, "`2e6` is more than the limit of 1000000", "at most 1000000"),
    ("fixed(128)", "poisson(0.5)", 5, 24, "the mean 0.5 is not between min 1 and max 1048576", "move the mean"),
    ("fixed(128)", "exponential(5, 6)", 5, 24, "has too many bare numbers", "`exponential` has mean, min, max"),
    ("fixed(128)", "empirical(5)", 5, 24, "has too many bare numbers", "`empirical` has values, file"),
    ("fixed(128)", "{type: empirical}", 5, 24, "an empirical distribution needs `values`", "`empirical` has values, file"),
    ("fixed(128)", "{type: empirical, values: {}}", 5, 24, "there are no values", "like `values: {128: 5"),
    ("fixed(128)", "{type: empirical, values: {128: 0}}", 5, 24, "the weights must sum to at least 1", "like `values: {128: 5"),
    ("fixed(128)", "{type: empirical, values: {many: 5}}", 5, 51, "`data.output_distribution.values.many`: `many` is not a number", "a number of tokens"),
    ("fixed(128)", "{type: empirical, values: {128: -5}}", 5, 56, "`-5` must not be negative", "a whole number from 0"),
    ("fixed(128)", "{type: empirical, values: {128: 1, 128: 2}}", 5, 59, "duplicate mapping key", "keep one"),
    ("fixed(128)", "{type: empirical, values: [[128, 1], [128, 2]]}", 5, 24, "a value stands twice", "the sum of the weights"),
    ("fixed(128)", "{type: empirical, values: [[128, 1, 2]]}", 5, 51, "3 parts; a value and its weight are two", "like [128, 5]"),
    ("fixed(128)", "{type: empirical, values: [128]}", 5, 51, "expected a list, found a number", "- "),
    ("fixed(128)", "{type: empirical, values: {128: 5}, file: good.csv}", 5, 66, "`values` gives them already", "keep one"),
    ("fixed(128)", "{type: empirical, file: none.csv}", 5, 48, "\"none.csv\" cannot be read", "the path of a readable file"),
    ("fixed(128)", "{type: empirical, file: good.txt}", 5, 48, "\"good.txt\" ends neither in .csv nor in .json", "the ending of its format"),
    ("fixed(128)", "{type: empirical, file: bytes.csv}", 5, 48, "\"bytes.csv\" is not UTF-8 text", "as UTF-8"),
    ("fixed(128)", "{type: empirical, file: twice.csv}", 5, 24, "a value stands twice", "keep one"),
    ("fixed(128)", "{type: empirical, file: empty.csv}", 5, 24, "there are no values", "with their weights"),
    ("fixed(128)", "{type: normal, values: {128: 5}}", 5, 47, "a normal distribution has no `values`", "change the type"),
    ("fixed(128)", "{type: normal, distribution: normal}", 5, 53, "`data.output_distribution.type` says the same already", "remove one"),
    ("std_dev: 256", "std_dev: 256, variance: 4", 4, 76, "`std_dev` says the same already", "keep one of the two"),
    ("fixed(128)", "{type: empirical, mean: 5}", 5, 48, "an empirical distribution has no `mean`", "`empirical` has values, file"),
    ("fixed(128)", "{type: exponential, mean: 5, skew: 5}", 5, 59, "an exponential distribution has no `skew`", "`exponential` has mean, min, max"),
    ("std_dev: 256", "skew: 2", 4, 58, "a lognormal distribution has no `skew`", "`lognormal` has mean"),
];

#[rustfmt::skip]
const DATA: &[SadBlock] = &[
    ("data: {type: mock}", 1, 14, "mock data has no tokens to count", "write `type: synthetic`"),
    ("data: {type: syntetic}", 1, 14, "unknown value `syntetic`", "did you mean `synthetic`?"),
    ("data: {type: synthetic, shared_prefix: {}}", 1, 40, "only data of type shared_prefix has it", "set `data.type: shared_prefix`"),
    ("data: {type: shared_prefix, input_distribution: 5}", 1, 49, "has its lengths in `data.shared_prefix`", "`question_len` and `output_len`"),
    ("data: {type: random, trace: {file: a, format: BurstGPT, limit: 5, speed: 2}}", 1, 74, "`data.trace.speed`: the times of this trace are not used", "only `window`, `sample` and `limit` choose rows"),
    ("data: {type: random, trace: {file: a, format: BurstGPT, rate: 2}}", 1, 63, "`data.trace.rate`: the times", "remove it"),
    ("data: {type: random, trace: {file: a, format: BurstGPT, loop: 2}}", 1, 63, "`data.trace.loop`: the times", "remove it"),
    ("data: {type: random, trace: {file: a, format: BurstGPT, window: {to: 5}, start: window}}", 1, 81, "`data.trace.start`: the times", "remove it"),
    ("load: {type: trace_replay, trace: {file: a, format: BurstGPT}}\ndata: {type: random, trace: {file: ./b, format: BurstGPT, speed: 2}}", 2, 66, "`data.trace.speed`: the times", "remove it"),
    ("data: {type: shared_prefix, trace: {file: a, format: csv}}", 1, 36, "has its lengths in `data.shared_prefix`", "remove it"),
    ("data: {type: shared_prefix, shared_prefix: {num_groups: 0}}", 1, 57, "`0` must be more than 0", "from 1 to 1000000"),
    ("data: {type: shared_prefix, shared_prefix: {num_groups: 1e6, num_prompts_per_group: 11}}", 1, 57, "`data.shared_prefix.num_groups`: 1000000 groups of 11 prompts are 11000000 prompts, more than the limit of 10000000", "lower it"),
    ("data: {type: shared_prefix, shared_prefix: {num_unique_system_prompts: 1e6, num_users_per_system_prompt: 1e6}}", 1, 72, "are 1000000000000 prompts", "lower it"),
    ("data: {type: shared_prefix, shared_prefix: {num_groups: 1, num_prompts_per_group: 1, enable_multi_turn_chat: true}}\nload: {type: constant, stages: [{rate: 4097, duration: 1}]}", 1, 7, "each user would have 4097 turns, more than the limit of 4096: 4097 requests, users: 1", "raise `num_groups`"),
    ("data: {type: shared_prefix, shared_prefix: {num_groups: 2, num_unique_system_prompts: 2}}", 1, 87, "`data.shared_prefix.num_groups` says the same already", "remove one of the two"),
    ("data: {type: shared_prefix, shared_prefix: {question_len: 2, question_distribution: 2}}", 1, 85, "`data.shared_prefix.question_len` says the same already", "remove one of the two"),
    ("data: {type: shared_prefix, shared_prefix: {system_prompt_len: 0}}", 1, 64, "`0` must be more than 0", "from 1 to 1048576"),
    ("data: {type: shared_prefix, shared_prefix: {enable_multi_turn_chat: 1}}", 1, 69, "expected true or false", "without quotes"),
    ("data: {type: shared_prefix, shared_prefix: {multimodal: {image: {}}}}", 1, 45, "`data.shared_prefix.multimodal` is not supported", "remove it"),
    ("data: {type: shared_prefix, shared_prefix: {seed: x}}", 1, 51, "`x` is not a number", "a whole number from 0"),
    ("data: {type: random, sequence_distribution: 256}", 1, 45, "expected text, found a number", "in quotes"),
    ("data: {type: random, sequence_distribution: '256,128'}", 1, 45, "`256,128` is not a list of pairs", "`256|10,128|5:40;512,256:60`"),
    ("data: {type: random, sequence_distribution: '256,128:40;512,256:50'}", 1, 45, "the shares sum to 90 %, not to 100 %", "behind the colons"),
    ("data: {type: random, sequence_distribution: '256,128:0;512,256:100'}", 1, 45, "`0` must be more than 0", "a percentage, like 40"),
    ("data: {type: random, sequence_distribution: '0,128:100'}", 1, 45, "`0` must be more than 0", "a number of tokens"),
    ("data: {type: random, sequence_distribution: '256,2e9:100'}", 1, 45, "`2e9` is more than the limit of 1048576", "at most 1048576"),
    ("data: {type: random, sequence_distribution: '256,128:100', input_distribution: 5}", 1, 80, "the token counts come from `data.sequence_distribution` already", "remove the other distributions"),
    ("data: {type: random, sessions: {}}", 1, 22, "sessions stand in a block of their own", "beside `data`"),
    ("data: {type: random, multimodal: {}}", 1, 22, "`data.multimodal` is not supported by this version yet", "remove it"),
];

#[test]
fn prompts_and_turns_at_their_limits_are_read() {
    for text in [
        "data: {type: shared_prefix, shared_prefix: {num_groups: 1e6, num_prompts_per_group: 10}}",
        "data: {type: shared_prefix, shared_prefix: {num_groups: 1, num_prompts_per_group: 1, enable_multi_turn_chat: true}}\nload: {type: constant, stages: [{rate: 4096, duration: 1}]}",
    ] {
        super::parse(&format!("{text}\n{REST}")).expect(text);
    }
}

#[test]
fn wrong_lengths_say_what_the_distribution_takes() {
    check(BASE, LENGTHS);
}

#[test]
fn wrong_shapes_say_what_the_distribution_takes() {
    check(BASE, SHAPES);
}

#[test]
fn wrong_data_say_where_lengths_come_from() {
    check_before(REST, DATA);
}

#[test]
fn a_wrong_histogram_is_named_with_its_own_file_and_line() {
    for (name, line, column, what, remedy) in [
        (
            "header.csv",
            1,
            None,
            "the header is `length,weight`",
            "`tokens,weight`, with that header",
        ),
        (
            "row.csv",
            3,
            None,
            "`many` is not a number",
            "a number of tokens",
        ),
        (
            "ragged.csv",
            2,
            None,
            "found record with 3 fields",
            "write two columns",
        ),
        (
            "weight.json",
            2,
            Some(9),
            "`256`: `-3` must not be negative",
            "a whole number from 0",
        ),
    ] {
        let histogram = format!("{{type: empirical, file: {name}}}");
        let text = super::with(BASE, "fixed(128)", &histogram);
        let error = super::parse(&text).expect_err(name);
        assert_eq!(error.file, name, "{error}");
        assert_eq!((error.line, error.column), (Some(line), column), "{error}");
        assert!(error.what.contains(what), "no {what:?}: {error}");
        assert!(error.remedy.contains(remedy), "no {remedy:?}: {error}");
    }
}
