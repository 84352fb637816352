//! Readiness of sockets, and being woken by another thread: one `epoll` for each worker.
//!
//! Everything is registered once, edge-triggered, for reading and writing, so a request costs no
//! call that changes interests. Whoever handles an event must read or write until the kernel has
//! nothing more.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::time::Timespec;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

/// Events that are fetched with one call.
const EVENTS: usize = 128;

/// What became ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What was named when it was added.
    pub token: u64,
    /// The peer has ended its side, or the socket has failed: read to the end.
    pub ended: bool,
}

/// The set of what a worker waits for.
pub struct Poll {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Poll {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        Ok(Poll {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS),
        })
    }

    /// Adds a descriptor; closing it removes it.
    pub fn add(&self, fd: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(
            &self.epoll,
            fd,
            EventData::new_u64(token),
            flags,
        )?)
    }

    /// Waits until something is ready, or only looks. How many are, is returned; [`Poll::ready`]
    /// gives them.
    pub fn wait(&mut self, block: bool) -> io::Result<usize> {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        self.events.clear();
        let timeout = if block { None } else { Some(&now) };
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), timeout) {
            Ok(count) => Ok(count),
            Err(rustix::io::Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// The n-th of what the last [`Poll::wait`] found.
    pub fn ready(&self, n: usize) -> Ready {
        let Event { flags, data } = self.events[n];
        let ended = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        Ready {
            token: data.u64(),
            ended: flags.intersects(ended),
        }
    }
}

/// Wakes a worker from its wait, from any thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    /// A waker that wakes nobody until it is added to a [`Poll`].
    pub fn new() -> io::Result<Self> {
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        Ok(Waker(Arc::new(eventfd(0, flags)?)))
    }

    /// Ends the wait that goes on, or the next.
    pub fn wake(&self) {
        // It can only fail when 2^64 wakes were not taken, and then one is waiting.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wake_is_an_event_of_its_own() {
        let mut poll = Poll::new().unwrap();
        let waker = Waker::new().unwrap();
        poll.add(&waker, 7).unwrap();
        // An eventfd can be written from the beginning: that is an event, too.
        assert_eq!(poll.wait(false).unwrap(), 1);
        assert_eq!(poll.wait(false).unwrap(), 0);
        for _ in 0..3 {
            waker.wake();
            assert_eq!(poll.wait(true).unwrap(), 1);
            assert_eq!(poll.ready(0).token, 7);
        }
        assert_eq!(poll.wait(false).unwrap(), 0);
    }
}
