//! `wlc verify`.

use super::{progress_bar, stdout_failure, wrong_input};
use crate::cli::VerifyArgs;
use crate::exit::{self, Failure};
use indicatif::HumanBytes;
use schemas::error::FormatError;
use schemas::hex;
use schemas::reader::Workload;
use schemas::verify::verify_with_file_hash;
use serde_json::json;
use std::io::{self, Write};
use std::time::Instant;

/// Runs the verb; gives the exit status. A workload that is not what it claims to be is status
/// 1; a file that is not a whole workload at all is wrong input.
pub fn run(args: &VerifyArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let workload = Workload::open(&args.file).map_err(|error| failure(args, &error))?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = progress_bar(workload.requests().len() as u64, "verifying");
    // Bodies may share their bytes, so that a short file has long ones.
    let bodies = workload
        .requests()
        .iter()
        .map(|request| request.body_bytes.get());
    let body_bytes = bodies.fold(0, u64::saturating_add);
    bar.set_message(format!("verifying {} of bodies,", HumanBytes(body_bytes)));
    let outcome = verify_with_file_hash(&workload, threads, &|done| bar.set_position(done));
    bar.finish_and_clear();
    let (verified, file_hash) = outcome.map_err(|error| failure(args, &error))?;
    let content_hash = hex(&verified.content_hash);
    let file_hash = hex(&file_hash);
    let seconds = started.elapsed().as_secs_f64();
    let mut out = io::stdout().lock();
    let printed = if args.json {
        let object = json!({
            "verified": true,
            "content_hash": content_hash,
            "file_hash": file_hash,
            "requests": workload.requests().len(),
            "body_bytes": verified.body_bytes,
            "file_bytes": workload.file_bytes().len(),
            "seconds": seconds,
        });
        writeln!(out, "{object}")
    } else {
        writeln!(
            out,
            "verified       {}\ncontent hash   {content_hash}\nfile hash      {file_hash}\nrequests       {}\nverified in    {seconds:.2} s",
            args.file.display(),
            workload.requests().len()
        )
    };
    printed.map_or_else(|error| stdout_failure(&error), |()| Ok(exit::DONE))
}

/// Status 1 for a workload that is not what it claims to be; with --json also said on stdout.
fn failure(args: &VerifyArgs, error: &FormatError) -> Failure {
    let failure = wrong_input(&args.file, error);
    if !error.is_false_claim() {
        return failure;
    }
    if args.json {
        let (section, bytes) = error.place().unzip();
        let object = json!({
            "verified": false,
            "error": error.to_string(),
            "section": section,
            "offset": bytes.as_ref().map(|bytes| bytes.start),
            "end": bytes.map(|bytes| bytes.end),
        });
        // The status tells the same where stdout is gone.
        let _ = writeln!(io::stdout(), "{object}");
    }
    Failure {
        status: exit::CHECK_FAILED,
        ..failure
    }
}
