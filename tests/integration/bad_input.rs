//! Wrong specs, traces and command lines: the exit status, a place, a remedy, nothing written.

use crate::support::{dir, root};
use harness::Dir;

const GOOD: &str = "\
seed: 1
models: [{name: m}]
data: {type: synthetic, input_distribution: '16', output_distribution: '4'}
load:
  type: constant
  stages: [{rate: 10, duration: 1}]
";

const TRACE: &str = "\
seed: 1
models: [{name: m}]
load: {type: trace_replay, trace: {file: trace.csv, format: AzurePublicDataset}}
data: {type: random, trace: {file: trace.csv, format: AzurePublicDataset}}
";

const CSV: &str = "\
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
";

/// `wlc compile` of a spec beside a trace must fail so, say all of `words` on stderr, and leave
/// nothing behind.
#[track_caller]
fn refused(spec: &str, csv: Option<&str>, more: &str, status: i32, words: &[&str]) {
    let dir = dir();
    dir.write("in/spec.yaml", spec);
    if let Some(csv) = csv {
        dir.write("in/trace.csv", csv);
    }
    std::fs::create_dir(dir.path("out")).expect("an empty directory");
    let before = dir.list("in");
    let call = dir.wlc(&format!("compile in/spec.yaml -o out/w.wlc {more}"));
    let outcome = call.run().expect(status);
    assert_eq!(outcome.stdout, "", "results only on stdout");
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no {word:?} in: {}",
            outcome.stderr
        );
    }
    assert_nothing_written(&dir, &before);
}

#[track_caller]
fn assert_nothing_written(dir: &Dir, inputs: &[String]) {
    assert_eq!(
        dir.list("out"),
        [""; 0],
        "nothing is written, no temporary file either"
    );
    assert_eq!(dir.list("in"), inputs);
    assert_eq!(dir.list("."), ["in", "out"]);
}

#[test]
fn control_the_good_spec_and_trace_compile() {
    let dir = dir();
    dir.write("in/a.yaml", GOOD)
        .write("in/b.yaml", TRACE)
        .write("in/trace.csv", CSV);
    dir.wlc("compile in/a.yaml -o a.wlc").run().ok();
    dir.wlc("compile in/b.yaml -o b.wlc").run().ok();
    assert_eq!(dir.list("."), ["a.wlc", "b.wlc", "in"]);
}

/// What is replaced in [`GOOD`], by what, and what the message must hold.
#[rustfmt::skip]
const WRONG_SPECS: [(&str, &str, &[&str]); 12] = [
    ("stages:", "stagse:", &["in/spec.yaml:6:3", "stagse", "did you mean `stages`"]),
    ("models:", "modles:", &["in/spec.yaml:2:1", "did you mean `models`"]),
    ("duration: 1}", "duration: 1 parsec}", &["in/spec.yaml:6:", "parsec", "help:"]),
    ("rate: 10", "rate: 10ms", &["in/spec.yaml:6:", "10ms", "/s", "help:"]),
    ("rate: 10", "rate: -1", &["in/spec.yaml:6:", "-1", "help:"]),
    ("rate: 10", "rate: ten", &["in/spec.yaml:6:", "ten", "help:"]),
    ("type: constant", "type: konstant", &["in/spec.yaml:5:", "did you mean `constant`"]),
    ("'16'", "'uniform(9, 3)'", &["in/spec.yaml:3:", "min 9 is more than max 3"]),
    ("'16'", "'0'", &["in/spec.yaml:3:", "help:"]),
    ("seed: 1", "seed: -1", &["in/spec.yaml:1:", "help:"]),
    ("load:", "load: [", &["in/spec.yaml:", "help:"]),
    ("seed: 1\n", "seed: 1\nseed: 2\n", &["in/spec.yaml:2:", "seed", "help:"]),
];

#[test]
fn wrong_specs_are_refused_with_place_and_remedy() {
    for (from, to, words) in WRONG_SPECS {
        assert!(GOOD.contains(from), "{from}");
        refused(&GOOD.replace(from, to), None, "", 2, words);
    }
    refused("", None, "", 2, &["in/spec.yaml", "help:"]);
}

