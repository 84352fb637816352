//! A Mooncake trace: arrival, lengths, and an id for each block of 512 tokens of the prompt. Equal ids
//! are equal blocks behind equal blocks, as in the published traces.
//!
//! The tokens are made of the bodies' texts anew, under the tokenizer of the manifest.

use super::{Account, ExportError, is_from_t0};
use crate::dataset::json::{Json, Value, parse};
use crate::dataset::raw::{Said, said};
use crate::text::tokenizer::{Tokenizer, resolve};
use rayon::prelude::*;
use schemas::layout::{NONE_U64, StartKind, optional_u32};
use schemas::manifest;
use schemas::reader::Workload;
use schemas::{Digest, hex};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use traces::mooncake::MOONCAKE_BLOCK_TOKENS;

/// What no row says.
pub const NEVER: &str =
    "nanoseconds, texts, models, sessions, stages, paths, headers, cancellations";

const NOT_AT_A_TIME: &str = "are left out, as they start when others have ended";
const OTHER_BASE: &str = "are left out, as their stage's beginning is not known before the run";
const ANSWERS: &str = "are left out, as they repeat the server's answers";
const NO_JSON: &str = "are left out, as the body is no JSON object";
const NO_TEXT: &str = "are left out, as the prompt has no text";
const TOKENS: &str = "are left out, as the prompt is given as tokens, not as text";
const NO_OUTPUT: &str = "are left out, as they do not say how long the answer is";
const WAITS: &str = "do not wait for an earlier one there";
const OTHER_LENGTH: &str =
    "have another input_length than input_tokens, as only tokens of texts are in blocks";

/// Requests whose tokens are made at once.
const BATCH: usize = 1024;

/// Numbers for blocks, by what they and all blocks before them hold.
#[derive(Default)]
struct Blocks {
    /// Only looked up, never walked.
    known: HashMap<Digest, u64>,
}

impl Blocks {
    /// The ids of a prompt's blocks; new ones count on.
    fn ids(&mut self, tokens: &[u32]) -> Vec<u64> {
        let mut parent = NONE_U64;
        let blocks = tokens.chunks(MOONCAKE_BLOCK_TOKENS as usize);
        let id = |block: &[u32]| {
            let mut hasher = Sha256::new_with_prefix(parent.to_le_bytes());
            for token in block {
                hasher.update(token.to_le_bytes());
            }
            let next = self.known.len() as u64;
            parent = *self.known.entry(hasher.finalize().into()).or_insert(next);
            parent
        };
        blocks.map(id).collect()
    }
}

/// The tokenizer that a workload's counts are in; one from a file is looked up beside the workload
/// and in the local cache, and must be the same file.
///
/// # Errors
/// [`ExportError::Refused`] if it is not there, or another.
pub fn tokenizer(named: &manifest::Tokenizer, directory: &Path) -> Result<Tokenizer, ExportError> {
    let refused = |what: String| ExportError::Refused(what);
    let Some(said) = &named.sha256 else {
        let embedded = match &*named.name {
            "o200k_base" => Tokenizer::o200k_base(),
            "cl100k_base" => Tokenizer::cl100k_base(),
            other => {
                let what = format!(
                    "the tokenizer {other} is not in this program\n  help: use the `wlc` that compiled the workload"
                );
                return Err(refused(what));
            }
        };
        return Ok(embedded);
    };
    let found = resolve(&named.name, directory, &|name| std::env::var_os(name))
        .and_then(|path| Tokenizer::from_file(&path, &named.name))
        .map_err(|error| refused(error.to_string()))?;
    match found.sha256().map(|hash| hex(&hash)) {
        Some(actual) if actual == *said => Ok(found),
        actual => Err(refused(format!(
            "the tokenizer {} has SHA-256 {}, the workload's counts are by {said}\n  help: put that file beside the workload",
            named.name,
            actual.unwrap_or_default()
        ))),
    }
}

