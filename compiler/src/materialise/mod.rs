//! From the plan's integers to bytes: ropes into one blob, a record and a leaf for each request.
//!
//! Arrivals become requests in batches, on all threads; they are numbered and linked in order;
//! their bodies are made on all threads and written in order. Nothing a request holds depends on
//! the number of threads or on where a batch ends.

mod audit;
mod body;
mod data;
pub mod error;
mod heads;
mod links;
mod records;
mod shared;
mod texts;

use crate::media::{Pool, Reference};
use crate::payload::Payload;
use crate::plan::cancellation::Cancel;
use crate::plan::{Arrival, Plan, PlannedRequest, Population};
use crate::rng::Seed;
use crate::spec::Server;
use crate::text::corpora::Corpora;
use body::Bodies;
use error::MakeError;
use links::Links;
use rayon::prelude::*;
use records::Records;
use schemas::Digest;
use schemas::error::WriteError;
use schemas::layout::{NONE_U32, RequestRecord, StageRecord, optional_u32};
use schemas::leaf::request_leaf;
use schemas::salt::Salt;
use schemas::tables::TablesBuilder;
use schemas::writer::{Segment, WorkloadWriter};
use shared::{Literal, Shared, SharedPayload};
use texts::Texts;

/// Requests that one thread makes at a time, at most.
const CHUNK: usize = 1024;
/// Parts that a batch is made in, at least, if it has so many requests.
const PARTS: usize = 16;
/// Requests that are made before they are written, at least, unless they are the last, a turn
/// counted with all that it repeats: bounds the memory in use.
const BATCH: u64 = 32 * CHUNK as u64;

/// What a workload is made from.
pub struct Job<'j> {
    pub plan: &'j Plan<'j>,
    pub server: Option<Server>,
    pub corpora: &'j Corpora,
    /// By population.
    pub media: &'j [MediaPools],
    pub salt: Option<&'j Salt>,
    pub seed: Seed,
}

/// The media of a population.
#[derive(Clone, Debug, Default)]
pub struct MediaPools {
    pub images: Pool,
    pub audio: Pool,
    /// Those that its data set names, in its order.
    pub named: Vec<Reference>,
}

impl<'j> Job<'j> {
    /// How the bodies of a population are made.
    fn payload(&self, population: &'j Population<'j>) -> Payload<'j> {
        Payload {
            api: &population.spec.api,
            server: self.server,
        }
    }
}

/// Sums over all requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// Conversations.
    pub sessions: u64,
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Tokens asked for.
    pub output_tokens: u64,
    /// Bytes of all bodies, expanded.
    pub body_bytes: u64,
}

impl Totals {
    fn add(&mut self, written: &Self) {
        self.input_tokens += written.input_tokens;
        self.output_tokens += written.output_tokens;
        self.body_bytes += written.body_bytes;
    }
}

/// What is left to write when all requests are written.
pub struct Made {
    pub tables: TablesBuilder,
    pub stages: Vec<StageRecord>,
    pub totals: Totals,
    /// Blocks of a trace that may share their first word with another.
    pub shared_leads: u64,
    /// Requests that are to be abandoned at a token which their answer does not have.
    pub late_cancels: u64,
    /// Prompts of one token of text that the server's template alone makes longer than asked.
    pub exceeded: u64,
}

/// A request that is numbered and linked, and whose record lacks only its body.
struct Numbered {
    planned: PlannedRequest,
    index: u64,
    record: RequestRecord,
}

/// Requests that are ready to be written.
#[derive(Default)]
struct Chunk {
    requests: Vec<(RequestRecord, Digest, usize)>,
    bodies: Bodies,
}

