//! The `data` block: what the requests ask, and how long it is.
//!
//! Refuses lengths given twice (by a trace, by distributions, by pairs, by a shared prefix).

use super::context::Context;
use super::corpus::{self, CorpusRef};
use super::dataset::{SetKind, SetRef};
use super::distribution::{self, TOKENS};
use super::documents::Documents;
use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys, REMOVE};
use super::front::Front;
use super::load::Load;
use super::media::{Audio, Images};
use super::shared_prefix;
use super::trace::{TraceFormat, TraceRef};
use crate::samplers::{Distribution, PairDistribution};

/// What the prompts are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    pub kind: DataKind,
    pub lengths: Lengths,
    /// Set if and only if `kind` is [`DataKind::SharedPrefix`].
    pub shared_prefix: Option<SharedPrefix>,
    /// Texts that a request holds beside its prompt.
    pub documents: Option<Documents>,
    /// Set if and only if `kind` is [`DataKind::Set`].
    pub set: Option<SetRef>,
    /// What prompts are cut from.
    pub corpus: CorpusRef,
    /// Whether no two conversations may begin alike.
    pub unique: bool,
    pub front: Front,
    pub images: Option<Images>,
    pub audio: Option<Audio>,
}

/// inference-perf's name for how text is made; the first two mean the same here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    Synthetic,
    Random,
    /// Groups of prompts that begin with the same system prompt.
    SharedPrefix,
    /// What a file says.
    Set(SetKind),
}

/// Where token counts come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Lengths {
    /// Drawn for each request, in tokens. For a shared prefix `input` is the question behind it.
    Drawn {
        input: Distribution,
        output: Distribution,
    },
    /// Drawn together, in tokens.
    Pairs(PairDistribution),
    /// Read from the row of the trace that `load` replays; `load` is then [`Load::Trace`].
    ///
    /// [`Load::Trace`]: super::load::Load::Trace
    FromTrace,
    /// Request i takes row i, modulo the number of rows, of this trace, whose times are not used.
    FromOtherTrace(TraceRef),
    /// Those of the texts in the data set, and of their answers.
    FromSet,
}

/// Groups of prompts that begin with the same system prompt (inference-perf's `shared_prefix`).
#[derive(Clone, Debug, PartialEq)]
pub struct SharedPrefix {
    /// Distinct system prompts.
    pub groups: u32,
    /// Distinct questions behind each of them.
    pub prompts_per_group: u32,
    /// Tokens of a system prompt.
    pub system: Distribution,
    /// Whether each question is a user who goes on with one conversation.
    pub multi_turn: bool,
}

const KEYS: Keys = Keys {
    known: &[
        "type",
        "input_distribution",
        "output_distribution",
        "sequence_distribution",
        "trace",
        "shared_prefix",
        "documents",
        "batch_size",
        "corpus",
        "unique",
        "prefix",
        "system_prompt",
        "user_context",
        "salt",
        "images",
        "audio",
        "path",
        "sampling",
        "entries",
    ],
    later: &[
        ("tokenizer", REMOVE),
        ("multimodal", REMOVE),
        (
            "bimodal",
            "write two `populations`, each with its own `data`",
        ),
    ],
    refused: &[(
        "sessions",
        "sessions stand in a block of their own",
        "write `sessions: {turns: .., delay: ..}` beside `data`",
    )],
};

const KINDS: Choices<DataKind> = Choices {
    known: &[
        ("synthetic", DataKind::Synthetic),
        ("random", DataKind::Random),
        ("shared_prefix", DataKind::SharedPrefix),
        ("single_turn", DataKind::Set(SetKind::SingleTurn)),
        ("multi_turn", DataKind::Set(SetKind::MultiTurn)),
        ("random_pool", DataKind::Set(SetKind::RandomPool)),
        ("sharegpt", DataKind::Set(SetKind::ShareGpt)),
        ("shareGPT", DataKind::Set(SetKind::ShareGpt)),
        ("raw_payload", DataKind::Set(SetKind::RawPayload)),
        ("inputs_json", DataKind::Set(SetKind::InputsJson)),
        ("openai_batch", DataKind::Set(SetKind::OpenAiBatch)),
    ],
    later: &[
        "corpus",
        "bimodal",
        "dataset_trace",
        "conversation_replay",
        "otel_trace_replay",
        "visionarena",
        "cnn_dailymail",
        "billsum_conversations",
        "infinity_instruct",
    ],
    refused: &[(
        "mock",
        "mock data has no tokens to count",
        "write `type: synthetic`, with distributions",
    )],
};

