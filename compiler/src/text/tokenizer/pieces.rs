//! Pieces of text whose tokens can be counted one by one.
//!
//! The pre-tokenizer of an embedded vocabulary cuts a text by a regular expression, from left to
//! right, and each match is encoded by itself. The expression never looks back, and looks ahead
//! only behind white space. So the matches of a text from the begin of one of them to the end of
//! another that does not end in white space are the matches of that slice alone, and its tokens
//! are the sum of theirs.
//!
//! Of a tokenizer in a file nothing like that is known. Its pieces are cut where white space begins,
//! and counted within the text around them: a good guess, to be corrected by encoding.

use super::embedded::Embedded;
use super::error::TokenizerError;
use super::file::FileTokenizer;

/// A piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub bytes: u32,
    pub tokens: u32,
}

/// The matches.
pub fn of_embedded(embedded: &Embedded, text: &str) -> Vec<Piece> {
    let piece = |piece: &str| Piece {
        bytes: piece.len() as u32,
        tokens: embedded.bpe.bpe.count(piece.as_bytes()) as u32,
    };
    embedded.bpe.split(text).map(piece).collect()
}

/// Words with the white space before them, lines, and single characters of scripts without spaces.
pub fn of_file(file: &FileTokenizer, text: &str) -> Result<Vec<Piece>, TokenizerError> {
    let begins = file.begins(text)?;
    let mut pieces = Vec::new();
    let mut counted = 0;
    let mut from = 0;
    for to in cuts(text) {
        let tokens = begins[counted..].partition_point(|begin| *begin < to);
        counted += tokens;
        pieces.push(Piece {
            bytes: (to - from) as u32,
            tokens: tokens as u32,
        });
        from = to;
    }
    Ok(pieces)
}

/// Where pieces end, the last at the end of the text.
fn cuts(text: &str) -> impl Iterator<Item = usize> {
    let mut before = None;
    let inner = text.char_indices().filter_map(move |(at, character)| {
        let before = before.replace(character)?;
        let is_cut = match character.is_whitespace() {
            true => !before.is_whitespace(),
            false => before == '\n' || !character.is_ascii(),
        };
        is_cut.then_some(at)
    });
    inner.chain((!text.is_empty()).then_some(text.len()))
}
