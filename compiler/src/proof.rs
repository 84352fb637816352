//! Proofs that a request is part of a workload (`WORKLOAD.md`, section 8): what the request and the
//! stage table say, and the hashes beside their paths to the content hash.
//!
//! Believes nothing that a proof says beside these: both leaves are computed from what they encode,
//! the number of requests is the stage table's, the place in the tree is the request's own.

use schemas::body::BodyHasher;
use schemas::error::FormatError;
use schemas::layout::{Section, Trailer};
use schemas::leaf::{REQUEST_PREFIX, STAGES_PREFIX, encode_request, encode_stages};
use schemas::merkle::{leaf_hash, path, root_of};
use schemas::reader::Workload;
use schemas::{Digest, hex};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The format that is written, and the only one that is read.
pub const FORMAT: u64 = 1;

/// A proof as it is written: one JSON object, its hashes and encodings in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// [`FORMAT`].
    pub format: u64,
    /// Root of the tree that both leaves lie in.
    pub content_hash: String,
    /// The request.
    pub request: Placed,
    /// The stage table, which says how many requests there are.
    pub stages: Placed,
}

/// What a leaf is the hash of, and where the leaf lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// The canonical encoding (`WORKLOAD.md`, section 7), without the 00 in front.
    pub encoding: String,
    /// The hashes beside the way to the root, from the leaf upwards.
    pub path: Vec<String>,
}

/// What a proof has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Of the workload.
    pub content_hash: Digest,
    /// Of the request, from 0.
    pub index: u64,
    /// Requests of the workload.
    pub requests: u64,
    /// Leaf hash of the request.
    pub leaf: Digest,
    pub method: String,
    pub path: String,
    pub model: String,
    /// Length of the body's literal bytes.
    pub body_bytes: u64,
    /// SHA-256 of these.
    pub body_sha256: Digest,
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// Not the JSON that `wlc prove` writes.
    #[error("not a proof: {0}; write one with `wlc prove FILE --request I`")]
    NotAProof(String),
    /// Written by an earlier program.
    #[error(
        "`format`: {0} is too old for this program, which reads {FORMAT}; use the `wlc` that wrote it"
    )]
    TooOld(u64),
    /// Written by a later program.
    #[error("`format`: {0} is too new for this program, which reads {FORMAT}; use a later `wlc`")]
    TooNew(u64),
    /// The proof of a request of another load.
    #[error("`content_hash`: the proof is of {said}, asked for is {asked}: it is another load")]
    OtherWorkload { said: String, asked: String },
    /// The bytes are not the encoding of what they should encode.
    #[error("`{part}.encoding`: {what}")]
    Encoding { part: &'static str, what: String },
    /// The request's own index is past the last request.
    #[error(
        "`request.encoding`: it is request {index}, but the stage table says that there are {requests} requests"
    )]
    Index { index: u64, requests: u64 },
    /// A path that is too long or too short for its leaf's place.
    #[error(
        "`{part}.path`: {found} hashes do not lead from leaf {leaf} of {leaves} to the root; some are missing or too many"
    )]
    PathLength {
        part: &'static str,
        found: usize,
        leaf: u64,
        leaves: u64,
    },
    /// The path leads elsewhere.
    #[error(
        "`{part}`: its leaf and path lead to {actual}, not to the content hash {said}: one of the three was altered"
    )]
    Root {
        part: &'static str,
        said: String,
        actual: String,
    },
}

impl ProofError {
    /// True for a proof that claims what is not so; false for what is no proof that this program
    /// can read.
    pub fn is_false_claim(&self) -> bool {
        !matches!(
            self,
            ProofError::NotAProof(_) | ProofError::TooOld(_) | ProofError::TooNew(_)
        )
    }
}

