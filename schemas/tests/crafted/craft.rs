//! Builds workload files that break a rule and have every hash right, which no writer makes.

use schemas::Digest;
use schemas::error::FormatError;
use schemas::layout::*;
use schemas::leaf::{BodyDigest, BodyHasher, request_leaf, stages_leaf};
use schemas::manifest::{
    Compiler, Corpus, Hints, Manifest, Rng, Salt, SpecSource, TemplateOverhead, Tokenizer,
};
use schemas::merkle::RootBuilder;
use schemas::reader::Workload;
use schemas::tables::Tables;
use schemas::verify::verify;
use schemas::writer::{file_header, footer_hash};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use zerocopy::IntoBytes;

/// The sections of a file before they are hashed and laid out; a test alters what it likes.
#[derive(Clone)]
pub struct Craft {
    pub blob: Vec<u8>,
    pub segments: Vec<SegmentRecord>,
    pub string_bytes: Vec<u8>,
    pub strings: Vec<StringRecord>,
    pub pairs: Vec<PairRecord>,
    pub pair_lists: Vec<PairListRecord>,
    pub stages: Vec<StageRecord>,
    pub requests: Vec<RequestRecord>,
    pub manifest: Vec<u8>,
    pub header_zero: u32,
    pub trailer_zero: u32,
}

/// Offset and length of the good file's salt slot.
pub const SLOT: (u64, u64) = (0, 5);

/// What a test does to the good file.
pub type Change = fn(&mut Craft);

fn stage(kind: StageKind, requests: u64) -> StageRecord {
    StageRecord {
        name: NONE_U32.into(),
        kind: kind as u8,
        flags: 0,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: NONE_U64.into(),
        rate_microhertz: NONE_U64.into(),
        request_count: requests.into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    }
}

impl Craft {
    /// A file in which every feature of the format is used and every rule kept.
    ///
    /// Requests: 0 `at` with headers, labels, session; 1 `after` 0; 2 `at`; 3 `slot` of the
    /// closed stage 1; 4 and 5 `at` in stage 2, which follows stage 1 and has its own time base, 4
    /// with a salt slot;
    /// 6 `at` and after 1, the third turn, which repeats the answers to 0 and 1; 7 streamed and
    /// cancelled after 3 tokens.
    pub fn good() -> Self {
        let mut craft = Craft {
            blob: b"ab ab: shared text, own text".to_vec(),
            segments: vec![],
            string_bytes: vec![],
            strings: vec![],
            pairs: vec![],
            pair_lists: vec![],
            stages: vec![
                stage(StageKind::Scheduled, 3),
                stage(StageKind::Closed, 1),
                stage(StageKind::Scheduled, 4),
            ],
            requests: vec![],
            manifest: manifest().to_canonical_json(),
            header_zero: 0,
            trailer_zero: 0,
        };
        let [model, method, path] = ["m", "POST", "/v1/completions?a=b"].map(|s| craft.string(s));
        let [session, adapter, name] = ["s", "lora", "stage"].map(|text| craft.string(text));
        let headers = craft.pair_list(&[("accept", "a"), ("accept", "b\t c"), ("x-empty", "")]);
        let labels = craft.pair_list(&[("Population", "ü\n"), ("", "p")]);
        craft.stages[0].flags = STAGE_WARM_UP;
        craft.stages[1].name = name.into();
        craft.stages[1].concurrency = 2.into();
        craft.stages[2].flags = STAGE_AFTER_PREVIOUS;
        for (index, stage, start_ns) in [
            (0, 0, 1_000),
            (1, 0, 77),
            (2, 0, 1_000),
            (3, 1, 0),
            (4, 2, 0),
            (5, 2, 5),
            (6, 2, 7),
            (7, 2, 7),
        ] {
            let mut request = RequestRecord::at(start_ns);
            request.stage = stage.into();
            (request.model, request.method) = (model.into(), method.into());
            request.path = path.into();
            request.first_segment = (2 * index).into();
            request.segment_count = 2.into();
            request.body_bytes = 15.into();
            craft.requests.push(request);
            for (offset, length) in [(7, 11), (20, 4)] {
                craft.segments.push(SegmentRecord {
                    offset: u64::into(offset),
                    length: u64::into(length),
                });
            }
        }
        craft.cut_in_answers(6, &[0, 1]);
        craft.salt(4, &[(20, 4), SLOT]);
        let [first, second, _, slot, .., third, short] = &mut craft.requests[..] else {
            unreachable!()
        };
        (third.session, third.turn) = (session.into(), 2.into());
        third.after_request = 1.into();
        short.flags = REQUEST_STREAM;
        short.cancel_after_tokens = 3.into();
        (first.headers, first.labels) = (headers.into(), labels.into());
        (first.session, first.turn) = (session.into(), 0.into());
        (second.session, second.turn) = (session.into(), 1.into());
        second.start_kind = StartKind::After as u8;
        second.after_request = 0.into();
        second.adapter = adapter.into();
        second.cancel_after_ns = 9.into();
        slot.start_kind = StartKind::Slot as u8;
        craft
    }

