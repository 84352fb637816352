//! `run.json`: what was asked, what was granted, on which machine, by which clock.
//!
//! Written once before t0, so that a run that is killed can still be read, and once more at the
//! end. It is where the engine and the analysis meet, beside the records. Secrets never enter it:
//! of headers only the names are kept, of keys nothing, and a URL's user and password are refused.

use crate::analysis::slo::Slo;
use crate::analysis::verdict::Thresholds;
use crate::engine::run::{Balance, Reuse, Spin};
use crate::engine::schedule::{OnTurnFailure, Overload};
use schemas::manifest::SpecSource;
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// File name of the records in a result directory.
pub const RECORDS_FILE: &str = "records.wlr";
/// File name of the run's description.
pub const RUN_FILE: &str = "run.json";
/// File name of the summary.
pub const SUMMARY_FILE: &str = "summary.json";
/// Version of `run.json`'s shape.
pub const RUN_FORMAT: u32 = 3;

/// The whole of `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// [`RUN_FORMAT`].
    pub format: u32,
    /// Version of the program that fired.
    pub replay_version: String,
    /// The program itself.
    #[serde(default)]
    pub engine: EngineInfo,
    /// What was typed, word by word, without the values of `--header` and `--salt`.
    #[serde(default)]
    pub command: Vec<String>,
    /// What was fired.
    pub workload: WorkloadInfo,
    /// Names of the workload's populations; a record's `population` counts them from 1.
    #[serde(default)]
    pub populations: Vec<String>,
    /// Settings as they were asked for, by a flag or by the workload's hints; null where the
    /// default was left to the program.
    pub requested: Settings,
    /// Who asked for what.
    pub origins: Origins,
    /// Settings as they were in force.
    pub effective: Settings,
    /// What answers are held against.
    #[serde(default)]
    pub slos: Vec<Slo>,
    /// What the verdict is held against.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// Where it was fired; a record's `target` counts them.
    pub targets: Vec<Target>,
    /// The workload's stages.
    pub stages: Vec<StageInfo>,
    /// The clock that all times come from.
    pub clock: ClockInfo,
    /// What each worker thread was granted.
    pub threads: Vec<ThreadInfo>,
    /// The machine that fired.
    pub host: HostInfo,
    /// What the kernel had counted when the run began; all null before its end.
    #[serde(default)]
    pub counters: Counters,
    /// How the run ended; null while it goes on or when it was killed.
    pub end: Option<RunEnd>,
}

/// The program that fired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// SHA-256 of its file, hexadecimal; null before the end of the run, and where the file cannot
    /// be read.
    pub binary_sha256: Option<String>,
}

/// What was fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadInfo {
    /// Merkle root, hexadecimal.
    pub content_hash: String,
    /// SHA-256 over the file's header and footer, which hold the hash of every section,
    /// hexadecimal: it binds the run to the very file, manifest included.
    pub footer_hash: String,
    /// Length of the file in bytes.
    pub file_bytes: u64,
    /// Requests in the workload.
    pub requests: u64,
    /// Whether every hash was recomputed before t0.
    pub verified: bool,
    /// The seed that it was made with; null in files of format 1.
    pub seed: Option<u64>,
    /// What it was made from, as its manifest has it; null in files of format 1.
    pub spec: Option<SpecSource>,
}

/// Settings of the engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Requests that were to be fired, from the workload's first on; null for all.
    pub requests: Option<u64>,
    /// Worker threads.
    pub workers: Option<u32>,
    /// Most requests in flight at once, over all workers.
    pub max_in_flight: Option<u32>,
    /// Connections opened before t0, over all workers.
    pub connections: Option<u32>,
    /// The schedule's times are divided by this.
    pub speed: Option<f64>,
    /// Longest wait for a complete response, in ns from its first write.
    pub timeout_ns: Option<u64>,
    /// What becomes of a request that is due while as many are in flight as may be.
    pub overload: Option<Overload>,
    /// What becomes of a session when one of its turns fails.
    pub on_turn_failure: Option<OnTurnFailure>,
    /// Which connection a request may use.
    pub reuse: Option<Reuse>,
    /// Which of several targets a request goes to.
    pub balance: Option<Balance>,
    /// HTTP/2 instead of HTTP/1.1.
    pub http2: bool,
    /// Files with certificates of authorities that were trusted instead of the system's; empty for
    /// the system's.
    pub cacert: Vec<String>,
    /// File with the client's certificate. Of its key nothing is kept.
    pub cert: Option<String>,
    /// Certificates of servers were not checked.
    pub insecure: bool,
    /// Address that connections left from; null for the kernel's choice.
    pub bind: Option<IpAddr>,
    /// The time of every token is in the records.
    pub token_times: Option<bool>,
    /// How long answers are waited for after the user has stopped the run, in ns.
    pub grace_ns: Option<u64>,
    /// When t0 was to be, as Unix time in ns; null for as soon as all was ready.
    pub start_at_unix_ns: Option<u64>,
    /// Processors that workers were to be pinned to, in turn; empty for none.
    pub cpus: Vec<u32>,
    /// SCHED_FIFO priority that workers were to have; null for the ordinary scheduler.
    pub fifo: Option<u32>,
    /// When workers were to look at the clock in a loop.
    pub spin: Option<Spin>,
    /// Names of header fields that were added.
    pub header_names: Vec<String>,
    /// Environment variable that the API key was taken from.
    pub api_key_env: Option<String>,
    /// What the workload's salt slot was filled with; null when it was left as it is.
    pub salt: Option<Salting>,
}

