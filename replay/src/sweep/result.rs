//! What a sweep found out: `sweep.json` (RESULTS.md, section 4).
//!
//! Written anew after every step, so an interrupted sweep leaves what it has measured. Refuses to
//! hold figures that a step's own directory could not give again: each is copied from its summary.

use crate::analysis::summary::SloLimit;
use crate::analysis::verdict::Word;
use crate::run_info::write_json;
use anyhow::{Context, ensure};
use schemas::hints::Progression;
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;

/// File name of a sweep's result in its directory.
pub const SWEEP_FILE: &str = "sweep.json";
/// Version of `sweep.json`'s shape.
pub const SWEEP_FORMAT: u32 = 1;

/// The whole of `sweep.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepResult {
    /// [`SWEEP_FORMAT`].
    pub format: u32,
    /// Version of the program that fired.
    pub replay_version: String,
    /// What was fired.
    pub workload: SweptWorkload,
    /// What answers were held against; empty if nothing was promised.
    pub slos: Vec<SloLimit>,
    /// How the steps' rates grow.
    pub progression: Progression,
    /// Asked duration of each step, in seconds.
    pub step_duration_s: f64,
    /// It did not come to its end: the user stopped it, it was killed, or it goes on.
    pub interrupted: bool,
    /// Where the server is saturated; null if it was not looked for.
    pub saturation: Option<Saturation>,
    /// The steps that were fired, by rate.
    pub steps: Vec<StepResult>,
    /// Up to where the server keeps up; null if no step does, or with fewer than three.
    pub knee: Option<Knee>,
    /// The search for the highest rate that meets the SLOs; null if it was not asked for.
    pub goal: Option<Goal>,
}

/// What was fired, in parts and at several speeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweptWorkload {
    /// Merkle root, hexadecimal.
    pub content_hash: String,
    /// Requests in the workload.
    pub requests: u64,
}

/// What kept a rate from rising further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// The server: more in flight, or a higher rate, gave no more.
    Server,
    /// Nothing that was seen: the figure is a lower bound.
    None,
    /// The machine that fires.
    Client,
    /// The server refuses or fails requests.
    Errors,
    /// The workload: too few requests to tell.
    TooFewRequests,
}

/// The highest rate at which answers come while a backlog lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saturation {
    /// Requests answered well per second, at the best probe: turns and warm-up, too.
    pub rate: f64,
    /// Those of them a second that are due at a time of their own: what rates of steps and trials
    /// are taken from.
    pub paced_rate: f64,
    /// The percentile of the rates within the probe that `rate` is, as the workload recommends; null
    /// for the rate over the whole probe.
    pub percentile: Option<f64>,
    /// Lower end of the 95 % confidence range of the rate over the whole probe.
    pub low: f64,
    /// Upper end of that range.
    pub high: f64,
    /// Requests in flight at the best probe.
    pub in_flight: u32,
    /// What ended the search.
    pub limited_by: LimitedBy,
    /// The same in words, with what to do about it.
    pub why: String,
    /// Every probe, in the order of firing.
    pub probes: Vec<Probe>,
}

/// A backlog that was worked off with so many requests in flight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Its result directory, within the sweep's.
    pub directory: String,
    /// Most requests in flight.
    pub in_flight: u32,
    /// Requests of the backlog.
    pub requests: u64,
    /// Requests that failed, those that its own end cut off left out.
    pub failed: u64,
    /// Requests answered well per second; null if there were too few to tell.
    pub rate: Option<f64>,
    /// Lower end of its 95 % confidence range.
    pub low: Option<f64>,
    /// Upper end of its 95 % confidence range.
    pub high: Option<f64>,
}

