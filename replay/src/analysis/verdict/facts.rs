//! The facts that a verdict is based on, gathered from what is known of a run.

use crate::analysis::accounting::Accounting;
use crate::analysis::measures::Measures;
use crate::run_info::{RunInfo, ThreadUse};
use schemas::records::ErrorClass;

/// What a verdict is based on.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Every hash of the workload was recomputed before t0.
    pub workload_verified: bool,
    /// [`crate::analysis::accounting::Accounting::unaccounted`].
    pub unaccounted: u64,
    /// Requests that never reached a socket, warm-up included, but for the next two.
    pub not_sent: u64,
    /// Requests dropped under `--overload drop` as a share of all, warm-up included.
    pub dropped_share: Option<f64>,
    /// Turns that were not sent because one before them did not end well, warm-up included.
    pub session_ended: u64,
    /// The records were cut off.
    pub truncated: bool,
    /// `run.json` says how the run ended.
    pub finished: bool,
    /// The user stopped it.
    pub interrupted: bool,
    /// Its longest time was over before it was done.
    pub cut_short: bool,
    /// Errors and timeouts as a share of the requests sent and not abandoned, warm-up included.
    pub error_share: Option<f64>,
    /// Requests sent outside warm-up stages.
    pub measured: u64,
    /// Those of them whose time the workload sets.
    pub paced: u64,
    /// The schedule delay's 99th percentile in seconds, over all that are measured.
    pub delay_p99_s: Option<f64>,
    /// From the first to the last scheduled time of the paced ones, in seconds.
    pub scheduled_span_s: Option<f64>,
    /// `paced_rate / scheduled_rate`.
    pub rate_ratio: Option<f64>,
    /// Whether the generator had the processors that it needed.
    pub client: ClientLoad,
    /// Involuntary context switches of workers per second between t0 and the end.
    pub switches_per_s: Option<f64>,
}

/// How much of the machine the workers had, as shares of the run; `None` where the kernel does not
/// tell, or the run has no end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClientLoad {
    /// Time that the worker which waited longest wanted to run and had no processor.
    pub run_queue: Option<f64>,
    /// Time that a hypervisor took from the processors.
    pub steal: Option<f64>,
    /// Time that the busiest worker ran and did more than look at the clock.
    pub busy: Option<f64>,
}

impl ClientLoad {
    /// Of a run that has ended.
    pub fn of(info: &RunInfo) -> Self {
        let Some(end) = &info.end else {
            return ClientLoad::default();
        };
        let whole = end.ended_ns as f64;
        let most = |of: fn(&ThreadUse) -> u64| {
            let used = info
                .threads
                .iter()
                .filter_map(|thread| thread.used.as_ref());
            used.map(of).max().and_then(|most| share(most, whole))
        };
        ClientLoad {
            run_queue: most(|used| used.run_queue_ns),
            steal: end.steal_ns.and_then(|stolen| share(stolen, whole)),
            busy: most(|used| used.cpu_ns.saturating_sub(used.spun_ns)),
        }
    }
}

impl Facts {
    /// Of a run; `overall` are the figures over all stages that are not warm-up.
    pub fn of(info: &RunInfo, accounting: &Accounting, overall: &Measures) -> Self {
        let load = &overall.load_summary;
        let end = info.end.as_ref();
        let rates = load.paced_rate.zip(load.scheduled_rate);
        let dropped = accounting.of_class(ErrorClass::Overload);
        let session_ended = accounting.of_class(ErrorClass::SessionEnded);
        let failed = accounting.error + accounting.timeout;
        let switches = end.and_then(|end| Some((end.involuntary_context_switches?, end.ended_ns)));
        Facts {
            workload_verified: info.workload.verified,
            unaccounted: accounting.unaccounted,
            not_sent: accounting.not_sent.saturating_sub(dropped + session_ended),
            dropped_share: share(dropped, accounting.scheduled as f64),
            session_ended,
            truncated: accounting.truncated.is_some(),
            finished: end.is_some(),
            interrupted: end.is_some_and(|end| end.interrupted),
            cut_short: end.is_some_and(|end| end.cut_short),
            error_share: share(failed, (accounting.ok + failed) as f64),
            measured: load.count,
            paced: load.paced,
            delay_p99_s: load.schedule_delay.as_ref().map(|delay| delay.p99),
            scheduled_span_s: load.schedule_duration,
            rate_ratio: rates.map(|(paced, scheduled)| paced / scheduled),
            client: ClientLoad::of(info),
            switches_per_s: switches.and_then(|(count, ns)| share(count, ns as f64 / 1e9)),
        }
    }
}

/// `None` for a share of nothing.
fn share(part: u64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part as f64 / whole)
}
