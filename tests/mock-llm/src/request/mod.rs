//! What the mock needs from a request's body, and nothing else: one file for each family of APIs.
//!
//! A body is read once, without building a tree: texts are counted where they lie and every field
//! that is not known is skipped. Refused are what is not JSON, required fields that are missing or
//! of another type, media that are no base64, and a number of tokens outside 1 to [`MAX_TOKENS`].
//! Sampling parameters of chat and completions are read, and refused where they have another type;
//! everything else that is unknown is accepted and ignored.

mod anthropic;
mod base64;
mod content;
mod kserve;
mod openai;
mod pooling;
mod responses;
mod tgi;
mod words;

pub use openai::prompt_hash;

use std::borrow::Cow;

use serde::Deserialize;

use crate::api::Api;
use crate::config::MAX_TOKENS;

/// What a request is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Words of all texts.
    pub words: u64,
    pub images: u64,
    pub audios: u64,
    /// Documents to rank, or texts to embed.
    pub documents: u64,
}

impl Counts {
    fn words(words: u64) -> Self {
        Counts {
            words,
            ..Counts::default()
        }
    }

    fn add(&mut self, other: Counts) {
        self.words += other.words;
        self.images += other.images;
        self.audios += other.audios;
        self.documents += other.documents;
    }
}

/// What steers the answer.
#[derive(Debug, Default, PartialEq)]
pub struct Ask<'a> {
    /// The model, when the body names one.
    pub model: Option<Cow<'a, str>>,
    /// Tokens asked for.
    pub max_tokens: Option<u64>,
    pub stream: bool,
    /// Whether usage is asked for where it is not given unasked.
    pub include_usage: bool,
    pub counts: Counts,
    /// Results asked for, of a rerank.
    pub top_n: Option<usize>,
    /// Embeddings are asked for as base64.
    pub base64: bool,
    pub sampling: Sampling,
}

/// How the tokens of a chat or completion are to be chosen, where there is a sampler.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sampling {
    /// At least 0; 0 is greedy.
    pub temperature: Option<f64>,
    pub seed: Option<u64>,
    /// Token ids are to be told beside the texts, as vLLM does.
    pub return_token_ids: bool,
}

/// Why a body is refused, and what could be made of it.
#[derive(Debug)]
pub struct Refused<'a> {
    pub ask: Option<Box<Ask<'a>>>,
    pub message: String,
}

impl<'a> Ask<'a> {
    /// Reads a body for an API.
    pub fn parse(api: Api, body: &'a [u8]) -> Result<Self, Refused<'a>> {
        let ask = match api {
            Api::Chat | Api::Completions => return openai::parse(api, body),
            Api::Embeddings => pooling::embeddings(body),
            Api::CohereRerank | Api::VllmRerank => pooling::cohere(body),
            Api::TeiRerank => pooling::tei(body),
            Api::NimRanking => pooling::nim(body),
            Api::Responses => responses::parse(body),
            Api::Messages => anthropic::parse(body),
            Api::Tgi => tgi::parse(body, false),
            Api::TgiStream => tgi::parse(body, true),
            Api::Kserve => kserve::parse(body, false),
            Api::KserveStream => kserve::parse(body, true),
        };
        ask.map_err(|message| Refused { ask: None, message })
    }

    /// Tokens of the answer: the server's, or what was asked, or `default`.
    pub fn answer_tokens(&self, fixed: Option<u32>, default: u32) -> Result<u32, String> {
        let asked = match self.max_tokens {
            None => default,
            Some(asked) => u32::try_from(asked)
                .ok()
                .filter(|n| (1..=MAX_TOKENS).contains(n))
                .ok_or_else(|| format!("max_tokens is {asked}; it must be 1 to {MAX_TOKENS}"))?,
        };
        Ok(fixed.unwrap_or(asked))
    }
}

/// Reads JSON into what a family asks for.
fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|e| format!("the body is not a valid request: {e}"))
}

/// A string borrowed from the body where it has no escapes.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted in a body, or why it is refused.
    pub fn counts(api: Api, body: &str) -> Result<Counts, String> {
        let ask = Ask::parse(api, body.as_bytes());
        ask.map(|ask| ask.counts).map_err(|refused| refused.message)
    }

    #[test]
    fn the_servers_number_of_tokens_wins_over_the_requests() {
        let ask = |max_tokens, fixed| {
            let ask = Ask {
                max_tokens,
                ..Ask::default()
            };
            ask.answer_tokens(fixed, 16)
        };
        assert_eq!(ask(None, None), Ok(16));
        assert_eq!(ask(Some(3), None), Ok(3));
        assert_eq!(ask(Some(3), Some(9)), Ok(9));
        assert!(ask(Some(0), None).is_err());
        assert!(ask(Some(99_999_999_999), None).is_err());
    }
}
