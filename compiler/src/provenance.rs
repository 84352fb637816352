//! The manifest: how a workload came to be.

use crate::compile::{ALGORITHM, Job};
use crate::materialise::MediaPools;
use crate::media::{self, Pool};
use crate::plan::rows::{LeftOut, Rows};
use crate::plan::{Plan, PopulationTraces, Replayed};
use crate::rng::Seed;
use crate::spec::{Lengths, Load, ServerKind, Spec, TraceRef};
use crate::text::corpora::Corpora;
use crate::text::source::Source;
use crate::text::tokenizer::Tokenizer;
use schemas::hex;
use schemas::manifest::{self, InputFile, Manifest, SpecSource, TraceSource};
use schemas::salt::Salt;
use sha2::{Digest as _, Sha256};
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

    /// Every file that the spec names and that is no trace, each once.
    fn inputs(&self) -> Vec<InputFile> {
        let mut inputs = self.inputs.clone();
        for input in self.pools().flat_map(|(pool, _)| &pool.inputs) {
            if !inputs.contains(input) {
                inputs.push(input.clone());
            }
        }
        inputs
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
