//! A data set as the spec names it: what kind of file, and which of its conversations are taken in
//! which order. Nothing is opened here.
//!
//! Refuses what a data set decides itself: lengths of prompts, numbers of turns, texts in front of
//! a body that is sent as it is.

use super::api::ApiKind;
use super::context::{Context, file_name};
use super::distribution::{self, DURATION, TOKENS};
use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys};
use super::front::Front;
use super::load::Load;
use super::sessions::History;
use crate::samplers::Distribution;

/// A data set, as `data` names it.
#[derive(Clone, Debug, PartialEq)]
pub struct SetRef {
    pub kind: SetKind,
    /// The path in the spec's own words.
    pub path: String,
    pub order: SetOrder,
    /// So many of its conversations, if it has more.
    pub entries: Option<u64>,
    /// Tokens of the answer to a turn whose length nobody says, if the spec says it.
    pub output: Option<Distribution>,
    /// Between turns of which the file does not say when they are sent.
    pub delay: Distribution,
    /// What stands for the server's earlier answers.
    pub history: History,
}

/// In which order conversations are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOrder {
    /// That of the file, again and again.
    Sequential,
    /// Each drawn by itself, with replacement.
    Random,
    /// All of them in a new order for each pass.
    Shuffle,
}

/// The formats of data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetKind {
    /// A request a line; lines of one `session_id` follow one another.
    SingleTurn,
    /// A conversation a line.
    MultiTurn,
    /// A file, or a directory of files, of which each request takes one line each.
    RandomPool,
    /// Recorded conversations in one JSON array.
    ShareGpt,
    /// A body a line.
    RawPayload,
    /// Sessions of bodies in one JSON object, as AIPerf writes them.
    InputsJson,
    /// A body a line, with a path and a name, as OpenAI's batch endpoint takes them.
    OpenAiBatch,
}

impl SetKind {
    /// The word in the spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SingleTurn => "single_turn",
            Self::MultiTurn => "multi_turn",
            Self::RandomPool => "random_pool",
            Self::ShareGpt => "sharegpt",
            Self::RawPayload => "raw_payload",
            Self::InputsJson => "inputs_json",
            Self::OpenAiBatch => "openai_batch",
        }
    }

    /// Whether a turn repeats the turns before it.
    pub const fn accumulates(self) -> bool {
        matches!(self, Self::MultiTurn | Self::ShareGpt)
    }

    /// Whether the file has whole bodies, which are sent as they are.
    pub const fn is_raw(self) -> bool {
        matches!(
            self,
            Self::RawPayload | Self::InputsJson | Self::OpenAiBatch
        )
    }
}

const ORDERS: Choices<SetOrder> = Choices {
    known: &[
        ("sequential", SetOrder::Sequential),
        ("random", SetOrder::Random),
        ("shuffle", SetOrder::Shuffle),
    ],
    later: &[],
    refused: &[],
};

/// The keys of `data` that only a data set has.
pub(super) const SET_KEYS: [&str; 3] = ["path", "sampling", "entries"];

/// The keys of `data` that a data set does not have.
const FOREIGN_KEYS: [(&str, &str); 10] = [
    ("images", "the file says which images are sent"),
    ("audio", "the file says which audio is sent"),
    ("documents", "the file says what is asked"),
    ("batch_size", "the file says what is asked"),
    ("input_distribution", "the file says what is asked"),
    ("sequence_distribution", "the file says what is asked"),
    ("trace", "the file says what is asked"),
    ("shared_prefix", "the file says what is asked"),
    ("corpus", "the file has texts of its own"),
    ("unique", "the file has texts of its own"),
];

const SESSION_KEYS: Keys = Keys {
    known: &["delay", "history"],
    later: &[],
    refused: &[(
        "turns",
        "the data set says how many turns a session has",
        "remove it",
    )],
};

/// Most conversations that `entries` can ask for.
const MAX_ENTRIES: u64 = crate::dataset::MAX_ROWS;

