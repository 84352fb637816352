//! The files that a spec names: traces, and histograms. Each is read once and known by its hash.

use crate::dataset::fit::Fitted;
use crate::dataset::{DataError, DataSet};
use crate::plan::{PlanError, PopulationTraces, Replayed};
use crate::spec::{self, Lengths, Load, Spec, TraceFormat, TraceRef};
use crate::text::tokenizer::Tokenizer;
use schemas::hex;
use schemas::manifest::InputFile;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
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

/// Why a trace or data set is no input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The one that the spec calls so cannot be opened or read.
    #[error("{1}")]
    Open(String, Box<TraceError>),
    /// It is wrong.
    #[error(transparent)]
    Trace(Box<TraceError>),
    /// The data set that the spec calls so is wrong, or cannot be had.
    #[error("{1}")]
    Set(String, Box<DataError>),
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
            Self::Set(_, error) => error.is_users_fault(),
            Self::Plan(_) => true,
        }
    }
}

/// Reads the traces of each population. Relative names are looked up from `directory`.
pub fn read_traces(spec: &Spec, directory: &Path) -> Result<Vec<PopulationTraces>, InputError> {
    let mut traces = Traces {
        directory,
        read: Vec::new(),
    };
    let populations = spec.populations.iter();
    populations
        .map(|population| traces.of_population(population))
        .collect()
}

/// Reads the data set of each population into its `traces`; a path that several populations name
/// in the same words is read once. Relative names are looked up from `directory`.
pub fn read_sets(
    spec: &Spec,
    directory: &Path,
    tokenizer: &Tokenizer,
    traces: &mut [PopulationTraces],
) -> Result<(), InputError> {
    let mut read: Vec<(&spec::SetRef, Arc<DataSet>)> = Vec::new();
    for (population, traces) in spec.populations.iter().zip(traces) {
        let Some(named) = &population.data.set else {
            continue;
        };
        let error = |error| InputError::Set(named.path.clone(), Box::new(error));
        let is_same = |set: &spec::SetRef| set.path == named.path && set.kind == named.kind;
        let known = read.iter().find(|(set, _)| is_same(set));
        let set = match known {
            Some((_, set)) => Arc::clone(set),
            None => {
                let set = DataSet::read(named.kind, &directory.join(&named.path), tokenizer);
                let set = Arc::new(set.map_err(error)?);
                read.push((named, Arc::clone(&set)));
                set
            }
        };
        let fitted = Fitted::new(set, population, tokenizer).map_err(error)?;
        traces.set = Some(fitted);
    }
    Ok(())
}

/// The traces so far: a file that several populations name is read and kept once.
struct Traces<'s> {
    directory: &'s Path,
    read: Vec<(&'s TraceRef, Replayed)>,
}

impl<'s> Traces<'s> {
    fn of_population(
        &mut self,
        population: &'s spec::Population,
    ) -> Result<PopulationTraces, InputError> {
        let mut traces = PopulationTraces::default();
        if let Load::Trace { trace: named, .. } = &population.load {
            traces.replayed = Some(self.trace(named)?);
        }
        if let Lengths::FromOtherTrace(named) = &population.data.lengths {
            let lengths = self.rows(named)?;
            refuse_same(named, &traces, &lengths)?;
            traces.lengths = Some(lengths);
        }
        Ok(traces)
    }

    fn trace(&mut self, named: &'s TraceRef) -> Result<Replayed, InputError> {
        let is_same = |read: &TraceRef| read.file == named.file && read.format == named.format;
        if let Some((_, trace)) = self.read.iter().find(|(read, _)| is_same(read)) {
            return Ok(trace.clone());
        }
        let trace = read_trace(named, self.directory)?;
        self.read.push((named, trace.clone()));
        Ok(trace)
    }

    fn rows(&mut self, named: &'s TraceRef) -> Result<Arc<Trace>, InputError> {
        match self.trace(named)? {
            Replayed::Rows(trace) => Ok(trace),
            Replayed::Clients(_) => Err(InputError::Plan(PlanError::Unfit {
                file: named.file.clone(),
                what: "a population of clients has no rows to take lengths from",
                remedy: "replay it with `load.trace` too, or take lengths from another trace",
            })),
        }
    }
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

fn read_trace(named: &TraceRef, directory: &Path) -> Result<Replayed, InputError> {
    // An absolute path stays as it is.
    let path = directory.join(&named.file);
    let rows = match &named.format {
        TraceFormat::ServeGen => {
            let clients = servegen::read_directory(&path);
            let clients = clients.map_err(|error| InputError::of(named, error))?;
            return Ok(Replayed::Clients(Arc::new(clients)));
        }
        TraceFormat::Azure => azure::read_file(&path),
        TraceFormat::Mooncake { block_tokens } => mooncake::read_file(&path, *block_tokens),
        TraceFormat::BurstGpt => burstgpt::read_file(&path),
        TraceFormat::Bailian { block_tokens } => bailian::read_file(&path, *block_tokens),
        TraceFormat::Table(format) => table::read_file(&path, format),
    };
    let rows = rows.map_err(|error| InputError::of(named, error))?;
    Ok(Replayed::Rows(Arc::new(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_that_two_populations_name_is_read_once() {
        let population = |name: &str, options: &str| {
            let trace = "file: azure_code_sample.csv, format: AzurePublicDataset";
            format!(
                "- {{name: {name}, load: {{type: trace_replay, trace: {{{trace}{options}}}}}}}\n"
            )
        };
        let spec = format!(
            "models: m\npopulations:\n{}{}",
            population("a", ""),
            population("b", ", speed: 2")
        );
        let spec = Spec::parse(&spec, "s.yaml", &[], &mut |_| unreachable!()).unwrap();
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/data");
        let traces = read_traces(&spec, &directory).unwrap();
        let rows = |traces: &PopulationTraces| match &traces.replayed {
            Some(Replayed::Rows(rows)) => Arc::clone(rows),
            other => panic!("{other:?}"),
        };
        assert!(Arc::ptr_eq(&rows(&traces[0]), &rows(&traces[1])));
    }
}
