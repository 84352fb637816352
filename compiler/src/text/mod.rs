//! Text with an exact token count: a tokenizer, what texts are cut from, and texts.
//!
//! A word of the corpus is one token wherever it stands, so a prompt of N tokens is N words; of
//! other text the counts of pieces add up. Nothing is tokenised per request, but under a tokenizer
//! from a file, of whose pieces nothing is known.

pub mod blocks;
pub mod code;
pub mod corpora;
pub mod corpus;
pub mod pieces;
pub mod prompt;
pub mod salt;
pub mod source;
pub mod tokenizer;
pub mod unique;
