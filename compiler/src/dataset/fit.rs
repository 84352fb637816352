//! A data set as one population sends it: checked against the endpoint and the models, and counted
//! where its texts stand behind others.
//!
//! Refuses what the endpoint has no place for, with the line of the turn.

use super::{Content, DataError, DataSet, MediumKind, Raw, Said, Turn};
use crate::payload::Role;
use crate::spec::{self, ApiKind, CancelAfter, SetKind};
use crate::text::tokenizer::{Tokenizer, TokenizerError};
use rayon::prelude::*;
use std::sync::Arc;

/// A data set that fits its population.
#[derive(Clone, Debug)]
pub struct Fitted {
    pub set: Arc<DataSet>,
    /// Tokens of each text behind a word and a space; none where no text stands so.
    behind: Option<Vec<u32>>,
    /// Tokens of each turn's texts joined by spaces, where the endpoint joins them; else empty.
    joined: Vec<u32>,
    /// The number of the model that each turn names; empty if none does.
    models: Vec<Option<u32>>,
}

impl Fitted {
    /// Checks `set` against what the spec says of its population.
    ///
    /// # Errors
    /// [`DataError`] with the file and the line of a turn that cannot be sent so.
    pub fn new(
        set: Arc<DataSet>,
        population: &spec::Population,
        tokenizer: &Tokenizer,
    ) -> Result<Self, DataError> {
        let kind = population.api.kind;
        let front = &population.data.front;
        let mut fitted = Self {
            behind: None,
            joined: Vec::new(),
            models: Vec::new(),
            set,
        };
        fitted.check(population)?;
        let uncounted = |error| DataError::Count {
            file: fitted.set.files[0].file.clone(),
            error: Box::new(error),
        };
        if front.salt || front.prefix_pool.is_some() {
            fitted.behind = Some(behind(&fitted.set, tokenizer).map_err(uncounted)?);
        }
        if kind.joins_texts() && !population.api.lists_texts() {
            fitted.joined = joined(&fitted.set, tokenizer).map_err(uncounted)?;
        }
        Ok(fitted)
    }

    /// Tokens of a text, behind a word and a space or at the start.
    pub fn tokens(&self, text: super::Id, is_behind: bool) -> u32 {
        match &self.behind {
            Some(behind) if is_behind => behind[text.0 as usize],
            _ => self.set.texts.tokens(text),
        }
    }

    /// Tokens of a turn's texts joined, where the endpoint joins them.
    pub fn joined_tokens(&self, turn: u32) -> Option<u32> {
        self.joined.get(turn as usize).copied()
    }

    /// The model that a turn names.
    pub fn model(&self, turn: u32) -> Option<u32> {
        self.models.get(turn as usize).copied().flatten()
    }

    /// Every turn, against everything that a body must have and cannot hold.
    fn check(&mut self, population: &spec::Population) -> Result<(), DataError> {
        let set = Arc::clone(&self.set);
        let names_models = set.turns.iter().any(|turn| turn.model.is_some());
        for conversation in &set.conversations {
            let file = &set.files[conversation.file as usize].file;
            for number in conversation.turns.clone() {
                let turn = &set.turns[number as usize];
                let wrong = |(what, remedy): (String, &str)| {
                    Err(DataError::file(
                        &format!("{file}:{}", turn.line),
                        what,
                        remedy,
                    ))
                };
                let checked = match &turn.content {
                    Content::Said(said) => check_said(said, &set, population),
                    Content::Raw(raw) => check_raw(raw, population),
                };
                checked.or_else(wrong)?;
                if names_models {
                    // A pool's line stands beside others that may name another.
                    match model_of(turn, population) {
                        Ok(model) => self.models.push(model),
                        Err(error) => return wrong(error),
                    }
                }
            }
        }
        check_pools(&set, population).or_else(|(what, remedy)| {
            let file = &set.files[0].file;
            Err(DataError::file(file, what, remedy))
        })
    }
}

/// That one line of each pool together are a body, whichever they are.
fn check_pools(set: &DataSet, population: &spec::Population) -> Result<(), Wrong> {
    let kind = population.api.kind;
    if set.pools.is_empty() || kind.has_messages() {
        return Ok(());
    }
    let texts = |conversation: u32| match &set.turns_of(conversation)[0].content {
        Content::Said(said) => said.texts.len(),
        Content::Raw(_) => 0,
    };
    let (mut least, mut most) = (0, 0);
    for pool in &set.pools {
        least += pool.clone().map(texts).min().unwrap_or(0);
        most += pool.clone().map(texts).max().unwrap_or(0);
    }
    let name = kind.name();
    let needed = if kind.needs_documents() { 2 } else { 1 };
    if least < needed {
        let what = format!(
            "a body of the endpoint `{name}` needs {needed} texts or more, and lines of the pools may have {least}"
        );
        return Err((what, "add texts to the lines that have too few"));
    }
    if most > 1 && !population.api.lists_texts() {
        let what = format!(
            "a body of the endpoint `{name}` is one text, and lines of the pools may have {most}"
        );
        return Err((what, "write `api: {type: chat}`, or one text"));
    }
    Ok(())
}

