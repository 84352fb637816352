//! What stands in front of a conversation's own text: `data.prefix`, `data.system_prompt`,
//! `data.user_context`, and the slot for `data.salt`.
//!
//! Refuses a pool of prefixes beside groups that share one.

use super::context::Context;
use super::distribution::{self, MAX_LENGTH_TOKENS, TOKENS};
use super::error::SpecError;
use super::fields::{Cursor, Fields, Keys};
use crate::samplers::Distribution;

/// Most prefixes of a pool.
const MAX_PREFIXES: u32 = 1_000_000;

/// The keys, among those of `data`.
pub(super) const FRONT_KEYS: [&str; 4] = ["prefix", "system_prompt", "user_context", "salt"];

/// What stands in front of a conversation's own text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Front {
    /// One of them is drawn for each session.
    pub prefix_pool: Option<PrefixPool>,
    /// Tokens of the one system prompt that all conversations share.
    pub system_prompt: Option<u32>,
    /// Tokens of the text that one session repeats and no other has.
    pub user_context: Option<Distribution>,
    /// Whether there is room for a salt of the run.
    pub salt: bool,
}

/// Distinct texts, of which each session begins with one.
#[derive(Clone, Debug, PartialEq)]
pub struct PrefixPool {
    pub count: u32,
    /// Tokens of each.
    pub length: Distribution,
}

const POOL_KEYS: Keys = Keys {
    known: &["count", "length"],
    later: &[],
    refused: &[],
};

const LENGTH_KEYS: Keys = Keys {
    known: &["length"],
    later: &[],
    refused: &[],
};

impl Front {
    /// Reads the keys among the fields of `data`.
    pub(super) fn read(fields: &Fields<'_>, context: &mut Context<'_>) -> Result<Self, SpecError> {
        let prefix = fields.optional("prefix");
        let system = fields.optional("system_prompt");
        let user = fields.optional("user_context");
        let salt = fields.optional("salt");
        Ok(Self {
            prefix_pool: prefix.map(|block| read_pool(block, context)).transpose()?,
            system_prompt: system.map(read_system).transpose()?,
            user_context: user.map(|block| read_context(block, context)).transpose()?,
            salt: salt.map_or(Ok(false), |salt| salt.bool())?,
        })
    }

    /// Refuses a pool beside groups that share a prefix.
    pub(super) fn refuse_pool(fields: &Fields<'_>) -> Result<(), SpecError> {
        match fields.optional("prefix") {
            Some(prefix) => {
                let what = "the groups of data of type shared_prefix have a prefix each";
                let remedy = "remove it, or write `type: synthetic` without `shared_prefix`";
                Err(prefix.error(what, remedy))
            }
            None => Ok(()),
        }
    }

    /// Refuses every key beside data whose bodies are sent as they are, or which `what` says why.
    pub(super) fn refuse(fields: &Fields<'_>, what: &str) -> Result<(), SpecError> {
        match FRONT_KEYS.iter().find_map(|key| fields.optional(key)) {
            Some(foreign) => Err(foreign.error(what, "remove it")),
            None => Ok(()),
        }
    }
}

fn read_pool(cursor: Cursor<'_>, context: &mut Context<'_>) -> Result<PrefixPool, SpecError> {
    let fields = cursor.fields(&POOL_KEYS)?;
    let count = fields.required("count", "add `count: 100`, the number of prefixes")?;
    let length = fields.required("length", "add `length: 1024`, tokens")?;
    Ok(PrefixPool {
        count: count.count_u32(1, MAX_PREFIXES, " of prefixes")?,
        length: distribution::read(length, &TOKENS, context)?,
    })
}

fn read_system(cursor: Cursor<'_>) -> Result<u32, SpecError> {
    let fields = cursor.fields(&LENGTH_KEYS)?;
    let length = fields.required("length", "add `length: 1024`, tokens")?;
    length.count_u32(1, MAX_LENGTH_TOKENS as u32, " of tokens")
}

fn read_context(cursor: Cursor<'_>, context: &mut Context<'_>) -> Result<Distribution, SpecError> {
    let fields = cursor.fields(&LENGTH_KEYS)?;
    let length = fields.required("length", "add `length: 256`, tokens, or a distribution")?;
    distribution::read(length, &TOKENS, context)
}
