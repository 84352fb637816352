//! A workload file as its users meet it: written, read back, verified, damaged.

use proptest::prelude::*;
use schemas::body::Piece;
use schemas::error::FormatError;
use schemas::layout::{
    MAX_SPLICES, NONE_U32, NONE_U64, REQUEST_LIVE, REQUEST_SALTED, RequestRecord, Section,
    StageRecord,
};
use schemas::leaf::{BodyHasher, request_leaf};
use schemas::manifest::{
    Compiler, Corpus, Hints, Manifest, Rng, Salt, SpecSource, TemplateOverhead, Tokenizer,
};
use schemas::reader::Workload;
use schemas::tables::TablesBuilder;
use schemas::verify::verify;
use schemas::writer::{Finished, Segment, WorkloadWriter};
use std::path::Path;
use zerocopy::IntoBytes;

#[allow(dead_code)]
#[path = "../examples/conversation.rs"]
mod conversation;

fn manifest() -> Manifest {
    Manifest {
        compiler: Compiler {
            name: "wlc".into(),
            version: "0.1.0".into(),
            algorithm: 1,
        },
        seed: 7,
        spec: SpecSource {
            text: "seed: 7\n".into(),
            sha256: "00".into(),
            sets: vec![],
        },
        server: None,
        populations: vec![],
        hints: Hints::default(),
        inputs: vec![],
        traces: vec![],
        data_sets: vec![],
        tokenizer: Tokenizer {
            name: "o200k_base".into(),
            library: "none".into(),
            sha256: None,
            template_overhead: TemplateOverhead::default(),
        },
        corpora: vec![Corpus {
            name: "none".into(),
            parts: 0,
            vocabulary_words: 0,
            sha256: "00".into(),
        }],
        media: None,
        rng: Rng {
            algorithm: "chacha12".into(),
            identifiers: vec![],
        },
        salt: None,
    }
}

/// Writes three requests whose bodies share text; `split` lays the same bodies out otherwise.
fn write(path: &Path, split: bool) -> Finished {
    let mut writer = WorkloadWriter::create(path).unwrap();
    let shared = writer.blob(b"a shared system prompt").unwrap();
    let mut tables = TablesBuilder::default();
    let model = tables.string("llama").unwrap();
    let method = tables.string("POST").unwrap();
    let path_id = tables.string("/v1/completions").unwrap();
    let headers = tables
        .pair_list(&[("content-type", "application/json")])
        .unwrap();
    for index in 0..3u64 {
        let own = writer
            .blob(format!(" and question {index}").as_bytes())
            .unwrap();
        let rope = if split {
            let half = shared.length / 2;
            vec![
                Segment {
                    offset: shared.offset,
                    length: half,
                },
                Segment {
                    offset: shared.offset + half,
                    length: shared.length - half,
                },
                own,
            ]
        } else {
            vec![shared, own]
        };
        let mut hasher = BodyHasher::default();
        hasher.segment(b"a shared system prompt");
        hasher.segment(format!(" and question {index}").as_bytes());
        let body = hasher.finish();
        let mut record = RequestRecord::at(index * 1_000);
        record.model = model.into();
        record.method = method.into();
        record.path = path_id.into();
        record.headers = headers.into();
        record.body_bytes = body.bytes.into();
        record.output_tokens = (index as u32 + 1).into();
        let leaf = request_leaf(index, &record, &body, &tables.view(), &mut Vec::new()).unwrap();
        writer.request(record, &rope, leaf).unwrap();
    }
    let stage = StageRecord {
        name: NONE_U32.into(),
        kind: 0,
        flags: 0,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: 3_000.into(),
        rate_microhertz: NONE_U64.into(),
        request_count: 3.into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    };
    writer.finish(&tables, &[stage], &manifest()).unwrap()
}

fn check(path: &Path) -> Result<(), FormatError> {
    let workload = Workload::open(path)?;
    verify(&workload, 2, &|_| ()).map(|_| ())
}

