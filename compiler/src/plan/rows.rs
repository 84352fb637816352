//! Which rows of a trace are replayed, and when: window, sample, limit, speed, rate and loop.

use super::PlanError;
use super::arrivals::{Arrival, ArrivalKind};
use crate::rng::index::looped_ordinal;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::{EXPOSURE_PER_ARRIVAL, Share};
use crate::spec::{TraceOptions, TraceRef, TraceStart};
use schemas::layout::MAX_TIME_NS;
use traces::{Event, Trace};

/// Shares are counted in units of 10^-12.
pub const SHARE_UNITS: u64 = 1_000_000_000_000;

const MICRO: u128 = 1_000_000;

/// What became of rows that parse and are not replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Before or behind the window.
    pub outside_window: u64,
    /// In the window, not in the sample.
    pub not_sampled: u64,
    /// Behind the limit.
    pub over_limit: u64,
}

/// The rows of a trace that a population replays.
#[derive(Clone, Debug)]
pub struct Rows<'t> {
    trace: &'t Trace,
    /// In the window and up to the limit, not yet sampled; in order of time.
    events: &'t [Event],
    sample: Option<Sample>,
    /// Rows that are replayed in one pass.
    pub selected: u64,
    /// The others.
    pub left_out: LeftOut,
    passes: u64,
    /// What is subtracted from an event's time.
    origin_ns: u64,
    /// From one pass to the next, before stretching.
    period_ns: u64,
    /// Times are multiplied by the first and divided by the second.
    stretch: (u128, u128),
}

/// A share of the rows, by the identity of each.
#[derive(Clone, Copy, Debug)]
struct Sample {
    share: Share,
    streams: Streams,
}

impl Sample {
    /// A row is in if its draw is in the share; of a conversation all turns are in or none.
    fn keeps(&self, trace: &Trace, event: &Event) -> bool {
        let row = event.row;
        let session = trace.columns.sessions.get(row as usize).copied();
        let identity = session.filter(|session| *session != traces::NONE);
        let identity = u64::from(identity.unwrap_or(row));
        self.share.decide(&mut self.streams.stream(identity))
    }
}

impl<'t> Rows<'t> {
    /// Selects rows of `trace` as `named` says.
    ///
    /// # Errors
    /// If nothing is left, or the times cannot be stretched or repeated as asked.
    pub fn select(
        named: &TraceRef,
        trace: &'t Trace,
        seed: Seed,
        population: Option<&str>,
    ) -> Result<Self, PlanError> {
        let options = &named.options;
        let streams = || Streams::in_population(seed, population, Component::SamplerRows);
        let sample = options.sample.map(|share| Sample {
            share: Share::new(share, SHARE_UNITS).expect("the spec was checked"),
            streams: streams(),
        });
        let mut rows = Self {
            trace,
            events: windowed(&trace.events, options.window),
            sample,
            selected: 0,
            left_out: LeftOut::default(),
            passes: u64::from(options.passes),
            origin_ns: 0,
            period_ns: 0,
            stretch: (1, 1),
        };
        rows.left_out.outside_window = (trace.events.len() - rows.events.len()) as u64;
        rows.limit(options.limit);
        rows.place(named)?;
        Ok(rows)
    }

    /// Counts the sample and cuts behind the limit.
    fn limit(&mut self, limit: Option<u64>) {
        let in_window = self.events.len();
        let mut taken = in_window;
        for (position, event) in self.events.iter().enumerate() {
            if limit == Some(self.selected) {
                taken = position;
                break;
            }
            match self.keeps(event) {
                true => self.selected += 1,
                false => self.left_out.not_sampled += 1,
            }
        }
        self.left_out.over_limit = (in_window - taken) as u64;
        self.events = &self.events[..taken];
    }

    fn keeps(&self, event: &Event) -> bool {
        self.sample
            .is_none_or(|sample| sample.keeps(self.trace, event))
    }

    /// One pass, as the trace has it.
    pub fn events(&self) -> impl Iterator<Item = &'t Event> + '_ {
        self.events.iter().filter(|event| self.keeps(event))
    }

