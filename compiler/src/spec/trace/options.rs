//! What is taken of a trace, and how fast it is played. Refuses two ways to say how fast.

use super::{TraceOptions, TraceStart};
use crate::spec::error::SpecError;
use crate::spec::fields::{Choices, Cursor, Fields, Keys};
use crate::spec::load::MAX_REQUESTS;

/// Most times that a trace is played one after the other.
pub const MAX_PASSES: u32 = 4_096;

const WINDOW_KEYS: Keys = Keys {
    known: &["from", "to"],
    later: &[],
    refused: &[],
};

const STARTS: Choices<TraceStart> = Choices {
    known: &[
        ("first_request", TraceStart::FirstRequest),
        ("window", TraceStart::Window),
    ],
    later: &[],
    refused: &[],
};

const WINDOW_EXAMPLE: &str = "write `window: {from: 10m, to: 20m}`, times from the trace's begin";

pub fn read(fields: &Fields<'_>) -> Result<TraceOptions, SpecError> {
    let speed = fields.optional("speed");
    let rate = fields.optional("rate");
    if let (Some(_), Some(rate)) = (&speed, &rate) {
        let what = "`speed` says already how fast the trace is played";
        return Err(rate.error(what, "keep one of the two"));
    }
    let window = fields.optional("window").map(read_window).transpose()?;
    let start = match fields.optional("start") {
        None => TraceStart::FirstRequest,
        Some(start) => {
            let chosen = start.choice(&STARTS)?;
            if chosen == TraceStart::Window && window.is_none() {
                let what = "there is no window whose begin could be t0";
                return Err(start.error(what, format!("remove it, or {WINDOW_EXAMPLE}")));
            }
            chosen
        }
    };
    let limit = fields.optional("limit");
    let limit = limit.map(|limit| limit.count(1, MAX_REQUESTS, " of rows"));
    let sample = fields
        .optional("sample")
        .map(|share| share.positive_share());
    let speed = speed.map(|speed| speed.positive_millionths("a factor, like 2 or 0.5"));
    let passes = fields.optional("loop");
    let passes = passes.map(|passes| passes.count_u32(1, MAX_PASSES, " of passes"));
    Ok(TraceOptions {
        window,
        limit: limit.transpose()?,
        sample: sample.transpose()?,
        speed: speed.transpose()?,
        rate: rate.map(|rate| rate.rate()).transpose()?,
        passes: passes.unwrap_or(Ok(1))?,
        start,
    })
}

fn read_window(cursor: Cursor<'_>) -> Result<(u64, u64), SpecError> {
    let fields = cursor.clone().fields(&WINDOW_KEYS)?;
    let (from, to) = (fields.optional("from"), fields.optional("to"));
    if from.is_none() && to.is_none() {
        return Err(cursor.error("it has neither `from` nor `to`", WINDOW_EXAMPLE));
    }
    let from_ns = match from {
        Some(from) => from.duration_or_zero()?.get(),
        None => 0,
    };
    let Some(to) = to else {
        return Ok((from_ns, u64::MAX));
    };
    let to_ns = to.duration()?.get();
    if from_ns >= to_ns {
        let what = "the window ends before it begins, or at once";
        return Err(to.error(
            what,
            "make `to` later than `from`; both count from the trace's begin",
        ));
    }
    Ok((from_ns, to_ns))
}