/// Writes blob and requests. `go_on` is told the number of arrivals that are done and says
/// whether to go on; nothing is made if not.
pub fn materialise(
    job: &Job,
    writer: &mut WorkloadWriter,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<Option<Made>, MakeError> {
    let mut shared = place_shared(job, writer)?;
    let texts = place_texts(job, writer)?;
    let populations = &job.plan.populations;
    let mut numbering = Numbering {
        plan: job.plan,
        records: Records::new(job)?,
        links: Links::new(populations),
        totals: Totals::default(),
        late_cancels: 0,
        exceeded: 0,
    };
    let mut arrivals = job.plan.arrivals();
    let mut done = 0;
    let mut ready = Vec::new();
    loop {
        let batch = next_batch(job.plan, &mut arrivals);
        let planned = requests_of(job.plan, &batch);
        let numbered = numbering.number(planned, &mut shared.payloads, writer)?;
        // One thread writes what is ready; all that are left make what comes next.
        let tables = &numbering.records.tables;
        let (written, made) = rayon::join(
            || write(std::mem::take(&mut ready), writer),
            || make_all(&numbered, job.plan, &texts, &shared, tables),
        );
        numbering.totals.add(&written?);
        ready = made?;
        done += batch.len() as u64;
        if batch.is_empty() {
            break;
        }
        if !go_on(done) {
            return Ok(None);
        }
    }
    let stages = numbering.records.stages(job.plan)?;
    Ok(Some(Made {
        tables: numbering.records.tables,
        stages,
        totals: numbering.totals,
        shared_leads: texts.iter().map(Texts::shared_leads).sum(),
        late_cancels: numbering.late_cancels,
        exceeded: numbering.exceeded,
    }))
}

/// What gives requests their places in the file, in order.
struct Numbering<'j> {
    plan: &'j Plan<'j>,
    records: Records<'j>,
    links: Links,
    totals: Totals,
    late_cancels: u64,
    exceeded: u64,
}

impl Numbering<'_> {
    /// Numbers and links requests, and places what their bodies end with.
    fn number(
        &mut self,
        planned: Vec<PlannedRequest>,
        payloads: &mut [SharedPayload],
        writer: &mut WorkloadWriter,
    ) -> Result<Vec<Numbered>, WriteError> {
        let mut numbered = Vec::with_capacity(planned.len());
        for planned in planned {
            if planned.input_tokens == u32::MAX {
                // What a saturated sum says; the number itself stands for "none".
                return Err(WriteError::Limit {
                    what: "the prompt tokens of a request, with all turns before it",
                    limit: u64::from(u32::MAX) - 1,
                });
            }
            let index = self.totals.requests;
            let begins_session = planned.session.is_some_and(|(_, turn)| turn == 0);
            self.totals.requests += 1;
            self.totals.sessions += u64::from(begins_session);
            let asked = planned.output_tokens;
            let late =
                matches!(planned.cancel, Cancel::Tokens(n) if n > asked && asked != NONE_U32);
            self.late_cancels += u64::from(late);
            self.exceeded += u64::from(planned.is_exceeded);
            let payload = &mut payloads[planned.population as usize];
            let population = &self.plan.populations[planned.population as usize];
            payload.ensure(&planned, population, writer)?;
            let after = self.links.resolve(&planned, index);
            let record = self.records.record(&planned, index, after)?;
            numbered.push(Numbered {
                planned,
                index,
                record,
            });
        }
        Ok(numbered)
    }
}

fn place_shared<'j>(job: &Job<'j>, writer: &mut WorkloadWriter) -> Result<Shared<'j>, WriteError> {
    // The slot is the first of the blob.
    let salt = job.salt.map(|salt| {
        let bytes = salt.unsalted().into_bytes().into();
        let at = writer.salt_slot(salt)?;
        Ok::<_, WriteError>(Literal { bytes, at })
    });
    let salt = salt.transpose()?;
    let mut payloads = Vec::with_capacity(job.plan.populations.len());
    for (population, media) in job.plan.populations.iter().zip(job.media) {
        let payload = job.payload(population);
        payloads.push(SharedPayload::place(payload, population, media, writer)?);
    }
    Ok(Shared {
        salt,
        space: Literal::place(" ", writer)?,
        payloads,
    })
}