/// The workload, or a first part of it, at one rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// Its result directory, within the sweep's.
    pub directory: String,
    /// Paced requests per second that were asked for.
    pub asked_rate: f64,
    /// The schedule's times were divided by this to have it.
    pub speed: f64,
    /// Requests fired: the first of the workload.
    pub requests: u64,
    /// Share of them whose time is the schedule's alone; the others wait for answers.
    pub paced_share: f64,
    /// How long the paced ones last at the asked rate, in seconds.
    pub duration_s: f64,
    /// That is less than the sweep's `step_duration_s`: the workload has no more requests.
    pub is_short: bool,
    /// `effective.max_in_flight` of its `run.json`.
    pub max_in_flight: Option<u32>,
    /// Most requests that were in flight at a time.
    pub in_flight_max: u32,
    /// `load_summary.scheduled_rate`, in requests per second.
    pub scheduled_rate: Option<f64>,
    /// `load_summary.paced_rate`, in requests per second.
    pub achieved_rate: Option<f64>,
    /// Paced requests that were due per second, while the step was neither beginning nor ending.
    pub offered_rate: Option<f64>,
    /// Those answered well, or abandoned as the workload asks, per second, by the same measure.
    pub completed_rate: Option<f64>,
    /// `latency_from_scheduled_s.median`.
    pub latency_p50_s: Option<f64>,
    /// `latency_from_scheduled_s.p99`.
    pub latency_p99_s: Option<f64>,
    /// `ttft_s.median`.
    pub ttft_p50_s: Option<f64>,
    /// `ttft_s.p99`.
    pub ttft_p99_s: Option<f64>,
    /// `tpot_s.median`.
    pub tpot_p50_s: Option<f64>,
    /// `throughput.output_tokens_per_s`.
    pub output_tokens_per_s: Option<f64>,
    /// `goodput.share`; null without SLOs.
    pub goodput_share: Option<f64>,
    /// `goodput.good_per_s`; null without SLOs.
    pub good_per_s: Option<f64>,
    /// `errors.rate`.
    pub error_rate: Option<f64>,
    /// Whether the run is to be believed.
    pub verdict: Word,
}

/// Up to where the server keeps up with the schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// The step's asked rate, in requests per second.
    pub rate: f64,
    /// Index into `steps`.
    pub step: usize,
    /// Why the next step is beyond it, in words.
    pub why: String,
}

/// The highest rate that meets the SLOs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Share of the requests that has to meet all SLOs.
    pub share: f64,
    /// The result: the highest rate that was seen to hold, in requests per second; null if none was.
    pub rate: Option<f64>,
    /// The same as `rate`.
    pub holds_at: Option<f64>,
    /// The lowest rate that was seen to fail; null if none did.
    pub fails_at: Option<f64>,
    /// `fails_at / holds_at` is at most 1 more than this, where the search came to its end.
    pub tolerance: f64,
    /// What ended the search: `server` if it came to its end; `none` also while it goes on.
    pub limited_by: LimitedBy,
    /// The same in words, with what to do about it.
    pub why: String,
    /// Every trial, in the order of firing.
    pub trials: Vec<StepResult>,
}

impl SweepResult {
    /// Reads `sweep.json` of a sweep's directory.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(SWEEP_FILE);
        let shown = path.display();
        let read = regular_file::read(&path, MAX_DOCUMENT_BYTES);
        let text = read.with_context(|| format!("{shown}: cannot be read"))?;
        let what = || format!("{shown}: not the result of a sweep");
        let format: Format = serde_json::from_slice(&text).with_context(what)?;
        let (age, program) = match format.format < SWEEP_FORMAT {
            true => ("old", "the program of that version"),
            false => ("new", "a later program"),
        };
        ensure!(
            format.format == SWEEP_FORMAT,
            "{shown}: format {} is too {age} for this program, which reads {SWEEP_FORMAT}; use {program}",
            format.format
        );
        serde_json::from_slice(&text).with_context(what)
    }

    /// Writes what `sweep.json` holds.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// Writes `sweep.json` under a temporary name and renames it.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        write_json(&directory.join(SWEEP_FILE), self)
    }
}

impl StepResult {
    /// Whether every place in flight was taken at some time: what was due then may have waited for a
    /// place, however fast this machine is.
    pub fn is_full(&self) -> bool {
        self.max_in_flight
            .is_some_and(|most| self.in_flight_max >= most)
    }

    /// To be put behind words on what a step failed: that every place was taken, if so.
    pub fn cap(&self) -> String {
        match self.max_in_flight {
            Some(most) if self.is_full() => {
                format!(", with all {most} places of --max-in-flight taken: more may allow more")
            }
            _ => String::new(),
        }
    }
}

#[cfg(test)]
impl StepResult {
    /// A step at this rate of which nothing else is known.
    pub fn at(rate: f64) -> Self {
        StepResult {
            directory: String::new(),
            asked_rate: rate,
            speed: 1.0,
            requests: 0,
            paced_share: 1.0,
            duration_s: 1.0,
            is_short: false,
            max_in_flight: None,
            in_flight_max: 0,
            scheduled_rate: None,
            achieved_rate: None,
            offered_rate: None,
            completed_rate: None,
            latency_p50_s: None,
            latency_p99_s: None,
            ttft_p50_s: None,
            ttft_p99_s: None,
            tpot_p50_s: None,
            output_tokens_per_s: None,
            goodput_share: None,
            good_per_s: None,
            error_rate: None,
            verdict: Word::Valid,
        }
    }
}

/// What is looked at first.
#[derive(Deserialize)]
struct Format {
    format: u32,
}
