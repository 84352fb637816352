//! A proof shows that a request is part of a workload, to who has neither the workload nor our
//! programs, and shows nothing else: whatever is altered in it, it proves nothing any more.

use crate::made::manifest;
use crate::support::{dir, root};
use compiler::proof::{Placed, Proof, ProofError, check, prove};
use harness::{Call, Dir};
use schemas::hints::Hints;
use schemas::layout::{NONE_U32, NONE_U64, RequestRecord, StageKind, StageRecord};
use schemas::leaf::{BodyHasher, request_leaf};
use schemas::reader::Workload;
use schemas::salt::Salt;
use schemas::tables::TablesBuilder;
use schemas::writer::WorkloadWriter;
use schemas::{Digest, hex, merkle};
use serde_json::{Value, json};

/// Checks proofs by WORKLOAD.md, sections 7 and 8, alone.
const CHECKER: &str = r#"
import hashlib, json, struct, sys

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def root(leaf, position, count, path):
    """RFC 9162, 2.1.3.2, from the definition of the tree."""
    if count == 1:
        assert not path, "the path is too long"
        return leaf
    split = 1 << (count - 1).bit_length() - 1
    beside = path.pop()
    if position < split:
        return sha(b"\1", root(leaf, position, split, path), beside)
    return sha(b"\1", beside, root(leaf, position - split, count - split, path))

for name in sys.argv[1:]:
    proof = json.load(open(name))
    part = lambda key: (bytes.fromhex(proof[key]["encoding"]),
                        [bytes.fromhex(hash) for hash in proof[key]["path"]])
    (request, up), (stages, up0) = part("request"), part("stages")
    assert proof["format"] == 1 and set(proof) == {"format", "content_hash", "request", "stages"}
    assert stages[:8] == b"wlc1stg\0" and request[:8] == b"wlc1req\0"
    count, = struct.unpack_from("<Q", stages, 8)
    tag, length, index = struct.unpack_from("<BIQ", request, 8)
    assert (tag, length) == (0, 8) and index < count
    found = {root(sha(b"\0", stages), 0, count + 1, up0).hex(),
             root(sha(b"\0", request), index + 1, count + 1, up).hex()}
    assert found == {proof["content_hash"]}, name
    print(index, count, proof["content_hash"])
"#;

/// A workload of so many requests, each with a time and a body of its own.
fn write(dir: &Dir, name: &str, requests: u32, salt: Option<Salt>) -> Workload {
    let path = dir.path(name);
    let mut writer = WorkloadWriter::create(&path).expect("the directory can be written");
    if let Some(salt) = &salt {
        writer.salt_slot(salt).expect("disk space");
    }
    let mut tables = TablesBuilder::default();
    for index in 0..requests {
        let mut string = |text: &str| tables.string(text).expect("a short string").into();
        let mut record = RequestRecord::at(u64::from(index) * 1_000);
        record.model = string("m");
        record.method = string("POST");
        record.path = string("/v1/completions");
        record.response_format = 1;
        let text = format!("{{\"model\":\"m\",\"prompt\":\"{index}\"}}");
        let rope = [writer.blob(text.as_bytes()).expect("disk space")];
        let mut body = BodyHasher::default();
        body.segment(text.as_bytes());
        let body = body.finish();
        record.body_bytes = body.bytes.into();
        let leaf = request_leaf(
            index.into(),
            &record,
            &body,
            &tables.view(),
            &mut Vec::new(),
        );
        writer
            .request(record, &rope, leaf.expect("no reference"))
            .expect("disk space");
    }
    let stage = StageRecord {
        name: tables.string("main").expect("a short string").into(),
        kind: StageKind::Scheduled as u8,
        flags: 0,
        zero: 0.into(),
        start_ns: 0.into(),
        duration_ns: NONE_U64.into(),
        rate_microhertz: NONE_U64.into(),
        request_count: u64::from(requests).into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    };
    let manifest = manifest(Hints::default(), salt);
    writer
        .finish(&tables, &[stage], &manifest)
        .expect("disk space");
    Workload::open(&path).expect("a sound file")
}

fn salt() -> Salt {
    Salt {
        count: 2,
        words: ["book", "line"].map(str::to_owned).into(),
    }
}

fn text(proof: &Proof) -> String {
    serde_json::to_string(proof).expect("texts are JSON")
}

fn read(text: &[u8], known: Option<Digest>) -> Result<u64, ProofError> {
    let proof = Proof::from_json(text)?;
    Ok(check(&proof, known)?.index)
}

