//! `wlc schema`: what a spec may say, as JSON Schema for editors, and with `--rng` the registry of
//! what is drawn from.
//!
//! The JSON Schema is an aid: it has every key and every word, and refuses misspelt ones. What must
//! not stand beside what is known to `spec` alone.

use super::stdout_failure;
use crate::cli::SchemaArgs;
use crate::exit::{self, Failure};
use crate::rng::Component;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// JSON Schema (draft 2020-12) of a spec.
pub const SPEC: &str = include_str!("spec.json");

/// Runs the verb; gives the exit status.
pub fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    let text = match (args.rng, args.json) {
        (false, _) => SPEC.to_owned(),
        (true, false) => table(),
        (true, true) => format!("{:#}\n", registry()),
    };
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_or_else(|error| stdout_failure(&error), |()| Ok(exit::DONE))
}

/// Every component, in the order in which they were registered.
fn registry() -> Value {
    let rows = Component::ALL.map(|component| {
        json!({
            "identifier": component.identifier(),
            "stream_index": component.index_counts(),
            "draws": component.draws(),
            "aiperf": component.is_aiperfs(),
        })
    });
    rows.to_vec().into()
}

/// The same for people.
fn table() -> String {
    let width = |of: fn(Component) -> &'static str| {
        let lengths = Component::ALL.map(|component| of(component).len());
        lengths.into_iter().max().unwrap_or_default()
    };
    let (name, index) = (width(Component::identifier), width(Component::index_counts));
    let mut text = String::new();
    let mut row = |cells: [&str; 4]| {
        let [identifier, aiperf, counts, draws] = cells;
        let line = writeln!(
            text,
            "{identifier:name$}  {aiperf:6}  {counts:index$}  {draws}"
        );
        line.expect("a string takes everything");
    };
    row([
        "identifier",
        "AIPerf",
        "stream index",
        "drawn from one stream, in order",
    ]);
    for component in Component::ALL {
        let aiperf = if component.is_aiperfs() { "yes" } else { "-" };
        row([
            component.identifier(),
            aiperf,
            component.index_counts(),
            component.draws(),
        ]);
    }
    text
}
