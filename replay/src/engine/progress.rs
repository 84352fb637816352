//! What the workers tell the outside while they fire: one set of counters each, written by one
//! thread and read by another, without a lock.

use schemas::records::Outcome;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Buckets to each power of two.
const SUB_BUCKETS: u64 = 8;
/// Powers of two that have their own buckets; a longer lag (18 minutes) counts in the last one.
const OCTAVES: u64 = 38;
const BUCKETS: usize = (OCTAVES * SUB_BUCKETS) as usize;

/// Counters of one worker, on cache lines of their own. Only that worker writes them.
#[derive(Debug)]
#[repr(align(128))]
pub struct Counters {
    sent: AtomicU64,
    ok: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    not_sent: AtomicU64,
    tokens: AtomicU64,
    connections: AtomicU64,
    lag: [AtomicU64; BUCKETS],
}

impl Default for Counters {
    fn default() -> Self {
        Counters {
            sent: AtomicU64::default(),
            ok: AtomicU64::default(),
            failed: AtomicU64::default(),
            cancelled: AtomicU64::default(),
            not_sent: AtomicU64::default(),
            tokens: AtomicU64::default(),
            connections: AtomicU64::default(),
            lag: std::array::from_fn(|_| AtomicU64::default()),
        }
    }
}

impl Counters {
    /// A request was sent, `lag_ns` after it was due.
    pub fn count_sent(&self, lag_ns: u64) {
        add(&self.sent, 1);
        add(&self.lag[bucket(lag_ns)], 1);
    }

    /// A request has its record.
    pub fn count_end(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Ok => &self.ok,
            Outcome::Error | Outcome::Timeout => &self.failed,
            Outcome::Cancelled => &self.cancelled,
            Outcome::NotSent => &self.not_sent,
        };
        add(counter, 1);
    }

    /// Events with output have come.
    pub fn count_tokens(&self, events: u64) {
        add(&self.tokens, events);
    }

    /// Connections were opened.
    pub fn count_connections(&self, opened: u64) {
        add(&self.connections, opened);
    }
}

/// Adds to a counter that only this thread writes: no locked instruction is needed.
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Relaxed) + amount, Relaxed);
}

/// The bucket of a lag: exact below 8 ns, from there on 8 buckets to each power of two.
fn bucket(lag_ns: u64) -> usize {
    if lag_ns < SUB_BUCKETS {
        return lag_ns as usize;
    }
    let shift = u64::from(lag_ns.ilog2() - SUB_BUCKETS.ilog2());
    let number = (shift + 1) * SUB_BUCKETS + ((lag_ns >> shift) - SUB_BUCKETS);
    (number as usize).min(BUCKETS - 1)
}

/// The largest lag that counts in a bucket, in ns.
fn largest_in(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let shift = bucket / SUB_BUCKETS - 1;
    ((SUB_BUCKETS + bucket % SUB_BUCKETS + 1) << shift) - 1
}

/// How many requests were how late, in buckets of at most an eighth of their lag: for people who
/// watch. Reports use the records, which have every lag exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lags(Vec<u64>);

impl Lags {
    /// Those that came after an earlier snapshot.
    pub fn since(&self, earlier: &Lags) -> Lags {
        let before = earlier.0.iter().chain(std::iter::repeat(&0));
        Lags(
            self.0
                .iter()
                .zip(before)
                .map(|(now, then)| now - then)
                .collect(),
        )
    }

