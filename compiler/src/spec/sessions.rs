//! The `sessions` block: conversations of several turns. Refuses to stand beside a trace that
//! brings sessions of its own.

use super::api::ApiKind;
use super::context::Context;
use super::distribution::{self, DURATION, TURNS};
use super::error::SpecError;
use super::fields::{Choices, Cursor, Keys, REMOVE};
use crate::samplers::Distribution;

/// Most turns of a session.
pub const MAX_TURNS: u64 = 4_096;

/// Conversations: every start of the load is a session's, and its turns follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Sessions {
    /// Turns of a session, 1 to [`MAX_TURNS`].
    pub turns: Distribution,
    /// Nanoseconds between the end of an answer and the next turn.
    pub delay: Distribution,
    pub history: History,
}

/// What stands for the server's earlier answers in a later turn's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Text made by the compiler: the bytes of every turn are known before the run.
    Materialised,
    /// What the server did answer, put in by the replay.
    Live,
}

const KEYS: Keys = Keys {
    known: &["turns", "delay", "history"],
    later: &[
        ("input_distribution", REMOVE),
        ("output_distribution", REMOVE),
    ],
    refused: &[],
};

const HISTORIES: Choices<History> = Choices {
    known: &[
        ("materialised", History::Materialised),
        ("materialized", History::Materialised),
        ("live", History::Live),
    ],
    later: &[],
    refused: &[],
};

impl Sessions {
    pub(super) fn read(
        cursor: Cursor<'_>,
        kind: ApiKind,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let fields = cursor.fields(&KEYS)?;
        let turns = fields.required("turns", "add `turns: uniform(2, 8)`, or a number")?;
        let delay = fields.optional("delay");
        let history = fields.optional("history");
        Ok(Self {
            turns: distribution::read(turns, &TURNS, context)?,
            delay: match delay {
                Some(delay) => distribution::read(delay, &DURATION, context)?,
                None => Distribution::fixed(0),
            },
            history: history.map_or(Ok(History::Materialised), |history| {
                History::read(&history, kind)
            })?,
        })
    }
}

impl History {
    /// Refuses live history where no answer's text can be told from the rest of it.
    pub(super) fn read(cursor: &Cursor<'_>, kind: ApiKind) -> Result<Self, SpecError> {
        let history = cursor.choice(&HISTORIES)?;
        if history == Self::Live && !kind.tells_answers() {
            let what = format!(
                "where an answer of the endpoint `{}` holds its text is not known, so none can be \
                 put into later turns",
                kind.name()
            );
            let remedy = "write `history: materialised`, or an endpoint of a known API, like \
                          `api: {type: chat}`";
            return Err(cursor.error(what, remedy));
        }
        Ok(history)
    }
}
