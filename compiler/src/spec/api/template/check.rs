//! Whether a template is JSON whatever its slots hold, has one prompt, and carries no secret.

use super::{Fault, Piece};
use crate::escape::{escaped, quoted};
use crate::spec::secrets;
use serde_json::Value;

/// What no template may let through unescaped.
const HOSTILE: &str = "\"}],\\\u{1}\u{7f}\n{{x}}\u{1f980}";
/// The shortest and the longest number of tokens.
const TOKENS: [&str; 2] = ["1", "4294967295"];

/// The pieces, each with the byte of the template at which it begins.
pub(super) fn check(pieces: &[(usize, Piece)]) -> Result<(), Fault> {
    check_order(pieces)?;
    for tokens in TOKENS {
        check_document(pieces, &fill(pieces, tokens))?;
    }
    Ok(())
}

/// JSON that holds the prompt, and no secret.
fn check_document(pieces: &[(usize, Piece)], filled: &Filled) -> Result<(), Fault> {
    let document: Value = serde_json::from_str(&filled.text).map_err(|error| {
        let what = format!("no JSON when its slots are filled: {}", bare(&error));
        let remedy = "write a JSON document around the slots";
        Fault::new(filled.origin(&error), what, remedy)
    })?;
    let at = pieces
        .iter()
        .find(|(_, piece)| matches!(piece, Piece::Prompt { .. }));
    let at = at.map_or(0, |(at, _)| *at);
    if !says(&document, HOSTILE) {
        let what = "the prompt is lost: its key stands twice";
        return Err(Fault::new(at, what, "keep one of the two keys"));
    }
    match secret(&document) {
        Some(what) => Err(Fault::new(0, what, secrets::REMEDY)),
        None => Ok(()),
    }
}

/// One prompt, documents at most once behind it, and nothing that differs between requests
/// between the two.
fn check_order(pieces: &[(usize, Piece)]) -> Result<(), Fault> {
    let (mut prompt, mut documents) = (None, None);
    for (i, (at, piece)) in pieces.iter().enumerate() {
        match piece {
            Piece::Prompt { .. } if prompt.is_some() => {
                let what = "the prompt stands twice";
                return Err(Fault::new(
                    *at,
                    what,
                    "keep one: a request says its texts once",
                ));
            }
            Piece::Prompt { list } => prompt = Some((i, *list)),
            Piece::Documents if documents.is_some() => {
                return Err(Fault::new(
                    *at,
                    "the documents stand twice",
                    "keep one of the two",
                ));
            }
            Piece::Documents if prompt.is_none_or(|(_, list)| list) => {
                let what = "the documents stand where no single prompt stands in front of them";
                let remedy = "move `{{documents}}` behind `\"{{prompt}}\"`";
                return Err(Fault::new(*at, what, remedy));
            }
            Piece::Documents => documents = Some(i),
            Piece::Fixed(_) | Piece::Model | Piece::OutputTokens => {}
        }
    }
    let Some((prompt, _)) = prompt else {
        let what = "there is no slot for the prompt";
        return Err(Fault::new(
            0,
            what,
            "write `\"{{prompt}}\"` where the text belongs",
        ));
    };
    let between = documents.map_or(prompt..prompt, |documents| prompt + 1..documents);
    let differs =
        |(_, piece): &&(usize, Piece)| matches!(piece, Piece::Model | Piece::OutputTokens);
    match pieces[between].iter().find(differs) {
        Some((at, _)) => {
            let what = "this slot stands between the prompt and the documents";
            Err(Fault::new(
                *at,
                what,
                "move it in front of `{{prompt}}` or behind `{{documents}}`",
            ))
        }
        None => Ok(()),
    }
}

/// A template with its slots filled.
struct Filled {
    text: String,
    /// Where a piece begins here, where it begins in the template, and whether it stands there
    /// letter by letter.
    begins: Vec<(usize, usize, bool)>,
}

fn fill(pieces: &[(usize, Piece)], tokens: &str) -> Filled {
    let (escaped, quoted) = (escaped(HOSTILE), quoted(HOSTILE));
    let mut text = String::new();
    let mut begins = Vec::new();
    for (at, piece) in pieces {
        begins.push((text.len(), *at, matches!(piece, Piece::Fixed(_))));
        match piece {
            Piece::Fixed(fixed) => text.push_str(fixed),
            Piece::Model | Piece::Prompt { .. } => text.push_str(&escaped),
            Piece::OutputTokens => text.push_str(tokens),
            Piece::Documents => text.push_str(&format!("[{quoted},{quoted}]")),
        }
    }
    Filled { text, begins }
}

impl Filled {
    /// The byte of the template that an error is about.
    fn origin(&self, error: &serde_json::Error) -> usize {
        let lines = self.text.split_inclusive('\n');
        let before: usize = lines
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let at = before + error.column().saturating_sub(1);
        let pieces = self.begins.iter().rev();
        let mut piece = pieces.skip_while(|(begin, ..)| *begin > at);
        match piece.next() {
            Some((begin, origin, true)) => origin + (at - begin),
            Some((_, origin, false)) => *origin,
            None => 0,
        }
    }
}

/// The message without its place, which is not the template's.
fn bare(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => message,
    }
}

/// Whether a string in the document holds `text`.
fn says(document: &Value, text: &str) -> bool {
    match document {
        Value::String(value) => value.contains(text),
        Value::Array(items) => items.iter().any(|item| says(item, text)),
        Value::Object(fields) => fields.values().any(|value| says(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Which secret the document holds.
fn secret(document: &Value) -> Option<String> {
    match document {
        Value::String(text) if secrets::holds_user(text) => Some(secrets::USER.to_owned()),
        Value::Array(items) => items.iter().find_map(secret),
        Value::Object(fields) => fields.iter().find_map(|(key, value)| {
            let holds = !matches!(value, Value::Null) && value.as_str() != Some("");
            match holds && secrets::names_secret(key) {
                true => Some(format!("`{key}`: secrets never enter a workload")),
                false => secret(value),
            }
        }),
        _ => None,
    }
}
