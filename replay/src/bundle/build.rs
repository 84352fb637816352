//! Writes a statement from the files of a directory, and nothing else.

use crate::answer_file::ANSWERS_FILE;
use crate::bundle::{
    BUNDLE_FILE, Kind, PREDICATE_VERSION, RecordsFacts, STATEMENT_TYPE, read, records_root,
};
use crate::run_info::{RECORDS_FILE, RUN_FILE, SUMMARY_FILE};
use crate::sweep::loads::loads;
use crate::sweep::result::{SWEEP_FILE, SweepResult};
use anyhow::{Context, bail, ensure};
use schemas::hex;
use schemas::record_file::RecordFile;
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use schemas::temporary::TemporaryFile;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Files of a run that a statement must cover.
const OF_RUN: [&str; 3] = [RECORDS_FILE, RUN_FILE, SUMMARY_FILE];
/// Bytes that are read at once to be hashed.
const CHUNK_BYTES: usize = 1 << 17;

#[derive(Serialize)]
struct StatementOut<'a, P> {
    _type: &'a str,
    subject: Vec<SubjectOut<'a>>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

#[derive(Serialize)]
struct SubjectOut<'a> {
    name: &'a str,
    digest: DigestOut,
}

#[derive(Serialize)]
struct DigestOut {
    sha256: String,
}

#[derive(Serialize)]
struct RunOut<'a> {
    content_hash: String,
    records: RecordsOut,
    run: &'a RawValue,
}

#[derive(Serialize)]
struct RecordsOut {
    root: String,
    count: u64,
    requests: u64,
}

#[derive(Serialize)]
struct SweepOut<'a> {
    content_hash: String,
    sweep: &'a RawValue,
}

/// What `run.json` and `sweep.json` have in common.
#[derive(Deserialize)]
struct Described {
    workload: Workload,
}

#[derive(Deserialize)]
struct Workload {
    content_hash: String,
}

/// The bytes of the statement that the files in `directory` give, whose subjects are `names`, in
/// whatever order. Fails where one of them is not there, no regular file, or not what its name says.
pub fn build(directory: &Path, kind: Kind, names: &[String]) -> anyhow::Result<Vec<u8>> {
    let required = match kind {
        Kind::Run => &OF_RUN[..],
        Kind::Sweep => &[SWEEP_FILE],
    };
    if let Some(missing) = required
        .iter()
        .find(|name| !names.iter().any(|n| n == *name))
    {
        bail!("the statement must be about {missing}, too");
    }
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let subject: anyhow::Result<_> = sorted
        .into_iter()
        .map(|name| subject(directory, name))
        .collect();
    let subject = subject?;
    match kind {
        Kind::Run => {
            let run = json(directory, RUN_FILE)?;
            let predicate = of_run(directory, &run)?;
            statement(kind, subject, predicate)
        }
        Kind::Sweep => {
            check_loads(&SweepResult::read(directory)?, names)?;
            let sweep = json(directory, SWEEP_FILE)?;
            let predicate = SweepOut {
                content_hash: content_hash(&sweep, SWEEP_FILE)?,
                sweep: &sweep,
            };
            statement(kind, subject, predicate)
        }
    }
}

/// Closes a directory whose files are complete: writes its statement beside and renames it.
pub fn close(directory: &Path, kind: Kind) -> anyhow::Result<()> {
    let bytes = build(directory, kind, &names(directory, kind)?)?;
    let target = directory.join(BUNDLE_FILE);
    let written = TemporaryFile::beside(&target).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.keep_as(&target)
    });
    written.with_context(|| format!("cannot write {}", target.display()))
}

