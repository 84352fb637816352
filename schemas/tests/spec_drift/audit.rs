//! Section 9 of `RESULTS.md` against the types of `replay`.

use crate::results::{assert_keys, prefixed};

#[test]
fn audit_json_keys_are_those_of_the_program() {
    let property = "analysis/audit/property.rs";
    let objects = ["requests", "properties", "continuity", "findings"];
    let row = "properties[].";
    let example = "properties[].counter_example.";
    assert_keys(
        "audit keys",
        &[
            prefixed("", "analysis/audit/mod.rs", "Audit", &objects),
            prefixed("requests.", "analysis/audit/mod.rs", "Requests", &[]),
            prefixed(row, property, "PropertyRow", &["inconclusive"]),
            prefixed(
                &format!("{row}inconclusive."),
                property,
                "Inconclusive",
                &[],
            ),
            prefixed(example, property, "CounterExample", &[]),
            prefixed(&format!("{example}repeats."), property, "Repeats", &[]),
            prefixed("continuity.", "analysis/audit/continuity.rs", "Chance", &[]),
            prefixed("findings[].", "analysis/audit/findings.rs", "Finding", &[]),
        ],
    );
}
