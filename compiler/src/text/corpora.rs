//! What the texts of all populations are cut from, each corpus once.

use super::corpus::Corpus;
use super::source::Source;
use super::tokenizer::{Tokenizer, TokenizerError};
use crate::rng::Seed;
use crate::spec::{self, CorpusRef};
use std::sync::Arc;

/// All corpora of a workload.
pub struct Corpora {
    /// The one-token words of the tokenizer, from frequent to rare.
    pub words: Arc<[String]>,
    named: Vec<(CorpusRef, Source)>,
    /// By population, its place in `named`.
    of: Vec<usize>,
}

/// Why there is nothing to cut texts from.
#[derive(Debug)]
pub enum CorporaError {
    /// The tokenizer has no words.
    Words(TokenizerError),
    /// The corpus of this name cannot be used.
    Corpus {
        /// In the spec's words.
        name: String,
        /// What is wrong with it.
        error: TokenizerError,
    },
}

impl Corpora {
    /// Makes and reads what the populations name. The built-in words are laid out behind their
    /// corpus too, one by one, if `lexicon` says so.
    ///
    /// # Errors
    /// What [`Source::new`] has against a corpus, with its name.
    pub fn new<'s>(
        populations: impl Iterator<Item = &'s spec::Population>,
        seed: Seed,
        tokenizer: &Tokenizer,
        lexicon: bool,
    ) -> Result<Self, CorporaError> {
        let words = tokenizer.words().map_err(CorporaError::Words)?;
        let words: Arc<[String]> = words.into();
        let mut corpora = Self {
            words,
            named: Vec::new(),
            of: Vec::new(),
        };
        for population in populations {
            let wanted = &population.data.corpus;
            let known = corpora.named.iter().position(|(named, _)| named == wanted);
            let at = match known {
                Some(at) => at,
                None => {
                    let source = corpora.make(wanted, seed, tokenizer, lexicon);
                    let source = source.map_err(|error| {
                        let name = wanted.name().to_owned();
                        CorporaError::Corpus { name, error }
                    })?;
                    corpora.named.push((wanted.clone(), source));
                    corpora.named.len() - 1
                }
            };
            corpora.of.push(at);
        }
        Ok(corpora)
    }

    fn make(
        &self,
        named: &CorpusRef,
        seed: Seed,
        tokenizer: &Tokenizer,
        lexicon: bool,
    ) -> Result<Source, TokenizerError> {
        if *named == CorpusRef::Words && lexicon {
            let mut corpus = Corpus::generate(seed, &self.words);
            corpus.append_lexicon(self.words.iter().map(String::as_str));
            return Ok(Source::Words(Arc::new(corpus)));
        }
        Source::new(named, seed, &self.words, tokenizer)
    }

    /// Every corpus, in order of first use.
    pub fn all(&self) -> impl Iterator<Item = &(CorpusRef, Source)> {
        self.named.iter()
    }

    /// The number of a population's corpus among all.
    pub fn of(&self, population: u32) -> usize {
        self.of[population as usize]
    }
}
