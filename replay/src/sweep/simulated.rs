//! A server of known capacity that the tests of a sweep ask instead of a real one: places of a fixed
//! service time, first come, first served.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The server.
pub struct Fifo {
    /// Requests served at once.
    pub places: usize,
    /// What each takes, in ns.
    pub service_ns: u64,
}

impl Fifo {
    /// Answers per second at most.
    pub fn capacity(&self) -> f64 {
        self.places as f64 * 1e9 / self.service_ns as f64
    }

    /// When requests that come at these times (sorted) are answered.
    pub fn open(&self, arrivals_ns: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut free = BinaryHeap::from(vec![Reverse(0); self.places]);
        let answer = |arrival: u64| {
            let Reverse(first) = free.pop().expect("a place");
            let end = arrival.max(first) + self.service_ns;
            free.push(Reverse(end));
            end
        };
        arrivals_ns.into_iter().map(answer).collect()
    }

    /// When `requests` are answered of which at most `in_flight` are here at a time; each begins
    /// `gap_ns` after the answer that made room for it.
    pub fn closed(&self, requests: u64, in_flight: u32, gap_ns: u64) -> Vec<u64> {
        let mut free = BinaryHeap::from(vec![Reverse(0); self.places]);
        let mut open: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
        let mut ends = Vec::new();
        for _ in 0..requests {
            let room = (open.len() == in_flight as usize).then(|| open.pop().expect("it is full"));
            let arrival = room.map_or(0, |Reverse(end)| end + gap_ns);
            let Reverse(first) = free.pop().expect("a place");
            let end = arrival.max(first) + self.service_ns;
            free.push(Reverse(end));
            open.push(Reverse(end));
            ends.push(end);
        }
        ends.sort_unstable();
        ends
    }
}

/// Numbers that look drawn and are the same every time.
pub struct Draws(u64);

impl Draws {
    /// Starts anywhere.
    pub fn new(seed: u64) -> Self {
        Draws(seed)
    }

    /// From 0 to 1, both left out (SplitMix64).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// The first `count` of independent events of this rate a second, in ns.
    pub fn independent(&mut self, count: usize, rate: f64) -> Vec<u64> {
        // Four times as many over four times the time: how many come first is left to chance.
        let all = count * 4;
        let length_ns = all as f64 / rate * 1e9;
        let mut times: Vec<u64> = (0..all)
            .map(|_| (self.uniform() * length_ns) as u64)
            .collect();
        times.sort_unstable();
        times.truncate(count);
        times
    }
}
