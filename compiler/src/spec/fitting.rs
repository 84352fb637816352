//! Whether data fit the endpoint that they are sent to: media, documents, batches, and bodies that
//! only a data set can bring. And whether what prompts are cut from fits what they begin with.

use super::api::{Api, ApiKind};
use super::corpus::CorpusRef;
use super::data::{Data, DataKind, Lengths};
use super::error::SpecError;
use super::fields::{Cursor, Fields};
use super::load::Load;
use super::trace::TraceFormat;

const DOCUMENTS_EXAMPLE: &str = "add `documents: {count: 10, length: 128}` to `data`";

/// Refuses data that the endpoint has no place for, and data that lack what it asks for. `block`
/// is that of the data, if there is one.
pub(super) fn check(
    api: &Api,
    data: &Data,
    block: Option<&Cursor<'_>>,
    root: &Fields<'_>,
) -> Result<(), SpecError> {
    let name = api.kind.name();
    let whole = block.unwrap_or(&root.cursor);
    let key = |key: &str| block.and_then(|block| entry(block, key));
    let brings_bodies = data.set.as_ref().is_some_and(|set| set.kind.is_raw());
    if api.kind == ApiKind::Raw && !brings_bodies {
        let what = "the endpoint `raw` sends bodies as a data set holds them";
        let at = key("type").unwrap_or(whole.clone());
        return Err(at.error(
            what,
            "write `data: {type: raw_payload, path: FILE}`, or another `api.type`",
        ));
    }
    let accumulates = data.set.as_ref().is_some_and(|set| set.kind.accumulates());
    if accumulates && (!api.kind.generates() || api.lists_texts()) {
        let what = format!("a body of the endpoint `{name}` has no place for earlier turns");
        let at = key("type").unwrap_or(whole.clone());
        return Err(at.error(
            what,
            "write `data: {type: single_turn}`, or `api: {type: chat}`",
        ));
    }
    let media = [
        ("images", data.images.is_some() && !api.kind.takes_images()),
        ("audio", data.audio.is_some() && !api.kind.takes_audio()),
    ];
    if let Some((name_of, _)) = media.iter().find(|(_, is_foreign)| *is_foreign) {
        let what = format!("a body of the endpoint `{name}` has no place for {name_of}");
        let at = key(name_of).unwrap_or(whole.clone());
        return Err(at.error(what, "remove it, or write `api: {type: chat}`"));
    }
    let template = api.template.as_ref();
    let batch = api.kind == ApiKind::Embeddings || template.is_some_and(|t| t.takes_batch());
    let documents = api.kind.needs_documents() || template.is_some_and(|t| t.takes_documents());
    let (found, remedy) = match &data.documents {
        Some(texts) if texts.is_batch && !batch && documents => {
            ("batch_size", "write `data.documents` instead")
        }
        Some(texts) if texts.is_batch && !batch => ("batch_size", "remove it"),
        Some(texts) if !texts.is_batch && !documents && batch => {
            ("documents", "write `data.batch_size` instead")
        }
        Some(texts) if !texts.is_batch && !documents => ("documents", "remove it"),
        None if api.kind.needs_documents() && data.set.is_none() => {
            let what = format!("the endpoint `{name}` orders documents, and there are none");
            return Err(whole.error(what, DOCUMENTS_EXAMPLE));
        }
        _ => return Ok(()),
    };
    let what = format!("a body of the endpoint `{name}` has no place for it");
    Err(key(found).unwrap_or(whole.clone()).error(what, remedy))
}

/// Refuses a corpus beside blocks of a trace, and `unique` beside what stands in front of it.
/// `block` is that of the data, which come as `load` says.
pub(super) fn check_texts(data: &Data, load: &Load, block: &Cursor<'_>) -> Result<(), SpecError> {
    let of_blocks = match load {
        Load::Trace { trace, .. } if data.lengths == Lengths::FromTrace => matches!(
            trace.format,
            TraceFormat::Mooncake { .. } | TraceFormat::Bailian { .. }
        ),
        _ => false,
    };
    let corpus = entry(block, "corpus").filter(|_| data.corpus != CorpusRef::Words);
    if let (true, Some(corpus)) = (of_blocks, corpus) {
        let what = "the blocks of the trace are made of the built-in words";
        let remedy = "remove it, or write `data.input_distribution` instead of `data.trace`";
        return Err(corpus.error(what, remedy));
    }
    let Some(unique) = entry(block, "unique").filter(|_| data.unique) else {
        return Ok(());
    };
    if of_blocks {
        let what = "prompts of equal blocks begin alike, and `unique` says that none do";
        let remedy = "remove it, or write `data.input_distribution` instead of `data.trace`";
        return Err(unique.error(what, remedy));
    }
    let in_front = ["shared_prefix", "prefix", "system_prompt", "user_context"];
    let found = in_front.iter().find(|key| entry(block, key).is_some());
    let found = match data.kind {
        DataKind::SharedPrefix => Some(&in_front[0]),
        _ => found,
    };
    match found {
        Some(found) => {
            let what = format!("`data.{found}` stands in front of what `unique` tells apart");
            Err(unique.error(what, format!("remove it, or `data.{found}`")))
        }
        None => Ok(()),
    }
}

/// What stands under a key of the block.
fn entry<'a>(block: &Cursor<'a>, key: &str) -> Option<Cursor<'a>> {
    let mut entries = block.entries().unwrap_or_default().into_iter();
    let found = entries.find(|(entry, _)| entry.text == key);
    found.map(|(_, value)| value)
}
