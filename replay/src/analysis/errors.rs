//! What did not end well, by its cause.

use crate::analysis::accounting::count_class;
use crate::analysis::extent::ratio;
use crate::analysis::row::Row;
use schemas::records::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What did not end well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// All requests, those not sent included.
    pub requests: u64,
    /// Requests that were sent and ended as an error or a timeout.
    pub failed: u64,
    /// `failed / (ok + failed)`.
    pub rate: Option<f64>,
    /// Requests by error class, whatever their outcome; those without an error left out.
    pub by_class: BTreeMap<String, u64>,
}

/// The errors of a set of requests, added up one by one.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    requests: u64,
    ok: u64,
    failed: u64,
    by_class: BTreeMap<String, u64>,
}

impl Failures {
    /// Adds a request.
    pub fn add(&mut self, row: &Row) {
        self.requests += 1;
        self.ok += u64::from(row.is(Outcome::Ok));
        self.failed += u64::from(row.has_failed());
        if let Some(class) = row.class() {
            count_class(&mut self.by_class, class);
        }
    }

    /// The sum.
    pub fn errors(self) -> Errors {
        Errors {
            requests: self.requests,
            failed: self.failed,
            rate: ratio(self.failed, self.ok + self.failed),
            by_class: self.by_class,
        }
    }
}
