//! One client connection: HTTP/1.1 or HTTP/2, told apart by its first bytes,
//! over a stamped socket.
//!
//! Bytes that are no HTTP at all are answered by hyper (400, empty) and not
//! logged. A client that closes its sending half is taken to be gone. That it
//! is gone is seen when its FIN or RST arrives, also between two tokens: hyper
//! waits for bytes at all times, unless the client has sent a further request
//! already (pipelining).

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::num::NonZeroU64;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::net::Shutdown;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use crate::clock;
use crate::handler;
use crate::log::{End, Slot};
use crate::received;
use crate::socket::Socket;
use crate::stamps::Stamps;
use crate::wire::Wire;
use crate::worker::Worker;

/// Streams of an HTTP/2 connection.
const MAX_STREAMS: u32 = 1 << 20;
/// Bytes a client may send ahead on a stream, and on a connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 1 << 24;

/// What the requests of a connection share.
pub struct Connection {
    pub worker: Rc<Worker>,
    /// Place in the order of accepting, from 1.
    pub id: u64,
    pub stamps: Stamps,
    pub socket: RefCell<Socket>,
    requests: Cell<u64>,
    /// Requests whose answers are complete but not yet written.
    unwritten: RefCell<Vec<Slot>>,
}

/// The connection (over HTTP/2: the stream) ends here: a client that broke off its
/// request, or a fault that was asked for.
#[derive(Debug)]
pub struct Hangup;

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ends here")
    }
}

impl std::error::Error for Hangup {}

impl Connection {
    /// The number of the next request on this connection, from 1.
    pub fn next_request(&self) -> u64 {
        self.requests.set(self.requests.get() + 1);
        self.requests.get()
    }

    pub fn is_http2(&self) -> bool {
        self.stamps.is_http2() == Some(true)
    }

    /// An answer is complete; the next writes carry its last byte.
    pub fn await_write(&self, slot: Slot) {
        self.unwritten.borrow_mut().push(slot);
    }

    /// Call before each write. The moment before, and not after, because the client
    /// may have the bytes, and send its next request, before the call returns.
    pub fn stamp_answers(&self) {
        let unwritten = self.unwritten.borrow();
        let Some(now_ns) = self.now_if(!unwritten.is_empty()) else {
            return;
        };
        let mut log = self.worker.share().log();
        for slot in unwritten.iter() {
            log.end(*slot, End::Answered, now_ns);
        }
    }

    /// The connection is gone: what was not written never will be.
    pub fn blame_unwritten(&self) {
        let unwritten = self.unwritten.take();
        let stopping = self.worker.shared.stopping.load(Relaxed);
        let Some(now_ns) = self.now_if(!unwritten.is_empty() && !stopping) else {
            return;
        };
        let mut log = self.worker.share().log();
        log.counts.closed_early += unwritten.len() as u64;
        for slot in unwritten {
            log.end(slot, End::ClosedEarly, now_ns);
        }
    }

    fn now_if(&self, needed: bool) -> Option<NonZeroU64> {
        needed.then(clock::now_ns).and_then(NonZeroU64::new)
    }

    pub fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stamp_answers();
        pin!(&mut *self.socket.borrow_mut()).poll_write(cx, bytes)
    }

    /// Everything was written; `unwritten` begins anew.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = pin!(&mut *self.socket.borrow_mut()).poll_flush(cx);
        if flushed.is_ready() {
            self.unwritten.borrow_mut().clear();
        }
        flushed
    }

    /// Writes past the HTTP library, which must be waiting for a handler: HTTP/1.1 only.
    pub async fn write_raw(&self, mut bytes: &[u8]) -> Result<(), Hangup> {
        while !bytes.is_empty() {
            let written = poll_fn(|cx| self.poll_write(cx, bytes)).await;
            match written {
                Ok(n) if n > 0 => bytes = &bytes[n..],
                _ => return Err(Hangup),
            }
        }
        poll_fn(|cx| self.poll_flush(cx)).await.map_err(|_| Hangup)
    }

    /// Sends FIN, and still reads.
    pub fn close_writing(&self) {
        // It fails when the client is gone: then there is nothing to close.
        let _ = rustix::net::shutdown(self.socket.borrow().tcp(), Shutdown::Write);
    }

    /// Closes in both directions at once, whatever the HTTP library thinks.
    pub fn close(&self) {
        let _ = rustix::net::shutdown(self.socket.borrow().tcp(), Shutdown::Both);
    }

    /// Lets the socket end with RST instead of FIN when it is dropped.
    pub fn end_with_reset(&self) {
        let _ = self.socket.borrow().tcp().set_zero_linger();
    }
}

/// Serves a connection until either side closes it.
pub async fn serve(worker: Rc<Worker>, tcp: TcpStream, id: u64) {
    let socket = match worker.shared.tls.clone() {
        None => {
            received::ask(&tcp);
            Socket::Plain(tcp)
        }
        Some(tls) => match tls.accept(tcp).await {
            Ok(stream) => Socket::Tls(Box::new(stream)),
            // A client that does not trust us, or that we do not: told so by TLS.
            Err(_) => return,
        },
    };
    let connection = Rc::new(Connection {
        worker,
        id,
        stamps: Stamps::default(),
        socket: RefCell::new(socket),
        requests: Cell::new(0),
        unwritten: RefCell::default(),
    });
    let Some((wire, http2)) = Box::pin(Wire::open(Rc::clone(&connection))).await else {
        return;
    };
    let io = TokioIo::new(wire);
    let service = service_fn(move |request| {
        let arrived = connection.stamps.arrived();
        handler::handle(Rc::clone(&connection), arrived, request)
    });
    // An error is a client that went away or spoke no HTTP; the arrival log has
    // already noted what there is to note.
    if http2 {
        let _ = Box::pin(http2_builder().serve_connection(io, service)).await;
    } else {
        let _ = http1::Builder::new().serve_connection(io, service).await;
    }
}

/// Without the limits that protect from clients that open and cancel streams fast: that is
/// what a load generator does.
fn http2_builder() -> http2::Builder<OnThisThread> {
    let mut builder = http2::Builder::new(OnThisThread);
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_pending_accept_reset_streams(MAX_STREAMS as usize)
        .max_local_error_reset_streams(None);
    builder
}

/// Runs the streams of an HTTP/2 connection beside it.
#[derive(Clone)]
struct OnThisThread;

impl<F> Executor<F> for OnThisThread
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}