/// What the data takes its lengths from, of which only one may be written.
const SOURCES: [&str; 4] = [
    "trace",
    "sequence_distribution",
    "input_distribution",
    "output_distribution",
];

const DEFAULT_NOTE: &str =
    "prompts and answers have normal(512, 200, min=10, max=1024) tokens, inference-perf's default";

/// The block, and the seed in it for the caller, who knows the others.
pub(super) struct DataBlock<'a> {
    pub data: Data,
    pub seed: Option<Cursor<'a>>,
}

impl<'a> DataBlock<'a> {
    /// Reads the block at `cursor`, if there is one, for requests that come as `load` says.
    pub fn read(
        cursor: Option<Cursor<'a>>,
        root: &Cursor<'_>,
        load: &Load,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        if let Load::Audit(audit) = load {
            return Ok(Self::of(DataKind::Synthetic, audit.lengths()));
        }
        let Some(cursor) = cursor else {
            context.note(format!(
                "there is no `data`: {DEFAULT_NOTE}{}",
                beside(load)
            ));
            let lengths = default_lengths();
            check_serve_gen(&lengths, load, root)?;
            check_schedule(load, root)?;
            return Ok(Self::of(DataKind::Synthetic, lengths));
        };
        let fields = cursor.clone().fields(&KEYS)?;
        let kind = fields
            .required("type", "add `type: synthetic`")?
            .choice(&KINDS)?;
        if !matches!(kind, DataKind::Set(_)) {
            SetRef::refuse_keys(&fields)?;
            check_schedule(load, &cursor)?;
        }
        let mut block = match kind {
            DataKind::Set(set) => Self::of_set(SetRef::read(set, &fields, load, context)?),
            DataKind::SharedPrefix => read_shared_prefix(&fields, context)?,
            DataKind::Synthetic | DataKind::Random => {
                Self::of(kind, read_lengths(&fields, load, context)?)
            }
        };
        block.data.documents = Documents::read(&fields, &block.data.lengths, context)?;
        block.data.corpus = corpus::read(&fields, context)?;
        block.data.unique = corpus::read_unique(&fields)?;
        block.data.front = Front::read(&fields, context)?;
        check_serve_gen(&block.data.lengths, load, &cursor)?;
        if let Some(images) = fields.optional("images") {
            block.data.images = Images::read(images, context)?;
        }
        if let Some(audio) = fields.optional("audio") {
            block.data.audio = Audio::read(audio, context)?;
        }
        Ok(block)
    }

    fn of(kind: DataKind, lengths: Lengths) -> Self {
        let data = Data {
            kind,
            lengths,
            shared_prefix: None,
            documents: None,
            set: None,
            corpus: CorpusRef::Words,
            unique: false,
            front: Front::default(),
            images: None,
            audio: None,
        };
        Self { data, seed: None }
    }

    fn of_set(set: SetRef) -> Self {
        let mut block = Self::of(DataKind::Set(set.kind), Lengths::FromSet);
        block.data.set = Some(set);
        block
    }
}

/// A fixed schedule is a data set's.
fn check_schedule(load: &Load, cursor: &Cursor<'_>) -> Result<(), SpecError> {
    match load {
        Load::Schedule => {
            let what =
                "`load.type: fixed_schedule` takes its times from a data set, and there is none";
            let remedy = "write `data: {type: single_turn, path: FILE}`, or another `load.type`";
            Err(cursor.error(what, remedy))
        }
        _ => Ok(()),
    }
}

fn default_lengths() -> Lengths {
    Lengths::Drawn {
        input: distribution::default_length(),
        output: distribution::default_length(),
    }
}

/// What a user may have expected beside a trace.
fn beside(load: &Load) -> &'static str {
    match load {
        Load::Trace { .. } => {
            "; the trace's own token counts are used only if `data.trace` names it, too"
        }
        _ => "",
    }
}

