//! What happens to a request on the wire, told by a connection and read by a flight.

use schemas::records::ErrorClass;

/// How the body of a response is to be cut into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `text/event-stream`: server-sent events.
    EventStream,
    /// `application/x-ndjson` and its kin: one JSON value a line.
    JsonLines,
    /// One whole, JSON as a rule.
    Other,
}

impl Content {
    /// By the value of `content-type`; parameters and case do not matter.
    pub fn of(content_type: &[u8]) -> Self {
        let end = content_type.iter().position(|byte| *byte == b';');
        let kind = content_type[..end.unwrap_or(content_type.len())].trim_ascii();
        let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
        let lines = [
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/x-jsonlines",
            "application/jsonlines",
        ];
        match () {
            () if is("text/event-stream") => Content::EventStream,
            () if lines.into_iter().any(is) => Content::JsonLines,
            () => Content::Other,
        }
    }
}

/// One thing that happened to a request, in order. Times are CLOCK_MONOTONIC ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Its first bytes were taken by the socket; the time is from just before that write.
    Sent(u64),
    /// Its last body byte was taken by the socket; the time is from just after that write.
    BodyWritten(u64),
    /// The first byte of its response came with the read at this time. May be left out where the
    /// head says it.
    FirstByte(u64),
    /// The head of its response is complete.
    Head {
        /// HTTP status.
        status: u16,
        /// How to read what follows.
        content: Content,
        /// The read that brought the first byte of the response.
        read_ns: u64,
    },
    /// Bytes of the response's body.
    Data {
        /// These, never none.
        bytes: &'a [u8],
        /// The read that brought them.
        read_ns: u64,
    },
    /// The response is complete.
    End {
        /// The read that brought its last byte.
        read_ns: u64,
    },
    /// The request is over, and not well.
    Failed(ErrorClass),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_told_apart_whatever_their_case_and_parameters() {
        for (value, content) in [
            ("text/event-stream", Content::EventStream),
            ("Text/Event-Stream; charset=utf-8", Content::EventStream),
            ("text/event-streams", Content::Other),
            ("application/x-ndjson", Content::JsonLines),
            ("application/jsonl ; charset=utf-8", Content::JsonLines),
            ("application/json", Content::Other),
            ("", Content::Other),
        ] {
            assert_eq!(Content::of(value.as_bytes()), content, "{value}");
        }
    }
}
