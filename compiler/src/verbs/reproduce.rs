//! `wlc reproduce`.

use super::compile::{compile_with, failure};
use super::diff::print_text;
use super::{open, stdout_failure, verified, wrong_input};
use crate::cli::ReproduceArgs;
use crate::compile::Job;
use crate::diff::{Diff, diff};
use crate::exit::{self, Failure};
use crate::reproduce::{Scratch, check_compiler, check_inputs, is_same_but_release};
use schemas::error::FormatError;
use schemas::manifest::Manifest;
use schemas::reader::Workload;
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

/// Runs the verb; gives the exit status: 0 reproduced, 1 something else came out, 2 it could not
/// be tried.
pub fn run(args: &ReproduceArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let workload = open(&args.file)?;
    let manifest = verified_manifest(&workload, &args.file)?;
    let beside = args.file.parent().unwrap_or(Path::new(""));
    let directory = args.trace_dir.as_deref().unwrap_or(beside);
    refuse_wrong_inputs(&manifest, &args.file, directory)?;
    let scratch = Scratch::new().map_err(|error| Failure::new(exit::WORLD_FAILED, error))?;
    let target = scratch.path().join("again.wlc");
    let job = Job {
        spec_text: &manifest.spec.text,
        spec_name: &format!("{}'s spec", args.file.display()),
        directory,
        sets: &manifest.spec.sets,
        seed: Some(manifest.seed),
        target: &target,
    };
    compile_with(&job, args.threads).map_err(|error| failure(&error))?;
    let again = open(&target)?;
    let found = diff(&workload, &again).map_err(|error| wrong_input(&args.file, &error))?;
    let same_file = found.file_hash[0] == found.file_hash[1];
    let reproduced = same_file || {
        let made = again.manifest();
        let made = made.map_err(|error| wrong_input(&target, &error))?;
        // Another release of the same algorithm writes its own number into the manifest.
        let other_release = made.compiler.version != manifest.compiler.version;
        found.equal && other_release && is_same_but_release(&manifest, &made)
    };
    let seconds = started.elapsed().as_secs_f64();
    let printed = match (reproduced, args.json) {
        (true, true) => print_json(&found, seconds),
        (true, false) => print_reproduced(args, &found, same_file, seconds),
        (false, true) => writeln!(
            io::stdout(),
            "{}",
            json!({"reproduced": false, "diff": found})
        ),
        (false, false) => print_difference(args, &found),
    };
    let status = match reproduced {
        true => exit::DONE,
        false => exit::CHECK_FAILED,
    };
    printed.map_or_else(|error| stdout_failure(&error), |()| Ok(status))
}

/// The manifest of a whole workload that this program can make again.
fn verified_manifest(workload: &Workload, file: &Path) -> Result<Manifest, Failure> {
    let outcome = verified(workload);
    // Another algorithm may have written a manifest of another shape: its number comes first.
    if matches!(outcome, Ok(_) | Err(FormatError::Manifest { .. })) {
        check_compiler(workload).map_err(|what| {
            let message = format!("{}: {what}", file.display());
            Failure::new(exit::WRONG_INPUT, message)
        })?;
    }
    let verified = outcome.map_err(|error| wrong_input(file, &error))?;
    Ok(verified.manifest)
}

/// What was made of unknown inputs would decide nothing about the workload.
fn refuse_wrong_inputs(manifest: &Manifest, file: &Path, directory: &Path) -> Result<(), Failure> {
    let Err(wrong) = check_inputs(manifest, directory) else {
        return Ok(());
    };
    let wrong: Vec<String> = wrong.iter().map(|input| format!("\n  {input}")).collect();
    let place = match directory.as_os_str().is_empty() {
        true => "the working directory".to_owned(),
        false => directory.display().to_string(),
    };
    let message = format!(
        "{}: not tried, as not all inputs are those that it was made of:{}\n  help: names are looked up from {place}; name another directory by --trace-dir DIR",
        file.display(),
        wrong.concat()
    );
    Err(Failure::new(exit::WRONG_INPUT, message))
}

fn print_json(found: &Diff, seconds: f64) -> io::Result<()> {
    let object = json!({
        "reproduced": true,
        "content_hash": found.content_hash[0],
        "file_hash": found.file_hash[0],
        "seconds": seconds,
    });
    writeln!(io::stdout(), "{object}")
}

fn print_reproduced(
    args: &ReproduceArgs,
    found: &Diff,
    same_file: bool,
    seconds: f64,
) -> io::Result<()> {
    let how = match same_file {
        true => "byte for byte",
        false => "all but the compiler's release number",
    };
    let mut out = io::stdout().lock();
    writeln!(out, "reproduced     {} ({how})", args.file.display())?;
    writeln!(out, "content hash   {}", found.content_hash[0])?;
    writeln!(out, "file hash      {}", found.file_hash[0])?;
    writeln!(out, "reproduced in  {seconds:.2} s")
}

fn print_difference(args: &ReproduceArgs, found: &Diff) -> io::Result<()> {
    let file = args.file.display().to_string();
    print_text(found, [&file, "what its manifest compiles to"])?;
    writeln!(io::stdout(), "NOT reproduced")
}
