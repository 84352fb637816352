//! HTTP/1.1 on one connection: one request at a time, written in the call that fires it and read
//! when the socket has something.

use super::clock::monotonic_ns;
use super::exchange::Part;
use super::link::{Link, error_class};
use super::request::{Outgoing, RequestFactory, SLICES};
use super::response::Decoder;
use schemas::records::ErrorClass;
use std::io::{self, ErrorKind, IoSlice};

/// Reads of one connection before others have their turn.
const READS: u32 = 4;

/// What a connection is good for after something was done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// A request is on it.
    Busy,
    /// A request is on it, and there is more to read at once.
    More,
    /// The next request may go out.
    Idle,
    /// It is of no use any more. Its request, if it had one, is over.
    Over,
}

/// An established connection.
pub struct Http1 {
    link: Link,
    /// The flight that is on it, until its response is complete.
    flight: Option<u32>,
    /// What is still to be written.
    out: Option<Outgoing>,
    sent: bool,
    /// All is written, but not all is in the socket.
    flushing: bool,
    write_failed: bool,
    /// The peer has ended its side. It is told once, which may be before the last read.
    ended: bool,
    decoder: Decoder,
}

impl Http1 {
    /// Nothing is on it yet.
    pub fn new(link: Link) -> Self {
        Http1 {
            link,
            flight: None,
            out: None,
            sent: false,
            flushing: false,
            write_failed: false,
            ended: false,
            decoder: Decoder::default(),
        }
    }

    /// Reads what the server says while nothing is on the connection. False if that is its end, or
    /// what nobody has asked for; the error is that it does not accept us.
    pub fn hear(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        match self.link.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
            _ => Ok(false),
        }
    }

    /// Writes a request as far as the socket takes it. The connection must be idle.
    pub fn send(
        &mut self,
        flight: u32,
        out: Outgoing,
        requests: &RequestFactory,
        on: &mut impl FnMut(u32, Part<'_>),
    ) {
        self.decoder.begin(out.has_bodiless_answer());
        self.flight = Some(flight);
        self.out = Some(out);
        self.sent = false;
        self.write(flight, requests, on);
    }

    /// Goes on where the socket had enough.
    fn write(
        &mut self,
        flight: u32,
        requests: &RequestFactory,
        on: &mut impl FnMut(u32, Part<'_>),
    ) {
        while let Some(out) = &mut self.out {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = requests.gather(out, &mut slices);
            let before_ns = monotonic_ns();
            match self.link.write_vectored(&slices[..count]) {
                Ok(bytes) => {
                    if !std::mem::replace(&mut self.sent, true) {
                        on(flight, Part::Sent(before_ns));
                    }
                    if requests.advance(out, bytes) {
                        self.out = None;
                        self.flushing = true;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The answer may tell why: it is read before the request is given up.
                Err(_) => {
                    self.out = None;
                    self.write_failed = true;
                }
            }
        }
        if self.flushing {
            match self.link.flush() {
                Ok(true) => {
                    self.flushing = false;
                    on(flight, Part::BodyWritten(monotonic_ns()));
                }
                Ok(false) => {}
                Err(_) => {
                    self.flushing = false;
                    self.write_failed = true;
                }
            }
        }
    }

    /// Writes and reads what the socket allows; `ended` when the peer has ended its side.
    pub fn drive(
        &mut self,
        ended: bool,
        buffer: &mut [u8],
        requests: &RequestFactory,
        on: &mut impl FnMut(u32, Part<'_>),
    ) -> After {
        self.ended |= ended;
        let Some(flight) = self.flight else {
            return match self.hear(buffer) {
                Ok(true) => After::Idle,
                _ => After::Over,
            };
        };
        if self.out.is_some() || self.flushing {
            self.write(flight, requests, on);
        }
        for _ in 0..READS {
            let read = self.link.read(buffer);
            let read_ns = self.link.received_ns();
            let is_short = matches!(read, Ok(bytes) if bytes < buffer.len());
            let mut tell = |part: Part<'_>| on(flight, part);
            let complete = match read {
                Ok(0) => self.decoder.close(monotonic_ns(), &mut tell).map(|()| true),
                Ok(bytes) => self.decoder.feed(&buffer[..bytes], read_ns, &mut tell),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.waiting(on),
                Err(error) => Err(error_class(error.kind(), self.decoder.has_begun())),
            };
            match complete {
                Ok(true) => return self.complete(is_short, buffer),
                Ok(false) => {}
                Err(_) if self.write_failed => return self.fail(ErrorClass::Write, on),
                Err(class) => return self.fail(class, on),
            }
            // A read that the buffer was not filled by has left nothing behind: one call less.
            if is_short && !self.ended && !self.link.is_tls() {
                return self.waiting(on);
            }
        }
        After::More
    }

    /// Nothing more can be read now.
    fn waiting(&mut self, on: &mut impl FnMut(u32, Part<'_>)) -> After {
        match self.write_failed {
            true => self.fail(ErrorClass::Write, on),
            false => After::Busy,
        }
    }

    fn complete(&mut self, is_short: bool, buffer: &mut [u8]) -> After {
        self.flight = None;
        // A request that was answered before it was written leaves a connection in the middle of it.
        let whole = self.out.take().is_none() && !self.flushing && !self.write_failed;
        if !whole || !self.decoder.keeps_alive() || self.ended {
            return After::Over;
        }
        // What is behind the response is no event any more.
        let is_drained = is_short && !self.link.is_tls();
        match is_drained || self.hear(buffer).is_ok_and(|open| open) {
            true => After::Idle,
            false => After::Over,
        }
    }

    fn fail(&mut self, class: ErrorClass, on: &mut impl FnMut(u32, Part<'_>)) -> After {
        if let Some(flight) = self.flight.take() {
            on(flight, Part::Failed(class));
        }
        After::Over
    }
}
