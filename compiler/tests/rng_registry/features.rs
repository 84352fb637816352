//! A feature for each component: what is in the spec with the feature and without it, and what
//! the feature changes.

use compiler::rng::Component;

/// One feature of a spec.
pub struct Feature {
    /// What is drawn from because of it.
    pub draws: &'static [Component],
    /// Overrides of the plain spec that stand beside it.
    pub beside: &'static [&'static str],
    /// The overrides that are the feature.
    pub on: &'static [&'static str],
}

/// A feature of the plain spec.
const fn alone(draws: &'static [Component], on: &'static [&'static str]) -> Feature {
    let beside = &[];
    Feature { draws, beside, on }
}

const fn beside(
    beside: &'static [&'static str],
    draws: &'static [Component],
    on: &'static [&'static str],
) -> Feature {
    Feature { draws, beside, on }
}

const AZURE: &str =
    "load={type: trace_replay, trace: {file: azure.csv, format: AzurePublicDataset}}";
const MOONCAKE: &str = "load={type: trace_replay, trace: {file: mooncake.jsonl, format: Mooncake}}";
const OF_MOONCAKE: &str = "data={type: random, trace: {file: mooncake.jsonl, format: Mooncake}}";
const USERS: &str = "load={type: users, stages: [{users: 2, num_requests: 4, think_time: 1s}]}";
const SHARED: &str = "data={type: shared_prefix, shared_prefix: {num_groups: 1, \
                      num_prompts_per_group: 1, system_prompt_len: 9, question_len: 9, output_len: 9}}";
const TURNS: &str = "data={type: single_turn, path: turns.jsonl, output_distribution: 4}";
const IMAGES: &str = "data.images={count: 1, pool: 1, width: 8, height: 8, source: images}";
const AUDIO: &str = "data.audio={count: 1, pool: 1, duration: 1ms}";

