//! Whether data fit the endpoint that they are sent to: media, documents, batches, and bodies that
//! only a data set can bring.

use super::api::{Api, ApiKind};
use super::data::{Data, DataKind};
use super::error::SpecError;
use super::fields::{Cursor, Fields};

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
    let key = |key: &str| {
        let entries = block.and_then(|block| block.entries().ok());
        let mut entries = entries.unwrap_or_default().into_iter();
        entries
            .find(|(entry, _)| entry.text == key)
            .map(|(_, value)| value)
    };
    let brings_bodies = !matches!(
        data.kind,
        DataKind::Synthetic | DataKind::Random | DataKind::SharedPrefix
    );
    if api.kind == ApiKind::Raw && !brings_bodies {
        let what = "the endpoint `raw` sends bodies as a data set holds them";
        let at = key("type").unwrap_or(whole.clone());
        return Err(at.error(
            what,
            "write `data: {type: raw_payload, path: FILE}`, or another `api.type`",
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
        None if api.kind.needs_documents() => {
            let what = format!("the endpoint `{name}` orders documents, and there are none");
            return Err(whole.error(what, DOCUMENTS_EXAMPLE));
        }
        _ => return Ok(()),
    };
    let what = format!("a body of the endpoint `{name}` has no place for it");
    Err(key(found).unwrap_or(whole.clone()).error(what, remedy))
}
