//! The stages of closed loops, in which a request starts when another has ended.
//!
//! Refuses rates and durations: how fast a closed loop is, and how long it lasts, is the server's
//! doing. Refuses users with more requests each than a user has.

use super::MAX_REQUESTS;
use super::stages::{CommonKeys, Measured};
use crate::samplers::{Distribution, EXPOSURE_PER_ARRIVAL};
use crate::spec::context::Context;
use crate::spec::distribution::{self, DURATION};
use crate::spec::error::SpecError;
use crate::spec::fields::{Cursor, Fields, Keys, Refused};
use crate::spec::load::MAX_CONCURRENCY;

/// Most requests of one user, one after the other.
const MAX_REQUESTS_OF_USER: u64 = 1_000_000;

/// So many requests, so many of them at once.
#[derive(Clone, Debug, PartialEq)]
pub struct ConcurrentStage {
    pub name: Option<String>,
    pub requests: u64,
    /// At least 1.
    pub concurrency: u32,
    pub warm_up: bool,
}

/// So many requests, made by so many users one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct UserStage {
    pub name: Option<String>,
    /// At least 1.
    pub users: u32,
    /// Of all users together.
    pub requests: u64,
    /// Nanoseconds between the end of an answer and the same user's next request.
    pub think_time: Distribution,
    pub warm_up: bool,
}

const NO_RATE: &str = "a closed loop has no rate: a request starts when another has ended";
const NO_DURATION: &str = "a closed loop has no duration: it ends with its last request";

/// A key of open loops, refused for this reason.
const fn open_key(key: &'static str, what: &'static str) -> Refused {
    (
        key,
        what,
        "write `num_requests` instead, or set `load.type: constant`",
    )
}

const CONCURRENT_KEYS: Keys = Keys {
    known: &["num_requests", "concurrency_level", "name", "warm_up"],
    later: &[],
    refused: &[
        open_key("rate", NO_RATE),
        open_key("end_rate", NO_RATE),
        open_key("ramp", NO_RATE),
        open_key("duration", NO_DURATION),
        (
            "max_concurrency",
            "`concurrency_level` is the most, and the least",
            "remove it",
        ),
        (
            "users",
            "a concurrent load has no users who think",
            "write `concurrency_level`, or set `load.type: users`",
        ),
        (
            "think_time",
            "a concurrent load starts the next request at once",
            "remove it, or set `load.type: users`",
        ),
    ],
};

const USER_KEYS: Keys = Keys {
    known: &["users", "num_requests", "think_time", "name", "warm_up"],
    later: &[],
    refused: &[
        open_key("rate", NO_RATE),
        open_key("end_rate", NO_RATE),
        open_key("ramp", NO_RATE),
        open_key("duration", NO_DURATION),
        (
            "max_concurrency",
            "each user has one request in flight at most",
            "remove it",
        ),
        (
            "concurrency_level",
            "the concurrency of users is their number",
            "write `users`, or set `load.type: concurrent`",
        ),
    ],
};

/// One stage of a load of type concurrent.
pub(super) fn read_concurrent(item: &Cursor<'_>) -> Result<Measured<ConcurrentStage>, SpecError> {
    let fields = item.clone().fields(&CONCURRENT_KEYS)?;
    let requests = read_requests(&fields)?;
    let remedy = "add `concurrency_level: 32`, the requests in flight at once";
    let level = fields.required("concurrency_level", remedy)?;
    let common = CommonKeys::read(&fields)?;
    let stage = ConcurrentStage {
        name: common.name,
        requests,
        concurrency: level.count_u32(1, MAX_CONCURRENCY, " of requests")?,
        warm_up: common.warm_up,
    };
    Ok(measured(stage, requests))
}

/// One stage of a load of type users.
pub(super) fn read_users(
    item: &Cursor<'_>,
    context: &mut Context<'_>,
) -> Result<Measured<UserStage>, SpecError> {
    let fields = item.clone().fields(&USER_KEYS)?;
    let requests = read_requests(&fields)?;
    let users = read_number_of_users(&fields, requests)?;
    let common = CommonKeys::read(&fields)?;
    let stage = UserStage {
        name: common.name,
        users,
        requests,
        think_time: match fields.optional("think_time") {
            Some(think_time) => distribution::read(think_time, &DURATION, context)?,
            None => Distribution::fixed(0),
        },
        warm_up: common.warm_up,
    };
    Ok(measured(stage, requests))
}

/// The users of a stage, who are enough for its requests.
fn read_number_of_users(fields: &Fields<'_>, requests: u64) -> Result<u32, SpecError> {
    let cursor = fields.required("users", "add `users: 32`")?;
    let users = cursor.count_u32(1, MAX_CONCURRENCY, " of users")?;
    let of_one = requests.div_ceil(u64::from(users));
    if of_one > MAX_REQUESTS_OF_USER {
        let what = format!(
            "each user would have {of_one} requests, more than the limit of {MAX_REQUESTS_OF_USER}"
        );
        let enough = requests.div_ceil(MAX_REQUESTS_OF_USER);
        return Err(cursor.error(what, format!("raise `users` to {enough} or more")));
    }
    Ok(users)
}

fn read_requests(fields: &Fields<'_>) -> Result<u64, SpecError> {
    let requests = fields.required("num_requests", "add `num_requests: 1000`")?;
    requests.count(1, MAX_REQUESTS, " of requests")
}

/// A closed loop lasts as long as the server takes, which no limit can know.
fn measured<T>(stage: T, requests: u64) -> Measured<T> {
    Measured {
        stage,
        exposure: u128::from(requests) * EXPOSURE_PER_ARRIVAL,
        duration_ns: 0,
    }
}
