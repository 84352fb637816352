//! The manifest: how a workload came to be.

use crate::compile::{ALGORITHM, Job};
use crate::dataset::LeftOut as LeftOutOfSet;
use crate::materialise::MediaPools;
use crate::media::{self, Pool, Reference};
use crate::plan::rows::{LeftOut, Rows};
use crate::plan::set::Set;
use crate::plan::{Plan, PopulationTraces, Replayed};
use crate::rng::Seed;
use crate::spec::{Lengths, Load, ServerKind, Spec, TraceRef};
use crate::text::corpora::Corpora;
use crate::text::source::Source;
use crate::text::tokenizer::Tokenizer;
use schemas::hex;
use schemas::manifest::{self, DataSetSource, InputFile, Manifest, SpecSource, TraceSource};
use schemas::salt::Salt;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use traces::{Accounting, servegen};

/// Everything that the manifest speaks of.
pub struct Provenance<'p> {
    pub job: &'p Job<'p>,
    pub spec: &'p Spec,
    pub seed: Seed,
    pub plan: &'p Plan<'p>,
    pub traces: &'p [PopulationTraces],
    pub inputs: Vec<InputFile>,
    pub tokenizer: &'p Tokenizer,
    pub corpora: &'p Corpora,
    /// By population.
    pub media: &'p [MediaPools],
    pub salt: Option<Salt>,
}

impl Provenance<'_> {
    /// The manifest.
    pub fn manifest(self) -> Manifest {
        let job = self.job;
        let names = self.spec.populations.iter();
        Manifest {
            compiler: manifest::Compiler {
                name: "wlc".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                algorithm: ALGORITHM,
            },
            seed: self.seed.0,
            spec: SpecSource {
                text: job.spec_text.to_owned(),
                sha256: hex(&Sha256::digest(job.spec_text)),
                sets: job.sets.to_vec(),
            },
            server: self
                .spec
                .server
                .map(|server| server_name(server.kind).to_owned()),
            populations: names.filter_map(|p| p.name.clone()).collect(),
            hints: self.spec.hints.clone(),
            traces: self.trace_sources(),
            data_sets: self.data_sets(),
            tokenizer: manifest::Tokenizer {
                name: self.tokenizer.name().to_owned(),
                library: self.tokenizer.library().to_owned(),
                sha256: self.tokenizer.sha256().map(|hash| hex(&hash)),
                template_overhead: manifest::TemplateOverhead {
                    request: self.spec.template_overhead.request,
                    message: self.spec.template_overhead.message,
                },
            },
            corpora: self.corpora(),
            media: self.encoders(),
            rng: manifest::Rng {
                algorithm:
                    "ChaCha12, key SHA-256(\"{seed}:{identifier}\"), one stream for each item"
                        .to_owned(),
                identifiers: self.identifiers(),
            },
            inputs: self.inputs(),
            salt: self.salt,
        }
    }

    fn corpora(&self) -> Vec<manifest::Corpus> {
        let corpora = self.corpora.all();
        let corpora = corpora.map(|(named, source)| manifest::Corpus {
            name: named.name().to_owned(),
            parts: source.parts().into(),
            vocabulary_words: self.corpora.words.len() as u64,
            sha256: hex(&source.sha256()),
        });
        corpora.collect()
    }

    fn pools(&self) -> impl Iterator<Item = (&Pool, Option<&str>)> {
        let populations = self.plan.populations.iter().zip(self.media);
        populations.flat_map(|(population, media)| {
            [&media.images, &media.audio].map(|pool| (pool, population.prefix()))
        })
    }

    /// What encoded media, if anything did.
    fn encoders(&self) -> Option<String> {
        let any = self.pools().any(|(pool, _)| !pool.media.is_empty());
        any.then(|| media::LIBRARIES.to_owned())
    }

    /// Every file that the spec or a data set names and that is no trace, each once.
    fn inputs(&self) -> Vec<InputFile> {
        let of_pools = self.pools().flat_map(|(pool, _)| pool.inputs.clone());
        let populations = self.plan.populations.iter().zip(self.media);
        let of_sets = populations.flat_map(|(population, media)| {
            let set = population.set.as_ref();
            set.map_or_else(Vec::new, |set| set_inputs(set, &media.named))
        });
        let named = self.inputs.iter().cloned();
        let mut known = BTreeSet::new();
        let inputs = named.chain(of_pools).chain(of_sets);
        let inputs =
            inputs.filter(|input| known.insert((input.file.clone(), input.sha256.clone())));
        inputs.collect()
    }

    /// Every data set, once.
    fn data_sets(&self) -> Vec<DataSetSource> {
        let sets = self.plan.populations.iter();
        let mut sources = Vec::new();
        for set in sets.filter_map(|population| population.set.as_ref()) {
            let source = set_source(set);
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        sources
    }

    fn identifiers(&self) -> Vec<String> {
        let mut identifiers = self.plan.drawn_from();
        for (named, _) in self.corpora.all() {
            let component = Source::component(named);
            identifiers.extend(component.map(|component| component.identifier().to_owned()));
        }
        for (pool, prefix) in self.pools() {
            let components = pool.components.iter();
            identifiers.extend(components.map(|component| component.name_in(prefix)));
        }
        identifiers.sort_unstable();
        identifiers.dedup();
        identifiers
    }

    /// Every trace of every population, each as it was used there.
    fn trace_sources(&self) -> Vec<TraceSource> {
        let mut sources = Vec::new();
        for (population, traces) in self.plan.populations.iter().zip(self.traces) {
            if let Load::Trace { trace: named, .. } = &population.spec.load {
                sources.extend(match (&traces.replayed, population.rows()) {
                    (Some(Replayed::Rows(_)), Some(rows)) => Some(rows_source(named, rows)),
                    (Some(Replayed::Clients(clients)), _) => Some(clients_source(named, clients)),
                    _ => None,
                });
            }
            if let (Lengths::FromOtherTrace(named), Some(rows)) =
                (&population.spec.data.lengths, &population.length_rows)
            {
                sources.push(rows_source(named, rows));
            }
        }
        sources
    }
}

