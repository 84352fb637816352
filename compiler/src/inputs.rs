//! The files that a spec names: traces, and histograms. Each is read once and known by its hash.

use crate::plan::{PlanError, PopulationTraces, Replayed};
use crate::spec::{self, Lengths, Load, Spec, TraceFormat, TraceRef};
use schemas::hex;
use schemas::manifest::InputFile;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use traces::{Trace, TraceError, azure, bailian, burstgpt, mooncake, servegen, table};

/// Longest histogram file, in bytes.
const MAX_INPUT_BYTES: u64 = 64 * 1024 * 1024;

/// Reads the small files that a spec names, and remembers them for the manifest.
pub struct Inputs<'d> {
    directory: &'d Path,
    /// In order of first use.
    pub read: Vec<InputFile>,
}

impl<'d> Inputs<'d> {
    /// Relative names are looked up from `directory`.
    pub fn new(directory: &'d Path) -> Self {
        Self {
            directory,
            read: Vec::new(),
        }
    }

    /// The bytes of `file`.
    pub fn bytes(&mut self, file: &str) -> io::Result<Vec<u8>> {
        let refuse = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let path = self.directory.join(file);
        // Before it is opened: a pipe would wait for somebody who writes.
        if !std::fs::metadata(&path)?.is_file() {
            return refuse("not a regular file".to_owned());
        }
        let mut bytes = Vec::new();
        let limited = File::open(path)?.take(MAX_INPUT_BYTES + 1);
        { limited }.read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_INPUT_BYTES {
            return refuse(format!("longer than the limit of {MAX_INPUT_BYTES} bytes"));
        }
        if !self.read.iter().any(|input| input.file == file) {
            self.read.push(InputFile {
                file: file.to_owned(),
                sha256: hex(&Sha256::digest(&bytes)),
                bytes: bytes.len() as u64,
            });
        }
        Ok(bytes)
    }
}

/// Why a trace is no input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The one that the spec calls so cannot be opened or read.
    #[error("{1}")]
    Open(String, Box<TraceError>),
    /// It is wrong.
    #[error(transparent)]
    Trace(Box<TraceError>),
    /// It cannot do what the spec asks of it.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl InputError {
    fn of(named: &TraceRef, error: TraceError) -> Self {
        match error {
            TraceError::Io { .. } => Self::Open(named.file.clone(), Box::new(error)),
            error => Self::Trace(Box::new(error)),
        }
    }

    /// Whether the user's input is wrong, rather than the world having failed.
    pub fn is_users_fault(&self) -> bool {
        match self {
            Self::Open(_, error) | Self::Trace(error) => error.is_users_fault(),
            Self::Plan(_) => true,
        }
    }
}

/// Reads the traces of each population. Relative names are looked up from `directory`.
pub fn read_traces(spec: &Spec, directory: &Path) -> Result<Vec<PopulationTraces>, InputError> {
    spec.populations
        .iter()
        .map(|population| read_traces_of(population, directory))
        .collect()
}

fn read_traces_of(
    population: &spec::Population,
    directory: &Path,
) -> Result<PopulationTraces, InputError> {
    let mut traces = PopulationTraces::default();
    if let Load::Trace { trace: named, .. } = &population.load {
        traces.replayed = Some(match named.format {
            TraceFormat::ServeGen => {
                let read = servegen::read_directory(&path_of(named, directory));
                Replayed::Clients(read.map_err(|error| InputError::of(named, error))?)
            }
            _ => Replayed::Rows(read_rows(named, directory)?),
        });
    }
    if let Lengths::FromOtherTrace(named) = &population.data.lengths {
        let lengths = read_rows(named, directory)?;
        refuse_same(named, &traces, &lengths)?;
        traces.lengths = Some(lengths);
    }
    Ok(traces)
}

/// A file that is replayed under one name and gives lengths under another: which row's lengths a
/// request has would depend on how the file is spelled.
fn refuse_same(
    named: &TraceRef,
    traces: &PopulationTraces,
    lengths: &Trace,
) -> Result<(), InputError> {
    match &traces.replayed {
        Some(Replayed::Rows(replayed)) if replayed.sha256 == lengths.sha256 => {
            Err(InputError::Plan(PlanError::Unfit {
                file: named.file.clone(),
                what: "`data.trace` is the file that `load.trace` replays, under another name or \
                       with other options",
                remedy: "name it in the same words, without options, so that each request has \
                         its own row's lengths",
            }))
        }
        _ => Ok(()),
    }
}

/// An absolute path stays as it is.
fn path_of(named: &TraceRef, directory: &Path) -> PathBuf {
    directory.join(&named.file)
}

fn read_rows(named: &TraceRef, directory: &Path) -> Result<Trace, InputError> {
    let path = path_of(named, directory);
    let trace = match &named.format {
        TraceFormat::Azure => azure::read_file(&path),
        TraceFormat::Mooncake { block_tokens } => mooncake::read_file(&path, *block_tokens),
        TraceFormat::BurstGpt => burstgpt::read_file(&path),
        TraceFormat::Bailian { block_tokens } => bailian::read_file(&path, *block_tokens),
        TraceFormat::Table(format) => table::read_file(&path, format),
        TraceFormat::ServeGen => {
            return Err(InputError::Plan(PlanError::Unfit {
                file: named.file.clone(),
                what: "a population of clients has no rows to take lengths from",
                remedy: "replay it with `load.trace` too, or take lengths from another trace",
            }));
        }
    };
    trace.map_err(|error| InputError::of(named, error))
}
