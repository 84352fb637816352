//! HTTP/2 as a client, by crate h2 over a [`Link`], without an async runtime.
//!
//! h2 speaks the protocol. Its futures are polled when the socket is ready, and what it did is read
//! from the bytes that passed (see `stamped`): the moments of [`Part`] are as exact as over
//! HTTP/1.1, whatever h2 buffers. A DATA frame counts as read when its last byte came.
//!
//! Never retries, and takes no pushed responses.

mod body;
mod frames;
mod stamped;
mod stream;
mod woken;

use super::exchange::Part;
use super::http1::After;
use super::link::Link;
use body::Body;
use bytes::{Buf, Bytes};
use h2::Reason;
use h2::client::{Builder, Connection, SendRequest};
use http::{Request, Version};
use schemas::records::ErrorClass;
use stamped::{Mark, Reading, Shared, Stamped};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::mem;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use stream::{Response, Stream};
use woken::Woken;

/// Bytes that the server may send ahead on one stream. All are read at once, so this is no memory;
/// it is so large that flow control never slows a server.
const STREAM_WINDOW: u32 = 16 << 20;
/// The same for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 256 << 20;
/// Streams that may be begun before the server has said how many.
const FIRST_STREAMS: usize = 100;
/// Longest head of a response, in bytes as RFC 9113 section 6.5.2 counts them.
const HEADER_LIST_LIMIT: u32 = 64 << 10;
/// Cancelled streams of which late frames are still known to be harmless; later ones are answered.
const CANCELLED_STREAMS: usize = 1024;

/// Reads of one connection before others have their turn.
const ROUNDS: u32 = 32;

/// What is said of a server that wants another client certificate, or one at all.
const REFUSED: &str = "TLS: the server does not accept this client's certificate, or wants one: see --cert FILE and --key FILE";

/// One connection with many requests on it. Dropping it closes the socket.
pub struct Http2 {
    link: Rc<RefCell<Stamped>>,
    /// None once it is over.
    connection: Option<Connection<Shared, Body>>,
    requests: SendRequest<Body>,
    /// By the protocol's number, so in the order in which they were begun.
    streams: BTreeMap<u32, Stream>,
    woken: Arc<Woken>,
    waker: Waker,
    /// Kept for their memory only.
    marks: Vec<Mark>,
    ready: Vec<u32>,
}

