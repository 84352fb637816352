//! A small file whose bodies are long, as they share their bytes: damage is named closely only where
//! that takes little hashing.

use schemas::error::FormatError;
use schemas::layout::{NONE_U32, NONE_U64, RequestRecord, Section, StageRecord};
use schemas::leaf::{BodyHasher, request_leaf};
use schemas::reader::Workload;
use schemas::tables::TablesBuilder;
use schemas::verify::verify;
use schemas::writer::WorkloadWriter;

#[allow(dead_code)]
#[path = "../examples/conversation.rs"]
mod conversation;

const BODY_BYTES: usize = 1 << 20;

/// So many requests with one and the same body, in front of which BLOB has a slot that none has.
fn made(requests: u64) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    let mut writer = WorkloadWriter::create(&path).unwrap();
    writer.salt_slot(&conversation::salt()).unwrap();
    let text = vec![b'x'; BODY_BYTES];
    let shared = writer.blob(&text).unwrap();
    let mut tables = TablesBuilder::default();
    let mut hasher = BodyHasher::default();
    hasher.segment(&text);
    let body = hasher.finish();
    for index in 0..requests {
        let mut record = RequestRecord::at(index);
        record.model = tables.string("m").unwrap().into();
        record.method = tables.string("POST").unwrap().into();
        record.path = tables.string("/v1/completions").unwrap().into();
        record.body_bytes = body.bytes.into();
        let leaf = request_leaf(index, &record, &body, &tables.view(), &mut Vec::new()).unwrap();
        writer.request(record, &[shared], leaf).unwrap();
    }
    let stage = StageRecord {
        name: NONE_U32.into(),
        kind: 0,
        flags: 0,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: NONE_U64.into(),
        rate_microhertz: NONE_U64.into(),
        request_count: requests.into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    };
    let manifest = conversation::manifest();
    writer.finish(&tables, &[stage], &manifest).unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn a_small_file_with_long_bodies_does_not_make_narrowing_hash_them_all() {
    for (requests, is_narrowed) in [(3, true), (65, false)] {
        let mut bytes = made(requests);
        let good = Workload::from_bytes(&bytes).unwrap();
        let verified = verify(&good, 2, &|_| ()).unwrap();
        assert_eq!(verified.body_bytes, requests * BODY_BYTES as u64);
        let blob = good.place(Section::Blob);
        bytes[blob.end() - 1] ^= 1;
        let error = verify(&Workload::from_bytes(&bytes).unwrap(), 2, &|_| ()).unwrap_err();
        let FormatError::SectionHash {
            offset, end, found, ..
        } = error
        else {
            panic!("{error}");
        };
        let slot = conversation::salt().unsalted().len();
        let begin = if is_narrowed {
            blob.offset + slot
        } else {
            blob.offset
        };
        assert_eq!(offset..end, begin as u64..blob.end() as u64, "{requests}");
        assert_eq!(!found.is_empty(), is_narrowed, "{found}");
    }
}
