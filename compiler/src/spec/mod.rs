//! The spec: YAML text to values in which everything is known, in range and in
//! exact units. Block names and defaults are inference-perf's.
//!
//! Refuses every key, word, unit and combination it does not know, with line and
//! column and what to do next. Opens no file but what the caller gives it, and
//! draws nothing.
//!
//! `node` reads the syntax, `set` applies overrides, `fields` reads by key, and one
//! module for each block says what may stand in it.

pub mod api;
pub mod audit;
pub mod cancellation;
pub mod data;
pub mod dataset;
pub mod load;
pub mod media;
pub mod models;
pub mod population;
pub mod quantity;
pub mod sampling;
pub mod server;
pub mod sessions;
pub mod tokenizer;
pub mod trace;

mod carried;
mod context;
mod corpus;
mod distribution;
pub mod documents;
mod error;
mod fields;
mod fitting;
mod front;
mod node;
mod scalars;
pub(crate) mod secrets;
mod seed;
mod set;
mod shared_prefix;
mod slo;
pub(crate) mod suggest;

pub use api::path::fill as fill_path;
pub use api::template::{Piece, Template};
pub use api::{Api, ApiKind, KserveForm, OutputTokensField, Parameter, RerankForm};
pub use audit::Audit;
pub use cancellation::{CancelAfter, CancelCount, Cancellation};
pub use corpus::CorpusRef;
pub use data::{Data, DataKind, Lengths, SharedPrefix};
pub use dataset::{SetKind, SetOrder, SetRef};
pub use distribution::{
    MAX_CLIP_NS, MAX_LENGTH_TOKENS, MAX_PIXELS, MIN_LENGTH_TOKENS, default_length,
};
pub use documents::Documents;
pub use error::SpecError;
pub use front::{Front, PrefixPool};
pub use load::{ConcurrentStage, Load, OpenStage, UserStage};
pub use media::{Audio, Height, ImageFormat, ImageSource, Images};
pub use models::{Adapter, Model, Models, Selection};
pub use node::MAX_SPEC_BYTES;
pub use population::Population;
pub use quantity::{DurationNs, RateMicrohertz};
pub use sampling::Sampling;
pub use server::{Server, ServerKind};
pub use sessions::{History, Sessions};
pub use tokenizer::{TemplateOverhead, TokenizerKind, TokenizerRef};
pub use trace::{TraceFormat, TraceOptions, TraceRef, TraceStart};

use context::Context;
use fields::{Cursor, Fields, Keys};
use load::{Engine, Owner};
use node::Node;
use population::{Populations, Shared, have_own_loads};
use schemas::manifest::Hints;
use server::ServerBlock;
use std::io;
use tokenizer::TokenizerBlock;

const KEYS: Keys = Keys {
    known: &[
        "seed",
        "tokenizer",
        "api",
        "server",
        "models",
        "model_selection",
        "lora_traffic_split",
        "data",
        "load",
        "sessions",
        "sampling",
        "cancellation",
        "audit",
        "slo",
        "populations",
        "report",
        "metrics",
        "storage",
        "circuit_breakers",
    ],
    later: &[],
    refused: &[
        (
            "name",
            "a spec has no name",
            "remove it; a population has one, in `populations`",
        ),
        ("sweep", "a sweep is part of the load", "write it in `load`"),
        (
            "stages",
            "stages are part of the load",
            "write them in `load`",
        ),
    ],
};

/// A checked spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// `seed`, or `load.base_seed`, or `data.shared_prefix.seed`; none if the spec leaves it to
    /// the system.
    pub seed: Option<u64>,
    /// None: the embedded o200k_base.
    pub tokenizer: Option<TokenizerRef>,
    /// What a chat template adds to the tokens of the text.
    pub template_overhead: TemplateOverhead,
    pub server: Option<Server>,
    /// At least one, in the spec's order.
    pub populations: Vec<Population>,
    /// What the spec recommends to the replay.
    pub hints: Hints,
    /// What the user should know: keys that were read and have no counterpart here, and defaults
    /// that were taken. Each once.
    pub notes: Vec<String>,
}