#[test]
fn stages_of_more_than_ten_years_are_refused_with_place_and_remedy() {
    let stage = "  - {rate: 0.000001, duration: 366d}\n";
    let head = "seed: 1\nmodels: [{name: m}]\n\
                data: {type: synthetic, input_distribution: '16', output_distribution: '4'}\n\
                load:\n  type: constant\n  stages:\n";
    // The first stage is in line 7; ten of them are too long.
    let words = [
        "in/spec.yaml:16:5",
        "ten years",
        "help: write fewer or shorter stages",
    ];
    let spec = format!("{head}{}", stage.repeat(620));
    refused(&spec, None, "", 2, &words);
}

#[rustfmt::skip]
const WRONG_OVERRIDES: [(&str, &[&str]); 4] = [
    ("load.stages.0.rat=5", &["did you mean", "rate"]),
    ("load.stages.7.rate=5", &["help:"]),
    ("load.stages.0.rate", &["help:"]),
    ("load.stages.0.rate=fast", &["help:"]),
];

#[test]
fn wrong_overrides_are_refused_by_name() {
    for (set, words) in WRONG_OVERRIDES {
        // The value may be a secret: it is not repeated, nor is what may be one.
        let path = set.split_once('=').map_or("…", |(path, _)| path);
        let named = format!("--set {path}: ");
        let flag = format!("--set {set}");
        refused(GOOD, None, &flag, 2, &[words, &[&named]].concat());
    }
}

/// What is replaced in [`CSV`], by what, and what the message must hold.
#[rustfmt::skip]
const WRONG_ROWS: [(&str, &str, &[&str]); 7] = [
    ("3180", "31x0", &["in/trace.csv:3: row 1", "ContextTokens", "31x0", "help:"]),
    ("3180", "-5", &["in/trace.csv:3: row 1", "ContextTokens", "help:"]),
    ("3180", "3.5", &["in/trace.csv:3: row 1", "ContextTokens", "help:"]),
    (",8\n", "\n", &["in/trace.csv:3: row 1", "2 fields", "help:"]),
    ("11-16 18:17:04", "11-31 18:17:04", &["in/trace.csv:3: row 1", "TIMESTAMP", "help:"]),
    ("18:17:04", "18:17", &["in/trace.csv:3: row 1", "TIMESTAMP", "help:"]),
    ("ContextTokens", "Context", &["in/trace.csv:1", "ContextTokens", "help:"]),
];

#[test]
fn wrong_traces_are_refused_with_line_and_row() {
    for (from, to, words) in WRONG_ROWS {
        assert!(CSV.contains(from), "{from}");
        refused(TRACE, Some(&CSV.replace(from, to)), "", 2, words);
    }
}

#[test]
fn a_trace_that_is_missing_or_empty_is_refused() {
    let missing = ["in/trace.csv", "No such file", "help: check the path"];
    refused(TRACE, None, "", 2, &missing);
    refused(TRACE, Some(""), "", 2, &["in/trace.csv", "empty", "help:"]);
    let header_only = CSV.lines().next();
    refused(
        TRACE,
        header_only,
        "",
        2,
        &["in/trace.csv", "no data rows", "help:"],
    );
}

#[test]
fn a_trace_that_is_a_directory_is_wrong_input() {
    let dir = dir();
    dir.write("in/spec.yaml", TRACE).write("in/trace.csv/x", "");
    std::fs::create_dir(dir.path("out")).expect("an empty directory");
    let outcome = dir.wlc("compile in/spec.yaml -o out/w.wlc").run().expect(2);
    assert!(outcome.stderr.contains("trace.csv"), "{}", outcome.stderr);
    assert_nothing_written(&dir, &["spec.yaml".to_owned(), "trace.csv".to_owned()]);
}

#[test]
fn a_spec_that_is_missing_or_no_text_is_wrong_input() {
    let dir = dir();
    dir.write("in/binary.yaml", [0xff, 0xfe, 0x00]);
    std::fs::create_dir(dir.path("out")).expect("an empty directory");
    for name in ["in/nothing.yaml", "in", "in/binary.yaml"] {
        let call = dir.wlc(&format!("compile {name} -o out/w.wlc"));
        let outcome = call.run().expect(2);
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("help:"), "{}", outcome.stderr);
    }
    assert_nothing_written(&dir, &["binary.yaml".to_owned()]);
}

