//! Reports of a large run: whether a million requests of a hundred tokens each are reported within
//! the time and the memory that were promised.
//!
//! Writes the records of runs that never were, with two models, two populations and a warm-up stage:
//! a plain one, and a wide one of many adapters and conversations. Then has `replay report` read
//! them, each format in a process of its own. A format fails beyond [`MOST_WALL`] or
//! [`MOST_RSS_BYTES`]. Only shown are `jsonl`, which writes every token's time, gigabytes of them, and
//! `replay compare`, which reads two runs. A smaller run than the whole is not judged.
//!
//! `cargo bench -p integration --bench report -- [--quick] [--requests N] [--tokens N]
//! [--format NAME]…`

use clap::Parser;
use harness::Dir;
use replay::run_info::{RECORDS_FILE, RUN_FILE};
use schemas::frames::{TokenTimes, encode_strings, push_result, records_header, write_frame};
use schemas::layout::{NONE_U32, NONE_U64};
use schemas::records::{FrameKind, Outcome, RESULT_STREAM, ResultRecord};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Duration;
use zerocopy::{FromZeros, IntoBytes};

/// Longest time of one report.
const MOST_WALL: Duration = Duration::from_secs(10);
/// Most memory of one report.
const MOST_RSS_BYTES: u64 = 1 << 30;
/// A report that takes longer than this is given up.
const LIMIT: Duration = Duration::from_secs(120);
/// Shown and not judged.
const NOT_JUDGED: [&str; 3] = ["aiperf", "jsonl", COMPARE];
/// What is no format of a report, and is taken for one here.
const COMPARE: &str = "compare";
/// All that can be asked for.
const FORMATS: [&str; 11] = [
    "text",
    "json",
    "csv",
    "series",
    "sessions",
    "hgrm",
    "html",
    "inference-perf",
    "aiperf",
    "jsonl",
    COMPARE,
];
/// Between two requests: 1,000 a second.
const EVERY_NS: u64 = 1_000_000;
const HASH: [u8; 32] = [0xab; 32];
const MODELS: u32 = 2;

/// What the runs differ in.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    adapters: u32,
    /// Turns of a conversation; `None` for requests that are none's.
    turns: Option<u32>,
}

const SHAPES: [Shape; 2] = [
    Shape {
        name: "plain",
        adapters: 8,
        turns: None,
    },
    // As many adapters as a summary lists.
    Shape {
        name: "wide",
        adapters: 1_000,
        turns: Some(10),
    },
];

impl Shape {
    fn sessions(&self, requests: u64) -> u32 {
        self.turns
            .map_or(0, |turns| requests.div_ceil(turns.into()) as u32)
    }
}
/// Bytes of a frame, as the engine's recorder writes them.
const FRAME_BYTES: usize = 100_000;

