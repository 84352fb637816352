//! One population: everything that is asked of one kind of client.
//!
//! A spec without `populations` has one, made of the root's own blocks. With them, a block of a
//! population replaces the root's of that name whole. Refuses a root block that every population
//! replaces: it would be ignored, and somebody meant something by it.

use super::api::Api;
use super::audit::Audit;
use super::cancellation::Cancellation;
use super::context::Context;
use super::data::{Data, DataBlock, Lengths};
use super::error::SpecError;
use super::fields::{Cursor, Fields, Keys, REMOVE, one_of};
use super::fitting;
use super::load::{Engine, Load, LoadBlock, Owner};
use super::models::{self, Adapter, MODELS_EXAMPLE, Models};
use super::sampling::Sampling;
use super::server::ServerKind;
use super::sessions::Sessions;
use super::shared_prefix;

/// Most populations of a spec.
pub const MAX_POPULATIONS: usize = 1_000;
/// Longest name of a population, in bytes.
pub const MAX_POPULATION_NAME_BYTES: usize = 64;

/// One kind of client: what it asks, when, and of whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// Distinct, `[a-z0-9_-]{1,64}`; none if the spec has no `populations`.
    pub name: Option<String>,
    pub api: Api,
    pub models: Models,
    /// Empty: none. Otherwise each request names one of them as its model.
    pub adapters: Vec<Adapter>,
    pub data: Data,
    pub load: Load,
    pub sessions: Option<Sessions>,
    pub sampling: Sampling,
    pub cancellation: Option<Cancellation>,
}

const KEYS: Keys = Keys {
    known: &[
        "name",
        "api",
        "models",
        "model_selection",
        "lora_traffic_split",
        "data",
        "load",
        "sessions",
        "sampling",
        "cancellation",
    ],
    later: &[("weight", REMOVE)],
    refused: &[
        (
            "seed",
            "one seed serves all populations: their names keep their draws apart",
            "write `seed` in the root",
        ),
        (
            "server",
            "all populations ask one server",
            "write `server` in the root",
        ),
        (
            "tokenizer",
            "one tokenizer serves all populations",
            "write `tokenizer` in the root",
        ),
    ],
};

/// The blocks that a population may take from the root. A root's `load` may still say something
/// about the engine when every population has its own; `load` itself looks after that.
const BLOCKS: [&str; 8] = [
    "api",
    "models",
    "model_selection",
    "lora_traffic_split",
    "data",
    "sessions",
    "sampling",
    "cancellation",
];

/// What every population can take from the root.
pub(super) struct Shared<'s, 'a> {
    pub root: &'s Fields<'a>,
    /// inference-perf's only place for a model's name.
    pub model_name: Option<Cursor<'a>>,
    pub engine: &'s Engine<'a>,
    /// The software of the server, if the spec says it.
    pub server: Option<ServerKind>,
}

/// The populations of a spec, and the seed in the root's `data`, if one of them uses that.
pub(super) struct Populations<'a> {
    pub list: Vec<Population>,
    pub data_seed: Option<Cursor<'a>>,
}

/// The blocks of one population, each its own or the root's.
struct Blocks<'s, 'a> {
    own: Option<&'s Fields<'a>>,
    root: &'s Fields<'a>,
    /// The root's blocks that were taken.
    inherited: Vec<&'static str>,
}

impl<'a> Blocks<'_, 'a> {
    fn own(&self, key: &str) -> Option<Cursor<'a>> {
        self.own.and_then(|own| own.optional(key))
    }

    fn take(&mut self, key: &'static str) -> Option<Cursor<'a>> {
        self.own(key).or_else(|| {
            self.inherited.push(key);
            self.root.optional(key)
        })
    }

    /// A block that inference-perf keeps in `load`: where the population has one, that, in either
    /// place; else the root's, in either place.
    fn take_beside_load(
        &mut self,
        key: &'static str,
        in_load: Option<Cursor<'a>>,
    ) -> Result<Option<Cursor<'a>>, SpecError> {
        let load_is_own = self.own("load").is_some();
        let (of_own, of_root) = match load_is_own {
            true => (in_load, None),
            false => (None, in_load),
        };
        if let Some(own) = one_of(self.own(key), of_own)? {
            return Ok(Some(own));
        }
        self.inherited.push(key);
        one_of(self.root.optional(key), of_root)
    }
}

/// Whether every population in the list has a load of its own.
pub(super) fn have_own_loads(root: &Fields<'_>) -> bool {
    let has_load = |population: &Cursor<'_>| {
        let entries = population.entries().unwrap_or_default();
        let mut loads = entries.iter().filter(|(key, _)| key.text == "load");
        loads.any(|(_, load)| !load.is_null())
    };
    let populations = root.optional("populations");
    let items = populations.and_then(|populations| populations.list().ok());
    items.is_some_and(|items| !items.is_empty() && items.iter().all(has_load))
}

