//! The Bailian reader.

use traces::NONE;
use traces::bailian::{BAILIAN_BLOCK_TOKENS, read, read_file};

use crate::{event, sample};

#[test]
fn the_sample_reads_row_by_row() {
    let trace = read_file(&sample("bailian_sample.jsonl"), BAILIAN_BLOCK_TOKENS).unwrap();
    assert_eq!(trace.events.len(), 9);
    assert_eq!(trace.events[0], event(10, 0, 16, 3));
    assert_eq!(trace.events[1], event(0, 1_114_000_000, 20, 5));
    // 65.0 s and 65.0000000004 s are one nanosecond: the row decides.
    assert_eq!(trace.events[6], event(6, 5_000_000_000, 17, 1));
    assert_eq!(trace.events[7], event(7, 5_000_000_000, 1, 1));
    assert_eq!(trace.accounting.ignored_columns, ["turn"]);
    assert_eq!(
        trace.columns.kinds.names,
        ["text", "search", "file", "image"]
    );
    assert_eq!(trace.columns.blocks.unwrap().of_row(1), [1100, 1101, 1102]);
}

#[test]
fn turns_follow_the_nearest_ancestor_that_was_not_dropped() {
    let trace = read_file(&sample("bailian_sample.jsonl"), BAILIAN_BLOCK_TOKENS).unwrap();
    let (n, columns) = (NONE, &trace.columns);
    assert_eq!(columns.previous, [n, 0, 0, n, 1, n, n, n, n, n, n]);
    assert_eq!(columns.turns, [0, 1, 1, n, 2, 0, 0, 0, n, 0, 0]);
    assert_eq!(columns.sessions, [0, 0, 0, n, 0, 1, 2, 3, n, 4, 5]);
    // Not in the file (5), later (6 by its row only, 10), dropped with nothing above it (9).
    assert_eq!(trace.accounting.unlinked.count, 4);
    assert_eq!(trace.accounting.unlinked.first_rows, [5, 6, 9, 10]);
}

#[test]
fn a_chat_that_is_its_own_ancestor_is_unlinked_and_no_circle() {
    let row = |chat: u32, parent: u32| {
        format!(
            "{{\"chat_id\":{chat},\"parent_chat_id\":{parent},\"timestamp\":1,\"input_length\":1,\"output_length\":1,\"type\":\"t\",\"hash_ids\":[0]}}\n"
        )
    };
    let text = [row(1, 1), row(2, 3), row(3, 2)].concat();
    let trace = read(text.as_bytes(), "t", 16).unwrap();
    assert_eq!(trace.columns.previous, [NONE, NONE, 1]);
    assert_eq!(trace.accounting.unlinked.first_rows, [0, 1]);
}
