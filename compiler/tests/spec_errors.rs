//! Specs that are right give the values they say; specs that are wrong say where,
//! what and what to do next; and no spec at all makes the parser panic.

use compiler::spec::data::MAX_LENGTH_TOKENS;
use compiler::spec::quantity::{MAX_DURATION_NS, MAX_RATE_MICROHERTZ};
use compiler::spec::{
    ApiKind, DataKind, DurationNs, LengthSpec, Lengths, Load, RateMicrohertz, Server, Spec,
    SpecError, Stage, TraceFormat, TraceRef,
};
use proptest::prelude::*;

/// A good spec; the tables below replace one piece of it.
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

/// The same for a trace replay.
const REPLAY: &str = "\
models: [{name: m}]
data:
  type: random
  trace: {file: t.csv, format: AzurePublicDataset}
load:
  type: trace_replay
  trace: {file: t.csv, format: AzurePublicDataset}
";

fn parse(text: &str) -> Result<Spec, SpecError> {
    Spec::parse(text, "s.yaml", &[])
}

fn parse_with(text: &str, sets: &[&str]) -> Result<Spec, SpecError> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    Spec::parse(text, "s.yaml", &sets)
}

/// `text` with one piece replaced, which must be there.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1)
}

fn stage(rate: &str, duration: &str) -> Stage {
    Stage {
        rate: RateMicrohertz::parse(rate).unwrap(),
        duration: DurationNs::parse(duration).unwrap(),
    }
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

fn check(base: &str, table: &[Sad]) {
    for &(old, new, line, column, what, remedy) in table {
        let text = with(base, old, new);
        let error = parse(&text).expect_err(&text);
        let context = format!("{text}\n{error}");
        assert!(error.what.contains(what), "no {what:?}: {context}");
        assert!(error.remedy.contains(remedy), "no {remedy:?}: {context}");
        let place = (error.line, error.column);
        assert_eq!(place, (Some(line), Some(column)), "{context}");
        let shown = format!("s.yaml:{line}:{column}: {}\n  help: ", error.what);
        assert!(error.to_string().starts_with(&shown), "{context}");
    }
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
    ("type: poisson", "tpye: poisson", 7, 3, "unknown key `load.tpye`", "did you mean `type`? The keys here are `type`, `base_seed`"),
    ("duration: 60", "duartion: 60", 8, 23, "unknown key `load.stages[0].duartion`", "did you mean `duration`?"),
    ("std_dev: 256", "stddev: 256", 4, 52, "unknown key `data.input_distribution.stddev`", "did you mean `std_dev`?"),
    ("{name: m}", "{name: m, colour: red}", 1, 20, "unknown key `models[0].colour`", "the keys here are `name`"),
    ("load:", "populations: []\nload:", 6, 1, "`populations` is not supported by this version yet", "remove it"),
    ("  type: poisson", "  type: poisson\n  sweep: {type: linear}", 8, 3, "`load.sweep` is not supported by this version yet", "write the stages"),
    ("  type: poisson", "  type: poisson\n  num_workers: 8", 8, 3, "`load.num_workers` is not supported", "replay run --workers"),
    ("  type: poisson", "  cancellation: {rate: 0.02, delay: 500ms}\n  type: poisson", 7, 3, "`load.cancellation` is not supported", "remove it"),
    ("  type: poisson", "  interval: 1.0\n  type: poisson", 7, 3, "`load.interval` is not supported", "remove it"),
    ("  type: poisson", "  lora_traffic_split: []\n  type: poisson", 7, 3, "`load.lora_traffic_split` is not supported", "remove it"),
    ("{rate: 50, duration: 60}", "{num_requests: 5, concurrency_level: 2}", 8, 13, "`load.stages[0].num_requests` is not supported", "write `rate`"),
    ("models: [{name: m}]", "server: {type: vllm, base_url: http://x}\nmodels: [{name: m}]", 1, 22, "`server.base_url` is not supported", "replay run --url"),
    ("mean: 512", "mean: 512, total_count: 9", 4, 52, "total_count` is not supported", "remove it: every request"),
];

#[rustfmt::skip]
const BLOCKS: &[Sad] = &[
    ("models: [{name: m}]", "seed: 1", 1, 1, "missing `models`", "add `models: [{name:"),
    ("models: [{name: m}]", "models: []", 1, 9, "there is no model", "add `models: [{name:"),
    ("models: [{name: m}]", "models:", 1, 1, "missing `models`", "add `models: [{name:"),
    ("models: [{name: m}]", "models: m", 1, 9, "`models`: expected a list, found text", "- "),
    ("[{name: m}]", "[{name: m}, {name: n}]", 1, 9, "2 models are not supported by this version yet", "keep one model"),
    ("[{name: m}]", "[m]", 1, 10, "`models[0]`: expected a map, found text", "its keys are `name`"),
    ("name: m", "name: 7", 1, 17, "expected text, found a number", "in quotes"),
    ("name: m", "name: ''", 1, 17, "a name has 1 to 512 bytes", "the name under which the server"),
    ("models:", "seed: -1\nmodels:", 1, 7, "`-1` must not be negative", "a whole number from 0"),
    ("models:", "seed: 1.5\nmodels:", 1, 7, "`1.5` is not a whole number", "a whole number from 0"),
    ("models:", "seed: 18446744073709551616\nmodels:", 1, 7, "more than the limit of 18446744073709551615", "at most"),
    ("models:", "seed: abc\nmodels:", 1, 7, "`abc` is not a number", "a whole number from 0"),
    ("load:", "seed: 1\nload:\n  base_seed: 2", 8, 14, "`load.base_seed`: 2 is not the `seed` of 1", "remove one of the two"),
    ("models:", "api: {type: chatt}\nmodels:", 1, 13, "unknown value `chatt`", "did you mean `chat`?"),
    ("models:", "api: {type: embeddings}\nmodels:", 1, 13, "`embeddings` is not supported by this version yet", "write one of `chat`, `completion`"),
    ("models:", "api: {streaming: yes}\nmodels:", 1, 18, "expected true or false, found text", "without quotes"),
    ("models:", "api: chat\nmodels:", 1, 6, "`api`: expected a map, found text", "its keys are `type`, `streaming`"),
    ("models:", "server: {type: llama.cpp}\nmodels:", 1, 16, "unknown value `llama.cpp`", "write one of `vllm`, `sglang`, `tgi`"),
    ("models:", "server: {}\nmodels:", 1, 9, "missing `server.type`", "add `type: vllm`"),
];

#[rustfmt::skip]
const LOADS: &[Sad] = &[
    ("  type: poisson\n", "", 7, 3, "missing `load.type`", "add `type: constant`"),
    ("poisson", "concurrent", 7, 9, "`concurrent` is not supported by this version yet", "write one of `constant`, `poisson`, `trace_replay`"),
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

#[rustfmt::skip]
const LENGTHS: &[Sad] = &[
    ("  type: synthetic\n", "", 3, 3, "missing `data.type`", "add `type: synthetic`"),
    ("type: synthetic", "type: shareGPT", 3, 9, "`shareGPT` is not supported by this version yet", "write one of `synthetic`, `random`"),
    ("  output_distribution: fixed(128)\n", "", 3, 3, "missing `data.output_distribution`", "fixed, mean: 128"),
    ("fixed(128)", "[128]", 5, 24, "expected a distribution, found a list", "fixed(128)"),
    ("fixed(128)", "fixed(128", 5, 24, "`fixed(128` is not a distribution", "fixed(128)"),
    ("fixed(128)", "fixd(128)", 5, 24, "unknown value `fixd`", "did you mean `fixed`?"),
    ("fixed(128)", "zipf(1.1)", 5, 24, "`zipf` is not supported by this version yet", "write one of"),
    ("fixed(128)", "fixed()", 5, 24, "a fixed distribution needs `mean`", "`fixed` has mean"),
    ("fixed(128)", "fixed(12, 13)", 5, 24, "has too many bare numbers", "by name"),
    ("fixed(128)", "fixed(128, std_dev=3)", 5, 24, "a fixed distribution has no `std_dev`", "`fixed` has mean"),
    ("fixed(128)", "normal(5, 1, mean=6)", 5, 24, "gives mean twice", "keep one"),
    ("fixed(128)", "fixed(1.5)", 5, 24, "`1.5` is not a whole number", "from 1 to 1048576"),
    ("fixed(128)", "0", 5, 24, "`0` must be more than 0", "from 1 to 1048576"),
    ("fixed(128)", "2000000", 5, 24, "`2000000` is more than the limit of 1048576", "at most 1048576"),
    ("fixed(128)", "uniform(20, 10)", 5, 24, "min 20 is more than max 10", "swap the two"),
    ("fixed(128)", "{type: fixed, mean: 128, std_dev: 1}", 5, 58, "`data.output_distribution.std_dev`: a fixed distribution has no `std_dev`", "remove it, or change the type"),
    ("fixed(128)", "{type: uniform, mean: 128}", 5, 46, "a uniform distribution has no `mean`", "`uniform` has min, max"),
    ("fixed(128)", "{mean: 128}", 5, 24, "a normal distribution needs `std_dev`", "`normal` has mean, std_dev"),
    ("mean: 512", "mean: 512, min: 513", 4, 47, "the mean 512 is not between min 513 and max 1048576", "move the mean"),
    ("mean: 512", "mean: 512, min: 0", 4, 57, "`0` must be more than 0", "from 1 to"),
    ("mean: 512", "mean: -512", 4, 47, "`-512` must not be negative", "a number of tokens"),
    ("mean: 512", "mean: many", 4, 47, "`many` is not a number", "a number of tokens"),
    ("std_dev: 256", "std_dev: 1e9", 4, 61, "`1e9` is more than the limit", "at most 1048576"),
    ("data:\n", "data:\n  trace: {file: t.csv, format: AzurePublicDataset}\n", 5, 23, "the token counts come from `data.trace` already", "remove the distributions"),
];

#[rustfmt::skip]
const REPLAYS: &[Sad] = &[
    ("  type: trace_replay", "  type: trace_replay\n  stages: [{rate: 1, duration: 1}]", 7, 11, "a trace replay has no stages", "remove `load.stages`"),
    ("  type: trace_replay\n  trace: {file: t.csv, format: AzurePublicDataset}", "  type: trace_replay", 6, 3, "missing `load.trace`", "add `trace: {file:"),
    ("  trace: {file: t.csv, format: AzurePublicDataset}\nload:", "load:", 3, 3, "from `data.trace` or from both distributions", "trace: {file: t.csv, format: AzurePublicDataset}"),
    ("data:\n  type: random\n  trace: {file: t.csv, format: AzurePublicDataset}\n", "", 1, 1, "from `data.trace` or from both distributions", "add `data: {type: random"),
    ("trace: {file: t.csv", "trace: {file: ./t.csv", 4, 10, "not supported by this version yet: \"./t.csv\" is not \"t.csv\"", "the same file in the same words"),
    ("format: AzurePublicDataset", "format: Azure", 4, 32, "unknown value `Azure`", "write one of `AzurePublicDataset`"),
    ("format: AzurePublicDataset", "format: AzurePublicDatasets", 4, 32, "unknown value", "did you mean `AzurePublicDataset`?"),
    ("format: AzurePublicDataset", "format: mooncake", 4, 32, "`mooncake` is not supported by this version yet", "AzurePublicDataset"),
    ("file: t.csv, ", "", 4, 10, "missing `data.trace.file`", "add `file:"),
    ("file: t.csv, ", "file: '', ", 4, 17, "a file name has 1 to 4096 bytes", "the path of the trace"),
    ("trace_replay\n  trace: {file: t.csv, format: AzurePublicDataset}", "constant\n  stages: [{rate: 1, duration: 1}]", 4, 10, "only where its times are replayed", "load.type: trace_replay"),
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
fn wrong_blocks_say_what_belongs_there() {
    check(BASE, BLOCKS);
}

#[test]
fn wrong_loads_say_what_is_wrong_and_list_the_units() {
    check(BASE, LOADS);
}

#[test]
fn wrong_lengths_say_what_the_distribution_takes() {
    check(BASE, LENGTHS);
}

#[test]
fn wrong_replays_say_what_goes_with_a_trace() {
    check(REPLAY, REPLAYS);
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

#[test]
fn a_full_spec_gives_its_values() {
    let spec = parse(
        "seed: 42
api: {type: chat, streaming: true}
server: {type: sglang}
models: [{name: llama-3.1-8b}]
data:
  type: random
  input_distribution:  {type: lognormal, mean: 512, std_dev: 256.5, min: 16, max: 4096}
  output_distribution: {type: fixed, mean: 128}
load:
  type: poisson
  base_seed: 42
  stages: [{rate: 50, duration: 60}, {rate: 1.5k/s, duration: 250ms}]
",
    )
    .unwrap();
    assert_eq!(spec.seed, Some(42));
    assert_eq!((spec.api.kind, spec.api.streaming), (ApiKind::Chat, true));
    assert_eq!(spec.server, Some(Server::Sglang));
    assert_eq!(spec.model.name, "llama-3.1-8b");
    assert_eq!(spec.data.kind, DataKind::Random);
    let input = LengthSpec::LogNormal {
        mean: 512.0,
        std_dev: 256.5,
        min: 16,
        max: 4096,
    };
    let output = LengthSpec::Fixed { tokens: 128 };
    assert_eq!(spec.data.lengths, Lengths::Drawn { input, output });
    let stages = vec![stage("50", "60"), stage("1500", "0.25")];
    assert_eq!(spec.load, Load::Poisson { stages });
}

#[test]
fn what_is_left_out_is_inference_perfs_default() {
    let spec = parse("models: [{name: m}]\nload: {type: constant, base_seed: 12345, sweep: null, stages: [{rate: 100, duration: 60}]}").unwrap();
    assert_eq!(spec.seed, Some(12345));
    assert_eq!(
        (spec.api.kind, spec.api.streaming),
        (ApiKind::Completion, false)
    );
    assert_eq!(spec.server, None);
    let both = LengthSpec::Normal {
        mean: 512.0,
        std_dev: 200.0,
        min: 10,
        max: 1024,
    };
    assert_eq!(
        spec.data.lengths,
        Lengths::Drawn {
            input: both,
            output: both
        }
    );
    assert_eq!(
        spec.load,
        Load::Constant {
            stages: vec![stage("100", "60")]
        }
    );
}

#[test]
fn a_replay_names_its_trace_and_where_lengths_come_from() {
    let trace = TraceRef {
        file: "t.csv".into(),
        format: TraceFormat::AzurePublicDataset,
    };
    let spec = parse(REPLAY).unwrap();
    assert_eq!(spec.load, Load::TraceReplay(trace.clone()));
    assert_eq!(spec.data.lengths, Lengths::FromTrace);

    let distributions = "  input_distribution: 5\n  output_distribution: 6\n";
    let lines = "  trace: {file: t.csv, format: AzurePublicDataset}\nload:";
    let spec = parse(&with(REPLAY, lines, &format!("{distributions}load:"))).unwrap();
    assert_eq!(spec.load, Load::TraceReplay(trace));
    let (input, output) = (
        LengthSpec::Fixed { tokens: 5 },
        LengthSpec::Fixed { tokens: 6 },
    );
    assert_eq!(spec.data.lengths, Lengths::Drawn { input, output });
}

#[test]
fn every_way_to_write_a_distribution_gives_the_same() {
    let max = MAX_LENGTH_TOKENS;
    let normal = |min, max| LengthSpec::Normal {
        mean: 512.0,
        std_dev: 256.0,
        min,
        max,
    };
    for (text, length) in [
        ("128", LengthSpec::Fixed { tokens: 128 }),
        ("'128'", LengthSpec::Fixed { tokens: 128 }),
        ("fixed(128)", LengthSpec::Fixed { tokens: 128 }),
        ("fixed(mean=1.28e2)", LengthSpec::Fixed { tokens: 128 }),
        (
            "{type: fixed, mean: 128.0}",
            LengthSpec::Fixed { tokens: 128 },
        ),
        (
            "uniform(16, 4096)",
            LengthSpec::Uniform { min: 16, max: 4096 },
        ),
        (
            "uniform(max=4096, min=16)",
            LengthSpec::Uniform { min: 16, max: 4096 },
        ),
        (
            "{type: uniform, min: 16, max: 4096}",
            LengthSpec::Uniform { min: 16, max: 4096 },
        ),
        ("normal(512, 256)", normal(1, max)),
        ("{mean: 512, std_dev: 256}", normal(1, max)),
        (
            "{type: normal, mean: 512, std_dev: 256, min: 10, max: 1024}",
            normal(10, 1024),
        ),
        ("normal(512,256,min=10,max=1024)", normal(10, 1024)),
        (
            "lognormal(512, 0, min=16, max=4096)",
            LengthSpec::LogNormal {
                mean: 512.0,
                std_dev: 0.0,
                min: 16,
                max: 4096,
            },
        ),
    ] {
        let spec = parse(&with(BASE, "fixed(128)", text)).expect(text);
        let Lengths::Drawn { output, .. } = spec.data.lengths else {
            panic!("{text}");
        };
        assert_eq!(output, length, "{text}");
    }
}

#[test]
fn rates_are_exact() {
    for (text, microhertz) in [
        ("50", 50_000_000),
        ("0.000001", 1),
        ("0.1", 100_000),
        ("33.333333", 33_333_333),
        ("1.5k/s", 1_500_000_000),
        ("1.5k", 1_500_000_000),
        ("3.6k/h", 1_000_000),
        ("90/min", 1_500_000),
        ("1e3 /s", 1_000_000_000),
        ("10M/s", MAX_RATE_MICROHERTZ),
        ("100000000000000000000e-13", MAX_RATE_MICROHERTZ),
    ] {
        let rate = RateMicrohertz::parse(text).map(RateMicrohertz::get);
        assert_eq!(rate, Ok(microhertz), "{text}");
    }
}

#[test]
fn durations_are_exact() {
    for (text, ns) in [
        ("60", 60_000_000_000),
        ("0.1", 100_000_000),
        ("1e-9", 1),
        ("1ns", 1),
        ("2.5us", 2_500),
        ("2.5µs", 2_500),
        ("250ms", 250_000_000),
        ("60s", 60_000_000_000),
        ("2m", 120_000_000_000),
        ("1.5h", 5_400_000_000_000),
        ("1.5 h", 5_400_000_000_000),
        ("366d", MAX_DURATION_NS),
    ] {
        let duration = DurationNs::parse(text).map(DurationNs::get);
        assert_eq!(duration, Ok(ns), "{text}");
    }
}

#[test]
fn what_lies_between_two_steps_is_refused_with_the_nearest_step() {
    for (text, nearest) in [
        ("2M/h", "write 555.555556/s,"),
        ("1/h", "write 0.000278/s,"),
        ("1e-39", "write 0.000001/s,"),
    ] {
        let error = RateMicrohertz::parse(text).unwrap_err();
        assert!(error.remedy("").starts_with(nearest), "{text}: {error:?}");
    }
    for (text, nearest) in [
        ("0.000000000000011574d", "write 1ns,"),
        ("1.0000000015", "write 1000000002ns,"),
    ] {
        let error = DurationNs::parse(text).unwrap_err();
        assert!(error.remedy("").starts_with(nearest), "{text}: {error:?}");
    }
}

#[test]
fn a_number_in_the_spec_is_read_from_its_digits_not_from_a_float() {
    // As an f64, 60.000000001 s is not a whole number of nanoseconds.
    let spec = parse(&with(BASE, "duration: 60", "duration: &d 60.000000001")).unwrap();
    let Load::Poisson { stages } = spec.load else {
        panic!("poisson");
    };
    assert_eq!(stages[0].duration.get(), 60_000_000_001);
    let spec = parse(&with(BASE, "load:", "seed: 18446744073709551615\nload:")).unwrap();
    assert_eq!(spec.seed, Some(u64::MAX));
}

#[test]
fn overrides_replace_add_and_remove() {
    let sets = [
        "load.stages.0.rate=1.5k/s",
        "load.stages.1={rate: 7, duration: 1m}",
        "seed=9",
        "api.streaming=true",
        "data.output_distribution=uniform(3, 4)",
        "load.type=constant",
    ];
    let spec = parse_with(BASE, &sets).unwrap();
    assert_eq!(spec.seed, Some(9));
    assert!(spec.api.streaming);
    let stages = vec![stage("1500", "60"), stage("7", "60")];
    assert_eq!(spec.load, Load::Constant { stages });
    let removed = parse_with(&with(BASE, "load:", "seed: 5\nload:"), &["seed="]).unwrap();
    assert_eq!(removed.seed, None);
    let twice = parse_with(BASE, &["seed=1", "seed=2"]).unwrap();
    assert_eq!(twice.seed, Some(2), "the last override wins");
}

#[test]
fn wrong_overrides_name_themselves_and_no_line() {
    for (set, what, remedy) in [
        ("seed", "--set seed: there is no `=`", "--set PATH=VALUE"),
        (
            "a..b=1",
            "--set a..b=1: a step of the path is empty",
            "--set PATH=VALUE",
        ),
        ("=1", "a step of the path is empty", "--set PATH=VALUE"),
        (
            "load.stages.5.rate=1",
            "there is no item 5 in a list of 1",
            "--set PATH=VALUE",
        ),
        (
            "load.stages.first.rate=1",
            "`first` is a step into a list of 1",
            "--set PATH=VALUE",
        ),
        (
            "load.type.x=1",
            "`x` is a step into text",
            "--set PATH=VALUE",
        ),
        ("seed=[1", "--set seed=[1: unclosed bracket", "check"),
        (
            "load.stages.0.rate=0",
            "--set load.stages.0.rate=0: `load.stages[0].rate`: `0` must be more than 0",
            "requests per second",
        ),
        (
            "load.rats=0",
            "--set load.rats=0: unknown key `load.rats`",
            "the keys here are",
        ),
        (
            "load.stages.1.rate=1",
            "--set load.stages.1.rate=1: missing `load.stages[1].duration`",
            "in seconds",
        ),
        (
            "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1",
            "too many steps",
            "--set PATH=VALUE",
        ),
    ] {
        let error = parse_with(BASE, &[set]).expect_err(set);
        assert!(error.what.contains(what), "{set}: {error}");
        assert!(error.remedy.contains(remedy), "{set}: {error}");
        assert_eq!((error.line, error.column), (None, None), "{set}");
    }
}

#[test]
fn an_error_elsewhere_keeps_its_line_beside_an_override() {
    let error = parse_with(&with(BASE, "rate: 50", "rate: 0"), &["seed=1"]).unwrap_err();
    assert_eq!((error.line, error.column), (Some(8), Some(19)));
}

#[test]
fn syntax_is_checked_before_overrides() {
    let error = parse_with("models: [", &["models=x"]).unwrap_err();
    assert_eq!(error.line, Some(1), "{error}");
}

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
        replay in any::<bool>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len(), 0..6_usize), 1..6),
    ) {
        let mut text: Vec<char> = if replay { REPLAY } else { BASE }.chars().collect();
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

    #[test]
    fn no_override_makes_the_parser_panic(set in "[a-z.=0-9\\[\\]{}:,' -]{0,40}") {
        let _ = parse_with(BASE, &[&set]);
        let _ = parse_with(BASE, &[&format!("load.stages.0.{set}")]);
    }

    #[test]
    fn no_text_makes_a_quantity_panic(text in "[0-9.eE+kM/a-z -]{0,30}|\\PC{0,12}") {
        let _ = RateMicrohertz::parse(&text);
        let _ = DurationNs::parse(&text);
    }

    #[test]
    fn a_duration_survives_being_written_in_any_unit(ns in 1..MAX_DURATION_NS) {
        let seconds = format!("{}.{:09}s", ns / 1_000_000_000, ns % 1_000_000_000);
        let millis = format!("{}.{:06}ms", ns / 1_000_000, ns % 1_000_000);
        for text in [format!("{ns}ns"), seconds, millis] {
            prop_assert_eq!(DurationNs::parse(&text).map(DurationNs::get), Ok(ns));
        }
    }
}