/// A salt of a run: the load was that of the content hash but for these words in its slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salting {
    /// `--salt`.
    pub text: String,
    /// The words that the text chose (WORKLOAD.md, section 3).
    pub words: Vec<String>,
}

/// Who set the settings that a workload may recommend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origins {
    /// Of `targets[].url`.
    pub url: Origin,
    /// Of `workers`.
    pub workers: Origin,
    /// Of `max_in_flight`.
    pub max_in_flight: Origin,
    /// Of `connections`.
    pub connections: Origin,
    /// Of `timeout_ns`.
    pub timeout_ns: Origin,
    /// Of `slos`.
    #[serde(default)]
    pub slos: Origin,
}

/// Who set something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The command line.
    Flag,
    /// A hint in the workload's manifest.
    Workload,
    /// This program.
    #[default]
    Default,
}

/// Where it was fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Base URL.
    pub url: String,
    /// Address that the host name resolved to, with the port.
    pub address: String,
    /// What the server agreed to before t0, on a connection of its own; null without TLS and where
    /// it was not asked.
    #[serde(default)]
    pub tls: Option<TlsFacts>,
    /// Header fields with which the server named itself in its list of models: `server`, `via`,
    /// `x-powered-by` and `openai-version`, those that it sent.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Names of the models that the server listed before t0; null where it did not.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// Why there is no list; null where there is one.
    #[serde(default)]
    pub models_error: Option<String>,
}

/// What client and server agreed on in a TLS handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// Cipher suite, by its registered name.
    pub cipher: String,
    /// Protocol agreed on by ALPN; null where the server chose none.
    pub alpn: Option<String>,
    /// SHA-256 of the server's own certificate (DER), hexadecimal.
    pub certificate_sha256: String,
}

/// One stage, after `--speed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageInfo {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// `scheduled` or `closed`.
    pub kind: String,
    /// Left out of summaries.
    pub warm_up: bool,
    /// Beginning in ns from t0, after `--speed`.
    pub start_ns: u64,
    /// Asked duration in ns, after `--speed`; null if none was asked.
    pub duration_ns: Option<u64>,
    /// Asked rate in requests per second, after `--speed`; null if none was asked.
    pub rate: Option<f64>,
    /// Requests of this stage.
    pub requests: u64,
}

/// The clock that all times come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockInfo {
    /// Name of the clock: `CLOCK_MONOTONIC`.
    pub name: String,
    /// t0 on that clock, in ns.
    pub t0_monotonic_ns: u64,
    /// t0 as Unix time, in ns.
    pub t0_unix_ns: u64,
    /// What the kernel derives the clock from, e.g. `tsc`; null if it does not say.
    pub source: Option<String>,
    /// What gave the times of what was received.
    #[serde(default)]
    pub received: ReceivedBy,
    /// How late the timer woke an idle worker before t0.
    pub timer: TimerCalibration,
}

/// Where the time of something received comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceivedBy {
    /// The kernel stamps each packet as it takes it in.
    Kernel,
    /// The worker looked at the clock when it had read it.
    #[default]
    Read,
}

/// How late the timer wakes an idle thread, measured before t0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimerCalibration {
    /// Wake-ups measured.
    pub samples: u32,
    /// Median lateness in ns.
    pub late_median_ns: u64,
    /// 99th percentile of lateness in ns.
    pub late_p99_ns: u64,
    /// Cost of one reading of the clock in ns.
    pub clock_read_ns: u64,
}

/// What one worker thread was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadInfo {
    /// Number of the worker.
    pub worker: u32,
    /// Processor that it is pinned to; null if it is not.
    pub cpu: Option<u32>,
    /// Its SCHED_FIFO priority; null under the ordinary scheduler.
    pub fifo_priority: Option<u32>,
    /// How late the kernel may wake it to group wake-ups, in ns; null if the kernel does not say.
    pub timer_slack_ns: Option<u64>,
    /// It looks at the clock in a loop for this long before a request is due, in ns; 0 for never.
    pub spin_ns: u64,
    /// What was asked for and refused, in words.
    pub refused: Vec<String>,
    /// What it took of the processors between t0 and its end; null where the kernel does not count
    /// it, and before the end.
    pub used: Option<ThreadUse>,
}

