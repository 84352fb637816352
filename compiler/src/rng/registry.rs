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
    /// Which prefix of a pool a session begins with.
    PromptPrefix,
    /// The text of assistant turns that are materialised.
    AnswerCorpus,
    /// The text of a trace's hash-id blocks.
    BlockCorpus,
    /// Which rows of a trace are kept.
    SamplerRows,
    /// In which order a data set is gone through.
    SamplerShuffle,
    /// The texts that the prompts of a group, or of a pool's entry, share.
    PrefixCorpus,
    /// The system prompt that all conversations share.
    SystemCorpus,
    /// The text that stands in front of one session's turns and nobody else's.
    ContextCorpus,
    /// What the code-like corpus is made of.
    CodeWords,
    /// How many images a request holds.
    ImageCount,
    /// Which images of the pool a request holds.
    ImageSelection,
    /// Widths and heights of images.
    ImageDimensions,
    /// Formats of images.
    ImageFormat,
    /// What images show.
    ImageSource,
    /// How many audio clips a request holds.
    AudioCount,
    /// Which clips of the pool a request holds.
    AudioSelection,
    /// How long audio clips are.
    AudioDuration,
    /// Sample rates and bit depths of audio clips.
    AudioFormat,
    /// What audio clips sound like.
    AudioData,
    /// Which conversation of a data set is taken, with replacement.
    SamplerRandom,
    /// Which line of each pool a request is made of.
    RandomPool,
    /// Which conversations of a ShareGPT file are kept, if not all.
    ShareGpt,
    /// How many documents, or texts of a batch, a request holds.
    DocumentCount,
    /// Lengths of documents.
    DocumentLength,
    /// The texts of documents.
    DocumentCorpus,
}

/// What the registry says about one component.
struct Entry {
    identifier: &'static str,
    index: &'static str,
    draws: &'static str,
}

impl Component {
    /// Every component, in the order in which they were registered.
    pub const ALL: [Self; 43] = [
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
        Self::PrefixCorpus,
        Self::SystemCorpus,
        Self::ContextCorpus,
        Self::CodeWords,
        Self::ImageCount,
        Self::ImageSelection,
        Self::ImageDimensions,
        Self::ImageFormat,
        Self::ImageSource,
        Self::AudioCount,
        Self::AudioSelection,
        Self::AudioDuration,
        Self::AudioFormat,
        Self::AudioData,
        Self::SamplerRandom,
        Self::RandomPool,
        Self::ShareGpt,
        Self::DocumentCount,
        Self::DocumentLength,
        Self::DocumentCorpus,
    ];

    /// The dotted name that goes into the key.
    pub const fn identifier(self) -> &'static str {
        self.entry().identifier
    }

    /// The name as a population draws from it: a further population's stands in front.
    pub fn name_in(self, population: Option<&str>) -> String {
        match population {
            Some(population) => format!("{population}.{}", self.identifier()),
            None => self.identifier().to_owned(),
        }
    }

    /// What the stream index of this component counts.
    pub const fn index_counts(self) -> &'static str {
        self.entry().index
    }

    /// What is drawn from one stream of this component, in order.
    pub const fn draws(self) -> &'static str {
        self.entry().draws
    }

    /// Whether NVIDIA AIPerf publishes an identifier of this name, for the same purpose.
    pub const fn is_aiperfs(self) -> bool {
        matches!(
            self,
            Self::PoissonInterval
                | Self::PromptLength
                | Self::MaxTokens
                | Self::PromptCorpus
                | Self::Cancellation
                | Self::ModelSelection
                | Self::TurnCount
                | Self::TurnDelay
                | Self::SequenceDistribution
                | Self::PromptPrefix
                | Self::SamplerShuffle
                | Self::ImageDimensions
                | Self::ImageFormat
                | Self::ImageSource
                | Self::AudioDuration
                | Self::AudioFormat
                | Self::AudioData
                | Self::SamplerRandom
                | Self::RandomPool
                | Self::ShareGpt
        )
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
                draws: "up to three word positions, then one slice start, then perhaps one word to \
                        fill up with; of random text one word for each token",
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
                index: "session ordinal",
                draws: "one choice of the pool",
            },
            Self::AnswerCorpus => Entry {
                identifier: "dataset.answer.corpus",
                index: "request index",
                draws: "up to three word positions, then one slice start, then perhaps one word to \
                        fill up with; of random text one word for each token",
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
            Self::PrefixCorpus => Entry {
                identifier: "dataset.prefix.corpus",
                index: "group or pool number",
                draws: "one length, then the text's draws",
            },
            Self::SystemCorpus => Entry {
                identifier: "dataset.system.corpus",
                index: "always 0",
                draws: "the text's draws",
            },
            Self::ContextCorpus => Entry {
                identifier: "dataset.context.corpus",
                index: "session ordinal",
                draws: "one length, then the text's draws",
            },
            Self::CodeWords => Entry {
                identifier: "dataset.corpus.code",
                index: "corpus block number",
                draws: "shapes and words of 64 lines",
            },
            Self::ImageCount => Entry {
                identifier: "dataset.image.count",
                index: "request index",
                draws: "one value: images",
            },
            Self::ImageSelection => Entry {
                identifier: "dataset.image.selection",
                index: "request index",
                draws: "one choice of the pool for each image",
            },
            Self::ImageDimensions => Entry {
                identifier: "dataset.image.dimensions",
                index: "image number",
                draws: "one width, then one height or aspect ratio",
            },
            Self::ImageFormat => Entry {
                identifier: "dataset.image.format",
                index: "image number",
                draws: "one weighted choice of a format",
            },
            Self::ImageSource => Entry {
                identifier: "dataset.image.source",
                index: "image number",
                draws: "one choice of a file, or the pixels of noise",
            },
            Self::AudioCount => Entry {
                identifier: "dataset.audio.count",
                index: "request index",
                draws: "one value: clips",
            },
            Self::AudioSelection => Entry {
                identifier: "dataset.audio.selection",
                index: "request index",
                draws: "one choice of the pool for each clip",
            },
            Self::AudioDuration => Entry {
                identifier: "dataset.audio.duration",
                index: "clip number",
                draws: "one value: ns",
            },
            Self::AudioFormat => Entry {
                identifier: "dataset.audio.format",
                index: "clip number",
                draws: "one choice of a sample rate, then one of a bit depth",
            },
            Self::AudioData => Entry {
                identifier: "dataset.audio.data",
                index: "clip number",
                draws: "the samples",
            },
            Self::SamplerRandom => Entry {
                identifier: "dataset.sampler.random",
                index: "session ordinal",
                draws: "one choice of a conversation",
            },
            Self::RandomPool => Entry {
                identifier: "dataset.loader.random_pool",
                index: "session ordinal",
                draws: "one choice for each pool",
            },
            Self::ShareGpt => Entry {
                identifier: "dataset.loader.sharegpt",
                index: "always 0",
                draws: "one permutation",
            },
            Self::DocumentCount => Entry {
                identifier: "dataset.document.count",
                index: "request index",
                draws: "one value: documents",
            },
            Self::DocumentLength => Entry {
                identifier: "dataset.document.length",
                index: "request index",
                draws: "one value for each document: tokens",
            },
            Self::DocumentCorpus => Entry {
                identifier: "dataset.document.corpus",
                index: "request index",
                draws: "the texts' draws, one document after the other",
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