impl<'a> Populations<'a> {
    /// All of them, at least one.
    pub fn read(shared: &Shared<'_, 'a>, context: &mut Context<'_>) -> Result<Self, SpecError> {
        let Some(cursor) = shared.root.optional("populations") else {
            let (population, blocks) = read_one(None, None, shared, context)?;
            return Ok(Self {
                list: vec![population],
                data_seed: blocks.data_seed,
            });
        };
        let items = cursor.list()?;
        let example = "write `[{name: chat, load: {..}}, {name: batch, load: {..}}]`, or remove it";
        if items.is_empty() {
            return Err(cursor.error("there is no population", example));
        }
        if items.len() > MAX_POPULATIONS {
            let what = format!(
                "{} populations are more than {MAX_POPULATIONS}",
                items.len()
            );
            return Err(cursor.error(what, "put similar ones together"));
        }
        let mut list: Vec<Population> = Vec::with_capacity(items.len());
        let (mut inherited, mut data_seed) = (Vec::new(), None);
        for item in items {
            let own = item.fields(&KEYS)?;
            let name = read_name(&own, &list)?;
            let (population, blocks) = read_one(Some(name), Some(&own), shared, context)?;
            list.push(population);
            inherited.extend(blocks.inherited);
            data_seed = data_seed.or(blocks.data_seed);
        }
        refuse_unused(shared.root, &inherited)?;
        if let (Some(name), false) = (&shared.model_name, inherited.contains(&"models")) {
            context.note(format!(
                "{} is not used: every population has models of its own",
                name.name()
            ));
        }
        Ok(Self { list, data_seed })
    }
}

/// What is left of a population when it is read.
struct Leftovers<'a> {
    inherited: Vec<&'static str>,
    data_seed: Option<Cursor<'a>>,
}

fn read_one<'a>(
    name: Option<String>,
    own: Option<&Fields<'a>>,
    shared: &Shared<'_, 'a>,
    context: &mut Context<'_>,
) -> Result<(Population, Leftovers<'a>), SpecError> {
    let mut blocks = Blocks {
        own,
        root: shared.root,
        inherited: Vec::new(),
    };
    let api = Api::read(blocks.take("api"), context)?;
    let models = read_models(&mut blocks, shared)?;
    let block = read_load(&mut blocks, &api, shared, context)?;
    let mut data = read_data(&mut blocks, &api, &block.load, context)?;
    let mut sessions = blocks.take("sessions");
    if let Some(set) = &mut data.data.set
        && let Some(cursor) = sessions.take()
    {
        set.read_sessions(cursor, api.kind, context)?;
    }
    let sessions =
        sessions.map(|cursor| read_sessions(cursor, &api, &data.data, &block.load, context));
    let sampling = blocks.take("sampling");
    let sampling = sampling.map(|cursor| Sampling::read(cursor, api.kind, context));
    let cancellation = blocks.take_beside_load("cancellation", block.cancellation)?;
    let cancellation = cancellation.map(|cursor| Cancellation::read(cursor, &api, context));
    let adapters = blocks.take_beside_load("lora_traffic_split", block.adapters)?;
    let adapters = adapters.map(|cursor| read_adapters(&cursor, &api));
    let population = Population {
        name,
        models,
        adapters: adapters.transpose()?.unwrap_or_default(),
        data: data.data,
        load: block.load,
        sessions: sessions.transpose()?,
        sampling: sampling.transpose()?.unwrap_or_default(),
        cancellation: cancellation.transpose()?,
        api,
    };
    let leftovers = Leftovers {
        inherited: blocks.inherited,
        data_seed: data.seed,
    };
    Ok((population, leftovers))
}

/// The population's models, or the root's, or the one that `server` names.
fn read_models(blocks: &mut Blocks<'_, '_>, shared: &Shared<'_, '_>) -> Result<Models, SpecError> {
    let selection = blocks.take("model_selection");
    match (blocks.take("models"), &shared.model_name) {
        (Some(models), _) => Models::read(&models, selection),
        (None, Some(name)) => Models::one(name),
        (None, None) => match shared.root.required("models", MODELS_EXAMPLE) {
            Ok(models) => Models::read(&models, selection),
            Err(missing) => Err(missing),
        },
    }
}

/// Adapters, unless the endpoint has no place for their names.
fn read_adapters(cursor: &Cursor<'_>, api: &Api) -> Result<Vec<Adapter>, SpecError> {
    if !api.kind.names_model() {
        let what = format!(
            "a body of the endpoint `{}` names no model, and so no adapter",
            api.kind.name()
        );
        return Err(cursor.error(what, "remove it, or write `api: {type: completion}`"));
    }
    models::read_adapters(cursor)
}