    /// Gives a request a rope of its own at the end of SEGMENTS: "text", then these answers.
    pub fn cut_in_answers(&mut self, index: usize, answers: &[u64]) {
        let request = &mut self.requests[index];
        request.first_segment = (self.segments.len() as u64).into();
        request.segment_count = (answers.len() as u32 + 1).into();
        request.body_bytes = 4.into();
        request.flags |= REQUEST_LIVE;
        let literal = SegmentRecord {
            offset: 14.into(),
            length: 4.into(),
        };
        self.segments.push(literal);
        self.segments
            .extend(answers.iter().map(|answered| SegmentRecord {
                offset: NONE_U64.into(),
                length: (*answered).into(),
            }));
    }

    /// Gives a request a rope of its own at the end of SEGMENTS, and the salted flag.
    pub fn salt(&mut self, index: usize, rope: &[(u64, u64)]) {
        let request = &mut self.requests[index];
        request.first_segment = (self.segments.len() as u64).into();
        request.segment_count = (rope.len() as u32).into();
        request.body_bytes = rope.iter().map(|(_, length)| length).sum::<u64>().into();
        request.flags |= REQUEST_SALTED;
        self.segments
            .extend(rope.iter().map(|(offset, length)| SegmentRecord {
                offset: (*offset).into(),
                length: (*length).into(),
            }));
    }

    /// Replaces a part of the manifest.
    pub fn manifest_with(&mut self, from: &str, to: &str) {
        let text = std::str::from_utf8(&self.manifest).unwrap();
        assert!(text.contains(from), "{text}");
        self.manifest = text.replace(from, to).into();
    }

    /// Adds a string, whatever it holds.
    pub fn bytes(&mut self, bytes: &[u8]) -> u32 {
        self.strings.push(StringRecord {
            offset: (self.string_bytes.len() as u32).into(),
            length: (bytes.len() as u32).into(),
        });
        self.string_bytes.extend_from_slice(bytes);
        self.strings.len() as u32 - 1
    }

    pub fn string(&mut self, text: &str) -> u32 {
        self.bytes(text.as_bytes())
    }

    pub fn pair_list(&mut self, pairs: &[(&str, &str)]) -> u32 {
        let first = self.pairs.len() as u32;
        for (name, value) in pairs {
            let (name, value) = (self.string(name).into(), self.string(value).into());
            self.pairs.push(PairRecord { name, value });
        }
        self.pair_lists.push(PairListRecord {
            first: first.into(),
            count: (pairs.len() as u32).into(),
        });
        self.pair_lists.len() as u32 - 1
    }

    /// Gives request 0 these header fields instead of its own.
    pub fn headers(&mut self, pairs: &[(&str, &str)]) {
        self.requests[0].headers = self.pair_list(pairs).into();
    }