/// The bytes of a file that the spec names, such as a histogram; by the spec's own words for it.
pub type Files<'f> = dyn FnMut(&str) -> io::Result<Vec<u8>> + 'f;

impl Spec {
    /// Reads `text`, applies the `--set` overrides in `sets` in their order, and
    /// checks the whole. `file_name` is what errors call the spec.
    pub fn parse(
        text: &str,
        file_name: &str,
        sets: &[String],
        files: &mut Files<'_>,
    ) -> Result<Self, SpecError> {
        let written = Node::parse(text, file_name)?;
        let mut document = written.clone();
        for set in sets {
            set::apply(&mut document, set, file_name)?;
        }
        let root = Cursor::root(&document, file_name);
        if root.is_null() {
            return Err(root.error("it is empty", "write at least `models:` and `load:`"));
        }
        let mut context = Context::new(files);
        let spec = read(&root.fields(&KEYS)?, &mut context)?;
        // Last, for what a reader says of its own block is more to the point. An override removes
        // no secret from the text, and may bring one.
        secrets::refuse(&written, file_name)?;
        secrets::refuse(&document, file_name)?;
        Ok(Self {
            notes: context.into_notes(),
            ..spec
        })
    }
}

/// The spec without its notes.
fn read(root: &Fields<'_>, context: &mut Context<'_>) -> Result<Spec, SpecError> {
    carried::note(root, context);
    let tokenizer = root.optional("tokenizer");
    let tokenizer = tokenizer.map(|block| TokenizerBlock::read(block, context));
    let server = root.optional("server");
    let server = server.map(|block| ServerBlock::read(block, context));
    let server = server.transpose()?;
    let tokenizer = tokenizer.transpose()?.unwrap_or_default();
    let model_name = server.as_ref().and_then(|block| block.model_name.clone());
    check_model_name(root, model_name.as_ref())?;
    let owner = match Audit::is_asked(root)? || have_own_loads(root) {
        true => Owner::Unused,
        false => Owner::Root,
    };
    let engine = Engine::read(root.optional("load"), owner, context)?;
    let shared = Shared {
        root,
        model_name,
        engine: &engine,
        server: server.as_ref().map(|block| block.server.kind),
    };
    let populations = Populations::read(&shared, context)?;
    check_total(root, &populations.list)?;
    let seeds = [
        root.optional("seed"),
        engine.base_seed.clone(),
        populations.data_seed,
    ];
    let url = server.as_ref().and_then(|block| block.url.clone());
    let loads = populations.list.iter().map(|population| &population.load);
    Ok(Spec {
        seed: seed::read(seeds, context)?,
        tokenizer: tokenizer.named,
        template_overhead: tokenizer.overhead,
        server: server.map(|block| block.server),
        hints: Hints {
            slos: slo::read(root.optional("slo"))?,
            ..engine.hints(loads, url, context)?
        },
        populations: populations.list,
        notes: Vec::new(),
    })
}

/// Refuses two answers to the question which model is asked.
fn check_model_name(root: &Fields<'_>, model_name: Option<&Cursor<'_>>) -> Result<(), SpecError> {
    let (Some(name), Some(models)) = (model_name, root.optional("models")) else {
        return Ok(());
    };
    let text = name.text()?;
    let models = Models::read(&models, root.optional("model_selection"))?;
    if models.list.len() == 1 && models.list[0].name == text {
        return Ok(());
    }
    let what = format!("`models` says something else than \"{text}\"");
    Err(name.error(what, "remove `server.model_name`"))
}

/// Every population keeps the limit alone; a workload holds them all.
fn check_total(root: &Fields<'_>, list: &[Population]) -> Result<(), SpecError> {
    let total: u128 = list
        .iter()
        .map(|population| population.load.requests())
        .sum();
    let Some(populations) = root.optional("populations") else {
        return Ok(());
    };
    if total > u128::from(load::MAX_REQUESTS) {
        let limit = load::MAX_REQUESTS;
        let what = format!("{total} requests together are more than the limit of {limit}");
        return Err(populations.error(what, "lower a rate or shorten a stage"));
    }
    Ok(())
}
