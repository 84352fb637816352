//! An absolute timer with the kernel's resolution: a `timerfd` on CLOCK_MONOTONIC, among the
//! descriptors that a worker waits for.
//!
//! The timeout of the wait itself would do without a call, but the kernel rounds that up by a
//! thousandth of its length.

use super::clock::{monotonic_ns, reading_cost_ns, to_timespec};
use super::poll::Poll;
use crate::run_info::TimerCalibration;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const CALIBRATION_SAMPLES: u32 = 25;
const CALIBRATION_STEP_NS: u64 = 400_000;

/// One `timerfd`; belongs to one worker.
pub struct Timer {
    fd: OwnedFd,
    armed_ns: u64,
}

impl Timer {
    /// Creates the timer. That wake-ups of this thread are not grouped is for
    /// [`crate::host::prepare_thread`] to ask.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Timer {
            fd,
            armed_ns: u64::MAX,
        })
    }

    /// Makes the descriptor ready when the monotonic clock reaches `due_ns`. Costs nothing if that
    /// was said already. Setting a timer discards an earlier expiry, so it is never read.
    pub fn arm(&mut self, due_ns: u64) -> io::Result<()> {
        if self.armed_ns == due_ns {
            return Ok(());
        }
        let none = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let spec = Itimerspec {
            it_interval: none,
            // All zero would disarm it.
            it_value: to_timespec(due_ns.max(1)),
        };
        timerfd_settime(&self.fd, TimerfdTimerFlags::ABSTIME, &spec)?;
        self.armed_ns = due_ns;
        Ok(())
    }

    /// How late this timer wakes an idle thread, on this machine, now.
    pub fn calibrate(&mut self, poll: &mut Poll) -> io::Result<TimerCalibration> {
        let mut late_ns = Vec::new();
        for _ in 0..CALIBRATION_SAMPLES {
            let due_ns = monotonic_ns() + CALIBRATION_STEP_NS;
            self.arm(due_ns)?;
            while monotonic_ns() < due_ns {
                poll.wait(true)?;
            }
            late_ns.push(monotonic_ns() - due_ns);
        }
        late_ns.sort_unstable();
        Ok(TimerCalibration {
            samples: CALIBRATION_SAMPLES,
            late_median_ns: late_ns[late_ns.len() / 2],
            late_p99_ns: late_ns[late_ns.len() * 99 / 100],
            clock_read_ns: reading_cost_ns(),
        })
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