    /// Decides origin, period and stretch.
    fn place(&mut self, named: &TraceRef) -> Result<(), PlanError> {
        let options = &named.options;
        let file = || named.file.clone();
        let first_ns = self.events().next().map(|event| event.at_ns);
        let (Some(first_ns), Some(last_ns)) = (first_ns, self.last_event_ns()) else {
            return Err(PlanError::NothingSelected { file: file() });
        };
        self.origin_ns = match (options.start, options.window) {
            (TraceStart::Window, Some((from_ns, _))) => from_ns,
            _ => first_ns,
        };
        let is_whole = self.left_out.over_limit == 0;
        self.period_ns = period_ns(options, first_ns, last_ns, self.selected, is_whole);
        let span_ns = span_ns(first_ns, last_ns, self.selected);
        let no_period = self.period_ns == 0 && self.passes > 1;
        if no_period || (span_ns == 0 && options.rate.is_some()) {
            return Err(PlanError::NoSpan { file: file() });
        }
        self.stretch = stretch(options, self.selected, span_ns);
        let end_ns = u128::from(last_ns - self.origin_ns)
            + u128::from(self.passes - 1) * u128::from(self.period_ns);
        let end_ns = self.stretched(end_ns).unwrap_or(u128::MAX);
        if end_ns > u128::from(MAX_TIME_NS) {
            let last_ns = end_ns;
            return Err(PlanError::TooLate {
                file: file(),
                last_ns,
            });
        }
        Ok(())
    }

    fn stretched(&self, at_ns: u128) -> Option<u128> {
        let (multiply, divide) = self.stretch;
        Some(at_ns.checked_mul(multiply)? / divide)
    }

    /// Requests over all passes.
    pub fn expected(&self) -> u64 {
        self.selected * self.passes
    }

    /// When the last one starts, in ns from t0.
    pub fn last_ns(&self) -> u64 {
        let last = self.last_event_ns();
        last.map_or(0, |at_ns| self.at_ns(at_ns, self.passes - 1))
    }

    /// The time of the last row that is replayed, as the trace has it.
    fn last_event_ns(&self) -> Option<u64> {
        let mut latest_first = self.events.iter().rev();
        let last = latest_first.find(|event| self.keeps(event));
        last.map(|event| event.at_ns)
    }

    fn at_ns(&self, at_ns: u64, pass: u64) -> u64 {
        let at_ns =
            u128::from(at_ns - self.origin_ns) + u128::from(pass) * u128::from(self.period_ns);
        self.stretched(at_ns).expect("the last time was checked") as u64
    }

    /// Each row at its time, all passes one after the other.
    pub fn arrivals(&self, stage: u32) -> impl Iterator<Item = Arrival> + '_ {
        (0..self.passes).flat_map(move |pass| {
            self.events().map(move |event| Arrival {
                ordinal: looped_ordinal(pass, event.row.into()),
                stage,
                kind: ArrivalKind::Row {
                    at_ns: self.at_ns(event.at_ns, pass),
                    event: *event,
                },
            })
        })
    }

    /// Whether a share of the rows was drawn.
    pub fn is_sampled(&self) -> bool {
        self.sample.is_some()
    }

    /// The trace that the rows are of.
    pub fn trace(&self) -> &'t Trace {
        self.trace
    }
}

/// The events in the window; its ends count from the trace's first event.
fn windowed(events: &[Event], window: Option<(u64, u64)>) -> &[Event] {
    let Some((from_ns, to_ns)) = window else {
        return events;
    };
    let before = |ns: u64| events.partition_point(|event| event.at_ns < ns);
    &events[before(from_ns)..before(to_ns)]
}

/// How long one pass takes: the window, or else from the first row to the last and one mean gap.
/// Rows behind a limit leave the window before its end, so it says nothing then.
fn period_ns(
    options: &TraceOptions,
    first_ns: u64,
    last_ns: u64,
    rows: u64,
    is_whole: bool,
) -> u64 {
    match options.window {
        Some((from_ns, to_ns)) if to_ns != u64::MAX && is_whole => to_ns - from_ns,
        _ => span_ns(first_ns, last_ns, rows),
    }
}

/// From the first row to the last, and one mean gap: what so many rows take at their mean rate.
fn span_ns(first_ns: u64, last_ns: u64, rows: u64) -> u64 {
    let between_ns = last_ns - first_ns;
    match rows {
        0 | 1 => 0,
        _ => between_ns + between_ns / (rows - 1),
    }
}

/// What times are multiplied with and divided by.
fn stretch(options: &TraceOptions, rows: u64, span_ns: u64) -> (u128, u128) {
    if let Some(speed) = options.speed {
        return (MICRO, u128::from(speed));
    }
    let Some(rate) = options.rate else {
        return (1, 1);
    };
    // So long do the rows take at the asked mean rate.
    let asked_ns = u128::from(rows) * EXPOSURE_PER_ARRIVAL / u128::from(rate.get());
    (asked_ns, u128::from(span_ns))
}
