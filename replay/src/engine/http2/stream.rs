//! One request on an HTTP/2 connection and the response to it.

use super::body::Body;
use crate::engine::exchange::{Content, Part};
use crate::engine::link::error_class;
use h2::client::ResponseFuture;
use h2::{Error, Reason, RecvStream, SendStream};
use http::header::CONTENT_TYPE;
use schemas::records::ErrorClass;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// An open stream.
pub(super) struct Stream {
    /// The engine's name of the request.
    pub(super) flight: u32,
    /// Kept so that the stream can be reset.
    pub(super) request: SendStream<Body>,
    pub(super) response: Response,
    pub(super) waker: Waker,
    /// The socket has taken the whole request.
    pub(super) written: bool,
}

/// How far the response is.
pub(super) enum Response {
    Head(ResponseFuture),
    Body(RecvStream),
}

impl Stream {
    /// Tells what has come; ready when that was all of it, or with the error that ends it.
    pub(super) fn receive(
        &mut self,
        read_ns: u64,
        on: &mut impl FnMut(u32, Part<'_>),
    ) -> Poll<Result<(), Error>> {
        let context = &mut Context::from_waker(&self.waker);
        loop {
            match &mut self.response {
                Response::Head(head) => {
                    let response = ready!(Pin::new(head).poll(context))?;
                    let content = response.headers().get(CONTENT_TYPE);
                    let head = Part::Head {
                        status: response.status().as_u16(),
                        content: Content::of(content.map_or(b"", |value| value.as_bytes())),
                        read_ns,
                    };
                    on(self.flight, head);
                    self.response = Response::Body(response.into_body());
                }
                Response::Body(body) => {
                    let Some(data) = ready!(body.poll_data(context)) else {
                        return Poll::Ready(Ok(()));
                    };
                    let bytes = &data?[..];
                    if !bytes.is_empty() {
                        on(self.flight, Part::Data { bytes, read_ns });
                        body.flow_control().release_capacity(bytes.len())?;
                    }
                }
            }
        }
    }

    /// What an error means for the record. `broken` is what befell the link, if anything did.
    pub(super) fn class_of(&self, error: &Error, broken: Option<ErrorKind>) -> ErrorClass {
        let begun = matches!(self.response, Response::Body(_));
        let politely = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
        match error.get_io() {
            Some(error) => error_class(broken.unwrap_or(error.kind()), begun),
            None if !error.is_remote() => ErrorClass::Protocol,
            None if politely => error_class(ErrorKind::UnexpectedEof, begun),
            None => ErrorClass::Reset,
        }
    }
}