    /// The smallest lag, in ns, that at most `1 - share` of the requests exceed, at most an eighth
    /// too high and never too low (save above 18 minutes); `None` for no request.
    pub fn quantile_ns(&self, share: f64) -> Option<u64> {
        let total: u64 = self.0.iter().sum();
        let rank = ((total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.0.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(largest_in(bucket))
    }
}

/// The sum over all workers, at about one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Requests sent.
    pub sent: u64,
    /// Requests that ended well.
    pub ok: u64,
    /// Requests that ended as errors or timeouts after they were sent.
    pub failed: u64,
    /// Requests that were abandoned as the workload asks.
    pub cancelled: u64,
    /// Requests never sent.
    pub not_sent: u64,
    /// Events with output.
    pub tokens: u64,
    /// Connections opened.
    pub connections: u64,
    /// Lags of the requests sent.
    pub lags: Lags,
}

impl Snapshot {
    /// Reads all counters.
    pub fn take(counters: &[Counters]) -> Self {
        let sum = |field: fn(&Counters) -> &AtomicU64| {
            counters.iter().map(|each| field(each).load(Relaxed)).sum()
        };
        let in_bucket = |number: usize| {
            counters
                .iter()
                .map(|each| each.lag[number].load(Relaxed))
                .sum()
        };
        Snapshot {
            // Ends before starts, so that a request that ends meanwhile is not in flight below 0.
            ok: sum(|each| &each.ok),
            failed: sum(|each| &each.failed),
            cancelled: sum(|each| &each.cancelled),
            not_sent: sum(|each| &each.not_sent),
            sent: sum(|each| &each.sent),
            tokens: sum(|each| &each.tokens),
            connections: sum(|each| &each.connections),
            lags: Lags((0..BUCKETS).map(in_bucket).collect()),
        }
    }

    /// Requests that were sent and have not ended.
    pub fn in_flight(&self) -> u64 {
        self.sent
            .saturating_sub(self.ok + self.failed + self.cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lags(all_ns: &[u64]) -> Lags {
        let counters = Counters::default();
        all_ns
            .iter()
            .for_each(|lag_ns| counters.count_sent(*lag_ns));
        Snapshot::take(&[counters]).lags
    }

    #[test]
    fn buckets_follow_one_another_without_gap_or_overlap() {
        let mut next = 0;
        for number in 0..BUCKETS {
            let last = largest_in(number);
            assert_eq!((bucket(next), bucket(last)), (number, number));
            next = last + 1;
        }
        assert_eq!(next, 1 << 40, "18 minutes");
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    proptest! {
        #[test]
        fn a_lag_is_told_at_most_an_eighth_too_high_and_never_too_low(lag_ns in 0_u64..1 << 40) {
            let told = lags(&[lag_ns]).quantile_ns(0.99).unwrap();
            prop_assert!(told >= lag_ns && told - lag_ns <= lag_ns / 8);
        }
    }

    #[test]
    fn a_quantile_is_that_of_the_requests_in_between() {
        let early = lags(&[1_000_000; 500]);
        let mut all = vec![1_000_000; 500];
        all.extend([5; 98]);
        all.extend([7, 7]);
        let recent = lags(&all).since(&early);
        assert_eq!(recent.quantile_ns(0.98), Some(5));
        assert_eq!(recent.quantile_ns(0.99), Some(7));
        assert_eq!(recent.quantile_ns(0.0), Some(5));
        assert_eq!(lags(&all).since(&Lags::default()), lags(&all));
        assert_eq!(lags(&[]).quantile_ns(0.99), None);
    }

    #[test]
    fn every_outcome_has_its_counter_and_workers_add_up() {
        let workers = [Counters::default(), Counters::default()];
        for worker in &workers {
            (0..6).for_each(|_| worker.count_sent(0));
            for outcome in [
                Outcome::Ok,
                Outcome::Error,
                Outcome::Timeout,
                Outcome::Cancelled,
                Outcome::NotSent,
            ] {
                worker.count_end(outcome);
            }
            worker.count_tokens(3);
            worker.count_connections(2);
        }
        let now = Snapshot::take(&workers);
        assert_eq!((now.sent, now.ok, now.failed), (12, 2, 4));
        assert_eq!((now.cancelled, now.not_sent, now.in_flight()), (2, 2, 4));
        assert_eq!((now.tokens, now.connections), (6, 4));
    }
}
