//! What is known of the schedule before t0, for all workers.

use super::links::{Links, LinksBuilder, waits};
use super::roots::{Dealer, Roots};
use super::stages::Stages;
use super::{OnTurnFailure, Overload, Speed};
use schemas::error::FormatError;
use schemas::layout::{NONE_U32, NONE_U64, RequestRecord, Section, StartKind};
use schemas::reader::Workload;
use schemas::rules;
use thiserror::Error;

/// Why a workload cannot be fired as asked.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A record breaks the rules of the format.
    #[error(transparent)]
    Workload(#[from] FormatError),
    /// A request waits for requests that run on different workers.
    #[error(
        "request {index} waits for several others that may end on different workers; use --workers 1"
    )]
    OneWorker { index: u64 },
    /// A request could come to a worker that has no place of its stage.
    #[error(
        "request {index} follows one that takes any free slot, and its stage allows only {places} \
         requests in flight; use --workers {places} or fewer"
    )]
    Narrow { index: u64, places: u32 },
    /// More than 2^32 - 2 requests that are not just due at a time.
    #[error("the workload has too many requests that wait for others or have a stage of their own")]
    TooMany,
}

/// The schedule of a workload for a number of workers. Shared by them; they change nothing in it
/// but atomics.
#[derive(Debug)]
pub struct Plan {
    pub(super) workers: usize,
    pub(super) speed: Speed,
    pub(super) overload: Overload,
    pub(super) on_turn_failure: OnTurnFailure,
    pub(super) stages: Stages,
    pub(super) roots: Roots,
    pub(super) links: Links,
    /// See [`Plan::is_decided`].
    decided: bool,
}

impl Plan {
    /// Reads all request records once, and the bodies of those that repeat answers.
    ///
    /// # Errors
    ///
    /// See [`PlanError`]; records are checked as far as the schedule depends on them.
    ///
    /// # Panics
    ///
    /// If `workers` is 0.
    pub fn new(
        workload: &Workload,
        speed: Speed,
        workers: usize,
        overload: Overload,
        on_turn_failure: OnTurnFailure,
    ) -> Result<Self, PlanError> {
        assert!(workers > 0, "a plan is for one worker at least");
        check_stages(workload)?;
        let mut stages = Stages::new(workload.stages(), speed);
        check_requests(workload, &stages)?;
        let plain = is_plain(workload, &stages);
        let (roots, links) = if plain {
            for request in workload.requests() {
                stages.count(request.stage.get() as usize, None);
            }
            let requests = workload.requests().len() as u64;
            (Roots::All { requests }, Links::default())
        } else {
            deal(workload, &mut stages, workers)?
        };
        stages.settle();
        Ok(Plan {
            workers,
            speed,
            overload,
            on_turn_failure,
            stages,
            roots,
            links,
            decided: plain
                && overload == Overload::Wait
                && !workload.requests().iter().any(is_cut_by_answer),
        })
    }

    /// Whether no answer changes what is done when, unless the cap on requests in flight is reached:
    /// every request has a time of its own, and none is abandoned for what it has brought so far or
    /// dropped for those that are still in flight.
    pub fn is_decided(&self) -> bool {
        self.decided
    }
}

fn is_cut_by_answer(request: &RequestRecord) -> bool {
    request.cancel_after_tokens.get() != NONE_U32
}

fn check_stages(workload: &Workload) -> Result<(), PlanError> {
    let tables = workload.tables();
    for (number, stage) in workload.stages().iter().enumerate() {
        // Its number of requests decides nothing here: they are counted.
        let counted = stage.request_count.get();
        rules::stage(stage, number, counted, &tables)
            .map_err(|what| workload.record_error(Section::Stages, number as u64, what))?;
    }
    Ok(())
}

/// What the schedule relies on: known kinds and stages, and times that do not decrease.
fn check_requests(workload: &Workload, stages: &Stages) -> Result<(), PlanError> {
    let mut latest_ns = vec![0; stages.bases()];
    for (index, request) in workload.requests().iter().enumerate() {
        let wrong = |what| workload.record_error(Section::Requests, index as u64, what);
        let stage = request.stage.get() as usize;
        rules::request(request, workload.stages().get(stage)).map_err(wrong)?;
        if request.start_kind == StartKind::At as u8 {
            let latest_ns = &mut latest_ns[stages.list()[stage].base];
            if request.start_ns.get() < *latest_ns {
                return Err(wrong("starts before the one in front of it".into()).into());
            }
            *latest_ns = request.start_ns.get();
        } else if request.start_kind == StartKind::After as u8
            && request.after_request.get() == NONE_U64
        {
            return Err(wrong("starts after a request, but names none".into()).into());
        }
    }
    Ok(())
}

fn is_root(request: &RequestRecord) -> bool {
    request.start_kind == StartKind::At as u8 && !waits(request)
}

/// A plain open loop.
fn is_plain(workload: &Workload, stages: &Stages) -> bool {
    stages.bases() == 1
        && stages
            .list()
            .iter()
            .all(|stage| stage.concurrency.is_none())
        && workload.requests().iter().all(is_root)
}

fn deal(
    workload: &Workload,
    stages: &mut Stages,
    workers: usize,
) -> Result<(Roots, Links), PlanError> {
    let requests = workload.requests();
    if requests.len() >= NONE_U32 as usize {
        return Err(PlanError::TooMany);
    }
    let narrower = |one: u32, other: u32, stages: &Stages| {
        let places = |stage: u32| {
            stages.list()[stage as usize]
                .concurrency
                .unwrap_or(u32::MAX)
        };
        if places(other) < places(one) {
            other
        } else {
            one
        }
    };
    let mut links = LinksBuilder::new(workload);
    // Of all requests that hang on one: the stage with the least concurrency. They are later in
    // the file, so it is complete only after the last request.
    let mut narrowest: Vec<u32> = Vec::with_capacity(requests.len());
    for (index, request) in (0..).zip(requests) {
        let stage = request.stage.get();
        let root = links.push(index, workers)?;
        narrowest.push(stage);
        narrowest[root as usize] = narrower(narrowest[root as usize], stage, stages);
        let drawn = request.start_kind == StartKind::Slot as u8 && root == index;
        stages.count(stage as usize, drawn.then_some(index));
        let root_record = &requests[root as usize];
        if root_record.start_kind == StartKind::Slot as u8 {
            check_reach(index, stage, root_record.stage.get(), stages, workers)?;
        }
    }
    let mut dealer = Dealer::new(stages.list(), stages.bases(), workers);
    for (index, request) in (0..).zip(requests) {
        if is_root(request) {
            let narrowest = narrowest[index as usize] as usize;
            dealer.deal(index, request.stage.get() as usize, narrowest);
        }
    }
    Ok((dealer.finish(), links.finish()?))
}

/// That every worker that may draw a `slot` request has a place in the stage of one that hangs on
/// it.
fn check_reach(
    index: u32,
    stage: u32,
    root_stage: u32,
    stages: &Stages,
    workers: usize,
) -> Result<(), PlanError> {
    let places = |stage: u32| stages.list()[stage as usize].concurrency;
    let drawing = places(root_stage).map_or(workers, |places| workers.min(places as usize));
    match places(stage) {
        Some(places) if (places as usize) < drawing => Err(PlanError::Narrow {
            index: index.into(),
            places,
        }),
        _ => Ok(()),
    }
}
