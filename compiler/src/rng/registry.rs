//! The registry of random components: every identifier that anything in `wlc` draws from.
//!
//! Append-only. An identifier, once released, keeps its name, its stream index and its draw
//! order for ever, because all three decide the bytes of workloads that people share by hash.
//! Names that AIPerf publishes keep AIPerf's spelling. Deliberately absent: a way to draw from
//! a name that is not listed here.

/// One source of randomness, named `<module>.<component>.<aspect>`.
///
/// `schemas/RANDOMNESS.md` prints this table; a test compares the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Gaps between Poisson arrivals.
    PoissonInterval,
    /// Input lengths.
    PromptLength,
    /// Output lengths.
    MaxTokens,
    /// Where in the corpus a prompt is cut.
    PromptCorpus,
    /// Which words the built-in corpus is made of.
    CorpusWords,
    /// Gaps between arrivals with gamma-distributed gaps.
    GammaInterval,
    /// Gaps between arrivals with Weibull-distributed gaps.
    WeibullInterval,
    /// Which requests are abandoned, and when.
    Cancellation,
    /// How long a user of a closed loop waits before the next request.
    ThinkTime,
    /// Which model a session talks to.
    ModelSelection,
    /// Which adapter a session asks for.
    AdapterSelection,
    /// How many turns a session has.
    TurnCount,
    /// How long a session waits before a turn.
    TurnDelay,
    /// Input and output lengths that belong together.
    SequenceDistribution,
    /// Sampling temperatures.
    Temperature,
    /// Nucleus sampling bounds.
    TopP,
    /// Top-k sampling bounds.
    TopK,
    /// The server's sampling seeds.
    SamplingSeed,
    /// The text that the prompts of a group share.
    PromptPrefix,
    /// The text of assistant turns that are materialised.
    AnswerCorpus,
    /// The text of a trace's hash-id blocks.
    BlockCorpus,
    /// Which rows of a trace are kept.
    SamplerRows,
    /// In which order a data set is gone through.
    SamplerShuffle,
}

/// What the registry says about one component.
struct Entry {
    identifier: &'static str,
    index: &'static str,
    draws: &'static str,
}

impl Component {
    /// Every component, in the order in which they were registered.
    pub const ALL: [Self; 23] = [
        Self::PoissonInterval,
        Self::PromptLength,
        Self::MaxTokens,
        Self::PromptCorpus,
        Self::CorpusWords,
        Self::GammaInterval,
        Self::WeibullInterval,
        Self::Cancellation,
        Self::ThinkTime,
        Self::ModelSelection,
        Self::AdapterSelection,
        Self::TurnCount,
        Self::TurnDelay,
        Self::SequenceDistribution,
        Self::Temperature,
        Self::TopP,
        Self::TopK,
        Self::SamplingSeed,
        Self::PromptPrefix,
        Self::AnswerCorpus,
        Self::BlockCorpus,
        Self::SamplerRows,
        Self::SamplerShuffle,
    ];

    /// The dotted name that goes into the key.
    pub const fn identifier(self) -> &'static str {
        self.entry().identifier
    }

    /// What the stream index of this component counts.
    pub const fn index_counts(self) -> &'static str {
        self.entry().index
    }

    /// What is drawn from one stream of this component, in order.
    pub const fn draws(self) -> &'static str {
        self.entry().draws
    }

    const fn entry(self) -> Entry {
        match self {
            Self::PoissonInterval => Entry {
                identifier: "timing.request.poisson_interval",
                index: "request ordinal",
                draws: "one exponential exposure",
            },
            Self::PromptLength => Entry {
                identifier: "dataset.prompt.length",
                index: "request index",
                draws: "one value: input tokens",
            },
            Self::MaxTokens => Entry {
                identifier: "composer.turn.max_tokens",
                index: "request index",
                draws: "one value: output tokens",
            },
            Self::PromptCorpus => Entry {
                identifier: "dataset.prompt.corpus",
                index: "request index",
                draws: "up to three word positions, then one slice start",
            },
            Self::CorpusWords => Entry {
                identifier: "dataset.corpus.words",
                index: "corpus block number",
                draws: "1,024 weighted choices of a word",
            },
            Self::GammaInterval => Entry {
                identifier: "timing.request.gamma_interval",
                index: "request ordinal",
                draws: "one gamma exposure",
            },
            Self::WeibullInterval => Entry {
                identifier: "timing.request.weibull_interval",
                index: "request ordinal",
                draws: "one weibull exposure",
            },
            Self::Cancellation => Entry {
                identifier: "timing.request.cancellation",
                index: "request index",
                draws: "one share, then the delay or token count",
            },
            Self::ThinkTime => Entry {
                identifier: "timing.user.think_time",
                index: "request ordinal",
                draws: "one value: ns",
            },
            Self::ModelSelection => Entry {
                identifier: "composer.turn.model_selection",
                index: "session ordinal",
                draws: "one weighted choice",
            },
            Self::AdapterSelection => Entry {
                identifier: "composer.turn.adapter_selection",
                index: "session ordinal",
                draws: "one weighted choice",
            },
            Self::TurnCount => Entry {
                identifier: "composer.conversation.turn_count",
                index: "session ordinal",
                draws: "one value: turns",
            },
            Self::TurnDelay => Entry {
                identifier: "composer.conversation.turn_delay",
                index: "request index",
                draws: "one value: ns",
            },
            Self::SequenceDistribution => Entry {
                identifier: "models.sequence.distribution",
                index: "request index",
                draws: "one weighted choice of a pair, then the input's draws, then the output's",
            },
            Self::Temperature => Entry {
                identifier: "composer.sampling.temperature",
                index: "request index",
                draws: "one value: millionths",
            },
            Self::TopP => Entry {
                identifier: "composer.sampling.top_p",
                index: "request index",
                draws: "one value: millionths",
            },
            Self::TopK => Entry {
                identifier: "composer.sampling.top_k",
                index: "request index",
                draws: "one value: tokens",
            },
            Self::SamplingSeed => Entry {
                identifier: "composer.sampling.seed",
                index: "request index",
                draws: "one value: a seed",
            },
            Self::PromptPrefix => Entry {
                identifier: "dataset.prompt.prefix",
                index: "group number",
                draws: "one length, then up to three word positions, then one slice start",
            },
            Self::AnswerCorpus => Entry {
                identifier: "dataset.answer.corpus",
                index: "request index",
                draws: "up to three word positions, then one slice start",
            },
            Self::BlockCorpus => Entry {
                identifier: "dataset.block.corpus",
                index: "block id",
                draws: "one slice start",
            },
            Self::SamplerRows => Entry {
                identifier: "dataset.sampler.rows",
                index: "conversation number or trace row",
                draws: "one share",
            },
            Self::SamplerShuffle => Entry {
                identifier: "dataset.sampler.shuffle",
                index: "pass number",
                draws: "one permutation",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Component;

    #[test]
    fn identifiers_are_distinct_and_have_three_dotted_parts() {
        for (i, component) in Component::ALL.into_iter().enumerate() {
            let name = component.identifier();
            let parts: Vec<&str> = name.split('.').collect();
            assert_eq!(parts.len(), 3, "{name}");
            let plain = |part: &&str| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            };
            assert!(parts.iter().all(plain), "{name}");
            let twin = |other: &Component| other.identifier() == name;
            assert!(!Component::ALL[..i].iter().any(twin), "{name} twice");
        }
    }
}
