//! From a spec's text to a workload file: reads what the spec names, plans, materialises, writes.

use crate::dataset::{DataError, Medium, MediumKind};
use crate::inputs::{InputError, Inputs, read_sets, read_traces};
use crate::materialise::error::MakeError;
use crate::materialise::{self, Made, MediaPools, Totals, materialise};
use crate::media::{self, MediaError};
use crate::notes::{Counted, notes};
use crate::plan::{Plan, Population};
use crate::provenance::Provenance;
use crate::rng::Seed;
use crate::spec::{ImageSource, Spec, SpecError, TokenizerKind, TokenizerRef};
use crate::text::corpora::{Corpora, CorporaError};
use crate::text::salt::salt;
use crate::text::tokenizer::{Tokenizer, TokenizerError, resolve};
use rayon::prelude::*;
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
    /// Media cannot be had.
    #[error("{place}{error}")]
    Media {
        place: String,
        error: Box<MediaError>,
    },
    /// A body cannot be made as the spec asks.
    #[error("{place}{error}")]
    Make { place: String, error: MakeError },
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

    /// An error about bodies, with the place of the key that they cannot be made by.
    fn make_error(&self, error: MakeError) -> CompileError {
        let key = match &error {
            MakeError::TooShortToBeUnique { .. } => "unique:",
            MakeError::NoSalt => "salt:",
            MakeError::Text(_) | MakeError::Write(_) => "",
        };
        let place = self.place_of(key);
        match error {
            MakeError::Write(error) => CompileError::Write(error),
            error => CompileError::Make { place, error },
        }
    }

    /// An error about a trace, with its place in the spec unless it has one in the trace.
    fn input_error(&self, error: InputError) -> CompileError {
        let place = match &error {
            InputError::Plan(error) => self.place_of(error.file()),
            InputError::Open(named, _) => self.place_of(named),
            // Any other error has a place in the file.
            InputError::Set(named, error) => match **error {
                DataError::Source(_) => self.place_of(named),
                _ => String::new(),
            },
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
    let mut traces = read_traces(&spec, job.directory).map_err(|error| job.input_error(error))?;
    read_sets(&spec, job.directory, &tokenizer, &mut traces)
        .map_err(|error| job.input_error(error))?;
    let plan = Plan::new(&spec, seed, &traces)
        .map_err(|error| job.input_error(InputError::Plan(error)))?;
    let blocks = plan.populations.iter().any(|p| p.blocks().is_some());
    let corpora = Corpora::new(spec.populations.iter(), seed, &tokenizer, blocks);
    let corpora = corpora.map_err(|error| match error {
        CorporaError::Words(error) => tokenizer_error(error),
        CorporaError::Corpus { name, error } => CompileError::Tokenizer {
            place: job.place_of(&name),
            error,
        },
    })?;
    let salted = spec.populations.iter().any(|p| p.data.front.salt);
    let salt = salted.then(|| salt(&corpora.words).ok_or(MakeError::NoSalt));
    let salt = salt.transpose().map_err(|error| job.make_error(error))?;
    let media = media_pools(&plan, seed, job)?;
    let mut writer = WorkloadWriter::create(job.target)?;
    let expected = plan.expected_arrivals();
    let bytes_job = materialise::Job {
        plan: &plan,
        server: spec.server,
        corpora: &corpora,
        media: &media,
        salt: salt.as_ref(),
        seed,
    };
    let made = materialise(&bytes_job, &mut writer, &mut |done| go_on(done, expected));
    let made = made.map_err(|error| job.make_error(error))?;
    let Made {
        tables,
        stages,
        totals,
        shared_leads,
        late_cancels,
        exceeded,
    } = made.ok_or(CompileError::Interrupted)?;
    if totals.requests == 0 {
        return Err(CompileError::Empty {
            file: job.spec_name.to_owned(),
        });
    }
    let counted = Counted {
        shared_leads,
        late_cancels,
        exceeded,
    };
    let notes = notes(&spec, &plan, &traces, &counted);
    let provenance = Provenance {
        job,
        spec: &spec,
        seed,
        plan: &plan,
        traces: &traces,
        inputs: inputs.read,
        tokenizer: &tokenizer,
        corpora: &corpora,
        media: &media,
        salt,
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

/// The images and clips of each population.
fn media_pools(plan: &Plan, seed: Seed, job: &Job) -> Result<Vec<MediaPools>, CompileError> {
    let mut pools = Vec::with_capacity(plan.populations.len());
    for population in &plan.populations {
        let (data, prefix) = (&population.spec.data, population.prefix());
        let folder = match data.images.as_ref().map(|images| &images.source) {
            Some(ImageSource::Folder(folder)) => folder,
            _ => "",
        };
        let images = data.images.as_ref();
        let images = images.map(|images| media::images::pool(images, seed, prefix, job.directory));
        let audio = data.audio.as_ref();
        let audio = audio.map(|audio| media::audio::pool(audio, seed, prefix));
        let media_error = |error: MediaError| CompileError::Media {
            place: job.place_of(match &error {
                MediaError::PoolTooLarge { kind: "clips", .. } => "audio:",
                MediaError::PoolTooLarge { .. } => "images:",
                _ => folder,
            }),
            error: Box::new(error),
        };
        pools.push(MediaPools {
            images: images.transpose().map_err(media_error)?.unwrap_or_default(),
            audio: audio.transpose().map_err(media_error)?.unwrap_or_default(),
            named: named_media(population, job)?,
        });
    }
    Ok(pools)
}

/// The media that a population's data set names, looked up beside its file.
fn named_media(population: &Population, job: &Job) -> Result<Vec<media::Reference>, CompileError> {
    let Some(set) = &population.set else {
        return Ok(Vec::new());
    };
    let set = &set.fitted.set;
    let read = |medium: &Medium| {
        let (file, line, column) = medium.place;
        let file = &set.files[file as usize].file;
        let directory = Path::new(file).parent().unwrap_or(job.directory);
        let read = match medium.kind {
            MediumKind::Image => media::file::image(&medium.reference, directory),
            MediumKind::Audio => media::file::audio(&medium.reference, directory),
        };
        read.map_err(|error| CompileError::Media {
            place: format!("{file}:{line}:{column}: "),
            error: Box::new(error),
        })
    };
    set.media.par_iter().map(read).collect()
}

/// 53 random bits: every JSON reader keeps such a number exactly.
fn seed_of_the_system() -> Result<u64, CompileError> {
    use rand::TryRng;
    let drawn = rand::rngs::SysRng.try_next_u64();
    drawn
        .map(|bits| bits >> 11)
        .map_err(|error| CompileError::Entropy(error.to_string()))
}

/// The tokenizer that the spec names, or the embedded o200k_base.
fn tokenizer(named: Option<&TokenizerRef>, directory: &Path) -> Result<Tokenizer, TokenizerError> {
    let Some(named) = named else {
        return Ok(Tokenizer::o200k_base());
    };
    match named.kind {
        TokenizerKind::O200kBase => return Ok(Tokenizer::o200k_base()),
        TokenizerKind::Cl100kBase => return Ok(Tokenizer::cl100k_base()),
        TokenizerKind::File => {}
    }
    let path = resolve(&named.name, directory, &|name| std::env::var_os(name))?;
    Tokenizer::from_file(&path, &named.name)
}
