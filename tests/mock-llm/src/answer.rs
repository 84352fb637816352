//! Every response, and its body as hyper asks for it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::arrivals::Arrivals;
use crate::stream::Stream;
use crate::ticket::Ticket;

pub const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub const JSON_LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
pub const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// What is sent, and the ticket that is finished with the last frame of it.
pub struct Answer {
    content: Content,
    ticket: Option<Ticket>,
}

enum Content {
    /// Bytes that are there; empty once they were sent.
    Whole(Bytes),
    /// Boxed, so that a connection that idles does not carry its size.
    Stream(Box<Stream>),
    Lines(Arrivals),
}

impl Answer {
    pub fn whole(bytes: impl Into<Bytes>, ticket: Option<Ticket>) -> Self {
        Answer {
            content: Content::Whole(bytes.into()),
            ticket,
        }
    }

    pub fn stream(stream: Stream, ticket: Ticket) -> Self {
        Answer {
            content: Content::Stream(Box::new(stream)),
            ticket: Some(ticket),
        }
    }

    pub fn lines(arrivals: Arrivals) -> Self {
        Answer {
            content: Content::Lines(arrivals),
            ticket: None,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let bytes = match &mut self.content {
            Content::Whole(bytes) => Some(std::mem::take(bytes)),
            Content::Stream(stream) => Some(ready!(stream.poll_bytes(cx))),
            Content::Lines(arrivals) => arrivals.next_lines(),
        };
        if self.is_end_stream()
            && let Some(ticket) = self.ticket.take()
        {
            ticket.finish();
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Stream(stream) => stream.is_done(),
            Content::Lines(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_) | Content::Lines(_) => SizeHint::default(),
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
