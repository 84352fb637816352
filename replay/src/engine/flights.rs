//! The requests that a worker has in flight, their deadlines, and what has come to its end.

use super::exchange::Part;
use super::flight::{Flight, Rules, Step};
use super::progress::Counters;
use super::timers::Timers;
use schemas::records::{ErrorClass, Outcome};
use std::sync::Arc;

/// A table of flights. A number names one from [`Flights::begin`] to [`Flights::end`]; its buffers
/// serve the next.
pub struct Flights {
    table: Vec<Flight>,
    free: Vec<u32>,
    timers: Timers,
    /// Those that are over and have not been ended.
    over: Vec<u32>,
    /// Begun, and neither written to the end nor closed.
    unwritten: usize,
    rules: Rules,
    worker: usize,
    counters: Arc<[Counters]>,
}

impl Flights {
    /// The table of a worker, with `expected` flights whose buffers are made here, before t0.
    pub fn new(rules: Rules, worker: usize, counters: Arc<[Counters]>, expected: usize) -> Self {
        Flights {
            table: (0..expected).map(|_| Flight::empty(&rules)).collect(),
            free: (0..expected as u32).rev().collect(),
            timers: Timers::default(),
            over: Vec::with_capacity(64),
            unwritten: 0,
            rules,
            worker,
            counters,
        }
    }

    /// What flights need to know of the run.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Sets t0, on CLOCK_MONOTONIC.
    pub fn set_t0(&mut self, t0_ns: u64) {
        self.rules.t0_ns = t0_ns;
    }

    /// A free number with the buffers of an earlier flight.
    pub fn begin(&mut self) -> u32 {
        self.unwritten += 1;
        self.free.pop().unwrap_or_else(|| {
            self.table.push(Flight::empty(&self.rules));
            self.table.len() as u32 - 1
        })
    }

    /// Whether all that goes out has gone out: no request waits for a connection, for a handshake or
    /// for its socket to take more.
    pub fn are_all_written(&self) -> bool {
        self.unwritten == 0
    }

    /// A flight by its number.
    pub fn get(&mut self, number: u32) -> &mut Flight {
        &mut self.table[number as usize]
    }

    /// Sets when a flight is to be given up, on CLOCK_MONOTONIC.
    pub fn set_deadline(&mut self, number: u32, due_ns: u64) {
        self.timers.set(number, due_ns);
    }