#[test]
fn every_request_is_proven_and_a_checker_that_is_not_ours_says_so_too() {
    let dir = dir();
    let sizes: Vec<u32> = (1..=17).chain([1000]).collect();
    let (mut names, mut expected) = (Vec::new(), String::new());
    for requests in sizes {
        let workload = write(&dir, &format!("{requests}.wlc"), requests, Some(salt()));
        let all = match requests {
            1000 => vec![0, 499, 511, 512, 999],
            _ => (0..requests.into()).collect::<Vec<u64>>(),
        };
        for index in all {
            let proof = prove(&workload, index).expect("a sound file");
            let proven = check(&proof, Some(workload.content_hash())).expect("a proof");
            assert_eq!((proven.index, proven.requests), (index, requests.into()));
            assert_eq!(proven.leaf, workload.leaves()[index as usize]);
            assert_eq!(proven.content_hash, workload.content_hash());
            let body = workload.body_bytes(index).expect("sound").expect("literal");
            assert_eq!(proven.body_bytes, body.len() as u64);
            assert_eq!(hex(&proven.body_sha256), harness::sha256_hex(&body));
            assert_eq!(
                (&*proven.method, &*proven.path, &*proven.model),
                ("POST", "/v1/completions", "m")
            );
            let name = format!("{requests}-{index}.json");
            dir.write(&name, text(&proof));
            names.push(name);
            let root = hex(&workload.content_hash());
            expected += &format!("{index} {requests} {root}\n");
        }
    }
    // Conversations with answers, headers, adapters; and whatever else the format holds.
    for golden in ["tiny", "conversation"] {
        let path = root().join(format!("tests/golden/{golden}.wlc"));
        let workload = Workload::open(&path).expect("a sound file");
        let requests = workload.requests().len() as u64;
        for index in 0..requests {
            let name = format!("{golden}-{index}.json");
            dir.write(&name, text(&prove(&workload, index).expect("a sound file")));
            names.push(name);
            let root = hex(&workload.content_hash());
            expected += &format!("{index} {requests} {root}\n");
        }
    }
    dir.write("check.py", CHECKER);
    let call = Call::new("python3").cwd(dir.path(".")).arg("check.py");
    let outcome = names.iter().fold(call, Call::arg).run().ok();
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn whatever_character_of_a_proof_is_altered_it_proves_nothing() {
    let dir = dir();
    let workload = write(&dir, "w.wlc", 3, Some(salt()));
    let sound = text(&prove(&workload, 1).expect("a sound file")).into_bytes();
    assert_eq!(read(&sound, None), Ok(1));
    let others = b"0123456789abcdefAG \"{}[]:,\\x\xff";
    let mut tried = 0;
    for at in 0..sound.len() {
        for other in others.iter().filter(|other| **other != sound[at]) {
            let mut altered = sound.clone();
            altered[at] = *other;
            let found = read(&altered, None);
            assert!(found.is_err(), "byte {at} as {other:#04x}: {found:?}");
            tried += 1;
        }
        let cut = [&sound[..at], &sound[at + 1..]].concat();
        assert!(read(&cut, None).is_err(), "without byte {at}");
        assert!(read(&sound[..at], None).is_err(), "cut at byte {at}");
    }
    assert!(tried > 20_000, "{tried}");
}

/// The proof of request `index` of a workload of `requests`, changed.
fn changed(requests: u32, index: u64, change: impl FnOnce(&mut Proof)) -> ProofError {
    let dir = dir();
    let workload = write(&dir, "w.wlc", requests, None);
    let mut proof = prove(&workload, index).expect("a sound file");
    change(&mut proof);
    check(&proof, None).expect_err("it was changed")
}

fn with_number(encoding: &str, at: usize, number: u64) -> String {
    let mut text = encoding.to_owned();
    text.replace_range(2 * at..2 * at + 16, &hex(&number.to_le_bytes()));
    text
}

#[test]
fn each_claim_that_is_not_so_is_named() {
    let root_of = |error: &ProofError, of: &str| {
        assert!(
            matches!(error, ProofError::Root { part, .. } if *part == of),
            "{error:?}"
        );
    };
    let path_of = |error: &ProofError, of: &str| {
        assert!(
            matches!(error, ProofError::PathLength { part, .. } if *part == of),
            "{error:?}"
        );
    };
    // Its index is behind the prefix, tag and length.
    let index = |proof: &mut Proof, index| {
        proof.request.encoding = with_number(&proof.request.encoding, 13, index);
    };
    let count = |proof: &mut Proof, count| {
        proof.stages.encoding = with_number(&proof.stages.encoding, 8, count);
    };
    root_of(&changed(4, 1, |proof| index(proof, 2)), "request");
    let past = changed(4, 1, |proof| index(proof, 4));
    assert_eq!(
        past,
        ProofError::Index {
            index: 4,
            requests: 4
        }
    );
    root_of(&changed(4, 1, |proof| count(proof, 5)), "stages");
    path_of(&changed(4, 1, |proof| count(proof, 40)), "stages");
    let endless = changed(4, 1, |proof| count(proof, u64::MAX));
    assert!(endless.to_string().contains("numbered"), "{endless}");
    path_of(
        &changed(4, 1, |proof| drop(proof.request.path.pop())),
        "request",
    );
    path_of(
        &changed(4, 1, |proof| drop(proof.stages.path.pop())),
        "stages",
    );
    let again = |placed: &mut Placed| placed.path.push(placed.path[0].clone());
    path_of(&changed(4, 1, |proof| again(&mut proof.request)), "request");
    root_of(
        &changed(4, 1, |proof| proof.request.path.swap(0, 1)),
        "request",
    );
    for swap in [
        |proof: &mut Proof| proof.request = proof.stages.clone(),
        |proof: &mut Proof| proof.stages = proof.request.clone(),
    ] {
        let error = changed(4, 1, swap);
        assert!(error.to_string().contains("does not begin as"), "{error}");
    }
    let upper = changed(4, 1, |proof| {
        proof.content_hash = proof.content_hash.to_uppercase()
    });
    assert!(matches!(upper, ProofError::NotAProof(_)), "{upper:?}");
}

/// The example of WORKLOAD.md, section 8: who believes the number of leaves and a place that a proof
/// claims takes leaf 2 of 3 for leaf 1 of 2.
#[test]
fn a_leaf_cannot_pose_as_another_of_a_smaller_tree() {
    let dir = dir();
    let workload = write(&dir, "w.wlc", 2, None);
    let proof = prove(&workload, 1).expect("a sound file");
    let leaf = workload.leaves()[1];
    let path: Vec<Digest> = proof
        .request
        .path
        .iter()
        .map(|hash| {
            let byte = |at: usize| u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).expect("hex");
            std::array::from_fn(byte)
        })
        .collect();
    assert_eq!(path.len(), 1);
    // The control: the path alone shows both.
    for (position, count) in [(2, 3), (1, 2)] {
        let root = merkle::root_of(leaf, position, count, &path);
        assert_eq!(root, Some(workload.content_hash()));
    }
    let posing = |index: bool, count: bool, stages_path: &[&str]| {
        let mut posing = proof.clone();
        if index {
            posing.request.encoding = with_number(&posing.request.encoding, 13, 0);
        }
        if count {
            posing.stages.encoding = with_number(&posing.stages.encoding, 8, 1);
            posing.stages.path = stages_path.iter().map(|&hash| hash.to_owned()).collect();
        }
        check(&posing, None)
    };
    check(&proof, None).expect("unchanged it is a proof");
    let beside = hex(&leaf);
    assert!(posing(true, false, &[]).is_err());
    assert!(posing(false, true, &[&beside]).is_err());
    assert!(posing(true, true, &[&beside]).is_err());
}

