//! Workloads that no spec asks for yet, written through `schemas`: small completions, all due at
//! once, with hints or a change of the caller's choice.

use schemas::body::{BodyHasher, Piece};
use schemas::layout::{NONE_U32, NONE_U64, RequestRecord, StageKind, StageRecord};
use schemas::leaf::request_leaf;
use schemas::manifest::{
    Compiler, Corpus, Hints, Manifest, Rng, Salt, SpecSource, TemplateOverhead, Tokenizer,
};
use schemas::tables::TablesBuilder;
use schemas::writer::{Segment, WorkloadWriter};
use std::path::Path;

/// Requests that each workload has.
pub const REQUESTS: usize = 3;
const BODY: &[u8] = br#"{"model":"m","prompt":"Hello","max_tokens":2}"#;

/// What a test does to the plain workload.
pub struct Made {
    pub requests: [RequestRecord; REQUESTS],
    pub bodies: [Vec<Piece<'static>>; REQUESTS],
    pub stage: StageRecord,
    pub hints: Hints,
    /// With it the blob begins with its slot.
    pub salt: Option<Salt>,
}

/// Writes a workload of [`REQUESTS`] turns of one conversation, not streamed, changed by `change`.
pub fn write(path: &Path, change: impl FnOnce(&mut Made)) {
    write_at(path, "/v1/completions", change);
}

/// Like [`write`], for requests to another path.
pub fn write_at(path: &Path, endpoint: &str, change: impl FnOnce(&mut Made)) {
    let mut tables = TablesBuilder::default();
    let mut string = |text: &str| tables.string(text).expect("a short string").into();
    let mut common = RequestRecord::at(0);
    common.model = string("m");
    common.method = string("POST");
    common.path = string(endpoint);
    common.response_format = 1;
    common.session = string("s");
    let mut made = Made {
        requests: [common; REQUESTS],
        bodies: std::array::from_fn(|_| vec![Piece::Bytes(BODY)]),
        stage: stage(),
        hints: Hints::default(),
        salt: None,
    };
    for (turn, request) in (0u32..).zip(&mut made.requests) {
        request.turn = turn.into();
    }
    change(&mut made);
    let mut writer = WorkloadWriter::create(path).expect("the directory can be written");
    if let Some(salt) = &made.salt {
        writer.salt_slot(salt).expect("disk space");
    }
    for (index, (record, pieces)) in (0..).zip(made.requests.iter_mut().zip(&made.bodies)) {
        let mut body = BodyHasher::default();
        pieces.iter().for_each(|piece| body.piece(*piece));
        let body = body.finish();
        record.body_bytes = body.bytes.into();
        let leaf = request_leaf(index, record, &body, &tables.view(), &mut Vec::new())
            .expect("no reference");
        let rope: Vec<Segment> = pieces
            .iter()
            .map(|piece| place(*piece, &mut writer))
            .collect();
        writer.request(*record, &rope, leaf).expect("disk space");
    }
    let manifest = manifest(made.hints, made.salt);
    writer
        .finish(&tables, &[made.stage], &manifest)
        .expect("disk space");
}

fn place(piece: Piece, writer: &mut WorkloadWriter) -> Segment {
    match piece {
        Piece::Bytes(bytes) => writer.blob(bytes).expect("disk space"),
        // As long as the caller says, right or wrong.
        Piece::Salt(bytes) => Segment {
            offset: 0,
            length: bytes.len() as u64,
        },
        Piece::AnswerTo(request) => Segment::answer(request),
    }
}

fn stage() -> StageRecord {
    StageRecord {
        name: NONE_U32.into(),
        kind: StageKind::Scheduled as u8,
        flags: 0,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: NONE_U64.into(),
        rate_microhertz: NONE_U64.into(),
        request_count: (REQUESTS as u64).into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    }
}

/// A manifest that says next to nothing.
pub fn manifest(hints: Hints, salt: Option<Salt>) -> Manifest {
    let text = String::new;
    Manifest {
        compiler: Compiler {
            name: "made".into(),
            version: "1".into(),
            algorithm: 1,
        },
        seed: 0,
        spec: SpecSource {
            text: text(),
            sha256: text(),
            sets: vec![],
        },
        server: None,
        populations: vec![],
        hints,
        inputs: vec![],
        traces: vec![],
        data_sets: vec![],
        tokenizer: Tokenizer {
            name: text(),
            library: text(),
            sha256: None,
            template_overhead: TemplateOverhead::default(),
        },
        corpora: vec![Corpus {
            name: text(),
            parts: 0,
            vocabulary_words: 0,
            sha256: text(),
        }],
        media: None,
        rng: Rng {
            algorithm: text(),
            identifiers: vec![],
        },
        salt,
    }
}
