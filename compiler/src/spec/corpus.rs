//! `data.corpus` and `data.unique`: what prompts are cut from, and whether they may begin alike.
//!
//! Reads a user's text file through the caller, as every file that a spec names. Refuses one that
//! is empty, and words that are neither a corpus nor a path.

use std::sync::Arc;

use super::context::Context;
use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys};
use super::node::Value;

/// What prompts are cut from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CorpusRef {
    /// The built-in corpus of words.
    #[default]
    Words,
    /// No corpus: each word of each prompt is drawn by itself.
    Random,
    /// The built-in corpus that looks like code.
    Code,
    /// A user's text.
    File {
        /// The path in the spec's own words.
        name: String,
        text: Arc<str>,
    },
}

impl CorpusRef {
    /// The name in the spec and in the manifest; that of a file is its path.
    pub fn name(&self) -> &str {
        match self {
            Self::Words => "words",
            Self::Random => "random",
            Self::Code => "code",
            Self::File { name, .. } => name,
        }
    }
}

#[derive(Clone, Copy)]
enum BuiltIn {
    Words,
    Random,
    Code,
}

const BUILT_IN: Choices<BuiltIn> = Choices {
    known: &[
        ("words", BuiltIn::Words),
        ("random", BuiltIn::Random),
        ("code", BuiltIn::Code),
    ],
    later: &[],
    refused: &[],
};

const KEYS: Keys = Keys {
    known: &["path"],
    later: &[],
    refused: &[],
};

/// `data.corpus` among the fields of `data`.
pub(super) fn read(fields: &Fields<'_>, context: &mut Context<'_>) -> Result<CorpusRef, SpecError> {
    let Some(cursor) = fields.optional("corpus") else {
        return Ok(CorpusRef::Words);
    };
    match &cursor.node.value {
        Value::Map(_) => {
            let fields = cursor.fields(&KEYS)?;
            let path = fields.required("path", "add `path: FILE`, a text file")?;
            file(&path, context)
        }
        Value::Text(text) if text.contains(['.', '/']) => file(&cursor, context),
        _ => {
            let built_in = cursor.choice(&BUILT_IN).map_err(|error| SpecError {
                remedy: format!("{}, or `{{path: FILE}}`", error.remedy),
                ..error
            })?;
            Ok(match built_in {
                BuiltIn::Words => CorpusRef::Words,
                BuiltIn::Random => CorpusRef::Random,
                BuiltIn::Code => CorpusRef::Code,
            })
        }
    }
}

fn file(cursor: &Cursor<'_>, context: &mut Context<'_>) -> Result<CorpusRef, SpecError> {
    let (name, text) = context.read_file(cursor)?;
    if text.trim().is_empty() {
        let what = format!("\"{name}\" holds no text");
        return Err(cursor.error(what, "write the path of a text file, or `corpus: words`"));
    }
    let name = name.to_owned();
    Ok(CorpusRef::File { name, text })
}

/// `data.unique` among the fields of `data`.
pub(super) fn read_unique(fields: &Fields<'_>) -> Result<bool, SpecError> {
    fields
        .optional("unique")
        .map_or(Ok(false), |unique| unique.bool())
}
