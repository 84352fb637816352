//! How long prompts and answers are.

use super::rows::Rows;
use super::set::Set;
use crate::rng::index::MAX_ORDINALS;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::{Distribution, PairDistribution};
use crate::spec;
use traces::Event;

/// Tokens of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Of what the user says.
    pub input: u32,
    /// Of the answer that is asked for.
    pub output: u32,
}

/// Where the lengths of a population come from.
#[derive(Clone, Debug)]
pub enum Lengths {
    /// Each drawn by itself.
    Drawn {
        input: (Distribution, Streams),
        output: (Distribution, Streams),
    },
    /// Drawn together.
    Pairs(PairDistribution, Streams),
    /// Of the row that is replayed.
    Row,
    /// Of another trace's rows, in turn.
    Rows(Vec<Tokens>),
}

impl Lengths {
    /// Prepares the lengths of a population. `other` is the trace that gives lengths only. Of an
    /// endpoint that generates nothing no output is drawn.
    pub fn new(
        population: &spec::Population,
        other: Option<&Rows>,
        set: Option<&Set>,
        seed: Seed,
        prefix: Option<&str>,
    ) -> Self {
        let streams = |component| Streams::in_population(seed, prefix, component);
        match &population.data.lengths {
            spec::Lengths::Drawn { input, output } => {
                let output = match population.api.kind.generates() {
                    true => output.clone(),
                    false => Distribution::fixed(0),
                };
                Self::Drawn {
                    input: (input.clone(), streams(Component::PromptLength)),
                    output: (output, streams(Component::MaxTokens)),
                }
            }
            spec::Lengths::Pairs(pairs) => {
                Self::Pairs(pairs.clone(), streams(Component::SequenceDistribution))
            }
            spec::Lengths::FromTrace => Self::Row,
            // Of what the data set does not say, the answer's length alone is drawn.
            spec::Lengths::FromSet => Self::Drawn {
                input: (Distribution::fixed(0), streams(Component::PromptLength)),
                output: (
                    set.filter(|_| population.api.kind.generates())
                        .and_then(Set::drawn_output)
                        .unwrap_or_else(|| Distribution::fixed(0)),
                    streams(Component::MaxTokens),
                ),
            },
            spec::Lengths::FromOtherTrace(_) => {
                let rows = other.expect("the caller reads the traces that the spec names");
                Self::Rows(rows.events().map(Tokens::of_event).collect())
            }
        }
    }

    /// Lengths of the turn with this stream index; `event` is the row that it replays.
    pub fn of(&self, index: u64, event: Option<&Event>) -> Tokens {
        match self {
            Self::Drawn { input, output } => Tokens {
                input: input.0.sample(&input.1, index) as u32,
                output: output.0.sample(&output.1, index) as u32,
            },
            Self::Pairs(pairs, streams) => {
                let (input, output) = pairs.sample(streams, index);
                Tokens {
                    input: input as u32,
                    output: output as u32,
                }
            }
            Self::Row => Tokens::of_event(event.expect("the spec replays a trace")),
            Self::Rows(rows) => {
                let (turn, ordinal) = (index / MAX_ORDINALS, index % MAX_ORDINALS);
                rows[((ordinal + turn) % rows.len() as u64) as usize]
            }
        }
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        match self {
            Self::Drawn { input, output } => {
                let uncertain = |distribution: &Distribution, component| {
                    distribution.certain().is_none().then_some(component)
                };
                let components = [
                    uncertain(&input.0, Component::PromptLength),
                    uncertain(&output.0, Component::MaxTokens),
                ];
                components.into_iter().flatten().collect()
            }
            Self::Pairs(pairs, _) if pairs.certain().is_some() => Vec::new(),
            Self::Pairs(..) => vec![Component::SequenceDistribution],
            Self::Row | Self::Rows(_) => Vec::new(),
        }
    }
}

impl Tokens {
    fn of_event(event: &Event) -> Self {
        Self {
            input: event.input_tokens,
            output: event.output_tokens,
        }
    }
}
