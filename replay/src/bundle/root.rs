//! The root over a run's records: one number that stands for all of them, in whatever order and frames
//! the file has them.

use schemas::Digest;
use schemas::frames::RecordsError;
use schemas::merkle::{LEAF_PREFIX, RootBuilder};
use schemas::record_file::{RecordFile, RecordView};
use sha2::{Digest as _, Sha256};

/// What the data of a record's leaf begins with.
const RECORD_TAG: &[u8; 8] = b"wlc1rec\0";

/// What a statement says of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordsFacts {
    /// Root of the tree of RFC 9162 over them, ordered by request and then as in the file.
    pub root: Digest,
    /// Records in the file.
    pub count: u64,
    /// Requests that were to be fired, as the file's header has it.
    pub requests: u64,
}

/// Reads a file of records once; keeps 48 bytes of each. Fails where a frame is damaged; of a file that
/// was cut off the whole frames count.
pub fn records_root(file: &RecordFile) -> Result<RecordsFacts, RecordsError> {
    let mut leaves: Vec<(u64, u64, Digest)> = Vec::new();
    file.scan(&mut |view| {
        let index = view.record.index.get();
        leaves.push((index, view.place.offset, record_leaf(view)));
    })?;
    leaves.sort_unstable();
    let mut root = RootBuilder::default();
    leaves.iter().for_each(|(_, _, leaf)| root.push(*leaf));
    Ok(RecordsFacts {
        root: root.root(),
        count: leaves.len() as u64,
        requests: file.header().request_count.get(),
    })
}

fn record_leaf(view: &RecordView<'_>) -> Digest {
    Sha256::new()
        .chain_update([LEAF_PREFIX])
        .chain_update(RECORD_TAG)
        .chain_update(view.bytes)
        .finalize()
        .into()
}
