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
}

/// What the registry says about one component.
struct Entry {
    identifier: &'static str,
    index: &'static str,
    draws: &'static str,
}

impl Component {
    /// Every component, in the order in which they were registered.
    pub const ALL: [Self; 5] = [
        Self::PoissonInterval,
        Self::PromptLength,
        Self::MaxTokens,
        Self::PromptCorpus,
        Self::CorpusWords,
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
                index: "request ordinal",
                draws: "one length: input tokens",
            },
            Self::MaxTokens => Entry {
                identifier: "composer.turn.max_tokens",
                index: "request ordinal",
                draws: "one length: output tokens",
            },
            Self::PromptCorpus => Entry {
                identifier: "dataset.prompt.corpus",
                index: "request ordinal",
                draws: "up to three word positions, then one slice start",
            },
            Self::CorpusWords => Entry {
                identifier: "dataset.corpus.words",
                index: "corpus block number",
                draws: "1,024 weighted choices of a word",
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
