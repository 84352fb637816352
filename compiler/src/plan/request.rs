//! One request, decided.

use super::cancellation::Cancel;
use super::sampling::Sampled;
use crate::payload::Element;
use crate::rng::index::request_index;

/// When a request starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this many ns after its stage's time base; not before the last request with the key
    /// `after` has ended, if there was one.
    At { at_ns: u64, after: Option<u64> },
    /// This many ns after the request planned just before it has ended.
    AfterPrevious { delay_ns: u64 },
    /// As soon as a slot of its stage is free.
    Slot,
}

/// What a trace says of a request beyond time and lengths, as numbers into the trace's own names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceLabels {
    /// Number of the model's name.
    pub model: Option<u32>,
    /// Number of the kind's name.
    pub kind: Option<u32>,
    /// Images in the prompt.
    pub images: Option<u32>,
}

/// One request, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedRequest {
    /// Number of the population.
    pub population: u32,
    /// Identity of the conversation, under which everything random about it is drawn.
    pub ordinal: u64,
    /// Turn of the conversation from 0, the other half of the identity.
    pub turn: u32,
    /// Identity of its text; another than `ordinal` only where prompts are sent again.
    pub text_ordinal: u64,
    /// Index of the stage.
    pub stage: u32,
    /// When it starts.
    pub start: Start,
    /// Under which key later requests wait for this one.
    pub key: Option<u64>,
    /// Number of the session and the turn in it, if there is one.
    pub session: Option<(u64, u32)>,
    /// Identity of the conversation for what it keeps from turn to turn: the model, what stands in
    /// front. Another than `ordinal` only where a trace brings its own conversations.
    pub conversation: u64,
    /// Group whose shared prefix stands in front.
    pub prefix: Option<u32>,
    /// Prefix of the pool that the first thing said begins with.
    pub pool_prefix: Option<u32>,
    /// Documents, or further texts of a batch.
    pub documents: u32,
    /// What its body ends with.
    pub last: Element,
    /// The data set's turn that its conversation begins with; none without a data set, or where
    /// lines of pools are joined.
    pub set_turn: Option<u32>,
    /// Messages of what is said last, with those in front of it.
    pub messages: u32,
    /// Tokens of everything that is sent, earlier turns and the server's template included.
    pub input_tokens: u32,
    /// Tokens of what is said last, behind prefix and earlier turns.
    pub said_tokens: u32,
    /// Whether what is said last is longer than asked, because the server's template alone is.
    pub is_exceeded: bool,
    /// Tokens that the server is asked to generate; [`NONE_U32`](schemas::layout::NONE_U32) where a
    /// data set's body does not say.
    pub output_tokens: u32,
    /// Number of the model.
    pub model: u32,
    /// Number of the adapter.
    pub adapter: Option<u32>,
    /// Values of the sampling parameters.
    pub sampled: Sampled,
    /// When it is abandoned.
    pub cancel: Cancel,
    /// Row of the trace that it replays.
    pub row: Option<u32>,
    /// What the trace says of it.
    pub labels: TraceLabels,
}

impl PlannedRequest {
    /// Counts so many more tokens; a sum that saturates is refused later.
    pub fn add_tokens(&mut self, tokens: u32) {
        self.input_tokens = self.input_tokens.saturating_add(tokens);
    }

    /// The stream index of this turn.
    pub fn index(&self) -> u64 {
        request_index(self.turn.into(), self.ordinal)
    }
}