fn read_load<'a>(
    blocks: &mut Blocks<'_, 'a>,
    api: &Api,
    shared: &Shared<'_, 'a>,
    context: &mut Context<'_>,
) -> Result<LoadBlock<'a>, SpecError> {
    if let Some(audit) = shared.root.optional("audit") {
        return Audit::read(audit, shared, api).map(LoadBlock::audit);
    }
    if let Some(own) = blocks.own("load") {
        return LoadBlock::read(own, Owner::Population, shared.engine, context);
    }
    match blocks.take("load") {
        Some(root) => LoadBlock::read(root, Owner::Root, shared.engine, context),
        None => Ok(LoadBlock::missing(context)),
    }
}

fn read_data<'a>(
    blocks: &mut Blocks<'_, 'a>,
    api: &Api,
    load: &Load,
    context: &mut Context<'_>,
) -> Result<DataBlock<'a>, SpecError> {
    let is_own = blocks.own("data").is_some();
    let block = blocks.take("data");
    let data = DataBlock::read(block.clone(), &blocks.root.cursor, load, context)?;
    fitting::check(api, &data.data, block.as_ref(), blocks.root)?;
    if let Some(block) = &block {
        fitting::check_texts(&data.data, load, block)?;
    }
    if let (Some(block), Some(prefix)) = (block, &data.data.shared_prefix)
        && prefix.multi_turn
    {
        shared_prefix::check_turns(&block, prefix, load)?;
    }
    match &data.seed {
        Some(seed) if is_own => {
            let what = "one seed serves all populations: their names keep their draws apart";
            Err(seed.error(what, "remove it, and write `seed` in the root"))
        }
        _ => Ok(data),
    }
}

/// Sessions, unless something else makes conversations already.
fn read_sessions(
    cursor: Cursor<'_>,
    api: &Api,
    data: &Data,
    load: &Load,
    context: &mut Context<'_>,
) -> Result<Sessions, SpecError> {
    if let Load::Trace { trace, .. } = load
        && trace.format.brings_sessions()
    {
        let what = format!("the {} trace brings its own sessions", trace.format.name());
        return Err(cursor.error(what, "remove `sessions`"));
    }
    if !api.kind.generates() {
        let what = format!(
            "the endpoint `{}` answers nothing to go on from",
            api.kind.name()
        );
        return Err(cursor.error(what, "remove `sessions`"));
    }
    match (&data.shared_prefix, &data.lengths) {
        (Some(prefix), _) if prefix.multi_turn => {
            let what = "`enable_multi_turn_chat` makes conversations already";
            Err(cursor.error(what, "keep one of the two"))
        }
        (Some(_), _) => {
            let what = "prompts with a shared prefix stand alone";
            let remedy = "set `data.shared_prefix.enable_multi_turn_chat: true` instead";
            Err(cursor.error(what, remedy))
        }
        (None, Lengths::FromTrace) => {
            let what = "the trace gives the lengths of one prompt for each row, not of turns";
            let remedy = "remove `sessions`, or write both distributions instead of `data.trace`";
            Err(cursor.error(what, remedy))
        }
        (None, _) => Sessions::read(cursor, api.kind, context),
    }
}

fn read_name(own: &Fields<'_>, before: &[Population]) -> Result<String, SpecError> {
    let cursor = own.required("name", "add `name: chat`")?;
    let name = cursor.text()?;
    let is_known =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let fits = (1..=MAX_POPULATION_NAME_BYTES).contains(&name.len());
    if !fits || !name.bytes().all(is_known) {
        let what = format!("`{name}` is no name of a population");
        let remedy = "write 1 to 64 of the letters a to z, digits, - and _";
        return Err(cursor.error(what, remedy));
    }
    if before
        .iter()
        .any(|other| other.name.as_deref() == Some(name))
    {
        let what = format!("there is a population `{name}` already");
        return Err(cursor.error(what, "write another name: draws are kept apart by it"));
    }
    Ok(name.to_owned())
}

/// Refuses a block of the root that no population took.
fn refuse_unused(root: &Fields<'_>, inherited: &[&str]) -> Result<(), SpecError> {
    let load = root.optional("load");
    let in_load = |key: &str| {
        let entries = load.as_ref()?.entries().ok()?;
        let found = entries.into_iter().find(|(entry, _)| entry.text == key);
        found
            .map(|(_, block)| block)
            .filter(|block| !block.is_null())
    };
    let unused = BLOCKS.iter().filter(|key| !inherited.contains(key));
    match unused
        .filter_map(|key| root.optional(key).or_else(|| in_load(key)))
        .next()
    {
        Some(block) => {
            let what = "every population has its own, so this one is not used";
            Err(block.error(what, "remove it here, or in a population"))
        }
        None => Ok(()),
    }
}
