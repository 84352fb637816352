//! `replay compare`: runs side by side.

use crate::analysis::compare::{Comparison, Run, pair, spread, write_text};
use crate::analysis::{Asked, RunData, Window, open, summarize};
use crate::cli::compare::CompareArgs;
use crate::exit::{self, Failure};
use crate::run_info::RECORDS_FILE;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Runs the verb; gives the exit status.
pub fn compare(args: &CompareArgs) -> Result<u8, Failure> {
    let mut runs = Vec::new();
    let mut kept = Vec::new();
    for directory in &args.directories {
        let (run, data) = read(directory)?;
        runs.push(run);
        // Of three and more the summaries are enough, and memory may not be.
        if args.directories.len() == 2 {
            kept.push(data);
        }
    }
    let mut comparison = Comparison::of(&runs);
    match (&runs[..], &kept[..]) {
        ([a, b], [of_a, of_b]) => comparison.pair = Some(pair([a, b], [of_a, of_b])),
        _ => comparison.spread = spread(&runs),
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.json {
        true => serde_json::to_writer_pretty(&mut out, &comparison)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
        false => write_text(&comparison, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        // A reader such as `head` may have seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit::DONE),
        Err(error) => Err(Failure::world(format!(
            "cannot write the comparison: {error}"
        ))),
        Ok(()) => Ok(exit::DONE),
    }
}

fn read(directory: &Path) -> Result<(Run, RunData), Failure> {
    let data = open(directory, Window::ALL).map_err(|error| {
        Failure::wrong_input(format!(
            "{error:#}\n  help: name directories that `replay run --out` wrote"
        ))
    })?;
    if let Some(why) = &data.accounting.truncated {
        let path = directory.join(RECORDS_FILE);
        eprintln!("warning: {}: {why}", path.display());
    }
    let summary = summarize(&data, &Asked::of_run(&data.info));
    let run = Run {
        directory: directory.display().to_string(),
        info: data.info.clone(),
        summary,
    };
    Ok((run, data))
}
