//! The record of a request that has just become due.

use schemas::Digest;
use schemas::layout::{NONE_U32, NONE_U64, REQUEST_STREAM, RequestRecord};
use schemas::records::{ErrorClass, NONE_U16, Outcome, RESULT_CANCEL, RESULT_STREAM, ResultRecord};

/// What is known of a request when it is due, at `due_ns` from t0.
pub fn begun(index: u64, request: &RequestRecord, leaf: Digest, due_ns: u64) -> ResultRecord {
    ResultRecord {
        index: index.into(),
        scheduled_ns: due_ns.into(),
        leaf,
        stage: request.stage,
        session: request.session,
        turn: request.turn,
        model: request.model,
        adapter: request.adapter,
        input_tokens: request.input_tokens,
        output_tokens: request.output_tokens,
        flags: flags_of(request),
        ..blank()
    }
}

/// What a record says of what was asked for.
fn flags_of(request: &RequestRecord) -> u8 {
    let is_stream = request.flags & REQUEST_STREAM != 0;
    let by_time = request.cancel_after_ns.get() != NONE_U64;
    let is_cancelled = by_time || request.cancel_after_tokens.get() != NONE_U32;
    u8::from(is_stream) * RESULT_STREAM + u8::from(is_cancelled) * RESULT_CANCEL
}

/// A record of which nothing is known yet.
pub fn blank() -> ResultRecord {
    let none = NONE_U64.into();
    let unknown = NONE_U32.into();
    ResultRecord {
        index: 0.into(),
        scheduled_ns: none,
        sent_ns: none,
        body_written_ns: none,
        first_byte_ns: none,
        first_token_ns: none,
        last_token_ns: none,
        end_ns: none,
        cancel_due_ns: none,
        response_bytes: 0.into(),
        leaf: [0; 32],
        stage: 0.into(),
        session: unknown,
        turn: unknown,
        model: unknown,
        adapter: unknown,
        events: 0.into(),
        token_count: 0.into(),
        input_tokens: unknown,
        output_tokens: unknown,
        usage_input: unknown,
        usage_output: unknown,
        connection: unknown,
        worker: 0.into(),
        http_status: NONE_U16.into(),
        outcome: Outcome::NotSent as u8,
        error_class: ErrorClass::None as u8,
        flags: 0,
        zero: 0,
        target: 0.into(),
        token_time_bytes: 0.into(),
        population: 0.into(),
    }
}
