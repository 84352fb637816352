//! A socket that notes when bytes were read from it.
//!
//! A request's arrival is the read that brought its first byte, not the moment
//! its handler ran: parsing, and other requests served in between, are the
//! server's doing and not the load generator's.
//!
//! Does not look into the bytes. With HTTP pipelining (a second request sent
//! before the first was answered) a read may carry parts of two requests; the
//! second is then stamped with the last read made before it was parsed.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::clock;

/// When a connection's bytes were read. Shared between the socket, which sets
/// it, and the handler, which reads it; both live on one thread.
#[derive(Debug, Default)]
pub struct Stamps {
    /// Read of the current request's first byte; 0 before it.
    first_ns: Cell<u64>,
    /// The latest read.
    last_ns: Cell<u64>,
}

impl Stamps {
    fn on_read(&self, now_ns: u64) {
        self.last_ns.set(now_ns);
        if self.first_ns.get() == 0 {
            self.first_ns.set(now_ns);
        }
    }

    /// When the first byte of the current request was read.
    pub fn arrival_ns(&self) -> u64 {
        match self.first_ns.get() {
            0 => self.last_ns.get(), // pipelined: it came with its predecessor
            first_ns => first_ns,
        }
    }

    /// Call when the current request is complete: the next byte read belongs to
    /// the next request. Returns when the last byte was read.
    pub fn end_request(&self) -> u64 {
        self.first_ns.set(0);
        self.last_ns.get()
    }
}

/// A TCP stream that stamps its reads.
pub struct StampedStream {
    tcp: TcpStream,
    stamps: Rc<Stamps>,
}

impl StampedStream {
    pub fn new(tcp: TcpStream, stamps: Rc<Stamps>) -> Self {
        StampedStream { tcp, stamps }
    }
}

impl AsyncRead for StampedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled_before = buf.filled().len();
        ready!(Pin::new(&mut this.tcp).poll_read(cx, buf))?;
        // The end of the stream is a read too, but of no byte of a request.
        if buf.filled().len() > filled_before {
            this.stamps.on_read(clock::now_ns());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StampedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_stamped_by_its_own_first_read() {
        let stamps = Stamps::default();
        stamps.on_read(10);
        stamps.on_read(20);
        assert_eq!((stamps.arrival_ns(), stamps.end_request()), (10, 20));
        stamps.on_read(30);
        assert_eq!((stamps.arrival_ns(), stamps.end_request()), (30, 30));
    }

    #[test]
    fn a_request_that_came_with_its_predecessor_has_that_read() {
        let stamps = Stamps::default();
        stamps.on_read(10);
        stamps.end_request();
        assert_eq!(stamps.arrival_ns(), 10);
    }
}
