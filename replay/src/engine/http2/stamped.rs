//! The link under an HTTP/2 connection, which notes when the frames of each stream pass.
//!
//! h2 hides behind its buffers what the socket has taken and when; the flow of bytes does not. One
//! permission allows one read, so that everything h2 tells after it came with that read at the
//! latest.

use super::frames::{Frames, Passed};
use crate::engine::clock::monotonic_ns;
use crate::engine::link::Link;
use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What was seen of a stream; times are CLOCK_MONOTONIC ns.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// The socket took its first bytes; the time is from just before that write.
    Sent(u32, u64),
    /// The socket has taken all of it; the time is from just after that write.
    Written(u32, u64),
}

/// The one read that h2 may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Not now, or not any more.
    Forbidden,
    /// Not done yet.
    Allowed,
    /// Done; there may be more.
    Done,
    /// Nothing was there: the socket will be ready again when there is.
    Empty,
}

/// The link and what was noted.
#[derive(Debug)]
pub(super) struct Stamped {
    link: Link,
    /// What is written before all else; h2 writes into it as long as `gathering`.
    first: Vec<u8>,
    gathering: bool,
    outgoing: Frames,
    /// Streams all of which TLS has taken, but the socket may not have.
    unflushed: Vec<u32>,
    pub(super) marks: Vec<Mark>,
    pub(super) reading: Reading,
    /// When the kernel had received what the last read brought.
    pub(super) read_ns: u64,
    /// Why the link is of no more use: its end is `UnexpectedEof`.
    pub(super) broken: Option<ErrorKind>,
}

impl Stamped {
    /// Gathers what is written until [`Stamped::release`].
    pub(super) fn gathering(link: Link) -> Self {
        Stamped {
            link,
            first: Vec::new(),
            gathering: true,
            outgoing: Frames::default(),
            unflushed: Vec::new(),
            marks: Vec::new(),
            reading: Reading::Forbidden,
            read_ns: 0,
            broken: None,
        }
    }

    /// Writes what was gathered, in one go if the socket takes it.
    pub(super) fn release(&mut self) {
        self.gathering = false;
        let _ = self.poll_write(|stamped| stamped.write_first());
    }

    fn write_first(&mut self) -> io::Result<()> {
        while !self.first.is_empty() {
            let taken = self.link.write_vectored(&[IoSlice::new(&self.first)])?;
            self.first.drain(..taken);
        }
        Ok(())
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write_first()?;
        let before_ns = monotonic_ns();
        let taken = self.link.write_vectored(slices)?;
        let (marks, unflushed) = (&mut self.marks, &mut self.unflushed);
        let mut left = taken;
        for slice in slices {
            let now = left.min(slice.len());
            left -= now;
            let passed = &slice[..now];
            self.outgoing.pass(passed, before_ns, &mut |it| match it {
                Passed::Begun { stream, at_ns } => marks.push(Mark::Sent(stream, at_ns)),
                Passed::Ended { stream } => unflushed.push(stream),
            });
        }
        if !self.unflushed.is_empty() {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<bool> {
        self.write_first()?;
        let done = self.link.flush()?;
        if done && !self.unflushed.is_empty() {
            let now_ns = monotonic_ns();
            let written = self.unflushed.drain(..);
            let written = written.map(|stream| Mark::Written(stream, now_ns));
            self.marks.extend(written);
        }
        Ok(done)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.link.read(buffer)?;
        self.read_ns = self.link.received_ns();
        Ok(read)
    }

    /// A write that fails is only noted: what the server had to say before it hung up can still be
    /// read, and the end of that ends the connection.
    fn poll_write<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        if self.broken.is_some() {
            return Poll::Pending;
        }
        match write(self) {
            Ok(done) => return Poll::Ready(Ok(done)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.broken = Some(error.kind()),
        }
        Poll::Pending
    }

    fn poll_read(&mut self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.reading != Reading::Allowed {
            return Poll::Pending;
        }
        self.reading = Reading::Done;
        let kind = match self.read(buffer.initialize_unfilled()) {
            Ok(0) => ErrorKind::UnexpectedEof,
            Ok(read) => {
                buffer.advance(read);
                return Poll::Ready(Ok(()));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && self.broken.is_none() => {
                self.reading = Reading::Empty;
                return Poll::Pending;
            }
            Err(error) => error.kind(),
        };
        let kind = *self.broken.get_or_insert(kind);
        Poll::Ready(Err(kind.into()))
    }
}

/// The half of [`Stamped`] that h2 owns.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Rc<RefCell<Stamped>>);

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_read(buffer)
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut stamped = self.0.borrow_mut();
        if stamped.gathering {
            let before = stamped.first.len();
            for slice in slices {
                stamped.first.extend_from_slice(slice);
            }
            return Poll::Ready(Ok(stamped.first.len() - before));
        }
        stamped.poll_write(|stamped| stamped.write(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stamped = self.0.borrow_mut();
        if stamped.gathering {
            return Poll::Ready(Ok(()));
        }
        match stamped.poll_write(Stamped::flush) {
            Poll::Ready(Ok(true)) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
