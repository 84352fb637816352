//! When bytes were read from a connection.
//!
//! A request's arrival is when the kernel had what the read of its first byte
//! brought, not the moment its handler ran: waking up, parsing, and other requests
//! served in between are the server's doing and not the load generator's.
//!
//! HTTP/2 requests have the times of their own frames (see `frames.rs`). Over
//! HTTP/1.1 the bytes are not looked into: with pipelining (a second request
//! sent before the first was answered) a read may carry parts of two requests;
//! the second is then stamped with the last read made before it was parsed.

use std::cell::{Cell, RefCell};

use crate::frames::Frames;

/// The stamps of a connection. The socket sets them and the handlers read them;
/// both live on one thread.
#[derive(Debug, Default)]
pub struct Stamps {
    /// Read of the current request's first byte; 0 before it.
    first_ns: Cell<u64>,
    /// The latest read.
    last_ns: Cell<u64>,
    frames: RefCell<Frames>,
}

/// A request that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// When the kernel had what the read of its first byte brought.
    pub ns: u64,
    /// Its stream, if it came over HTTP/2.
    stream: Option<u32>,
}

impl Stamps {
    /// Notes a read.
    pub fn on_read(&self, bytes: &[u8], received_ns: u64) {
        // Carrying a stamp over to another clock may make one read's time late, and the next's not.
        let now_ns = received_ns.max(self.last_ns.get());
        self.last_ns.set(now_ns);
        if self.first_ns.get() == 0 {
            self.first_ns.set(now_ns);
        }
        self.frames.borrow_mut().on_read(bytes, now_ns);
    }

    /// Whether the connection is HTTP/2, once enough of it was read.
    pub fn is_http2(&self) -> Option<bool> {
        self.frames.borrow().is_http2()
    }

    /// Call once for each request, when it is handed over.
    pub fn arrived(&self) -> Arrived {
        if let Some((stream, ns)) = self.frames.borrow_mut().next_request() {
            return Arrived {
                ns,
                stream: Some(stream),
            };
        }
        let ns = match self.first_ns.get() {
            0 => self.last_ns.get(), // pipelined: it came with its predecessor
            first_ns => first_ns,
        };
        Arrived { ns, stream: None }
    }

    /// Call when a request is complete: over HTTP/1.1 the next byte read belongs
    /// to the next request. Returns when its last byte was read.
    pub fn end_request(&self, arrived: Arrived) -> u64 {
        self.first_ns.set(0);
        let end_ns = arrived
            .stream
            .and_then(|stream| self.frames.borrow_mut().end_of(stream));
        end_ns.unwrap_or(self.last_ns.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"POST / HTTP/1.1";

    #[test]
    fn each_request_is_stamped_by_its_own_first_read() {
        let stamps = Stamps::default();
        for first_ns in [10, 30] {
            stamps.on_read(BYTES, first_ns);
            stamps.on_read(BYTES, first_ns + 5);
            let arrived = stamps.arrived();
            assert_eq!(arrived.ns, first_ns);
            assert_eq!(stamps.end_request(arrived), first_ns + 5);
        }
    }

    #[test]
    fn a_request_that_came_with_its_predecessor_has_that_read() {
        let stamps = Stamps::default();
        stamps.on_read(BYTES, 10);
        stamps.end_request(stamps.arrived());
        assert_eq!(stamps.arrived().ns, 10);
    }
}
