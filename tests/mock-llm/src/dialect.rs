//! How servers differ in what they stream: none of it may matter to a client.

use std::num::NonZeroU32;
use std::str::FromStr;

const NAMES: &str = "role-first, empty-tokens[=N], multi-token=N, usage-each, crlf, no-space, \
     comments, no-done, multi-line, ndjson, split";
/// Of so many tokens one is empty, unless another number is said.
const EMPTY_EVERY: NonZeroU32 = NonZeroU32::new(3).expect("not 0");

/// What is other than usual in a streamed answer; the default is nothing. Written as a list of
/// names between commas, like `crlf,multi-token=4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// The first event of a chat has a role and no content, not even an empty one.
    pub role_first: bool,
    /// Every so-manieth token has no text; it is a token nevertheless.
    pub empty_tokens: Option<NonZeroU32>,
    /// Tokens in an event, sent when the first is due, each event this many inter-token
    /// latencies after the one before.
    pub multi_token: Option<NonZeroU32>,
    /// Usage so far in every event of chat and completions, asked for or not.
    pub usage_each: bool,
    /// Lines end in CR LF.
    pub crlf: bool,
    /// No space after `data:` and `event:`.
    pub no_space: bool,
    /// A comment before every event.
    pub comments: bool,
    /// No `[DONE]` after the last event.
    pub no_done: bool,
    /// An event's data stands on several `data` lines.
    pub multi_line: bool,
    /// A JSON a line (`application/x-ndjson`) instead of server-sent events.
    pub ndjson: bool,
    /// Events are cut into several writes of 1 to 40 bytes, anywhere.
    pub split: bool,
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut dialect = Dialect::default();
        for part in text.split(',') {
            let (name, number) = match part.split_once('=') {
                Some((name, number)) => (name, Some(parse_number(number)?)),
                None => (part, None),
            };
            match (name, number) {
                ("role-first", None) => dialect.role_first = true,
                ("empty-tokens", every) => dialect.empty_tokens = every.or(Some(EMPTY_EVERY)),
                ("multi-token", Some(tokens)) => dialect.multi_token = Some(tokens),
                ("usage-each", None) => dialect.usage_each = true,
                ("crlf", None) => dialect.crlf = true,
                ("no-space", None) => dialect.no_space = true,
                ("comments", None) => dialect.comments = true,
                ("no-done", None) => dialect.no_done = true,
                ("multi-line", None) => dialect.multi_line = true,
                ("ndjson", None) => dialect.ndjson = true,
                ("split", None) => dialect.split = true,
                _ => return Err(format!("{part:?} is no dialect; there are {NAMES}")),
            }
        }
        Ok(dialect)
    }
}

fn parse_number(number: &str) -> Result<NonZeroU32, String> {
    number
        .parse()
        .map_err(|_| format!("{number:?} is not a whole number from 1"))
}

impl Dialect {
    /// Tokens in an event.
    pub fn tokens_per_event(&self) -> u32 {
        self.multi_token.map_or(1, NonZeroU32::get)
    }

    /// Whether events are written otherwise than they are rendered.
    pub fn rewrites(&self) -> bool {
        self.crlf
            || self.no_space
            || self.comments
            || self.no_done
            || self.multi_line
            || self.ndjson
    }

    /// Rewrites whole events, rendered as `event: NAME`, `data: DATA` and an empty line.
    pub fn rewrite(&self, events: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 * events.len());
        let events = std::str::from_utf8(events).expect("events are rendered as text");
        for event in events.split("\n\n").filter(|event| !event.is_empty()) {
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
            let data = field("data:").expect("an event has data").trim_start();
            if data == "[DONE]" && (self.no_done || self.ndjson) {
                continue;
            }
            self.write(&mut out, field("event: "), data);
        }
        out
    }

    fn write(&self, out: &mut Vec<u8>, name: Option<&str>, data: &str) {
        let end = if self.crlf { "\r\n" } else { "\n" };
        let space = if self.no_space { "" } else { " " };
        let mut line = |parts: &[&str]| {
            for part in parts {
                out.extend_from_slice(part.as_bytes());
            }
            out.extend_from_slice(end.as_bytes());
        };
        if self.ndjson {
            return line(&[data]);
        }
        if self.comments {
            line(&[": keep-alive"]);
            line(&[]);
        }
        if let Some(name) = name {
            line(&["event:", space, name]);
        }
        match data
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some(inner) if self.multi_line => {
                for part in ["{", inner, "}"] {
                    line(&["data:", space, part]);
                }
            }
            _ => line(&["data:", space, data]),
        }
        line(&[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = "event: e\ndata: {\"a\":1}\n\ndata: [DONE]\n\n";

    #[test]
    fn events_are_rewritten() {
        for (dialect, expected) in [
            ("no-done", "event: e\ndata: {\"a\":1}\n\n"),
            (
                "crlf,no-space",
                "event:e\r\ndata:{\"a\":1}\r\n\r\ndata:[DONE]\r\n\r\n",
            ),
            (
                "comments",
                ": keep-alive\n\nevent: e\ndata: {\"a\":1}\n\n: keep-alive\n\ndata: [DONE]\n\n",
            ),
            (
                "multi-line",
                "event: e\ndata: {\ndata: \"a\":1\ndata: }\n\ndata: [DONE]\n\n",
            ),
            ("ndjson", "{\"a\":1}\n"),
        ] {
            let dialect: Dialect = dialect.parse().expect("a dialect");
            assert!(dialect.rewrites());
            let found = dialect.rewrite(EVENTS.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), expected);
        }
    }

    #[test]
    fn lists_are_read() {
        let dialect: Dialect = "multi-token=4,empty-tokens,split".parse().expect("a list");
        assert_eq!(dialect.tokens_per_event(), 4);
        assert_eq!(dialect.empty_tokens, Some(EMPTY_EVERY));
        assert!(dialect.split && !dialect.rewrites());
        for text in ["", "crlf,", "crlf=1", "multi-token", "multi-token=0", "lf"] {
            assert!(text.parse::<Dialect>().is_err(), "{text:?}");
        }
    }
}
