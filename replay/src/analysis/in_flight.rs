//! How many requests were in flight, over time.

use crate::analysis::row::Row;
use crate::analysis::stats::Stats;

/// Billionths of a request.
const NANO: i64 = 1_000_000_000;

/// From when to when a request was in flight: its sending and its end, ns from t0. `None` if it
/// was not sent.
pub fn span_of(row: &Row) -> Option<(i64, i64)> {
    let times = row.times();
    let at = |ns: Option<u64>| i64::try_from(ns?).ok();
    Some((at(times.sent_ns)?, at(times.end_ns)?))
}

/// The number in flight from the first sending to the last end, weighted by time, of requests that
/// began and ended at these times, each list ascending. `None` if that is no time.
pub fn stats(starts_ns: &[i64], ends_ns: &[i64]) -> Option<Stats> {
    let mut lasted_ns: Vec<u64> = Vec::new();
    walk(starts_ns, ends_ns, &mut |level, from_ns, to_ns| {
        if lasted_ns.len() <= level {
            lasted_ns.resize(level + 1, 0);
        }
        lasted_ns[level] += to_ns.abs_diff(from_ns);
    });
    let levels = lasted_ns.iter().enumerate();
    let steps: Vec<(i64, u64)> = levels
        .map(|(level, ns)| (level as i64 * NANO, *ns))
        .collect();
    Stats::of_weighted(&steps)
}

/// Calls `each` with the number in flight, from when, and to when, in order of time.
pub fn walk(starts_ns: &[i64], ends_ns: &[i64], each: &mut dyn FnMut(usize, i64, i64)) {
    let mut starts = starts_ns.iter().copied().peekable();
    let mut level = 0;
    let mut since_ns = starts_ns.first().copied().unwrap_or_default();
    for end_ns in ends_ns.iter().copied() {
        // What begins at the very time at which something ends begins first: nothing ends before
        // it begins.
        while let Some(start_ns) = starts.next_if(|start_ns| *start_ns <= end_ns) {
            if start_ns > since_ns {
                each(level, since_ns, start_ns);
            }
            since_ns = start_ns;
            level += 1;
        }
        if end_ns > since_ns {
            each(level, since_ns, end_ns);
        }
        since_ns = end_ns;
        level -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_that_overlap_are_two_only_while_they_do() {
        // 0..4 and 2..6 s, then none for 1 s, then 7..8.
        let s = 1_000_000_000;
        let stats = stats(&[0, 2 * s, 7 * s], &[4 * s, 6 * s, 8 * s]).unwrap();
        assert_eq!((stats.min, stats.median, stats.max), (0.0, 1.0, 2.0));
        // 1 s of none, 2 + 2 + 1 s of one, 2 s of two.
        assert!((stats.mean - 9.0 / 8.0).abs() < 1e-12);
    }

    #[test]
    fn no_time_is_no_figure() {
        assert_eq!(stats(&[], &[]), None);
        assert_eq!(stats(&[5], &[5]), None);
    }

    proptest! {
        #[test]
        fn the_time_at_each_level_is_what_counting_every_nanosecond_gives(
            spans in prop::collection::vec((0i64..60, 0i64..30), 1..40),
        ) {
            let mut starts: Vec<i64> = spans.iter().map(|(start, _)| *start).collect();
            let mut ends: Vec<i64> = spans.iter().map(|(start, long)| start + long).collect();
            starts.sort_unstable();
            ends.sort_unstable();
            let mut walked = Vec::new();
            walk(&starts, &ends, &mut |level, from, to| {
                walked.extend((from..to).map(|_| level));
            });
            let in_flight = |at: i64| {
                let covers = |(start, long): &&(i64, i64)| *start <= at && at < start + long;
                spans.iter().filter(covers).count()
            };
            let counted: Vec<usize> = (starts[0]..ends[ends.len() - 1]).map(in_flight).collect();
            prop_assert_eq!(walked, counted);
        }
    }
}
