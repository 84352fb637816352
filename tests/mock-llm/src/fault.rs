//! Faults: what goes wrong, and with which request. Decided by counting alone, so that two runs
//! of the same requests fail in the same places.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::config::MAX_DELAY;
use crate::delay;

/// A share of 1, in parts per million.
const WHOLE: u32 = 1_000_000;
const KINDS: &str = "refuse, reset, close, stall, silent, slow-headers=D, garbage, status=N, \
     half-close, huge-event=BYTES, long-length, short-length, no-done, error-event, bad-chunk";

/// What goes wrong. Unless it says otherwise a fault is the same over HTTP/1.1 and HTTP/2, and
/// with answers that are streamed and those that are not (which break in their middle).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The connection is closed as soon as it is accepted; counted in
    /// [`crate::Stats::connections_refused`], in no arrival log.
    Refuse,
    /// Half of the tokens, then TCP RST; HTTP/2: `RST_STREAM`.
    Reset,
    /// Half of the tokens, then the connection is closed, without a last chunk.
    Close,
    /// The head and the first token, then nothing; the connection stays open.
    Stall,
    /// The request is read and nothing is answered.
    Silent,
    /// The response's head comes in pieces over this time, the rest as usual (unpaced, then the
    /// connection is closed). HTTP/2: the head comes after this time.
    SlowHeaders(Duration),
    /// Events whose data is neither JSON nor UTF-8, at the usual pace.
    Garbage,
    /// This status (400 to 599) with a JSON error; 429 also says `retry-after: 1`.
    Status(u16),
    /// The server closes its writing half as soon as the request is read, and reads on.
    HalfClose,
    /// One event that does not end within this many bytes, and the end of the body.
    HugeEvent(u64),
    /// `content-length` is 1000 more than the body; then the connection is closed.
    LongLength,
    /// `content-length` is half of the body; then the connection is closed.
    ShortLength,
    /// The stream ends well-framed after its last token: no finish reason, no usage, no `[DONE]`.
    NoDone,
    /// Half of the tokens, then an error object as an event, and the end.
    ErrorEvent,
    /// Half of the answer in a chunk, then a chunk whose size is no number; then the connection
    /// is closed. HTTP/2, which has no chunks: as `close`.
    BadChunk,
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        Ok(match (name, value) {
            ("refuse", None) => FaultKind::Refuse,
            ("reset", None) => FaultKind::Reset,
            ("close", None) => FaultKind::Close,
            ("stall", None) => FaultKind::Stall,
            ("silent", None) => FaultKind::Silent,
            ("garbage", None) => FaultKind::Garbage,
            ("half-close", None) => FaultKind::HalfClose,
            ("long-length", None) => FaultKind::LongLength,
            ("short-length", None) => FaultKind::ShortLength,
            ("no-done", None) => FaultKind::NoDone,
            ("error-event", None) => FaultKind::ErrorEvent,
            ("bad-chunk", None) => FaultKind::BadChunk,
            ("slow-headers", Some(value)) => FaultKind::SlowHeaders(delay::parse(value)?),
            ("status", Some(value)) => {
                FaultKind::Status(value.parse().map_err(|_| no_number(value))?)
            }
            ("huge-event", Some(value)) => {
                FaultKind::HugeEvent(value.parse().map_err(|_| no_number(value))?)
            }
            _ => return Err(format!("{text:?} is no fault; there are {KINDS}")),
        })
    }
}

fn no_number(value: &str) -> String {
    format!("{value:?} is not a whole number")
}

/// As it is typed, and as the arrival log names it.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FaultKind::Refuse => "refuse",
            FaultKind::Reset => "reset",
            FaultKind::Close => "close",
            FaultKind::Stall => "stall",
            FaultKind::Silent => "silent",
            FaultKind::SlowHeaders(over) => return write!(f, "slow-headers={over:?}"),
            FaultKind::Garbage => "garbage",
            FaultKind::Status(status) => return write!(f, "status={status}"),
            FaultKind::HalfClose => "half-close",
            FaultKind::HugeEvent(bytes) => return write!(f, "huge-event={bytes}"),
            FaultKind::LongLength => "long-length",
            FaultKind::ShortLength => "short-length",
            FaultKind::NoDone => "no-done",
            FaultKind::ErrorEvent => "error-event",
            FaultKind::BadChunk => "bad-chunk",
        })
    }
}

/// A fault and how often. Written `KIND[=VALUE][@SHARE]`, like `reset@0.2`; without a share it
/// falls on all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// With how many of a million requests (of connections, for [`FaultKind::Refuse`]), evenly
    /// spread: 200,000 is every fifth.
    pub share_ppm: u32,
}

