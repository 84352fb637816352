//! The text of each token of an answer. Every token is one word of the mock's tokenizer, or empty.

use std::num::NonZeroU32;

use bytes::BufMut;
use clap::ValueEnum;
use sha2::{Digest, Sha256};

use crate::dialect::Dialect;
use crate::generator::mix;

/// The text of a token where all have the same.
macro_rules! token {
    () => {
        " tok"
    };
}
pub(crate) use token;

/// What an answer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerText {
    /// The same word over and over.
    #[default]
    Same,
    /// Words that follow from the request's body, some with characters that JSON escapes.
    Echo,
}

/// The texts of one answer's tokens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts {
    /// What the words follow from; `None` if they are all the same.
    seed: Option<u64>,
    empty_every: Option<NonZeroU32>,
}

/// One word: blank before it, the word, what follows it.
struct Word {
    blank: Piece,
    letters: [u8; 3],
    tail: Piece,
}

/// A text, and how it is written in JSON.
type Piece = (&'static str, &'static str);

/// What words begin with, mostly a space.
const BLANKS: [Piece; 8] = [
    ("\n", "\\n"),
    ("\t", "\\t"),
    (" ", " "),
    (" ", " "),
    (" ", " "),
    (" ", " "),
    (" ", " "),
    (" ", " "),
];
/// What words end in, mostly nothing; one character beyond ASCII as it is, two as escapes.
const TAILS: [Piece; 12] = [
    ("\"", "\\\""),
    ("\\", "\\\\"),
    ("é", "é"),
    ("ü", "\\u00fc"),
    ("😀", "\\ud83d\\ude00"),
    ("/", "\\/"),
    ("", ""),
    ("", ""),
    ("", ""),
    ("", ""),
    ("", ""),
    ("", ""),
];

impl Texts {
    /// The texts of the answer to a request whose body has this hash.
    pub fn new(answer: AnswerText, dialect: &Dialect, sha256: &[u8; 32]) -> Self {
        Texts {
            seed: (answer == AnswerText::Echo).then(|| seed(sha256)),
            empty_every: dialect.empty_tokens,
        }
    }

    /// Whether all tokens have the text [`token!`].
    pub fn are_same(&self) -> bool {
        self.seed.is_none() && self.empty_every.is_none()
    }

    /// Appends the text of token `index`, from 0.
    pub fn push(&self, index: u32, out: &mut String) {
        self.pieces(index, |(text, _)| out.push_str(text));
    }

    /// Appends it as it stands within a JSON string.
    pub fn put_escaped(&self, index: u32, out: &mut impl BufMut) {
        self.pieces(index, |(_, escaped)| out.put_slice(escaped.as_bytes()));
    }

    fn pieces(&self, index: u32, mut take: impl FnMut((&str, &str))) {
        if self
            .empty_every
            .is_some_and(|n| (index + 1).is_multiple_of(n.get()))
        {
            return;
        }
        let Some(seed) = self.seed else {
            return take((token!(), token!()));
        };
        let word = Word::new(seed, index);
        let letters = std::str::from_utf8(&word.letters).expect("ASCII");
        take(word.blank);
        take((letters, letters));
        take(word.tail);
    }
}

impl Word {
    fn new(seed: u64, index: u32) -> Self {
        let mut bits = mix(seed.wrapping_add(u64::from(index)));
        let mut below = |n: usize| {
            let found = bits % n as u64;
            bits /= n as u64;
            usize::try_from(found).expect("below a usize")
        };
        let digits = b"0123456789abcdefghijklmnopqrstuvwxyz";
        Word {
            blank: BLANKS[below(BLANKS.len())],
            tail: TAILS[below(TAILS.len())],
            letters: [b'w', digits[below(36)], digits[below(36)]],
        }
    }
}

fn seed(sha256: &[u8; 32]) -> u64 {
    let (first, _) = sha256.split_first_chunk().expect("32 are more than 8");
    u64::from_le_bytes(*first)
}

/// What a server with [`AnswerText::Echo`] answers to `body` with so many tokens (and no empty
/// ones): a function of the body's SHA-256 alone.
pub fn echo_text(body: &[u8], tokens: u32) -> String {
    let sha256: [u8; 32] = Sha256::digest(body).into();
    let texts = Texts::new(AnswerText::Echo, &Dialect::default(), &sha256);
    let mut text = String::new();
    for index in 0..tokens {
        texts.push(index, &mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words;

    #[test]
    fn an_echo_is_as_many_words_and_its_escapes_are_json() {
        let texts = Texts {
            seed: Some(7),
            empty_every: None,
        };
        let (mut text, mut escaped) = (String::new(), vec![b'"']);
        for index in 0..2000 {
            texts.push(index, &mut text);
            texts.put_escaped(index, &mut escaped);
        }
        escaped.push(b'"');
        assert_eq!(words::count(&text), 2000);
        let parsed: String = serde_json::from_slice(&escaped).expect("a JSON string");
        assert_eq!(parsed, text);
        for piece in BLANKS.iter().chain(&TAILS) {
            assert!(text.contains(piece.0), "{piece:?}");
        }
    }

    #[test]
    fn echoes_differ_by_body_and_not_by_time() {
        assert_eq!(echo_text(b"a", 20), echo_text(b"a", 20));
        assert_ne!(echo_text(b"a", 20), echo_text(b"b", 20));
        assert!(echo_text(b"a", 20).starts_with(&echo_text(b"a", 10)));
    }

    #[test]
    fn every_third_can_be_empty() {
        let texts = Texts {
            seed: None,
            empty_every: NonZeroU32::new(3),
        };
        let mut text = String::new();
        (0..6).for_each(|index| texts.push(index, &mut text));
        assert_eq!(text, " tok tok tok tok");
    }
}