/// Writes a row for each request that has a time.
///
/// # Errors
/// [`ExportError`]; refused is a text that the tokenizer has no tokens for.
pub fn write(
    workload: &Workload,
    tokenizer: &Tokenizer,
    out: &mut dyn Write,
) -> Result<Account, ExportError> {
    let (mut account, mut blocks) = (Account::default(), Blocks::default());
    let all: Vec<u64> = (0..workload.requests().len() as u64).collect();
    for batch in all.chunks(BATCH) {
        let prompts = batch.par_iter();
        let prompts = prompts.map(|index| prompt(workload, *index, tokenizer));
        let prompts: Vec<_> = prompts.collect::<Result<_, _>>()?;
        for (index, prompt) in batch.iter().zip(prompts) {
            let tokens = match prompt {
                Ok(tokens) => tokens,
                Err(why) => {
                    account.lose(why);
                    continue;
                }
            };
            let request = &workload.requests()[*index as usize];
            if request.after_request.get() != NONE_U64 {
                account.lose(WAITS);
            }
            if request.input_tokens.get() as usize != tokens.len() {
                account.lose(OTHER_LENGTH);
            }
            let ids = blocks.ids(&tokens);
            // Keys in the order of the published traces.
            writeln!(
                out,
                r#"{{"timestamp": {}, "input_length": {}, "output_length": {}, "hash_ids": {}}}"#,
                request.start_ns.get() / 1_000_000,
                tokens.len(),
                request.output_tokens.get(),
                json!(ids)
            )?;
            account.written += 1;
        }
    }
    Ok(account)
}

/// The tokens of a prompt, or why the request is left out.
fn prompt(
    workload: &Workload,
    index: u64,
    tokenizer: &Tokenizer,
) -> Result<Result<Vec<u32>, &'static str>, ExportError> {
    let request = &workload.requests()[index as usize];
    if request.start_kind != StartKind::At as u8 {
        return Ok(Err(NOT_AT_A_TIME));
    }
    if !is_from_t0(workload, request) {
        return Ok(Err(OTHER_BASE));
    }
    if optional_u32(request.output_tokens).is_none_or(|tokens| tokens == 0) {
        return Ok(Err(NO_OUTPUT));
    }
    let Some(body) = workload.body_bytes(index)? else {
        return Ok(Err(ANSWERS));
    };
    let body = std::str::from_utf8(&body).unwrap_or_default();
    let Ok(Json {
        value: Value::Object(members),
        ..
    }) = parse(body)
    else {
        return Ok(Err(NO_JSON));
    };
    let (mut texts, mut is_tokens) = (Vec::new(), false);
    said(&members, &mut |part| match part {
        Said::Text(text) => texts.push(text),
        Said::Token => is_tokens = true,
    });
    if is_tokens {
        return Ok(Err(TOKENS));
    }
    let mut tokens = Vec::new();
    for text in texts {
        let ids = tokenizer.ids(text);
        tokens.extend(
            ids.map_err(|error| ExportError::Refused(format!("request {index}: {error}")))?,
        );
    }
    Ok(if tokens.is_empty() {
        Err(NO_TEXT)
    } else {
        Ok(tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_equal_exactly_where_all_up_to_the_block_is_equal() {
        let block = MOONCAKE_BLOCK_TOKENS as usize;
        let prompt = |blocks: &[u32], rest: usize| -> Vec<u32> {
            let whole = blocks.iter().flat_map(|token| vec![*token; block]);
            whole.chain(vec![9; rest]).collect()
        };
        let mut blocks = Blocks::default();
        let mut ids = |tokens: &[u32]| blocks.ids(tokens);
        assert_eq!(ids(&prompt(&[1, 1], 3)), [0, 1, 2]);
        assert_eq!(ids(&prompt(&[1, 2], 3)), [0, 3, 4]);
        // The same block behind another one, and a shorter rest, are others.
        assert_eq!(ids(&prompt(&[2, 1], 0)), [5, 6]);
        assert_eq!(ids(&prompt(&[1, 1], 2)), [0, 1, 7]);
        assert_eq!(ids(&prompt(&[1, 1], 3)), [0, 1, 2]);
    }
}
