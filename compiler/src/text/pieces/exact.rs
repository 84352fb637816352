//! A text under a tokenizer of whose pieces nothing is known: encoded, and corrected until it has as
//! many tokens as it should.

use super::Pieces;
use super::lay::{Draws, Part};
use crate::text::prompt::Place;
use crate::text::tokenizer::TokenizerError;

/// How often a text is encoded before giving up.
const ROUNDS: u32 = 16;

impl Pieces {
    /// A text of exactly the tokens that it should have.
    ///
    /// # Errors
    /// [`TokenizerError::Inexact`] and [`TokenizerError::Encode`].
    pub fn lay_exactly(
        &self,
        draws: &mut Draws,
        place: Place,
        parts: &mut Vec<Part>,
    ) -> Result<(), TokenizerError> {
        let tokens = i64::from(draws.tokens);
        let mut budget = draws.tokens - draws.head_tokens();
        // What the runs and the words behind them count together, if one believes the pieces.
        let mut rest = i64::from(budget);
        let mut counted = 0;
        for _ in 0..ROUNDS {
            parts.clear();
            let words = self.lay_run(draws, budget, rest, parts);
            counted = self.counted(parts, place)?;
            if counted == tokens {
                return Ok(());
            }
            let used = rest - words;
            let next = words.max(0) + tokens - counted;
            rest = used + next;
            if next < 0 {
                // No word to leave out: a piece less, at least.
                budget = (used + next).max(0) as u32;
            }
        }
        Err(TokenizerError::Inexact {
            corpus: self.name.clone(),
            name: self.tokenizer.name().to_owned(),
            tokens: draws.tokens,
            counted: counted.unsigned_abs(),
            rounds: ROUNDS,
        })
    }

    /// Tokens of a text, at the start or behind a word.
    fn counted(&self, parts: &[Part], place: Place) -> Result<i64, TokenizerError> {
        let text = self.spelt(parts, place);
        let (text, before) = match place {
            Place::Start => (text, 0),
            Place::Behind => (format!("{}{text}", self.words[0]), 1),
        };
        Ok(self.tokenizer.count(&text)? as i64 - before)
    }
}
