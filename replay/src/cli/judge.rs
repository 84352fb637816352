//! What a run is held against, by whichever verb.

use crate::analysis::slo::Slo;
use crate::analysis::verdict::Threshold;
use clap::Args;

/// What a run is held against.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judgement")]
pub struct JudgeArgs {
    /// Longest time that a request may take to be good, e.g. ttft=500ms: ttft, ttft_from_scheduled,
    /// tpot, itl, ntpot, latency or latency_from_scheduled. Repeatable [default: the workload's
    /// recommendation].
    #[arg(long = "slo", value_name = "METRIC=LIMIT")]
    pub slos: Vec<Slo>,
    /// Threshold of the verdict that is not to be the default, e.g. run_queue_note=0.02. Repeatable.
    #[arg(long = "threshold", value_name = "KEY=VALUE")]
    pub thresholds: Vec<Threshold>,
}