/// Proves that the request with this index is part of the workload.
///
/// # Errors
/// [`FormatError`] if there is no such request, or if the file's own leaves do not lead to its content
/// hash: no proof is made of a damaged workload.
pub fn prove(workload: &Workload, index: u64) -> Result<Proof, FormatError> {
    let leaves = workload.leaves();
    let count = leaves.len() as u64;
    let stages = stages_of(workload, count)?;
    let request = request_of(workload, index)?;
    if leaf_hash(&request) != leaves[index as usize] {
        let offset = workload.place(Section::Leaves).offset as u64 + index * 32;
        let request = index;
        return Err(FormatError::Leaf { request, offset });
    }
    let stages_leaf = leaf_hash(&stages);
    let all = || std::iter::once(stages_leaf).chain(leaves.iter().copied());
    let proof = Proof {
        format: FORMAT,
        content_hash: hex(&workload.content_hash()),
        request: placed(&request, &path(all(), count + 1, index + 1)),
        stages: placed(&stages, &path(all(), count + 1, 0)),
    };
    match check(&proof, Some(workload.content_hash())) {
        Ok(_) => Ok(proof),
        Err(ProofError::Root { said, actual, .. }) => {
            let offset = (workload.file_bytes().len() - size_of::<Trailer>()) as u64;
            Err(FormatError::ContentHash {
                offset,
                said,
                actual,
            })
        }
        Err(error) => Err(workload.record_error(Section::Requests, index, error.to_string())),
    }
}

fn stages_of(workload: &Workload, count: u64) -> Result<Vec<u8>, FormatError> {
    let salt = workload.manifest()?.salt;
    let mut out = Vec::new();
    let tables = workload.tables();
    encode_stages(workload.stages(), count, salt.as_ref(), &tables, &mut out)
        .map_err(|what| workload.record_error(Section::Stages, 0, what))?;
    Ok(out)
}

fn request_of(workload: &Workload, index: u64) -> Result<Vec<u8>, FormatError> {
    let mut hasher = BodyHasher::default();
    workload.body(index)?.for_each(|piece| hasher.piece(piece));
    let request = &workload.requests()[index as usize];
    let mut out = Vec::new();
    encode_request(
        index,
        request,
        &hasher.finish(),
        &workload.tables(),
        &mut out,
    )
    .map_err(|what| workload.record_error(Section::Requests, index, what))?;
    Ok(out)
}

fn placed(encoding: &[u8], path: &[Digest]) -> Placed {
    Placed {
        encoding: hex(encoding),
        path: path.iter().map(|hash| hex(hash)).collect(),
    }
}

impl Proof {
    /// Reads a proof. White space between its parts and the order of its keys make no difference.
    ///
    /// # Errors
    /// [`ProofError::NotAProof`] for any other key, a key twice or none, and the two errors about the
    /// format's version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProofError> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let wrong = |error: serde_json::Error| ProofError::NotAProof(error.to_string());
        let Version { format } = serde_json::from_slice(bytes).map_err(wrong)?;
        match format {
            ..FORMAT => Err(ProofError::TooOld(format)),
            FORMAT => serde_json::from_slice(bytes).map_err(wrong),
            _ => Err(ProofError::TooNew(format)),
        }
    }
}

/// Checks a proof without the workload. `content_hash` is what the checker knows the workload by;
/// without it nothing is said about which workload it is but what the proof says.
///
/// # Errors
/// [`ProofError`], which names the part that is wrong.
pub fn check(proof: &Proof, content_hash: Option<Digest>) -> Result<Proven, ProofError> {
    let root = digest(&proof.content_hash, "content_hash")?;
    let (request, request_path) = decoded(&proof.request, "request")?;
    let (stages, stages_path) = decoded(&proof.stages, "stages")?;
    if let Some(asked) = content_hash.filter(|asked| *asked != root) {
        return Err(ProofError::OtherWorkload {
            said: proof.content_hash.clone(),
            asked: hex(&asked),
        });
    }
    let requests = requests_of(&stages)?;
    let leaves = requests.checked_add(1).ok_or(ProofError::Encoding {
        part: "stages",
        what: "more requests than can be numbered".to_owned(),
    })?;
    lead("stages", &stages, 0, leaves, &stages_path, &root)?;
    let proven = read_request(&request, root, requests)?;
    if proven.index >= requests {
        let index = proven.index;
        return Err(ProofError::Index { index, requests });
    }
    let position = proven.index + 1;
    lead("request", &request, position, leaves, &request_path, &root)?;
    Ok(proven)
}

/// That the leaf of `encoding` at this place of the tree leads to `root`.
fn lead(
    part: &'static str,
    encoding: &[u8],
    position: u64,
    leaves: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    match root_of(leaf_hash(encoding), position, leaves, path) {
        Some(actual) if actual == *root => Ok(()),
        Some(actual) => Err(ProofError::Root {
            part,
            said: hex(root),
            actual: hex(&actual),
        }),
        None => Err(ProofError::PathLength {
            part,
            found: path.len(),
            leaf: position,
            leaves,
        }),
    }
}

