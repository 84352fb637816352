//! The record of each request but for its body, and the strings that records refer to.

use super::Job;
use super::audit::{labels, request_id};
use crate::payload::Payload;
use crate::plan::audit::Part;
use crate::plan::cancellation::Cancel;
use crate::plan::request::TraceLabels;
use crate::plan::set::{Set, raw};
use crate::plan::{Plan, PlannedRequest, PlannedStage, Population, Start};
use crate::rng::Seed;
use crate::spec::Load;
use crate::spec::audit::ID_HEADER;
use schemas::error::WriteError;
use schemas::layout::{
    NONE_U32, NONE_U64, REQUEST_LIVE, REQUEST_STREAM, RequestRecord, STAGE_AFTER_PREVIOUS,
    STAGE_WARM_UP, StageKind, StageRecord, StartKind,
};
use schemas::tables::TablesBuilder;
use std::collections::BTreeMap;

/// Fills records and gathers their strings.
pub struct Records<'j> {
    /// The strings so far.
    pub tables: TablesBuilder,
    populations: Vec<OfPopulation<'j>>,
    /// Requests of each stage so far.
    stage_requests: Vec<u64>,
}

/// What the records of a population share.
struct OfPopulation<'j> {
    template: RequestRecord,
    /// Whether a number of tokens is asked for.
    generates: bool,
    models: Vec<u32>,
    adapters: Vec<u32>,
    /// By model, then by adapter, none first.
    paths: Vec<Vec<u32>>,
    payload: Payload<'j>,
    population: &'j Population<'j>,
    seed: Seed,
    labels: BTreeMap<TraceLabels, u32>,
    /// Header fields of every request, in the order of the file.
    headers: Vec<(&'j str, &'j str)>,
    /// The session of the request before: most turns follow their own.
    session: Option<Session>,
}

/// A session, and what its requests refer to.
#[derive(Clone, Copy)]
struct Session {
    number: u64,
    /// Its name.
    name: u32,
    /// Header fields, with the one that carries the name, if the spec has one.
    headers: u32,
}

impl<'j> Records<'j> {
    /// Places the strings that are known beforehand.
    pub fn new(job: &Job<'j>) -> Result<Self, WriteError> {
        let mut tables = TablesBuilder::default();
        let populations = job
            .plan
            .populations
            .iter()
            .map(|population| OfPopulation::new(job, population, &mut tables))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            tables,
            populations,
            stage_requests: vec![0; job.plan.stages.len()],
        })
    }

    /// The record of the request with this index, which waits for the one with index `after`.
    pub fn record(
        &mut self,
        request: &PlannedRequest,
        index: u64,
        after: Option<u64>,
    ) -> Result<RequestRecord, WriteError> {
        let of = &mut self.populations[request.population as usize];
        let mut record = of.template;
        let (kind, start_ns) = match request.start {
            Start::At { at_ns, .. } => (StartKind::At, at_ns),
            Start::AfterPrevious { delay_ns } => (StartKind::After, delay_ns),
            Start::Slot => (StartKind::Slot, 0),
        };
        debug_assert!(after.is_none_or(|after| after < index));
        record.start_kind = kind as u8;
        record.start_ns = start_ns.into();
        record.after_request = after.unwrap_or(NONE_U64).into();
        record.stage = request.stage.into();
        record.input_tokens = request.input_tokens.into();
        if of.generates {
            record.output_tokens = request.output_tokens.into();
        }
        let adapter = request.adapter.map_or(0, |adapter| adapter as usize + 1);
        record.path = of.paths[request.model as usize][adapter].into();
        record.model = of.models[request.model as usize].into();
        if let Some(adapter) = request.adapter {
            record.adapter = of.adapters[adapter as usize].into();
        }
        match request.cancel {
            Cancel::Never => {}
            Cancel::Delay(ns) => record.cancel_after_ns = ns.into(),
            Cancel::Tokens(tokens) => record.cancel_after_tokens = tokens.into(),
        }
        if let Some((number, turn)) = request.session {
            let session = of.session(number, &mut self.tables)?;
            record.session = session.name.into();
            record.headers = session.headers.into();
            record.turn = turn.into();
        }
        if of.is_live() && request.turn > 0 {
            record.flags |= REQUEST_LIVE;
        }
        of.of_set(request, &mut record, &mut self.tables)?;
        record.labels = match (&of.population.spec.load, &of.population.set) {
            (Load::Audit(_), _) => of.audited(request, &mut record, &mut self.tables)?.into(),
            (_, Some(set)) => of.origin(set, request, &mut self.tables)?.into(),
            (_, None) => of.labels(request.labels, &mut self.tables)?.into(),
        };
        self.stage_requests[request.stage as usize] += 1;
        Ok(record)
    }

    /// The stage table, when all requests are counted.
    pub fn stages(&mut self, plan: &Plan) -> Result<Vec<StageRecord>, WriteError> {
        let counted = plan.stages.iter().zip(&self.stage_requests);
        counted
            .map(|(stage, count)| stage_record(stage, *count, &mut self.tables))
            .collect()
    }
}

