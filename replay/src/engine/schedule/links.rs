//! Which requests wait for which, as compact lists.

use super::plan::PlanError;
use schemas::body::Piece;
use schemas::layout::{
    NONE_U32, NONE_U64, REQUEST_LIVE, RequestRecord, Section, StartKind, optional_u64,
};
use schemas::reader::Workload;
use schemas::rules;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// Whether a request waits for another.
pub fn waits(request: &RequestRecord) -> bool {
    request.after_request.get() != NONE_U64 || request.flags & REQUEST_LIVE != 0
}

/// Whether both are turns of one session.
pub fn same_session(one: &RequestRecord, other: &RequestRecord) -> bool {
    one.session == other.session && one.session.get() != NONE_U32
}

/// The requests that wait for each request.
#[derive(Debug, Default)]
pub struct Links {
    /// Where the dependants of each request begin; one more at the end.
    first: Vec<u32>,
    dependants: Vec<u32>,
    /// Requests that wait for more than one, in ascending order, and what they still wait for.
    joins: Vec<u32>,
    states: Vec<Join>,
}

/// A request that waits for more than one. Only one worker touches it.
#[derive(Debug, Default)]
struct Join {
    remaining: AtomicU32,
    ready_ns: AtomicU64,
}

impl Links {
    /// The requests that wait for this one, in ascending order.
    pub fn dependants(&self, index: u64) -> &[u32] {
        match self.first.get(index as usize..index as usize + 2) {
            Some(range) => &self.dependants[range[0] as usize..range[1] as usize],
            None => &[],
        }
    }

    /// One of the requests that `index` waits for has ended, and lets it start at `ready_ns`. The
    /// latest of these times once there is none left; `None` until then, and if it was given up.
    pub fn one_ended(&self, index: u32, ready_ns: u64) -> Option<u64> {
        let Ok(place) = self.joins.binary_search(&index) else {
            return Some(ready_ns);
        };
        let join = &self.states[place];
        let remaining = join.remaining.load(Relaxed).checked_sub(1)?;
        let ready_ns = ready_ns.max(join.ready_ns.load(Relaxed));
        join.remaining.store(remaining, Relaxed);
        join.ready_ns.store(ready_ns, Relaxed);
        (remaining == 0).then_some(ready_ns)
    }

    /// `index` will not be sent, whatever else it waits for. False if that was so already.
    pub fn give_up(&self, index: u32) -> bool {
        match self.joins.binary_search(&index) {
            Ok(place) => self.states[place].remaining.swap(0, Relaxed) > 0,
            Err(_) => true,
        }
    }
}

/// Collects the links of a workload, request by request.
#[derive(Debug)]
pub struct LinksBuilder<'w> {
    workload: &'w Workload,
    edges: Vec<(u32, u32)>,
    joins: Vec<u32>,
    states: Vec<Join>,
    /// The latest request that each one waits for, or none.
    latest: Vec<u32>,
    /// What each one hangs on through all that it waits for; itself, if it waits for none.
    root: Vec<u32>,
    /// What one request waits for; kept for its memory.
    awaited: Vec<u32>,
}

impl<'w> LinksBuilder<'w> {
    /// No request is linked yet.
    pub fn new(workload: &'w Workload) -> Self {
        LinksBuilder {
            workload,
            edges: Vec::new(),
            joins: Vec::new(),
            states: Vec::new(),
            latest: Vec::with_capacity(workload.requests().len()),
            root: Vec::with_capacity(workload.requests().len()),
            awaited: Vec::new(),
        }
    }

    /// Links the next request. Returns what it hangs on, itself if it waits for none; an error if
    /// that is more than one request while there are several workers.
    pub fn push(&mut self, index: u32, workers: usize) -> Result<u32, PlanError> {
        let request = &self.workload.requests()[index as usize];
        if !waits(request) {
            self.latest.push(NONE_U32);
            self.root.push(index);
            return Ok(index);
        }
        self.find_awaited(index, request)?;
        self.drop_implied(request);
        let root = self.root[self.awaited[0] as usize];
        let other = |awaited: &u32| self.root[*awaited as usize] != root;
        if workers > 1 && self.awaited.iter().any(other) {
            return Err(PlanError::OneWorker {
                index: index.into(),
            });
        }
        self.latest.push(self.awaited[0]);
        self.root.push(root);
        if self.awaited.len() > 1 {
            self.joins.push(index);
            self.states.push(Join {
                remaining: AtomicU32::new(self.awaited.len() as u32),
                ready_ns: AtomicU64::new(0),
            });
        }
        let edges = self.awaited.iter().map(|awaited| (*awaited, index));
        self.edges.extend(edges);
        Ok(root)
    }

    /// Fills `awaited`: the latest first, each once.
    fn find_awaited(&mut self, index: u32, request: &RequestRecord) -> Result<(), PlanError> {
        self.awaited.clear();
        let requests = self.workload.requests();
        let mut add = |other: u64| {
            let found = (other < index.into()).then(|| &requests[other as usize]);
            rules::awaited(request, found).map_err(|what| {
                let workload = self.workload;
                workload.record_error(Section::Requests, index.into(), what)
            })?;
            self.awaited.push(other as u32);
            Ok::<_, PlanError>(())
        };
        optional_u64(request.after_request)
            .map(&mut add)
            .transpose()?;
        if request.flags & REQUEST_LIVE != 0 {
            for piece in self.workload.body(index.into())? {
                if let Piece::AnswerTo(other) = piece {
                    add(other)?;
                }
            }
        }
        self.awaited.sort_unstable_by(|one, other| other.cmp(one));
        self.awaited.dedup();
        if self.awaited.is_empty() {
            let what = "its live flag is set, but no answer is put into its body".to_owned();
            return Err(self
                .workload
                .record_error(Section::Requests, index.into(), what)
                .into());
        }
        Ok(())
    }

    /// Leaves out of `awaited` what has ended anyway when the latest has, unless a delay counts from
    /// its end. Only through turns of the same session: if one of them fails, so do all behind it.
    fn drop_implied(&mut self, request: &RequestRecord) {
        let requests = self.workload.requests();
        let delayed = (request.start_kind == StartKind::After as u8)
            .then(|| request.after_request.get() as u32);
        let latest = &self.latest;
        let mut ancestor = self.awaited[0];
        let mut first = true;
        self.awaited.retain(|awaited| {
            if std::mem::take(&mut first) {
                return true;
            }
            while ancestor != NONE_U32
                && ancestor > *awaited
                && same_session(request, &requests[ancestor as usize])
            {
                ancestor = latest[ancestor as usize];
            }
            ancestor != *awaited || delayed == Some(*awaited)
        });
    }

    /// All links that were pushed.
    pub fn finish(self) -> Result<Links, PlanError> {
        if self.edges.is_empty() {
            return Ok(Links::default());
        }
        if u32::try_from(self.edges.len()).is_err() {
            return Err(PlanError::TooMany);
        }
        let mut first = vec![0u32; self.latest.len() + 1];
        for (awaited, _) in &self.edges {
            first[*awaited as usize + 1] += 1;
        }
        for index in 1..first.len() {
            first[index] += first[index - 1];
        }
        let mut end = first.clone();
        let mut dependants = vec![0; self.edges.len()];
        for (awaited, index) in self.edges {
            let end = &mut end[awaited as usize];
            dependants[*end as usize] = index;
            *end += 1;
        }
        Ok(Links {
            first,
            dependants,
            joins: self.joins,
            states: self.states,
        })
    }
}