#[test]
fn what_is_written_is_read_back_and_verifies() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    let finished = write(&path, false);
    let workload = Workload::open(&path).unwrap();
    assert_eq!(workload.content_hash(), finished.content_hash);
    assert_eq!(
        workload.body_bytes(2).unwrap().unwrap(),
        b"a shared system prompt and question 2"
    );
    assert_eq!(schemas::verify::file_hash(&workload), finished.file_hash);
    for threads in [1, 2, 5] {
        let verified = verify(&workload, threads, &|_| ()).unwrap();
        assert_eq!(verified.content_hash, finished.content_hash);
        assert_eq!(verified.body_bytes, 3 * 37);
    }
}

#[test]
fn the_first_requests_of_a_file_are_those_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    conversation::write(&path);
    let whole = Workload::open(&path).unwrap();
    let all = whole.requests().len();
    assert_eq!(all, 4);
    for requests in 0..=all {
        let first = whole.prefix(requests as u64);
        assert_eq!(
            first.requests().as_bytes(),
            whole.requests()[..requests].as_bytes()
        );
        assert_eq!(first.content_hash(), whole.content_hash());
        assert_eq!(first.leaves(), whole.leaves());
        assert_eq!(first.stages().as_bytes(), whole.stages().as_bytes());
        assert!(first.body(requests as u64).is_err(), "it is not there");
        for index in 0..requests as u64 {
            let pieces = |of: &Workload| {
                of.body(index)
                    .unwrap()
                    .map(|piece| format!("{piece:?}"))
                    .collect::<Vec<_>>()
            };
            assert_eq!(pieces(&first), pieces(&whole));
        }
        assert_eq!(
            first.prefix(u64::MAX).requests().len(),
            requests,
            "no way back"
        );
    }
    assert_eq!(whole.prefix(u64::MAX).requests().len(), all);
}

#[test]
fn another_layout_of_the_same_load_has_the_same_content_hash() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (
        directory.path().join("a.wlc"),
        directory.path().join("b.wlc"),
    );
    let (whole, split) = (write(&a, false), write(&b, true));
    assert_eq!(whole.content_hash, split.content_hash);
    assert_ne!(whole.file_hash, split.file_hash);
    check(&b).unwrap();
}

#[test]
fn every_single_altered_byte_is_found_and_its_place_named() {
    let writers: [fn(&Path) -> Finished; 2] = [|path| write(path, false), conversation::write];
    writers.into_iter().for_each(assert_every_byte_is_guarded);
}

fn assert_every_byte_is_guarded(write: fn(&Path) -> Finished) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    write(&path);
    let good = std::fs::read(&path).unwrap();
    for position in 0..good.len() {
        let mut bad = good.clone();
        bad[position] ^= 1 << (position % 8);
        std::fs::write(&path, &bad).unwrap();
        let error = check(&path).expect_err(&format!("byte {position} was altered unnoticed"));
        assert!(
            error.to_string().contains("offset"),
            "byte {position}: no place in: {error}"
        );
    }
    std::fs::write(&path, &good).unwrap();
    check(&path).unwrap();
}

#[test]
fn a_body_with_answers_is_known_in_pieces_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    conversation::write(&path);
    let workload = Workload::open(&path).unwrap();
    assert!(workload.body_bytes(0).unwrap().is_some());
    assert_eq!(workload.body_bytes(1).unwrap(), None);
    let pieces: Vec<Piece> = workload.body(2).unwrap().collect();
    assert_eq!(pieces.len(), 8);
    assert_eq!(pieces[2], Piece::AnswerTo(0));
    assert_eq!(pieces[5], Piece::AnswerTo(1));
    assert!(matches!(pieces[7], Piece::Bytes(b"]}")));
    check(&path).unwrap();
}

#[test]
fn the_writer_sets_the_live_flag_and_bounds_the_answers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    let mut writer = WorkloadWriter::create(&path).unwrap();
    let mut record = RequestRecord::at(0);
    record.flags = REQUEST_LIVE;
    writer.request(record, &[], [0; 32]).unwrap();
    let most = vec![Segment::answer(0); MAX_SPLICES as usize];
    writer
        .request(RequestRecord::at(0), &most, [0; 32])
        .unwrap();
    let more = [most, vec![Segment::answer(0)]].concat();
    writer
        .request(RequestRecord::at(0), &more, [0; 32])
        .unwrap_err();
    writer
        .finish(&TablesBuilder::default(), &[], &manifest())
        .unwrap();
    let workload = Workload::open(&path).unwrap();
    let flags = workload.requests().iter().map(|request| request.flags);
    assert_eq!(flags.collect::<Vec<_>>(), [0, REQUEST_LIVE]);
}

