//! `wlc reproduce`: what was compiled is compiled again, byte for byte, and what cannot be is
//! refused with a reason.

use crate::golden::for_each_spec;
use crate::made_tokenizers::BYTE_LEVEL;
use crate::rewritten::rewrite;
use crate::support::{compile, dir, root};
use harness::{Dir, sha256_hex};
use schemas::layout::{FileHeader, Section, SectionEntry, Trailer};
use schemas::writer::footer_hash;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use zerocopy::{FromBytes, IntoBytes};

const SPEC: &str = "\
seed: 5
api: {type: completion}
models: [{name: m}]
data: {type: synthetic, input_distribution: {type: empirical, file: lengths.csv}, output_distribution: 'uniform(1, 9)'}
load: {type: trace_replay, trace: {file: rows.csv, format: AzurePublicDataset}}
";
const PLAIN: &str = "\
api: {type: completion}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(1, 40)', output_distribution: 'uniform(1, 9)'}
load: {type: poisson, stages: [{rate: 30, duration: 1}]}
";

/// Compiles [`SPEC`] with its trace and its histogram beside it, in `in/`.
#[track_caller]
fn compiled_from_files(dir: &Dir) {
    let trace = std::fs::read(root().join("traces/data/azure_code_sample.csv"));
    dir.write("in/rows.csv", trace.expect("the sample"))
        .write("in/lengths.csv", "tokens,weight\n8,5\n16,3\n");
    compile(dir, "in/w", SPEC, "");
}

/// Reproduces `NAME.wlc`, holds the hashes against the file, and gives the result.
#[track_caller]
fn reproduced(dir: &Dir, name: &str, more: &str) -> Value {
    let call = dir.wlc(&format!("reproduce {name}.wlc --json {more}"));
    let value = call.run().json();
    assert_eq!(value["reproduced"], true);
    assert_eq!(
        value["file_hash"],
        sha256_hex(dir.read(&format!("{name}.wlc")))
    );
    let verified = dir.wlc(&format!("verify {name}.wlc --json")).run().json();
    assert_eq!(value["content_hash"], verified["content_hash"]);
    value
}

/// stderr of a refusal; nothing is printed on stdout.
#[track_caller]
fn refused(dir: &Dir, arguments: &str) -> String {
    let outcome = dir.wlc(&format!("reproduce {arguments}")).run().expect(2);
    assert_eq!(outcome.stdout, "");
    outcome.stderr
}

