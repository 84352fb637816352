//! What is said of a load that is fired, by whichever verb.

use crate::cli::judge::JudgeArgs;
use crate::engine::run::{Balance, Reuse, Spin};
use crate::engine::schedule::{OnTurnFailure, Overload, Speed};
use crate::values::{CpuList, parse_cpus, parse_grace, parse_header, parse_speed, parse_timeout};
use crate::wall_time::parse_wall_time;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use http::header::{HeaderName, HeaderValue};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Most worker threads.
pub const MAX_WORKERS: u32 = 256;
/// Most requests in flight.
pub const MAX_IN_FLIGHT: u32 = 1_000_000;
/// Most connections opened before the first request.
pub const MAX_CONNECTIONS: u32 = 100_000;

/// What is fired, at whom and how.
#[derive(Clone, Debug, Args)]
pub struct FireArgs {
    /// The workload, as `wlc compile` wrote it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Do not recompute the workload's hashes first; a run is then at most DEGRADED.
    #[arg(long)]
    pub no_verify: bool,
    /// Print no progress.
    #[arg(long)]
    pub quiet: bool,
    /// Where requests go.
    #[command(flatten)]
    pub server: ServerArgs,
    /// What is asked of the load.
    #[command(flatten)]
    pub load: LoadArgs,
    /// How connections are used.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// How exact and when.
    #[command(flatten)]
    pub timing: TimingArgs,
    /// What it is held against.
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// What was typed, as `run.json` has it; see [`crate::cli::parse`].
    #[arg(skip)]
    pub command: Vec<String>,
}

/// Where requests go, and as whom.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// Base URL of the server, http:// or https://, e.g. http://127.0.0.1:8000; the workload's paths
    /// follow it. Repeatable: several servers share the load [default: the workload's
    /// recommendation].
    #[arg(long = "url", value_name = "URL")]
    pub urls: Vec<String>,
    /// Which of several servers a request goes to [default: round-robin].
    #[arg(long, value_enum, value_name = "HOW")]
    pub balance: Option<Balance>,
    /// Header field for every request; replaces the workload's own of that name. Repeatable.
    #[arg(long = "header", value_name = "K:V", value_parser = parse_header)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Environment variable with the API key, sent as `authorization: Bearer KEY`.
    #[arg(long, value_name = "VAR")]
    pub api_key_env: Option<String>,
    /// PEM file with certificates of authorities to trust instead of the system's. Repeatable.
    #[arg(long = "cacert", value_name = "FILE", conflicts_with = "insecure")]
    pub ca_certificates: Vec<PathBuf>,
    /// PEM file with the client's certificate and its chain.
    #[arg(long = "cert", value_name = "FILE", requires = "client_key")]
    pub client_certificate: Option<PathBuf>,
    /// PEM file with the key of the client's certificate.
    #[arg(long = "key", value_name = "FILE", requires = "client_certificate")]
    pub client_key: Option<PathBuf>,
    /// Do not check the certificates of https:// servers; the report says so.
    #[arg(long)]
    pub insecure: bool,
    /// Do not ask each server for its list of models before t0; for servers that count requests or
    /// bill them.
    #[arg(long)]
    pub no_models: bool,
}

/// What is asked of the load.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Load")]
pub struct LoadArgs {
    /// Divide the schedule's times: 60 replays an hour in a minute [default: 1].
    #[arg(long, value_name = "X", value_parser = parse_speed)]
    pub speed: Option<Speed>,
    /// Most requests in flight at once, over all workers [default: the workload's recommendation,
    /// else what open files and three quarters of the local ports allow].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_IN_FLIGHT)))]
    pub max_in_flight: Option<u32>,
    /// What becomes of a request that is due while as many are in flight as may be; those of
    /// closed stages wait in any case [default: wait].
    #[arg(long, value_enum, value_name = "HOW")]
    pub overload: Option<Overload>,
    /// What becomes of a session when one of its turns fails [default: end].
    #[arg(long, value_enum, value_name = "HOW")]
    pub on_turn_failure: Option<OnTurnFailure>,
    /// Longest wait for a complete response, from its first write [default: the workload's
    /// recommendation, else 10m].
    #[arg(long, value_name = "D", value_parser = parse_timeout)]
    pub timeout: Option<Duration>,
    /// Put words that this text chooses into the place that a workload compiled with `data.salt`
    /// keeps for them in each body, so that a server has nothing cached of a run with another salt
    /// [default: the words in the workload].
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub salt: Option<String>,
    /// Do not keep the time of every token, only of the first and the last: smaller records, no ITL.
    #[arg(long)]
    pub no_token_times: bool,
}

