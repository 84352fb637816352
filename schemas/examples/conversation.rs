//! Writes a workload that uses what `tiny` does not: a conversation whose later turns repeat what
//! the server answers, a start that waits for a time and a request, a cancellation after tokens,
//! a salt slot, and a manifest in which nothing is absent.
//!
//! `cargo run -p schemas --example conversation -- FILE.wlc`. `tests/golden/conversation.wlc` is
//! this file; other readers are checked against it.

use schemas::body::{BodyHasher, Piece};
use schemas::layout::{
    NONE_U32, NONE_U64, REQUEST_STREAM, RequestRecord, STAGE_WARM_UP, StageRecord, StartKind,
};
use schemas::leaf::request_leaf;
use schemas::manifest::{
    Compiler, Corpus, DataSetSource, Hints, InputFile, Manifest, Progression, Rng, Salt,
    SpecSource, SweepHints, TemplateOverhead, Tokenizer, TraceSource,
};
use schemas::tables::TablesBuilder;
use schemas::writer::{Finished, Segment, WorkloadWriter};
use std::collections::BTreeMap;
use std::path::Path;

const HEAD: &str = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"Hi"}"#;
const BEFORE: &str = r#",{"role":"assistant","content":""#;
const BEHIND: &str = r#""},{"role":"user","content":"Go on"}"#;
const TAIL: &str = "]}";
const SALTED: [&str; 2] = [
    r#"{"model":"m","stream":true,"messages":[{"role":"user","content":""#,
    r#" Hi"}"#,
];
/// What stands in the salt slot.
const SLOT: &str = "book book book book";

/// A body as literal texts, answers and the salt slot.
type Parts = &'static [Piece<'static>];

