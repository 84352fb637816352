//! The published traces, whole. They are not in the repository: these tests run with `--ignored`
//! and fail where a file is missing. It is looked up in the directory that WLC_TRACES names, or
//! in ../shared/traces beside the clone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use traces::{azure, mooncake};

use crate::{event, hex};

fn real(file: &str) -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/traces");
    let path = std::env::var_os("WLC_TRACES")
        .map_or_else(beside, PathBuf::from)
        .join(file);
    assert!(
        path.exists(),
        "{} is missing: traces/data/README.md says where to get it",
        path.display()
    );
    path
}

#[test]
#[ignore = "needs the real trace: see traces/data/README.md"]
fn the_azure_code_trace_of_2023_reads_exactly() {
    let trace = azure::read_file(&real("AzureLLMInferenceTrace_code.csv")).unwrap();
    let account = &trace.accounting;
    assert_eq!(
        (account.rows_read, account.emitted, account.dropped()),
        (8_819, 8_819, 0)
    );
    assert_eq!(account.inversions, 0);
    assert_eq!(trace.events.len(), 8_819);
    assert_eq!(
        hex(&trace.sha256),
        "54e9a6d2a4bd06ba1e060304b900abbc74cbea53de96506e60fe5bb4f2277fb6"
    );
    assert_eq!(trace.bytes, 320_117);
    assert_eq!(trace.events[0], event(0, 0, 4808, 10));
    assert_eq!({ trace.events[1].at_ns }, 52_000_000);
    let inputs = trace.events.iter().map(|event| event.input_tokens);
    let outputs = trace.events.iter().map(|event| event.output_tokens);
    assert_eq!((inputs.max(), outputs.max()), (Some(7437), Some(1899)));
    let minutes = trace.events[8_818].at_ns / 60_000_000_000;
    assert_eq!(minutes, 57);
}

#[test]
#[ignore = "needs the real trace: see traces/data/README.md"]
fn the_mooncake_conversation_trace_reads_exactly() {
    let path = real("mooncake_conversation_trace.jsonl");
    let trace = mooncake::read_file(&path, mooncake::MOONCAKE_BLOCK_TOKENS).unwrap();
    let account = &trace.accounting;
    assert_eq!(
        (account.rows_read, account.emitted, account.dropped()),
        (12_031, 12_031, 0)
    );
    assert_eq!(account.inversions, 0);
    assert!(account.ignored_columns.is_empty());
    assert_eq!(
        hex(&trace.sha256),
        "b8cbb061a85206d729d91cdc2981f43c9e0d99209dce588d3af5f7934408b9df"
    );
    assert_eq!(trace.events[0], event(0, 0, 6758, 500));
    let times: BTreeSet<u64> = trace.events.iter().map(|event| event.at_ns).collect();
    assert_eq!(times.len(), 1_180);
    let blocks = trace.columns.blocks.as_ref().unwrap();
    assert_eq!(blocks.of_row(3), [0, 42, 43, 44, 45]);
    // Another block size is refused at the first row that it does not fit.
    let error = mooncake::read_file(&path, 256).unwrap_err().to_string();
    assert!(
        error.contains(":1: row 0, field hash_ids: 14 blocks of 256 tokens"),
        "{error}"
    );
    assert!(error.contains("a block size of 512 tokens"), "{error}");
}