/// What a thread took of the processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadUse {
    /// Time that it ran, in ns.
    pub cpu_ns: u64,
    /// Part of that for which it looked at the clock and had nothing else to do, in ns; 0 in a file
    /// of before it was told.
    #[serde(default)]
    pub spun_ns: u64,
    /// Time that it wanted to run and waited for a processor, in ns.
    pub run_queue_ns: u64,
    /// Times it gave the processor back to wait for something.
    pub voluntary_switches: u64,
    /// Times the processor was taken from it.
    pub involuntary_switches: u64,
}

impl ThreadUse {
    /// What was taken since `before`.
    pub fn since(&self, before: &Self) -> Self {
        ThreadUse {
            cpu_ns: self.cpu_ns.saturating_sub(before.cpu_ns),
            spun_ns: self.spun_ns.saturating_sub(before.spun_ns),
            run_queue_ns: self.run_queue_ns.saturating_sub(before.run_queue_ns),
            voluntary_switches: self
                .voluntary_switches
                .saturating_sub(before.voluntary_switches),
            involuntary_switches: self
                .involuntary_switches
                .saturating_sub(before.involuntary_switches),
        }
    }
}

/// The machine that fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostInfo {
    /// Operating system and kernel release.
    pub kernel: String,
    /// CPU model, if the kernel tells it.
    pub cpu: Option<String>,
    /// Processors this process may run on.
    pub cpus: u32,
    /// `hypervisor` where the processor says that it is a guest's, then who made the machine and
    /// what it is called, as far as the firmware says; null where neither says a thing.
    #[serde(default)]
    pub virtualisation: Option<String>,
}

/// What the kernel had counted since the machine began; null for what it does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Time that a hypervisor took from the processors which the process may run on, as a mean over
    /// them, in ns.
    pub steal_ns: Option<u64>,
    /// Time for which at least one thread of the machine waited for a processor, in µs.
    pub cpu_stalled_us: Option<u64>,
    /// The same for memory, in µs.
    pub memory_stalled_us: Option<u64>,
    /// The same for input and output, in µs.
    pub io_stalled_us: Option<u64>,
}

/// How the run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// True when the user stopped it.
    pub interrupted: bool,
    /// Its longest time was over before it was done.
    #[serde(default)]
    pub cut_short: bool,
    /// End of the run in ns from t0.
    pub ended_ns: u64,
    /// CPU time of the process between t0 and the end, in ns.
    pub cpu_ns: u64,
    /// Times the scheduler took the CPU away from a worker between t0 and its end, over all
    /// workers; null where the kernel does not count them.
    pub involuntary_context_switches: Option<u64>,
    /// Time that a hypervisor took from the processors which the process may run on between t0 and
    /// the end, as a mean over them, in ns; null where the kernel does not tell.
    pub steal_ns: Option<u64>,
    /// Connections opened, before and after t0; the one that found out which address answers and
    /// the one that asked for the models are not counted.
    pub connections_opened: u64,
    /// The end on the clock that all times come from, in ns.
    #[serde(default)]
    pub monotonic_ns: Option<u64>,
    /// The same moment as Unix time, in ns.
    #[serde(default)]
    pub unix_ns: Option<u64>,
    /// What the kernel had counted by then.
    #[serde(default)]
    pub counters: Counters,
}

impl RunInfo {
    /// Reads `run.json` of a result directory.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        use anyhow::Context;
        let path = directory.join(RUN_FILE);
        let read = regular_file::read(&path, MAX_DOCUMENT_BYTES);
        let text = read.with_context(|| {
            format!(
                "{}: cannot be read; is this a directory that `replay run --out` wrote?",
                path.display()
            )
        })?;
        let wrong = || format!("{}: not a run description", path.display());
        let Version { format } = serde_json::from_slice(&text).with_context(wrong)?;
        let (age, program) = match format {
            0 => ("old", "the program of that version"),
            _ => ("new", "a later program"),
        };
        anyhow::ensure!(
            (1..=RUN_FORMAT).contains(&format),
            "{}: format {format} is too {age} for this program, which reads 1 to {RUN_FORMAT}; use {program}",
            path.display()
        );
        serde_json::from_slice(&text).with_context(wrong)
    }

    /// Writes `run.json` under a temporary name and renames it.
    pub fn write(&self, directory: &Path) -> std::io::Result<()> {
        write_json(&directory.join(RUN_FILE), self)
    }
}

/// The one key that every format of `run.json` has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// Writes pretty JSON under a temporary name beside `path` and renames it.
pub fn write_json(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    let temporary = temporary_of(path);
    std::fs::write(&temporary, bytes)?;
    std::fs::rename(temporary, path)
}

/// Where [`write_json`] writes before it renames.
pub fn temporary_of(path: &Path) -> PathBuf {
    path.with_extension("json.tmp")
}
