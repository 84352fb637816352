//! A turn in AIPerf's words: texts, images and audios, alone or in lists, and what is known of
//! when it is sent and how it is answered.
//!
//! Source: AIPerf's single turn and multi turn data sets. Refuses what its loader does (`text`
//! beside `texts`, `timestamp` beside `delay`, a turn without content), and video.

use super::build::Builder;
use super::error::DataError;
use super::json::Value;
use super::row::{Item, Keys, Object};
use super::secrets;
use super::{Content, MediumKind, Pairs, Said, Text, Turn};
use crate::payload::Role;
use crate::spec::api::headers::OF_THE_ENDPOINT;
use schemas::rules;
use traces::quote;

const VIDEO: &str = "video is not sent: no endpoint here takes it";
const VIDEO_REMEDY: &str = "remove it, or send single frames as `images`";
const LENGTH: &str = "the length of an answer is called `output_length`";

pub const KEYS: Keys = Keys {
    known: &[
        "text",
        "texts",
        "image",
        "images",
        "audio",
        "audios",
        "role",
        "session_id",
        "timestamp",
        "delay",
        "output_length",
        "extra",
        "headers",
        "model",
        "type",
    ],
    refused: &[
        ("video", VIDEO, VIDEO_REMEDY),
        ("videos", VIDEO, VIDEO_REMEDY),
        ("max_tokens", LENGTH, "write `output_length`"),
        ("output_tokens", LENGTH, "write `output_length`"),
    ],
};

const NAMED: Keys = Keys {
    known: &["name", "contents"],
    refused: &[(
        "uuids",
        "media are told apart by their content",
        "remove it",
    )],
};

/// Longest name of a session.
const MAX_NAME_BYTES: usize = 256;
const ROLES: &str = "write user, system or assistant";

/// Who says it; a user unless it says otherwise.
pub fn role(object: &Object<'_>) -> Result<Role, DataError> {
    let Some(item) = object.get("role") else {
        return Ok(Role::User);
    };
    let word = item.text()?;
    let known = Role::ALL.into_iter().find(|role| role.name() == word);
    known.ok_or_else(|| {
        let what = format!("unknown role \"{}\"", quote(word.as_bytes()));
        item.error(what, ROLES)
    })
}

/// The name of a session.
pub fn session_id(object: &Object<'_>) -> Result<Option<Box<str>>, DataError> {
    let item = object.get("session_id");
    item.map(|item| name(&item)).transpose()
}

/// A name: text, or a number as it is written.
pub fn name(item: &Item<'_>) -> Result<Box<str>, DataError> {
    let name = match item.json.value {
        Value::Number(digits) => digits,
        _ => item.said()?,
    };
    if name.len() > MAX_NAME_BYTES {
        let what = format!("the name has {} bytes", name.len());
        return Err(item.error(what, format!("write at most {MAX_NAME_BYTES}")));
    }
    if name.chars().any(char::is_control) {
        return Err(item.error("a name holds no control characters", "write another name"));
    }
    Ok(name.into())
}

/// Checks `type`, which a row may repeat.
pub fn check_type(object: &Object<'_>, builder: &Builder) -> Result<(), DataError> {
    let Some(item) = object.get("type") else {
        return Ok(());
    };
    let (word, kind) = (item.text()?, builder.kind().name());
    if word == kind {
        return Ok(());
    }
    let what = format!(
        "the row is of type {}, the data set of type {kind}",
        quote(word.as_bytes())
    );
    Err(item.error(what, "set `data.type` in the spec, or remove it here"))
}

/// The one of `text` and `texts` that is there, and so for other pairs.
fn alone_or_list<'r>(
    object: &Object<'r>,
    alone: &str,
    list: &str,
) -> Result<Option<Item<'r>>, DataError> {
    match (object.get(alone), object.get(list)) {
        (Some(_), Some(list)) => {
            let what = format!("`{alone}` says it already");
            Err(list.error(what, "remove one of the two"))
        }
        (alone, list) => Ok(alone.or(list)),
    }
}

/// What stands alone, in a list, or in a list of named lists; with the names.
fn contents<'r>(
    object: &Object<'r>,
    alone: &str,
    list: &str,
) -> Result<Vec<(Option<&'r str>, Item<'r>)>, DataError> {
    let Some(item) = alone_or_list(object, alone, list)? else {
        return Ok(Vec::new());
    };
    if item.name == alone {
        return Ok(vec![(None, item)]);
    }
    let mut contents = Vec::new();
    for item in item.list()? {
        if item.entries().is_err() {
            contents.push((None, item));
            continue;
        }
        let named = item.object(&NAMED)?;
        let name = named.get("name").map(|name| name.text()).transpose()?;
        let items = named.required("contents", "write `{name: .., contents: [..]}`")?;
        contents.extend(items.list()?.map(|item| (name, item)));
    }
    Ok(contents)
}

