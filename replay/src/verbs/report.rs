//! `replay report`: derives a report from what a run left on disk.

use crate::analysis;
use crate::analysis::report::Format;
use crate::cli::{ReportArgs, ReportFormat};
use crate::exit::{self, Failure};
use crate::run_info::RECORDS_FILE;
use crate::terminal::colour_allowed;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

/// Runs the verb; gives the exit status.
pub fn report(args: &ReportArgs) -> Result<u8, Failure> {
    let (info, records) = analysis::load(&args.directory).map_err(|error| {
        Failure::wrong_input(format!(
            "{error:#}\n  help: name a directory that `replay run --out` wrote"
        ))
    })?;
    if let Some(why) = &records.truncated {
        let (found, all) = (records.results.len(), records.header.request_count);
        eprintln!("warning: {RECORDS_FILE}: {why}; it holds {found} of {all} records");
    }
    let colour = args.output.is_none() && colour_allowed(io::stdout().is_terminal());
    let format = match args.format {
        ReportFormat::Text => Format::Text { colour },
        ReportFormat::Json => Format::Json,
        ReportFormat::Jsonl => Format::Jsonl,
    };
    let written = match &args.output {
        Some(path) => File::create(path).and_then(|file| {
            let mut out = BufWriter::new(file);
            analysis::report::write(format, &info, &records, &mut out)?;
            out.flush()
        }),
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            analysis::report::write(format, &info, &records, &mut out).and_then(|()| out.flush())
        }
    };
    match written {
        // A reader such as `head` may have seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit::DONE),
        Err(error) => Err(Failure::world(format!("cannot write the report: {error}"))),
        Ok(()) => Ok(exit::DONE),
    }
}
