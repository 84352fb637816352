//! How many requests are in flight over time, from when each began and ended.

use std::collections::BTreeMap;

/// Each moment at which the number in flight changes, and the number from then on. What begins at
/// the very moment at which another ends takes its place.
pub fn in_flight(spans: impl IntoIterator<Item = (u64, u64)>) -> Vec<(u64, i64)> {
    let mut changes: BTreeMap<u64, i64> = BTreeMap::new();
    for (begin_ns, end_ns) in spans {
        *changes.entry(begin_ns).or_default() += 1;
        *changes.entry(end_ns).or_default() -= 1;
    }
    let mut now = 0;
    let steps = changes.into_iter().map(|(at_ns, change)| {
        now += change;
        (at_ns, now)
    });
    steps.collect()
}

/// Most in flight at once.
pub fn peak(spans: impl IntoIterator<Item = (u64, u64)>) -> i64 {
    let steps = in_flight(spans).into_iter();
    steps.map(|(_, count)| count).max().unwrap_or(0)
}
