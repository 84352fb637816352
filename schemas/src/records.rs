//! The bytes of a records file, `records.wlr`: what was scheduled, what was sent and what came
//! back. Specified in `RESULTS.md`; reading and writing are in [`crate::frames`].

use crate::kinds::numbered;
use crate::layout::record;
use zerocopy::byteorder::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// First eight bytes of a records file.
pub const RECORDS_MAGIC: [u8; 8] = *b"\x89WLR\r\n\x1a\n";
/// A reader refuses any other major version and any later minor version.
pub const RECORDS_VERSION: (u16, u16) = (1, 1);
/// Longest payload of one frame, in bytes.
pub const MAX_FRAME_BYTES: u32 = 1 << 30;
/// "Absent" in the 16-bit fields.
pub const NONE_U16: u16 = u16::MAX;

record! {
    /// The first 64 bytes.
    RecordsHeader (64) {
        /// [`RECORDS_MAGIC`].
        magic: [u8; 8],
        /// Major version.
        major: U16,
        /// Minor version.
        minor: U16,
        /// Zero.
        zero: U32,
        /// Content hash of the workload that was fired.
        content_hash: [u8; 32],
        /// Requests that were to be fired, the workload's or its first: the number of records of a
        /// complete file.
        request_count: U64,
        /// CRC-32C of the 56 bytes before.
        crc32c: U32,
        /// Zero.
        zero2: U32,
    }
}

record! {
    /// In front of each frame's payload.
    FrameHeader (16) {
        /// [`FrameKind`] as a number.
        kind: U32,
        /// Payload length in bytes.
        length: U32,
        /// Strings or records in the payload.
        items: U32,
        /// CRC-32C of the twelve bytes before and the payload.
        crc32c: U32,
    }
}

record! {
    /// What is known of one request; the hash of its body, with [`RESULT_LIVE`], and its token
    /// times follow it. Times are ns from t0.
    ResultRecord (176) {
        /// Index of the request in the workload.
        index: U64,
        /// When it was to be sent, after `--speed`, or none if that was not known and it was not
        /// sent.
        scheduled_ns: U64,
        /// Just before the first write of this request, or none.
        sent_ns: U64,
        /// Just after the write that took the last body byte, or none.
        body_written_ns: U64,
        /// The read that brought the first response byte, or none.
        first_byte_ns: U64,
        /// The read that brought the first event with output, or none.
        first_token_ns: U64,
        /// The read that brought the last event with output, or none.
        last_token_ns: U64,
        /// When the response was complete or the request was given up, or none if not sent.
        end_ns: U64,
        /// When it was to be abandoned: `body_written_ns` and the workload's `cancel_after_ns`, or
        /// the event with output that was its last. None if it is not to be abandoned, or ended
        /// before.
        cancel_due_ns: U64,
        /// Bytes of the response body that arrived.
        response_bytes: U64,
        /// Leaf hash of the request in the workload.
        leaf: [u8; 32],
        /// Stage index.
        stage: U32,
        /// String id of the session, or none.
        session: U32,
        /// Turn, or none.
        turn: U32,
        /// String id of the model.
        model: U32,
        /// String id of the adapter, or none.
        adapter: U32,
        /// Events of the stream (SSE events with data, `[DONE]` left out).
        events: U32,
        /// Events with output; as many token times follow.
        token_count: U32,
        /// Prompt tokens according to the workload, or none.
        input_tokens: U32,
        /// Tokens asked for according to the workload, or none.
        output_tokens: U32,
        /// Prompt tokens according to the server's `usage`, or none.
        usage_input: U32,
        /// Generated tokens according to the server's `usage`, or none.
        usage_output: U32,
        /// Connection, numbered within its worker in order of opening; none if not sent.
        connection: U32,
        /// Worker that fired it.
        worker: U16,
        /// HTTP status, or none.
        http_status: U16,
        /// [`Outcome`] as a number.
        outcome: u8,
        /// [`ErrorClass`] as a number.
        error_class: u8,
        /// `RESULT_…` bits.
        flags: u8,
        /// Zero.
        zero: u8,
        /// Length in bytes of the token times that follow.
        token_time_bytes: U32,
        /// Index into the `targets` of `run.json`.
        target: U16,
        /// 1 + index into the `populations` of `run.json`; 0 for none, as in files of version 1.0.
        population: U16,
    }
}

/// `ResultRecord::flags`: this request waited for a connection that was opened for it.
pub const RESULT_NEW_CONNECTION: u8 = 1;
/// `ResultRecord::flags`: the response was asked for as a stream.
pub const RESULT_STREAM: u8 = 2;
/// `ResultRecord::flags`: answers were put into the body; 32 bytes between the record and its
/// token times are the SHA-256 of the body as it was sent.
pub const RESULT_LIVE: u8 = 4;
/// `ResultRecord::flags`: the workload asks that the request be abandoned, whether or not it was.
pub const RESULT_CANCEL: u8 = 8;
/// All flags that are defined.
pub const RESULT_FLAGS: u8 = RESULT_NEW_CONNECTION | RESULT_STREAM | RESULT_LIVE | RESULT_CANCEL;

numbered! {
    /// What a frame carries.
    FrameKind {
        /// The string table: for each string its length (4 bytes) and its UTF-8 bytes.
        Strings = 1 "strings",
        /// Result records, each followed by its token times.
        Records = 2 "records",
        /// No payload; `items` is zero. A file without it was cut off.
        End = 3 "end",
    }
}

numbered! {
    /// How a request ended.
    Outcome {
        /// Complete response with a 2xx status.
        Ok = 0 "ok",
        /// See the error class.
        Error = 1 "error",
        /// Not complete within `--timeout`.
        Timeout = 2 "timeout",
        /// Given up as the workload asks.
        Cancelled = 3 "cancelled",
        /// Never written to a socket; see the error class for the reason.
        NotSent = 4 "not_sent",
    }
}

numbered! {
    /// Why a request did not end well.
    ErrorClass {
        /// No error.
        None = 0 "none",
        /// No connection could be opened, TLS included.
        Connect = 1 "connect",
        /// The connection failed or was closed while the request was written.
        Write = 2 "write",
        /// The connection was closed before a byte of a response came.
        Closed = 3 "closed",
        /// The response was not HTTP, or bytes came behind it.
        Protocol = 4 "protocol",
        /// The status was not 2xx.
        Status = 5 "status",
        /// The response was larger than the limits allow.
        TooLarge = 6 "too_large",
        /// The stream ended properly but without saying that it is complete.
        Stream = 7 "stream",
        /// The run was interrupted before the request's time came or its answer was complete.
        Interrupted = 8 "interrupted",
        /// The request's record in the workload could not be read.
        Workload = 9 "workload",
        /// It was due while as many requests were in flight as may be, under `--overload drop`.
        Overload = 10 "overload",
        /// A turn before it in its session did not end well.
        SessionEnded = 11 "session_ended",
        /// The connection was reset before the response was complete.
        Reset = 12 "reset",
        /// The response, or an event of it, is not what its content type says.
        Malformed = 13 "malformed",
        /// The response reports an error in spite of its status.
        Reported = 14 "reported",
        /// The connection was closed within the response.
        CutShort = 15 "cut_short",
        /// The timeout came before the response's head was complete.
        NoResponse = 16 "no_response",
        /// The timeout came within the response's body.
        Stalled = 17 "stalled",
    }
}
