//! Every response, and its body as hyper asks for it.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::arrivals::Arrivals;
use crate::connection::{Connection, Hangup};
use crate::generated::Generated;
use crate::huge::Huge;
use crate::split::Split;
use crate::stream::Stream;
use crate::ticket::Ticket;

pub const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub const JSON_LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
pub const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// What is sent, and the ticket that is finished with the last frame of it.
pub struct Answer {
    content: Content,
    after: After,
    ticket: Option<Ticket>,
}

/// What bytes an answer has; what may be large is boxed, so that a connection that idles does
/// not carry its size.
pub enum Content {
    /// Bytes that are there; empty once they were sent.
    Whole {
        bytes: Bytes,
        /// The length that is announced, if one is.
        length: Option<u64>,
    },
    Stream(Box<Stream>),
    Generated(Box<Generated>),
    Split(Box<Split>),
    Huge(Huge),
    Lines(Box<Arrivals>),
}

/// What follows the content.
pub enum After {
    /// The end of the body.
    End,
    /// Nothing, for ever.
    Silence,
    /// The end of the connection or of the stream, once the content was written.
    Cut(Cut),
}

/// How an answer is cut off.
pub struct Cut {
    connection: Rc<Connection>,
    /// By RST instead of FIN.
    reset: bool,
    /// The content was handed over in an earlier call, and so is in the socket.
    written: bool,
}

impl Content {
    /// Bytes with their true length.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = Some(bytes.len() as u64);
        Content::Whole { bytes, length }
    }

    fn is_done(&self) -> bool {
        match self {
            Content::Whole { bytes, .. } => bytes.is_empty(),
            Content::Stream(stream) => stream.is_done(),
            Content::Generated(generated) => generated.is_done(),
            Content::Split(split) => split.is_done(),
            Content::Huge(huge) => huge.is_done(),
            Content::Lines(_) => false,
        }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        Poll::Ready(match self {
            Content::Whole { bytes, .. } => Some(std::mem::take(bytes)),
            Content::Stream(stream) => Some(ready!(stream.poll_bytes(cx))),
            Content::Generated(generated) => Some(ready!(generated.poll_bytes(cx))),
            Content::Split(split) => Some(ready!(split.poll_bytes(cx))),
            Content::Huge(huge) => Some(huge.next_bytes()),
            Content::Lines(arrivals) => arrivals.next_lines(),
        })
    }
}

impl After {
    pub fn cut(connection: &Rc<Connection>, reset: bool) -> Self {
        After::Cut(Cut {
            connection: Rc::clone(connection),
            reset,
            written: false,
        })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Hangup>>> {
        match self {
            After::End => Poll::Ready(None),
            After::Silence => Poll::Pending,
            After::Cut(cut) if !cut.written => {
                cut.written = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            After::Cut(cut) => {
                match (cut.reset, cut.connection.is_http2()) {
                    (true, false) => cut.connection.end_with_reset(),
                    (false, true) => cut.connection.close(),
                    // The error alone resets an HTTP/2 stream, and closes an HTTP/1.1 connection.
                    (true, true) | (false, false) => {}
                }
                Poll::Ready(Some(Err(Hangup)))
            }
        }
    }
}

impl Answer {
    pub fn new(content: Content, after: After, ticket: Option<Ticket>) -> Self {
        Answer {
            content,
            after,
            ticket,
        }
    }

    /// Bytes that are there.
    pub fn whole(bytes: impl Into<Bytes>, ticket: Option<Ticket>) -> Self {
        Answer::new(Content::whole(bytes), After::End, ticket)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Hangup;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Hangup>>> {
        let this = self.get_mut();
        if this.content.is_done() {
            return this.after.poll(cx);
        }
        let bytes = ready!(this.content.poll_bytes(cx));
        if this.content.is_done()
            && !matches!(this.after, After::Silence)
            && let Some(ticket) = this.ticket.take()
        {
            ticket.finish();
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.after, After::End) && self.content.is_done()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole {
                length: Some(length),
                ..
            } => SizeHint::with_exact(*length),
            _ => SizeHint::default(),
        }
    }
}

/// A response with its two headers; hyper adds the date and the length.
pub fn respond(status: StatusCode, content_type: HeaderValue, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
