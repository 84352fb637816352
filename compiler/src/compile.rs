//! From a spec's text to a workload file: reads what the spec names, plans, materialises, writes.

use crate::inputs::{InputError, Inputs, read_traces};
use crate::materialise::{self, Made, Totals, materialise};
use crate::notes::notes;
use crate::plan::Plan;
use crate::provenance::Provenance;
use crate::rng::Seed;
use crate::spec::{Spec, SpecError, TokenizerRef};
use crate::text::corpus::Corpus;
use crate::text::tokenizer::{Tokenizer, TokenizerError, resolve};
use schemas::error::WriteError;
use schemas::writer::{Finished, WorkloadWriter};
use std::path::Path;
use thiserror::Error;
use traces::TraceError;

/// Version of the algorithms that decide a workload's bytes. Programs with the same number make
/// the same bytes of the same inputs; a change that moves a golden hash raises it.
pub const ALGORITHM: u32 = 3;

/// What to compile.
#[derive(Clone, Debug)]
pub struct Job<'j> {
    /// The spec's text.
    pub spec_text: &'j str,
    /// The spec's name in messages.
    pub spec_name: &'j str,
    /// Files that the spec names are looked up from here.
    pub directory: &'j Path,
    /// `--set` overrides.
    pub sets: &'j [String],
    /// Replaces the spec's seed.
    pub seed: Option<u64>,
    /// Where the workload goes.
    pub target: &'j Path,
}

/// What was compiled.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Hashes and length of the file.
    pub finished: Finished,
    /// The seed in use.
    pub seed: u64,
    /// End of the last stage whose times are known beforehand, in ns from t0.
    pub duration_ns: u64,
    /// Sums over the requests.
    pub totals: Totals,
    /// What the user should know although nothing is wrong.
    pub notes: Vec<String>,
}

/// Why nothing was compiled. No file is left behind.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The spec is wrong.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A trace is wrong; the error has the line in it.
    #[error(transparent)]
    Trace(Box<TraceError>),
    /// A trace cannot be had, or cannot do what the spec asks of it.
    #[error("{place}{error}")]
    Input {
        place: String,
        error: Box<InputError>,
    },
    /// There is no such tokenizer, or it is none.
    #[error("{place}{error}")]
    Tokenizer {
        place: String,
        error: TokenizerError,
    },
    /// The plan holds no request.
    #[error(
        "{file}: no request falls into the stages\n  help: raise a rate or a duration, or choose another seed"
    )]
    Empty { file: String },
    /// The workload cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The operating system gave no random seed.
    #[error("the operating system gave no random seed: {0}\n  help: set one with --seed N")]
    Entropy(String),
    /// The user stopped it.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

impl Job<'_> {
    /// What stands in front of an error about a file that the spec names: where it names it first.
    /// Nothing if it does not, because an override does.
    fn place_of(&self, file: &str) -> String {
        let Some(at) = self.spec_text.find(file).filter(|_| !file.is_empty()) else {
            return String::new();
        };
        let before = &self.spec_text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("{}:{line}:{column}: ", self.spec_name)
    }

    /// An error about a trace, with its place in the spec unless it has one in the trace.
    fn input_error(&self, error: InputError) -> CompileError {
        let place = match &error {
            InputError::Plan(error) => self.place_of(error.file()),
            InputError::Open(named, _) => self.place_of(named),
            InputError::Trace(_) => String::new(),
        };
        match error {
            InputError::Trace(error) => CompileError::Trace(error),
            error => {
                let error = Box::new(error);
                CompileError::Input { place, error }
            }
        }
    }
}

/// Compiles. `go_on` is told how many arrivals of about how many are done and says whether to go
/// on.
pub fn compile(
    job: &Job,
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Compiled, CompileError> {
    let mut inputs = Inputs::new(job.directory);
    let spec = Spec::parse(job.spec_text, job.spec_name, job.sets, &mut |file| {
        inputs.bytes(file)
    })?;
    let seed = Seed(job.seed.or(spec.seed).map_or_else(seed_of_the_system, Ok)?);
    let tokenizer_error = |error| CompileError::Tokenizer {
        place: spec
            .tokenizer
            .as_ref()
            .map_or(String::new(), |named| job.place_of(&named.name)),
        error,
    };
    let tokenizer = tokenizer(spec.tokenizer.as_ref(), job.directory).map_err(tokenizer_error)?;
    let traces = read_traces(&spec, job.directory).map_err(|error| job.input_error(error))?;
    let plan = Plan::new(&spec, seed, &traces)
        .map_err(|error| job.input_error(InputError::Plan(error)))?;
    let words = tokenizer.words().map_err(tokenizer_error)?;
    let mut corpus = Corpus::generate(seed, &words);
    if plan.populations.iter().any(|p| p.blocks().is_some()) {
        corpus.append_lexicon(words.iter().map(String::as_str));
    }
    let mut writer = WorkloadWriter::create(job.target)?;
    let expected = plan.expected_arrivals();
    let bytes_job = materialise::Job {
        plan: &plan,
        server: spec.server,
        corpus: &corpus,
        seed,
    };
    let made = materialise(&bytes_job, &mut writer, &mut |done| go_on(done, expected))?;
    let Made {
        tables,
        stages,
        totals,
        shared_leads,
        late_cancels,
    } = made.ok_or(CompileError::Interrupted)?;
    if totals.requests == 0 {
        return Err(CompileError::Empty {
            file: job.spec_name.to_owned(),
        });
    }
    let notes = notes(&spec, &plan, &traces, shared_leads, late_cancels);
    let provenance = Provenance {
        job,
        spec: &spec,
        seed,
        plan: &plan,
        traces: &traces,
        inputs: inputs.read,
        tokenizer: &tokenizer,
        corpus: &corpus,
        vocabulary_words: words.len(),
    };
    let manifest = provenance.manifest();
    Ok(Compiled {
        finished: writer.finish(&tables, &stages, &manifest)?,
        seed: seed.0,
        duration_ns: plan.duration_ns(),
        totals,
        notes,
    })
}

/// 53 random bits: every JSON reader keeps such a number exactly.
fn seed_of_the_system() -> Result<u64, CompileError> {
    use rand::TryRng;
    let drawn = rand::rngs::SysRng.try_next_u64();
    drawn
        .map(|bits| bits >> 11)
        .map_err(|error| CompileError::Entropy(error.to_string()))
}

/// The tokenizer that the spec names, or the one inside the program.
fn tokenizer(named: Option<&TokenizerRef>, directory: &Path) -> Result<Tokenizer, TokenizerError> {
    let Some(named) = named else {
        return Ok(Tokenizer::o200k_base());
    };
    let path = resolve(&named.name, directory, &|name| std::env::var_os(name))?;
    Tokenizer::from_file(&path, &named.name)
}
