//! Edge-triggered readiness of one socket: what a reader leaves unread is not told of again.

use replay::engine::link::Link;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};

/// Longest wait of any test, in seconds; only a failure takes so long.
const PATIENCE_S: i64 = 60;

pub struct Readiness {
    epoll: OwnedFd,
}

impl Readiness {
    pub fn of(socket: impl AsFd) -> Self {
        let epoll = epoll::create(CreateFlags::CLOEXEC).unwrap();
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&epoll, socket, EventData::new_u64(0), flags).unwrap();
        Readiness { epoll }
    }

    /// Waits for the next edge.
    pub fn wait(&self) {
        assert!(self.within(PATIENCE_S), "the socket never became ready");
    }

    fn within(&self, seconds: i64) -> bool {
        let mut events = [Event {
            flags: EventFlags::empty(),
            data: EventData::new_u64(0),
        }];
        let timeout = Timespec {
            tv_sec: seconds,
            tv_nsec: 0,
        };
        epoll::wait(&self.epoll, &mut events[..], Some(&timeout)).unwrap() > 0
    }
}

/// Brings a link up, or says why not.
pub fn establish(mut link: Link) -> io::Result<(Link, Readiness)> {
    let readiness = Readiness::of(&link);
    while !link.establish()? {
        readiness.wait();
    }
    Ok((link, readiness))
}

/// Reads once, whenever something is there.
pub fn read(link: &mut Link, readiness: &Readiness, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match link.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => readiness.wait(),
            done => return done,
        }
    }
}