/// ServeGen describes lengths and times together.
fn check_serve_gen(lengths: &Lengths, load: &Load, cursor: &Cursor<'_>) -> Result<(), SpecError> {
    let Load::Trace { trace, .. } = load else {
        return Ok(());
    };
    if trace.format != TraceFormat::ServeGen || *lengths == Lengths::FromTrace {
        return Ok(());
    }
    let what = "a ServeGen trace brings its own token counts, and nothing else fits its times";
    let remedy = format!(
        "write `data: {{type: random, trace: {{file: {}, format: ServeGen}}}}`",
        trace.file
    );
    Err(cursor.error(what, remedy))
}

fn read_shared_prefix<'a>(
    fields: &Fields<'a>,
    context: &mut Context<'_>,
) -> Result<DataBlock<'a>, SpecError> {
    if let Some(foreign) = SOURCES.iter().find_map(|key| fields.optional(key)) {
        let what = "data of type shared_prefix has its lengths in `data.shared_prefix`";
        let remedy = "remove it, and write `question_len` and `output_len` there";
        return Err(foreign.error(what, remedy));
    }
    Front::refuse_pool(fields)?;
    let block = shared_prefix::read(fields.optional("shared_prefix"), context)?;
    Ok(DataBlock {
        data: Data {
            shared_prefix: Some(block.prefix),
            ..DataBlock::of(DataKind::SharedPrefix, block.lengths).data
        },
        seed: block.seed,
    })
}

fn read_lengths(
    fields: &Fields<'_>,
    load: &Load,
    context: &mut Context<'_>,
) -> Result<Lengths, SpecError> {
    if let Some(foreign) = fields.optional("shared_prefix") {
        let what = "only data of type shared_prefix has it";
        return Err(foreign.error(what, "set `data.type: shared_prefix`, or remove it"));
    }
    if let Some(trace) = fields.optional("trace") {
        refuse_beside(
            fields,
            "trace",
            "remove the distributions, or remove `data.trace`",
        )?;
        return read_trace(&trace, load);
    }
    if let Some(pairs) = fields.optional("sequence_distribution") {
        let remedy = "remove the other distributions, or `data.sequence_distribution`";
        refuse_beside(fields, "sequence_distribution", remedy)?;
        return distribution::read_pairs(&pairs).map(Lengths::Pairs);
    }
    read_distributions(fields, load, context)
}

/// Refuses every other source of lengths beside `source`.
fn refuse_beside(fields: &Fields<'_>, source: &str, remedy: &str) -> Result<(), SpecError> {
    let others = SOURCES.iter().filter(|key| **key != source);
    match others.filter_map(|key| fields.optional(key)).next() {
        Some(second) => {
            let what = format!("the token counts come from `data.{source}` already");
            Err(second.error(what, remedy))
        }
        None => Ok(()),
    }
}

fn read_trace(cursor: &Cursor<'_>, load: &Load) -> Result<Lengths, SpecError> {
    let trace = TraceRef::read(cursor)?;
    match load {
        Load::Trace {
            trace: replayed, ..
        } if replayed.is_same_file(&trace) => {
            if TraceRef::has_options(cursor) && trace.options != replayed.options {
                let what = "its options are not those of `load.trace`, the same file";
                let remedy = "leave them out here: each request has the counts of its own row";
                return Err(cursor.error(what, remedy));
            }
            Ok(Lengths::FromTrace)
        }
        _ => {
            TraceRef::refuse_times(cursor)?;
            Ok(Lengths::FromOtherTrace(trace))
        }
    }
}

fn read_distributions(
    fields: &Fields<'_>,
    load: &Load,
    context: &mut Context<'_>,
) -> Result<Lengths, SpecError> {
    let input = fields.optional("input_distribution");
    let output = fields.optional("output_distribution");
    let name = fields.cursor.name();
    if input.is_none() && output.is_none() {
        context.note(format!(
            "{name} says no lengths: {DEFAULT_NOTE}{}",
            beside(load)
        ));
        return Ok(default_lengths());
    }
    let mut one = |cursor: Option<Cursor<'_>>, key| match cursor {
        Some(cursor) => distribution::read(cursor, &TOKENS, context),
        None => {
            context.note(format!(
                "{name}: `{key}` is normal(512, 200, min=10, max=1024), inference-perf's default"
            ));
            Ok(distribution::default_length())
        }
    };
    Ok(Lengths::Drawn {
        input: one(input, "input_distribution")?,
        output: one(output, "output_distribution")?,
    })
}