impl Fault {
    /// Says which value is outside its limit.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.kind {
            _ if self.share_ppm > WHOLE => Err("a share must be at most 1".to_owned()),
            FaultKind::Status(status) if !(400..600).contains(&status) => {
                Err(format!("--fault status={status}: it must be 400 to 599"))
            }
            FaultKind::SlowHeaders(over) if over > MAX_DELAY => {
                Err("--fault slow-headers must be at most 24 hours".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Fault {
            kind,
            share_ppm: WHOLE,
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((kind, share)) = text.split_once('@') else {
            return Ok(Fault::from(text.parse::<FaultKind>()?));
        };
        let share_ppm = parts_per_million(share).ok_or_else(|| {
            format!("{share:?} is not a share: 0 to 1, with at most 6 digits after the point")
        })?;
        Ok(Fault {
            kind: kind.parse()?,
            share_ppm,
        })
    }
}

fn parts_per_million(share: &str) -> Option<u32> {
    let (whole, fraction) = share.split_once('.').unwrap_or((share, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let parts: u32 = format!("{fraction:0<6}").parse().ok()?;
    let all = whole.parse::<u32>().ok()?.checked_mul(WHOLE)?;
    all.checked_add(parts).filter(|all| *all <= WHOLE)
}

/// Which of several faults falls on number `ordinal` (from 0) of what can fail. The first has its
/// share of all, evenly; the second of those that are left, and so on: they never overlap.
pub fn falls_on(faults: impl Iterator<Item = (usize, u32)>, ordinal: u64) -> Option<usize> {
    let (mut place, mut left) = (u128::from(ordinal), u128::from(WHOLE));
    for (index, share_ppm) in faults {
        let share = u128::from(share_ppm).min(left);
        let before = place * share / left;
        // All that are left are hit when the share is what is left of it: `left` is never 0.
        if (place + 1) * share / left > before {
            return Some(index);
        }
        place -= before;
        left -= share;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(shares: &[u32], ordinals: u64) -> Vec<Option<usize>> {
        (0..ordinals)
            .map(|ordinal| falls_on(shares.iter().copied().enumerate(), ordinal))
            .collect()
    }

    #[test]
    fn a_fifth_is_every_fifth_and_a_whole_is_all() {
        for (ordinal, hit) in pattern(&[200_000], 10_000).into_iter().enumerate() {
            assert_eq!(hit.is_some(), ordinal % 5 == 4, "{ordinal}");
        }
        assert_eq!(pattern(&[1_000_000], 3), [Some(0); 3]);
        assert_eq!(pattern(&[0], 3), [None; 3]);
        assert_eq!(pattern(&[], 3), [None; 3]);
    }

    #[test]
    fn several_faults_have_their_shares_and_no_run_of_their_own() {
        let shares = [100_000, 50_000, 200_000, 333_333];
        let hits = pattern(&shares, 100_000);
        for (index, share) in shares.into_iter().enumerate() {
            let found = hits.iter().filter(|hit| **hit == Some(index)).count() as u32;
            assert!(found.abs_diff(share / 10) <= 1, "{index}: {found}");
            let gaps = hits.split(|hit| *hit == Some(index)).map(<[_]>::len);
            let most = 2 * (1_000_000 / share as usize) + 2;
            assert!(gaps.max() <= Some(most), "{index}");
        }
        // What is more than all goes to those that were named first.
        let hits = pattern(&[500_000, 900_000, 100_000], 10);
        assert_eq!(hits.iter().filter(|hit| **hit == Some(0)).count(), 5);
        assert_eq!(hits.iter().filter(|hit| **hit == Some(1)).count(), 5);
    }

    #[test]
    fn faults_are_read_as_they_are_shown() {
        for text in [
            "refuse",
            "reset",
            "close",
            "stall",
            "silent",
            "slow-headers=2s",
            "garbage",
            "status=503",
            "half-close",
            "huge-event=1000000000",
            "long-length",
            "short-length",
            "no-done",
            "error-event",
            "bad-chunk",
        ] {
            let fault: Fault = text.parse().expect(text);
            assert_eq!(fault.kind.to_string(), text);
            assert_eq!(fault.share_ppm, WHOLE);
            assert_eq!(fault.check(), Ok(()));
        }
        let fault: Fault = "status=429@0.25".parse().expect("a fault");
        assert_eq!(
            (fault.kind, fault.share_ppm),
            (FaultKind::Status(429), 250_000)
        );
        for text in [
            "",
            "nothing",
            "reset=1",
            "status",
            "status=x",
            "slow-headers=2",
            "reset@",
            "reset@1.1",
            "reset@-1",
            "reset@0.1234567",
            "reset@.5",
            "huge-event=1GB",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text:?}");
        }
        assert!(Fault::from(FaultKind::Status(200)).check().is_err());
    }
}