const fn text(text: &'static str) -> Piece<'static> {
    Piece::Bytes(text.as_bytes())
}

const BODIES: [Parts; 4] = [
    &[text(HEAD), text(TAIL)],
    &[
        text(HEAD),
        text(BEFORE),
        Piece::AnswerTo(0),
        text(BEHIND),
        text(TAIL),
    ],
    &[
        text(HEAD),
        text(BEFORE),
        Piece::AnswerTo(0),
        text(BEHIND),
        text(BEFORE),
        Piece::AnswerTo(1),
        text(BEHIND),
        text(TAIL),
    ],
    &[
        text(SALTED[0]),
        Piece::Salt(SLOT.as_bytes()),
        text(SALTED[1]),
        text(TAIL),
    ],
];

/// Writes four requests: three turns of one conversation and one beside it.
pub fn write(path: &Path) -> Finished {
    let mut writer = WorkloadWriter::create(path).expect("the directory can be written");
    let slot = writer.salt_slot(&salt()).expect("disk space");
    let mut tables = TablesBuilder::default();
    let mut requests = requests(&mut tables);
    for (index, (record, parts)) in (0..).zip(requests.iter_mut().zip(BODIES)) {
        let mut body = BodyHasher::default();
        parts.iter().for_each(|part| body.piece(*part));
        let body = body.finish();
        record.body_bytes = body.bytes.into();
        let leaf = request_leaf(index, record, &body, &tables.view(), &mut Vec::new())
            .expect("no reference");
        let rope: Vec<Segment> = parts
            .iter()
            .map(|part| place(*part, slot, &mut writer))
            .collect();
        writer.request(*record, &rope, leaf).expect("disk space");
    }
    let name = tables.string("warm-up").expect("a short string");
    let stages = [stage(name, STAGE_WARM_UP, 3), stage(NONE_U32, 0, 1)];
    writer
        .finish(&tables, &stages, &manifest())
        .expect("disk space")
}

fn place(part: Piece, slot: Segment, writer: &mut WorkloadWriter) -> Segment {
    match part {
        Piece::Bytes(bytes) => writer.blob(bytes).expect("disk space"),
        Piece::AnswerTo(request) => Segment::answer(request),
        Piece::Salt(_) => slot,
    }
}

/// All requests but for their bodies.
fn requests(tables: &mut TablesBuilder) -> [RequestRecord; 4] {
    let mut string = |text: &str| tables.string(text).expect("a short string").into();
    let mut common = RequestRecord::at(0);
    common.flags = REQUEST_STREAM;
    common.model = string("m");
    common.method = string("POST");
    common.path = string("/v1/chat/completions");
    let session = string("chat-0");
    common.headers = tables
        .pair_list(&[("content-type", "application/json")])
        .expect("a short list")
        .into();
    let mut requests = [common; 4];
    for (turn, request) in (0u32..3).zip(&mut requests) {
        (request.session, request.turn) = (session, turn.into());
    }
    let [_, second, third, beside] = &mut requests;
    second.start_kind = StartKind::After as u8;
    (second.start_ns, second.after_request) = (1_500_000_000.into(), 0.into());
    (third.start_ns, third.after_request) = (4_000_000_000.into(), 1.into());
    (beside.start_ns, beside.stage) = (5_000_000_000.into(), 1.into());
    beside.cancel_after_tokens = 3.into();
    requests
}

fn stage(name: u32, flags: u8, requests: u64) -> StageRecord {
    StageRecord {
        name: name.into(),
        kind: 0,
        flags,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: NONE_U64.into(),
        rate_microhertz: NONE_U64.into(),
        request_count: requests.into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    }
}

/// SHA-256 of no bytes.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A manifest in which nothing is absent, of no real compiler.
pub fn manifest() -> Manifest {
    Manifest {
        compiler: Compiler {
            name: "conversation".into(),
            version: "1".into(),
            algorithm: 1,
        },
        seed: u64::MAX,
        spec: SpecSource {
            text: String::new(),
            sha256: EMPTY_SHA256.into(),
            sets: vec!["load.num_workers=2".into()],
        },
        server: Some("vllm".into()),
        populations: vec!["chat".into(), "batch".into()],
        hints: hints(),
        inputs: vec![InputFile {
            file: "histogram.csv".into(),
            sha256: EMPTY_SHA256.into(),
            bytes: 0,
        }],
        traces: vec![TraceSource {
            file: "trace.csv".into(),
            format: "csv".into(),
            sha256: EMPTY_SHA256.into(),
            bytes: 0,
            rows_read: 3,
            emitted: 2,
            dropped: BTreeMap::from([("no_output".into(), 1)]),
            passes: 2,
            inversions: 1,
            unlinked: 1,
            ignored_columns: vec!["Übrig".into()],
        }],
        data_sets: vec![DataSetSource {
            path: "data".into(),
            kind: "random_pool".into(),
            rows: 3,
            kept: 2,
            left_out: BTreeMap::from([("empty_message".into(), 1)]),
            conversations: 2,
        }],
        tokenizer: Tokenizer {
            name: "tokenizer.json".into(),
            library: "none".into(),
            sha256: Some(EMPTY_SHA256.into()),
            template_overhead: TemplateOverhead {
                request: 3,
                message: 4,
            },
        },
        corpora: vec![Corpus {
            name: "none".into(),
            parts: 0,
            vocabulary_words: 0,
            sha256: EMPTY_SHA256.into(),
        }],
        media: None,
        rng: Rng {
            algorithm: "none".into(),
            identifiers: vec!["a.b".into()],
        },
        salt: Some(salt()),
    }
}

/// What the slot of these files is filled with.
pub fn salt() -> Salt {
    Salt {
        count: 4,
        words: ["book", "line", "road", "wind"].map(str::to_owned).to_vec(),
    }
}

fn hints() -> Hints {
    Hints {
        workers: Some(2),
        max_in_flight: Some(64),
        connections: Some(8),
        timeout_ns: Some(30_000_000_000),
        url: Some("http://127.0.0.1:8000".into()),
        sweep: Some(SweepHints {
            progression: Progression::Geometric,
            requests: 2_000,
            timeout_ns: 60_000_000_000,
            stages: 5,
            stage_duration_ns: 180_000_000_000,
            saturation_percentile_ppm: 950_000,
        }),
        slos: Vec::new(),
    }
}

#[allow(dead_code, reason = "the golden tests include this file as a module")]
fn main() {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: conversation FILE.wlc");
        std::process::exit(2);
    };
    write(path.as_ref());
}