/// How many requests an encoded stage table says that there are.
fn requests_of(encoding: &[u8]) -> Result<u64, ProofError> {
    let wrong = |what: &str| ProofError::Encoding {
        part: "stages",
        what: what.to_owned(),
    };
    let rest = encoding.strip_prefix(&STAGES_PREFIX);
    let rest = rest.ok_or_else(|| wrong("it does not begin as a stage table does"))?;
    let (count, _) = rest
        .split_first_chunk()
        .ok_or_else(|| wrong("it ends before the number of requests"))?;
    Ok(u64::from_le_bytes(*count))
}

/// Reads an encoded request.
fn read_request(encoding: &[u8], root: Digest, requests: u64) -> Result<Proven, ProofError> {
    let wrong = |what: String| ProofError::Encoding {
        part: "request",
        what,
    };
    let fields = encoding
        .strip_prefix(&REQUEST_PREFIX)
        .ok_or_else(|| wrong("it does not begin as a request does".to_owned()))?;
    let fields = Fields::read(fields).map_err(wrong)?;
    let text = |tag, name| fields.text(tag, name).map_err(wrong);
    let body: [u8; 40] = fields.fixed(0x12, "body").map_err(wrong)?;
    let (bytes, sha256) = body.split_first_chunk().expect("40 bytes");
    Ok(Proven {
        content_hash: root,
        index: u64::from_le_bytes(fields.fixed(0x00, "index").map_err(wrong)?),
        requests,
        leaf: leaf_hash(encoding),
        method: text(0x09, "method")?,
        path: text(0x0a, "path")?,
        model: text(0x07, "model")?,
        body_bytes: u64::from_le_bytes(*bytes),
        body_sha256: sha256.try_into().expect("32 bytes"),
    })
}

/// Tags and values, in ascending order of tags.
struct Fields<'e>(Vec<(u8, &'e [u8])>);

impl<'e> Fields<'e> {
    fn read(mut rest: &'e [u8]) -> Result<Self, String> {
        let mut fields: Vec<(u8, &[u8])> = Vec::new();
        while let Some((tag, behind)) = rest.split_first() {
            let value = behind.split_first_chunk().and_then(|(length, behind)| {
                behind.split_at_checked(u32::from_le_bytes(*length) as usize)
            });
            let (value, behind) =
                value.ok_or_else(|| format!("the value of tag {tag:#04x} is cut off"))?;
            if fields.last().is_some_and(|(before, _)| before >= tag) {
                return Err(format!("tag {tag:#04x} is not in ascending order"));
            }
            fields.push((*tag, value));
            rest = behind;
        }
        Ok(Fields(fields))
    }

    fn value(&self, tag: u8, name: &str) -> Result<&'e [u8], String> {
        let found = self.0.iter().find(|(known, _)| *known == tag);
        let (_, value) = found.ok_or_else(|| format!("it has no {name}"))?;
        Ok(value)
    }

    fn fixed<const N: usize>(&self, tag: u8, name: &str) -> Result<[u8; N], String> {
        let value = self.value(tag, name)?;
        value
            .try_into()
            .map_err(|_| format!("its {name} has {} bytes, not {N}", value.len()))
    }

    fn text(&self, tag: u8, name: &str) -> Result<String, String> {
        let value = self.value(tag, name)?.to_vec();
        String::from_utf8(value).map_err(|_| format!("its {name} is not UTF-8"))
    }
}

fn decoded(placed: &Placed, part: &str) -> Result<(Vec<u8>, Vec<Digest>), ProofError> {
    let encoding = unhex(&placed.encoding).ok_or_else(|| not_hex(&format!("{part}.encoding")))?;
    let path = placed.path.iter();
    let path = path.map(|hash| digest(hash, &format!("{part}.path")));
    Ok((encoding, path.collect::<Result<_, _>>()?))
}

fn digest(text: &str, key: &str) -> Result<Digest, ProofError> {
    read_digest(text).ok_or_else(|| not_hex(key))
}

fn not_hex(key: &str) -> ProofError {
    let what = format!("`{key}` is no lower-case hexadecimal of that length");
    ProofError::NotAProof(what)
}

/// A SHA-256 of 64 lower-case hexadecimal digits; `None` for any other text.
pub fn read_digest(text: &str) -> Option<Digest> {
    unhex(text)?.try_into().ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    pairs
        .iter()
        .map(byte)
        .collect::<Option<_>>()
        .filter(|_| rest.is_empty())
}
