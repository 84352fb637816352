//! Bodies by the spec's own template: its pieces in front of the texts, between texts and
//! documents, and behind.

use super::{Element, joined};
use crate::escape::escaped;
use crate::spec::{Piece, Template};

/// The pieces in front of the prompt, between it and the documents, and behind; none for the
/// middle if the template has no place for documents behind the prompt.
fn parts(template: &Template) -> (&[Piece], Option<&[Piece]>, &[Piece]) {
    let pieces = &template.pieces;
    let is_prompt = |piece: &Piece| matches!(piece, Piece::Prompt { .. });
    let prompt = pieces.iter().position(is_prompt);
    let prompt = prompt.expect("a checked template has a prompt");
    let (front, rest) = (&pieces[..prompt], &pieces[prompt + 1..]);
    match rest.iter().position(|piece| *piece == Piece::Documents) {
        Some(documents) => (front, Some(&rest[..documents]), &rest[documents + 1..]),
        None => (front, None, rest),
    }
}

/// The body up to the prompt, cut where the number of tokens asked for stands.
pub fn head(template: &Template, model: &str) -> Vec<String> {
    let mut cut = vec![String::new()];
    for piece in parts(template).0 {
        match piece {
            Piece::OutputTokens => cut.push(String::new()),
            piece => cut
                .last_mut()
                .expect("it begins with one")
                .push_str(&fill(piece, model, 0)),
        }
    }
    cut
}

/// What stands between two parts, before the first, or behind the last.
pub fn fence(
    template: &Template,
    previous: Option<Element>,
    next: Option<Element>,
) -> Option<String> {
    let ends = next.is_none() && joined::are_texts(previous, next);
    match parts(template).1 {
        Some(middle) => {
            // Nothing in the middle differs between requests.
            let middle: String = middle.iter().map(|piece| fill(piece, "", 0)).collect();
            match ends {
                true => Some(format!("{middle}[]")),
                false => {
                    joined::documents(previous, next, (&format!("{middle}[\""), "\",\"", "\"]"))
                }
            }
        }
        None if ends => Some(String::new()),
        None if template.takes_batch() => joined::documents(previous, next, ("\",\"", "\",\"", "")),
        None => joined::fence(previous, next, ""),
    }
}

/// The body from behind prompt and documents on.
pub fn tail(template: &Template, model: &str, output_tokens: u32) -> String {
    let pieces = parts(template).2.iter();
    pieces
        .map(|piece| fill(piece, model, output_tokens))
        .collect()
}

/// Whether the tail says the model's name.
pub fn tail_names_model(template: &Template) -> bool {
    parts(template).2.contains(&Piece::Model)
}

fn fill(piece: &Piece, model: &str, output_tokens: u32) -> String {
    match piece {
        Piece::Fixed(text) => text.clone(),
        Piece::Model => escaped(model),
        Piece::OutputTokens => output_tokens.to_string(),
        Piece::Prompt { .. } | Piece::Documents => String::new(),
    }
}