    fn tables(&self) -> Tables<'_> {
        Tables {
            string_bytes: &self.string_bytes,
            strings: &self.strings,
            pairs: &self.pairs,
            pair_lists: &self.pair_lists,
        }
    }

    /// The body as far as its segments lie in the blob, with the length that the record claims.
    fn body(&self, request: &RequestRecord) -> BodyDigest {
        let mut hasher = BodyHasher::default();
        let first = request.first_segment.get() as usize;
        let end = first.saturating_add(request.segment_count.get() as usize);
        for segment in self.segments.get(first..end).unwrap_or_default() {
            if segment.offset.get() == NONE_U64 {
                hasher.splice(segment.length.get());
                continue;
            }
            let start = segment.offset.get() as usize;
            let end = start.saturating_add(segment.length.get() as usize);
            let bytes = self.blob.get(start..end).unwrap_or_default();
            match start == 0 && request.flags & REQUEST_SALTED != 0 {
                true => hasher.salt(bytes),
                false => hasher.segment(bytes),
            }
        }
        BodyDigest {
            bytes: request.body_bytes.get(),
            ..hasher.finish()
        }
    }

    /// The leaf of a request; zeros where a reference dangles and none can be computed.
    fn leaf(&self, index: usize) -> Digest {
        let request = &self.requests[index];
        let body = self.body(request);
        request_leaf(
            index as u64,
            request,
            &body,
            &self.tables(),
            &mut Vec::new(),
        )
        .unwrap_or_default()
    }

    pub fn leaves(&self) -> Vec<Digest> {
        (0..self.requests.len())
            .map(|index| self.leaf(index))
            .collect()
    }

    /// The file, with every hash computed from what it holds, and where each section begins.
    pub fn file(&self) -> (Vec<u8>, Vec<usize>) {
        self.file_with(&self.leaves())
    }

    /// As [`Craft::file`], with other leaves.
    pub fn file_with(&self, leaves: &[Digest]) -> (Vec<u8>, Vec<usize>) {
        let mut root = RootBuilder::default();
        let count = self.requests.len() as u64;
        let salt = Manifest::from_canonical_json(&self.manifest).ok();
        let salt = salt.and_then(|manifest| manifest.salt);
        let stages = stages_leaf(&self.stages, count, salt.as_ref(), &self.tables());
        root.push(stages.unwrap_or_default());
        leaves.iter().for_each(|leaf| root.push(*leaf));
        let sections: [&[u8]; 10] = [
            &self.blob,
            self.segments.as_bytes(),
            &self.string_bytes,
            self.strings.as_bytes(),
            self.pairs.as_bytes(),
            self.pair_lists.as_bytes(),
            self.stages.as_bytes(),
            self.requests.as_bytes(),
            leaves.as_bytes(),
            &self.manifest,
        ];
        let mut header = file_header();
        header.zero = self.header_zero.into();
        let mut file = header.as_bytes().to_vec();
        let mut entries = Vec::new();
        for (section, bytes) in Section::ALL.into_iter().zip(sections) {
            entries.push(SectionEntry {
                kind: (section as u32).into(),
                stride: section.stride().into(),
                offset: (file.len() as u64).into(),
                length: (bytes.len() as u64).into(),
                sha256: Sha256::digest(bytes).into(),
            });
            file.extend_from_slice(bytes);
            file.resize(file.len().next_multiple_of(8), 0);
        }
        let mut trailer = Trailer {
            content_hash: root.root(),
            footer_hash: [0; 32],
            file_bytes: ((file.len() + 10 * 56 + 96) as u64).into(),
            table_offset: (file.len() as u64).into(),
            section_count: 10.into(),
            zero: self.trailer_zero.into(),
            magic: END_MAGIC,
        };
        trailer.footer_hash = footer_hash(&header, &entries, &trailer);
        let begins = entries.iter().map(|entry| entry.offset.get() as usize);
        let begins = begins.collect();
        file.extend_from_slice(entries.as_bytes());
        file.extend_from_slice(trailer.as_bytes());
        (file, begins)
    }
}

/// Opens and verifies a file of these bytes. With `WLC_CRAFTED_DIR` set, the file is left there,
/// named by the verdict, for other readers (`tests/wlc_reader.py`) to judge as well.
pub fn check(bytes: &[u8], threads: usize) -> Result<(), FormatError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("crafted.wlc");
    std::fs::write(&path, bytes).unwrap();
    let verdict = Workload::open(&path)
        .and_then(|workload| verify(&workload, threads, &|_| ()))
        .map(|_| ());
    if let Some(kept) = std::env::var_os("WLC_CRAFTED_DIR") {
        let name = match &verdict {
            Ok(()) => format!("good {}", schemas::hex(Sha256::digest(bytes).as_ref())),
            Err(error) => error.to_string().replace(['/', '\0', '\n'], "_"),
        };
        let short = name.chars().take(80).collect::<String>();
        std::fs::copy(&path, Path::new(&kept).join(short + ".wlc")).unwrap();
    }
    verdict
}

/// Applies a change to the good file and requires that verifying names this record as wrong, in
/// these words, on one thread and on several.
#[track_caller]
pub fn assert_refused(section: Section, record: u64, words: &str, change: Change) {
    let mut craft = Craft::good();
    change(&mut craft);
    let (bytes, begins) = craft.file();
    let offset = begins[section.position()] as u64 + record * u64::from(section.stride());
    for threads in [1, 3] {
        let error = check(&bytes, threads).expect_err(words).to_string();
        let place = format!("{} record {record} at offset {offset}: ", section.name());
        assert!(
            error.starts_with(&place) && error.contains(words),
            "expected {place}… {words} …, got {error}"
        );
    }
}

fn manifest() -> Manifest {
    let text = String::new;
    Manifest {
        compiler: Compiler {
            name: "crafted".into(),
            version: "1".into(),
            algorithm: 1,
        },
        seed: u64::MAX,
        spec: SpecSource {
            text: text(),
            sha256: text(),
            sets: vec![],
        },
        server: None,
        populations: vec![],
        hints: Hints::default(),
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
        salt: Some(Salt {
            count: 2,
            words: vec!["ab".into(), "!~".into()],
        }),
    }
}
