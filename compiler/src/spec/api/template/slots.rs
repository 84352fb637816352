//! A template cut at its slots: `{{prompt}}` within a string, or `{{prompt|tojson}}` as a whole
//! value, which is how AIPerf's templates write it.

use super::{Fault, Piece};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// Hexadecimal digits behind `\u`.
const ESCAPE_DIGITS: usize = 4;
const KNOWN: &str =
    "the slots are `{{prompt}}`, `{{documents}}`, `{{model}}`, `{{output_tokens}}`, `{{stream}}`";

/// What a slot stands for.
#[derive(Clone, Copy)]
enum Slot {
    Prompt,
    Texts,
    Documents,
    Model,
    OutputTokens,
    Stream,
}

/// Names of slots: ours, and those of AIPerf's templates.
const NAMES: [(&str, Slot); 11] = [
    ("prompt", Slot::Prompt),
    ("text", Slot::Prompt),
    ("query", Slot::Prompt),
    ("texts", Slot::Texts),
    ("documents", Slot::Documents),
    ("passages", Slot::Documents),
    ("model", Slot::Model),
    ("output_tokens", Slot::OutputTokens),
    ("max_tokens", Slot::OutputTokens),
    ("stream", Slot::Stream),
    ("streaming", Slot::Stream),
];

/// The pieces, each with the byte of the template at which it begins.
pub(super) fn split(text: &str, streaming: bool) -> Result<Vec<(usize, Piece)>, Fault> {
    let mut pieces = Vec::new();
    let (mut at, mut from) = (0, 0);
    let mut in_string = false;
    // Where the string's first slot stands, and where its last `\u` escape ends.
    let (mut first_slot, mut escape_end) = (None, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("{%") || rest.starts_with("{#") {
            let what = "a template has slots, but no statements and no comments";
            return Err(Fault::new(
                at,
                what,
                "write one template for each form of the body",
            ));
        }
        if rest.starts_with(OPEN) {
            let end = rest
                .find(CLOSE)
                .ok_or_else(|| Fault::new(at, "`{{` is not closed", "close the slot with `}}`"))?;
            pieces.push((from, Piece::Fixed(text[from..at].to_owned())));
            let inside = &rest[OPEN.len()..end];
            let slot = slot(at, inside, in_string, streaming, &mut pieces)?;
            let behind = &rest[end + CLOSE.len()..];
            if in_string {
                first_slot = first_slot.or(Some(at));
                if at < escape_end {
                    let what = "this slot stands inside a `\\u` escape";
                    let remedy = "write the escape's four digits in front of the slot";
                    return Err(Fault::new(at, what, remedy));
                }
            } else {
                check_value(at, slot, &text[..at], behind)?;
            }
            at += end + CLOSE.len();
            from = at;
            continue;
        }
        let mut chars = rest.chars();
        let first = chars.next().expect("the rest is not empty");
        at += first.len_utf8();
        match first {
            '"' => {
                in_string = !in_string;
                if let Some(slot) = first_slot.take().filter(|_| is_key(&text[at..])) {
                    return Err(in_key(slot));
                }
            }
            '\\' if in_string => {
                let escaped = chars.next();
                at += escaped.map_or(0, char::len_utf8);
                if escaped == Some('u') {
                    escape_end = at + ESCAPE_DIGITS;
                }
            }
            _ => {}
        }
    }
    pieces.push((from, Piece::Fixed(text[from..].to_owned())));
    pieces.retain(|(_, piece)| *piece != Piece::Fixed(String::new()));
    Ok(pieces)
}

/// Refuses a slot outside a string that is part of a value, or a key: next to it a digit, a sign
/// or another slot would make a number that is none, or not the one asked for.
fn check_value(at: usize, slot: Slot, before: &str, behind: &str) -> Result<(), Fault> {
    if is_key(behind) {
        return Err(in_key(at));
    }
    let ends_before = |c: char| c.is_ascii_whitespace() || matches!(c, ':' | ',' | '[');
    let begins_behind = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ']' | '}');
    let is_whole = before.chars().next_back().is_none_or(ends_before)
        && behind.chars().next().is_none_or(begins_behind);
    match slot {
        Slot::OutputTokens | Slot::Stream if !is_whole => {
            let what = "this slot is only a part of a value";
            let remedy = "write nothing next to it: it is a value of its own, unless it stands \
                          within a string";
            Err(Fault::new(at, what, remedy))
        }
        _ => Ok(()),
    }
}

/// Whether what ends in front of `behind` is the key of an object.
fn is_key(behind: &str) -> bool {
    behind.trim_start().starts_with(':')
}

fn in_key(at: usize) -> Fault {
    let what = "this slot stands in a key";
    Fault::new(at, what, "write it as a value, not as a key")
}

/// The pieces that a slot becomes.
fn slot(
    at: usize,
    inside: &str,
    in_string: bool,
    streaming: bool,
    pieces: &mut Vec<(usize, Piece)>,
) -> Result<Slot, Fault> {
    let (name, to_json) = match inside.split_once('|') {
        Some((name, filter)) if filter.trim() == "tojson" => (name.trim(), true),
        Some((_, filter)) => {
            let what = format!("unknown filter `{}`", filter.trim());
            return Err(Fault::new(at, what, "the only filter is `tojson`"));
        }
        None => (inside.trim(), false),
    };
    let Some(&(_, slot)) = NAMES.iter().find(|(known, _)| *known == name) else {
        return Err(Fault::new(at, format!("unknown slot `{name}`"), KNOWN));
    };
    let mut push = |piece| pieces.push((at, piece));
    let mut within = |open: &str, piece, close: &str| {
        push(Piece::Fixed(open.to_owned()));
        push(piece);
        push(Piece::Fixed(close.to_owned()));
    };
    match (slot, in_string) {
        (Slot::Prompt | Slot::Model, false) if !to_json => {
            let what = format!("`{name}` is text, and stands outside a string");
            let remedy = format!("write `\"{{{{{name}}}}}\"`, with the quotes");
            return Err(Fault::new(at, what, remedy));
        }
        (Slot::Prompt | Slot::Model, true) if to_json => {
            let what = format!("`{name}|tojson` brings its own quotes, and stands within a string");
            let remedy = format!("write `\"{{{{{name}}}}}\"`, or remove the quotes around it");
            return Err(Fault::new(at, what, remedy));
        }
        (Slot::Texts | Slot::Documents, true) => {
            let what = format!("`{name}` is a list, and stands within a string");
            return Err(Fault::new(at, what, "remove the quotes around it"));
        }
        (Slot::Prompt, false) => within("\"", Piece::Prompt { list: false }, "\""),
        (Slot::Prompt, true) => push(Piece::Prompt { list: false }),
        (Slot::Model, false) => within("\"", Piece::Model, "\""),
        (Slot::Model, true) => push(Piece::Model),
        (Slot::Texts, false) => within("[\"", Piece::Prompt { list: true }, "\"]"),
        (Slot::Documents, false) => push(Piece::Documents),
        (Slot::OutputTokens, _) => push(Piece::OutputTokens),
        (Slot::Stream, _) => push(Piece::Fixed(streaming.to_string())),
    }
    Ok(slot)
}
