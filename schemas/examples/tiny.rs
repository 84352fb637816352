//! Writes the smallest useful workload and prints the annotated hex dump of `WORKLOAD.md`.
//!
//! `cargo run -p schemas --example tiny -- FILE.wlc`. Run again and paste the output into
//! section 13 of `WORKLOAD.md` when the format or the manifest's shape changes;
//! `tests/spec_drift` compares the two byte by byte.

use schemas::layout::{NONE_U32, REQUEST_STREAM, RequestRecord, Section, StageRecord};
use schemas::leaf::{BodyHasher, request_leaf};
use schemas::manifest::{
    Compiler, Corpus, Hints, Manifest, Rng, SpecSource, TemplateOverhead, Tokenizer,
};
use schemas::reader::Workload;
use schemas::tables::TablesBuilder;
use schemas::writer::{Finished, WorkloadWriter};
use std::path::Path;

/// Writes one request of two segments; every byte follows from this function.
pub fn write(path: &Path) -> Finished {
    let mut writer = WorkloadWriter::create(path).expect("the directory can be written");
    let (shared, own) = (br#"{"model":"m","max_tokens":2,"prompt":""#, br#"Hello"}"#);
    let rope = [shared.as_slice(), own].map(|bytes| writer.blob(bytes).expect("disk space"));
    let mut body = BodyHasher::default();
    body.segment(shared);
    body.segment(own);
    let body = body.finish();
    let mut tables = TablesBuilder::default();
    let mut string = |text: &str| tables.string(text).expect("a short string").into();
    let mut record = RequestRecord::at(1_000_000);
    record.model = string("m");
    record.method = string("POST");
    record.path = string("/v1/completions");
    record.flags = REQUEST_STREAM;
    record.response_format = 1;
    record.cancel_after_ns = 5_000_000.into();
    record.input_tokens = 1.into();
    record.output_tokens = 2.into();
    record.body_bytes = body.bytes.into();
    let stage = StageRecord {
        name: string("main"),
        kind: 0,
        flags: 0,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: 1_000_000_000.into(),
        rate_microhertz: 1_000_000.into(),
        request_count: 1.into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    };
    record.headers = tables
        .pair_list(&[("content-type", "application/json")])
        .expect("a short list")
        .into();
    let leaf =
        request_leaf(0, &record, &body, &tables.view(), &mut Vec::new()).expect("no reference");
    writer.request(record, &rope, leaf).expect("disk space");
    writer
        .finish(&tables, &[stage], &manifest())
        .expect("disk space")
}

fn manifest() -> Manifest {
    Manifest {
        compiler: Compiler {
            name: "tiny".into(),
            version: "1".into(),
            algorithm: 1,
        },
        seed: 42,
        spec: SpecSource {
            text: "seed: 42\n".into(),
            sha256: "1094bf3e273cc9ac0e931e1904eca62f06ecad395a1ceb093092a66c0e839a9c".into(),
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
            sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".into(),
        }],
        media: None,
        rng: Rng {
            algorithm: "none".into(),
            identifiers: vec![],
        },
        salt: None,
    }
}

/// Field widths and names of one record of a section, as the dump annotates them.
fn fields(section: Section) -> &'static [(usize, &'static str)] {
    match section {
        Section::Segments => &[(8, "offset"), (8, "length")],
        Section::Strings => &[(4, "offset"), (4, "length")],
        Section::Pairs => &[(4, "name"), (4, "value")],
        Section::PairLists => &[(4, "first"), (4, "count")],
        Section::Stages => &[
            (4, "name"),
            (1, "kind = 0 (scheduled)"),
            (1, "flags"),
            (2, "zero"),
            (8, "start_ns"),
            (8, "duration_ns"),
            (8, "rate_microhertz"),
            (8, "request_count"),
            (4, "concurrency = none"),
            (4, "zero2"),
        ],
        Section::Requests => &[
            (1, "start_kind = 0 (at)"),
            (1, "flags = 1 (stream)"),
            (1, "response_format = 1 (openai_completion)"),
            (1, "zero"),
            (4, "stage"),
            (8, "start_ns"),
            (8, "after_request = none"),
            (8, "cancel_after_ns"),
            (8, "first_segment"),
            (4, "segment_count"),
            (4, "input_tokens"),
            (8, "body_bytes"),
            (4, "output_tokens"),
            (4, "session = none"),
            (4, "turn = none"),
            (4, "model"),
            (4, "adapter = none"),
            (4, "method"),
            (4, "path"),
            (4, "headers"),
            (4, "labels = none"),
            (4, "cancel_after_tokens = none"),
        ],
        _ => &[],
    }
}

const HEADER: &[(usize, &str)] = &[(8, "magic"), (2, "major"), (2, "minor"), (4, "zero")];
const ENTRY: &[(usize, &str)] = &[
    (4, "kind"),
    (4, "stride"),
    (8, "offset"),
    (8, "length"),
    (16, "sha256"),
    (16, ""),
];
const TRAILER: &[(usize, &str)] = &[
    (16, "content_hash"),
    (16, ""),
    (16, "footer_hash"),
    (16, ""),
    (8, "file_bytes"),
    (8, "table_offset"),
    (4, "section_count"),
    (4, "zero"),
    (8, "magic"),
];

/// Fields whose value is not a number.
const OPAQUE: &[&str] = &["magic", "sha256", "content_hash", "footer_hash", "padding"];

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// One line for each field, or for each 16 bytes where `fields` is empty.
fn lines(out: &mut String, file: &[u8], start: usize, end: usize, fields: &[(usize, &str)]) {
    use std::fmt::Write;
    let mut widths = fields.iter().cycle();
    let mut at = start;
    while at < end {
        let (width, note) = widths.next().copied().unwrap_or((16, ""));
        let bytes = &file[at..end.min(at + width)];
        let hexes = bytes.iter().map(|byte| format!("{byte:02x}"));
        let text = |byte: &u8| match byte {
            32..127 => char::from(*byte),
            _ => '.',
        };
        let note = match note {
            "" => bytes.iter().map(text).collect(),
            note if note.contains('=') || OPAQUE.contains(&note) => note.to_owned(),
            note => format!("{note} = {}", number(bytes)),
        };
        let hexes = hexes.collect::<Vec<_>>().join(" ");
        writeln!(out, "{at:08x}: {hexes:<47}  {note}").expect("a string takes all");
        at += bytes.len();
    }
}

/// The dump: a `;` line for each region, then its bytes.
pub fn dump(path: &Path) -> String {
    let workload = Workload::open(path).expect("a good file");
    let file = workload.file_bytes();
    let mut out = String::from("; file header\n");
    lines(&mut out, file, 0, 16, HEADER);
    let mut next = 16;
    for section in Section::ALL {
        let place = workload.place(section);
        let end = place.offset + place.length;
        out += &format!("; {}: {} bytes\n", section.name(), place.length);
        lines(&mut out, file, place.offset, end, fields(section));
        next = end.next_multiple_of(8);
        if next > end {
            out += "; padding\n";
            lines(&mut out, file, end, next, &[(8, "padding")]);
        }
    }
    for section in Section::ALL {
        out += &format!("; section table entry of {}\n", section.name());
        lines(&mut out, file, next, next + 56, ENTRY);
        next += 56;
    }
    out += "; trailer\n";
    lines(&mut out, file, next, file.len(), TRAILER);
    out
}

#[allow(dead_code, reason = "tests/spec_drift includes this file as a module")]
fn main() {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: tiny FILE.wlc");
        std::process::exit(2);
    };
    write(path.as_ref());
    print!("{}", dump(path.as_ref()));
}
