//! From the plan's integers to bytes: ropes into one blob, a record and a leaf for each request.
//!
//! Requests are made in batches on all threads and written in order. Nothing a request holds
//! depends on another, so the bytes do not depend on the number of threads.

use crate::payload::Payload;
use crate::plan::{Plan, PlannedRequest, PlannedStage};
use crate::rng::{Component, Seed, Streams};
use crate::text::corpus::Corpus;
use crate::text::prompt::prompt;
use rayon::prelude::*;
use schemas::Digest;
use schemas::error::WriteError;
use schemas::layout::{NONE_U32, NONE_U64, REQUEST_STREAM, RequestRecord, StageKind, StageRecord};
use schemas::leaf::{BodyHasher, request_leaf};
use schemas::tables::TablesBuilder;
use schemas::writer::{Segment, WorkloadWriter};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Requests that one thread makes at a time.
const CHUNK: usize = 1024;
/// Chunks that are made before they are written: bounds the memory in use.
const CHUNKS_AT_ONCE: usize = 32;

/// Text that bodies share, placed in the blob.
struct Shared<'c> {
    corpus: &'c Corpus,
    corpus_at: Segment,
    head: (String, Segment),
    tails: BTreeMap<u32, (String, Segment)>,
}

/// What all requests of a workload have in common.
struct Template {
    record: RequestRecord,
    tables: TablesBuilder,
}

/// Requests that are ready to be written.
#[derive(Default)]
struct Chunk {
    requests: Vec<(RequestRecord, Digest, usize)>,
    segments: Vec<Segment>,
}

/// Sums over all requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Tokens asked for.
    pub output_tokens: u64,
    /// Bytes of all bodies, expanded.
    pub body_bytes: u64,
}

/// Writes blob and requests; gives the tables and stages for the writer's end, and the sums.
/// `go_on` is told the number of requests written and says whether to go on.
pub fn materialise(
    plan: &Plan,
    payload: &Payload,
    corpus: &Corpus,
    seed: Seed,
    writer: &mut WorkloadWriter,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<Option<(TablesBuilder, Vec<StageRecord>, Totals)>, WriteError> {
    let shared = place_shared(plan, payload, corpus, writer)?;
    let template = template(payload)?;
    let streams = Streams::new(seed, Component::PromptCorpus);
    let mut totals = Totals::default();
    let mut written = 0;
    for batch in plan.requests.chunks(CHUNK * CHUNKS_AT_ONCE) {
        let chunks: Vec<Chunk> = batch
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, requests)| {
                let first = written + (chunk * CHUNK) as u64;
                make(first, requests, &shared, &template, &streams)
            })
            .collect();
        for chunk in chunks {
            write(&chunk, writer, &mut totals)?;
            written += chunk.requests.len() as u64;
        }
        if !go_on(written) {
            return Ok(None);
        }
    }
    let stages = plan.stages.iter().map(stage_record).collect();
    Ok(Some((template.tables, stages, totals)))
}

fn place_shared<'c>(
    plan: &Plan,
    payload: &Payload,
    corpus: &'c Corpus,
    writer: &mut WorkloadWriter,
) -> Result<Shared<'c>, WriteError> {
    let corpus_at = writer.blob(corpus.text().as_bytes())?;
    let head = payload.head();
    let head_at = writer.blob(head.as_bytes())?;
    let lengths: BTreeSet<u32> = plan
        .requests
        .iter()
        .map(|request| request.output_tokens)
        .collect();
    let mut tails = BTreeMap::new();
    for length in lengths {
        let tail = payload.tail(length);
        let tail_at = writer.blob(tail.as_bytes())?;
        tails.insert(length, (tail, tail_at));
    }
    Ok(Shared {
        corpus,
        corpus_at,
        head: (head, head_at),
        tails,
    })
}

fn template(payload: &Payload) -> Result<Template, WriteError> {
    let mut tables = TablesBuilder::default();
    let mut record = RequestRecord::at(0);
    record.flags = if payload.api.streaming {
        REQUEST_STREAM
    } else {
        0
    };
    record.response_format = payload.response_format() as u8;
    record.model = tables.string(payload.model)?.into();
    record.method = tables.string(Payload::METHOD)?.into();
    record.path = tables.string(payload.path())?.into();
    record.headers = tables.pair_list(&payload.headers())?.into();
    Ok(Template { record, tables })
}

/// Makes consecutive requests, the first of which has the index `first`.
fn make(
    first: u64,
    requests: &[PlannedRequest],
    shared: &Shared,
    template: &Template,
    streams: &Streams,
) -> Chunk {
    let mut chunk = Chunk::default();
    let mut rope = Vec::new();
    let mut scratch = Vec::new();
    let tables = template.tables.view();
    for (index, request) in (first..).zip(requests) {
        rope.clear();
        prompt(
            shared.corpus,
            &mut streams.stream(request.ordinal),
            request.input_tokens,
            &mut rope,
        );
        let segments_before = chunk.segments.len();
        let body = push_body(shared, &rope, request.output_tokens, &mut chunk.segments);
        let body = body.finish();
        let mut record = template.record;
        record.start_ns = request.at_ns.into();
        record.stage = request.stage.into();
        record.input_tokens = request.input_tokens.into();
        record.output_tokens = request.output_tokens.into();
        record.body_bytes = body.bytes.into();
        let leaf = request_leaf(index, &record, &body, &tables, &mut scratch)
            .expect("the template's ids are in its tables");
        chunk
            .requests
            .push((record, leaf, chunk.segments.len() - segments_before));
    }
    chunk
}

/// Appends a body's segments and hashes the body.
fn push_body(
    shared: &Shared,
    rope: &[Range<u32>],
    output_tokens: u32,
    segments: &mut Vec<Segment>,
) -> BodyHasher {
    let text = shared.corpus.text().as_bytes();
    let (tail, tail_at) = &shared.tails[&output_tokens];
    let mut hasher = BodyHasher::default();
    hasher.segment(shared.head.0.as_bytes());
    segments.push(shared.head.1);
    for slice in rope {
        hasher.segment(&text[slice.start as usize..slice.end as usize]);
        segments.push(Segment {
            offset: shared.corpus_at.offset + u64::from(slice.start),
            length: u64::from(slice.end - slice.start),
        });
    }
    hasher.segment(tail.as_bytes());
    segments.push(*tail_at);
    hasher
}

fn write(
    chunk: &Chunk,
    writer: &mut WorkloadWriter,
    totals: &mut Totals,
) -> Result<(), WriteError> {
    let mut segments = &chunk.segments[..];
    for (record, leaf, count) in &chunk.requests {
        let (body, rest) = segments.split_at(*count);
        segments = rest;
        writer.request(*record, body, *leaf)?;
        totals.input_tokens += u64::from(record.input_tokens.get());
        totals.output_tokens += u64::from(record.output_tokens.get());
        totals.body_bytes += record.body_bytes.get();
    }
    Ok(())
}

fn stage_record(stage: &PlannedStage) -> StageRecord {
    StageRecord {
        name: NONE_U32.into(),
        kind: StageKind::Scheduled as u8,
        flags: 0,
        zero: 0.into(),
        start_ns: stage.start_ns.into(),
        duration_ns: stage.duration_ns.into(),
        rate_microhertz: stage.rate_microhertz.unwrap_or(NONE_U64).into(),
        request_count: stage.request_count.into(),
        concurrency: NONE_U32.into(),
        zero2: 0.into(),
    }
}
