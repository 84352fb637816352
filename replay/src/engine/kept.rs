//! Whole answers, for workloads that ask about them: the texts of an answer's events, the token ids
//! where the server gives them, the id that it gives the answer, and what it says instead of one.
//!
//! Only an audit keeps any of this; every other run does not allocate a byte for it. Refuses to
//! judge, and to look at a clock.

use super::wire::Event;
use super::wire::answer::{append_answer, append_id, append_token_ids};
use schemas::layout::ResponseFormat;

/// Most characters of an error that are kept.
const ERROR_CHARACTERS: usize = 1_000;

/// Most characters of an id that are kept.
const ID_CHARACTERS: usize = 200;

/// An answer that is whole, or as whole as it was going to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The request's place in the workload.
    pub index: u64,
    /// The text of each event that has some, in order.
    pub pieces: Vec<String>,
    /// The tokens by their ids; `None` unless every event with text has some.
    pub token_ids: Option<Vec<u32>>,
    /// What the server calls the answer: the `id` of the first event that has one. Its first 200
    /// characters.
    pub id: Option<String>,
    /// What the server says is wrong: the body of an answer whose status is an error, or the first
    /// event that reports one. Its first thousand characters.
    pub error: Option<String>,
}

/// An answer that is coming in.
#[derive(Debug, Default)]
pub struct Keeping {
    /// The texts, one behind the other, as they stand in a JSON string.
    escaped: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    token_ids: Vec<u32>,
    /// A text came without an id.
    has_gap: bool,
    id: Option<String>,
    error: Option<String>,
}

impl Keeping {
    /// Takes an event of a stream, or a whole response if it `is_whole`.
    pub fn take(&mut self, format: ResponseFormat, kind: Event, data: &[u8], is_whole: bool) {
        if kind == Event::Error {
            return self.fail(data);
        }
        let (texts, ids) = (self.escaped.len(), self.token_ids.len());
        append_answer(format, data, is_whole, &mut self.escaped);
        append_token_ids(format, data, &mut self.token_ids);
        if self.escaped.len() > texts {
            self.ends.push(self.escaped.len());
            self.has_gap |= self.token_ids.len() == ids;
        }
        if self.id.is_none() {
            let mut id = Vec::new();
            append_id(data, &mut id);
            self.id =
                (!id.is_empty()).then(|| unescaped(&id).chars().take(ID_CHARACTERS).collect());
        }
    }

    /// Takes what stands in place of an answer; the first such counts.
    pub fn fail(&mut self, body: &[u8]) {
        let text = || {
            String::from_utf8_lossy(body)
                .chars()
                .take(ERROR_CHARACTERS)
                .collect()
        };
        self.error.get_or_insert_with(text);
    }

    /// The answer to the request with this index; what is kept next is another's.
    pub fn end(&mut self, index: u64) -> Kept {
        let keeping = std::mem::take(self);
        let starts = [0].into_iter().chain(keeping.ends.iter().copied());
        let pieces = starts
            .zip(&keeping.ends)
            .map(|(start, end)| unescaped(&keeping.escaped[start..*end]));
        let has_ids = !keeping.token_ids.is_empty() && !keeping.has_gap;
        Kept {
            index,
            pieces: pieces.collect(),
            token_ids: has_ids.then_some(keeping.token_ids),
            id: keeping.id,
            error: keeping.error,
        }
    }
}