    /// The earliest deadline, on CLOCK_MONOTONIC.
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.first().map(|(due_ns, _)| due_ns)
    }

    /// Takes what has happened to a flight on the wire.
    pub fn take(&mut self, number: u32, part: Part<'_>) {
        let flight = &mut self.table[number as usize];
        let tokens_before = flight.tokens();
        let was_written = flight.is_written();
        let step = flight.take(part, &self.rules);
        let tokens = flight.tokens() - tokens_before;
        self.unwritten -= usize::from(flight.is_written() != was_written);
        let counters = &self.counters[self.worker];
        if tokens > 0 {
            counters.count_tokens(tokens.into());
        }
        if let Part::Sent(_) = part {
            let record = &flight.record;
            let lag_ns = record
                .sent_ns
                .get()
                .saturating_sub(record.scheduled_ns.get());
            counters.count_sent(lag_ns);
        }
        match step {
            Step::On => {}
            Step::Deadline(due_ns) => self.timers.set(number, due_ns),
            Step::Over => self.over.push(number),
        }
    }

    /// A flight never goes out.
    pub fn not_sent(&mut self, number: u32, class: ErrorClass) {
        self.table[number as usize].not_sent(class);
        self.over.push(number);
    }

    /// Gives up what is past its deadline at `now_ns` of CLOCK_MONOTONIC.
    pub fn expire(&mut self, now_ns: u64) {
        while let Some((due_ns, number)) = self.timers.first()
            && due_ns <= now_ns
        {
            self.timers.clear(number);
            let flight = &mut self.table[number as usize];
            if !flight.is_over() {
                flight.expire(now_ns, &self.rules);
                self.over.push(number);
            }
        }
    }

    /// Gives up everything that is not over.
    pub fn interrupt(&mut self) {
        for number in 0..self.table.len() as u32 {
            let flight = &mut self.table[number as usize];
            if flight.is_flying && !flight.is_over() {
                flight.interrupt();
                self.over.push(number);
            }
        }
    }

    /// One that is over and has not been ended.
    pub fn next_over(&mut self) -> Option<u32> {
        self.over.pop()
    }

    /// Completes the record of one that is over, at `now_ns` of CLOCK_MONOTONIC.
    pub fn close(&mut self, number: u32, now_ns: u64) -> &mut Flight {
        self.timers.clear(number);
        let flight = &mut self.table[number as usize];
        self.unwritten -= usize::from(!flight.is_written());
        flight.close(now_ns, &self.rules);
        let outcome = Outcome::from_number(flight.record.outcome);
        self.counters[self.worker].count_end(outcome.unwrap_or(Outcome::Error));
        flight
    }

    /// Lets a number go.
    pub fn end(&mut self, number: u32) {
        let flight = &mut self.table[number as usize];
        flight.is_flying = false;
        flight.trim();
        self.free.push(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::exchange::Content;
    use schemas::layout::RequestRecord;

    const T0_NS: u64 = 1_000;

    fn flights() -> (Flights, u32) {
        let rules = Rules {
            t0_ns: T0_NS,
            timeout_ns: 1_000_000,
            token_times: true,
            answers: false,
        };
        let mut flights = Flights::new(rules, 0, Arc::new([Counters::default()]), 1);
        let number = flights.begin();
        flights
            .get(number)
            .begin(0, &RequestRecord::at(5), [0; 32], 5);
        (flights, number)
    }

    fn answer(flights: &mut Flights, number: u32, read_ns: u64) {
        let (status, content) = (200, Content::Other);
        flights.take(number, Part::FirstByte(read_ns));
        flights.take(
            number,
            Part::Head {
                status,
                content,
                read_ns,
            },
        );
        flights.take(
            number,
            Part::Data {
                bytes: b"{}",
                read_ns,
            },
        );
        flights.take(number, Part::End { read_ns });
    }

    #[test]
    fn an_answer_that_lay_there_before_the_request_went_out_came_when_it_did() {
        let (mut flights, number) = flights();
        flights.take(number, Part::Sent(T0_NS + 7));
        flights.take(number, Part::BodyWritten(T0_NS + 8));
        answer(&mut flights, number, T0_NS + 3);
        let record = &flights.close(number, T0_NS + 20).record;
        assert_eq!((record.first_byte_ns.get(), record.end_ns.get()), (7, 8));
    }

    #[test]
    fn an_answer_that_came_while_the_write_returned_ends_with_the_write() {
        let (mut flights, number) = flights();
        flights.take(number, Part::Sent(T0_NS + 7));
        flights.take(number, Part::BodyWritten(T0_NS + 15));
        answer(&mut flights, number, T0_NS + 11);
        let record = &flights.close(number, T0_NS + 20).record;
        assert_eq!((record.first_byte_ns.get(), record.end_ns.get()), (11, 15));
    }

    #[test]
    fn what_is_not_written_counts_until_it_is_written_or_over() {
        let (mut flights, number) = flights();
        assert!(!flights.are_all_written());
        flights.take(number, Part::Sent(T0_NS + 7));
        assert!(!flights.are_all_written());
        flights.take(number, Part::BodyWritten(T0_NS + 8));
        assert!(flights.are_all_written());
        let other = flights.begin();
        flights
            .get(other)
            .begin(1, &RequestRecord::at(6), [0; 32], 6);
        assert!(!flights.are_all_written());
        flights.not_sent(other, ErrorClass::Connect);
        flights.close(other, T0_NS + 9);
        assert!(flights.are_all_written());
        flights.close(number, T0_NS + 9);
        assert!(flights.are_all_written());
    }
}
