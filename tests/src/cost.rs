//! What a child process cost: CPU time and memory, as the kernel accounts for them.

use crate::call::{Call, Outcome};
use nix::sys::resource::{UsageWho, getrusage};
use std::fs;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Pause between two looks at a child's memory. The kernel keeps the peak, so only what happens
/// between the last look and the end can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a child used from its start to its end.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Time from its start to its end, to some 3 ms.
    pub wall: Duration,
    /// User and system time of all its threads, to the microsecond.
    pub cpu: Duration,
    /// Most memory that was resident at once, mapped files included, in bytes.
    pub peak_rss_bytes: u64,
}

impl Call {
    /// Runs it to its end and says what it cost. The CPU time is what the kernel has added up for
    /// all children of this process meanwhile: it is this child's as long as no other thread
    /// waits for one of its own.
    #[track_caller]
    pub fn measure(self) -> (Outcome, Cost) {
        let before = cpu_of_children();
        let started = Instant::now();
        let running = self.start();
        let peak = watch_peak(running.id());
        let outcome = running.wait();
        let cost = Cost {
            wall: started.elapsed(),
            cpu: cpu_of_children() - before,
            peak_rss_bytes: peak.join().expect("reading a file does not panic"),
        };
        (outcome, cost)
    }
}

/// CPU time of all children of this process that have ended and were waited for.
fn cpu_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("every system accounts for children");
    let [user, system] = [usage.user_time(), usage.system_time()];
    let microseconds = [user, system].map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Duration::from_micros(microseconds.iter().sum::<i64>() as u64)
}

/// Looks at a process's memory until it has none any more; gives its peak in bytes.
fn watch_peak(process: u32) -> JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut peak = 0;
        while let Some(bytes) = peak_so_far(process) {
            peak = bytes;
            std::thread::sleep(LOOK_EVERY);
        }
        peak
    })
}

/// None for a process that has ended.
fn peak_so_far(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}
