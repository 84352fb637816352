//! Loads, their stages, and what is said about the engine there.

use super::{BASE, Sad, SadBlock, check, check_before};

#[rustfmt::skip]
const LOADS: &[Sad] = &[
    ("  type: poisson\n", "", 7, 3, "missing `load.type`", "add `type: constant`"),
    ("poisson", "Poison", 7, 9, "unknown value `Poison`", "did you mean `poisson`?"),
    ("  stages: [{rate: 50, duration: 60}]\n", "", 7, 3, "missing `load.stages`", "add `stages: [{rate: 50"),
    ("[{rate: 50, duration: 60}]", "[]", 8, 11, "there are no stages", "add `stages: [{rate: 50"),
    ("[{rate: 50, duration: 60}]", "{rate: 50, duration: 60}", 8, 11, "expected a list, found a map", "- "),
    ("rate: 50, ", "", 8, 12, "missing `load.stages[0].rate`", "requests per second"),
    (", duration: 60", "", 8, 12, "missing `load.stages[0].duration`", "in seconds"),
    ("rate: 50", "rate: 0", 8, 19, "`load.stages[0].rate`: `0` must be more than 0", "requests per second"),
    ("rate: 50", "rate: -5", 8, 19, "`-5` must be more than 0", "requests per second"),
    ("rate: 50", "rate: fast", 8, 19, "`fast` is not a number", "/s, /min, /h"),
    ("rate: 50", "rate: true", 8, 19, "expected a number or text, found true or false", "a single value"),
    ("rate: 50", "rate: 0x10", 8, 19, "`0x10` has the unknown unit `x10`", "/s, /min, /h"),
    ("rate: 50", "rate: 50/fortnight", 8, 19, "`50/fortnight` has the unknown unit `/fortnight`", "/s, /min, /h"),
    ("rate: 50", "rate: 0.0000005", 8, 19, "`0.0000005` is finer than 0.000001/s", "write 0.000001/s"),
    ("rate: 50", "rate: 100/min", 8, 19, "`100/min` is finer than 0.000001/s", "write 1.666667/s"),
    ("rate: 50", "rate: 11M/s", 8, 19, "`11M/s` is more than the limit of 10M/s", "at most 10M/s"),
    ("rate: 50", "rate: 1e40", 8, 19, "`1e40` is more than the limit of 10M/s", "at most 10M/s"),
    ("rate: 50, duration: 60", "rate: 10M/s, duration: 1d", 8, 12, "864000000000 requests, more than the limit of 1000000000", "lower the rate"),
    ("duration: 60", "duration: 0s", 8, 33, "`0s` must be more than 0", "ns, us, ms, s, m, h, d"),
    ("duration: 60", "duration: 5 parsecs", 8, 33, "`5 parsecs` has the unknown unit `parsecs`", "ns, us, ms, s, m, h, d"),
    ("duration: 60", "duration: 60 minutes", 8, 33, "unknown unit `minutes`", "ns, us, ms, s, m, h, d"),
    ("duration: 60", "duration: 1.5ns", 8, 33, "`1.5ns` is finer than 1 ns", "write 2ns"),
    ("duration: 60", "duration: 367d", 8, 33, "`367d` is more than the limit of 366d", "at most 366d"),
    ("duration: 60", "duration: 1:30", 8, 33, "unknown unit `:30`", "ns, us, ms, s, m, h, d"),
    ("  type: poisson", "  type: poisson\n  trace: {file: t.csv, format: AzurePublicDataset}", 8, 10, "only a load of type trace_replay has a trace", "load.type: trace_replay"),
];

/// A spec that lacks a load.
const REST: &str = "models: m\n";

