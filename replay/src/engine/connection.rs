//! One connection to the target, and the worker's pool of idle ones.
//!
//! This module owns the transport: nothing outside it knows that hyper speaks HTTP/1.1 here. A
//! connection is driven by whoever holds it, so the first write of a request happens in the call
//! that fires it and not in another task. The socket is wrapped so that times are taken where
//! bytes move.

use super::clock::monotonic_ns;
use super::request::RopeBody;
use super::target::CONNECT_TIMEOUT;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::unconstrained;

/// Longest response head that is read, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// A connection that is not ready this long after its response is closed instead of kept.
const REUSE_WITHIN: Duration = Duration::from_millis(100);

/// When bytes last moved on a connection; CLOCK_MONOTONIC ns, 0 for not yet.
#[derive(Debug, Default)]
pub struct Stamps {
    first_write_ns: Cell<u64>,
    last_write_ns: Cell<u64>,
    /// All of the body has been handed to hyper.
    body_taken: Cell<bool>,
    body_written_ns: Cell<u64>,
    first_read_ns: Cell<u64>,
    last_read_ns: Cell<u64>,
}

impl Stamps {
    /// Just before the first write since [`Connection::send`], if the socket took anything.
    pub fn first_write_ns(&self) -> Option<u64> {
        (self.last_write_ns.get() != 0).then(|| self.first_write_ns.get())
    }

    /// Just after the write with which the socket took the last byte of the body.
    pub fn body_written_ns(&self) -> Option<u64> {
        Some(self.body_written_ns.get()).filter(|ns| *ns != 0)
    }

    /// Notes that the body has handed out its last segment.
    pub fn note_body_taken(&self) {
        self.body_taken.set(true);
    }

    /// Just after the first read since [`Connection::send`].
    pub fn first_read_ns(&self) -> Option<u64> {
        Some(self.first_read_ns.get()).filter(|ns| *ns != 0)
    }

    /// Just after the last read that brought bytes.
    pub fn last_read_ns(&self) -> Option<u64> {
        Some(self.last_read_ns.get()).filter(|ns| *ns != 0)
    }

    fn reset(&self) {
        self.body_taken.set(false);
        let times = [
            &self.first_write_ns,
            &self.last_write_ns,
            &self.body_written_ns,
            &self.first_read_ns,
            &self.last_read_ns,
        ];
        times.iter().for_each(|time| time.set(0));
    }

    fn before_write(&self) {
        if self.first_write_ns.get() == 0 {
            self.first_write_ns.set(monotonic_ns());
        }
    }

    fn after_write(&self, result: &Poll<io::Result<usize>>) {
        if matches!(result, Poll::Ready(Ok(written)) if *written > 0) {
            self.last_write_ns.set(monotonic_ns());
        } else if self.last_write_ns.get() == 0 {
            // The attempt took nothing; the next one is the first.
            self.first_write_ns.set(0);
        }
    }

    /// hyper flushes the socket exactly when it holds no unwritten bytes.
    fn after_all_writes(&self) {
        if self.body_taken.get() && self.body_written_ns.get() == 0 {
            self.body_written_ns.set(self.last_write_ns.get());
        }
    }

    fn after_read(&self) {
        let now = monotonic_ns();
        self.last_read_ns.set(now);
        if self.first_read_ns.get() == 0 {
            self.first_read_ns.set(now);
        }
    }
}

/// A socket that takes the time of its reads and writes.
struct StampedStream {
    stream: TcpStream,
    stamps: Rc<Stamps>,
}

impl AsyncRead for StampedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        if matches!(result, Poll::Ready(Ok(()))) && buf.filled().len() > before {
            self.stamps.after_read();
        }
        result
    }
}

impl AsyncWrite for StampedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stamps.before_write();
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.stamps.after_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stamps.before_write();
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.stamps.after_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stamps.after_all_writes();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

type Driver = http1::Connection<TokioIo<StampedStream>, RopeBody>;

/// One HTTP/1.1 connection with at most one request on it.
pub struct Connection {
    /// Number within the worker, in order of opening.
    pub number: u32,
    /// Times of the request that is on it.
    pub stamps: Rc<Stamps>,
    sender: http1::SendRequest<RopeBody>,
    /// `None` once hyper has closed the connection.
    driver: Option<Pin<Box<Driver>>>,
}

impl Connection {
    /// Opens a connection within [`CONNECT_TIMEOUT`]; ready to send when this returns.
    pub async fn open(address: SocketAddr, number: u32) -> io::Result<Self> {
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        let stamps = Rc::new(Stamps::default());
        let io = TokioIo::new(StampedStream {
            stream,
            stamps: Rc::clone(&stamps),
        });
        let (sender, driver) = http1::Builder::new()
            .max_header_size(MAX_HEAD_BYTES)
            .handshake(io)
            .await
            .map_err(io::Error::other)?;
        let mut connection = Connection {
            number,
            stamps,
            sender,
            driver: Some(Box::pin(driver)),
        };
        connection.advance(&mut Context::from_waker(Waker::noop()));
        Ok(connection)
    }

    /// Lets hyper read and write what it can, without waiting.
    fn advance(&mut self, cx: &mut Context<'_>) {
        let Some(driver) = &mut self.driver else {
            return;
        };
        // Without a share of the task's budget: a burst is bounded by its own limit, and a request
        // whose turn has come must not be held back because others were sent before it.
        let polled = pin!(unconstrained(driver.as_mut())).poll(cx);
        if polled.is_ready() {
            self.driver = None;
        }
    }

    /// Whether the next request can be sent; notices that the server has closed meanwhile.
    fn is_usable(&mut self) -> bool {
        self.advance(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Writes the request, as far as the socket takes it, before it returns. The rest is written
    /// and the response is read while the returned future is driven by [`Connection::drive`].
    pub fn send(
        &mut self,
        mut request: Request<RopeBody>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        self.stamps.reset();
        request.body_mut().report_to(&self.stamps);
        let response = self.sender.send_request(request);
        self.advance(&mut Context::from_waker(Waker::noop()));
        response
    }

    /// Runs the connection until `future`, which waits for something on it, is ready.
    pub async fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.advance(cx);
            future.as_mut().poll(cx)
        })
        .await
    }

    /// Whether the connection can take another request at once or very soon. False for one that is
    /// closed, or that still writes the body of a request which was answered early.
    pub async fn is_reusable(&mut self) -> bool {
        let ready = poll_fn(|cx| {
            self.advance(cx);
            match (&self.driver, self.sender.poll_ready(cx)) {
                (None, _) => Poll::Ready(false),
                (Some(_), ready) => ready.map(|result| result.is_ok()),
            }
        });
        tokio::time::timeout(REUSE_WITHIN, ready)
            .await
            .unwrap_or(false)
    }
}

/// Idle connections; the last used is taken first, so that the fewest are kept busy.
#[derive(Default)]
pub struct Pool {
    idle: Vec<Connection>,
}

impl Pool {
    /// An idle connection that is still open, if there is one. Closed ones are let go.
    pub fn take(&mut self) -> Option<Connection> {
        while let Some(mut connection) = self.idle.pop() {
            if connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    /// Gives a connection back.
    pub fn put(&mut self, connection: Connection) {
        self.idle.push(connection);
    }
}