/// At least one for each component, in the order of the registry.
pub const FEATURES: &[Feature] = &[
    alone(&[Component::PoissonInterval], &["load.type=poisson"]),
    alone(
        &[Component::PromptLength],
        &["data.input_distribution=uniform(4, 9)"],
    ),
    alone(
        &[Component::MaxTokens],
        &["data.output_distribution=uniform(4, 9)"],
    ),
    // Prompts made of blocks are not cut anywhere.
    beside(
        &[MOONCAKE, OF_MOONCAKE],
        &[Component::PromptCorpus],
        &["data={type: random, input_distribution: 8, output_distribution: 4}"],
    ),
    beside(
        &["data.corpus=random"],
        &[Component::CorpusWords],
        &["data.corpus=words"],
    ),
    alone(
        &[Component::GammaInterval],
        &["load.type=gamma", "load.burstiness=0.5"],
    ),
    alone(
        &[Component::WeibullInterval],
        &["load.type=weibull", "load.shape=0.5"],
    ),
    alone(
        &[Component::Cancellation],
        &["cancellation={rate: 0.5, delay: 1s}"],
    ),
    beside(
        &[USERS],
        &[Component::ThinkTime],
        &["load.stages.0.think_time=exponential(1s)"],
    ),
    alone(&[Component::ModelSelection], &["model_selection=random"]),
    alone(
        &[Component::AdapterSelection],
        &["lora_traffic_split=[{name: x, split: 0.5}, {name: y, split: 0.5}]"],
    ),
    beside(
        &["sessions={turns: 2, history: live}"],
        &[Component::TurnCount],
        &["sessions.turns=uniform(1, 2)"],
    ),
    beside(
        &["sessions={turns: 2, history: live}"],
        &[Component::TurnDelay],
        &["sessions.delay=uniform(1s, 2s)"],
    ),
    beside(
        &["data={type: synthetic, sequence_distribution: '8,4:100'}"],
        &[Component::SequenceDistribution],
        &["data.sequence_distribution='8,4:50;9,4:50'"],
    ),
    alone(
        &[Component::Temperature],
        &["sampling={temperature: 'uniform(0.1, 1)'}"],
    ),
    alone(&[Component::TopP], &["sampling={top_p: 'uniform(0.1, 1)'}"]),
    alone(&[Component::TopK], &["sampling={top_k: 'uniform(1, 9)'}"]),
    alone(&[Component::SamplingSeed], &["sampling={seed: true}"]),
    alone(
        &[Component::SamplingSeed],
        &[
            "api.streaming=true",
            "data=",
            "load=",
            "audit={probes: 1, neighbours: [1]}",
        ],
    ),
    beside(
        &["data.prefix={count: 1, length: 9}"],
        &[Component::PromptPrefix],
        &["data.prefix.count=3"],
    ),
    beside(
        &["sessions={turns: 2, history: live}"],
        &[Component::AnswerCorpus],
        &["sessions.history=materialised"],
    ),
    beside(
        &[
            MOONCAKE,
            "data={type: random, input_distribution: 8, output_distribution: 4}",
        ],
        &[Component::BlockCorpus],
        &[OF_MOONCAKE],
    ),
    beside(
        &[AZURE],
        &[Component::SamplerRows],
        &["load.trace.sample=0.9"],
    ),
    beside(
        &[SHARED],
        &[Component::SamplerShuffle],
        &["data.shared_prefix.num_groups=2"],
    ),
    alone(
        &[Component::PrefixCorpus],
        &["data.prefix={count: 1, length: 9}"],
    ),
    alone(&[Component::PrefixCorpus], &[SHARED]),
    alone(
        &[Component::SystemCorpus],
        &["data.system_prompt={length: 9}"],
    ),
    alone(
        &[Component::ContextCorpus],
        &["data.user_context={length: 9}"],
    ),
    alone(&[Component::CodeWords], &["data.corpus=code"]),
    beside(
        &[IMAGES],
        &[Component::ImageCount],
        &["data.images.count=uniform(1, 2)"],
    ),
    beside(
        &[IMAGES],
        &[Component::ImageSelection],
        &["data.images.pool=2"],
    ),
    beside(
        &[IMAGES],
        &[Component::ImageDimensions],
        &["data.images.width=uniform(4, 8)"],
    ),
    beside(
        &[IMAGES],
        &[Component::ImageFormat],
        &["data.images.format={png: 1, jpeg: 1}"],
    ),
    beside(
        &[IMAGES],
        &[Component::ImageSource],
        &["data.images.source=noise"],
    ),
    beside(
        &[AUDIO],
        &[Component::AudioCount],
        &["data.audio.count=uniform(1, 2)"],
    ),
    beside(
        &[AUDIO],
        &[Component::AudioSelection],
        &["data.audio.pool=2"],
    ),
    beside(
        &[AUDIO],
        &[Component::AudioDuration],
        &["data.audio.duration=uniform(1ms, 2ms)"],
    ),
    beside(
        &[AUDIO],
        &[Component::AudioFormat],
        &["data.audio.bit_depth=[8, 16]"],
    ),
    alone(&[Component::AudioData], &[AUDIO]),
    beside(
        &["api.type=embeddings", "data.batch_size=2"],
        &[Component::DocumentCount],
        &["data.batch_size=uniform(1, 3)"],
    ),
    beside(
        &["api.type=rerank", "data.documents={count: 2, length: 9}"],
        &[Component::DocumentLength],
        &["data.documents.length=uniform(4, 9)"],
    ),
    beside(
        &["api.type=embeddings"],
        &[Component::DocumentCorpus],
        &["data.batch_size=2"],
    ),
    beside(
        &[TURNS],
        &[Component::SamplerRandom],
        &["data.sampling=random"],
    ),
    beside(
        &[TURNS],
        &[Component::SamplerShuffle],
        &["data.sampling=shuffle"],
    ),
    beside(
        &["data={type: random_pool, path: one.jsonl, output_distribution: 4}"],
        &[Component::RandomPool],
        &["data.path=turns.jsonl"],
    ),
    beside(
        &["data={type: sharegpt, path: chats.json, output_distribution: 4}"],
        &[Component::ShareGpt],
        &["data.entries=2"],
    ),
];
