//! `bundle.json`: the statement that closes a result directory (RESULTS.md, section 7).
//!
//! An in-toto Statement over the files of the directory. It holds nothing that does not follow from
//! them, so whoever has the files can write it again, and the two must be equal byte for byte.
//! Refuses other versions, and names that lead out of the directory.

pub mod allowed;
pub mod archive;
pub mod build;
pub mod root;
pub mod signature;

pub use archive::{MANIFEST_FILE, OWN_FILES, TEXTS, WORKLOAD_FILE, archive};
pub use build::{build, check, close};
pub use root::{RecordsFacts, records_root};
pub use signature::{Signed, check_signature, sign};

use schemas::Digest;
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// File name of the statement.
pub const BUNDLE_FILE: &str = "bundle.json";
/// File name of its signature.
pub const SIGNATURE_FILE: &str = "bundle.json.sig";
/// What a signature is for (`ssh-keygen -n`): one made for something else is not taken.
pub const NAMESPACE: &str = "replay-bundle";
/// `_type` of an in-toto Statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Version of the predicates, as in `urn:x-wlc:replay-run:v1`.
pub const PREDICATE_VERSION: u32 = 1;

/// What a directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One run.
    Run,
    /// A sweep, with the directory of each load below it.
    Sweep,
}

impl Kind {
    /// `predicateType` without its version.
    fn predicate(self) -> &'static str {
        match self {
            Kind::Run => "urn:x-wlc:replay-run:v",
            Kind::Sweep => "urn:x-wlc:replay-sweep:v",
        }
    }
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub kind: Kind,
    /// The files, in the statement's order.
    pub subjects: Vec<Subject>,
    /// Content hash of the workload, hexadecimal.
    pub content_hash: String,
    /// What is said of the records; `None` for a sweep.
    pub records: Option<RecordsFacts>,
}

/// A file and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its name in the directory; for a load of a sweep `NAME/bundle.json`.
    pub name: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Why a statement cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is none.
    #[error(
        "{BUNDLE_FILE} is not there: not closed\n  help: a run that was killed, or made by an older \
         version, is not closed; `replay report` still reads it"
    )]
    Missing,
    /// It is no JSON.
    #[error("no JSON at offset {offset}: {what}")]
    NotJson {
        /// Byte at which reading stopped.
        offset: u64,
        /// Why.
        what: String,
    },
    /// It is of a version that this program does not read.
    #[error("{found} is too {}; use the version of replay that wrote it", if *.too_new { "new" } else { "old" })]
    Version {
        /// Its `predicateType`.
        found: String,
        /// Of a later version than this program reads.
        too_new: bool,
    },
    /// A key is missing, unknown or of another type.
    #[error("not a statement about results: {0}")]
    Shape(String),
    /// A subject's name leads out of the directory, or occurs twice.
    #[error("{0:?} cannot be the name of a file in these results")]
    Name(String),
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementText<'a> {
    _type: String,
    subject: Vec<SubjectText>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(borrow)]
    predicate: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectText {
    name: String,
    digest: DigestText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestText {
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunText {
    content_hash: String,
    records: RecordsText,
    #[serde(rename = "run")]
    _run: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordsText {
    root: String,
    count: u64,
    requests: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepText {
    content_hash: String,
    #[serde(rename = "sweep")]
    _sweep: IgnoredAny,
}

/// Reads the statement of a directory; holds it against no other file.
pub fn read(directory: &Path) -> Result<Statement, BundleError> {
    let path = directory.join(BUNDLE_FILE);
    match regular_file::read(&path, MAX_DOCUMENT_BYTES) {
        Ok(bytes) => parse(&bytes),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Err(BundleError::Missing),
        Err(source) => Err(BundleError::Io { path, source }),
    }
}

fn parse(bytes: &[u8]) -> Result<Statement, BundleError> {
    let text: StatementText =
        serde_json::from_slice(bytes).map_err(|error| of_json(bytes, &error))?;
    if text._type != STATEMENT_TYPE {
        return Err(BundleError::Shape(format!("_type is {:?}", text._type)));
    }
    let kind = kind_of(&text.predicate_type)?;
    let wrong = |error: serde_json::Error| BundleError::Shape(format!("predicate: {error}"));
    let predicate = text.predicate.get();
    let (content_hash, records) = match kind {
        Kind::Run => {
            let run: RunText = serde_json::from_str(predicate).map_err(wrong)?;
            let records = RecordsFacts {
                root: digest(&run.records.root)?,
                count: run.records.count,
                requests: run.records.requests,
            };
            (run.content_hash, Some(records))
        }
        Kind::Sweep => {
            let sweep: SweepText = serde_json::from_str(predicate).map_err(wrong)?;
            (sweep.content_hash, None)
        }
    };
    digest(&content_hash)?;
    let mut names = BTreeSet::new();
    let mut subjects = Vec::with_capacity(text.subject.len());
    for SubjectText {
        name,
        digest: given,
    } in text.subject
    {
        if !is_name(kind, &name) || !names.insert(name.clone()) {
            return Err(BundleError::Name(name));
        }
        digest(&given.sha256)?;
        subjects.push(Subject {
            name,
            sha256: given.sha256,
        });
    }
    Ok(Statement {
        kind,
        subjects,
        content_hash,
        records,
    })
}

/// A syntax error has a place; anything else is JSON of another shape.
fn of_json(bytes: &[u8], error: &serde_json::Error) -> BundleError {
    if error.is_data() {
        return BundleError::Shape(error.to_string());
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    BundleError::NotJson {
        offset: (before + error.column().saturating_sub(1)) as u64,
        what: error.to_string(),
    }
}

fn kind_of(predicate_type: &str) -> Result<Kind, BundleError> {
    for kind in [Kind::Run, Kind::Sweep] {
        let version = predicate_type.strip_prefix(kind.predicate());
        match version.map(str::parse::<u32>) {
            Some(Ok(PREDICATE_VERSION)) => return Ok(kind),
            Some(Ok(version)) => {
                return Err(BundleError::Version {
                    found: predicate_type.to_owned(),
                    too_new: version > PREDICATE_VERSION,
                });
            }
            Some(Err(_)) | None => {}
        }
    }
    let what = format!("predicateType is {predicate_type:?}");
    Err(BundleError::Shape(what))
}

/// A digest as it is written: 64 hexadecimal digits, lower case.
fn digest(text: &str) -> Result<Digest, BundleError> {
    let wrong = || BundleError::Shape(format!("{text:?} is no SHA-256 in lower-case hexadecimal"));
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 64 || !text.bytes().all(is_digit) {
        return Err(wrong());
    }
    let mut digest = [0; 32];
    for (byte, place) in digest.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| wrong())?;
    }
    Ok(digest)
}

/// Whether a name stays in the directory, and can be that of a subject.
fn is_name(kind: Kind, name: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.contains(['/', '\\'])
            // They would forge lines of what is printed.
            && !part.contains(char::is_control)
    };
    match (kind, name.split_once('/')) {
        (_, None) => {
            let is_ours =
                [BUNDLE_FILE, SIGNATURE_FILE].contains(&name) || OWN_FILES.contains(&name);
            is_plain(name) && !is_ours
        }
        (Kind::Run, Some(_)) => false,
        (Kind::Sweep, Some((directory, file))) => is_plain(directory) && file == BUNDLE_FILE,
    }
}
