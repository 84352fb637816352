//! Compiling a spec into a folder that is thrown away, beside a trace.

use compiler::compile::{CompileError, Compiled, Job, compile};

/// The trace that inference-perf's guide shows, with its blanks behind the commas.
const TRACE: &str = "\
TIMESTAMP, ContextTokens, GeneratedTokens
2023-11-16 18:15:46.6805900, 374, 44
2023-11-16 18:15:50.9951690, 396, 109
2023-11-16 18:15:51.2224670, 879, 55
";

/// Compiles `text` with these overrides, beside `./traces/traces.csv`.
pub fn compiled(text: &str, sets: &[&str]) -> Result<Compiled, CompileError> {
    let directory = tempfile::tempdir().unwrap();
    let traces = directory.path().join("traces");
    std::fs::create_dir(&traces).unwrap();
    std::fs::write(traces.join("traces.csv"), TRACE).unwrap();
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let job = Job {
        spec_text: text,
        spec_name: "s.yaml",
        directory: directory.path(),
        sets: &sets,
        seed: Some(7),
        target: &directory.path().join("s.wlc"),
    };
    compile(&job, &mut |_, _| true)
}
