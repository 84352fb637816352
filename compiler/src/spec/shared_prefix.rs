//! `data.shared_prefix`: groups of prompts that begin with the same system prompt, under
//! inference-perf's names and defaults. Refuses two names for one thing, more prompts than are kept,
//! and users with more turns than a conversation has.

use super::context::Context;
use super::data::{Lengths, SharedPrefix};
use super::distribution::{self, TOKENS};
use super::error::SpecError;
use super::fields::{Cursor, Fields, Keys, REMOVE};
use super::load::Load;
use super::sessions::MAX_TURNS;
use crate::samplers::Distribution;

/// Most system prompts, and most questions behind each.
const MAX_GROUPS: u32 = 1_000_000;
/// Most questions of all groups together.
const MAX_PROMPTS: u64 = 10_000_000;
/// inference-perf's number of groups, and of questions in each.
const DEFAULT_GROUPS: u32 = 10;
/// inference-perf's tokens of a system prompt.
const DEFAULT_SYSTEM_TOKENS: u64 = 100;
/// inference-perf's tokens of a question, and of an answer.
const DEFAULT_TOKENS: u64 = 50;

const KEYS: Keys = Keys {
    known: &[
        "num_groups",
        "num_unique_system_prompts",
        "num_prompts_per_group",
        "num_users_per_system_prompt",
        "system_prompt_len",
        "question_len",
        "question_distribution",
        "output_len",
        "output_distribution",
        "seed",
        "enable_multi_turn_chat",
    ],
    later: &[
        ("multimodal", REMOVE),
        ("max_model_len", REMOVE),
        ("tool_calls", REMOVE),
    ],
    refused: &[],
};

/// The block, its lengths, and its seed for the caller, who knows the others.
pub struct SharedPrefixBlock<'a> {
    pub prefix: SharedPrefix,
    pub lengths: Lengths,
    pub seed: Option<Cursor<'a>>,
}

/// The block at `cursor`, or inference-perf's defaults.
pub fn read<'a>(
    cursor: Option<Cursor<'a>>,
    context: &mut Context<'_>,
) -> Result<SharedPrefixBlock<'a>, SpecError> {
    let Some(cursor) = cursor else {
        return Ok(missing(context));
    };
    let fields = cursor.fields(&KEYS)?;
    let count = |key, synonym| match fields.either(key, synonym)? {
        Some(cursor) => cursor.count_u32(1, MAX_GROUPS, ""),
        None => Ok(DEFAULT_GROUPS),
    };
    let groups = count("num_groups", "num_unique_system_prompts")?;
    let prompts_per_group = count("num_prompts_per_group", "num_users_per_system_prompt")?;
    check_prompts(&fields, groups, prompts_per_group)?;
    let multi_turn = fields.optional("enable_multi_turn_chat");
    Ok(SharedPrefixBlock {
        prefix: SharedPrefix {
            groups,
            prompts_per_group,
            system: length(
                fields.optional("system_prompt_len"),
                DEFAULT_SYSTEM_TOKENS,
                context,
            )?,
            multi_turn: multi_turn.map_or(Ok(false), |chat| chat.bool())?,
        },
        lengths: Lengths::Drawn {
            input: either(&fields, "question_len", "question_distribution", context)?,
            output: either(&fields, "output_len", "output_distribution", context)?,
        },
        seed: fields.optional("seed"),
    })
}

/// Refuses more questions than [`MAX_PROMPTS`], at the number of groups.
fn check_prompts(
    fields: &Fields<'_>,
    groups: u32,
    prompts_per_group: u32,
) -> Result<(), SpecError> {
    let prompts = u64::from(groups) * u64::from(prompts_per_group);
    if prompts <= MAX_PROMPTS {
        return Ok(());
    }
    let written = fields.either("num_groups", "num_unique_system_prompts")?;
    let what = format!(
        "{groups} groups of {prompts_per_group} prompts are {prompts} prompts, more than the limit \
         of {MAX_PROMPTS}"
    );
    let at = written.as_ref().unwrap_or(&fields.cursor);
    Err(at.error(
        what,
        "lower it, or the number of prompts in a group: requests take them in turn",
    ))
}

/// Refuses turns that do not fit `load`; `block` is the data that has them.
pub fn check_turns(
    block: &Cursor<'_>,
    prefix: &SharedPrefix,
    load: &Load,
) -> Result<(), SpecError> {
    if let Some(what) = no_turns(load) {
        let remedy = "set a `load.type` with rates, or write `sessions` instead";
        return Err(block.error(what, remedy));
    }
    let users = u128::from(prefix.groups) * u128::from(prefix.prompts_per_group);
    let requests = load.requests();
    let turns = requests.div_ceil(users);
    if turns <= u128::from(MAX_TURNS) {
        return Ok(());
    }
    let what = format!(
        "each user would have {turns} turns, more than the limit of {MAX_TURNS}: {requests} \
         requests, users: {users}"
    );
    let remedy = "raise `num_groups` or `num_prompts_per_group`, or shorten a stage of the load";
    Err(block.error(what, remedy))
}

/// Why turns of a shared prefix, which are counted by the requests before them, do not fit a load.
fn no_turns(load: &Load) -> Option<&'static str> {
    match load {
        // A schedule is a data set's, and an audit has prompts of its own: neither has a shared prefix.
        Load::Open { .. } | Load::Schedule | Load::Audit(_) => None,
        Load::Concurrent { .. } | Load::Users { .. } => Some(
            "the turns of `enable_multi_turn_chat` have times of their own, which a closed loop \
             has not",
        ),
        Load::Trace { .. } => Some(
            "the turns of `enable_multi_turn_chat` are counted by the requests before them, and \
             of a trace any row may be left out",
        ),
    }
}

/// inference-perf's defaults.
fn missing<'a>(context: &mut Context<'_>) -> SharedPrefixBlock<'a> {
    context.note(
        "there is no `data.shared_prefix`: 10 groups of 10 prompts, 100 + 50 tokens in and 50 \
         out, inference-perf's defaults"
            .to_owned(),
    );
    SharedPrefixBlock {
        prefix: SharedPrefix {
            groups: DEFAULT_GROUPS,
            prompts_per_group: DEFAULT_GROUPS,
            system: Distribution::fixed(DEFAULT_SYSTEM_TOKENS),
            multi_turn: false,
        },
        lengths: Lengths::Drawn {
            input: Distribution::fixed(DEFAULT_TOKENS),
            output: Distribution::fixed(DEFAULT_TOKENS),
        },
        seed: None,
    }
}

fn either(
    fields: &Fields<'_>,
    key: &str,
    legacy: &str,
    context: &mut Context<'_>,
) -> Result<Distribution, SpecError> {
    length(fields.either(key, legacy)?, DEFAULT_TOKENS, context)
}

fn length(
    cursor: Option<Cursor<'_>>,
    default: u64,
    context: &mut Context<'_>,
) -> Result<Distribution, SpecError> {
    match cursor {
        Some(cursor) => distribution::read(cursor, &TOKENS, context),
        None => Ok(Distribution::fixed(default)),
    }
}
