//! The spec: YAML text to values in which everything is known, in range and in
//! exact units. Block names and defaults are inference-perf's.
//!
//! Refuses every key, word, unit and combination it does not know, with line and
//! column and what to do next. Opens no file and draws nothing.
//!
//! `node` reads the syntax, `set` applies overrides, `fields` reads by key, and one
//! module for each block says what may stand in it.

pub mod data;
pub mod load;
pub mod quantity;

mod distribution;
mod error;
mod fields;
mod length;
mod node;
mod set;
mod suggest;
mod trace;

pub use data::{Data, DataKind, LengthSpec, Lengths};
pub use error::SpecError;
pub use load::{Load, Stage};
pub use node::MAX_SPEC_BYTES;
pub use quantity::{DurationNs, RateMicrohertz};
pub use trace::{TraceFormat, TraceRef};

use fields::{Choices, Cursor, Fields, Keys, REMOVE};
use node::Node;

/// Longest model name, in bytes.
pub const MAX_NAME_BYTES: usize = 512;

/// A checked spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// `seed`, or `load.base_seed`; none if the spec leaves it to the system.
    pub seed: Option<u64>,
    pub api: Api,
    pub server: Option<Server>,
    pub model: Model,
    pub data: Data,
    pub load: Load,
}

/// What is asked of the server. The default is inference-perf's: completions,
/// not streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    pub kind: ApiKind,
    pub streaming: bool,
}

/// The endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKind {
    Chat,
    Completion,
}

/// The server's software, where a payload depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Vllm,
    Sglang,
    Tgi,
}

/// The model that requests name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub name: String,
}

const KEYS: Keys = Keys {
    known: &["seed", "api", "server", "models", "data", "load"],
    later: &[
        ("populations", REMOVE),
        ("tokenizer", REMOVE),
        ("sessions", REMOVE),
        ("cancellation", REMOVE),
        ("lora_traffic_split", REMOVE),
        ("metrics", REMOVE),
        (
            "report",
            "remove it: reports are derived after the run, by `replay report DIR`",
        ),
        (
            "storage",
            "remove it: results go where `replay run --out DIR` says",
        ),
        ("circuit_breakers", REMOVE),
    ],
};

const API_KEYS: Keys = Keys {
    known: &["type", "streaming"],
    later: &[
        (
            "headers",
            "remove it: headers are given when firing, by `replay run --header K:V`",
        ),
        ("response_format", REMOVE),
        ("slo_unit", REMOVE),
        ("slo_tpot_header", REMOVE),
        ("slo_ttft_header", REMOVE),
    ],
};

const API_KINDS: Choices<ApiKind> = Choices {
    known: &[("chat", ApiKind::Chat), ("completion", ApiKind::Completion)],
    later: &["embeddings", "messages"],
};

const SERVER_KEYS: Keys = Keys {
    known: &["type"],
    later: &[
        ("model_name", "remove it and write `models: [{name: ..}]`"),
        (
            "base_url",
            "remove it: the target is given when firing, by `replay run --url URL`",
        ),
        (
            "api_key",
            "remove it: keys never enter a workload; `replay run --api-key-env VAR`",
        ),
        ("ignore_eos", REMOVE),
    ],
};

const SERVERS: Choices<Server> = Choices {
    known: &[
        ("vllm", Server::Vllm),
        ("sglang", Server::Sglang),
        ("tgi", Server::Tgi),
    ],
    later: &["mock", "tensorrt_llm", "trtllm"],
};

const MODEL_KEYS: Keys = Keys {
    known: &["name"],
    later: &[
        ("weight", REMOVE),
        ("split", REMOVE),
        ("adapters", REMOVE),
        ("tokenizer", REMOVE),
        ("token", REMOVE),
    ],
};

const MODELS_EXAMPLE: &str = "add `models: [{name: llama-3.1-8b}]`";

