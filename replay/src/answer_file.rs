//! `answers.jsonl`: what the server answered to each request of an audit workload, a line each
//! (RESULTS.md, section 8).
//!
//! Written by `replay run` after the last answer, read by `replay audit`. What was sent as a secret
//! is hidden before anything is hashed. Refuses a line whose text
//! is not the one that was hashed.

use crate::engine::kept::Kept;
use crate::secrets::Secrets;
use anyhow::{Context, ensure};
use schemas::hex;
use schemas::reader::Workload;
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use schemas::temporary::TemporaryFile;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Its name in a result directory.
pub const ANSWERS_FILE: &str = "answers.jsonl";

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The request's place in the workload.
    pub index: u64,
    /// The request's stage.
    pub stage: u32,
    /// The request's labels.
    pub labels: BTreeMap<String, String>,
    /// SHA-256 of the text in UTF-8, in hex; `None` without text.
    pub sha256: Option<String>,
    /// The text of each event that has some, in order: the text is all of them together.
    pub pieces: Vec<String>,
    /// The tokens by their ids; `None` unless every event with text has some, and where something of
    /// the text is hidden: they would tell it.
    pub token_ids: Option<Vec<u32>>,
    /// What the server calls the answer, its first 200 characters; `None` if it does not.
    pub id: Option<String>,
    /// What the server said was wrong, its first thousand characters.
    pub error: Option<String>,
}

impl Answer {
    fn new(workload: &Workload, kept: &Kept, secrets: &Secrets) -> Answer {
        let request = &workload.requests()[kept.index as usize];
        let labels = workload.tables().named_pairs(request.labels.get());
        let labels = labels.expect("a request whose labels cannot be read is never fired");
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let (mut pieces, mut id) = (kept.pieces.clone(), kept.id.clone());
        let mut error = kept.error.clone();
        let is_changed = secrets.hide_in(&mut pieces);
        for text in [&mut id, &mut error].into_iter().flatten() {
            secrets.hide(text);
        }
        Answer {
            index: kept.index,
            stage: request.stage.get(),
            labels: labels.iter().map(owned).collect(),
            sha256: hash(&pieces),
            pieces,
            token_ids: kept.token_ids.clone().filter(|_| !is_changed),
            id,
            error,
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.pieces.concat()
    }
}

fn hash(pieces: &[String]) -> Option<String> {
    let mut hasher = Sha256::new();
    pieces.iter().for_each(|piece| hasher.update(piece));
    let digest: schemas::Digest = hasher.finalize().into();
    (!pieces.is_empty()).then(|| hex(&digest))
}

/// Writes the answers to the requests of a workload, in the order given and without the secrets that
/// they repeat, under a temporary name first.
pub fn write(
    directory: &Path,
    workload: &Workload,
    answers: &[Kept],
    secrets: &Secrets,
) -> io::Result<()> {
    let path = directory.join(ANSWERS_FILE);
    let mut out = BufWriter::new(TemporaryFile::beside(&path)?);
    for kept in answers {
        serde_json::to_writer(&mut out, &Answer::new(workload, kept, secrets))?;
        out.write_all(b"\n")?;
    }
    let whole = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    whole.keep_as(&path)
}

/// Reads the answers of a result directory.
///
/// Fails when there are none, and for a line that is damaged, naming it.
pub fn read(directory: &Path) -> anyhow::Result<Vec<Answer>> {
    let path = directory.join(ANSWERS_FILE);
    let bytes = regular_file::read(&path, MAX_DOCUMENT_BYTES);
    let text = bytes
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()));
    let text = text.with_context(|| path.display().to_string())?;
    let line = |(n, line): (usize, &str)| {
        parse(line).with_context(|| format!("{}, line {}", path.display(), n + 1))
    };
    text.lines().enumerate().map(line).collect()
}

fn parse(line: &str) -> anyhow::Result<Answer> {
    let answer: Answer = serde_json::from_str(line)?;
    let found = hash(&answer.pieces);
    ensure!(
        found == answer.sha256,
        "its text has the hash {}, but the line says {}",
        found.as_deref().unwrap_or("of none"),
        answer.sha256.as_deref().unwrap_or("that there is none"),
    );
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"index":0,"stage":0,"labels":{"audit_role":"alone"},"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","pieces":["a","bc"],"token_ids":[1,2],"id":"chatcmpl-1","error":null}"#;

    fn read_text(text: &str) -> Result<Vec<Answer>, String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(ANSWERS_FILE), text).unwrap();
        read(directory.path()).map_err(|error| {
            format!("{error:#}").replace(&format!("{}/", directory.path().display()), "")
        })
    }

    #[test]
    fn a_line_is_read_and_written_alike() {
        let answers = read_text(&format!("{LINE}\n{LINE}\n")).unwrap();
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0].text(), "abc");
        assert_eq!(serde_json::to_string(&answers[0]).unwrap(), LINE);
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let changed = LINE.replace("\"bc\"", "\"bd\"");
        let told = read_text(&format!("{LINE}\n{changed}\n")).unwrap_err();
        assert!(
            told.starts_with("answers.jsonl, line 2: its text has the hash "),
            "{told}"
        );
        let cut = read_text(&format!("{LINE}\n{}", &LINE[..50])).unwrap_err();
        assert!(cut.starts_with("answers.jsonl, line 2: EOF"), "{cut}");
        let odd = read_text(&LINE.replace("\"error\"", "\"oddity\"")).unwrap_err();
        assert!(
            odd.starts_with("answers.jsonl, line 1: unknown field `oddity`"),
            "{odd}"
        );
        assert!(read_text("").unwrap().is_empty());
        assert!(read(Path::new("/nowhere")).is_err());
    }
}
