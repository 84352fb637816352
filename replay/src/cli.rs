//! What can be typed. Values are checked here; what they do is in the verbs.

use crate::engine::schedule::Speed;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use http::header::{HeaderName, HeaderValue};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// Most worker threads.
pub const MAX_WORKERS: u32 = 256;
/// Most requests in flight.
pub const MAX_IN_FLIGHT: u32 = 1_000_000;
/// Most connections opened before the first request.
pub const MAX_CONNECTIONS: u32 = 100_000;
/// Shortest and longest `--timeout`: 1 ms and 10^7 s.
pub const TIMEOUTS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(10_000_000);

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

Exit status: 0 done, 1 an INVALID run under --strict, 2 wrong input, 3 the world failed
(target unreachable, I/O), 130 interrupted with what was recorded saved.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Fire a workload at a server and record what comes back.
    Run(RunArgs),
    /// Derive a report from a result directory.
    Report(ReportArgs),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// `replay run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The workload, as `wlc compile` wrote it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Base URL of the server, e.g. http://127.0.0.1:8000; the workload's paths follow it [default:
    /// the workload's recommendation].
    #[arg(long)]
    pub url: Option<String>,
    /// Directory for the results; it must not hold a run already [default: out/HASH-N].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Worker threads, each with its own part of the schedule [default: the workload's
    /// recommendation, else 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_WORKERS)))]
    pub workers: Option<u32>,
    /// Most requests in flight at once, divided evenly among the workers; a request that finds its
    /// worker's share in use waits, which shows as its lag [default: the workload's recommendation,
    /// else as many as the limit on open files allows].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_IN_FLIGHT)))]
    pub max_in_flight: Option<u32>,
    /// Connections to open before the first request [default: the workload's recommendation, else
    /// the most requests due within any second, at most 512].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CONNECTIONS)))]
    pub connections: Option<u32>,
    /// Divide the schedule's times: 60 replays an hour in a minute [default: 1].
    #[arg(long, value_name = "X", value_parser = parse_speed)]
    pub speed: Option<Speed>,
    /// Longest wait for a complete response, e.g. 500ms, 30s, 5m [default: the workload's recommendation,
    /// else 10m].
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// Header field for every request; replaces the workload's own of that name. Repeatable.
    #[arg(long = "header", value_name = "K:V", value_parser = parse_header)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Put words that this text chooses into the place that a workload compiled with `data.salt`
    /// keeps for them in each body, so that a server has nothing cached of a run with another salt
    /// [default: the words in the workload].
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub salt: Option<String>,
    /// Environment variable with the API key, sent as `authorization: Bearer KEY`.
    #[arg(long, value_name = "VAR")]
    pub api_key_env: Option<String>,
    /// Do not recompute the workload's hashes first; the run is then at most DEGRADED.
    #[arg(long)]
    pub no_verify: bool,
    /// Print the summary as JSON on stdout.
    #[arg(long)]
    pub json: bool,
    /// Print no progress.
    #[arg(long)]
    pub quiet: bool,
    /// Exit with 1 when the run is INVALID.
    #[arg(long)]
    pub strict: bool,
}

/// `replay report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A directory that `replay run --out` wrote.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// What to derive.
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Write to this file instead of stdout.
    #[arg(short = 'o', long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// Formats of `replay report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One screen for people.
    Text,
    /// The summary as one JSON object.
    Json,
    /// One JSON object a line for each request.
    Jsonl,
}

fn parse_speed(text: &str) -> Result<Speed, String> {
    let range = Speed::RANGE;
    text.parse().ok().and_then(Speed::new).ok_or_else(|| {
        format!(
            "write a number from {} to {}, e.g. 60 or 0.5",
            range.start(),
            range.end()
        )
    })
}

/// `500ms`, `30s`, `1.5m`, `2h`; the unit is required.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number with a unit: 500ms, 30s, 5m or 1h".to_owned();
    let unit_at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds_per_unit = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<f64>().map_err(|_| wrong())? * seconds_per_unit;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if TIMEOUTS.contains(&duration) => Ok(duration),
        _ => Err("must be between 1ms and 2777h".to_owned()),
    }
}

/// `Name: value`. The value may be a secret, so messages do not repeat it.
fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write NAME:VALUE")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| format!("{name:?} is not a header name"))?;
    let mut value: HeaderValue = value
        .trim()
        .parse()
        .map_err(|_| "the value is not a header value")?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_need_a_unit_and_sense() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5m"), Ok(Duration::from_secs(90)));
        for wrong in ["", "10", "ms", "-1s", "1 parsec", "0s", "nans", "1e300h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_header_value_is_never_repeated_in_a_message() {
        let (name, value) = parse_header("X-Key: secret").unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("x-key", "secret")
        );
        assert!(!format!("{value:?}").contains("secret"));
        assert!(!parse_header("a: sec\nret").unwrap_err().contains("ret\""));
    }
}