impl SetRef {
    pub(super) fn read(
        kind: SetKind,
        fields: &Fields<'_>,
        load: &Load,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        for (key, what) in FOREIGN_KEYS {
            if let Some(foreign) = fields.optional(key) {
                return Err(foreign.error(what, "remove it, or write `type: synthetic`"));
            }
        }
        if kind.is_raw() {
            Front::refuse(fields, "the bodies of the data set are sent as they are")?;
        }
        let path = fields.required("path", "add `path: ./data.jsonl`, the data set")?;
        let (order, entries) = (fields.optional("sampling"), fields.optional("entries"));
        if kind == SetKind::RandomPool {
            refuse_in_pools(order.as_ref(), entries.as_ref())?;
        }
        let output = match fields.optional("output_distribution") {
            Some(output) if kind.is_raw() => {
                let what = "the bodies of the data set are sent as they are";
                return Err(output.error(what, "remove it: a body says how long its answer may be"));
            }
            Some(output) => Some(distribution::read(output, &TOKENS, context)?),
            None => None,
        };
        let set = Self {
            kind,
            path: file_name(&path)?.to_owned(),
            order: match &order {
                Some(order) => order.choice(&ORDERS)?,
                None => SetOrder::Sequential,
            },
            entries: match entries {
                Some(entries) => Some(entries.count(1, MAX_ENTRIES, " of conversations")?),
                None => None,
            },
            output,
            delay: Distribution::fixed(0),
            history: History::Materialised,
        };
        if *load == Load::Schedule {
            set.check_schedule(fields, order)?;
        }
        Ok(set)
    }

    /// A schedule takes each conversation once, when the file says.
    fn check_schedule(
        &self,
        fields: &Fields<'_>,
        order: Option<Cursor<'_>>,
    ) -> Result<(), SpecError> {
        if !matches!(self.kind, SetKind::SingleTurn | SetKind::MultiTurn) {
            let what = format!("a data set of type {} has no timestamps", self.kind.name());
            let remedy = "write `type: single_turn` or `multi_turn`, or another `load.type`";
            return Err(fields.cursor.error(what, remedy));
        }
        match order.filter(|_| self.order != SetOrder::Sequential) {
            Some(order) => {
                let what = "the fixed schedule takes each conversation once, at its own time";
                Err(order.error(what, "remove it, or write another `load.type`"))
            }
            None => Ok(()),
        }
    }

    /// Refuses the keys of a data set in other data.
    pub(super) fn refuse_keys(fields: &Fields<'_>) -> Result<(), SpecError> {
        match SET_KEYS.iter().find_map(|key| fields.optional(key)) {
            Some(foreign) => {
                let what = "only a data set has it";
                let remedy =
                    "set `data.type`, for example to single_turn or sharegpt, or remove it";
                Err(foreign.error(what, remedy))
            }
            None => Ok(()),
        }
    }

    /// What `sessions` says beside it.
    pub(super) fn read_sessions(
        &mut self,
        cursor: Cursor<'_>,
        kind: ApiKind,
        context: &mut Context<'_>,
    ) -> Result<(), SpecError> {
        let fields = cursor.fields(&SESSION_KEYS)?;
        if let Some(delay) = fields.optional("delay") {
            self.delay = distribution::read(delay, &DURATION, context)?;
        }
        let Some(history) = fields.optional("history") else {
            return Ok(());
        };
        if !self.kind.accumulates() {
            let what = format!(
                "requests of type {} repeat nothing of the ones before",
                self.kind.name()
            );
            return Err(history.error(what, "remove it, or write `data.type: multi_turn`"));
        }
        self.history = History::read(&history, kind)?;
        Ok(())
    }
}

fn refuse_in_pools(
    order: Option<&Cursor<'_>>,
    entries: Option<&Cursor<'_>>,
) -> Result<(), SpecError> {
    if let Some(entries) = entries {
        let what = "each request takes one line of each pool, however many there are";
        return Err(entries.error(what, "remove it; `load` says how many requests there are"));
    }
    match order {
        Some(order) if order.choice(&ORDERS)? != SetOrder::Random => {
            let what = "a random pool is drawn from with replacement";
            Err(order.error(what, "remove it, or set `data.type: single_turn`"))
        }
        _ => Ok(()),
    }
}
