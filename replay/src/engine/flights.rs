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
    rules: Rules,
    worker: usize,
    counters: Arc<[Counters]>,
}

impl Flights {
    /// An empty table of a worker, with room for `expected` flights.
    pub fn new(rules: Rules, worker: usize, counters: Arc<[Counters]>, expected: usize) -> Self {
        Flights {
            table: Vec::with_capacity(expected),
            free: Vec::with_capacity(expected),
            timers: Timers::default(),
            over: Vec::with_capacity(64),
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
        self.free.pop().unwrap_or_else(|| {
            self.table.push(Flight::empty());
            self.table.len() as u32 - 1
        })
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
        let step = flight.take(part, &self.rules);
        let tokens = flight.tokens() - tokens_before;
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
