//! A connection's bytes on their way to and from the HTTP library, which sees a plain stream: notes
//! when they were read, and when the last of an answer was written.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::Connection;

/// Bytes of the first read.
const FIRST_READ: usize = 8 << 10;

/// The stream that the HTTP library reads and writes.
pub struct Wire {
    connection: Rc<Connection>,
    /// What was read to tell the protocol, and not yet handed on.
    first: Bytes,
}

impl Wire {
    /// Reads until the first bytes tell whether it is HTTP/2; `None` if the client left before.
    pub async fn open(connection: Rc<Connection>) -> Option<(Wire, bool)> {
        let mut first = Vec::with_capacity(FIRST_READ);
        loop {
            let mut room = [0; FIRST_READ];
            let mut buf = ReadBuf::new(&mut room);
            poll_fn(|cx| poll_stamped(&connection, cx, &mut buf))
                .await
                .ok()?;
            if buf.filled().is_empty() {
                return None;
            }
            first.extend_from_slice(buf.filled());
            if let Some(http2) = connection.stamps.is_http2() {
                let first = Bytes::from(first);
                return Some((Wire { connection, first }, http2));
            }
        }
    }
}

fn poll_stamped(
    connection: &Connection,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let before = buf.filled().len();
    let received_ns = ready!(connection.socket.borrow_mut().poll_read(cx, buf))?;
    let read = &buf.filled()[before..];
    // The end of the stream is a read too, but of no byte of a request.
    if !read.is_empty() {
        connection.stamps.on_read(read, received_ns);
    }
    Poll::Ready(Ok(()))
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.first.is_empty() {
            return poll_stamped(&this.connection, cx, buf);
        }
        let n = buf.remaining().min(this.first.len());
        buf.put_slice(&this.first[..n]);
        this.first.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.stamp_answers();
        pin!(&mut *self.connection.socket.borrow_mut()).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.socket.borrow().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut *self.connection.socket.borrow_mut()).poll_shutdown(cx)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connection.blame_unwritten();
    }
}
