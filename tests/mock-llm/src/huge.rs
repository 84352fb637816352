//! An event that never ends, from one small buffer: its reader must not hold all of it.

use bytes::Bytes;

use crate::config::FRAME_BYTES;

const BEGINNING: &[u8] = br#"data: {"choices":[{"index":0,"delta":{"content":""#;
static MIDDLE: [u8; FRAME_BYTES] = [b'x'; FRAME_BYTES];

/// What is left of it.
pub struct Huge {
    begun: bool,
    left: u64,
}

impl Huge {
    /// An event of `bytes`, cut off there; at least its beginning.
    pub fn new(bytes: u64) -> Self {
        let left = bytes.saturating_sub(BEGINNING.len() as u64);
        Huge { begun: false, left }
    }

    pub fn is_done(&self) -> bool {
        self.begun && self.left == 0
    }

    pub fn next_bytes(&mut self) -> Bytes {
        if !self.begun {
            self.begun = true;
            return Bytes::from_static(BEGINNING);
        }
        let n = usize::try_from(self.left).map_or(FRAME_BYTES, |left| left.min(FRAME_BYTES));
        self.left -= n as u64;
        Bytes::from_static(&MIDDLE[..n])
    }
}
