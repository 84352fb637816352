//! Closed loop: stages that hold a number of requests in flight, and stages of users who think
//! between requests. Only the order is decided here; the server's answers decide the times.

use super::{Arrival, ArrivalKind};

/// A stage with a fixed number of requests, and how they start.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Index in the plan.
    pub stage: u32,
    /// Requests (or conversations) in the stage.
    pub requests: u64,
    /// How many users share them, or none if slots do.
    pub users: Option<u32>,
}

/// Walks the arrivals in order; ordinals count from 0 through all stages.
pub fn arrivals(stages: &[Counted]) -> impl Iterator<Item = Arrival> + '_ {
    let mut first = 0;
    stages.iter().flat_map(move |counted| {
        let begin = first;
        first += counted.requests;
        in_stage(*counted, begin)
    })
}

/// Arrivals to expect.
pub fn expected(stages: &[Counted]) -> u64 {
    stages
        .iter()
        .map(|stage| stage.users.map_or(stage.requests, u64::from))
        .sum()
}

fn in_stage(counted: Counted, first_ordinal: u64) -> Box<dyn Iterator<Item = Arrival>> {
    let stage = counted.stage;
    let Some(users) = counted.users.map(u64::from) else {
        return Box::new((0..counted.requests).map(move |position| Arrival {
            ordinal: first_ordinal + position,
            stage,
            kind: ArrivalKind::Slot,
        }));
    };
    // Requests are dealt round: user u has the ordinals u, u + users, u + 2 users …
    let of_user = move |user: u64| Arrival {
        ordinal: first_ordinal + user,
        stage,
        kind: ArrivalKind::User {
            requests: (counted.requests - user).div_ceil(users),
            stride: users,
        },
    };
    Box::new((0..users.min(counted.requests)).map(of_user))
}
