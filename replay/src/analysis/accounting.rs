//! Counts every request of the workload exactly once, and says which records may be believed.
//!
//! `scheduled = sent + not_sent`, or the difference stands under `unaccounted`. Refuses to guess:
//! a record that is doubled, foreign to the workload or contradicts itself is not believed, enters
//! no figure, and is counted.

use crate::analysis::times::Times;
use schemas::frames::{Records, RequestResult};
use schemas::layout::NONE_U64;
use schemas::records::{ErrorClass, Outcome, RESULT_CANCEL};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of the requests; warm-up stages included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounting {
    /// Requests that were to be fired.
    pub scheduled: u64,
    /// Requests of which at least one byte went to a socket: the sum of the four outcomes below.
    pub sent: u64,
    /// Requests that never reached a socket; `errors_by_class` has the reasons.
    pub not_sent: u64,
    /// Complete response with a 2xx status.
    pub ok: u64,
    /// See `errors_by_class`.
    pub error: u64,
    /// Not complete within `--timeout`; `errors_by_class` says how far they came.
    pub timeout: u64,
    /// Abandoned as the workload asks.
    pub cancelled: u64,
    /// `missing + surplus`; anything but 0 makes the run invalid.
    pub unaccounted: u64,
    /// Requests without a record that can be believed: `scheduled - sent - not_sent`.
    pub missing: u64,
    /// Records beyond the first of their request, or of no request of this workload.
    pub surplus: u64,
    /// Requests by error class, whatever their outcome; those without an error left out.
    pub errors_by_class: BTreeMap<String, u64>,
    /// Why reading the records stopped early; null for a file that is complete.
    pub truncated: Option<String>,
}

impl Accounting {
    /// Requests of this error class.
    pub fn of_class(&self, class: ErrorClass) -> u64 {
        self.errors_by_class.get(class.name()).copied().unwrap_or(0)
    }
}

/// The accounting, and the records that it rests on.
pub struct Accounts<'a> {
    /// The counts.
    pub accounting: Accounting,
    /// One record for each request that is accounted for, by index.
    pub believed: Vec<&'a RequestResult>,
}

/// Takes stock of all records. Of two records for one request, the first in the file is believed.
pub fn take(records: &Records, stage_count: usize) -> Accounts<'_> {
    let scheduled = records.header.request_count.get();
    let mut accounting = Accounting {
        scheduled,
        truncated: records.truncated.clone(),
        ..Accounting::default()
    };
    let mut believed: Vec<&RequestResult> = Vec::with_capacity(records.results.len());
    for result in by_index(records) {
        let index = result.record.index;
        if index.get() >= scheduled
            || believed
                .last()
                .is_some_and(|last| last.record.index == index)
        {
            accounting.surplus += 1;
        } else if is_credible(result, stage_count) {
            count(&mut accounting, result);
            believed.push(result);
        }
    }
    accounting.missing = scheduled - believed.len() as u64;
    accounting.unaccounted = accounting.missing + accounting.surplus;
    Accounts {
        accounting,
        believed,
    }
}

/// All records by request index; records of one request stay in file order.
pub fn by_index(records: &Records) -> Vec<&RequestResult> {
    let mut ordered: Vec<&RequestResult> = records.results.iter().collect();
    ordered.sort_by_key(|result| result.record.index.get());
    ordered
}

fn is_credible(result: &RequestResult, stage_count: usize) -> bool {
    (result.record.stage.get() as usize) < stage_count
        && Outcome::from_number(result.record.outcome)
            .is_some_and(|outcome| Times::of(&result.record).fit(outcome))
        && (result.record.cancel_due_ns.get() == NONE_U64
            || result.record.flags & RESULT_CANCEL != 0)
}

fn count(accounting: &mut Accounting, result: &RequestResult) {
    let outcome = match Outcome::from_number(result.record.outcome) {
        Some(Outcome::Ok) => &mut accounting.ok,
        Some(Outcome::Error) => &mut accounting.error,
        Some(Outcome::Timeout) => &mut accounting.timeout,
        Some(Outcome::Cancelled) => &mut accounting.cancelled,
        Some(Outcome::NotSent) | None => &mut accounting.not_sent,
    };
    *outcome += 1;
    accounting.sent += u64::from(result.record.outcome != Outcome::NotSent as u8);
    if let Some(class) = error_class(result) {
        let name = class.name().to_owned();
        *accounting.errors_by_class.entry(name).or_default() += 1;
    }
}

/// Why the request did not end well, if it did not.
pub fn error_class(result: &RequestResult) -> Option<ErrorClass> {
    ErrorClass::from_number(result.record.error_class).filter(|class| *class != ErrorClass::None)
}