fn set_source(set: &Set) -> DataSetSource {
    let data = &set.fitted.set;
    let left_out = LeftOutOfSet::ALL.iter().zip(&data.account.left_out);
    let left_out = left_out.filter(|(_, rows)| rows.count > 0);
    DataSetSource {
        path: set.named.path.clone(),
        kind: data.kind.name().to_owned(),
        rows: data.account.rows,
        kept: data.account.kept,
        left_out: left_out
            .map(|(reason, rows)| (reason.name().to_owned(), rows.count))
            .collect(),
        conversations: data.conversations.len() as u64,
    }
}

/// The files of a data set, and those of the images and clips that it names.
fn set_inputs(set: &Set, media: &[Reference]) -> Vec<InputFile> {
    let data = &set.fitted.set;
    let name_of = |file: u32| data.name_of(file, &set.named.path);
    let files = (0..).zip(&data.files).map(|(number, file)| InputFile {
        file: name_of(number),
        sha256: hex(&file.sha256),
        bytes: file.bytes,
    });
    let mut inputs: Vec<InputFile> = files.collect();
    for (medium, read) in data.media.iter().zip(media) {
        if let Reference::File(read) = read {
            let beside = name_of(medium.place.0);
            let directory = Path::new(&beside).parent().unwrap_or(Path::new(""));
            inputs.push(InputFile {
                file: directory.join(&*medium.reference).display().to_string(),
                sha256: hex(&read.sha256),
                bytes: read.bytes,
            });
        }
    }
    inputs
}

fn rows_source(named: &TraceRef, rows: &Rows) -> TraceSource {
    let trace = rows.trace();
    let mut source = source(named, &trace.accounting, &trace.sha256, trace.bytes);
    source.emitted = rows.selected;
    source.passes = named.options.passes.into();
    let LeftOut {
        outside_window,
        not_sampled,
        over_limit,
    } = rows.left_out;
    let left_out = [
        ("not_sampled", not_sampled),
        ("outside_window", outside_window),
        ("over_limit", over_limit),
    ];
    let left_out = left_out.into_iter().filter(|(_, count)| *count > 0);
    let left_out = left_out.map(|(reason, count)| (reason.to_owned(), count));
    source.dropped.extend(left_out);
    source
}

fn clients_source(named: &TraceRef, clients: &servegen::Population) -> TraceSource {
    source(named, &clients.accounting, &clients.sha256, clients.bytes)
}

fn source(named: &TraceRef, account: &Accounting, sha256: &[u8], bytes: u64) -> TraceSource {
    let dropped = account.drops.iter().filter(|drops| drops.count > 0);
    TraceSource {
        file: named.file.clone(),
        format: named.format.name().to_owned(),
        sha256: hex(sha256),
        bytes,
        rows_read: account.rows_read,
        emitted: account.emitted,
        passes: 1,
        dropped: dropped
            .map(|drops| (drops.reason.name().to_owned(), drops.count))
            .collect(),
        inversions: account.inversions,
        unlinked: account.unlinked.count,
        ignored_columns: account.ignored_columns.clone(),
    }
}

fn server_name(server: ServerKind) -> &'static str {
    match server {
        ServerKind::Vllm => "vllm",
        ServerKind::Sglang => "sglang",
        ServerKind::Tgi => "tgi",
    }
}
