//! The Mooncake reader.

use traces::DropReason;
use traces::mooncake::{MOONCAKE_BLOCK_TOKENS, read, read_file};

use crate::{event, sample};

#[test]
fn milliseconds_lengths_and_blocks_read_row_by_row() {
    let trace = read_file(&sample("mooncake_sample.jsonl"), MOONCAKE_BLOCK_TOKENS).unwrap();
    assert_eq!(
        trace.events,
        [
            event(0, 0, 513, 2),
            event(1, 0, 512, 500),
            event(3, 24_482_000_000, 1537, 9),
        ]
    );
    let account = &trace.accounting;
    assert_eq!(
        (account.rows_read, account.emitted, account.inversions),
        (4, 3, 0)
    );
    let drops = account
        .drops
        .iter()
        .find(|d| d.reason == DropReason::ZeroOutputTokens);
    assert_eq!(drops.unwrap().first_rows, [2]);
    let blocks = trace.columns.blocks.unwrap();
    assert_eq!(blocks.block_tokens, 512);
    assert_eq!(blocks.of_row(0), [0, u64::MAX]);
    assert_eq!(blocks.of_row(1), [0]);
    // A dropped row keeps its blocks: rows are identities.
    assert_eq!(blocks.of_row(2), [7]);
    assert_eq!(blocks.of_row(3), [0, 1, 2, 3]);
    assert!(blocks.of_row(4).is_empty());
}

#[test]
fn the_block_size_is_the_callers_and_the_remedy_names_the_one_that_fits() {
    let row = r#"{"timestamp": 0, "input_length": 33, "output_length": 1, "hash_ids": [1, 2, 3]}"#;
    assert!(read(row.as_bytes(), "t", 16).is_ok());
    let error = read(row.as_bytes(), "t", 512).unwrap_err().to_string();
    assert_eq!(
        error,
        "t:1: row 0, field hash_ids: 3 blocks of 512 tokens cannot hold 33 input tokens, which are 1 such blocks\n  help: this row fits a block size of 16 tokens; give the one that the trace was made with"
    );
    let error = read(row.as_bytes(), "t", 0).unwrap_err().to_string();
    assert!(
        error.starts_with("t: a block of 0 tokens\n  help: "),
        "{error}"
    );
}
