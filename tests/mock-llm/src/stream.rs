//! A streamed answer: which bytes are due, and the wait for the next.
//!
//! Tokens due at the same time leave in one frame (each its own event), so an
//! answer without delays is one write. Waits have tokio's granularity: a token
//! is never early and up to a millisecond late, which does not add up.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::FRAME_BYTES;
use crate::pacing::Pacing;
use crate::render::{Events, Token};

/// An answer under way.
pub struct Stream {
    events: Events,
    pacing: Pacing,
    opened: bool,
    /// Tokens handed out.
    sent: u32,
    /// Allocated at the first wait; an answer without delays has none.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    pub fn new(events: Events, pacing: Pacing) -> Self {
        Stream {
            events,
            pacing,
            opened: false,
            sent: 0,
            sleep: None,
        }
    }

    /// All that is left, without waiting.
    pub fn drain(mut self) -> Bytes {
        let mut all = BytesMut::new();
        while !self.is_done() {
            let frame = self.take(self.pacing.tokens());
            all.extend_from_slice(&frame.expect("tokens are left"));
        }
        all.freeze()
    }

    /// Whether the last byte was handed out.
    pub fn is_done(&self) -> bool {
        self.sent == self.pacing.tokens()
    }

    /// The next bytes, as soon as some are due. Not to be called when done.
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            if let Some(bytes) = self.take(self.pacing.due(Instant::now())) {
                return Poll::Ready(bytes);
            }
            ready!(self.poll_deadline(cx));
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.pacing.deadline(self.sent);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }

    /// The bytes that are due and not sent, up to one frame of them.
    fn take(&mut self, due: u32) -> Option<Bytes> {
        let room = FRAME_BYTES / self.events.token.len();
        let room = u32::try_from(room).expect("a frame is small").max(1);
        let tokens = due.saturating_sub(self.sent).min(room);
        let opening = if self.opened {
            &[]
        } else {
            self.events.opening.as_ref()
        };
        if tokens == 0 && opening.is_empty() {
            return None;
        }
        self.opened = true;
        let first = self.sent;
        self.sent += tokens;
        let done = self.is_done();
        let closing = if done {
            self.events.closing.as_ref()
        } else {
            &[]
        };
        if let Token::Same(token) = &self.events.token
            && tokens == 1
            && opening.is_empty()
            && closing.is_empty()
        {
            return Some(token.clone());
        }
        let token_bytes = self.events.token.len() * tokens as usize;
        let mut frame = BytesMut::with_capacity(opening.len() + token_bytes + closing.len());
        frame.extend_from_slice(opening);
        let last_closes = done && self.events.closes_with_token;
        for index in first..self.sent - u32::from(last_closes) {
            self.events.token.write(index, &mut frame);
        }
        frame.extend_from_slice(closing);
        Some(frame.freeze())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stream(tokens: u32, opening: &'static str) -> Stream {
        let events = Events {
            opening: Bytes::from_static(opening.as_bytes()),
            token: Token::Same(Bytes::from_static(b"t")),
            closing: Bytes::from_static(b"]"),
            closes_with_token: false,
        };
        let pacing = Pacing::new(Instant::now(), Duration::ZERO, Duration::ZERO, tokens);
        Stream::new(events, pacing)
    }

    #[test]
    fn what_is_due_is_taken_once_and_in_order() {
        let mut chat = stream(4, "[");
        for (due, bytes) in [
            (0, Some("[")),
            (0, None),
            (1, Some("t")),
            (3, Some("tt")),
            (3, None),
        ] {
            assert_eq!(
                chat.take(due).as_deref(),
                bytes.map(str::as_bytes),
                "{due} due"
            );
            assert!(!chat.is_done());
        }
        assert_eq!(chat.take(4).as_deref(), Some(b"t]".as_slice()));
        assert!(chat.is_done());
        assert_eq!(stream(2, "").take(0), None);
        assert_eq!(stream(2, "[").take(2).as_deref(), Some(b"[tt]".as_slice()));
    }

    #[test]
    fn a_frame_is_bounded() {
        let tokens = 2 * FRAME_BYTES as u32 + 1;
        let mut long = stream(tokens, "");
        let frames: Vec<usize> = std::iter::from_fn(|| long.take(tokens))
            .map(|f| f.len())
            .collect();
        assert_eq!(frames, [FRAME_BYTES, FRAME_BYTES, 2]);
    }

    #[test]
    fn the_last_token_can_be_the_closing() {
        let mut stream = stream(3, "[");
        assert_eq!(stream.take(1).as_deref(), Some(b"[t".as_slice()));
        stream.events.closes_with_token = true;
        assert_eq!(stream.take(3).as_deref(), Some(b"t]".as_slice()));
        assert!(stream.is_done());
    }
}