/// Whether the statement of a directory is still the one that its files give; of a sweep, those of its
/// loads, too. Else every difference in words.
pub fn check(directory: &Path) -> Result<(), Vec<String>> {
    let statement = read(directory).map_err(|error| vec![error.to_string()])?;
    let names: Vec<String> = statement.subjects.into_iter().map(|s| s.name).collect();
    let mut wrong = Vec::new();
    let same = build(directory, statement.kind, &names).and_then(|built| {
        let stated = regular_file::read(&directory.join(BUNDLE_FILE), MAX_DOCUMENT_BYTES)?;
        ensure!(built == stated, "is not what the files give");
        Ok(())
    });
    if let Err(error) = same {
        wrong.push(format!("{BUNDLE_FILE}: {error:#}"));
    }
    for load in names.iter().filter_map(|name| name.split_once('/')) {
        if let Err(found) = check(&directory.join(load.0)) {
            wrong.extend(found.iter().map(|what| format!("{}: {what}", load.0)));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What a statement about this directory is to cover. Of a run its own files alone: what else lies
/// there is not packed into an archive either.
fn names(directory: &Path, kind: Kind) -> anyhow::Result<Vec<String>> {
    if kind == Kind::Run {
        let own = OF_RUN.iter().copied().chain([ANSWERS_FILE]);
        let there = own.filter(|name| directory.join(name).exists());
        return Ok(there.map(str::to_owned).collect());
    }
    let loads = loads(&SweepResult::read(directory)?, |load| {
        is_regular(&directory.join(load).join(BUNDLE_FILE))
    });
    let mut names = vec![SWEEP_FILE.to_owned()];
    let statement = |load| format!("{load}/{BUNDLE_FILE}");
    names.extend(
        loads
            .map_err(anyhow::Error::msg)?
            .into_iter()
            .map(statement),
    );
    Ok(names)
}

/// Whether the subjects of a sweep are its own file and the statement of every load, and no other: else
/// figures could be those of loads that nobody has.
fn check_loads(result: &SweepResult, names: &[String]) -> anyhow::Result<()> {
    let statement = |load: &str| format!("{load}/{BUNDLE_FILE}");
    let loads = loads(result, |load| names.contains(&statement(load)));
    let expected: Vec<String> = loads
        .map_err(|what| anyhow::anyhow!("{SWEEP_FILE}: {what}"))?
        .iter()
        .map(|load| statement(load))
        .collect();
    if let Some(missing) = expected.iter().find(|name| !names.contains(name)) {
        bail!("the statement must be about {missing}, too: {SWEEP_FILE} is");
    }
    let other = names
        .iter()
        .find(|name| *name != SWEEP_FILE && !expected.contains(name));
    other.map_or(Ok(()), |other| {
        bail!("the statement is about {other:?}, and {SWEEP_FILE} is not")
    })
}

fn statement(
    kind: Kind,
    subject: Vec<SubjectOut<'_>>,
    predicate: impl Serialize,
) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(&StatementOut {
        _type: STATEMENT_TYPE,
        subject,
        predicate_type: format!("{}{PREDICATE_VERSION}", kind.predicate()),
        predicate,
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn subject<'a>(directory: &Path, name: &'a str) -> anyhow::Result<SubjectOut<'a>> {
    let path = directory.join(name);
    // A link could lead anywhere, and a pipe would be waited for.
    ensure!(is_regular(&path), "{name}: not there, or no regular file");
    let sha256 = file_sha256(&path).with_context(|| format!("{name}: cannot be read"))?;
    Ok(SubjectOut {
        name,
        digest: DigestOut { sha256 },
    })
}

/// Whether it is a file, and no link to one.
pub(crate) fn is_regular(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// SHA-256 of a file, hexadecimal.
pub(crate) fn file_sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&sum.finalize())),
            read => sum.update(&chunk[..read]),
        }
    }
}

/// A file's JSON, verbatim but for the white space around it.
fn json(directory: &Path, name: &str) -> anyhow::Result<Box<RawValue>> {
    let text = regular_file::read(&directory.join(name), MAX_DOCUMENT_BYTES)
        .with_context(|| name.to_owned())?;
    serde_json::from_slice(&text).with_context(|| format!("{name}: no JSON"))
}

fn content_hash(described: &RawValue, name: &str) -> anyhow::Result<String> {
    let described: Described = serde_json::from_str(described.get())
        .with_context(|| format!("{name}: without workload.content_hash"))?;
    Ok(described.workload.content_hash)
}

fn of_run<'a>(directory: &Path, run: &'a RawValue) -> anyhow::Result<RunOut<'a>> {
    let content_hash = content_hash(run, RUN_FILE)?;
    let file = RecordFile::open(&directory.join(RECORDS_FILE))?;
    let recorded = hex(&file.header().content_hash);
    ensure!(
        recorded == content_hash,
        "{RECORDS_FILE} is of the workload {recorded}, {RUN_FILE} of {content_hash}"
    );
    let RecordsFacts {
        root,
        count,
        requests,
    } = records_root(&file)?;
    Ok(RunOut {
        content_hash,
        records: RecordsOut {
            root: hex(&root),
            count,
            requests,
        },
        run,
    })
}