impl<'j> OfPopulation<'j> {
    fn new(
        job: &Job<'j>,
        population: &'j Population<'j>,
        tables: &mut TablesBuilder,
    ) -> Result<Self, WriteError> {
        let spec = population.spec;
        let payload = job.payload(population);
        let mut template = RequestRecord::at(0);
        template.flags = match spec.api.streaming {
            true => REQUEST_STREAM,
            false => 0,
        };
        template.response_format = payload.response_format() as u8;
        let names = spec.adapters.iter().map(|adapter| &*adapter.name);
        let mut paths = Vec::with_capacity(spec.models.list.len());
        for model in &spec.models.list {
            let names = std::iter::once(&*model.name).chain(names.clone());
            let of_model = names.map(|name| tables.string(&payload.path(name)));
            paths.push(of_model.collect::<Result<_, _>>()?);
        }
        let mut id = |text: &str| tables.string(text);
        let models = spec.models.list.iter().map(|model| id(&model.name));
        let models: Vec<u32> = models.collect::<Result<_, _>>()?;
        let adapters = spec.adapters.iter().map(|adapter| id(&adapter.name));
        let adapters = adapters.collect::<Result<_, _>>()?;
        template.method = id(Payload::METHOD)?.into();
        let headers = payload.headers(spec.api.streaming);
        template.headers = tables.pair_list(&headers)?.into();
        Ok(Self {
            template,
            headers,
            generates: payload.generates(),
            models,
            adapters,
            paths,
            payload,
            population,
            seed: job.seed,
            labels: BTreeMap::new(),
            session: None,
        })
    }

    /// What a data set says of a request beside its content.
    fn of_set(
        &self,
        request: &PlannedRequest,
        record: &mut RequestRecord,
        tables: &mut TablesBuilder,
    ) -> Result<(), WriteError> {
        let Some(set) = &self.population.set else {
            return Ok(());
        };
        let turns = set.turns(request, request.turn);
        let mut streaming = self.population.spec.api.streaming;
        if let Some((turn, raw)) = turns.first().and_then(|turn| Some((turn, raw(turn)?))) {
            streaming = raw.streams;
            record.flags &= !REQUEST_STREAM;
            record.flags |= if raw.streams { REQUEST_STREAM } else { 0 };
            record.output_tokens = request.output_tokens.into();
            if let Some(model) = &turn.model {
                record.model = tables.string(model)?.into();
            }
            let path = match &raw.path {
                Some(path) => path.to_string(),
                None => {
                    let models = &self.population.spec.models.list;
                    let model = &*models[request.model as usize].name;
                    self.payload.path(turn.model.as_deref().unwrap_or(model))
                }
            };
            record.path = tables.string(&path)?.into();
            record.response_format = self.payload.response_format_at(&path) as u8;
        }
        let own: Vec<_> = turns.iter().flat_map(|turn| &turn.headers).collect();
        if streaming == self.population.spec.api.streaming && own.is_empty() {
            return Ok(());
        }
        let is_own = |name: &str| own.iter().any(|(own, _)| **own == *name);
        let session = match (&self.population.spec.api.session_id_header, request.session) {
            (Some(header), Some((number, _))) => Some((header, self.session_name(number))),
            _ => None,
        };
        let mut headers = self.payload.headers(streaming);
        headers.extend(session.iter().map(|(name, value)| (&***name, &**value)));
        headers.retain(|(name, _)| !is_own(name));
        headers.extend(own.iter().map(|(name, value)| (&**name, &**value)));
        record.headers = tables.pair_list(&headers)?.into();
        Ok(())
    }

