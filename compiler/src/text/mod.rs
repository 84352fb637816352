//! Text with an exact token count: a tokenizer, a corpus of one-token words, prompts cut from it.
//!
//! A corpus word is one token wherever it stands, so a prompt of N tokens is N words and
//! nothing is tokenised per request.

pub mod blocks;
pub mod corpus;
pub mod prompt;
pub mod tokenizer;