/// What is wrong, and what to do about it.
type Wrong = (String, &'static str);

fn check_raw(raw: &Raw, population: &spec::Population) -> Result<(), Wrong> {
    let cancellation = population.cancellation.as_ref();
    let counts = cancellation.is_some_and(|c| matches!(c.after, CancelAfter::Tokens(_)));
    match counts && !raw.streams {
        true => {
            let what = "its answer is not streamed, and `cancellation` counts its tokens";
            Err((
                what.to_owned(),
                "write `\"stream\": true`, or cancel after a delay",
            ))
        }
        false => Ok(()),
    }
}

fn check_said(said: &Said, set: &DataSet, population: &spec::Population) -> Result<(), Wrong> {
    let kind = population.api.kind;
    let name = kind.name();
    let no_place = |what: &str, remedy| {
        let what = format!("a body of the endpoint `{name}` has no place for {what}");
        Err((what, remedy))
    };
    let has_messages = kind.has_messages();
    match said {
        Said { images, .. } if !images.is_empty() && !kind.takes_images() => {
            return no_place("images", "remove them, or write `api: {type: chat}`");
        }
        Said { audios, .. } if !audios.is_empty() && !kind.takes_audio() => {
            return no_place("audio", "remove it, or write `api: {type: chat}`");
        }
        Said { before, .. } if !before.is_empty() && !has_messages => {
            return no_place("other roles", "remove them, or write `api: {type: chat}`");
        }
        Said { before, .. }
            if kind == ApiKind::Messages
                && before
                    .first()
                    .is_some_and(|(role, _)| *role == Role::Assistant) =>
        {
            return no_place("an answer in front of every question", "remove it");
        }
        Said { extra, .. } if !extra.is_empty() => {
            for (key, _) in extra {
                check_extra(key, population)?;
            }
        }
        _ => {}
    }
    let is_url = |medium: &u32| {
        let reference = &set.media[*medium as usize].reference;
        let scheme = reference.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| ["http", "https"].contains(&&*scheme.to_ascii_lowercase()))
    };
    if said.audios.iter().any(is_url) {
        let what = "audio is sent as data, and this is an address".to_owned();
        return Err((what, "name a file, or write `wav,` and the file in Base64"));
    }
    if kind == ApiKind::Messages && said.images.iter().any(is_url) {
        let what = "images of this endpoint are sent as data here, and this is an address";
        return Err((what.to_owned(), "name a file instead"));
    }
    let front = &population.data.front;
    if said.texts.is_empty() && (front.salt || front.prefix_pool.is_some()) {
        let what = "`data.salt` and `data.prefix` stand in front of a text, and there is none";
        return Err((what.to_owned(), "add `text: ..`, or remove them"));
    }
    if set.kind == SetKind::RandomPool {
        return Ok(());
    }
    let texts = said.texts.len();
    if texts == 0 && !has_messages {
        let what = format!("a body of the endpoint `{name}` needs a text");
        return Err((what, "add `text: ..`"));
    }
    if kind.needs_documents() && texts < 2 {
        let what = "a query needs documents: there is one text".to_owned();
        return Err((what, "write `texts: [QUERY, DOCUMENT, ..]`"));
    }
    Ok(())
}

/// Refuses a member that stands in the body already.
fn check_extra(key: &str, population: &spec::Population) -> Result<(), Wrong> {
    let api = &population.api;
    if let Some(owner) = api.owner_of(key) {
        let what = format!("`extra.{key}`: the spec sets it with `{owner}`");
        return Err((what, "remove it, and write it there"));
    }
    Ok(())
}

fn model_of(turn: &Turn, population: &spec::Population) -> Result<Option<u32>, Wrong> {
    let Some(name) = &turn.model else {
        return Ok(None);
    };
    if matches!(turn.content, Content::Raw(_)) {
        // The body says it, and nothing is made of it.
        return Ok(None);
    }
    let mut models = population.models.list.iter();
    match models.position(|model| *model.name == **name) {
        Some(number) => Ok(Some(number as u32)),
        None => {
            let what = format!("the model \"{name}\" is not among the spec's `models`");
            Err((what, "add it there, or remove it here"))
        }
    }
}

/// Tokens of every text behind a one-token word and a space.
fn behind(set: &DataSet, tokenizer: &Tokenizer) -> Result<Vec<u32>, TokenizerError> {
    let words = tokenizer.words()?;
    let word = &words[0];
    let ids: Vec<super::Id> = (0..set.texts.len() as u32).map(super::Id).collect();
    let count = |id: &super::Id| {
        let text = format!("{word} {}", set.texts.plain(*id));
        let tokens = tokenizer.count(&text)?.saturating_sub(1);
        Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
    };
    ids.par_iter().map(count).collect()
}

/// Tokens of every turn's texts, joined by spaces.
fn joined(set: &DataSet, tokenizer: &Tokenizer) -> Result<Vec<u32>, TokenizerError> {
    let count = |turn: &Turn| match &turn.content {
        Content::Said(said) if said.texts.len() > 1 => {
            let texts = said.texts.iter().map(|text| set.texts.plain(text.id));
            let texts: Vec<String> = texts.collect();
            let tokens = tokenizer.count(&texts.join(" "))?;
            Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
        }
        Content::Said(said) => {
            let text = said.texts.first();
            Ok(text.map_or(0, |text| set.texts.tokens(text.id)))
        }
        Content::Raw(_) => Ok(0),
    };
    set.turns.par_iter().map(count).collect()
}

impl MediumKind {
    /// The word for it in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio clip",
        }
    }
}
