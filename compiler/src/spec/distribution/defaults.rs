//! What inference-perf takes for a length where its map says nothing, and what it passes over
//! there. Each with a note.

use super::written::{Parameter, Written};
use super::{DEFAULT_MEAN, DEFAULT_STD_DEV};
use crate::spec::context::Context;
use crate::spec::fields::Fields;

impl Written<'_> {
    /// Drops a standard deviation of a length that has none, as inference-perf does.
    pub(super) fn pass_over_std_dev(&mut self, context: &mut Context<'_>) {
        if !self.unit.is_length() || !self.kind.passes_over_std_dev() {
            return;
        }
        if let Some(std_dev) = self.find("std_dev") {
            context.note(format!(
                "{} is not used: {} distribution has no standard deviation of its own",
                std_dev.cursor.name(),
                self.kind.with_article()
            ));
        }
        self.parameters
            .retain(|parameter| parameter.key != "std_dev");
    }

    /// inference-perf's mean and standard deviation for a length whose map leaves them out, and a
    /// note where its limits are not ours.
    pub(super) fn take_defaults(&mut self, context: &mut Context<'_>) {
        if !self.unit.is_length() {
            return;
        }
        let name = self.cursor.name();
        let spread = self.find("std_dev").or(self.find("variance"));
        let missing = [
            ("mean", DEFAULT_MEAN, self.find("mean").is_none()),
            ("std_dev", DEFAULT_STD_DEV, spread.is_none()),
        ];
        for (key, number, is_missing) in missing {
            if self.kind.is_bell() && is_missing {
                context.note(format!(
                    "{name}: `{key}` is {number}, inference-perf's default"
                ));
                self.parameters.push(Parameter {
                    key,
                    number,
                    cursor: self.cursor.clone(),
                });
            }
        }
        for (key, ours, theirs) in [("min", self.unit.min, 10), ("max", self.unit.max, 1024)] {
            if self.kind.is_limited() && self.find(key).is_none() {
                context.note(format!(
                    "{name}: `{key}` is {ours}; inference-perf would take {theirs} here"
                ));
            }
        }
    }
}

/// inference-perf knows no key `std`, and says nothing about one.
pub(super) fn note_std(fields: &Fields<'_>, context: &mut Context<'_>) {
    if let Some(std) = fields.optional("std") {
        let name = std.name();
        context.note(format!(
            "{name} is not used: inference-perf passes over `std`; if it is meant, write `std_dev`"
        ));
    }
}

/// inference-perf draws so many lengths beforehand and takes them in turn.
pub(super) fn note_total_count(fields: &Fields<'_>, context: &mut Context<'_>) {
    if let Some(count) = fields.optional("total_count") {
        let name = count.name();
        context.note(format!(
            "{name} is not used: every request draws a value of its own"
        ));
    }
}