/// The whole turn; `pool` is the name of the pool that it is from.
pub fn read(
    object: &Object<'_>,
    pool: Option<&str>,
    builder: &mut Builder,
) -> Result<Turn, DataError> {
    let is_query = |name: Option<&str>| matches!(name.or(pool), Some("query" | "queries"));
    let mut said = Said::default();
    for (name, item) in contents(object, "text", "texts")? {
        let id = builder.text(item.said()?);
        let is_query = is_query(name);
        said.texts.push(Text { id, is_query });
    }
    for (_, item) in contents(object, "image", "images")? {
        said.images.push(builder.medium(MediumKind::Image, &item)?);
    }
    for (_, item) in contents(object, "audio", "audios")? {
        said.audios.push(builder.medium(MediumKind::Audio, &item)?);
    }
    if said.texts.is_empty() && said.images.is_empty() && said.audios.is_empty() {
        let (row, at) = (object.item.row, object.item.json.at);
        let remedy = "write `text`, `texts`, `images` or `audios` with something in it";
        return Err(row.error(at, "the turn has no content", remedy));
    }
    if let Some(extra) = object.get("extra") {
        said.extra = members(&extra)?;
    }
    let (at, delay) = (object.get("timestamp"), object.get("delay"));
    if let (Some(_), Some(delay)) = (&at, &delay) {
        let what = "`timestamp` says already when it is sent";
        return Err(delay.error(what, "remove one of the two"));
    }
    let output = object.get("output_length");
    Ok(Turn {
        line: object.item.row.place(object.item.json.at).0,
        content: Content::Said(said),
        output_tokens: output.map(|output| output.tokens()).transpose()?,
        at_ns: at.map(|at| at.milliseconds()).transpose()?,
        delay_ns: delay.map(|delay| delay.delay()).transpose()?,
        model: match object.get("model") {
            Some(model) => Some(model.said()?.into()),
            None => None,
        },
        headers: match object.get("headers") {
            Some(headers) => read_headers(&headers)?,
            None => Vec::new(),
        },
    })
}

fn members(extra: &Item<'_>) -> Result<Pairs, DataError> {
    secrets::refuse(extra)?;
    let row = extra.row;
    let member = |entry: &super::json::Entry<'_>| {
        let value = &row.text[entry.value.at..entry.value.end];
        (Box::from(&*entry.key), Box::from(value))
    };
    Ok(extra.entries()?.iter().map(member).collect())
}

fn read_headers(headers: &Item<'_>) -> Result<Pairs, DataError> {
    let mut list = Pairs::new();
    for entry in headers.entries()? {
        let error = |at, what: String, remedy| Err(headers.row.error(at, what, remedy));
        let name = entry.key.to_ascii_lowercase();
        let shown = quote(name.as_bytes());
        let text = Item {
            json: &entry.value,
            ..*headers
        };
        secrets::refuse_user(&text)?;
        let text = text.text()?;
        if list.iter().any(|(known, _)| **known == *name) {
            let what = format!("header {shown} stands twice");
            return error(
                entry.at,
                what,
                "keep one of the two; case makes no difference",
            );
        }
        if OF_THE_ENDPOINT.contains(&name.as_str()) {
            let what = format!("header {shown} is set by `api.type` and `api.streaming`");
            return error(entry.at, what, "remove it");
        }
        if rules::FORBIDDEN_HEADERS.contains(&name.as_str()) {
            let what = format!("header {shown} is set when firing, or it is a secret");
            let remedy = "remove it; `replay run --api-key-env VAR` or `--header K:V` send it";
            return error(entry.at, what, remedy);
        }
        secrets::refuse_key(headers.row, entry)?;
        if let Err(broken) = rules::header(&name, "") {
            return error(
                entry.at,
                format!("header {shown}: {broken}"),
                "write a name like x-route",
            );
        }
        if let Err(broken) = rules::header(&name, text) {
            let what = format!("header {shown}: {broken}");
            let remedy = "write visible ASCII, with spaces only inside";
            return error(entry.value.at, what, remedy);
        }
        list.push((name.into(), text.into()));
    }
    Ok(list)
}
