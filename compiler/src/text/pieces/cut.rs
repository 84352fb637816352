//! Cuts a text into pieces and counts each, on all threads.
//!
//! A text is first divided into parts at places that every tokenizer here respects, each of which
//! is cut by itself: so no number of threads changes a piece.

use rayon::prelude::*;

use crate::text::tokenizer::{Piece, Tokenizer, TokenizerError};

/// Least length of a part, in bytes.
const PART_BYTES: usize = 64 << 10;

/// The pieces of `text`, one behind the other.
pub fn cut(text: &str, tokenizer: &Tokenizer) -> Result<Vec<Piece>, TokenizerError> {
    let parts: Vec<Vec<Piece>> = parts(text)
        .into_par_iter()
        .map(|part| tokenizer.pieces(part))
        .collect::<Result<_, _>>()?;
    Ok(parts.concat())
}

/// Parts of at least [`PART_BYTES`], but for the last.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = border(rest) {
        let (part, behind) = rest.split_at(at);
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    parts
}

/// The first place from [`PART_BYTES`] on where a word begins: a space and a letter behind a letter,
/// or a letter behind a line end.
fn border(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_border = |at: &usize| {
        let at = *at;
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
        match bytes[at - 1] {
            b'\n' => text[at..].starts_with(char::is_alphabetic),
            _ => bytes[at] == b' ' && letter(at - 1) && letter(at + 1),
        }
    };
    (PART_BYTES..text.len()).find(is_border)
}
