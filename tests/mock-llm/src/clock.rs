//! The one clock of the arrival log: `CLOCK_MONOTONIC`, in nanoseconds.
//!
//! It is the clock a load generator on the same machine schedules by, so that
//! the two logs can be subtracted. It is never the wall clock.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of `CLOCK_MONOTONIC`; never 0 on a machine that has booted.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).expect("CLOCK_MONOTONIC counts from boot");
    let nanos = u64::try_from(now.tv_nsec).expect("nanoseconds are below 1e9");
    seconds * 1_000_000_000 + nanos
}