#[test]
fn an_output_that_cannot_be_written_is_the_worlds_fault() {
    let dir = dir();
    dir.write("s.yaml", GOOD);
    let outcome = dir.wlc("compile s.yaml -o missing/w.wlc").run().expect(3);
    assert!(outcome.stderr.contains("missing"), "{}", outcome.stderr);
    assert_eq!(dir.list("."), ["s.yaml"]);
}

#[test]
fn a_failed_compile_leaves_an_older_workload_as_it_was() {
    let dir = dir();
    dir.write("s.yaml", GOOD).write("bad.yaml", "seed: x");
    dir.wlc("compile s.yaml -o w.wlc").run().ok();
    let before = dir.read("w.wlc");
    dir.wlc("compile bad.yaml -o w.wlc").run().expect(2);
    assert!(before == dir.read("w.wlc"));
    assert_eq!(dir.list("."), ["bad.yaml", "s.yaml", "w.wlc"]);
}

/// `wlc compile` onto `target` must fail, name it and the remedy, and leave everything as it was.
#[track_caller]
fn not_replaced(dir: &Dir, target: &str) {
    let before = dir.list(".");
    let call = dir.wlc(&format!("compile s.yaml -o {target}"));
    let outcome = call.run().expect(2);
    assert_eq!(outcome.stdout, "");
    for word in [&format!("-o {target}"), "help: name another file"] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
    assert_eq!(dir.list("."), before);
}

#[test]
fn a_compile_onto_its_own_spec_or_another_text_leaves_it_as_it_was() {
    let dir = dir();
    // One is shorter than the mark of a workload.
    dir.write("s.yaml", GOOD)
        .write("trace.csv", CSV)
        .write("x", "x");
    for (target, text) in [("s.yaml", GOOD), ("trace.csv", CSV), ("x", "x")] {
        not_replaced(&dir, target);
        assert!(dir.read(target) == text.as_bytes(), "{target}");
    }
}

#[test]
fn a_compile_onto_a_directory_leaves_it_as_it_was() {
    let dir = dir();
    dir.write("s.yaml", GOOD).write("full/notes.txt", "mine");
    std::fs::create_dir(dir.path("empty")).expect("a directory");
    not_replaced(&dir, "full");
    not_replaced(&dir, "empty");
    assert_eq!(dir.list("full"), ["notes.txt"]);
    assert_eq!(dir.list("empty"), [""; 0]);
}

#[test]
fn a_compile_onto_a_symbolic_link_leaves_the_link_and_its_target_as_they_were() {
    let dir = dir();
    let workload = std::fs::read(root().join("tests/golden/tiny.wlc")).expect("a workload");
    dir.write("s.yaml", GOOD).write("w.wlc", &workload);
    for (link, target) in [("link.wlc", "w.wlc"), ("dangling.wlc", "nothing.wlc")] {
        std::os::unix::fs::symlink(target, dir.path(link)).expect("a link");
        not_replaced(&dir, link);
        let still = std::fs::read_link(dir.path(link)).expect("still a link");
        assert_eq!(still.to_str(), Some(target));
    }
    assert!(workload == dir.read("w.wlc"));
}

#[test]
fn a_compile_onto_a_workload_replaces_it() {
    let dir = dir();
    dir.write("s.yaml", GOOD);
    let compile = |target: &str, more: &str| {
        let call = dir.wlc(&format!("compile s.yaml -o {target} {more}"));
        call.run().ok();
        dir.read(target)
    };
    let old = compile("w.wlc", "--seed 2");
    let new = compile("w.wlc", "");
    assert!(new != old);
    // An empty file, such as mktemp makes, is no loss either.
    dir.write("empty", "");
    assert!(compile("empty", "") == new);
    assert_eq!(dir.list("."), ["empty", "s.yaml", "w.wlc"]);
}

#[test]
fn wrong_usage_is_status_2() {
    let dir = dir();
    for usage in [
        "",
        "compile",
        "compile s.yaml",
        "complie",
        "verify",
        "compile s.yaml -o w.wlc --threads 0",
    ] {
        dir.wlc(usage).run().expect(2);
    }
    for usage in ["", "run", "run w.wlc", "report", "rnu"] {
        dir.replay(usage).run().expect(2);
    }
    dir.wlc("--help").run().ok();
    dir.replay("--version").run().ok();
}
