//! Tokenizers from files, each made here: one for each family in use, trained on made-up words.

mod exact;
mod make;
mod resolve;
mod wrong;
