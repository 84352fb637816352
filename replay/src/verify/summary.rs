//! `summary.json` against what the records and `run.json` give when it is worked out again.

use crate::analysis::summary::Summary;
use crate::analysis::{self, Asked, RunData, Window};
use crate::run_info::SUMMARY_FILE;
use crate::verify::finding::{Examined, WHOLE_FILE, unreadable};
use crate::verify::json::{compare, json_place, unambiguous};
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use serde_json::Value;

/// Enters each figure that is another; what was worked out of the run, if that can be.
pub fn check(examined: &mut Examined<'_>) -> Option<(RunData, Summary)> {
    let again = match again(examined) {
        Ok(again) => again,
        Err(error) => {
            let what = format!("cannot be worked out again: {error:#}");
            examined.fault(SUMMARY_FILE, WHOLE_FILE, what);
            return None;
        }
    };
    hold(examined, &again.1);
    Some(again)
}

fn hold(examined: &mut Examined<'_>, again: &Summary) {
    let text = match regular_file::read(&examined.path(SUMMARY_FILE), MAX_DOCUMENT_BYTES) {
        Ok(text) => text,
        Err(error) => return examined.fault(SUMMARY_FILE, WHOLE_FILE, unreadable(&error)),
    };
    let said = match unambiguous(&text) {
        Ok(said) => said,
        Err(error) => return examined.fault(SUMMARY_FILE, json_place(&error), error),
    };
    // As the run wrote it and a reader reads it: numbers go through the same text.
    let again = serde_json::to_vec(again).and_then(|text| serde_json::from_slice::<Value>(&text));
    match again {
        Ok(again) => compare(examined, SUMMARY_FILE, &said, &again, "the records give"),
        Err(error) => examined.fault(SUMMARY_FILE, WHOLE_FILE, error),
    }
}

fn again(examined: &Examined<'_>) -> anyhow::Result<(RunData, Summary)> {
    let data = analysis::open(examined.directory(), Window::ALL)?;
    let summary = analysis::summarize(&data, &Asked::of_run(&data.info));
    Ok((data, summary))
}
