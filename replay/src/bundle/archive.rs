//! One archive of a run or a sweep that explains itself: results, workload, specifications.
//!
//! The same files give the same bytes, wherever and whenever they are packed: members are sorted, owners
//! and times fixed. Refuses results whose statement is not true any more, and another workload.

use crate::bundle::signature::not_true;
use crate::bundle::{BUNDLE_FILE, BundleError, Kind, SIGNATURE_FILE, Subject, check, read};
use crate::exit::Failure;
use crate::run_info::RunInfo;
use anyhow::{Context, ensure};
use schemas::documents;
use schemas::hex;
use schemas::layout::Section;
use schemas::reader::Workload;
use schemas::temporary::TemporaryFile;
use schemas::verify::verify;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Name of the workload in an archive, and where `replay verify` looks for it.
pub const WORKLOAD_FILE: &str = "workload.wlc";
/// Name of the workload's manifest in an archive.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Names in an archive that no statement covers: they are in the workload, or in the programs.
pub const OWN_FILES: [&str; 5] = [
    WORKLOAD_FILE,
    MANIFEST_FILE,
    "WORKLOAD.md",
    "RESULTS.md",
    "README.md",
];

/// Those of them that are the same in every archive of this version.
pub const TEXTS: [(&str, &str); 3] = [
    ("WORKLOAD.md", documents::WORKLOAD),
    ("RESULTS.md", documents::RESULTS),
    ("README.md", README),
];

const README: &str = include_str!("archive_readme.md");
/// How hard zstd tries: beyond, it takes many times as long for a few percent.
const LEVEL: i32 = 9;
/// Time of every member: 1980-01-01, the earliest that common tools do not warn of.
const MEMBER_TIME_S: u64 = 315_532_800;

/// What a member holds.
enum Content<'a> {
    File(PathBuf),
    Bytes(&'a [u8]),
}

/// Members by their names below the archive's one directory.
type Members<'a> = BTreeMap<String, Content<'a>>;

/// Packs a closed directory and the workload that was fired, all below one directory with the beginning
/// of the content hash as its name.
pub fn archive(directory: &Path, workload: &Path, output: &Path) -> Result<(), Failure> {
    if std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Failure::wrong_input(format!(
            "-o {}: no regular file; name one that is not there, or may be replaced",
            output.display()
        )));
    }
    check(directory).map_err(|wrong| not_true(directory, &wrong))?;
    let mut members = Members::new();
    let mut runs = Vec::new();
    collect(directory, "", &mut members, &mut runs).map_err(Failure::wrong_input)?;
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::wrong_input(format!(
            "{}: {error}\n  help: name the very file that was fired with --workload",
            workload.display()
        ))
    };
    let opened = Workload::open(workload).map_err(|error| wrong(&error))?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    verify(&opened, threads, &|_| ()).map_err(|error| wrong(&error))?;
    let footer_hash = hex(&opened.footer_hash());
    for run in runs {
        let info = RunInfo::read(&run).map_err(Failure::wrong_input)?;
        if info.workload.footer_hash != footer_hash {
            return Err(wrong(&format!("{} fired another workload", run.display())));
        }
    }
    let own = [
        (WORKLOAD_FILE, Content::File(workload.to_owned())),
        (
            MANIFEST_FILE,
            Content::Bytes(opened.section(Section::Manifest)),
        ),
    ];
    let texts = TEXTS.map(|(name, text)| (name, Content::Bytes(text.as_bytes())));
    let own = own.into_iter().chain(texts);
    members.extend(own.map(|(name, content)| (name.to_owned(), content)));
    write(output, &hex(&opened.content_hash()[..6]), &members)
        .map_err(|error| Failure::world(format!("cannot write {}: {error:#}", output.display())))
}

/// Adds a directory's statement, its signature and its subjects, those of a sweep's loads in turn; and
/// to `runs` the directories that hold one.
fn collect(
    directory: &Path,
    prefix: &str,
    members: &mut Members<'_>,
    runs: &mut Vec<PathBuf>,
) -> Result<(), BundleError> {
    let statement = read(directory)?;
    if statement.kind == Kind::Run {
        runs.push(directory.to_owned());
    }
    let mut names = vec![BUNDLE_FILE.to_owned()];
    if directory.join(SIGNATURE_FILE).exists() {
        names.push(SIGNATURE_FILE.to_owned());
    }
    for Subject { name, .. } in statement.subjects {
        match name.split_once('/') {
            Some((load, _)) => {
                collect(
                    &directory.join(load),
                    &format!("{prefix}{load}/"),
                    members,
                    runs,
                )?;
            }
            None => names.push(name),
        }
    }
    for name in names {
        let content = Content::File(directory.join(&name));
        members.insert(format!("{prefix}{name}"), content);
    }
    Ok(())
}

fn write(output: &Path, top: &str, members: &Members<'_>) -> anyhow::Result<()> {
    let file = BufWriter::new(TemporaryFile::beside(output)?);
    let mut compressed = zstd::Encoder::new(file, LEVEL)?;
    compressed.include_checksum(true)?;
    let mut archive = tar::Builder::new(compressed);
    for (name, content) in members {
        let path = format!("{top}/{name}");
        match content {
            Content::Bytes(bytes) => append(&mut archive, &path, bytes.len() as u64, *bytes)?,
            Content::File(from) => {
                let file = File::open(from).with_context(|| from.display().to_string())?;
                append(&mut archive, &path, file.metadata()?.len(), file)?;
            }
        }
    }
    let file = archive.into_inner()?.finish()?.into_inner()?;
    Ok(file.keep_as(output)?)
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    bytes: u64,
    content: impl Read,
) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MEMBER_TIME_S);
    header.set_size(bytes);
    let mut content = content.take(bytes);
    archive.append_data(&mut header, path, &mut content)?;
    // A header that promises more than follows would make the rest unreadable.
    ensure!(content.limit() == 0, "{path} was cut off while it was read");
    Ok(())
}
