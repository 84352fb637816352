//! The times of one record with absence spelt out, and whether they can be true.
//!
//! Knows the order in which things happen to a request; refuses to repair a record that breaks it.

use schemas::layout::optional_u64;
use schemas::records::{Outcome, ResultRecord};

/// When things happened to one request, in ns from t0; `None` where they did not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// When it was to be sent, after `--speed`. `None` for a request whose time never came
    /// because it waits for another one.
    pub scheduled_ns: Option<u64>,
    /// Just before its first write.
    pub sent_ns: Option<u64>,
    /// Just after the write that took its last body byte.
    pub body_written_ns: Option<u64>,
    /// The read that brought the first byte of the response.
    pub first_byte_ns: Option<u64>,
    /// The read that brought the first event with output.
    pub first_token_ns: Option<u64>,
    /// The read that brought the last event with output.
    pub last_token_ns: Option<u64>,
    /// When the response was complete or given up.
    pub end_ns: Option<u64>,
    /// When it was to be abandoned. `None` for one that is not, or that ended before.
    pub cancel_due_ns: Option<u64>,
}

impl Times {
    /// The times of a record.
    pub fn of(record: &ResultRecord) -> Times {
        Times {
            scheduled_ns: optional_u64(record.scheduled_ns),
            sent_ns: optional_u64(record.sent_ns),
            body_written_ns: optional_u64(record.body_written_ns),
            first_byte_ns: optional_u64(record.first_byte_ns),
            first_token_ns: optional_u64(record.first_token_ns),
            last_token_ns: optional_u64(record.last_token_ns),
            end_ns: optional_u64(record.end_ns),
            cancel_due_ns: optional_u64(record.cancel_due_ns),
        }
    }

    /// How late the request was sent, in ns; negative if early, `None` if not sent.
    pub fn delay_ns(&self) -> Option<i64> {
        span_ns(self.scheduled_ns, self.sent_ns)
    }

    /// How long after its due time it was abandoned, in ns; `None` if it was not to be.
    pub fn cancel_error_ns(&self) -> Option<i64> {
        span_ns(self.cancel_due_ns, self.end_ns)
    }

    /// Whether these times can belong to a request that ended so.
    ///
    /// One that was not sent has no further times. One that was sent was scheduled and has ended;
    /// nothing of it is before its sending or after its end, and bytes, first and last output come
    /// in that order. (A response may begin before the body is fully written.) One that was
    /// abandoned was due to be.
    pub fn fit(&self, outcome: Outcome) -> bool {
        let after_sent = [
            self.body_written_ns,
            self.first_byte_ns,
            self.first_token_ns,
            self.last_token_ns,
            self.cancel_due_ns,
        ];
        let Some(sent) = self.sent_ns else {
            return outcome == Outcome::NotSent && after_sent.iter().all(Option::is_none);
        };
        let (Some(end), Some(_)) = (self.end_ns, self.scheduled_ns) else {
            return false;
        };
        outcome != Outcome::NotSent
            && after_sent
                .iter()
                .flatten()
                .all(|at| (sent..=end).contains(at))
            && sent <= end
            && after_sent[1..4].iter().flatten().is_sorted()
            && self.first_token_ns.is_some() == self.last_token_ns.is_some()
            && (outcome != Outcome::Cancelled || self.cancel_due_ns.is_some())
    }
}

/// Whether token times that were kept begin at the first output and end at the last; they cannot go
/// back, by the way they are written. A record whose times were not kept is right.
pub fn fit_tokens(record: &ResultRecord, token_ns: &[u64]) -> bool {
    let (Some(first), Some(last)) = (token_ns.first(), token_ns.last()) else {
        return true;
    };
    (record.first_token_ns.get(), record.last_token_ns.get()) == (*first, *last)
}

/// From one time to another in ns; `None` if either is absent or the span exceeds 292 years.
pub fn span_ns(from_ns: Option<u64>, to_ns: Option<u64>) -> Option<i64> {
    i64::try_from(i128::from(to_ns?) - i128::from(from_ns?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::layout::NONE_U64;
    use zerocopy::FromZeros;

    fn complete() -> Times {
        Times {
            scheduled_ns: Some(10),
            sent_ns: Some(9),
            body_written_ns: Some(12),
            first_byte_ns: Some(11),
            first_token_ns: Some(20),
            last_token_ns: Some(30),
            end_ns: Some(30),
            cancel_due_ns: None,
        }
    }

    #[test]
    fn sent_early_and_answered_before_the_body_is_out_is_possible() {
        assert!(complete().fit(Outcome::Ok));
        assert_eq!(complete().delay_ns(), Some(-1));
    }

    #[test]
    fn what_cannot_be_true_does_not_fit() {
        type Change = fn(&mut Times);
        let broken: [(&str, Change); 11] = [
            ("no end", |times| times.end_ns = None),
            ("no schedule", |times| times.scheduled_ns = None),
            ("not sent, yet answered", |times| times.sent_ns = None),
            ("answered before sent", |times| {
                times.first_byte_ns = Some(8)
            }),
            ("output before bytes", |times| {
                times.first_byte_ns = Some(21)
            }),
            ("last before first", |times| times.last_token_ns = Some(19)),
            ("output after the end", |times| times.end_ns = Some(29)),
            ("a first without a last", |times| times.last_token_ns = None),
            ("due to be abandoned after its end", |times| {
                times.cancel_due_ns = Some(31)
            }),
            ("due to be abandoned before sent", |times| {
                times.cancel_due_ns = Some(8)
            }),
            ("ended before it began", |times| {
                *times = Times {
                    scheduled_ns: Some(10),
                    sent_ns: Some(9),
                    end_ns: Some(8),
                    ..Times::default()
                }
            }),
        ];
        for (what, change) in broken {
            let mut times = complete();
            change(&mut times);
            assert!(!times.fit(Outcome::Ok), "{what}");
        }
        assert!(
            !complete().fit(Outcome::NotSent),
            "not sent, with a sending"
        );
    }

    #[test]
    fn what_was_abandoned_was_due_to_be() {
        let mut times = complete();
        assert!(!times.fit(Outcome::Cancelled));
        times.cancel_due_ns = Some(28);
        assert!(times.fit(Outcome::Cancelled));
        assert_eq!(times.cancel_error_ns(), Some(2));
        // It was due, but the end of the answer or a failure was seen first.
        assert!(times.fit(Outcome::Ok) && times.fit(Outcome::Error));
        let never = Times {
            cancel_due_ns: Some(28),
            ..Times::default()
        };
        assert!(!never.fit(Outcome::NotSent));
    }

    #[test]
    fn token_times_span_from_the_first_output_to_the_last() {
        let mut record = ResultRecord::new_zeroed();
        (record.first_token_ns, record.last_token_ns) = (20.into(), 30.into());
        for right in [&[][..], &[20, 30], &[20, 20, 25, 30]] {
            assert!(fit_tokens(&record, right), "{right:?}");
        }
        for wrong in [&[20][..], &[30], &[19, 30], &[20, 31], &[20, 1_000_000]] {
            assert!(!fit_tokens(&record, wrong), "{wrong:?}");
        }
        record.last_token_ns = NONE_U64.into();
        record.first_token_ns = NONE_U64.into();
        assert!(fit_tokens(&record, &[]) && !fit_tokens(&record, &[20]));
    }

    #[test]
    fn a_request_that_was_not_sent_needs_no_time_at_all() {
        let never = Times::default();
        assert!(never.fit(Outcome::NotSent));
        assert!(!never.fit(Outcome::Timeout));
    }
}
