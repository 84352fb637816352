//! What a run sends as a secret, and how it is kept out of what a server says: a server may repeat
//! a key, such as in the words with which it refuses it.
//!
//! Every text of a server that goes into a file passes here. Hides what is repeated letter for
//! letter, or as JSON writes it; a secret in disguise, such as in base64, is not found.

use crate::engine::request::ExtraHeaders;
use std::ops::Range;

/// A word that was sent is looked for in what the server says from this length on, in bytes: shorter
/// ones are in any text by chance.
const WORD_BYTES: usize = 4;
/// The same for the beginning of a word at the end of a text, which may have been cut there, and for
/// the end of a word at the beginning of a text.
const PART_BYTES: usize = 8;
/// Stands for what was sent.
pub const HIDDEN: &str = "…";

/// The words of the values that `--header` and the API key send.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Every word of the values, but for short ones and the scheme of an authorization.
    pub fn of(extra: &ExtraHeaders) -> Self {
        let named = extra.fields.iter().map(|(name, value)| {
            let is_authorization = name.as_str().ends_with("authorization");
            (is_authorization, value)
        });
        let key = extra.authorization.iter().map(|value| (true, value));
        let mut found = Vec::new();
        for (is_authorization, value) in named.chain(key) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let words: Vec<&str> = text.split_whitespace().collect();
            let schemes = usize::from(is_authorization && words.len() > 1);
            let words = words[schemes..].iter();
            for word in words.filter(|word| word.len() >= WORD_BYTES) {
                found.push((*word).to_owned());
                let quoted = serde_json::Value::from(*word).to_string();
                let escaped = quoted[1..quoted.len() - 1].to_owned();
                // Some write a slash in JSON so.
                found.extend([escaped.replace('/', "\\/"), escaped]);
            }
        }
        found.sort_unstable();
        found.dedup();
        Secrets(found)
    }

    /// Puts [`HIDDEN`] in place of what a text repeats; whether it repeats anything.
    pub fn hide(&self, text: &mut String) -> bool {
        let mut pieces = vec![std::mem::take(text)];
        let is_hidden = self.hide_in(&mut pieces);
        *text = pieces.concat();
        is_hidden
    }

    /// The same for a text in pieces, over which a secret may be split: [`HIDDEN`] stands in the
    /// piece in which it begins, and a piece of which nothing is left is no more.
    pub fn hide_in(&self, pieces: &mut Vec<String>) -> bool {
        let whole = pieces.concat();
        let found = self.find(&whole);
        if found.is_empty() {
            return false;
        }
        let mut begin = 0;
        for piece in pieces.iter_mut() {
            let end = begin + piece.len();
            let (mut shown, mut at) = (String::new(), begin);
            for secret in &found {
                let (from, to) = (secret.start.max(begin), secret.end.min(end));
                if from >= to {
                    continue;
                }
                shown.push_str(&whole[at..from]);
                if from == secret.start {
                    shown.push_str(HIDDEN);
                }
                at = to;
            }
            shown.push_str(&whole[at..end]);
            (*piece, begin) = (shown, end);
        }
        pieces.retain(|piece| !piece.is_empty());
        true
    }

    /// Where the text repeats something, in bytes; in order, and none touches another.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut all: Vec<Range<usize>> = Vec::new();
        for word in &self.0 {
            let whole = text.match_indices(word.as_str());
            all.extend(whole.map(|(at, _)| at..at + word.len()));
            let cuts = (PART_BYTES..word.len()).rev();
            let mut begins = cuts.clone().filter_map(|length| word.get(..length));
            let begun = begins.find(|part| text.ends_with(part));
            all.extend(begun.map(|part| text.len() - part.len()..text.len()));
            let mut ends = cuts.filter_map(|length| word.get(word.len() - length..));
            let ended = ends.find(|part| text.starts_with(part));
            all.extend(ended.map(|part| 0..part.len()));
        }
        all.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in all {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-planted/0815\"";

    fn secrets() -> Secrets {
        let field = |name: &str, value: &str| (name.parse().unwrap(), value.parse().unwrap());
        Secrets::of(&ExtraHeaders {
            fields: vec![
                field("x-user", "u-4711 abc"),
                field("x-long", "u-4711-and-more"),
                field("proxy-authorization", "Basic dXNlcjp3b3Jk"),
            ],
            authorization: Some(format!("Bearer {KEY}").parse().unwrap()),
        })
    }

    #[track_caller]
    fn becomes(pieces: &[&str], expected: &[&str]) {
        let mut shown: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        assert_eq!(secrets().hide_in(&mut shown), pieces != expected);
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_was_sent_is_hidden_and_all_else_is_kept() {
        becomes(
            &["wrong key: Bearer sk-planted/0815\"!"],
            &["wrong key: Bearer …!"],
        );
        becomes(
            &[r#"{"error":"sk-planted\/0815\" is wrong"}"#],
            &[r#"{"error":"… is wrong"}"#],
        );
        becomes(
            &[r#"{"error":"sk-planted/0815\" is wrong"}"#],
            &[r#"{"error":"… is wrong"}"#],
        );
        becomes(&["Basic dXNlcjp3b3Jk, u-4711"], &["Basic …, …"]);
        // The shorter of two that begin alike leaves nothing of the longer.
        becomes(&["u-4711-and-more"], &["…"]);
        becomes(
            &["Bearer abc", "Basic sk-plante d"],
            &["Bearer abc", "Basic sk-plante d"],
        );
        becomes(&[], &[]);
    }

    #[test]
    fn a_secret_over_several_pieces_is_hidden_where_it_begins() {
        becomes(&["key sk-pl", "anted", "/0815\" no"], &["key …", " no"]);
        becomes(&["ü", "sk-planted/0815\"", "ü"], &["ü", "…", "ü"]);
        becomes(&["u-4711", "u-47", "11."], &["…", "."]);
    }

    #[test]
    fn a_secret_that_was_cut_at_an_end_of_the_text_is_hidden() {
        becomes(&["key sk-plant"], &["key …"]);
        becomes(&["ed/0815\" no"], &["… no"]);
        becomes(&["key sk-plan"], &["key sk-plan"]);
        becomes(&["key sk-plante, no"], &["key sk-plante, no"]);
    }
}
