//! When each token of an answer is due: a pure function of the start.
//!
//! Deadlines are absolute, so a late wake-up delays its own token and no other.

use std::time::Duration;

use tokio::time::Instant;

/// The timetable of one answer of at least one token.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// When the first token is due.
    first: Instant,
    itl: Duration,
    tokens: u32,
}

impl Pacing {
    /// A timetable whose first token is due `ttft` after `start`.
    pub fn new(start: Instant, ttft: Duration, itl: Duration, tokens: u32) -> Self {
        assert!(tokens > 0, "an answer has a token");
        Pacing {
            first: start + ttft,
            itl,
            tokens,
        }
    }

    /// The same, ending after at most this many tokens (at least 1).
    pub fn first_tokens(self, tokens: u32) -> Self {
        let tokens = tokens.clamp(1, self.tokens);
        Pacing { tokens, ..self }
    }

    pub fn tokens(&self) -> u32 {
        self.tokens
    }

    /// When token `index` (from 0) is due.
    pub fn deadline(&self, index: u32) -> Instant {
        self.first + self.itl * index
    }

    /// When the last token is due.
    pub fn end(&self) -> Instant {
        self.deadline(self.tokens - 1)
    }

    /// How many tokens are due at `now`.
    pub fn due(&self, now: Instant) -> u32 {
        let Some(since_first) = now.checked_duration_since(self.first) else {
            return 0;
        };
        if self.itl.is_zero() {
            return self.tokens;
        }
        let after_first = since_first.as_nanos() / self.itl.as_nanos();
        u32::try_from(after_first).map_or(self.tokens, |n| n.saturating_add(1).min(self.tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_due_at_their_deadlines_and_not_before() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        for (ttft, itl, after, due) in [
            (ms(0), ms(0), ms(0), 5),
            (ms(10), ms(0), ms(9), 0),
            (ms(10), ms(0), ms(10), 5),
            (ms(10), ms(3), ms(10), 1),
            (ms(10), ms(3), ms(12), 1),
            (ms(10), ms(3), ms(13), 2),
            (ms(10), ms(3), ms(22), 5),
            (ms(10), ms(3), ms(1_000_000_000), 5),
        ] {
            let pacing = Pacing::new(start, ttft, itl, 5);
            assert_eq!(pacing.due(start + after), due, "{ttft:?} {itl:?} {after:?}");
        }
    }

    #[test]
    fn a_deadline_does_not_drift() {
        let start = Instant::now();
        let pacing = Pacing::new(
            start,
            Duration::from_millis(5),
            Duration::from_micros(250),
            1001,
        );
        assert_eq!(pacing.end() - start, Duration::from_millis(255));
    }
}
