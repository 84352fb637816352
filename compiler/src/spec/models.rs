//! `models`, `model_selection` and `lora_traffic_split`: the names that requests carry, and how
//! often each. Refuses weights that nothing uses and shares that do not make a whole.

use super::error::SpecError;
use super::fields::{Choices, Cursor, Keys, REMOVE};
use super::node::Value;
use super::quantity::{self, MILLION, SHARE_ONE};

/// Longest model or adapter name, in bytes.
pub const MAX_NAME_BYTES: usize = 512;
/// Most models, and most adapters, of a population.
pub const MAX_MODELS: usize = 10_000;

/// The models that requests name; at least one, all of them distinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    pub list: Vec<Model>,
    pub selection: Selection,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name under which the server knows it.
    pub name: String,
    /// In 10^-6, more than 0; 1,000,000 if it is not written.
    pub weight: u64,
}

/// How a request gets its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// In turn, in the spec's order.
    RoundRobin,
    /// Drawn, all alike.
    Random,
    /// Drawn by weight.
    Weighted,
}

/// A LoRA adapter (inference-perf's `lora_traffic_split`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// What stands in the request's `model`.
    pub name: String,
    /// Share of the requests in 10^-12, more than 0; all shares together are within 10^-9 of 1.
    pub split: u64,
}

const MODEL_KEYS: Keys = Keys {
    known: &["name", "weight"],
    later: &[("tokenizer", REMOVE)],
    refused: &[
        (
            "split",
            "a model's share is its `weight`",
            "write `weight`; `lora_traffic_split` is for adapters",
        ),
        (
            "adapters",
            "adapters stand in a block of their own",
            "write `lora_traffic_split: [{name: .., split: ..}]`",
        ),
        (
            "token",
            "access tokens never enter a workload",
            "remove it; `replay run --api-key-env VAR` sends a key",
        ),
    ],
};

const ADAPTER_KEYS: Keys = Keys {
    known: &["name", "split"],
    later: &[],
    refused: &[(
        "weight",
        "an adapter's share is its `split`",
        "write `split`",
    )],
};

const SELECTIONS: Choices<Selection> = Choices {
    known: &[
        ("round_robin", Selection::RoundRobin),
        ("random", Selection::Random),
        ("weighted", Selection::Weighted),
    ],
    later: &[],
    refused: &[],
};

pub(super) const MODELS_EXAMPLE: &str = "add `models: [{name: llama-3.1-8b}]`";
const MODEL_NAME: &str = "write the name under which the server knows the model";
const ADAPTER_NAME: &str = "write the name under which the server knows the adapter";
/// What the shares of adapters may miss 1 by together: 10^-9.
const SPLIT_TOLERANCE: u64 = 1_000;

impl Models {
    /// The models at `cursor`: a list of maps or names, or one name.
    pub(super) fn read(
        cursor: &Cursor<'_>,
        selection: Option<Cursor<'_>>,
    ) -> Result<Self, SpecError> {
        let items = match &cursor.node.value {
            Value::Text(_) => vec![cursor.clone()],
            _ => cursor.list()?,
        };
        check_number(&items, cursor, "model", MODELS_EXAMPLE)?;
        let mut list: Vec<Model> = Vec::with_capacity(items.len());
        let mut weight = None;
        for item in items {
            let (name, written) = read_model(item)?;
            let text = name.named(MODEL_NAME)?;
            if list.iter().any(|model| model.name == text) {
                let what = format!("\"{text}\" stands twice");
                return Err(name.error(what, "keep one; `weight` makes it more frequent"));
            }
            let read = written
                .as_ref()
                .map(|weight| weight.positive_millionths(WEIGHT));
            list.push(Model {
                name: text,
                weight: read.unwrap_or(Ok(MILLION))?,
            });
            weight = weight.or(written);
        }
        let selection = read_selection(selection, weight)?;
        Ok(Self { list, selection })
    }

    /// One model that all requests name.
    pub(super) fn one(cursor: &Cursor<'_>) -> Result<Self, SpecError> {
        Self::read(cursor, None)
    }
}

const WEIGHT: &str = "a number of more than 0, like 3 or 0.25";

/// The name of one item, and its weight if it is written.
fn read_model<'a>(item: Cursor<'a>) -> Result<(Cursor<'a>, Option<Cursor<'a>>), SpecError> {
    if let Value::Text(_) = item.node.value {
        return Ok((item, None));
    }
    let fields = item.fields(&MODEL_KEYS)?;
    let name = fields.required("name", "add `name: llama-3.1-8b`")?;
    Ok((name, fields.optional("weight")))
}

fn read_selection(
    selection: Option<Cursor<'_>>,
    weight: Option<Cursor<'_>>,
) -> Result<Selection, SpecError> {
    let chosen = selection
        .map(|selection| selection.choice(&SELECTIONS))
        .transpose()?;
    match (chosen, weight) {
        (Some(Selection::RoundRobin | Selection::Random), Some(weight)) => {
            let what = "`model_selection` uses no weights";
            Err(weight.error(
                what,
                "remove the weights, or write `model_selection: weighted`",
            ))
        }
        (Some(chosen), _) => Ok(chosen),
        (None, Some(_)) => Ok(Selection::Weighted),
        (None, None) => Ok(Selection::RoundRobin),
    }
}

fn check_number(
    items: &[Cursor<'_>],
    cursor: &Cursor<'_>,
    thing: &str,
    example: &str,
) -> Result<(), SpecError> {
    if items.is_empty() {
        return Err(cursor.error(format!("there is no {thing}"), example));
    }
    if items.len() > MAX_MODELS {
        let what = format!("{} {thing}s are more than {MAX_MODELS}", items.len());
        return Err(cursor.error(what, "write several specs"));
    }
    Ok(())
}

/// The adapters at `cursor`.
pub(super) fn read_adapters(cursor: &Cursor<'_>) -> Result<Vec<Adapter>, SpecError> {
    let items = cursor.list()?;
    let example = "write `[{name: movie, split: 0.5}, {name: consumer, split: 0.5}]`, or remove it";
    check_number(&items, cursor, "adapter", example)?;
    let mut adapters: Vec<Adapter> = Vec::with_capacity(items.len());
    for item in items {
        let fields = item.fields(&ADAPTER_KEYS)?;
        let cursor = fields.required("name", "add `name: movie`")?;
        let split = fields.required("split", "add `split: 0.5`, a share of the requests")?;
        let name = cursor.named(ADAPTER_NAME)?;
        if adapters.iter().any(|adapter| adapter.name == name) {
            let what = format!("\"{name}\" stands twice");
            return Err(cursor.error(what, "keep one, with the sum of their shares"));
        }
        adapters.push(Adapter {
            name,
            split: split.positive_share()?,
        });
    }
    let sum: u64 = adapters.iter().map(|adapter| adapter.split).sum();
    if sum.abs_diff(SHARE_ONE) > SPLIT_TOLERANCE {
        let sum = quantity::decimal_text(sum, SHARE_ONE);
        let what = format!("the shares sum to {sum}, not to 1");
        return Err(cursor.error(what, "change the `split` of an adapter"));
    }
    Ok(adapters)
}
