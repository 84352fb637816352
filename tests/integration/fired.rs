//! A run of any workload, beside what the server's log says of each of its requests.
//!
//! Unlike `support::Run` it takes workloads whose times and bodies are known only when they are
//! fired: closed loops, conversations, live history.

use crate::lines::{Lines, number, text};
use crate::support::dir;
use harness::{Dir, in_flight, peak, sha256_hex};
use mock_llm::Arrival;
use serde_json::Value;
use std::collections::HashMap;

/// A finished run.
pub struct Fired {
    /// The workload, one object for each request.
    pub lines: Vec<Value>,
    /// One record for each request.
    pub records: Vec<Value>,
    pub run: Value,
    pub summary: Value,
}

impl Fired {
    /// Compiles a spec and fires it at `url` with these arguments. The run must end with status 0
    /// and account for every request once, in the records and in the summary.
    #[track_caller]
    pub fn new(spec: &str, url: &str, arguments: &str) -> Self {
        let dir = dir();
        let Lines { lines, .. } = Lines::with(&dir, spec, "");
        let command = format!("run lines.wlc --url {url} --out results {arguments}");
        dir.replay(&command).run().ok();
        Self::read(&dir, lines)
    }

    /// Reads what a run has left in `results`.
    #[track_caller]
    pub fn read(dir: &Dir, lines: Vec<Value>) -> Self {
        let report = dir.replay("report results --format jsonl").run();
        let fired = Fired {
            records: report.json_lines(),
            run: dir.json("results/run.json"),
            summary: dir.json("results/summary.json"),
            lines,
        };
        fired.assert_accounted();
        fired
    }

    #[track_caller]
    fn assert_accounted(&self) {
        let indices: Vec<u64> = self.records.iter().map(|r| number(r, "index")).collect();
        assert_eq!(indices, crate::lines::counted(self.lines.len()));
        let [scheduled, sent, not_sent, unaccounted] =
            ["scheduled", "sent", "not_sent", "unaccounted"].map(|key| self.accounted(key));
        assert_eq!(scheduled, self.lines.len());
        assert_eq!(scheduled, sent + not_sent);
        assert_eq!(unaccounted, 0);
        assert_eq!(not_sent, self.count("outcome", "not_sent"));
    }

    /// A count of the summary's accounting.
    #[track_caller]
    pub fn accounted(&self, key: &str) -> usize {
        number(&self.summary["accounting"], key) as usize
    }

    /// Records with this value.
    pub fn count(&self, key: &str, value: &str) -> usize {
        self.records.iter().filter(|r| r[key] == value).count()
    }

    /// Everything was sent and answered well.
    #[track_caller]
    pub fn assert_all_ok(&self) {
        let other = self.records.iter().find(|record| record["outcome"] != "ok");
        assert_eq!(other, None);
    }

    /// t0 on the clock that the server's log is written by.
    pub fn t0_ns(&self) -> u64 {
        number(&self.run["clock"], "t0_monotonic_ns")
    }

    /// A time of a record on that clock.
    #[track_caller]
    pub fn at_ns(&self, request: usize, key: &str) -> u64 {
        self.t0_ns() + number(&self.records[request], key)
    }

