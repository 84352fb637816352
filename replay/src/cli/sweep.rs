//! `replay sweep`.

use crate::cli::fire::FireArgs;
use crate::values::parse_timeout;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use schemas::hints::Progression;
use std::path::PathBuf;
use std::time::Duration;

/// Most steps of a sweep.
pub const MAX_STEPS: u32 = 1_000;

const SWEEP_EXAMPLES: &str = "\
Examples:
  replay sweep chat.wlc --url http://127.0.0.1:8000
      finds where the server is saturated, then fires 8 steps of 30 s up to it
  replay sweep chat.wlc --url http://127.0.0.1:8000 --up-to 40 --steps 4 --step-duration 2m
      10, 20, 30 and 40 requests/s, without looking for the saturation
  replay sweep chat.wlc --url http://127.0.0.1:8000 --slo ttft=500ms --slo tpot=30ms --goal
      also the highest rate at which 99 % of the requests meet both
  replay report out/1a2b3c4d5e6f-sweep-1 --format html -o sweep.html

Rates are of requests that are due at a time of their own; turns of conversations follow. The
workload is the same at every step, only its schedule is walked faster or slower.";

/// `replay sweep`.
#[derive(Debug, Args)]
#[command(after_help = SWEEP_EXAMPLES)]
pub struct SweepArgs {
    /// Directory for the results, with one of its own for each probe and step; it must not hold
    /// results already [default: out/HASH-sweep-N].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the result as JSON on stdout.
    #[arg(long)]
    pub json: bool,
    /// How the steps' rates grow: linear by equal differences, geometric by equal factors from a
    /// tenth [default: the workload's recommendation, else linear].
    #[arg(long, value_name = "HOW", value_parser = PossibleValuesParser::new(["linear", "geometric"]).map(progression))]
    pub progression: Option<Progression>,
    /// Steps up to the saturation [default: the workload's recommendation, else 8].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_STEPS)))]
    pub steps: Option<u32>,
    /// How long each step lasts, if the workload has requests for it [default: the workload's
    /// recommendation, else 30s].
    #[arg(long, value_name = "D", value_parser = parse_timeout)]
    pub step_duration: Option<Duration>,
    /// Longest that each probe for the saturation sends; a server that answers fewer than 4 requests/s
    /// needs more [default: the workload's recommendation, else 60s].
    #[arg(long, value_name = "D", value_parser = parse_timeout, conflicts_with = "up_to")]
    pub probe_duration: Option<Duration>,
    /// Rate of the highest step in requests per second, instead of looking for the saturation.
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub up_to: Option<f64>,
    /// Fire no further step after one in which fewer than --goal-share of the requests meet the
    /// SLOs.
    #[arg(long)]
    pub stop_on_slo: bool,
    /// Look for the highest rate at which --goal-share of the requests meet the SLOs.
    #[arg(long)]
    pub goal: bool,
    /// Share of the requests that has to meet all SLOs.
    #[arg(long, value_name = "SHARE", default_value = "0.99", value_parser = parse_share)]
    pub goal_share: f64,
    /// How far apart, as a share, the highest rate that holds and the lowest that fails may be at
    /// the end of the search.
    #[arg(long, value_name = "SHARE", default_value = "0.02", value_parser = parse_tolerance)]
    pub tolerance: f64,
    /// What is fired, and how.
    #[command(flatten)]
    pub fire: FireArgs,
}

fn progression(name: String) -> Progression {
    match name.as_str() {
        "geometric" => Progression::Geometric,
        _ => Progression::Linear,
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    within(text, 1e-6, 1e9, "requests per second, e.g. 40")
}

fn parse_share(text: &str) -> Result<f64, String> {
    within(text, 1e-6, 1.0, "a share, e.g. 0.99")
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    within(text, 1e-3, 1.0, "a share, e.g. 0.02")
}

fn within(text: &str, least: f64, most: f64, what: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let fits = number.filter(|number| (least..=most).contains(number));
    fits.ok_or_else(|| format!("write {what}; from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Verb};
    use clap::Parser;
    use schemas::hints::Progression;

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_may_be_written() {
        let parse = |flags: &str| {
            Cli::try_parse_from(format!("replay sweep w.wlc {flags}").split_whitespace())
        };
        for (flags, words) in [
            ("--progression cubic", "linear, geometric"),
            ("--steps 0", "1..=1000"),
            ("--step-duration 30", "a number with a unit"),
            ("--probe-duration 0s", "between 1ms"),
            ("--up-to 0", "requests per second, e.g. 40"),
            ("--up-to NaN", "requests per second, e.g. 40"),
            ("--goal-share 99", "a share, e.g. 0.99"),
            ("--tolerance 0", "a share, e.g. 0.02"),
        ] {
            let message = parse(flags).expect_err(flags).to_string();
            assert!(message.contains(words), "{flags}: {message}");
        }
        let flags = "--progression geometric --steps 3 --up-to 2.5 --goal --slo ttft=1s";
        let Verb::Sweep(args) = parse(flags).unwrap().verb else {
            panic!("another verb");
        };
        assert_eq!(args.progression, Some(Progression::Geometric));
        assert_eq!(
            (args.steps, args.up_to, args.goal),
            (Some(3), Some(2.5), true)
        );
        assert_eq!((args.goal_share, args.tolerance), (0.99, 0.02));
    }
}