impl Spec {
    /// Reads `text`, applies the `--set` overrides in `sets` in their order, and
    /// checks the whole. `file_name` is what errors call the spec.
    pub fn parse(text: &str, file_name: &str, sets: &[String]) -> Result<Self, SpecError> {
        let mut document = Node::parse(text, file_name)?;
        for set in sets {
            set::apply(&mut document, set, file_name)?;
        }
        let root = Cursor::root(&document, file_name);
        if root.is_null() {
            return Err(root.error("it is empty", "write at least `models:` and `load:`"));
        }
        let fields = root.fields(&KEYS)?;
        let api = Api::read(fields.optional("api"))?;
        let server = fields.optional("server").map(Server::read).transpose()?;
        let model = Model::read(&fields)?;
        let load_cursor =
            fields.required("load", "add a `load:` block with `type` and `stages`")?;
        let (load, base_seed) = Load::read(load_cursor)?;
        Ok(Self {
            seed: read_seeds(fields.optional("seed"), base_seed)?,
            api,
            server,
            model,
            data: Data::read(fields.optional("data"), &fields.cursor, &load)?,
            load,
        })
    }
}

impl Api {
    fn read(cursor: Option<Cursor<'_>>) -> Result<Self, SpecError> {
        let mut api = Self {
            kind: ApiKind::Completion,
            streaming: false,
        };
        let Some(cursor) = cursor else {
            return Ok(api);
        };
        let fields = cursor.fields(&API_KEYS)?;
        if let Some(kind) = fields.optional("type") {
            api.kind = kind.choice(&API_KINDS)?;
        }
        if let Some(streaming) = fields.optional("streaming") {
            api.streaming = streaming.bool()?;
        }
        Ok(api)
    }
}

impl Server {
    fn read(cursor: Cursor<'_>) -> Result<Self, SpecError> {
        let fields = cursor.fields(&SERVER_KEYS)?;
        fields
            .required("type", "add `type: vllm`, or remove `server`")?
            .choice(&SERVERS)
    }
}

impl Model {
    /// The one item of `models`.
    fn read(fields: &Fields<'_>) -> Result<Self, SpecError> {
        let models = fields.required("models", MODELS_EXAMPLE)?;
        let mut items = models.list()?;
        let count = items.len();
        let Some(model) = items.pop() else {
            return Err(models.error("there is no model", MODELS_EXAMPLE));
        };
        if count > 1 {
            let what = format!("{count} models are not supported by this version yet");
            return Err(models.error(what, "keep one model, and compile one spec for each"));
        }
        let fields = model.fields(&MODEL_KEYS)?;
        let cursor = fields.required("name", "add `name: llama-3.1-8b`")?;
        let name = cursor.text()?;
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
            let what = format!("a name has 1 to {MAX_NAME_BYTES} bytes, no control characters");
            return Err(cursor.error(
                what,
                "write the name under which the server knows the model",
            ));
        }
        let name = name.to_owned();
        Ok(Self { name })
    }
}

/// `seed` and inference-perf's name for it.
fn read_seeds(
    seed: Option<Cursor<'_>>,
    base_seed: Option<Cursor<'_>>,
) -> Result<Option<u64>, SpecError> {
    let read = |cursor: &Cursor<'_>| {
        quantity::whole(cursor.scalar()?, u64::MAX).map_err(|error| {
            let example = format!("a whole number from 0 to {}", u64::MAX);
            cursor.error(error.to_string(), error.remedy(&example))
        })
    };
    let seed = seed.as_ref().map(read).transpose()?;
    let Some(cursor) = base_seed else {
        return Ok(seed);
    };
    let base_seed = read(&cursor)?;
    match seed {
        Some(seed) if seed != base_seed => {
            let what = format!("{base_seed} is not the `seed` of {seed}");
            Err(cursor.error(
                what,
                "remove one of the two: they are two names for one seed",
            ))
        }
        _ => Ok(Some(base_seed)),
    }
}
