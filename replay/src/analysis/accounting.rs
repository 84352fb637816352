//! Counts every request of the workload exactly once, and says which records may be believed.
//!
//! `scheduled = sent + not_sent`, or the difference stands under `unaccounted`. Refuses to guess:
//! a record that is doubled, foreign to the workload or contradicts itself is not believed, enters
//! no figure, and is counted.

use crate::analysis::row::Row;
use schemas::layout::NONE_U64;
use schemas::record_file::Place;
use schemas::records::{ErrorClass, Outcome};
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

/// A record that is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disbelieved {
    /// The request that it says it is of.
    pub index: u64,
    /// Where it stands.
    pub place: Place,
}

/// Takes stock of all records while they are read.
pub struct Ledger {
    scheduled: u64,
    stage_count: usize,
    rows: Vec<Row>,
    foreign: Vec<Disbelieved>,
}

impl Ledger {
    /// For a workload with so many requests and stages, of which about `expected` have a record.
    pub fn new(scheduled: u64, stage_count: usize, expected: usize) -> Self {
        Ledger {
            scheduled,
            stage_count,
            rows: Vec::with_capacity(expected),
            foreign: Vec::new(),
        }
    }

    /// Takes the next record.
    pub fn take(&mut self, row: Row) {
        if row.index < self.scheduled {
            self.rows.push(row);
        } else {
            self.foreign.push(Disbelieved::of(&row));
        }
    }

    /// The accounting, one row for each request that is accounted for, by index, and the records
    /// that are not believed, by index. Of several records of one request, the first in the file
    /// counts, if it is credible.
    pub fn close(self) -> (Accounting, Vec<Row>, Vec<Disbelieved>) {
        let (mut rows, mut disbelieved) = (self.rows, self.foreign);
        rows.sort_unstable_by_key(|row| (row.index, row.offset));
        rows.dedup_by(|later, first| {
            let doubled = later.index == first.index;
            if doubled {
                disbelieved.push(Disbelieved::of(later));
            }
            doubled
        });
        let surplus = disbelieved.len() as u64;
        rows.retain(|row| {
            let credible = is_credible(row, self.stage_count);
            if !credible {
                disbelieved.push(Disbelieved::of(row));
            }
            credible
        });
        disbelieved.sort_unstable();
        let missing = self.scheduled - rows.len() as u64;
        let mut accounting = Accounting {
            scheduled: self.scheduled,
            missing,
            surplus,
            unaccounted: missing + surplus,
            ..Accounting::default()
        };
        rows.iter().for_each(|row| count(&mut accounting, row));
        (accounting, rows, disbelieved)
    }
}

impl Disbelieved {
    fn of(row: &Row) -> Self {
        Disbelieved {
            index: row.index,
            place: row.place(),
        }
    }
}

fn is_credible(row: &Row, stage_count: usize) -> bool {
    (row.stage as usize) < stage_count
        && Outcome::from_number(row.outcome).is_some_and(|outcome| row.times().fit(outcome))
        && row.token_times_fit
        && (row.cancel_due_ns == NONE_U64 || row.is_to_be_cancelled())
}

fn count(accounting: &mut Accounting, row: &Row) {
    let outcome = match Outcome::from_number(row.outcome) {
        Some(Outcome::Ok) => &mut accounting.ok,
        Some(Outcome::Error) => &mut accounting.error,
        Some(Outcome::Timeout) => &mut accounting.timeout,
        Some(Outcome::Cancelled) => &mut accounting.cancelled,
        Some(Outcome::NotSent) | None => &mut accounting.not_sent,
    };
    *outcome += 1;
    accounting.sent += u64::from(!row.is(Outcome::NotSent));
    if let Some(class) = row.class() {
        count_class(&mut accounting.errors_by_class, class);
    }
}

/// Adds one to a class.
pub fn count_class(classes: &mut BTreeMap<String, u64>, class: ErrorClass) {
    match classes.get_mut(class.name()) {
        Some(count) => *count += 1,
        None => {
            classes.insert(class.name().to_owned(), 1);
        }
    }
}