#[test]
fn a_salt_slot_is_a_piece_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    conversation::write(&path);
    let workload = Workload::open(&path).unwrap();
    let pieces: Vec<Piece> = workload.body(3).unwrap().collect();
    assert_eq!(pieces[1], Piece::Salt(b"book book book book"));
    let body = workload.body_bytes(3).unwrap().unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(
        body.contains(r#""content":"book book book book Hi""#),
        "{body}"
    );
    let others = (0..3).flat_map(|index| workload.body(index).unwrap());
    assert!(
        !others
            .into_iter()
            .any(|piece| matches!(piece, Piece::Salt(_)))
    );
}

#[test]
fn the_writer_sets_the_salted_flag_of_bodies_with_the_slot() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    let salt = Salt {
        count: 1,
        words: vec!["a".into(), "b".into()],
    };
    let mut flags = Vec::new();
    for salted in [true, false] {
        let mut writer = WorkloadWriter::create(&path).unwrap();
        let first = match salted {
            true => writer.salt_slot(&salt).unwrap(),
            false => writer.blob(b"a").unwrap(),
        };
        let other = writer.blob(b"a").unwrap();
        let mut record = RequestRecord::at(0);
        for (flag, body) in [(0, first), (REQUEST_SALTED, other)] {
            record.flags = flag;
            writer.request(record, &[body], [0; 32]).unwrap();
        }
        writer
            .finish(&TablesBuilder::default(), &[], &manifest())
            .unwrap();
        let workload = Workload::open(&path).unwrap();
        flags.extend(workload.requests().iter().map(|request| request.flags));
    }
    assert_eq!(flags, [REQUEST_SALTED, 0, 0, 0]);
}

#[test]
fn every_truncation_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    write(&path, false);
    let good = std::fs::read(&path).unwrap();
    for length in 0..good.len() {
        std::fs::write(&path, &good[..length]).unwrap();
        check(&path).expect_err(&format!("cut to {length} bytes unnoticed"));
    }
}

#[test]
fn an_unfinished_file_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = WorkloadWriter::create(&directory.path().join("w.wlc")).unwrap();
    writer.blob(b"half").unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn other_files_and_versions_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    write(&path, false);
    let good = std::fs::read(&path).unwrap();
    let with = |offset: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[offset] = byte;
        std::fs::write(&path, bytes).unwrap();
        check(&path).unwrap_err()
    };
    assert!(matches!(with(8, 0), FormatError::TooOld { .. }));
    assert!(matches!(with(8, 2), FormatError::TooNew { .. }));
    assert!(matches!(with(10, 1), FormatError::TooNew { .. }));
    std::fs::write(&path, "seed: 42\n".repeat(200)).unwrap();
    assert!(matches!(check(&path), Err(FormatError::NotAWorkload)));
    let missing = check(&directory.path().join("none.wlc")).unwrap_err();
    assert!(
        !missing.is_system_failure(),
        "a missing file is the user's to mend"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Splices with a repaired footer hash reach the deeper checks; none may panic or pass.
    #[test]
    fn splices_never_panic_and_never_pass(at in 0usize..1600, bytes in prop::collection::vec(any::<u8>(), 1..24)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("w.wlc");
        write(&path, false);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        let at = at.min(bad.len() - bytes.len());
        bad[at..at + bytes.len()].copy_from_slice(&bytes);
        std::fs::write(&path, &bad).unwrap();
        let verdict = check(&path);
        prop_assert_eq!(verdict.is_ok(), bad == good);
        if let Ok(workload) = Workload::open(&path) {
            for index in 0..4 {
                let _ = workload.body_bytes(index);
            }
        }
    }
}

#[test]
fn sections_begin_at_multiples_of_eight() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wlc");
    write(&path, false);
    let workload = Workload::open(&path).unwrap();
    assert!(
        Section::ALL
            .iter()
            .all(|section| workload.place(*section).offset.is_multiple_of(8))
    );
}