/// Places every corpus once, for the texts of each population.
fn place_texts(job: &Job, writer: &mut WorkloadWriter) -> Result<Vec<Texts>, WriteError> {
    let corpora = job.corpora.all();
    let placed = corpora.map(|(_, source)| writer.blob(source.text().as_bytes()));
    let placed: Vec<Segment> = placed.collect::<Result<_, _>>()?;
    let populations = &job.plan.populations;
    let of = |population: &Population| {
        let source_at = placed[job.corpora.of(population.number())];
        let count = populations.len();
        Texts::new(job.seed, population, count, job.corpora, source_at)
    };
    Ok(populations.iter().map(of).collect())
}

/// Arrivals that become about [`BATCH`] requests.
fn next_batch(
    plan: &Plan,
    arrivals: &mut impl Iterator<Item = (u32, Arrival)>,
) -> Vec<(u32, Arrival)> {
    let mut batch = Vec::new();
    let mut weight = 0_u64;
    while weight < BATCH
        && let Some((population, arrival)) = arrivals.next()
    {
        let of_arrival = plan.populations[population as usize].weight(&arrival);
        weight = weight.saturating_add(of_arrival);
        batch.push((population, arrival));
    }
    batch
}

/// How many of so many items one thread takes at a time: a few parts for each thread, however
/// heavy the items are. No byte depends on it.
fn chunk(items: usize) -> usize {
    (items / PARTS).clamp(1, CHUNK)
}

/// What the arrivals become, in their order.
fn requests_of(plan: &Plan, arrivals: &[(u32, Arrival)]) -> Vec<PlannedRequest> {
    let parts: Vec<Vec<PlannedRequest>> = arrivals
        .par_chunks(chunk(arrivals.len()))
        .map(|arrivals| {
            let mut requests = Vec::with_capacity(arrivals.len());
            for (population, arrival) in arrivals {
                plan.populations[*population as usize].requests(arrival, &mut requests);
            }
            requests
        })
        .collect();
    parts.concat()
}

/// Makes bodies and leaves, on all threads.
fn make_all(
    numbered: &[Numbered],
    plan: &Plan,
    texts: &[Texts],
    shared: &Shared,
    tables: &TablesBuilder,
) -> Result<Vec<Chunk>, MakeError> {
    numbered
        .par_chunks(chunk(numbered.len()))
        .map(|requests| make(requests, plan, texts, shared, tables))
        .collect()
}

/// Makes bodies and leaves of consecutive requests.
fn make(
    requests: &[Numbered],
    plan: &Plan,
    texts: &[Texts],
    shared: &Shared,
    tables: &TablesBuilder,
) -> Result<Chunk, MakeError> {
    let mut chunk = Chunk::default();
    let mut scratch = Vec::new();
    let tables = tables.view();
    for numbered in requests {
        let Numbered {
            planned,
            index,
            record,
        } = numbered;
        let population = planned.population as usize;
        let segments_before = chunk.bodies.segments.len();
        let body = chunk.bodies.make(
            planned,
            *index,
            &plan.populations[population],
            &texts[population],
            shared,
        )?;
        let mut record = *record;
        record.body_bytes = body.bytes.into();
        let leaf = request_leaf(*index, &record, &body, &tables, &mut scratch)
            .expect("the record's ids are in its tables");
        let segments = chunk.bodies.segments.len() - segments_before;
        chunk.requests.push((record, leaf, segments));
    }
    Ok(chunk)
}

/// Writes chunks in order; gives the sums over their records.
fn write(chunks: Vec<Chunk>, writer: &mut WorkloadWriter) -> Result<Totals, WriteError> {
    let mut totals = Totals::default();
    for mut chunk in chunks {
        let own_at = writer.blob(chunk.bodies.own_text().as_bytes())?;
        for own in &chunk.bodies.own {
            chunk.bodies.segments[*own].offset += own_at.offset;
        }
        let mut segments: &[Segment] = &chunk.bodies.segments;
        for (record, leaf, count) in &chunk.requests {
            let (body, rest) = segments.split_at(*count);
            segments = rest;
            writer.request(*record, body, *leaf)?;
            totals.input_tokens += optional_u32(record.input_tokens).map_or(0, u64::from);
            totals.output_tokens += optional_u32(record.output_tokens).map_or(0, u64::from);
            totals.body_bytes += record.body_bytes.get();
        }
    }
    Ok(totals)
}