/// What can be asked for.
#[derive(Debug, Parser)]
#[command(name = "report")]
struct Options {
    /// Requests of the run.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    requests: u64,
    /// Tokens of each.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(2..=2_000))]
    tokens: u64,
    /// A report's format, or compare; may be repeated. All of them by default.
    #[arg(long, default_values_t = FORMATS.map(String::from))]
    format: Vec<String>,
    /// A tenth of the requests.
    #[arg(long)]
    quick: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let whole = Options::parse_from(["report"]);
    let requests = match options.quick {
        true => options.requests.div_ceil(10),
        false => options.requests,
    };
    let judged = requests >= whole.requests && options.tokens >= whole.tokens;
    let mut within = true;
    for shape in SHAPES {
        let dir = Dir::new(env!("CARGO_BIN_EXE_demo"));
        write_run(&dir, shape, requests, options.tokens)?;
        for format in &options.format {
            within &= report(&dir, format) || !judged;
        }
    }
    Ok(match within {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Writes a run and says how large it is.
fn write_run(dir: &Dir, shape: Shape, requests: u64, tokens: u64) -> anyhow::Result<()> {
    std::fs::create_dir(dir.path("run"))?;
    let run = serde_json::to_vec(&description(requests))?;
    std::fs::write(dir.path("run").join(RUN_FILE), run)?;
    let file = File::create(dir.path("run").join(RECORDS_FILE))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    write_records(shape, requests, tokens, &mut out)?;
    let bytes = out.into_inner()?.metadata()?.len();
    println!(
        "{}: {requests} requests of {tokens} tokens, {} adapters, {} sessions, records of {} MB",
        shape.name,
        shape.adapters,
        shape.sessions(requests),
        bytes / 1_000_000
    );
    Ok(())
}

/// Makes a report, says what it cost, and gives whether that is within the limits.
fn report(dir: &Dir, format: &str) -> bool {
    let command = match format {
        COMPARE => "compare run run".to_owned(),
        _ => format!("report run --format {format} -o {format}.out"),
    };
    let (outcome, cost) = dir.replay(&command).limit(LIMIT).measure();
    outcome.ok();
    let is_judged = !NOT_JUDGED.contains(&format);
    let fits = cost.wall <= MOST_WALL && cost.peak_rss_bytes <= MOST_RSS_BYTES;
    let verdict = match fits {
        _ if !is_judged => "not judged",
        true => "within 10 s and 1 GiB",
        false => "TOO MUCH: 10 s and 1 GiB are allowed",
    };
    println!(
        "  {format:<16} {:>6.2} s {:>6.2} s CPU {:>6.0} MiB  {verdict}",
        cost.wall.as_secs_f64(),
        cost.cpu.as_secs_f64(),
        cost.peak_rss_bytes as f64 / f64::from(1 << 20),
    );
    fits || !is_judged
}

/// Records as the engine writes them, frame by frame.
fn write_records(shape: Shape, requests: u64, tokens: u64, out: &mut impl Write) -> io::Result<()> {
    out.write_all(records_header(HASH, requests).as_bytes())?;
    let named = |kind: &'static str, count: u32| (0..count).map(move |n| format!("{kind}-{n}"));
    let names: Vec<String> = named("model", MODELS)
        .chain(named("adapter", shape.adapters))
        .chain(named("session", shape.sessions(requests)))
        .collect();
    let (items, payload) = encode_strings(names.iter().map(String::as_str));
    write_frame(out, FrameKind::Strings, items, &payload)?;
    let mut random = Lcg(1);
    let (mut payload, mut items, mut times) = (Vec::new(), 0, TokenTimes::default());
    for index in 0..requests {
        let mut record = record(index, tokens, &mut random, &mut times);
        record.adapter = (MODELS + random.below(shape.adapters.into()) as u32).into();
        if let Some(turns) = shape.turns {
            let session = (index / u64::from(turns)) as u32;
            record.session = (MODELS + shape.adapters + session).into();
            record.turn = ((index % u64::from(turns)) as u32).into();
        }
        push_result(&mut payload, &record, None, times.bytes());
        items += 1;
        if payload.len() >= FRAME_BYTES || index + 1 == requests {
            write_frame(out, FrameKind::Records, items, &payload)?;
            payload.clear();
            items = 0;
        }
    }
    write_frame(out, FrameKind::End, 0, &[])?;
    out.flush()
}

/// An answer of so many tokens, 5 to 45 ms apart, the first after 50 to 450 ms; one in 64 failed.
fn record(index: u64, tokens: u64, random: &mut Lcg, times: &mut TokenTimes) -> ResultRecord {
    let mut record = ResultRecord::new_zeroed();
    let scheduled_ns = index * EVERY_NS;
    let sent_ns = scheduled_ns + random.below(300_000);
    let mut at_ns = sent_ns + 50_000_000 + random.below(400_000_000);
    times.clear();
    for _ in 0..tokens {
        times.push(sent_ns, at_ns);
        at_ns += 5_000_000 + random.below(40_000_000);
    }
    let group = random.below(16) as u32;
    record.index = index.into();
    record.scheduled_ns = scheduled_ns.into();
    record.sent_ns = sent_ns.into();
    record.body_written_ns = (sent_ns + 10_000).into();
    record.first_byte_ns = times.first().unwrap_or(NONE_U64).into();
    record.first_token_ns = times.first().unwrap_or(NONE_U64).into();
    record.last_token_ns = times.last().unwrap_or(NONE_U64).into();
    record.end_ns = at_ns.into();
    record.cancel_due_ns = NONE_U64.into();
    record.response_bytes = (200 * tokens + random.below(1_000)).into();
    record.stage = u32::from(index >= 1_000).into();
    record.session = NONE_U32.into();
    record.turn = NONE_U32.into();
    record.model = (group % MODELS).into();
    record.events = (tokens as u32 + 1).into();
    record.token_count = (tokens as u32).into();
    record.input_tokens = (random.below(2_000) as u32).into();
    record.output_tokens = (tokens as u32).into();
    record.usage_input = NONE_U32.into();
    record.usage_output = (tokens as u32).into();
    record.http_status = 200.into();
    record.outcome = match random.below(64) {
        0 => Outcome::Timeout as u8,
        _ => Outcome::Ok as u8,
    };
    record.flags = RESULT_STREAM;
    record.population = (1 + group as u16 % 2).into();
    record
}

/// Knuth's linear congruential generator: the same records every time.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, bound: u64) -> u64 {
        let multiplied = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = multiplied.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// `run.json` of such a run.
fn description(requests: u64) -> serde_json::Value {
    let warm_up = requests.min(1_000);
    let stage = |name: &str, warm_up: bool, start_ns: u64, requests: u64| {
        json!({
            "name": name, "kind": "scheduled", "warm_up": warm_up, "start_ns": start_ns,
            "duration_ns": null, "rate": 1000.0, "requests": requests,
        })
    };
    let settings = json!({
        "workers": 1, "speed": 1.0, "http2": false, "cacert": [], "insecure": false, "cpus": [],
        "header_names": [],
    });
    json!({
        "format": 3,
        "replay_version": env!("CARGO_PKG_VERSION"),
        "workload": {
            "content_hash": schemas::hex(&HASH), "footer_hash": "00".repeat(32),
            "file_bytes": 0, "requests": requests, "verified": true,
        },
        "command": [],
        "populations": ["chat", "batch"],
        "slos": [{"metric": "ttft", "limit_ns": 300_000_000}, {"metric": "tpot", "limit_ns": 30_000_000}],
        "requested": settings,
        "effective": settings,
        "origins": {
            "url": "flag", "workers": "default", "max_in_flight": "default",
            "connections": "default", "timeout_ns": "default", "slos": "flag",
        },
        "targets": [{"url": "http://localhost", "address": "127.0.0.1:80"}],
        "stages": [
            stage("warm-up", true, 0, warm_up),
            stage("steady", false, warm_up * EVERY_NS, requests - warm_up),
        ],
        "clock": {
            "name": "CLOCK_MONOTONIC", "t0_monotonic_ns": 1, "t0_unix_ns": 1, "source": null,
            "timer": {"samples": 1, "late_median_ns": 1, "late_p99_ns": 1, "clock_read_ns": 1},
        },
        "threads": [],
        "host": {"kernel": "Linux", "cpu": null, "cpus": 2},
        "end": null,
    })
}
