//! `replay report`: derives a report from what a run or a sweep left on disk.

use crate::analysis::report::{self, FilesFormat, Format, aiperf, html, text};
use crate::analysis::slo::check_twice;
use crate::analysis::{self, Asked, RunData, Window};
use crate::cli::report::{ReportArgs, ReportFormat};
use crate::exit::{self, Failure};
use crate::run_info::RECORDS_FILE;
use crate::sweep::result::{SWEEP_FILE, SweepResult};
use crate::terminal::colour_allowed;
use crate::verbs::deliver;
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Runs the verb; gives the exit status.
pub fn report(args: &ReportArgs) -> Result<u8, Failure> {
    refuse_idle_options(args)?;
    check_twice(&args.judge.slos).map_err(|what| Failure::wrong_input(format!("--slo: {what}")))?;
    match args.directory.join(SWEEP_FILE).exists() {
        true => sweep(args)?,
        false => run(args)?,
    }
    Ok(exit::DONE)
}

/// An option that a format would pass over is a mistake.
fn refuse_idle_options(args: &ReportArgs) -> Result<(), Failure> {
    use ReportFormat as F;
    let every_record = matches!(args.format, F::Csv | F::Jsonl);
    let has_verdict = matches!(args.format, F::Html | F::Json | F::Text);
    let has_slos = has_verdict || args.format == F::InferencePerf;
    let (slos, thresholds) = (&args.judge.slos, &args.judge.thresholds);
    let window = args.from.is_some() || args.to.is_some();
    let idle = [
        ("--from and --to", window && every_record),
        ("--slo", !slos.is_empty() && !has_slos),
        ("--threshold", !thresholds.is_empty() && !has_verdict),
    ];
    match idle.iter().find(|(_, is_idle)| *is_idle) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::wrong_input(format!(
            "{option} would change nothing in this --format\n  help: leave it out, or ask for \
             --format json"
        ))),
    }
}

/// Reports on a run.
fn run(args: &ReportArgs) -> Result<(), Failure> {
    let files = match args.format {
        ReportFormat::Hgrm => Some(FilesFormat::Hgrm),
        ReportFormat::InferencePerf => Some(FilesFormat::InferencePerf),
        _ => None,
    };
    if files.is_some() && args.output.is_none() {
        return Err(Failure::wrong_input(
            "this --format is several files\n  help: name a directory for them with -o",
        ));
    }
    let data = analysis::open(&args.directory, window(args)?).map_err(|error| {
        Failure::wrong_input(format!(
            "{error:#}\n  help: name a directory that `replay run --out` wrote"
        ))
    })?;
    warn(args, &data);
    let asked = asked(args, &data);
    if let (Some(format), Some(directory)) = (files, &args.output) {
        return deliver::many(directory, &report::files(format, &data, &asked));
    }
    let format = one_text(args);
    deliver::one(args.output.as_deref(), |out| {
        report::write(format, &data, &asked, out)
    })
}

/// Says what is missing from the report.
fn warn(args: &ReportArgs, data: &RunData) {
    if let Some(why) = &data.accounting.truncated {
        let found = data.rows.len() + data.disbelieved.len();
        let all = data.accounting.scheduled;
        eprintln!("warning: {RECORDS_FILE}: {why}; it holds {found} of {all} records");
    }
    let left_out = aiperf::left_out(data);
    if args.format == ReportFormat::Aiperf && left_out > 0 {
        eprintln!(
            "note: requests that were not sent, or not in the window, have no line: {left_out}"
        );
    }
}

fn one_text(args: &ReportArgs) -> Format {
    match args.format {
        ReportFormat::Html => Format::Html,
        ReportFormat::Json => Format::Json,
        ReportFormat::Jsonl => Format::Jsonl,
        ReportFormat::Csv => Format::Csv,
        ReportFormat::Series => Format::Series,
        ReportFormat::Sessions => Format::Sessions,
        ReportFormat::Aiperf => Format::Aiperf,
        ReportFormat::Hgrm | ReportFormat::InferencePerf | ReportFormat::Text => Format::Text {
            colour: colour(args),
        },
    }
}

/// Reports on a sweep: what all its steps together say.
fn sweep(args: &ReportArgs) -> Result<(), Failure> {
    let refused = |what: &str| {
        let (shown, step) = (&args.directory, args.directory.join("step-01"));
        Failure::wrong_input(format!(
            "{what}: {} is a sweep, of which there are text, html and json\n  help: name the directory \
             of one of its steps, e.g. {}",
            shown.display(),
            step.display()
        ))
    };
    let judged = !args.judge.slos.is_empty() || !args.judge.thresholds.is_empty();
    if args.from.is_some() || args.to.is_some() || judged {
        return Err(refused("--from, --to, --slo and --threshold"));
    }
    let sweep = SweepResult::read(&args.directory)
        .map_err(|error| Failure::wrong_input(format!("{error:#}")))?;
    let output = args.output.as_deref();
    match args.format {
        ReportFormat::Text => {
            deliver::one(output, |out| text::sweep::write(&sweep, colour(args), out))
        }
        ReportFormat::Html => deliver::one(output, |out| html::write_sweep(&sweep, out)),
        ReportFormat::Json => deliver::one(output, |out| sweep.write_json(out)),
        _ => Err(refused("--format")),
    }
}

/// Colour is for a terminal only.
fn colour(args: &ReportArgs) -> bool {
    args.output.is_none() && colour_allowed(io::stdout().is_terminal())
}

/// What `run.json` says, but for what was typed.
fn asked(args: &ReportArgs, data: &RunData) -> Asked {
    let of_run = Asked::of_run(&data.info);
    Asked {
        slos: match args.judge.slos.is_empty() {
            true => of_run.slos,
            false => args.judge.slos.clone(),
        },
        thresholds: of_run.thresholds.with(&args.judge.thresholds),
    }
}

fn window(args: &ReportArgs) -> Result<Window, Failure> {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let window = Window {
        from_ns: args.from.map_or(Window::ALL.from_ns, ns),
        to_ns: args.to.map_or(Window::ALL.to_ns, ns),
    };
    match window.from_ns < window.to_ns {
        true => Ok(window),
        false => Err(Failure::wrong_input(
            "--to: nothing is due between it and --from\n  help: make it later than --from",
        )),
    }
}
