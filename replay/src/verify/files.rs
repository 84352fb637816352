//! The statement and the files that it is about: every hash, and that it says nothing but what
//! they give.

use crate::bundle::build::{file_sha256, is_regular};
use crate::bundle::{self, Kind, Statement};
use crate::run_info::RECORDS_FILE;
use crate::verify::finding::{Examined, WHOLE_FILE, unreadable};
use schemas::hex;
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use std::io;
use std::path::Path;

/// Holds each file against its hash and, if all are right, the statement against what the files
/// give. `root` is the root over the records as they are now; `None` where they cannot be read.
pub fn check(examined: &mut Examined<'_>, statement: &Statement, root: Option<&schemas::Digest>) {
    let mut all_right = true;
    for subject in &statement.subjects {
        let actual = match sha256(&examined.path(&subject.name)) {
            Ok(actual) => actual,
            Err(error) => {
                all_right = false;
                examined.fault(&subject.name, WHOLE_FILE, unreadable(&error));
                continue;
            }
        };
        if actual == subject.sha256 {
            continue;
        }
        all_right = false;
        let same_records = match (&statement.records, root) {
            (Some(said), Some(root)) => subject.name == RECORDS_FILE && said.root == *root,
            _ => false,
        };
        let how = match same_records {
            true => {
                ": reordered, in other frames or under another header; the records themselves are \
                 those of the statement"
            }
            false => "",
        };
        let what = format!(
            "SHA-256 is {actual}, the statement says {}{how}",
            subject.sha256
        );
        examined.fault(&subject.name, WHOLE_FILE, what);
    }
    if let (Some(said), Some(root)) = (&statement.records, root)
        && said.root != *root
    {
        let (said, root) = (hex(&said.root), hex(root));
        let what = format!("is {said}, the records give {root}");
        examined.fault(bundle::BUNDLE_FILE, "predicate.records.root", what);
    }
    if all_right {
        rebuild(examined, statement);
    }
}

fn rebuild(examined: &mut Examined<'_>, statement: &Statement) {
    let names: Vec<String> = statement
        .subjects
        .iter()
        .map(|subject| subject.name.clone())
        .collect();
    let file = bundle::BUNDLE_FILE;
    let given = match bundle::build(examined.directory(), statement.kind, &names) {
        Ok(given) => given,
        Err(error) => {
            let what = format!("cannot be made again of the files: {error:#}");
            return examined.fault(file, WHOLE_FILE, what);
        }
    };
    let said = match regular_file::read(&examined.path(file), MAX_DOCUMENT_BYTES) {
        Ok(said) => said,
        Err(error) => return examined.fault(file, WHOLE_FILE, unreadable(&error)),
    };
    if said == given {
        return;
    }
    let place = said
        .iter()
        .zip(&given)
        .position(|(said, given)| said != given)
        .unwrap_or(said.len().min(given.len()));
    let what = format!(
        "has {}, the files give {}",
        excerpt(&said, place),
        excerpt(&given, place)
    );
    examined.fault(file, format!("offset {place}"), what);
}

/// Some bytes in words.
fn excerpt(bytes: &[u8], place: usize) -> String {
    let begin = place.saturating_sub(8).min(bytes.len());
    let end = (place + 24).min(bytes.len());
    match place >= bytes.len() {
        true => "its end".to_owned(),
        false => format!("{:?}", String::from_utf8_lossy(&bytes[begin..end])),
    }
}

/// SHA-256 of a regular file, hexadecimal.
fn sha256(path: &Path) -> io::Result<String> {
    path.symlink_metadata()?;
    match is_regular(path) {
        true => file_sha256(path),
        false => Err(io::Error::other("not a regular file")),
    }
}

/// Names in the directory that the statement does not speak of, sorted; a directory ends in `/`.
pub fn outside(examined: &Examined<'_>, statement: &Statement, known: &[&str]) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(examined.directory()) else {
        return Vec::new();
    };
    let is_spoken_of = |name: &str| {
        let below = format!("{name}/");
        statement.subjects.iter().any(|subject| {
            subject.name == name
                || (statement.kind == Kind::Sweep && subject.name.starts_with(&below))
        })
    };
    let entries = entries.filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let spoken = known.contains(&&*name) || is_spoken_of(&name);
            let slash = if entry.path().is_dir() { "/" } else { "" };
            (!spoken).then(|| examined.name(&format!("{name}{slash}")))
        })
        .collect();
    names.sort_unstable();
    names
}
