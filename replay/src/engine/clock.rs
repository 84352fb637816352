//! The one clock of a run: CLOCK_MONOTONIC, in nanoseconds.

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds per second.
pub const NS_PER_S: u64 = 1_000_000_000;

/// Nanoseconds of CLOCK_MONOTONIC; on Linux read through the vDSO, without a system call.
pub fn monotonic_ns() -> u64 {
    to_ns(clock_gettime(ClockId::Monotonic))
}

/// CPU time that all threads of this process have used, in nanoseconds.
pub fn process_cpu_ns() -> u64 {
    to_ns(clock_gettime(ClockId::ProcessCPUTime))
}

/// Nanoseconds since the Unix epoch, for people; nothing is measured with it.
pub fn unix_ns() -> u64 {
    to_ns(clock_gettime(ClockId::Realtime))
}

/// Sleeps until CLOCK_MONOTONIC reaches `due_ns`, or a signal comes.
pub fn sleep_until(due_ns: u64) {
    let _ = clock_nanosleep_absolute(ClockId::Monotonic, &to_timespec(due_ns));
}

/// A point in time as the kernel wants it.
pub fn to_timespec(ns: u64) -> Timespec {
    Timespec {
        tv_sec: (ns / NS_PER_S) as i64,
        tv_nsec: (ns % NS_PER_S) as _,
    }
}

fn to_ns(time: Timespec) -> u64 {
    time.tv_sec as u64 * NS_PER_S + time.tv_nsec as u64
}

/// Mean cost of one reading of the clock, in nanoseconds.
pub fn reading_cost_ns() -> u64 {
    const READINGS: u64 = 10_000;
    let start = monotonic_ns();
    for _ in 0..READINGS {
        std::hint::black_box(monotonic_ns());
    }
    (monotonic_ns() - start) / READINGS
}
