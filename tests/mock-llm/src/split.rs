//! A stream cut into small pieces, each written by itself: within lines, escapes and characters.

use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::generator::mix;
use crate::stream::Stream;

/// Longest piece, in bytes.
const LONGEST: u64 = 40;

/// A stream and what is left of its last bytes.
pub struct Split {
    stream: Stream,
    rest: Bytes,
    pieces: u64,
    /// The last piece was written.
    written: bool,
}

impl Split {
    pub fn new(stream: Stream) -> Self {
        Split {
            stream,
            rest: Bytes::new(),
            pieces: 0,
            written: true,
        }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty() && self.stream.is_done()
    }

    /// The next piece. Not to be called when done.
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        if !self.written {
            // What waits is written before we are asked again.
            self.written = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            self.rest = ready!(self.stream.poll_bytes(cx));
        }
        self.written = false;
        self.pieces += 1;
        let length = usize::try_from(mix(self.pieces) % LONGEST + 1).expect("it is small");
        Poll::Ready(self.rest.split_to(length.min(self.rest.len())))
    }
}
