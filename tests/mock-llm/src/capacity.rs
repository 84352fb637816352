//! Places of a server with a known capacity: a request that finds none free waits for the first.
//!
//! Kept in the time of the timetable, not of the clock: a place is free when the last token of the
//! request before was due, however late a timer was. So the capacity is exactly places / service,
//! where the service is `ttft + (tokens - 1) × itl`. First come, first served, over all workers.
//! Refuses to take a place back: a client that hangs up keeps its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The places.
pub struct Capacity {
    state: Mutex<State>,
}

struct State {
    /// When each place is free again.
    free: BinaryHeap<Reverse<Instant>>,
    longest_wait: Duration,
}

impl Capacity {
    /// So many places, at least one, free since `now`.
    pub fn new(slots: usize, now: Instant) -> Self {
        assert!(slots > 0, "checked at the start");
        let state = State {
            free: std::iter::repeat_n(Reverse(now), slots).collect(),
            longest_wait: Duration::ZERO,
        };
        Capacity {
            state: Mutex::new(state),
        }
    }

    /// Takes a place for `service` for a request that came at `arrived`; gives when it begins.
    pub fn book(&self, arrived: Instant, service: Duration) -> Instant {
        let mut state = self.lock();
        let mut first = state.free.peek_mut().expect("there is a place");
        let begins = arrived.max(first.0);
        *first = Reverse(begins + service);
        drop(first);
        state.longest_wait = state.longest_wait.max(begins - arrived);
        begins
    }

    /// Counts a wait for a place that is given elsewhere.
    pub fn note_wait(&self, wait: Duration) {
        let mut state = self.lock();
        state.longest_wait = state.longest_wait.max(wait);
    }

    /// The longest that a request has waited or will wait for its place.
    pub fn longest_wait(&self) -> Duration {
        self.lock().longest_wait
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Duration = Duration::from_millis(100);

    fn begins(slots: usize, arrivals_ms: &[u64]) -> Vec<u128> {
        let start = Instant::now();
        let capacity = Capacity::new(slots, start);
        let book = |ms: &u64| capacity.book(start + Duration::from_millis(*ms), SERVICE);
        let begins = arrivals_ms.iter().map(book);
        begins.map(|at| (at - start).as_millis()).collect()
    }

    #[test]
    fn who_finds_no_place_waits_for_the_first_that_is_free() {
        assert_eq!(
            begins(2, &[0, 10, 20, 30, 250, 250, 250]),
            [0, 10, 100, 110, 250, 250, 350]
        );
        assert_eq!(begins(1, &[0, 0, 0]), [0, 100, 200]);
    }

    #[test]
    fn a_backlog_is_worked_off_at_places_by_service() {
        // 20 places of 100 ms are 200 a second: 1000 take 5 s, the last 20 begin 100 ms before.
        assert_eq!(begins(20, &[0; 1000]).last(), Some(&4900));
    }

    #[test]
    fn the_longest_wait_is_kept() {
        let start = Instant::now();
        let capacity = Capacity::new(1, start);
        for arrival in [0, 0, 0, 10] {
            capacity.book(start + SERVICE * arrival, SERVICE);
        }
        assert_eq!(capacity.longest_wait(), SERVICE * 2);
    }
}