#[rustfmt::skip]
const OPEN: &[SadBlock] = &[
    ("load: {type: constant, stages: [{num_requests: 5, concurrency_level: 2}]}", 1, 34, "`load.stages[0].num_requests`: an open loop starts requests at a rate", "set `load.type: concurrent`"),
    ("load: {type: poisson, stages: [{rate: 5, duration: 2, concurrency_level: 2}]}", 1, 55, "`load.stages[0].concurrency_level`: an open loop", "write `rate` and `duration`"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, think_time: 2}]}", 1, 56, "an open loop waits for no answer", "load.type: users"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, ramp: linear}]}", 1, 62, "there is no `end_rate` to go to", "add `end_rate: 100`"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, end_rate: 9, ramp: steep}]}", 1, 75, "unknown value `steep`", "write one of `linear`, `exponential`"),
    ("load: {type: constant, stages: [{rate: 0, duration: 2, end_rate: 9, ramp: exponential}]}", 1, 75, "no factor leads from or to a rate of 0", "ramp: linear"),
    ("load: {type: constant, stages: [{rate: 0, duration: 2, end_rate: 0}]}", 1, 66, "the stage starts no request", "raise one of the two rates"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, end_rate: -9}]}", 1, 66, "`-9` must not be negative", "requests per second"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, max_concurrency: 0}]}", 1, 73, "`0` must be more than 0", "from 1 to 1000000"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, max_concurrency: 2e6}]}", 1, 73, "`2e6` is more than the limit of 1000000", "at most 1000000"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, warm_up: 1}]}", 1, 65, "expected true or false", "without quotes"),
    ("load: {type: constant, stages: [{rate: 5, duration: 2, name: ''}]}", 1, 62, "a name has 1 to 512 bytes", "reports give the stage"),
    ("load: {type: constant, max_concurrency: 5, stages: [{rate: 5, duration: 2}]}", 1, 41, "a load of type constant has no limit of its own", "write it in each stage"),
    ("load: {type: constant, interval: -1, stages: [{rate: 5, duration: 2}]}", 1, 34, "`-1` must not be negative", "seconds, like 60"),
    ("load: {type: constant, interval: 300d, stages: [{rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}, {rate: 1, duration: 1}]}", 1, 361, "last longer than the limit of ten years", "a shorter `interval`"),
    ("load: {type: gamma, stages: [{rate: 5, duration: 2}]}", 1, 7, "missing `load.burstiness`", "1 is poisson"),
    ("load: {type: gamma, burstiness: 0, stages: [{rate: 5, duration: 2}]}", 1, 33, "shape 0 of a gamma interval must be between", "in that range"),
    ("load: {type: gamma, burstiness: 2, smoothness: 2, stages: [{rate: 5, duration: 2}]}", 1, 48, "`load.smoothness`: the shape of the gaps is given twice", "keep one"),
    ("load: {type: weibull, burstiness: 2, stages: [{rate: 5, duration: 2}]}", 1, 35, "the gaps of a load of type weibull have no `burstiness`", "remove it"),
    ("load: {type: weibull, shape: 0.01, stages: [{rate: 5, duration: 2}]}", 1, 30, "shape 0.01 of a weibull interval must be between", "in that range"),
    ("load: {type: weibull, stages: [{rate: 5, duration: 2}]}", 1, 7, "missing `load.shape`", "add `shape: 0.5`"),
    ("load: {type: poisson, burstiness: 2, stages: [{rate: 5, duration: 2}]}", 1, 35, "the gaps of a load of type poisson have no `burstiness`", "load.type: gamma"),
    ("load: {type: closed}", 1, 14, "there are two closed loops", "write `concurrent`, or `users`"),
    ("load: {type: trace_session_replay}", 1, 14, "`trace_session_replay` is not supported by this version yet", "write one of `constant`, `poisson`, `gamma`"),
    ("load: {type: constant, sessions: {}, stages: [{rate: 5, duration: 2}]}", 1, 24, "sessions stand in a block of their own", "beside `load`"),
];

#[rustfmt::skip]
const CLOSED: &[SadBlock] = &[
    ("load: {type: concurrent, stages: [{num_requests: 5}]}", 1, 35, "missing `load.stages[0].concurrency_level`", "in flight at once"),
    ("load: {type: concurrent, stages: [{concurrency_level: 5}]}", 1, 35, "missing `load.stages[0].num_requests`", "add `num_requests: 1000`"),
    ("load: {type: concurrent, stages: [{rate: 5, duration: 5}]}", 1, 36, "`load.stages[0].rate`: a closed loop has no rate", "write `num_requests` instead"),
    ("load: {type: concurrent, stages: [{num_requests: 5, concurrency_level: 5, duration: 5}]}", 1, 75, "`load.stages[0].duration`: a closed loop has no duration", "or set `load.type: constant`"),
    ("load: {type: concurrent, stages: [{num_requests: 0, concurrency_level: 5}]}", 1, 50, "`0` must be more than 0", "of requests from 1 to 1000000000"),
    ("load: {type: concurrent, stages: [{num_requests: 5, concurrency_level: 1.5}]}", 1, 72, "`1.5` is not a whole number", "from 1 to 1000000"),
    ("load: {type: concurrent, stages: [{num_requests: 2e9, concurrency_level: 5}]}", 1, 50, "`2e9` is more than the limit of 1000000000", "at most"),
    ("load: {type: concurrent, stages: [{num_requests: 9e8, concurrency_level: 5}, {num_requests: 2e8, concurrency_level: 5}]}", 1, 78, "the stages so far start 1100000000 requests", "lower the rate"),
    ("load: {type: concurrent, stages: [{num_requests: 5, concurrency_level: 5, think_time: 2s}]}", 1, 75, "starts the next request at once", "load.type: users"),
    ("load: {type: concurrent, stages: [{num_requests: 5, concurrency_level: 5, max_concurrency: 5}]}", 1, 75, "`concurrency_level` is the most, and the least", "remove it"),
    ("load: {type: concurrent, max_concurrency: 5, stages: [{num_requests: 5, concurrency_level: 5}]}", 1, 43, "a load of type concurrent has no limit of its own", "its stages say"),
    ("load: {type: concurrent}", 1, 7, "missing `load.stages`", "add `stages: [{num_requests: 1000, concurrency_level: 32}]`"),
    ("load: {type: concurrent, sweep: {type: linear}, stages: [{num_requests: 5, concurrency_level: 5}]}", 1, 33, "`load.sweep`: a concurrent load has no rate to sweep", "load.type: constant"),
    ("load: {type: users, stages: [{users: 5}]}", 1, 30, "missing `load.stages[0].num_requests`", "add `num_requests"),
    ("load: {type: users, stages: [{num_requests: 5}]}", 1, 30, "missing `load.stages[0].users`", "add `users: 32`"),
    ("load: {type: users, stages: [{num_requests: 5, users: 5, duration: 5}]}", 1, 58, "a closed loop has no duration", "write `num_requests`"),
    ("load: {type: users, stages: [{num_requests: 5, users: 5, concurrency_level: 5}]}", 1, 58, "the concurrency of users is their number", "write `users`"),
    ("load: {type: users, stages: [{num_requests: 5, users: 2000000}]}", 1, 55, "more than the limit of 1000000", "at most 1000000"),
    ("load: {type: users, stages: [{num_requests: 5000001, users: 5}]}", 1, 61, "`load.stages[0].users`: each user would have 1000001 requests, more than the limit of 1000000", "raise `users` to 6 or more"),
    ("load: {type: users, stages: [{num_requests: 5, users: 5, think_time: {mean: 2s}}]}", 1, 70, "a normal distribution needs `std_dev`", "Or write a duration"),
    ("load: {type: users, sweep: true, stages: [{num_requests: 5, users: 5}]}", 1, 28, "a load of users has no rate to sweep", "remove the sweep"),
];

