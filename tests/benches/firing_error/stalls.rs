//! How often the machine itself takes a processor away: what no program on it can be better than.

use rustix::time::{ClockId, clock_gettime};

/// A gap that is longer is a stall, in ns.
const STALL_NS: u64 = 200_000;

/// What a thread saw that did nothing but read the clock.
pub struct Stalls {
    /// Gaps longer than 200 µs, for each second.
    pub per_s: f64,
    /// Their share of the time.
    pub share: f64,
    /// The longest, in ns.
    pub longest_ns: u64,
}

/// Watches the clock for some seconds on one thread.
pub fn watch(seconds: u64) -> Stalls {
    let begun_ns = now_ns();
    let until_ns = begun_ns + seconds * 1_000_000_000;
    let (mut count, mut lost_ns, mut longest_ns) = (0u64, 0, 0);
    let mut last_ns = begun_ns;
    while last_ns < until_ns {
        let now_ns = now_ns();
        let gap_ns = now_ns - std::mem::replace(&mut last_ns, now_ns);
        if gap_ns > STALL_NS {
            count += 1;
            lost_ns += gap_ns;
            longest_ns = longest_ns.max(gap_ns);
        }
    }
    Stalls {
        per_s: count as f64 / seconds as f64,
        share: lost_ns as f64 / (last_ns - begun_ns) as f64,
        longest_ns,
    }
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
