//! The body of a request as h2 takes it: its parts in a row, uncopied, in frames that take no
//! notice of where one part ends.

use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::IoSlice;

/// What is still to be written.
#[derive(Debug)]
pub(super) struct Body {
    /// None is empty.
    parts: VecDeque<Bytes>,
    remaining: usize,
}

impl FromIterator<Bytes> for Body {
    fn from_iter<I: IntoIterator<Item = Bytes>>(parts: I) -> Self {
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let parts: VecDeque<Bytes> = parts.collect();
        let remaining = parts.iter().map(Bytes::len).sum();
        Body { parts, remaining }
    }
}

impl Buf for Body {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.parts.front().map_or(&[], |part| part)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(&self.parts);
        filled
            .map(|(slice, part)| *slice = IoSlice::new(part))
            .count()
    }

    fn advance(&mut self, mut bytes: usize) {
        assert!(bytes <= self.remaining, "no more than there is");
        self.remaining -= bytes;
        while bytes > 0 {
            let part = &mut self.parts[0];
            let now = bytes.min(part.len());
            part.advance(now);
            bytes -= now;
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Body {
        ["ab", "", "cde", "f"]
            .into_iter()
            .map(Bytes::from)
            .collect()
    }

    #[test]
    fn parts_come_one_after_the_other_wherever_one_stops() {
        for step in 1..=6 {
            let mut body = body();
            let mut read = Vec::new();
            while body.has_remaining() {
                let now = step.min(body.chunk().len());
                read.extend_from_slice(&body.chunk()[..now]);
                body.advance(now);
            }
            assert_eq!(read, b"abcdef");
        }
    }

    #[test]
    fn all_parts_go_into_one_write() {
        let mut body = body();
        body.advance(3);
        let mut slices = [IoSlice::new(&[]); 4];
        assert_eq!(body.chunks_vectored(&mut slices), 2);
        assert_eq!([&*slices[0], &*slices[1]], [&b"de"[..], b"f"]);
        assert_eq!(body.remaining(), 3);
    }
}