#[track_caller]
fn assert_said(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn every_golden_spec_is_reproduced() {
    let golden = root().join("tests/golden");
    for_each_spec(|dir, name| {
        let spec = golden.join(format!("{name}.yaml"));
        dir.wlc("compile -o w.wlc --json").arg(spec).run().ok();
        let call = dir.wlc("reproduce w.wlc --json --trace-dir").arg(&golden);
        let value = call.limit(Duration::from_secs(120)).run().json();
        assert_eq!(value["reproduced"], true, "{name}");
        assert_eq!(value["file_hash"], sha256_hex(dir.read("w.wlc")), "{name}");
    });
}

#[test]
fn overrides_and_seeds_given_or_drawn_are_reproduced() {
    let dir = dir();
    for (name, more) in [
        ("drawn", ""),
        ("given", "--seed 18446744073709551615"),
        (
            "set",
            "--seed 3 --set load.stages.0.rate=50 --set data.output_distribution=7",
        ),
    ] {
        compile(&dir, name, PLAIN, more);
        // The spec is in the file.
        std::fs::remove_file(dir.path(&format!("{name}.yaml"))).expect("it is there");
        reproduced(&dir, name, "");
        reproduced(&dir, name, "--threads 1");
    }
    let text = dir.wlc("reproduce set.wlc").run().ok().stdout;
    assert_said(&text, &["reproduced     set.wlc (byte for byte)"]);
}

#[test]
fn files_are_looked_up_beside_the_workload_or_where_it_is_said() {
    let dir = dir();
    compiled_from_files(&dir);
    reproduced(&dir, "in/w", "");
    std::fs::copy(dir.path("in/w.wlc"), dir.path("w.wlc")).expect("disk space");
    reproduced(&dir, "w", "--trace-dir in");
    let call = dir.wlc("reproduce w.wlc --json").cwd(dir.path("in"));
    call.run().json();
    let said = refused(&dir, "w.wlc");
    assert_said(
        &said,
        &[
            "rows.csv: ",
            "lengths.csv: ",
            "the working directory",
            "--trace-dir",
        ],
    );
}

#[test]
fn another_input_is_told_with_both_hashes_before_anything_is_read_from_it() {
    let dir = dir();
    compiled_from_files(&dir);
    let good = dir.read("in/rows.csv");
    let mut bad = good.clone();
    // It would be no trace any more, and nobody gets as far as to notice.
    bad[0] ^= 0x40;
    dir.write("in/rows.csv", &bad);
    let said = refused(&dir, "in/w.wlc");
    assert_said(&said, &["rows.csv", &sha256_hex(&good), &sha256_hex(&bad)]);
    assert!(!said.contains("lengths.csv"), "{said}");
    dir.write("in/rows.csv", &good);
    reproduced(&dir, "in/w", "");

    for name in ["in/rows.csv", "in/lengths.csv"] {
        std::fs::remove_file(dir.path(name)).expect("it is there");
    }
    std::fs::create_dir(dir.path("in/lengths.csv")).expect("a folder");
    let said = refused(&dir, "in/w.wlc");
    let words = [
        "rows.csv",
        &sha256_hex(&good),
        "No such file",
        "lengths.csv",
        "not a regular file",
    ];
    assert_said(&said, &words);
}

#[test]
fn a_directory_and_a_tokenizer_are_inputs_like_any_other() {
    let dir = dir();
    let sample = root().join("traces/data/servegen_sample");
    for entry in std::fs::read_dir(sample).expect("the sample") {
        let entry = entry.expect("an entry");
        let name = format!("clients/{}", entry.file_name().display());
        dir.write(&name, std::fs::read(entry.path()).expect("a file"));
    }
    dir.write("tokenizer.json", BYTE_LEVEL.to_string());
    let spec = "seed: 1\nmodels: m\ntokenizer: {path: tokenizer.json}\n\
        load: {type: trace_replay, trace: {file: clients, format: ServeGen, window: {from: 10s, to: 30m}, rate: 2, limit: 20}}\n\
        data: {type: random, trace: {file: clients, format: ServeGen}}\n";
    compile(&dir, "w", spec, "");
    reproduced(&dir, "w", "");
    let append = |name: &str| {
        let bytes = dir.read(name);
        dir.write(name, [&bytes[..], b"\n"].concat());
        let said = refused(&dir, "w.wlc");
        dir.write(name, bytes);
        said
    };
    assert_said(
        &append("clients/chunk-2-trace.csv"),
        &["clients: has sha256"],
    );
    assert_said(&append("tokenizer.json"), &["tokenizer.json: has sha256"]);
    reproduced(&dir, "w", "");
}

#[test]
fn a_file_that_another_program_or_algorithm_made_is_refused() {
    let dir = dir();
    let tiny = root().join("tests/golden/tiny.wlc");
    let outcome = dir.wlc("reproduce").arg(tiny).run().expect(2);
    assert_said(&outcome.stderr, &["made by tiny 1, not by wlc", "help:"]);

    compile(&dir, "w", PLAIN, "");
    rewrite(&dir.path("w.wlc"), &dir.path("later.wlc"), |w| {
        w.manifest.compiler.version = "9.8.7".into();
        w.manifest.compiler.algorithm += 1;
    });
    dir.wlc("verify later.wlc").run().ok();
    assert_said(
        &refused(&dir, "later.wlc"),
        &["with algorithm", "help: use wlc 9.8.7"],
    );

    // A manifest of another shape, all hashes mended: its number is read all the same.
    let mut bytes = dir.read("later.wlc");
    alter_manifest(&mut bytes, "\"corpora\":", "\"corporb\":");
    dir.write("shape.wlc", bytes);
    dir.wlc("verify shape.wlc").run().expect(1);
    assert_said(&refused(&dir, "shape.wlc"), &["help: use wlc 9.8.7"]);
    let mut bytes = dir.read("w.wlc");
    alter_manifest(&mut bytes, "\"corpora\":", "\"corporb\":");
    dir.write("shape.wlc", bytes);
    assert_said(
        &refused(&dir, "shape.wlc"),
        &["MANIFEST at offset", "unknown field"],
    );
}

/// Replaces words of the manifest by as many others and mends the two hashes over them.
fn alter_manifest(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let at = bytes
        .windows(from.len())
        .rposition(|window| window == from.as_bytes());
    let at = at.expect("the manifest has it");
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    let trailer_at = bytes.len() - size_of::<Trailer>();
    let table_at = trailer_at - Section::ALL.len() * size_of::<SectionEntry>();
    let mut trailer = Trailer::read_from_bytes(&bytes[trailer_at..]).expect("a trailer");
    let entries = <[SectionEntry]>::ref_from_bytes(&bytes[table_at..trailer_at]);
    let mut entries = entries.expect("whole entries").to_vec();
    let entry = &mut entries[Section::Manifest.position()];
    let (offset, length) = (entry.offset.get() as usize, entry.length.get() as usize);
    let sha256 = <sha2::Sha256 as sha2::Digest>::digest(&bytes[offset..offset + length]);
    entry.sha256 = sha256.into();
    let header = FileHeader::read_from_prefix(bytes).expect("a header").0;
    trailer.footer_hash = footer_hash(&header, &entries, &trailer);
    bytes[table_at..trailer_at].copy_from_slice(entries.as_bytes());
    bytes[trailer_at..].copy_from_slice(trailer.as_bytes());
}

#[test]
fn another_release_of_the_same_algorithm_reproduces_all_but_its_number() {
    let dir = dir();
    compile(&dir, "w", PLAIN, "");
    rewrite(&dir.path("w.wlc"), &dir.path("old.wlc"), |w| {
        w.manifest.compiler.version = "0.0.1".into();
    });
    reproduced(&dir, "old", "");
    let text = dir.wlc("reproduce old.wlc").run().ok().stdout;
    assert_said(&text, &["all but the compiler's release number"]);
    // Anything else in the manifest is not let pass.
    rewrite(&dir.path("w.wlc"), &dir.path("other.wlc"), |w| {
        w.manifest.compiler.version = "0.0.1".into();
        w.manifest.rng.identifiers.push("zzz".into());
    });
    let outcome = dir.wlc("reproduce other.wlc").run().expect(1);
    assert_said(&outcome.stdout, &["only in A [\"zzz\"]", "NOT reproduced"]);
}

#[test]
fn a_workload_that_was_altered_with_all_hashes_mended_is_not_reproduced() {
    let dir = dir();
    compile(&dir, "w", PLAIN, "");
    rewrite(&dir.path("w.wlc"), &dir.path("moved.wlc"), |w| {
        let start_ns = w.requests[4].start_ns.get();
        w.requests[4].start_ns = (start_ns + 1).into();
    });
    // By itself it is in order, so only its origin gives it away.
    dir.wlc("verify moved.wlc").run().ok();
    let outcome = dir.wlc("reproduce moved.wlc --json").run().expect(1);
    let said: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    assert_eq!(said["reproduced"], false);
    let diff = &said["diff"];
    assert_eq!(diff["requests_differing"], 1);
    assert_eq!(diff["columns"][0]["column"], "at_ns");
    assert_eq!(diff["columns"][0]["examples"][0]["request"], 4);
    assert_eq!(diff["columns"].as_array().map(Vec::len), Some(1));
    assert_eq!(diff["spec"], json!([]));

    // Nor one that was only laid out anew: those are not the bytes that are made of the spec.
    rewrite(&dir.path("w.wlc"), &dir.path("cut.wlc"), |w| w.cut = true);
    let outcome = dir.wlc("reproduce cut.wlc --json").run().expect(1);
    let said: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    assert_eq!(said["diff"]["equal"], true);
    assert_eq!(said["diff"]["layout_differs"], true);
    // Control: rewritten as it was, it is reproduced.
    rewrite(&dir.path("w.wlc"), &dir.path("same.wlc"), |_| ());
    assert!(dir.read("same.wlc") == dir.read("w.wlc"));
    reproduced(&dir, "same", "");
}

#[test]
fn nothing_stays_behind_and_a_damaged_file_is_refused() {
    let dir = dir();
    compile(&dir, "w", PLAIN, "");
    rewrite(&dir.path("w.wlc"), &dir.path("moved.wlc"), |w| {
        w.requests[0].start_ns = 0.into();
    });
    let mut bytes = dir.read("w.wlc");
    bytes[40] ^= 1;
    dir.write("bad.wlc", bytes).write("tmp/.keep", "");
    let tmp = dir.path("tmp").display().to_string();
    for (file, status) in [("w", 0), ("moved", 1), ("bad", 2)] {
        let call = dir
            .wlc(&format!("reproduce {file}.wlc"))
            .env("TMPDIR", &tmp);
        call.run().expect(status);
        assert_eq!(dir.list("tmp"), [".keep"], "{file}");
    }
    let call = dir
        .wlc("reproduce w.wlc")
        .env("TMPDIR", &format!("{tmp}/none"));
    let outcome = call.run().expect(3);
    assert_said(&outcome.stderr, &["cannot be made", "TMPDIR"]);
}

/// The directory with the published traces.
fn traces() -> PathBuf {
    let named = std::env::var_os("WLC_TRACES");
    named.map_or_else(|| root().join("../shared/traces"), PathBuf::from)
}

#[test]
#[ignore = "needs ../shared/traces: run with --ignored"]
fn both_published_traces_are_reproduced() {
    for (file, format) in [
        ("AzureLLMInferenceTrace_code.csv", "AzurePublicDataset"),
        ("mooncake_conversation_trace.jsonl", "Mooncake"),
    ] {
        let dir = dir();
        let spec = format!(
            "seed: 9\napi: {{type: completion, streaming: true}}\nmodels: [{{name: m}}]\n\
             load: {{type: trace_replay, trace: {{file: {file}, format: {format}}}}}\n\
             data: {{type: random, trace: {{file: {file}, format: {format}}}}}\n"
        );
        std::os::unix::fs::symlink(traces().join(file), dir.path(file)).expect("a link");
        dir.write("s.yaml", spec);
        let limit = Duration::from_secs(300);
        dir.wlc("compile s.yaml -o w.wlc").limit(limit).run().ok();
        std::fs::remove_file(dir.path(file)).expect("it is there");
        let call = dir.wlc("reproduce w.wlc --json --trace-dir").arg(traces());
        let value = call.limit(limit).run().json();
        assert_eq!(value["reproduced"], true, "{file}");
        println!("{file}: {} s", value["seconds"]);
    }
}
