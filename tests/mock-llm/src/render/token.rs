//! The event of a token: the same bytes each time, or a template with places for what differs.

use bytes::{BufMut, Bytes, BytesMut};

use super::Facts;
use crate::texts::Texts;

/// Places in a rendered event, as bytes that JSON never has as they are: the token's text,
pub const TEXT: &str = "\u{1}";
/// the event's number,
pub const NUMBER: &str = "\u{2}";
/// the tokens so far,
pub const COUNT: &str = "\u{3}";
/// these and the prompt's.
pub const TOTAL: &str = "\u{4}";

/// The event of a token, or of several.
pub enum Token {
    Same(Bytes),
    Each(Box<Template>),
}

/// An event with places.
pub struct Template {
    pieces: Vec<Piece>,
    texts: Texts,
    tokens_per_event: u32,
    /// Of the whole answer.
    tokens: u32,
}

enum Piece {
    Bytes(Bytes),
    Text,
    /// Counts up from here.
    Number(u32),
    /// The tokens so far and this.
    Count(u64),
}

impl Token {
    /// Cuts a rendered event at its places; events count from `first_number`.
    pub fn new(event: Bytes, facts: &Facts<'_>, first_number: u32) -> Self {
        if !event.iter().any(is_place) {
            return Token::Same(event);
        }
        let mut pieces = Vec::new();
        let mut rest = event;
        while let Some(at) = rest.iter().position(is_place) {
            pieces.push(Piece::Bytes(rest.split_to(at)));
            pieces.push(match &rest.split_to(1)[..] {
                b"\x01" => Piece::Text,
                b"\x02" => Piece::Number(first_number),
                b"\x03" => Piece::Count(0),
                _ => Piece::Count(facts.ask.counts.words),
            });
        }
        pieces.push(Piece::Bytes(rest));
        Token::Each(Box::new(Template {
            pieces,
            texts: facts.texts,
            tokens_per_event: facts.dialect.tokens_per_event(),
            tokens: facts.completion_tokens,
        }))
    }

    /// Bytes of one, about.
    pub fn len(&self) -> usize {
        match self {
            Token::Same(bytes) => bytes.len(),
            Token::Each(template) => {
                let piece = |piece: &Piece| match piece {
                    Piece::Bytes(bytes) => bytes.len(),
                    Piece::Text => 16 * template.tokens_per_event as usize,
                    Piece::Number(_) | Piece::Count(_) => 8,
                };
                template.pieces.iter().map(piece).sum()
            }
        }
    }

    /// Appends event `index`, from 0.
    pub fn write(&self, index: u32, out: &mut BytesMut) {
        match self {
            Token::Same(bytes) => out.extend_from_slice(bytes),
            Token::Each(template) => template.write(index, out),
        }
    }
}

fn is_place(byte: &u8) -> bool {
    (1..=4).contains(byte)
}

impl Template {
    fn write(&self, index: u32, out: &mut BytesMut) {
        let first = index.saturating_mul(self.tokens_per_event);
        let end = first.saturating_add(self.tokens_per_event).min(self.tokens);
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => out.extend_from_slice(bytes),
                Piece::Text => {
                    for token in first..end {
                        self.texts.put_escaped(token, out);
                    }
                }
                Piece::Number(from) => out.put_slice((from + index).to_string().as_bytes()),
                Piece::Count(more) => {
                    out.put_slice((u64::from(end) + more).to_string().as_bytes());
                }
            }
        }
    }
}
