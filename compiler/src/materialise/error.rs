//! Why bodies cannot be made.

use crate::text::tokenizer::TokenizerError;
use schemas::error::WriteError;
use thiserror::Error;

/// What went wrong.
#[derive(Debug, Error)]
pub enum MakeError {
    /// The file cannot be written, or a limit of the format is passed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// No text has the count that is asked for.
    #[error(transparent)]
    Text(#[from] Box<TokenizerError>),
    /// A prompt has no room for what makes it unlike every other.
    #[error(
        "a prompt of {tokens} tokens cannot be unique: the words that tell so many apart are {lead}\n  help: raise `min` of `data.input_distribution` to {lead}, or remove `data.unique`"
    )]
    TooShortToBeUnique {
        /// Tokens of the prompt.
        tokens: u32,
        /// Tokens that spell its identity.
        lead: u32,
    },
    /// The vocabulary has no two words of one length.
    #[error(
        "`data.salt`: the tokenizer's words are all of different lengths, so none can stand for another\n  help: remove `data.salt`, or name another tokenizer"
    )]
    NoSalt,
}

impl From<TokenizerError> for MakeError {
    fn from(error: TokenizerError) -> Self {
        Self::Text(Box::new(error))
    }
}
