//! Section 4 of `RESULTS.md` against the types of `replay`.

use crate::results::{assert_keys, prefixed};

#[test]
fn sweep_json_keys_are_those_of_the_program() {
    let file = "sweep/result.rs";
    assert_keys(
        "sweep keys",
        &[
            prefixed("", file, "SweepResult", &["workload", "slos"]),
            prefixed("workload.", file, "SweptWorkload", &[]),
            prefixed("slos[].", "analysis/summary.rs", "SloLimit", &[]),
            prefixed("saturation.", file, "Saturation", &[]),
            prefixed("saturation.probes[].", file, "Probe", &[]),
            prefixed("steps[].", file, "StepResult", &[]),
            prefixed("knee.", file, "Knee", &[]),
            prefixed("goal.", file, "Goal", &[]),
        ],
    );
}
