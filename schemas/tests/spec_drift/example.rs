//! The file in hexadecimal, its worked encodings and the manifest's keys against the program.

use super::{WORKLOAD, block, bytes_of, digest, table};
use schemas::hex;
use schemas::leaf::{BodyHasher, encode_request, stages_leaf};
use schemas::manifest::{
    DataSetSource, InputFile, Manifest, Progression, Salt, SloHint, SweepHints, TraceSource,
};
use schemas::merkle::leaf_hash;
use schemas::reader::Workload;
use std::collections::{BTreeMap, BTreeSet};

#[path = "../../examples/tiny.rs"]
mod tiny;

#[test]
fn the_hex_dump_is_the_file_that_the_writer_makes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.wlc");
    let finished = tiny::write(&path);
    let lines = block(WORKLOAD, "```hexdump");
    let mut said = Vec::new();
    for line in lines.iter().filter(|line| !line.starts_with(';')) {
        let (offset, rest) = line.split_once(": ").unwrap();
        assert_eq!(
            usize::from_str_radix(offset, 16).unwrap(),
            said.len(),
            "{line}"
        );
        let (hexes, _) = rest.split_once("  ").unwrap();
        said.extend(bytes_of(hexes));
    }
    let advice = "run `cargo run -p schemas --example tiny -- FILE` and paste its output";
    assert_eq!(said, std::fs::read(&path).unwrap(), "{advice}");
    assert_eq!(
        lines.join("\n"),
        tiny::dump(&path).trim_end(),
        "annotations; {advice}"
    );
    let hashes = block(WORKLOAD, "```hashes");
    assert_eq!(digest(&hashes, "content_hash"), hex(&finished.content_hash));
    assert_eq!(digest(&hashes, "file_hash"), hex(&finished.file_hash));
}

#[test]
fn the_worked_encodings_are_those_of_the_example_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.wlc");
    tiny::write(&path);
    let workload = Workload::open(&path).unwrap();
    let said = |opening: &str| -> Vec<u8> {
        let lines = block(WORKLOAD, opening);
        let values = lines
            .iter()
            .map(|line| line.trim_start().split("  ").next().unwrap());
        values.flat_map(bytes_of).collect()
    };
    let mut body = BodyHasher::default();
    body.segment(&workload.body_bytes(0).unwrap().unwrap());
    let mut request = Vec::new();
    encode_request(
        0,
        &workload.requests()[0],
        &body.finish(),
        &workload.tables(),
        &mut request,
    )
    .unwrap();
    assert_eq!(said("```encoding-request"), request);
    let hashes = block(WORKLOAD, "```hashes");
    assert_eq!(
        digest(&hashes, "leaf of request 0"),
        hex(&leaf_hash(&request))
    );
    assert_eq!(workload.leaves()[0], leaf_hash(&request));
    let stages = stages_leaf(workload.stages(), 1, None, &workload.tables()).unwrap();
    assert_eq!(leaf_hash(&said("```encoding-stages")), stages);
    assert_eq!(digest(&hashes, "leaf of the stage table"), hex(&stages));
}

/// `a.b` for objects, `a[].b` for arrays of objects; other values are ends.
fn keys(value: &serde_json::Value, path: &str, open: &[&str], out: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) if !open.contains(&path) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                keys(value, &format!("{path}{dot}{name}"), open, out);
            }
        }
        serde_json::Value::Array(items) if items.first().is_some_and(|item| item.is_object()) => {
            keys(&items[0], &format!("{path}[]"), open, out);
        }
        _ => {
            out.insert(path.to_owned());
        }
    }
}

#[test]
fn the_manifest_table_has_every_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.wlc");
    tiny::write(&path);
    let mut manifest: Manifest = Workload::open(&path).unwrap().manifest().unwrap();
    manifest.traces = vec![TraceSource {
        file: "t.csv".into(),
        format: "azure".into(),
        sha256: String::new(),
        bytes: 1,
        rows_read: 1,
        emitted: 1,
        dropped: BTreeMap::new(),
        passes: 1,
        inversions: 0,
        unlinked: 0,
        ignored_columns: vec![],
    }];
    manifest.data_sets = vec![DataSetSource {
        path: "d.jsonl".into(),
        kind: "single_turn".into(),
        rows: 1,
        kept: 1,
        left_out: BTreeMap::new(),
        conversations: 1,
    }];
    manifest.inputs = vec![InputFile {
        file: "h.json".into(),
        sha256: String::new(),
        bytes: 1,
    }];
    manifest.hints.sweep = Some(SweepHints {
        progression: Progression::Linear,
        requests: 1,
        timeout_ns: 1,
        stages: 1,
        stage_duration_ns: 1,
        saturation_percentile_ppm: 1,
    });
    manifest.hints.slos = vec![SloHint {
        metric: "ttft".into(),
        limit_ns: 1,
    }];
    manifest.salt = Some(Salt {
        count: 1,
        words: vec!["a".into(), "b".into()],
    });
    let value: serde_json::Value = serde_json::from_slice(&manifest.to_canonical_json()).unwrap();
    let mut actual = BTreeSet::new();
    keys(
        &value,
        "",
        &["traces[].dropped", "data_sets[].left_out"],
        &mut actual,
    );
    let said: Vec<_> = table(WORKLOAD, "manifest keys")
        .iter()
        .map(|row| row[0].to_owned())
        // The object itself, beside its keys.
        .filter(|key| key != "hints.sweep" && key != "salt")
        .collect();
    assert_eq!(said, actual.into_iter().collect::<Vec<_>>());
}
