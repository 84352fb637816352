//! From a spec's text to a workload file: reads what the spec names, plans, materialises, writes.

use crate::materialise::{Totals, materialise};
use crate::payload::{Payload, stops_early};
use crate::plan::Plan;
use crate::rng::{Component, Seed};
use crate::spec::{Load, Server, Spec, SpecError, TraceFormat, TraceRef};
use crate::text::corpus::Corpus;
use crate::text::tokenizer::{Tokenizer, TokenizerError};
use schemas::error::WriteError;
use schemas::hex;
use schemas::manifest::{self, Manifest, SpecSource, TraceSource};
use schemas::writer::{Finished, WorkloadWriter};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use thiserror::Error;
use traces::{Trace, TraceError};

/// Version of the algorithms that decide a workload's bytes. Programs with the same number make
/// the same bytes of the same inputs; a change that moves a golden hash raises it.
pub const ALGORITHM: u32 = 1;

/// What to compile.
#[derive(Clone, Debug)]
pub struct Job<'j> {
    /// The spec's text.
    pub spec_text: &'j str,
    /// The spec's name in messages.
    pub spec_name: &'j str,
    /// Trace files that the spec names are looked up from here.
    pub trace_directory: &'j Path,
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
    /// Number of requests.
    pub requests: u64,
    /// End of the last stage in ns from t0.
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
    /// A trace is wrong or cannot be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The tokenizer is wrong or has no words to make prompts of.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
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

/// Compiles. `go_on` is told how many requests of how many are written and says whether to go on.
pub fn compile(
    job: &Job,
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Compiled, CompileError> {
    let spec = Spec::parse(job.spec_text, job.spec_name, job.sets)?;
    let seed = Seed(job.seed.or(spec.seed).map_or_else(seed_of_the_system, Ok)?);
    let mut trace = match &spec.load {
        Load::TraceReplay(named) => Some((named, read_trace(named, job.trace_directory)?)),
        Load::Constant { .. } | Load::Poisson { .. } => None,
    };
    let plan = Plan::new(&spec, seed, trace.as_ref().map(|(_, trace)| trace));
    if let Some((_, trace)) = &mut trace {
        // The plan holds them now; only the account of them is needed further on.
        trace.events = Vec::new();
    }
    if plan.requests.is_empty() {
        return Err(CompileError::Empty {
            file: job.spec_name.to_owned(),
        });
    }
    let tokenizer = Tokenizer::o200k_base();
    let words = tokenizer.words()?;
    let vocabulary: Vec<&str> = words.iter().map(String::as_str).collect();
    let corpus = Corpus::generate(seed, &vocabulary);
    let payload = Payload {
        api: spec.api,
        server: spec.server,
        model: &spec.model.name,
    };
    let mut writer = WorkloadWriter::create(job.target)?;
    let total = plan.requests.len() as u64;
    let made = materialise(&plan, &payload, &corpus, seed, &mut writer, &mut |done| {
        go_on(done, total)
    })?;
    let (tables, stages, totals) = made.ok_or(CompileError::Interrupted)?;
    let sources = trace
        .iter()
        .map(|(named, trace)| trace_source(named, trace))
        .collect();
    let manifest = manifest(job, &spec, seed, &plan, &corpus, words.len(), sources);
    Ok(Compiled {
        finished: writer.finish(&tables, &stages, &manifest)?,
        seed: seed.0,
        requests: total,
        duration_ns: plan.duration_ns(),
        totals,
        notes: notes(&spec, trace.as_ref().map(|(_, trace)| trace)),
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

fn read_trace(named: &TraceRef, directory: &Path) -> Result<Trace, TraceError> {
    // An absolute path stays as it is.
    let path: PathBuf = directory.join(&named.file);
    match named.format {
        TraceFormat::AzurePublicDataset => traces::azure::read_file(&path),
    }
}

fn trace_source(named: &TraceRef, trace: &Trace) -> TraceSource {
    let accounting = &trace.accounting;
    let dropped = accounting.drops.iter().filter(|drops| drops.count > 0);
    TraceSource {
        file: named.file.clone(),
        format: named.format.name().to_owned(),
        sha256: hex(&trace.sha256),
        bytes: trace.bytes,
        rows_read: accounting.rows_read,
        emitted: accounting.emitted,
        dropped: dropped
            .map(|drops| (drops.reason.name().to_owned(), drops.count))
            .collect(),
        inversions: accounting.inversions,
        passes: 1,
        unlinked: 0,
        ignored_columns: accounting.ignored_columns.clone(),
    }
}

fn manifest(
    job: &Job,
    spec: &Spec,
    seed: Seed,
    plan: &Plan,
    corpus: &Corpus,
    vocabulary_words: usize,
    traces: Vec<TraceSource>,
) -> Manifest {
    let mut drawn_from: Vec<String> = plan
        .drawn_from
        .iter()
        .chain(&[Component::CorpusWords, Component::PromptCorpus])
        .map(|component| component.identifier().to_owned())
        .collect();
    drawn_from.sort_unstable();
    Manifest {
        compiler: manifest::Compiler {
            name: "wlc".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            algorithm: ALGORITHM,
        },
        seed: seed.0,
        spec: SpecSource {
            text: job.spec_text.to_owned(),
            sha256: hex(&Sha256::digest(job.spec_text)),
            sets: job.sets.to_vec(),
        },
        server: spec.server.map(|server| server_name(server).to_owned()),
        populations: vec![],
        hints: manifest::Hints::default(),
        inputs: vec![],
        traces,
        tokenizer: manifest::Tokenizer {
            name: Tokenizer::o200k_base().name().to_owned(),
            library: Tokenizer::o200k_base().library().to_owned(),
            sha256: None,
        },
        corpus: manifest::Corpus {
            name: "words".to_owned(),
            words: corpus.words().into(),
            vocabulary_words: vocabulary_words as u64,
            sha256: hex(&corpus.sha256()),
        },
        rng: manifest::Rng {
            algorithm: "ChaCha12, key SHA-256(\"{seed}:{identifier}\"), one stream for each item"
                .to_owned(),
            identifiers: drawn_from,
        },
    }
}

fn server_name(server: Server) -> &'static str {
    match server {
        Server::Vllm => "vllm",
        Server::Sglang => "sglang",
        Server::Tgi => "tgi",
    }
}

fn notes(spec: &Spec, trace: Option<&Trace>) -> Vec<String> {
    let mut notes = Vec::new();
    if stops_early(spec.server) {
        let why = match spec.server {
            Some(Server::Tgi) => "tgi documents no field that makes it ignore the end of text",
            _ => "no `server: {type: vllm|sglang}` is named, so no such extension is used",
        };
        notes.push(format!(
            "the server may answer with fewer tokens than asked: {why}"
        ));
    }
    for drops in trace
        .iter()
        .flat_map(|trace| &trace.accounting.drops)
        .filter(|drops| drops.count > 0)
    {
        let rows: Vec<String> = drops.first_rows.iter().map(u64::to_string).collect();
        notes.push(format!(
            "{} rows left out ({}): rows {} …",
            drops.count,
            drops.reason.name(),
            rows.join(", ")
        ));
    }
    if let Some(inversions) = trace
        .map(|trace| trace.accounting.inversions)
        .filter(|count| *count > 0)
    {
        notes.push(format!(
            "{inversions} rows stood before an earlier one and were sorted by time"
        ));
    }
    notes
}
