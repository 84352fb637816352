//! The times of a response's events with output, encoded as they come in.
//!
//! Differences in unsigned LEB128: seven bits a byte, lowest first, high bit = more follow. A
//! stream costs a byte or four for each event and no allocation once its buffer has grown.

use crate::records::ResultRecord;

/// The token times of one response in the making; its buffer serves the next one after
/// [`TokenTimes::clear`].
#[derive(Clone, Debug, Default)]
pub struct TokenTimes {
    bytes: Vec<u8>,
    count: u32,
    /// The first and the last time, in ns; of no meaning while `count` is 0.
    ends_ns: (u64, u64),
}

impl TokenTimes {
    /// Appends the time of an event with output; of a request sent at `sent_ns`. Both in ns from
    /// the same zero. A time before the one before, or before `sent_ns`, counts as equal to it.
    pub fn push(&mut self, sent_ns: u64, at_ns: u64) {
        let previous_ns = if self.count == 0 {
            sent_ns
        } else {
            self.ends_ns.1
        };
        let at_ns = at_ns.max(previous_ns);
        push_leb128(&mut self.bytes, at_ns - previous_ns);
        if self.count == 0 {
            self.ends_ns.0 = at_ns;
        }
        self.ends_ns.1 = at_ns;
        self.count += 1;
    }

    /// Forgets the times and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// The encoding, as [`crate::frames::push_result`] takes it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Times so far: what `ResultRecord::token_count` is to say.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The first time in ns.
    pub fn first(&self) -> Option<u64> {
        (self.count > 0).then_some(self.ends_ns.0)
    }

    /// The last time in ns.
    pub fn last(&self) -> Option<u64> {
        (self.count > 0).then_some(self.ends_ns.1)
    }
}

/// Puts the times that follow a record, ns from t0, in place of what is in `token_ns`; none for no
/// bytes, whatever the count: they were not kept. `None` if the bytes are not `token_count`
/// numbers exactly.
pub(crate) fn decode(
    record: &ResultRecord,
    mut bytes: &[u8],
    token_ns: &mut Vec<u64>,
) -> Option<()> {
    token_ns.clear();
    if bytes.is_empty() {
        return Some(());
    }
    let count = record.token_count.get() as usize;
    token_ns.reserve(count.min(bytes.len()));
    let mut previous_ns = record.sent_ns.get();
    for _ in 0..count {
        previous_ns = previous_ns.checked_add(take_leb128(&mut bytes)?)?;
        token_ns.push(previous_ns);
    }
    bytes.is_empty().then_some(())
}

fn push_leb128(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads a number off the front of `bytes`. Each number has one spelling: no zero byte at the
/// end, no bit past the 64th.
fn take_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return (*byte != 0 || shift == 0).then_some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_one_spelling() {
        for value in [0, 1, 127, 128, 300, u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            push_leb128(&mut bytes, value);
            let mut rest = &bytes[..];
            assert_eq!((take_leb128(&mut rest), rest), (Some(value), &[][..]));
        }
        let past_64_bits = [vec![0xff; 9], vec![0x03]].concat();
        for wrong in [
            &[][..],
            &[0x80],
            &[0x80, 0x80, 0x00],
            &past_64_bits,
            &[0xff; 11],
        ] {
            assert_eq!(take_leb128(&mut &wrong[..]), None, "{wrong:x?}");
        }
    }

    #[test]
    fn a_cleared_buffer_begins_anew_in_the_same_memory() {
        let mut times = TokenTimes::default();
        assert_eq!((times.first(), times.last()), (None, None));
        for at_ns in [1_200, 1_250, 1_250, 400_000] {
            times.push(1_000, at_ns);
        }
        assert_eq!((times.count(), times.first()), (4, Some(1_200)));
        assert_eq!(times.last(), Some(400_000));
        let memory = times.bytes().as_ptr();
        times.clear();
        assert_eq!(
            (times.count(), times.bytes(), times.first()),
            (0, &[][..], None)
        );
        times.push(5, 6);
        assert_eq!((times.bytes(), times.last()), (&[1][..], Some(6)));
        assert_eq!(times.bytes().as_ptr(), memory);
    }

    #[test]
    fn a_time_that_goes_back_counts_as_the_one_before() {
        let mut times = TokenTimes::default();
        for at_ns in [90, 120, 110, 125] {
            times.push(100, at_ns);
        }
        assert_eq!(times.bytes(), [0, 20, 0, 5]);
        assert_eq!((times.first(), times.last()), (Some(100), Some(125)));
    }
}
