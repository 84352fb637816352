//! What can be typed, one file for each verb. Values are checked here; what they do is in the verbs.

pub mod archive;
pub mod audit;
pub mod compare;
pub mod fire;
pub mod judge;
pub mod report;
pub mod run;
pub mod sign;
pub mod sweep;
pub mod verify;

use archive::ArchiveArgs;
use audit::AuditArgs;
use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};
use compare::CompareArgs;
use report::ReportArgs;
use run::RunArgs;
use sign::SignArgs;
use std::ffi::OsString;
use sweep::SweepArgs;
use verify::VerifyArgs;

/// Flags whose values are not kept: what they say may be secret.
const UNKEPT: [&str; 3] = ["--header", "--key", "--salt"];

/// Reads a command line, which begins with the program's name.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut cli = Cli::try_parse_from(&args).map_err(|error| without_secrets(error, &args))?;
    match &mut cli.verb {
        Verb::Run(run) => run.fire.command = kept(&args),
        Verb::Sweep(sweep) => sweep.fire.command = kept(&args),
        _ => {}
    }
    Ok(cli)
}

/// An error that does not repeat what may be secret: the value of such a flag, and a word behind it
/// that belongs to it, had it been quoted.
fn without_secrets(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(blamed)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let hidden = ContextValue::String("…".to_owned());
    if UNKEPT.iter().any(|flag| blamed.starts_with(flag)) {
        error.insert(ContextKind::InvalidValue, hidden);
    } else if !blamed.starts_with('-') && kept(args).iter().any(|arg| arg.contains('…')) {
        let advice = "quote a value that holds a space: --header 'NAME: VALUE'";
        error.insert(ContextKind::InvalidArg, hidden);
        let advice = ContextValue::StyledStrs(vec![advice.into()]);
        error.insert(ContextKind::Suggested, advice);
    }
    error
}

/// A command line as `run.json` has it.
fn kept(args: &[OsString]) -> Vec<String> {
    let mut is_unkept = false;
    let behind = args.iter().skip(1).map(|arg| {
        let arg = arg.to_string_lossy();
        if std::mem::take(&mut is_unkept) {
            return "…".to_owned();
        }
        is_unkept = UNKEPT.contains(&&*arg);
        match arg.split_once('=') {
            Some((flag, _)) if UNKEPT.contains(&flag) => format!("{flag}=…"),
            _ => arg.into_owned(),
        }
    });
    std::iter::once("replay".to_owned()).chain(behind).collect()
}

/// Fires a compiled LLM workload at a server with precise timing, and records what came back.
#[derive(Debug, Parser)]
#[command(name = "replay", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  replay run chat.wlc --url http://127.0.0.1:8000
  replay run chat.wlc --url http://127.0.0.1:8000 --speed 60 --out results/fast
  replay run chat.wlc --url http://127.0.0.1:8000 --salt 'second run'
  replay report results/fast --format jsonl -o requests.jsonl
  replay sweep chat.wlc --url http://127.0.0.1:8000
  replay compare results/before results/after
  replay audit results/audit
  replay verify results/fast --workload chat.wlc
  replay sign results/fast --key ~/.ssh/id_ed25519
  replay archive results/fast --workload chat.wlc -o fast.tar.zst

Exit status: 0 done, 1 an INVALID run under --strict, results that do not verify or a promise not seen
kept, 2 wrong input, 3 the world failed (target unreachable, I/O), 130 interrupted with what was
recorded saved.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Fire a workload at a server and record what comes back.
    Run(Box<RunArgs>),
    /// Derive a report from a result directory.
    Report(ReportArgs),
    /// Find where a server is saturated, how it behaves on the way, and what rate meets its SLOs.
    Sweep(Box<SweepArgs>),
    /// Hold runs side by side: what changed between two, how far three or more spread.
    Compare(CompareArgs),
    /// Judge whether a server kept its promise about seeds, by its answers to an audit workload.
    Audit(AuditArgs),
    /// Check that results are whole, unaltered and what they say they are.
    Verify(VerifyArgs),
    /// Sign results with an SSH key.
    Sign(SignArgs),
    /// Pack results, their workload and the specifications into one archive.
    Archive(ArchiveArgs),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_kept_of_a_command_line() {
        let line = "/opt/replay run w.wlc --header K:hunter2 --url http://a --header=K:hunter2 \
                    --salt hunter2 --salt=hunter2 --api-key-env KEY --slo ttft=1s";
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        assert_eq!(
            kept(&args).join(" "),
            "replay run w.wlc --header … --url http://a --header=… --salt … --salt=… \
             --api-key-env KEY --slo ttft=1s"
        );
        let Verb::Run(run) = parse(args[..5].to_vec()).unwrap().verb else {
            unreachable!()
        };
        assert_eq!(run.fire.command.len(), 5);
    }

    #[test]
    fn what_may_be_secret_is_not_repeated_when_it_is_refused() {
        for (words, told) in [
            (
                &["--header", "Authorization Bearer hunter2"][..],
                "'NAME: VALUE'",
            ),
            (&["--header=Authorization Bearer hunter2"], "has no colon"),
            (
                &["--header", "Authorization Bearer hunter2:"],
                "no header name",
            ),
            (&["--header", "K: hunter2\u{7}"], "control character"),
            (&["--header", "K:", "hunter2"], "quote a value"),
            (&["--headr=K: hunter2"], "'--headr'"),
            (&["--salt", "a", "hunter2"], "quote a value"),
        ] {
            for verb in ["run", "sweep"] {
                let mut line = vec!["replay", verb, "w.wlc"];
                line.extend(words);
                let line = line.into_iter().map(OsString::from);
                let error = parse(line).expect_err("wrong").to_string();
                assert!(error.contains(told), "{error}");
                assert!(!error.contains("hunter2"), "{error}");
            }
        }
        // Control: what is no secret is repeated.
        let line = ["replay", "run", "w.wlc", "--grace", "4711"].map(OsString::from);
        assert!(
            parse(line)
                .expect_err("wrong")
                .to_string()
                .contains("'4711'")
        );
    }
}
