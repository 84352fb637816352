//! Blocks of inference-perf that say nothing about the load: read over, whatever stands in them,
//! with a note where the same is to be had here.

use super::context::Context;
use super::fields::Fields;

/// Each block, and what stands in for it.
const CARRIED: [(&str, &str); 4] = [
    ("report", "`replay report` derives reports from a run"),
    ("storage", "`replay run --out` says where results go"),
    ("metrics", "the server's own metrics are not collected"),
    ("circuit_breakers", "a run ends with its last request"),
];

/// Notes every such block that is there.
pub fn note(root: &Fields<'_>, context: &mut Context<'_>) {
    for (key, instead) in CARRIED {
        if root.optional(key).is_some() {
            context.note(format!("`{key}` is not used: {instead}"));
        }
    }
}
