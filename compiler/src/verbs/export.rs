//! `wlc export`: the workload is verified, then written in another format; nothing is written that is
//! not whole.

use super::{new_file, not_written, open_verified, stdout_failure, wrong_input};
use crate::cli::{ExportArgs, ExportFormat};
use crate::exit::{self, Failure};
use crate::export::{Account, ExportError, aiperf, csv, jsonl, mooncake};
use schemas::reader::Workload;
use schemas::temporary::TemporaryFile;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

/// AIPerf's files in the directory of `-o`.
const INPUTS: &str = "inputs.json";
const SCHEDULE: &str = "fixed_schedule.jsonl";

/// Runs the verb; gives the exit status.
pub fn run(args: &ExportArgs) -> Result<u8, Failure> {
    let workload = open_verified(&args.file)?;
    if workload.requests().is_empty() {
        let message = format!("{}: there is no request to export", args.file.display());
        return Err(Failure::new(exit::WRONG_INPUT, message));
    }
    match (args.to, &args.output) {
        (ExportFormat::Aiperf, Some(directory)) => to_aiperf(args, &workload, directory),
        (ExportFormat::Aiperf, None) => {
            let message = "--to aiperf writes two files\n  help: name a directory for them with -o";
            Err(Failure::new(exit::WRONG_INPUT, message))
        }
        (_, Some(target)) => to_file(args, &workload, target),
        (_, None) => to_stdout(args, &workload),
    }
}

/// Writes the format's one file.
fn write(
    args: &ExportArgs,
    workload: &Workload,
    out: &mut dyn Write,
) -> Result<(Account, &'static str), ExportError> {
    match args.to {
        ExportFormat::Jsonl => Ok((jsonl::write(workload, out)?, jsonl::NEVER)),
        ExportFormat::Csv => Ok((csv::write(workload, out)?, csv::NEVER)),
        ExportFormat::Mooncake => {
            let directory = args.file.parent().unwrap_or(Path::new(""));
            let tokenizer = mooncake::tokenizer(&workload.manifest()?.tokenizer, directory)?;
            let account = mooncake::write(workload, &tokenizer, out)?;
            Ok((account, mooncake::NEVER))
        }
        ExportFormat::Aiperf => unreachable!("it has two files"),
    }
}

fn to_file(args: &ExportArgs, workload: &Workload, target: &Path) -> Result<u8, Failure> {
    let mut out = BufWriter::new(new_file(target)?);
    let written = write(args, workload, &mut out);
    let (account, never) = written.map_err(|error| failure(args, target, error))?;
    something(args, &account)?;
    keep(out, target)?;
    notes("", never, &account);
    Ok(exit::DONE)
}

/// By way of a file without a name, so that nothing is said before it is known to be whole.
fn to_stdout(args: &ExportArgs, workload: &Workload) -> Result<u8, Failure> {
    let spool = std::env::temp_dir().join("wlc-export");
    let mut file = TemporaryFile::unnamed(&spool).map_err(|error| not_written(&spool, &error))?;
    let mut out = BufWriter::new(&mut file);
    let written = write(args, workload, &mut out)
        .and_then(|written| out.flush().map(|()| written).map_err(ExportError::Io));
    drop(out);
    let (account, never) = written.map_err(|error| failure(args, &spool, error))?;
    something(args, &account)?;
    notes("", never, &account);
    let copied = file
        .rewind()
        .and_then(|()| io::copy(&mut file, &mut io::stdout().lock()));
    copied.map_or_else(|error| stdout_failure(&error), |_| Ok(exit::DONE))
}

fn to_aiperf(args: &ExportArgs, workload: &Workload, directory: &Path) -> Result<u8, Failure> {
    let is_new = !directory.exists();
    let done = into_directory(args, workload, directory);
    if done.is_err() && is_new {
        // Nothing is left behind; a directory with something in it stays.
        let _ = std::fs::remove_dir(directory);
    }
    done
}

fn into_directory(args: &ExportArgs, workload: &Workload, directory: &Path) -> Result<u8, Failure> {
    std::fs::create_dir_all(directory).map_err(|error| not_written(directory, &error))?;
    let (inputs, schedule) = (directory.join(INPUTS), directory.join(SCHEDULE));
    let mut to_inputs = BufWriter::new(new_file(&inputs)?);
    let mut to_schedule = BufWriter::new(new_file(&schedule)?);
    let written = aiperf::Sessions::of(workload).and_then(|sessions| {
        Ok((
            aiperf::write_inputs(workload, &sessions, &mut to_inputs)?,
            aiperf::write_schedule(workload, &sessions, &mut to_schedule)?,
        ))
    });
    let (bodies, lines) = written.map_err(|error| failure(args, directory, error))?;
    keep(to_inputs, &inputs)?;
    notes("inputs.json: ", aiperf::NEVER_IN_INPUTS, &bodies);
    if lines.written == 0 {
        eprintln!("note: {SCHEDULE} is not written: no request can be said in it");
    } else {
        keep(to_schedule, &schedule)?;
    }
    notes("fixed_schedule.jsonl: ", aiperf::NEVER_IN_SCHEDULE, &lines);
    Ok(exit::DONE)
}

/// Refuses an export of which nothing remains.
fn something(args: &ExportArgs, account: &Account) -> Result<(), Failure> {
    if account.written > 0 {
        return Ok(());
    }
    let reasons: Vec<String> = account.notes().collect();
    let message = format!(
        "{}: nothing remains in this format: {}",
        args.file.display(),
        reasons.join("; ")
    );
    Err(Failure::new(exit::WRONG_INPUT, message))
}

/// What the format cannot say, on stderr.
fn notes(file: &str, never: &str, account: &Account) {
    eprintln!("note: {file}{} written, without {never}", account.written);
    for note in account.notes() {
        eprintln!("note: {file}{note}");
    }
}

fn keep(out: BufWriter<TemporaryFile>, target: &Path) -> Result<(), Failure> {
    let file = out.into_inner().map_err(|error| error.into_error());
    file.and_then(|file| file.keep_as(target))
        .map_err(|error| not_written(target, &error))
}

fn failure(args: &ExportArgs, target: &Path, error: ExportError) -> Failure {
    match error {
        ExportError::Format(error) => wrong_input(&args.file, &error),
        ExportError::Io(error) => not_written(target, &error),
        ExportError::Refused(what) => {
            let message = format!("{}: {what}", args.file.display());
            Failure::new(exit::WRONG_INPUT, message)
        }
    }
}