impl Http2 {
    /// Takes a link that is established (and registered for edge-triggered readiness) and writes
    /// the preface. Call [`Http2::drive`] next: over TLS, bytes may have come with the handshake.
    pub fn new(link: Link) -> Self {
        let link = Rc::new(RefCell::new(Stamped::gathering(link)));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let context = &mut Context::from_waker(&waker);
        let handshake = Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_max_send_streams(FIRST_STREAMS)
            .max_header_list_size(HEADER_LIST_LIMIT)
            .max_concurrent_reset_streams(CANCELLED_STREAMS)
            // Late frames for cancelled streams are our doing and no attack of the server's.
            .max_local_error_reset_streams(None)
            .enable_push(false)
            .handshake(Shared(link.clone()));
        let Poll::Ready(Ok((requests, mut connection))) = pin!(handshake).poll(context) else {
            unreachable!("what is gathered never blocks and never fails");
        };
        let over = Pin::new(&mut connection).poll(context).is_ready();
        debug_assert!(!over, "nothing was read");
        link.borrow_mut().release();
        Http2 {
            link,
            connection: Some(connection),
            requests,
            streams: BTreeMap::new(),
            woken,
            waker,
            marks: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// Streams that may be begun now: what the server allows less those that are open. None after
    /// the server has said that it takes no more (GOAWAY); those that are open then go on.
    pub fn room(&mut self) -> usize {
        let context = &mut Context::from_waker(&self.waker);
        match self.requests.poll_ready(context) {
            Poll::Ready(Ok(())) if self.connection.is_some() => {
                let allowed = self.requests.current_max_send_streams();
                allowed.saturating_sub(self.streams.len())
            }
            _ => 0,
        }
    }

    /// Begins a request, which is `flight` from now on; [`Http2::room`] must not be 0. Its URI is
    /// absolute (scheme, authority, path), and it has neither `host` nor a header that is about the
    /// connection. Writes as far as the socket and the server's flow control take it, and tells
    /// what has become of it, and of other requests, so far.
    pub fn start(
        &mut self,
        flight: u32,
        mut request: Request<()>,
        body: impl Iterator<Item = Bytes>,
        on: &mut impl FnMut(u32, Part<'_>),
    ) -> After {
        if self.connection.is_none() {
            on(flight, Part::Failed(ErrorClass::Closed));
            return After::Over;
        }
        *request.version_mut() = Version::HTTP_2;
        let body: Body = body.collect();
        let end = !body.has_remaining();
        let begun = self.requests.send_request(request, end);
        let sent = begun.and_then(|(response, mut request)| {
            if !end {
                request.send_data(body, true)?;
            }
            Ok((response, request))
        });
        let Ok((response, request)) = sent else {
            on(flight, Part::Failed(ErrorClass::Write));
            return After::Busy;
        };
        let id = request.stream_id().as_u32();
        let stream = Stream {
            flight,
            request,
            response: Response::Head(response),
            waker: self.woken.stream_waker(id),
            written: false,
        };
        self.streams.insert(id, stream);
        self.woken.wake_stream(id);
        self.turn(Reading::Forbidden, on)
    }

    /// Reads and writes what the socket allows, for its turn; to be called at its readiness. When the
    /// connection is over, every request on it has had its `End` or `Failed`.
    pub fn drive(&mut self, on: &mut impl FnMut(u32, Part<'_>)) -> After {
        self.turn(Reading::Allowed, on)
    }

    /// As [`Http2::drive`] while there is no request. The error is that the server does not accept
    /// us, with a text for the user.
    pub fn hear(&mut self) -> io::Result<bool> {
        let goes_on = self.drive(&mut |_, _| {}) != After::Over;
        match self.link.borrow().broken {
            Some(kind @ ErrorKind::PermissionDenied) => Err(io::Error::new(kind, REFUSED)),
            _ => Ok(goes_on),
        }
    }

    /// Abandons a request: the server is told at once (RST_STREAM, CANCEL), and nothing more is
    /// told of it here. One that is over already is left alone.
    pub fn cancel(&mut self, flight: u32) {
        let found = self.streams.iter().find(|(_, it)| it.flight == flight);
        let Some(id) = found.map(|(id, _)| *id) else {
            return;
        };
        let mut stream = self.streams.remove(&id).expect("it was found");
        stream.request.send_reset(Reason::CANCEL);
        drop(stream);
        if let Some(connection) = &mut self.connection {
            self.link.borrow_mut().reading = Reading::Forbidden;
            let context = &mut Context::from_waker(&self.waker);
            if Pin::new(connection).poll(context).is_ready() {
                self.connection = None;
            }
        }
    }

    /// Polls until nothing moves any more, or others should have their turn.
    fn turn(&mut self, reading: Reading, on: &mut impl FnMut(u32, Part<'_>)) -> After {
        for _ in 0..ROUNDS {
            self.woken.take_connection();
            self.link.borrow_mut().reading = reading;
            let context = &mut Context::from_waker(&self.waker);
            let mut over = match &mut self.connection {
                Some(connection) => Pin::new(connection).poll(context).is_ready(),
                None => true,
            };
            {
                // Where nothing can be written h2 may wait for that before it reads: for ever.
                let link = self.link.borrow();
                over |= link.broken.is_some() && link.reading == Reading::Allowed;
            }
            self.tell_marks(on);
            if over {
                self.finish(on);
                return After::Over;
            }
            let mut ready = mem::take(&mut self.ready);
            self.woken.swap_streams(&mut ready);
            for id in ready.drain(..) {
                self.receive(id, on);
            }
            self.ready = ready;
            let read = self.link.borrow().reading == Reading::Done;
            if !read && !self.woken.take_connection() {
                return After::Busy;
            }
        }
        After::More
    }

    /// What was seen on the way to the socket.
    fn tell_marks(&mut self, on: &mut impl FnMut(u32, Part<'_>)) {
        let mut marks = mem::take(&mut self.marks);
        mem::swap(&mut marks, &mut self.link.borrow_mut().marks);
        for mark in marks.drain(..) {
            let (Mark::Sent(id, _) | Mark::Written(id, _)) = mark;
            // Cancelled ones are no more.
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            match mark {
                Mark::Sent(_, at_ns) => on(stream.flight, Part::Sent(at_ns)),
                Mark::Written(_, at_ns) => {
                    stream.written = true;
                    on(stream.flight, Part::BodyWritten(at_ns));
                }
            }
        }
        self.marks = marks;
    }

    /// Tells what has come of one response; true if the request is still open.
    fn receive(&mut self, id: u32, on: &mut impl FnMut(u32, Part<'_>)) -> bool {
        let (read_ns, broken) = {
            let link = self.link.borrow();
            (link.read_ns, link.broken)
        };
        let Some(stream) = self.streams.get_mut(&id) else {
            return false;
        };
        let end = match stream.receive(read_ns, on) {
            Poll::Pending => return true,
            Poll::Ready(Ok(())) => Part::End { read_ns },
            Poll::Ready(Err(error)) => Part::Failed(stream.class_of(&error, broken)),
        };
        on(stream.flight, end);
        let mut stream = self.streams.remove(&id).expect("it was found");
        if !stream.written {
            // The answer is complete: the rest of the request is of no use to anybody.
            stream.request.send_reset(Reason::CANCEL);
        }
        false
    }

    /// The connection is over: every response is told as far as it came, and then the reason.
    fn finish(&mut self, on: &mut impl FnMut(u32, Part<'_>)) {
        self.connection = None;
        let open: Vec<u32> = self.streams.keys().copied().collect();
        for id in open {
            if self.receive(id, on)
                && let Some(stream) = self.streams.remove(&id)
            {
                on(stream.flight, Part::Failed(ErrorClass::Closed));
            }
        }
    }
}
