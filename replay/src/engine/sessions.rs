//! The sessions of a workload: their numbers, and how many turns of each are still to end.

use schemas::layout::optional_u32;
use schemas::reader::Workload;
use std::collections::HashMap;

/// Sessions numbered in the order of their first requests, whatever ids their names have.
#[derive(Debug, Default)]
pub struct SessionNumbers(HashMap<u32, u32>);

impl SessionNumbers {
    /// Reads all requests once.
    pub fn new(workload: &Workload) -> Self {
        let mut numbers = HashMap::new();
        for request in workload.requests() {
            if let Some(session) = optional_u32(request.session) {
                let next = numbers.len() as u32;
                numbers.entry(session).or_insert(next);
            }
        }
        SessionNumbers(numbers)
    }

    /// The number of the session with this string id; 0 for an id that no request has.
    pub fn number(&self, session: u32) -> u64 {
        self.0.get(&session).copied().unwrap_or(0).into()
    }
}

/// How many turns of each session have not ended.
#[derive(Debug, Default)]
pub struct OpenSessions(HashMap<u32, u32>);

impl OpenSessions {
    /// Reads all requests once.
    pub fn new(workload: &Workload) -> Self {
        let mut left = HashMap::new();
        let sessions = workload.requests().iter();
        for session in sessions.filter_map(|request| optional_u32(request.session)) {
            *left.entry(session).or_default() += 1;
        }
        OpenSessions(left)
    }

    /// A turn has ended, or will never be sent. True if that was the session's last.
    pub fn turn_ended(&mut self, session: u32) -> bool {
        let Some(left) = self.0.get_mut(&session) else {
            return false;
        };
        *left -= 1;
        let is_last = *left == 0;
        if is_last {
            self.0.remove(&session);
        }
        is_last
    }
}