    /// What the server saw of each request, `None` of those that were not sent. Panics unless
    /// each that was sent arrived once and as it was to be, and nothing else came. Only a request
    /// that was abandoned before a byte of its answer came may be missing: a server that gets no
    /// processor until the connection is closed does not read its body, or never hears of it.
    #[track_caller]
    pub fn seen<'a>(&self, arrivals: &'a [Arrival]) -> Vec<Option<&'a Arrival>> {
        let mut by_hash: HashMap<&str, &Arrival> = HashMap::new();
        let mut unread = 0;
        for arrival in arrivals {
            let Some(hash) = arrival.body_sha256.as_deref() else {
                assert!(arrival.closed_early_ns.is_some(), "{arrival:?}");
                unread += 1;
                continue;
            };
            let twice = by_hash.insert(hash, arrival);
            assert_eq!(twice, None, "a body arrived twice");
        }
        let mut missing = 0;
        let seen = self.lines.iter().zip(&self.records).map(|(line, record)| {
            let arrival = by_hash.remove(sent_hash(line, record)?.as_str());
            if arrival.is_none() {
                let early = record["outcome"] == "cancelled" && record["first_byte_ns"].is_null();
                assert!(early, "never arrived: {record}");
                missing += 1;
            }
            arrival
        });
        let seen = seen.collect();
        assert_eq!(by_hash.len(), 0, "bodies that nobody sent");
        assert!(unread <= missing, "{unread} of {missing}");
        seen
    }

    /// The hash of every body that was sent.
    pub fn sent_hashes(&self) -> impl Iterator<Item = String> {
        let pairs = self.lines.iter().zip(&self.records);
        pairs.filter_map(|(line, record)| sent_hash(line, record))
    }

    /// For every request that follows another after a delay: it arrives no earlier than that long
    /// after the server had answered the other, was sent no earlier than that long after its end,
    /// and was due exactly then. Gives how many there are that were sent.
    #[track_caller]
    pub fn assert_delays_kept(&self, seen: &[Option<&Arrival>]) -> usize {
        let mut followers = 0;
        for (request, line) in self.lines.iter().enumerate() {
            let (Some(before), Some(arrival)) = (line["after"]["request"].as_u64(), seen[request])
            else {
                continue;
            };
            let delay_ns = number(&line["after"], "delay_ns");
            let before = before as usize;
            let earlier = seen[before].expect("what it waits for was sent");
            let left_ns = earlier.answered_ns.or(earlier.closed_early_ns);
            let ended_ns = self.at_ns(before, "end_ns");
            if let Some(answered_ns) = earlier.answered_ns {
                assert!(arrival.arrival_ns >= answered_ns + delay_ns, "{line}");
            }
            assert!(left_ns.is_some(), "it had not ended: {earlier:?}");
            assert!(arrival.arrival_ns >= ended_ns + delay_ns, "{line}");
            assert!(self.at_ns(request, "sent_ns") >= ended_ns + delay_ns);
            assert_eq!(self.at_ns(request, "scheduled_ns"), ended_ns + delay_ns);
            followers += 1;
        }
        followers
    }
}

/// SHA-256 of what was sent, by the record for a body that was put together when it was fired, else
/// by the workload; `None` of a request that was not sent.
#[track_caller]
fn sent_hash(line: &Value, record: &Value) -> Option<String> {
    if record["outcome"] == "not_sent" {
        return None;
    }
    Some(match record["sent_sha256"].as_str() {
        Some(made) => made.to_owned(),
        None => sha256_hex(text(line, "body")),
    })
}

/// From the arrival to the answer's last byte, as the server saw it.
#[track_caller]
pub fn served(arrival: &Arrival) -> (u64, u64) {
    let ended_ns = arrival.answered_ns.or(arrival.closed_early_ns);
    (arrival.arrival_ns, ended_ns.expect("it has ended"))
}

#[test]
fn control_one_too_many_and_one_too_few_are_seen_in_made_up_logs() {
    // 64 places, each passed on at the very moment at which it is free.
    let chain = |from: u64| (0..4).map(move |n| (from + 100 * n, from + 100 * (n + 1)));
    let full: Vec<(u64, u64)> = (0..64).flat_map(chain).collect();
    assert_eq!(peak(full.iter().copied()), 64);
    assert_eq!(peak(full[1..].iter().copied()), 64);
    assert_eq!(peak(full[4..].iter().copied()), 63);
    let more = full.iter().copied().chain([(150, 151)]);
    assert_eq!(peak(more), 65);
    // One that begins a nanosecond before another's end.
    let mut early = full.clone();
    early[5].0 -= 1;
    assert_eq!(peak(early), 65);
    assert_eq!(in_flight([(1, 3), (3, 4)]), [(1, 1), (3, 1), (4, 0)]);
}
