//! What `replay archive` puts beside results, and no statement covers: the workload and its manifest are
//! held against the workload that was fired, the texts against those of this program.

use crate::bundle::build::{file_sha256, is_regular};
use crate::bundle::{MANIFEST_FILE, OWN_FILES, TEXTS, WORKLOAD_FILE};
use crate::verify::finding::{Fault, WHOLE_FILE, unreadable};
use crate::verify::workload::Proven;
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Enters what is wrong with them; gives notes on texts that are others. `named` is the workload that
/// the results are held against, where it is not the one beside them.
pub fn check(
    directory: &Path,
    named: Option<&Path>,
    proven: Option<&Proven>,
    faults: &mut Vec<Fault>,
) -> Vec<String> {
    let beside = directory.join(WORKLOAD_FILE);
    if let (Some(named), Ok(_)) = (named, beside.symlink_metadata()) {
        let what = match same(named, &beside) {
            Ok(true) => None,
            Ok(false) => Some(format!("is not the same file as {}", named.display())),
            Err(error) => Some(unreadable(&error)),
        };
        faults.extend(what.map(|what| fault(WORKLOAD_FILE, WHOLE_FILE, &what)));
    }
    let manifest = regular_file::read(&directory.join(MANIFEST_FILE), MAX_DOCUMENT_BYTES);
    match (proven, manifest) {
        (Some(proven), Ok(manifest)) if manifest != proven.manifest_bytes() => {
            let own = proven.manifest_bytes();
            let differs = manifest.iter().zip(own).position(|(a, b)| a != b);
            let place = differs.unwrap_or(manifest.len().min(own.len()));
            let what = "is not the manifest that the workload holds";
            faults.push(fault(MANIFEST_FILE, &format!("offset {place}"), what));
        }
        (Some(_), Err(error)) if error.kind() != ErrorKind::NotFound => {
            faults.push(fault(MANIFEST_FILE, WHOLE_FILE, &unreadable(&error)));
        }
        _ => (),
    }
    if !beside.exists() {
        return Vec::new();
    }
    let others = TEXTS.iter().filter(|(name, text)| {
        let path = directory.join(name);
        let is_other =
            || !is_regular(&path) || std::fs::read(&path).ok().as_deref() != Some(text.as_bytes());
        path.symlink_metadata().is_ok() && is_other()
    });
    others
        .map(|(name, _)| format!("{name}: not that of this version of the program"))
        .collect()
}

/// Names at the top that no statement need speak of: they were looked at here.
pub fn known(directory: &Path) -> &'static [&'static str] {
    match directory.join(WORKLOAD_FILE).exists() {
        true => &OWN_FILES,
        false => &[],
    }
}

fn same(named: &Path, beside: &Path) -> io::Result<bool> {
    if !is_regular(beside) {
        return Err(io::Error::other("not a regular file"));
    }
    Ok(file_sha256(named)? == file_sha256(beside)?)
}

fn fault(file: &str, place: &str, what: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        place: place.to_owned(),
        what: what.to_owned(),
    }
}
