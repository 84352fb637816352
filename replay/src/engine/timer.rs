//! An absolute timer with the kernel's resolution.
//!
//! tokio's own timers tick in milliseconds and round up; firing uses a `timerfd` on
//! CLOCK_MONOTONIC instead, woken through epoll like any socket.

use super::clock::{monotonic_ns, to_timespec};
use crate::run_info::TimerCalibration;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const CALIBRATION_SAMPLES: u32 = 25;
const CALIBRATION_STEP_NS: u64 = 400_000;

/// One `timerfd`; belongs to one worker.
pub struct Timer {
    fd: AsyncFd<OwnedFd>,
}

impl Timer {
    /// Creates the timer and asks the kernel not to group this thread's wake-ups.
    pub fn new() -> io::Result<Self> {
        rustix::thread::set_current_timer_slack(NonZeroU64::new(1))?;
        let fd = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        // SAFETY: `fd` is an open descriptor that the `AsyncFd` owns from here on; nothing else
        // holds it, so it stays open and the same until it is deregistered on drop.
        let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        Ok(Timer { fd })
    }

    /// Waits until the monotonic clock has reached `due_ns`.
    pub async fn sleep_until(&self, due_ns: u64) -> io::Result<()> {
        while monotonic_ns() < due_ns {
            // Setting the timer discards an earlier expiry, so it is never read: one system call less.
            let spec = Itimerspec {
                it_interval: Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                },
                it_value: to_timespec(due_ns),
            };
            timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::ABSTIME, &spec)?;
            self.fd.readable().await?.clear_ready();
        }
        Ok(())
    }

    /// How late this timer wakes an idle thread, on this machine, now.
    pub async fn calibrate(&self) -> io::Result<TimerCalibration> {
        let mut late_ns = Vec::new();
        for _ in 0..CALIBRATION_SAMPLES {
            let due_ns = monotonic_ns() + CALIBRATION_STEP_NS;
            self.sleep_until(due_ns).await?;
            late_ns.push(monotonic_ns() - due_ns);
        }
        late_ns.sort_unstable();
        Ok(TimerCalibration {
            samples: CALIBRATION_SAMPLES,
            late_median_ns: late_ns[late_ns.len() / 2],
            late_p99_ns: late_ns[late_ns.len() * 99 / 100],
            clock_read_ns: super::clock::reading_cost_ns(),
        })
    }
}
