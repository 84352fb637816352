//! System calls of `replay run`, counted by strace.

use crate::Counts;
use harness::{Call, Dir};

/// Runs `replay` under strace, which counts the calls of all its threads.
pub fn run(dir: &Dir, command: &str) -> anyhow::Result<Counts> {
    const COUNTS: &str = "strace.txt";
    Call::new("strace")
        .cwd(dir.path("."))
        .words(&format!("-f -c -o {COUNTS}"))
        .arg(dir.program())
        .words(&format!("replay {command}"))
        .limit(crate::LIMIT)
        .run()
        .ok();
    let counts = parse(&String::from_utf8_lossy(&dir.read(COUNTS)));
    anyhow::ensure!(!counts.is_empty(), "strace counted nothing");
    Ok(counts)
}

/// Lines of `% time, seconds, usecs/call, calls, [errors,] syscall`.
fn parse(table: &str) -> Counts {
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, calls) = (words.last()?, words.get(3)?.parse().ok()?);
        (*name != "total").then(|| ((*name).to_owned(), calls))
    };
    table.lines().filter_map(row).collect()
}
