//! `wlc compile`.

use super::{progress_bar, stdout_failure};
use crate::cli::CompileArgs;
use crate::compile::{CompileError, Compiled, Job, compile};
use crate::exit::{self, Failure};
use crate::spec::MAX_SPEC_BYTES;
use schemas::error::WriteError;
use schemas::hex;
use schemas::layout::MAGIC;
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

/// Runs the verb; gives the exit status.
pub fn run(args: &CompileArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    check_target(&args.output)?;
    let spec_text = read_spec(&args.spec)?;
    let spec_name = args.spec.display().to_string();
    let job = Job {
        spec_text: &spec_text,
        spec_name: &spec_name,
        directory: args.spec.parent().unwrap_or(Path::new("")),
        sets: &args.sets,
        seed: args.seed,
        target: &args.output,
    };
    let compiled = compile_with(&job, args.threads).map_err(|error| failure(&error))?;
    for note in &compiled.notes {
        eprintln!("note: {note}");
    }
    let seconds = started.elapsed().as_secs_f64();
    let printed = if args.json {
        print_json(&compiled, seconds)
    } else {
        print_text(&compiled, &args.output, seconds)
    };
    printed.map_or_else(|error| stdout_failure(&error), |()| Ok(exit::DONE))
}

/// Compiles on so many threads, with a bar, until Ctrl-C.
pub(super) fn compile_with(job: &Job, threads: Option<u32>) -> Result<Compiled, CompileError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0) as usize)
        .build()
        .expect("the operating system gives threads");
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // A second handler cannot be set in one process; the first then serves.
    let _ = ctrlc::set_handler(move || flag.store(true, Relaxed));
    let bar = progress_bar(0, "compiling");
    let mut go_on = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
        !interrupted.load(Relaxed)
    };
    let compiled = pool.install(|| compile(job, &mut go_on));
    bar.finish_and_clear();
    compiled
}

/// Only a workload is ever replaced: a slip of the hand must not cost a spec, a trace or a device.
fn check_target(target: &Path) -> Result<(), Failure> {
    let Ok(metadata) = std::fs::symlink_metadata(target) else {
        return Ok(());
    };
    let what = if !metadata.is_file() {
        "is not a regular file"
    } else if metadata.len() > 0 && !begins_as_workload(target) {
        "exists and is not a workload"
    } else {
        return Ok(());
    };
    let message = format!(
        "-o {}: {what}\n  help: name another file, or remove it first",
        target.display()
    );
    Err(Failure::new(exit::WRONG_INPUT, message))
}

fn begins_as_workload(path: &Path) -> bool {
    let mut beginning = [0; MAGIC.len()];
    let read = std::fs::File::open(path)
        .and_then(|mut file| io::Read::read_exact(&mut file, &mut beginning));
    read.is_ok() && beginning == MAGIC
}

fn read_spec(path: &Path) -> Result<String, Failure> {
    use io::ErrorKind::{InvalidData, IsADirectory, NotFound};
    let too_long = std::fs::metadata(path).is_ok_and(|data| data.len() > MAX_SPEC_BYTES as u64);
    if too_long {
        let message = format!(
            "{}: longer than the limit of {MAX_SPEC_BYTES} bytes: not a spec",
            path.display()
        );
        return Err(Failure::new(exit::WRONG_INPUT, message));
    }
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        NotFound | IsADirectory => Failure::new(
            exit::WRONG_INPUT,
            format!(
                "{}: {error}\n  help: name a spec file, such as examples/demo.yaml",
                path.display()
            ),
        ),
        InvalidData => Failure::new(
            exit::WRONG_INPUT,
            format!(
                "{}: not UTF-8 text\n  help: name a YAML spec",
                path.display()
            ),
        ),
        _ => Failure::new(exit::WORLD_FAILED, format!("{}: {error}", path.display())),
    })
}

/// The exit status that an error means.
pub(super) fn failure(error: &CompileError) -> Failure {
    let status = match error {
        CompileError::Spec(_) | CompileError::Empty { .. } => exit::WRONG_INPUT,
        CompileError::Write(WriteError::Limit { .. }) => exit::WRONG_INPUT,
        CompileError::Trace(error) if error.is_users_fault() => exit::WRONG_INPUT,
        CompileError::Input { error, .. } if error.is_users_fault() => exit::WRONG_INPUT,
        CompileError::Tokenizer { error, .. } if error.is_users_fault() => exit::WRONG_INPUT,
        CompileError::Media { error, .. } if error.is_users_fault() => exit::WRONG_INPUT,
        // What is asked for cannot be made of what was given.
        CompileError::Make { .. } => exit::WRONG_INPUT,
        CompileError::Trace(_)
        | CompileError::Input { .. }
        | CompileError::Tokenizer { .. }
        | CompileError::Media { .. }
        | CompileError::Write(_)
        | CompileError::Entropy(_) => exit::WORLD_FAILED,
        CompileError::Interrupted => exit::INTERRUPTED,
    };
    Failure::new(status, error)
}

fn print_json(compiled: &Compiled, seconds: f64) -> io::Result<()> {
    let object = json!({
        "content_hash": hex(&compiled.finished.content_hash),
        "file_hash": hex(&compiled.finished.file_hash),
        "seed": compiled.seed,
        "requests": compiled.totals.requests,
        "sessions": compiled.totals.sessions,
        "duration_ns": compiled.duration_ns,
        "input_tokens": compiled.totals.input_tokens,
        "output_tokens": compiled.totals.output_tokens,
        "body_bytes": compiled.totals.body_bytes,
        "file_bytes": compiled.finished.file_bytes,
        "seconds": seconds,
    });
    writeln!(io::stdout(), "{object}")
}

fn print_text(compiled: &Compiled, target: &Path, seconds: f64) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mb = |bytes: u64| bytes as f64 / 1e6;
    writeln!(out, "wrote          {}", target.display())?;
    writeln!(
        out,
        "content hash   {}",
        hex(&compiled.finished.content_hash)
    )?;
    writeln!(out, "file hash      {}", hex(&compiled.finished.file_hash))?;
    writeln!(out, "seed           {}", compiled.seed)?;
    write!(out, "requests       {}", compiled.totals.requests)?;
    match compiled.duration_ns {
        // A closed loop lasts as long as the server takes.
        0 => writeln!(out)?,
        ns => writeln!(out, " in {:.3} s", ns as f64 / 1e9)?,
    }
    if compiled.totals.sessions > 0 {
        writeln!(out, "sessions       {}", compiled.totals.sessions)?;
    }
    writeln!(
        out,
        "tokens         {} in, {} out",
        compiled.totals.input_tokens, compiled.totals.output_tokens
    )?;
    writeln!(
        out,
        "bodies         {:.1} MB in a file of {:.1} MB",
        mb(compiled.totals.body_bytes),
        mb(compiled.finished.file_bytes)
    )?;
    writeln!(out, "compiled in    {seconds:.2} s")
}
