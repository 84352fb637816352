//! Conversations: how many of their turns were fired, how they ended and how long they took.

use crate::analysis::row::Row;
use crate::analysis::run_data::RunData;
use crate::analysis::stats::Stats;
use crate::analysis::times::span_ns;
use schemas::layout::NONE_U32;
use schemas::records::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One session, over its requests that are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// String id of its name.
    pub id: u32,
    /// Requests of it.
    pub turns: u64,
    /// Those that were sent.
    pub sent: u64,
    /// Those that ended well.
    pub ok: u64,
    /// Those that were cancelled as the workload asks.
    pub cancelled: u64,
    /// First sending, ns from t0.
    pub first_sent_ns: Option<u64>,
    /// Last end of a request that was sent, ns from t0.
    pub last_end_ns: Option<u64>,
    /// Output tokens of requests that ended well, as far as they are known.
    pub output_tokens: u64,
}

/// All sessions of a run in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sessions {
    /// Sessions with a request that is measured.
    pub sessions: u64,
    /// Those of which every request ended well or was cancelled as the workload asks.
    pub complete: u64,
    /// The others.
    pub failed: u64,
    /// Requests of a session.
    pub turns: Option<Stats>,
    /// From the first sending to the last end of a session, in seconds; of complete ones.
    pub duration_s: Option<Stats>,
}

impl Session {
    fn add(&mut self, row: &Row) {
        let times = row.times();
        self.turns += 1;
        self.sent += u64::from(row.is_sent());
        self.cancelled += u64::from(row.is(Outcome::Cancelled));
        let first = [self.first_sent_ns, times.sent_ns];
        self.first_sent_ns = first.into_iter().flatten().min();
        self.last_end_ns = self.last_end_ns.max(times.sent_ns.and(times.end_ns));
        if row.is(Outcome::Ok) {
            self.ok += 1;
            self.output_tokens += row.output_tokens().map_or(0, |count| count.count());
        }
    }

    /// Whether every request ended well or was cancelled as the workload asks.
    pub fn is_complete(&self) -> bool {
        self.ok + self.cancelled == self.turns
    }

    /// From the first sending to the last end, in ns.
    pub fn duration_ns(&self) -> Option<i64> {
        span_ns(self.first_sent_ns, self.last_end_ns)
    }
}

/// Every session of which a request is measured, by id.
pub fn list(data: &RunData) -> Vec<Session> {
    let mut sessions: BTreeMap<u32, Session> = BTreeMap::new();
    for row in data.measured().filter(|row| row.session != NONE_U32) {
        let session = sessions.entry(row.session).or_insert(Session {
            id: row.session,
            turns: 0,
            sent: 0,
            ok: 0,
            cancelled: 0,
            first_sent_ns: None,
            last_end_ns: None,
            output_tokens: 0,
        });
        session.add(row);
    }
    sessions.into_values().collect()
}

/// All sessions in figures; `None` without any.
pub fn summarize(data: &RunData) -> Option<Sessions> {
    let sessions = list(data);
    let complete = sessions.iter().filter(|session| session.is_complete());
    let mut durations: Vec<i64> = complete.clone().filter_map(Session::duration_ns).collect();
    let turns = sessions.iter().map(|session| session.turns as i64);
    let mut turns: Vec<i64> = turns.map(|turns| turns * 1_000_000_000).collect();
    durations.sort_unstable();
    turns.sort_unstable();
    let complete = complete.count() as u64;
    (!sessions.is_empty()).then(|| Sessions {
        sessions: sessions.len() as u64,
        complete,
        failed: sessions.len() as u64 - complete,
        turns: Stats::of_sorted(&turns),
        duration_s: Stats::of_sorted(&durations),
    })
}
