//! What must hold before a workload can be compiled again: the same algorithm, the same inputs.

use crate::compile::ALGORITHM;
use crate::text::tokenizer::resolve;
use schemas::hex;
use schemas::layout::Section;
use schemas::manifest::{Compiler, Manifest};
use schemas::reader::Workload;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs::{DirBuilder, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use traces::servegen;

/// Bytes of a file that are hashed at a time.
const READ_BYTES: usize = 256 * 1024;

/// An input that is not what the workload was made of.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongInput {
    /// The file as the spec, or a data set, names it.
    pub name: String,
    /// SHA-256 in the manifest, hexadecimal.
    pub said: String,
    /// SHA-256 of what is there, or why that cannot be told.
    pub found: Result<String, String>,
}

impl fmt::Display for WrongInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, said) = (&self.name, &self.said);
        match &self.found {
            Ok(found) => write!(f, "{name}: has sha256 {found}, needed is {said}"),
            Err(why) => write!(f, "{name}: needed is sha256 {said}: {why}"),
        }
    }
}

/// The part of a manifest that every version of it has.
#[derive(Deserialize)]
struct Origin {
    compiler: Compiler,
}

/// Whether this program makes the bytes that the workload's compiler made. Reads nothing else of
/// the manifest, which another algorithm may have written in another shape.
///
/// # Errors
/// Which program to use, in words.
pub fn check_compiler(workload: &Workload) -> Result<(), String> {
    let origin = serde_json::from_slice(workload.section(Section::Manifest));
    let Ok(Origin { compiler }) = origin else {
        return Err("the manifest does not say which program made the file".to_owned());
    };
    let Compiler {
        name,
        version,
        algorithm,
    } = compiler;
    if name != "wlc" {
        return Err(format!(
            "made by {name} {version}, not by wlc\n  help: only the program that made a file can make it again; `wlc verify` checks it as it is"
        ));
    }
    if algorithm != ALGORITHM {
        return Err(format!(
            "made by wlc {version} with algorithm {algorithm}; this is algorithm {ALGORITHM}, which makes other bytes of the same inputs\n  help: use wlc {version}"
        ));
    }
    Ok(())
}

/// Holds every file that the workload was made of against its hash; names are looked up from
/// `directory`.
///
/// # Errors
/// All that are missing or have another hash.
pub fn check_inputs(manifest: &Manifest, directory: &Path) -> Result<(), Vec<WrongInput>> {
    let mut wrong = Vec::new();
    let mut check = |name: &str, said: &str, found: Result<String, String>| {
        let input = WrongInput {
            name: name.to_owned(),
            said: said.to_owned(),
            found,
        };
        // What two populations name is told once.
        if input.found.as_deref() != Ok(said) && !wrong.contains(&input) {
            wrong.push(input);
        }
    };
    for trace in &manifest.traces {
        let path = directory.join(&trace.file);
        let found = if path.is_dir() {
            let fingerprint = servegen::fingerprint(&path);
            fingerprint
                .map(|(sha256, _)| hex(&sha256))
                .map_err(|e| e.to_string())
        } else {
            sha256_of(&path)
        };
        check(&trace.file, &trace.sha256, found);
    }
    for input in &manifest.inputs {
        check(
            &input.file,
            &input.sha256,
            sha256_of(&directory.join(&input.file)),
        );
    }
    if let Some(said) = &manifest.tokenizer.sha256 {
        let name = &manifest.tokenizer.name;
        let path = resolve(name, directory, &|name| std::env::var_os(name));
        let found = path
            .map_err(|e| e.to_string())
            .and_then(|path| sha256_of(&path));
        check(name, said, found);
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong),
    }
}

fn sha256_of(path: &Path) -> Result<String, String> {
    let hash = || {
        // Before it is opened: a pipe would wait for somebody who writes.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut reader = BufReader::with_capacity(READ_BYTES, File::open(path)?);
        let mut hasher = Sha256::new();
        loop {
            let bytes = reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(hex(&hasher.finalize()));
            }
            hasher.update(bytes);
            let taken = bytes.len();
            reader.consume(taken);
        }
    };
    hash().map_err(|error: io::Error| format!("cannot be read: {error}"))
}

/// Whether two manifests say the same but for the release of the program.
pub fn is_same_but_release(a: &Manifest, b: &Manifest) -> bool {
    let unreleased = |manifest: &Manifest| {
        let mut manifest = manifest.clone();
        manifest.compiler.version.clear();
        manifest
    };
    unreleased(a) == unreleased(b)
}

/// A directory of this process alone among the system's temporary files; removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes one, which nobody else may read.
    ///
    /// # Errors
    /// What the system said, with the path and how to name another.
    pub fn new() -> Result<Self, String> {
        let mut attempt = 0;
        loop {
            let name = format!("wlc-reproduce-{}-{attempt}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path }),
                // Left by a killed process that had this one's number, or another thread's.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => {
                    let path = path.display();
                    return Err(format!(
                        "{path}: cannot be made: {error}\n  help: name another directory for temporary files by TMPDIR"
                    ));
                }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing better can be done here than to leave it.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