    /// Labels that say what a request of an audit is for, and the id that some of them send.
    fn audited(
        &self,
        request: &PlannedRequest,
        record: &mut RequestRecord,
        tables: &mut TablesBuilder,
    ) -> Result<u32, WriteError> {
        let part = Part::of(request.ordinal);
        if part.trial.role.has_id() {
            let id = request_id(self.seed, part.trial.probe);
            let own = std::iter::once((ID_HEADER, &*id));
            let all: Vec<_> = self.headers.iter().copied().chain(own).collect();
            record.headers = tables.pair_list(&all)?.into();
        }
        labels(&part, tables)
    }

    fn is_live(&self) -> bool {
        self.population.history() == Some(crate::spec::History::Live)
    }

    /// `session_000000`; of a further population its name stands in front.
    fn session_name(&self, number: u64) -> String {
        match self.population.prefix() {
            Some(prefix) => format!("{prefix}/session_{number:06}"),
            None => format!("session_{number:06}"),
        }
    }

    /// A session, by its number.
    fn session(&mut self, number: u64, tables: &mut TablesBuilder) -> Result<Session, WriteError> {
        if let Some(session) = self.session.filter(|session| session.number == number) {
            return Ok(session);
        }
        let name = self.session_name(number);
        let headers = match &self.population.spec.api.session_id_header {
            Some(header) => {
                let own = std::iter::once((&**header, &*name));
                let all: Vec<_> = self.headers.iter().copied().chain(own).collect();
                tables.pair_list(&all)?
            }
            None => self.template.headers.get(),
        };
        let session = Session {
            number,
            name: tables.string(&name)?,
            headers,
        };
        self.session = Some(session);
        Ok(session)
    }

    /// Labels that say where in its data set a request comes from.
    fn origin(
        &self,
        set: &Set,
        request: &PlannedRequest,
        tables: &mut TablesBuilder,
    ) -> Result<u32, WriteError> {
        let (line, session) = set.origin(request);
        let pairs = [
            ("data_line", Some(&*line)),
            ("data_session", session),
            ("population", self.population.spec.name.as_deref()),
        ];
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)))
            .collect();
        tables.pair_list(&pairs)
    }

    fn labels(
        &mut self,
        labels: TraceLabels,
        tables: &mut TablesBuilder,
    ) -> Result<u32, WriteError> {
        if let Some(id) = self.labels.get(&labels) {
            return Ok(*id);
        }
        let images = labels.images.map(|images| images.to_string());
        let named = self.population.rows().map(|rows| &rows.trace().columns);
        let name = |names: Option<&Vec<String>>, number: Option<u32>| {
            Some(names?.get(number? as usize)?.clone())
        };
        let pairs = [
            ("population", self.population.spec.name.clone()),
            ("trace_images", images),
            (
                "trace_kind",
                name(named.map(|columns| &columns.kinds.names), labels.kind),
            ),
            (
                "trace_model",
                name(named.map(|columns| &columns.models.names), labels.model),
            ),
        ];
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
            .collect();
        let id = tables.pair_list(&pairs)?;
        self.labels.insert(labels, id);
        Ok(id)
    }
}

fn stage_record(
    stage: &PlannedStage,
    request_count: u64,
    tables: &mut TablesBuilder,
) -> Result<StageRecord, WriteError> {
    let kind = match stage.closed {
        true => StageKind::Closed,
        false => StageKind::Scheduled,
    };
    let mut flags = 0;
    flags |= if stage.warm_up { STAGE_WARM_UP } else { 0 };
    flags |= if stage.after_previous {
        STAGE_AFTER_PREVIOUS
    } else {
        0
    };
    let name = stage.name.as_deref().map(|name| tables.string(name));
    Ok(StageRecord {
        name: name.transpose()?.unwrap_or(NONE_U32).into(),
        kind: kind as u8,
        flags,
        zero: 0.into(),
        start_ns: stage.start_ns.into(),
        duration_ns: stage.duration_ns.unwrap_or(NONE_U64).into(),
        rate_microhertz: stage.rate_microhertz.unwrap_or(NONE_U64).into(),
        request_count: request_count.into(),
        concurrency: stage.concurrency.unwrap_or(NONE_U32).into(),
        zero2: 0.into(),
    })
}
