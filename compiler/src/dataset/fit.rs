//! A data set as one population sends it: checked against the endpoint and the models, and counted
//! where its texts stand behind others.
//!
//! Refuses what the endpoint has no place for, with the line of the turn.

use super::{Content, DataError, DataSet, Id, MediumKind, Raw, Said, Turn};
use crate::payload::Role;
use crate::spec::{self, ApiKind, CancelAfter, History, SetKind};
use crate::text::tokenizer::{Tokenizer, TokenizerError};
use rayon::prelude::*;
use std::sync::Arc;

/// A data set that fits its population.
#[derive(Clone, Debug)]
pub struct Fitted {
    pub set: Arc<DataSet>,
    /// Tokens of each text behind a word and a space; none where no text stands so.
    behind: Option<Vec<u32>>,
    /// Where the endpoint joins texts, tokens of all that each turn's body holds of the data set:
    /// its own texts, and those of its history. Else empty.
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
        let has_messages = front.system_prompt.is_some() || front.user_context.is_some();
        let is_behind =
            front.salt || front.prefix_pool.is_some() || (kind.joins_texts() && has_messages);
        if is_behind {
            fitted.behind = Some(behind(&fitted.set, tokenizer).map_err(uncounted)?);
        }
        if kind.joins_texts() && !population.api.lists_texts() && !fitted.set.kind.is_raw() {
            let live = (population.data.set.as_ref()).is_some_and(|s| s.history == History::Live);
            let counted = joined(&fitted.set, is_behind, live, tokenizer);
            fitted.joined = counted.map_err(uncounted)?;
        }
        Ok(fitted)
    }

    /// Tokens of a text, behind a word and a space or at the start.
    pub fn tokens(&self, text: Id, is_behind: bool) -> u32 {
        match &self.behind {
            Some(behind) if is_behind => behind[text.0 as usize],
            _ => self.set.texts.tokens(text),
        }
    }

    /// Tokens of all that a turn's body holds of the data set, where the endpoint joins texts:
    /// everything but what stands in front of it, and answers that are not the data set's.
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
                    Content::Said(said) => {
                        let is_first = number == conversation.turns.start;
                        check_said(said, is_first, &set, population)
                    }
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
        check_pools(&set, population)
            .map_err(|(what, remedy)| DataError::file(&set.files[0].file, what, remedy))
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

fn check_said(
    said: &Said,
    is_first: bool,
    set: &DataSet,
    population: &spec::Population,
) -> Result<(), Wrong> {
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
        Said { before, .. } if kind == ApiKind::Messages => {
            let context = population.data.front.user_context.is_some();
            let answers = |(role, _): &(Role, Id)| *role == Role::Assistant;
            let speaks = |(role, _): &(Role, Id)| *role == Role::System;
            if is_first && !context && before.iter().any(answers) {
                return no_place("an answer in front of every question", "remove it");
            }
            // What the system says stands in front of all messages.
            let late = before
                .iter()
                .skip_while(|one| is_first && !context && speaks(one));
            if late.clone().any(speaks) {
                return no_place(
                    "what the system says behind a message",
                    "write it first, remove `data.user_context`, or write `api: {type: chat}`",
                );
            }
        }
        _ => {}
    }
    for (key, _) in &said.extra {
        check_extra(key, population)?;
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
    let ids: Vec<Id> = (0..set.texts.len() as u32).map(Id).collect();
    let count = |id: &Id| {
        let text = format!("{word} {}", set.texts.plain(*id));
        let tokens = tokenizer.count(&text)?.saturating_sub(1);
        Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
    };
    ids.par_iter().map(count).collect()
}

/// Tokens of every turn's texts and those that it repeats, joined by spaces. Where another text
/// stands between two of them, it is words, and what follows it is counted behind a word; so is
/// the first if it `is_behind` something.
fn joined(
    set: &DataSet,
    is_behind: bool,
    live: bool,
    tokenizer: &Tokenizer,
) -> Result<Vec<u32>, TokenizerError> {
    let words = tokenizer.words()?;
    let count = |run: &str, is_behind: bool| {
        let tokens = match is_behind {
            _ if run.is_empty() => 0,
            true => tokenizer
                .count(&format!("{} {run}", words[0]))?
                .saturating_sub(1),
            false => tokenizer.count(run)?,
        };
        Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
    };
    let of_conversation = |conversation: &super::Conversation| {
        let mut tokens: Vec<u32> = Vec::with_capacity(conversation.turns.len());
        // Of the texts that end where others stand, and of what stands behind those.
        let (mut ended, mut run, mut run_is_behind) = (0_u32, String::new(), is_behind);
        for turn in conversation.turns.clone() {
            let Content::Said(said) = &set.turns[turn as usize].content else {
                continue;
            };
            if !set.kind.accumulates() {
                run.clear();
            }
            for text in &said.texts {
                append(&mut run, &set.texts.plain(text.id));
            }
            tokens.push(ended.saturating_add(count(&run, run_is_behind)?));
            match said.answer.filter(|_| !live) {
                Some(answer) => append(&mut run, &set.texts.plain(answer)),
                None => {
                    ended = *tokens.last().expect("pushed just now");
                    run.clear();
                    run_is_behind = true;
                }
            }
            if !set.kind.accumulates() {
                (ended, run_is_behind) = (0, is_behind);
            }
        }
        Ok(tokens)
    };
    let conversations = set.conversations.par_iter();
    let tokens: Result<Vec<Vec<u32>>, TokenizerError> =
        conversations.map(of_conversation).collect();
    Ok(tokens?.concat())
}

/// A further text of one string.
fn append(run: &mut String, text: &str) {
    if !run.is_empty() && !text.is_empty() {
        run.push(' ');
    }
    run.push_str(text);
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