#[rustfmt::skip]
const ENGINE: &[SadBlock] = &[
    ("load: {type: constant, sweep: {type: cubic}}", 1, 38, "unknown value `cubic`", "write one of `linear`, `geometric`"),
    ("load: {type: constant, sweep: {type: gemoetric}}", 1, 38, "unknown value `gemoetric`", "did you mean `geometric`?"),
    ("load: {type: constant, sweep: linear}", 1, 31, "expected a map, found text", "its keys are `type`, `num_requests`"),
    ("load: {type: constant, sweep: {num_stages: 0}}", 1, 44, "`0` must be more than 0", "of stages from 1 to 10000"),
    ("load: {type: constant, sweep: {num_requests: 1e8}}", 1, 46, "`1e8` is more than the limit of 10000000", "at most 10000000"),
    ("load: {type: constant, sweep: {timeout: 0}}", 1, 41, "`0` must be more than 0", "seconds, like 60"),
    ("load: {type: constant, sweep: {stage_duration: long}}", 1, 48, "`long` is not a number", "seconds, like 60"),
    ("load: {type: constant, sweep: {saturation_percentile: 101}}", 1, 55, "`101` is more than the limit of 100", "at most 100"),
    ("load: {type: constant, sweep: {saturation_percentile: 95.00001}}", 1, 55, "`95.00001` is finer than 0.0001", "write 95,"),
    ("load: {type: constant, sweep: {stage: 5}}", 1, 32, "unknown key `load.sweep.stage`", "the keys here are"),
    ("load: {type: constant, num_workers: 0, stages: [{rate: 5, duration: 2}]}", 1, 37, "`0` must be more than 0", "of workers from 1 to 65536"),
    ("load: {type: constant, num_workers: many, stages: [{rate: 5, duration: 2}]}", 1, 37, "`many` is not a number", "a whole number of workers"),
    ("load: {type: constant, num_worker: 4, stages: [{rate: 5, duration: 2}]}", 1, 24, "unknown key `load.num_worker`", "did you mean `num_workers`?"),
    ("load: {type: constant, worker_max_concurrency: 0, stages: [{rate: 5, duration: 2}]}", 1, 48, "`0` must be more than 0", "of requests from 1"),
    ("load: {type: constant, worker_max_tcp_connections: 1.5, stages: [{rate: 5, duration: 2}]}", 1, 52, "`1.5` is not a whole number", "of connections from 1"),
    ("load: {type: constant, request_timeout: 0, stages: [{rate: 5, duration: 2}]}", 1, 41, "`0` must be more than 0", "seconds, like 60"),
    ("load: {type: constant, request_retries: 3, stages: [{rate: 5, duration: 2}]}", 1, 41, "nothing is fired twice", "write 0, or remove it"),
    ("load: {type: constant, base_seed: -1, stages: [{rate: 5, duration: 2}]}", 1, 35, "`-1` must not be negative", "a whole number from 0"),
];

#[test]
fn wrong_loads_say_what_is_wrong_and_list_the_units() {
    check(BASE, LOADS);
}

#[test]
fn wrong_open_loops_say_what_a_stage_may_hold() {
    check_before(REST, OPEN);
}

#[test]
fn wrong_closed_loops_say_why_they_have_no_rate() {
    check_before(REST, CLOSED);
}

#[test]
fn users_at_the_limit_of_their_requests_are_read() {
    let text = "load: {type: users, stages: [{num_requests: 5e6, users: 5}]}";
    super::parse(&format!("{text}\n{REST}")).unwrap();
}

#[test]
fn wrong_words_about_the_engine_say_their_range() {
    check_before(REST, ENGINE);
}