#[test]
fn the_verbs_say_what_is_proven_and_leave_with_the_status_that_scripts_need() {
    let dir = dir();
    let workload = write(&dir, "w.wlc", 50, None);
    let root = hex(&workload.content_hash());
    let on_stdout = dir.wlc("prove w.wlc --request 3").run().ok().stdout;
    dir.wlc("prove w.wlc --request 3 -o p.json").run().ok();
    assert_eq!(dir.read("p.json"), on_stdout.as_bytes());
    let body = workload.body_bytes(3).expect("sound").expect("literal");
    let said = dir.wlc(&format!("check-proof p.json --json --content-hash {root}"));
    let expected = json!({
        "valid": true, "content_hash": root, "index": 3, "requests": 50,
        "leaf": hex(&workload.leaves()[3]), "method": "POST", "path": "/v1/completions",
        "model": "m", "body_bytes": body.len(), "body_sha256": harness::sha256_hex(&body),
    });
    assert_eq!(said.run().json(), expected);
    let plain = dir.wlc("check-proof p.json").run().ok().stdout;
    assert!(plain.contains("of the workload whose content hash is") && plain.contains(&root));

    let other = dir.wlc(&format!(
        "check-proof p.json --json --content-hash {}",
        hex(&[7; 32])
    ));
    let other = other.run().expect(1);
    let object: Value = serde_json::from_str(&other.stdout).expect("JSON");
    assert_eq!(object["valid"], false);
    assert_eq!(
        other.stderr.trim_end(),
        format!("error: p.json: {}", object["error"].as_str().unwrap())
    );
    assert!(other.stderr.contains("another load"), "{}", other.stderr);

    for (arguments, named) in [
        ("prove w.wlc --request 50", "requests 0 to 49"),
        ("prove w.wlc --request 3 -o p.json", "is there already"),
        ("check-proof p.json --content-hash 12", "64 lower-case"),
        ("check-proof w.wlc", "not a proof"),
        ("check-proof none.json", "No such file"),
    ] {
        let outcome = dir.wlc(arguments).run().expect(2);
        assert!(outcome.stderr.contains(named), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    for (format, named) in [(0, "too old"), (2, "too new")] {
        let text = on_stdout.replace("\"format\":1", &format!("\"format\":{format}"));
        dir.write("other.json", text);
        let outcome = dir.wlc("check-proof other.json").run().expect(2);
        assert!(outcome.stderr.contains(named), "{}", outcome.stderr);
    }
    // No proof of a workload that is not what it claims to be.
    let mut bytes = dir.read("w.wlc");
    let leaves = workload.place(schemas::layout::Section::Leaves).offset;
    bytes[leaves + 40] ^= 1;
    dir.write("damaged.wlc", bytes);
    for (request, named) in [(1, "LEAVES record 1"), (3, "content_hash is")] {
        let call = dir.wlc(&format!("prove damaged.wlc --request {request}"));
        let outcome = call.run().expect(2);
        assert!(outcome.stderr.contains(named), "{}", outcome.stderr);
    }
}
