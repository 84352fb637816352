//! The `data` block: what the requests ask, as far as their lengths go.
//!
//! Refuses lengths given twice (by a trace and by distributions), and a trace
//! other than the one whose times are replayed.

use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys, REMOVE};
pub use super::length::{LengthSpec, MAX_LENGTH_TOKENS, MIN_LENGTH_TOKENS};
use super::load::Load;
use super::trace::TraceRef;

/// What the prompts are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    pub kind: DataKind,
    pub lengths: Lengths,
}

/// inference-perf's name for how text is made; both mean the same here so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    Synthetic,
    Random,
}

/// Where token counts come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Lengths {
    /// Drawn for each request.
    Drawn {
        input: LengthSpec,
        output: LengthSpec,
    },
    /// Read from the row of the trace that `load` replays; `load` is then
    /// [`Load::TraceReplay`].
    FromTrace,
}

const KEYS: Keys = Keys {
    known: &["type", "input_distribution", "output_distribution", "trace"],
    later: &[
        ("path", REMOVE),
        ("corpus", REMOVE),
        ("tokenizer", REMOVE),
        ("shared_prefix", REMOVE),
        ("images", REMOVE),
        ("audio", REMOVE),
        ("sessions", REMOVE),
    ],
};

const KINDS: Choices<DataKind> = Choices {
    known: &[
        ("synthetic", DataKind::Synthetic),
        ("random", DataKind::Random),
    ],
    later: &[
        "mock",
        "shareGPT",
        "shared_prefix",
        "corpus",
        "cnn_dailymail",
        "billsum_conversations",
        "infinity_instruct",
    ],
};

impl Data {
    /// Reads the block at `cursor`, if there is one, for requests that come as
    /// `load` says.
    pub(super) fn read(
        cursor: Option<Cursor<'_>>,
        root: &Cursor<'_>,
        load: &Load,
    ) -> Result<Self, SpecError> {
        let Some(cursor) = cursor else {
            return Self::default_for(root, load);
        };
        let fields = cursor.fields(&KEYS)?;
        let kind = fields
            .required("type", "add `type: synthetic`")?
            .choice(&KINDS)?;
        let lengths = match fields.optional("trace") {
            Some(trace) => read_trace(trace, &fields, load)?,
            None => read_distributions(&fields, load)?,
        };
        Ok(Self { kind, lengths })
    }

    /// What inference-perf's distributions default to; a trace has no default,
    /// because its own token counts are more likely to be meant.
    fn default_for(root: &Cursor<'_>, load: &Load) -> Result<Self, SpecError> {
        if let Load::TraceReplay(trace) = load {
            return Err(root.error(NO_LENGTHS, trace_remedy(trace)));
        }
        let lengths = Lengths::Drawn {
            input: LengthSpec::DEFAULT,
            output: LengthSpec::DEFAULT,
        };
        let kind = DataKind::Synthetic;
        Ok(Self { kind, lengths })
    }
}

const NO_LENGTHS: &str =
    "a trace replay needs token counts, from `data.trace` or from both distributions";

fn trace_remedy(trace: &TraceRef) -> String {
    let (file, format) = (&trace.file, trace.format.name());
    format!(
        "add `data: {{type: random, trace: {{file: {file}, format: {format}}}}}`, \
         or both distributions"
    )
}

fn read_trace(cursor: Cursor<'_>, fields: &Fields<'_>, load: &Load) -> Result<Lengths, SpecError> {
    let trace = TraceRef::read(cursor.clone())?;
    for key in ["input_distribution", "output_distribution"] {
        if let Some(second) = fields.optional(key) {
            let what = "the token counts come from `data.trace` already";
            return Err(second.error(what, "remove the distributions, or remove `data.trace`"));
        }
    }
    match load {
        Load::TraceReplay(replayed) if *replayed == trace => Ok(Lengths::FromTrace),
        Load::TraceReplay(replayed) => {
            let what = format!(
                "token counts from another trace than `load.trace` are not supported by this version yet: \"{}\" is not \"{}\"",
                trace.file, replayed.file
            );
            let remedy = "name the same file in the same words in `data.trace` and `load.trace`";
            Err(cursor.error(what, remedy))
        }
        Load::Constant { .. } | Load::Poisson { .. } => {
            let what = "a trace gives token counts only where its times are replayed too";
            let remedy = "set `load.type: trace_replay`, or write both distributions instead";
            Err(cursor.error(what, remedy))
        }
    }
}

fn read_distributions(fields: &Fields<'_>, load: &Load) -> Result<Lengths, SpecError> {
    let input = fields.optional("input_distribution");
    let output = fields.optional("output_distribution");
    if let (None, None, Load::TraceReplay(trace)) = (&input, &output, load) {
        return Err(fields.cursor.error(NO_LENGTHS, trace_remedy(trace)));
    }
    let one = |key: &str| {
        let remedy = format!("add `{key}: {{type: fixed, mean: 128}}`, or another distribution");
        LengthSpec::read(fields.required(key, &remedy)?)
    };
    Ok(Lengths::Drawn {
        input: one("input_distribution")?,
        output: one("output_distribution")?,
    })
}
