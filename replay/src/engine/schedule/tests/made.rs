//! Small workload files.

use schemas::layout::{
    NONE_U32, NONE_U64, REQUEST_STREAM, RequestRecord, STAGE_AFTER_PREVIOUS, StageKind,
    StageRecord, StartKind,
};
use schemas::manifest::{
    Compiler, Corpus, Hints, Manifest, Rng, SpecSource, TemplateOverhead, Tokenizer,
};
use schemas::reader::Workload;
use schemas::tables::TablesBuilder;
use schemas::writer::{Segment, WorkloadWriter};

/// A request in the making; times in ns.
#[derive(Clone, Debug)]
pub struct Request {
    pub kind: StartKind,
    pub stage: u32,
    pub start_ns: u64,
    pub after: Option<u64>,
    pub session: Option<u32>,
    pub answers: Vec<u64>,
    pub cut: bool,
}

/// At a time.
pub fn at(start_ns: u64) -> Request {
    Request {
        kind: StartKind::At,
        stage: 0,
        start_ns,
        after: None,
        session: None,
        answers: Vec::new(),
        cut: false,
    }
}

/// A delay after the end of another.
pub fn after(request: u64, delay_ns: u64) -> Request {
    Request {
        kind: StartKind::After,
        after: Some(request),
        ..at(delay_ns)
    }
}

/// In a free slot.
pub fn slot() -> Request {
    Request {
        kind: StartKind::Slot,
        ..at(0)
    }
}

impl Request {
    pub fn stage(self, stage: u32) -> Self {
        Request { stage, ..self }
    }

    pub fn session(self, session: u32) -> Self {
        let session = Some(session);
        Request { session, ..self }
    }

    pub fn after(self, request: u64) -> Self {
        let after = Some(request);
        Request { after, ..self }
    }

    pub fn answers(self, answers: &[u64]) -> Self {
        let answers = answers.to_vec();
        Request { answers, ..self }
    }

    /// Abandoned at its first token.
    pub fn cut_after_a_token(self) -> Self {
        Request { cut: true, ..self }
    }

    /// Every request that must have ended before this one starts.
    pub fn awaited(&self) -> Vec<u64> {
        let mut awaited = self.answers.clone();
        awaited.extend(self.after);
        awaited.sort_unstable();
        awaited.dedup();
        awaited
    }

    fn record(&self) -> RequestRecord {
        let mut record = RequestRecord::at(self.start_ns);
        record.start_kind = self.kind as u8;
        record.stage = self.stage.into();
        record.after_request = self.after.unwrap_or(NONE_U64).into();
        record.session = self.session.unwrap_or(NONE_U32).into();
        if self.cut {
            record.flags |= REQUEST_STREAM;
            record.cancel_after_tokens = 1.into();
        }
        record.turn = self.session.map_or(NONE_U32, |_| 0).into();
        record
    }
}

/// A stage in the making.
#[derive(Clone, Debug)]
pub struct Stage {
    pub kind: StageKind,
    pub after_previous: bool,
    pub start_ns: u64,
    pub concurrency: Option<u32>,
}

/// An open loop from t0.
pub fn open() -> Stage {
    Stage {
        kind: StageKind::Scheduled,
        after_previous: false,
        start_ns: 0,
        concurrency: None,
    }
}

/// So many in flight, from t0.
pub fn closed(concurrency: u32) -> Stage {
    Stage {
        kind: StageKind::Closed,
        concurrency: Some(concurrency),
        ..open()
    }
}

impl Stage {
    /// Not before the stage in front has ended, and then so long after that.
    pub fn behind(self, pause_ns: u64) -> Self {
        Stage {
            after_previous: true,
            start_ns: pause_ns,
            ..self
        }
    }

    pub fn starts(self, start_ns: u64) -> Self {
        Stage { start_ns, ..self }
    }

    pub fn at_most(self, concurrency: u32) -> Self {
        let concurrency = Some(concurrency);
        Stage {
            concurrency,
            ..self
        }
    }

    fn record(&self, requests: usize) -> StageRecord {
        StageRecord {
            name: NONE_U32.into(),
            kind: self.kind as u8,
            flags: if self.after_previous {
                STAGE_AFTER_PREVIOUS
            } else {
                0
            },
            zero: 0.into(),
            start_ns: self.start_ns.into(),
            duration_ns: NONE_U64.into(),
            rate_microhertz: NONE_U64.into(),
            request_count: (requests as u64).into(),
            concurrency: self.concurrency.unwrap_or(NONE_U32).into(),
            zero2: 0.into(),
        }
    }
}

/// The workload file, mapped.
pub fn workload(stages: &[Stage], requests: &[Request]) -> Workload {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made.wlc");
    let mut writer = WorkloadWriter::create(&path).unwrap();
    for request in requests {
        let rope: Vec<Segment> = request
            .answers
            .iter()
            .map(|index| Segment::answer(*index))
            .collect();
        writer.request(request.record(), &rope, [0; 32]).unwrap();
    }
    let stages: Vec<StageRecord> = (0..)
        .zip(stages)
        .map(|(number, stage)| {
            let of_it = requests.iter().filter(|request| request.stage == number);
            stage.record(of_it.count())
        })
        .collect();
    let tables = TablesBuilder::default();
    writer.finish(&tables, &stages, &manifest()).unwrap();
    Workload::open(&path).unwrap()
}

fn manifest() -> Manifest {
    Manifest {
        compiler: Compiler {
            name: "made".into(),
            version: "1".into(),
            algorithm: 1,
        },
        seed: 0,
        spec: SpecSource {
            text: String::new(),
            sha256: String::new(),
            sets: vec![],
        },
        server: None,
        populations: vec![],
        hints: Hints::default(),
        inputs: vec![],
        traces: vec![],
        data_sets: vec![],
        tokenizer: Tokenizer {
            name: "none".into(),
            library: "none".into(),
            sha256: None,
            template_overhead: TemplateOverhead::default(),
        },
        corpora: vec![Corpus {
            name: "none".into(),
            parts: 0,
            vocabulary_words: 0,
            sha256: String::new(),
        }],
        media: None,
        rng: Rng {
            algorithm: "none".into(),
            identifiers: vec![],
        },
        salt: None,
    }
}
