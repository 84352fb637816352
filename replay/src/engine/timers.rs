//! One deadline for each flight: when it is to be cancelled, or given up.
//!
//! A binary heap that knows where each flight stands in it, so that the deadline of a request
//! that was answered in time is taken out and not left behind: ten minutes of `--timeout` at
//! 20,000 requests a second would be twelve million of them.

/// Not in the heap.
const NOWHERE: u32 = u32::MAX;

/// Deadlines by flight.
#[derive(Debug, Default)]
pub struct Timers {
    /// Due time and flight; each is not before its parent at half its place.
    heap: Vec<(u64, u32)>,
    /// Where each flight stands in the heap.
    place: Vec<u32>,
}

impl Timers {
    /// Sets or replaces the deadline of a flight.
    pub fn set(&mut self, flight: u32, due_ns: u64) {
        if self.place.len() <= flight as usize {
            self.place.resize(flight as usize + 1, NOWHERE);
        }
        let mut at = self.place[flight as usize] as usize;
        if at == NOWHERE as usize {
            at = self.heap.len();
            self.heap.push((due_ns, flight));
        } else {
            self.heap[at].0 = due_ns;
        }
        self.settle(at);
    }

    /// Takes a flight's deadline away, if it has one.
    pub fn clear(&mut self, flight: u32) {
        let Some(place) = self.place.get_mut(flight as usize) else {
            return;
        };
        let at = std::mem::replace(place, NOWHERE) as usize;
        if at == NOWHERE as usize {
            return;
        }
        let last = self.heap.len() - 1;
        self.heap.swap(at, last);
        self.heap.pop();
        if at < last {
            self.settle(at);
        }
    }

    /// The earliest deadline and whose it is.
    pub fn first(&self) -> Option<(u64, u32)> {
        self.heap.first().copied()
    }

    /// Moves what stands at a place to where it belongs, and notes where everything went.
    fn settle(&mut self, mut at: usize) {
        while at > 0 && self.heap[at] < self.heap[(at - 1) / 2] {
            let parent = (at - 1) / 2;
            self.heap.swap(at, parent);
            self.note(at);
            at = parent;
        }
        loop {
            let children = 2 * at + 1..(2 * at + 3).min(self.heap.len());
            let Some(child) = children.min_by_key(|child| self.heap[*child]) else {
                break;
            };
            if self.heap[at] <= self.heap[child] {
                break;
            }
            self.heap.swap(at, child);
            self.note(at);
            at = child;
        }
        self.note(at);
    }

    fn note(&mut self, at: usize) {
        self.place[self.heap[at].1 as usize] = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn agrees_with_a_sorted_map(steps in prop::collection::vec((0u32..20, prop::option::of(0u64..50)), 0..300)) {
            let mut timers = Timers::default();
            let mut map = BTreeMap::new();
            for (flight, due) in steps {
                match due {
                    Some(due) => { timers.set(flight, due); map.insert(flight, due); }
                    None => { timers.clear(flight); map.remove(&flight); }
                }
                let first = map.iter().map(|(flight, due)| (*due, *flight)).min();
                prop_assert_eq!(timers.first(), first);
            }
        }
    }
}