/// The text that stands between the quotes of a JSON string.
fn unescaped(escaped: &[u8]) -> String {
    let quoted = [b"\"", escaped, b"\""].concat();
    serde_json::from_slice(&quoted).expect("append_escaped writes what a JSON string may hold")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(format: ResponseFormat, events: &[(Event, &str)]) -> Kept {
        let mut keeping = Keeping::default();
        for (kind, data) in events {
            keeping.take(format, *kind, data.as_bytes(), false);
        }
        let kept = keeping.end(7);
        assert_eq!(
            keeping.end(8),
            Kept {
                index: 8,
                ..Kept::default()
            }
        );
        kept
    }

    fn chunk(text: &str, ids: &str) -> String {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}{ids}}}]}}"#)
    }

    #[test]
    fn texts_stay_apart_and_are_unescaped() {
        let chunks = [chunk("a\\n", ""), chunk("", ""), chunk("\\u00e4\\\"", "")];
        let events = chunks
            .each_ref()
            .map(|chunk| (Event::Output, chunk.as_str()));
        let kept = kept(ResponseFormat::OpenAiChat, &events);
        assert_eq!(
            (kept.index, kept.pieces),
            (7, vec!["a\n".to_owned(), "ä\"".to_owned()])
        );
        assert_eq!((kept.token_ids, kept.error), (None, None));
    }

    #[test]
    fn token_ids_are_kept_where_every_text_has_some() {
        let role = r#"{"choices":[{"index":0,"delta":{"role":"assistant"},"token_ids":null}],"prompt_token_ids":[1,2]}"#;
        // Half of a character has an id and no text.
        let (half, text) = (
            chunk("", r#","token_ids":[5]"#),
            chunk("ä", r#","token_ids":[6,7]"#),
        );
        let whole = [
            (Event::Other, role),
            (Event::Output, &half),
            (Event::Output, &text),
        ];
        assert_eq!(
            kept(ResponseFormat::OpenAiChat, &whole).token_ids,
            Some(vec![5, 6, 7])
        );
        let without = chunk("b", "");
        let gap = [whole[1], (Event::Output, without.as_str()), whole[2]];
        assert_eq!(kept(ResponseFormat::OpenAiChat, &gap).token_ids, None);
    }

    #[test]
    fn tgi_names_a_token_in_each_event() {
        let events = [
            (
                Event::Output,
                r#"{"token":{"id":3,"text":"a","special":false}}"#,
            ),
            (
                Event::Other,
                r#"{"token":{"id":2,"text":"</s>","special":true},"generated_text":"a"}"#,
            ),
        ];
        let kept = kept(ResponseFormat::TgiGenerate, &events);
        assert_eq!(
            (kept.pieces, kept.token_ids),
            (vec!["a".to_owned()], Some(vec![3]))
        );
    }

    #[test]
    fn the_first_id_is_kept_and_cut() {
        let id = |events: &[(Event, &str)]| kept(ResponseFormat::OpenAiChat, events).id;
        let events = [
            (Event::Output, r#"{"choices":[{"id":"inner"}]}"#),
            (Event::Other, r#"{"id":7}"#),
            (Event::Other, r#"{"id":""}"#),
            (Event::Other, r#"{"id":"\u0062roken","choices":["#),
            (Event::Other, r#"{"choices":[],"id":"a\u00e4\"\/"}"#),
            (Event::Output, r#"{"id":"later"}"#),
        ];
        assert_eq!(id(&events).as_deref(), Some("aä\"/"));
        assert_eq!(id(&events[..4]), None);
        assert_eq!(id(&[(Event::Error, r#"{"id":"no answer"}"#)]), None);
        let long = format!(r#"{{"id":"{}"}}"#, "é".repeat(2_000));
        let cut = id(&[(Event::Other, &long)]);
        assert_eq!(cut, Some("é".repeat(ID_CHARACTERS)));
        let mut whole = Keeping::default();
        let response = br#"{"id":"x","choices":[{"message":{"content":"a"}}]}"#;
        whole.take(ResponseFormat::OpenAiChat, Event::Output, response, true);
        assert_eq!(whole.end(0).id.as_deref(), Some("x"));
    }

    #[test]
    fn the_first_error_is_kept_and_cut() {
        let long = format!("{{\"error\":\"{}\"}}", "é".repeat(2_000));
        let events = [
            (Event::Error, long.as_str()),
            (Event::Error, "{\"error\":\"later\"}"),
        ];
        let error = kept(ResponseFormat::OpenAiChat, &events).error.unwrap();
        assert_eq!(error.chars().count(), ERROR_CHARACTERS);
        assert!(error.starts_with("{\"error\":\"éé"));
    }
}