/// How connections are used.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct ConnectionArgs {
    /// Connections to open before the first request, over all workers [default: what closed stages
    /// hold in flight, or the most requests due within any second, at most 512; under --http2 one
    /// for each worker and URL; under --reuse never none].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CONNECTIONS)))]
    pub connections: Option<u32>,
    /// Which connection a request may use [default: pooled].
    #[arg(long, value_enum, value_name = "HOW")]
    pub reuse: Option<Reuse>,
    /// Speak HTTP/2: to http:// servers by prior knowledge, to https:// servers by ALPN.
    #[arg(long)]
    pub http2: bool,
    /// Address of this machine that connections leave from [default: the kernel chooses].
    #[arg(long, value_name = "IP")]
    pub bind: Option<IpAddr>,
}

/// How exact the firing is, and when it begins and ends.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Timing")]
pub struct TimingArgs {
    /// Worker threads, each with its own part of the schedule [default: the workload's
    /// recommendation, else 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_WORKERS)))]
    pub workers: Option<u32>,
    /// Processors to pin workers to, e.g. 2,3 or 2-5: worker i to the i-th, in turn
    /// [default: none is pinned].
    #[arg(long, value_name = "LIST", value_parser = parse_cpus)]
    pub cpus: Option<CpuList>,
    /// Real-time priority (SCHED_FIFO) of workers, 1 to 99; needs the right to it, and a refusal is
    /// told and recorded [default: the ordinary scheduler].
    #[arg(long, value_name = "PRIORITY", value_parser = clap::value_parser!(u32).range(1..=99))]
    pub fifo: Option<u32>,
    /// Look at the clock in a loop just before a request is due: more exact, costs processor time
    /// [default: auto].
    #[arg(long, value_enum, value_name = "WHEN")]
    pub spin: Option<Spin>,
    /// Begin at this time, e.g. 2030-01-31T12:00:00+01:00 or Unix seconds such as 1896091200.5, so
    /// that several machines begin together [default: as soon as all is ready].
    #[arg(long, value_name = "TIME", value_parser = parse_wall_time)]
    pub start_at: Option<u64>,
    /// How long answers are waited for after Ctrl-C [default: 10s].
    #[arg(long, value_name = "D", value_parser = parse_grace)]
    pub grace: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use crate::cli::Cli;
    use clap::Parser;
    use clap::error::ErrorKind;

    fn parse(flags: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(format!("replay run w.wlc {flags}").split_whitespace())
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn half_a_client_certificate_and_contradictions_are_refused_with_the_flag_that_is_at_fault() {
        for (flags, kind, part) in [
            ("--cert c.pem", ErrorKind::MissingRequiredArgument, "--key"),
            ("--key k.pem", ErrorKind::MissingRequiredArgument, "--cert"),
            (
                "--insecure --cacert a.pem",
                ErrorKind::ArgumentConflict,
                "--cacert",
            ),
            ("--overload queue", ErrorKind::InvalidValue, "wait, drop"),
            ("--fifo 100", ErrorKind::ValueValidation, "1..=99"),
            ("--fifo 0", ErrorKind::ValueValidation, "1..=99"),
            ("--bind host", ErrorKind::ValueValidation, "--bind"),
            ("--slo ttft=5", ErrorKind::ValueValidation, "with a unit"),
            (
                "--threshold steal=1",
                ErrorKind::ValueValidation,
                "steal_note",
            ),
        ] {
            let error = parse(flags).expect_err(flags);
            assert_eq!(error.kind(), kind, "{flags}");
            assert!(error.to_string().contains(part), "{flags}: {error}");
        }
        parse("--cert c.pem --key k.pem --insecure --url a --url b").unwrap();
    }
}
