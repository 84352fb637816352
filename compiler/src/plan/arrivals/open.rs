//! Open loop: stages with rates, and gaps between requests that even, exponential, gamma or
//! Weibull processes leave.

use super::{Arrival, ArrivalKind};
use crate::rng::Streams;
use crate::samplers::{EXPOSURE_PER_ARRIVAL, Interval, RateProfile};
use rayon::prelude::*;

/// Gaps that are drawn at once, on all threads.
const GAPS_AT_ONCE: u32 = 8192;

/// A stage on the plan's clock.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// Index in the plan.
    pub stage: u32,
    /// Begin in ns from t0.
    pub start_ns: u64,
    /// Rate over time.
    pub profile: RateProfile,
}

/// The arrivals of stages with rates.
#[derive(Clone, Debug)]
pub struct Open {
    /// What the gaps are like.
    pub interval: Interval,
    /// Where they are drawn from; not used by even gaps.
    pub streams: Streams,
    /// In order of time.
    pub stages: Vec<Placed>,
}

impl Open {
    /// Walks the arrivals in order of time; ordinals count from 0 through all stages.
    pub fn arrivals(&self) -> Box<dyn Iterator<Item = Arrival> + '_> {
        match self.interval {
            Interval::Even => Box::new(self.even()),
            _ => Box::new(self.drawn()),
        }
    }

    /// Arrivals to expect.
    pub fn expected(&self) -> u64 {
        let exposure: u128 = self.stages.iter().map(|s| s.profile.exposure()).sum();
        (exposure / EXPOSURE_PER_ARRIVAL) as u64
    }

    /// Even spacing: request *j* of a stage starts when the stage's rate has added up to *j*
    /// requests; at a flat rate that is `floor(j / rate)`.
    fn even(&self) -> impl Iterator<Item = Arrival> + '_ {
        let in_stage = |placed: &Placed| {
            let Placed {
                stage,
                start_ns,
                profile,
            } = *placed;
            let count = profile.exposure().div_ceil(EXPOSURE_PER_ARRIVAL);
            (0..count).map(move |position| {
                let offset_ns = profile.offset_ns(position * EXPOSURE_PER_ARRIVAL);
                (stage, start_ns + offset_ns)
            })
        };
        let starts = self.stages.iter().flat_map(in_stage);
        (0..).zip(starts).map(arrival)
    }

    /// One renewal process with gaps of unit mean, stretched by the stages' rates (time-rescaling
    /// theorem): request *i* arrives when the expected number of arrivals reaches the sum of the
    /// first *i* + 1 gaps. What is left of a gap at a stage's end goes on at the next stage's
    /// rate; between stages nothing is expected, so it waits.
    fn drawn(&self) -> impl Iterator<Item = Arrival> + '_ {
        let mut gaps = Gaps::new(self.interval, self.streams);
        let mut stages = self.stages.iter();
        let mut current = stages
            .next()
            .map(|placed| (placed, placed.profile.exposure()));
        // Exposure from the current stage's begin to the next arrival.
        let mut ahead = gaps.next();
        let starts = std::iter::from_fn(move || {
            loop {
                let (placed, whole) = current?;
                if ahead < whole {
                    let at_ns = placed.start_ns + placed.profile.offset_ns(ahead);
                    ahead += gaps.next();
                    return Some((placed.stage, at_ns));
                }
                ahead -= whole;
                current = stages
                    .next()
                    .map(|placed| (placed, placed.profile.exposure()));
            }
        });
        (0..).zip(starts).map(arrival)
    }
}

fn arrival((ordinal, (stage, at_ns)): (u64, (u32, u64))) -> Arrival {
    let kind = ArrivalKind::At { at_ns };
    Arrival {
        ordinal,
        stage,
        kind,
    }
}

/// Gaps by ordinal, drawn ahead on all threads.
struct Gaps {
    interval: Interval,
    streams: Streams,
    next_ordinal: u64,
    ready: std::vec::IntoIter<u128>,
}

impl Gaps {
    fn new(interval: Interval, streams: Streams) -> Self {
        Self {
            interval,
            streams,
            next_ordinal: 0,
            ready: Vec::new().into_iter(),
        }
    }

    fn next(&mut self) -> u128 {
        if let Some(gap) = self.ready.next() {
            return gap;
        }
        let first = self.next_ordinal;
        self.next_ordinal += u64::from(GAPS_AT_ONCE);
        let gaps: Vec<u128> = (0..GAPS_AT_ONCE)
            .into_par_iter()
            .with_min_len(512)
            .map(|i| self.interval.exposure(&self.streams, first + u64::from(i)))
            .collect();
        self.ready = gaps.into_iter();
        self.ready.next().expect("a batch is never empty")
    }
}
