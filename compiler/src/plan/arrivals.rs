//! When requests start. All arithmetic is on integers: a time is a quotient of whole numbers and
//! never a sum of rounded ones, so nothing drifts however long the schedule.

use super::{PlannedRequest, PlannedStage};
use crate::rng::{Component, Seed, Streams};
use crate::samplers::exponential_exposure;
use crate::spec::Stage;
use traces::Trace;

/// Expected arrivals are counted in units of 10^-15, because a rate in requests per 10^6 seconds
/// times a duration in ns is a whole number of them.
const EXPOSURE_PER_ARRIVAL: u128 = 1_000_000_000_000_000;

type Schedule = (Vec<PlannedStage>, Vec<PlannedRequest>);

/// Even spacing: request *j* of a stage starts `floor(j / rate)` after the stage does.
pub fn constant(stages: &[Stage]) -> Schedule {
    let mut schedule = Builder::default();
    for stage in stages {
        let rate = u128::from(stage.rate.get());
        schedule.begin(stage);
        for position in 0.. {
            let offset_ns = position * EXPOSURE_PER_ARRIVAL / rate;
            if offset_ns >= u128::from(stage.duration.get()) {
                break;
            }
            schedule.request(offset_ns as u64);
        }
        schedule.end(stage);
    }
    schedule.into_schedule()
}

/// One Poisson process of unit rate, stretched by the stages' rates (time-rescaling theorem):
/// request *i* arrives when the expected number of arrivals reaches the sum of the first *i* + 1
/// unit exponentials. What is left of a gap at a stage's end goes on at the next stage's rate.
pub fn poisson(stages: &[Stage], seed: Seed) -> Schedule {
    let streams = Streams::new(seed, Component::PoissonInterval);
    let exposure = |ordinal| u128::from(exponential_exposure(&mut streams.stream(ordinal)));
    let mut schedule = Builder::default();
    let mut stage_begins_at = 0u128;
    let mut next_at = exposure(0);
    for stage in stages {
        let rate = u128::from(stage.rate.get());
        let stage_ends_at = stage_begins_at + rate * u128::from(stage.duration.get());
        schedule.begin(stage);
        while next_at < stage_ends_at {
            schedule.request(((next_at - stage_begins_at) / rate) as u64);
            next_at += exposure(schedule.requests.len() as u64);
        }
        schedule.end(stage);
        stage_begins_at = stage_ends_at;
    }
    schedule.into_schedule()
}

/// Each event of a trace at its exact offset, as one stage without an asked rate.
pub fn replayed(trace: &Trace) -> Schedule {
    let requests: Vec<PlannedRequest> = trace
        .events
        .iter()
        .map(|event| PlannedRequest {
            ordinal: event.row.into(),
            at_ns: event.at_ns,
            stage: 0,
            input_tokens: event.input_tokens,
            output_tokens: event.output_tokens,
        })
        .collect();
    let stage = PlannedStage {
        start_ns: 0,
        duration_ns: requests.last().map_or(0, |request| request.at_ns),
        rate_microhertz: None,
        request_count: requests.len() as u64,
    };
    (vec![stage], requests)
}

/// Stages one after the other.
#[derive(Default)]
struct Builder {
    stages: Vec<PlannedStage>,
    requests: Vec<PlannedRequest>,
    next_start_ns: u64,
}

impl Builder {
    fn begin(&mut self, stage: &Stage) {
        self.stages.push(PlannedStage {
            start_ns: self.next_start_ns,
            duration_ns: stage.duration.get(),
            rate_microhertz: Some(stage.rate.get()),
            request_count: 0,
        });
    }

    fn request(&mut self, offset_ns: u64) {
        let stage = self.stages.last_mut().expect("a stage has begun");
        stage.request_count += 1;
        self.requests.push(PlannedRequest {
            ordinal: self.requests.len() as u64,
            at_ns: stage.start_ns + offset_ns,
            stage: (self.stages.len() - 1) as u32,
            input_tokens: 0,
            output_tokens: 0,
        });
    }

    fn end(&mut self, stage: &Stage) {
        self.next_start_ns += stage.duration.get();
    }

    fn into_schedule(self) -> Schedule {
        (self.stages, self.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{DurationNs, RateMicrohertz};

    fn stage(rate: &str, duration: &str) -> Stage {
        Stage {
            rate: RateMicrohertz::parse(rate).unwrap(),
            duration: DurationNs::parse(duration).unwrap(),
        }
    }

    fn starts(schedule: &Schedule) -> Vec<u64> {
        schedule.1.iter().map(|request| request.at_ns).collect()
    }

    #[test]
    fn constant_is_even_to_the_nanosecond_and_does_not_drift() {
        let schedule = constant(&[stage("3", "10s")]);
        assert_eq!(schedule.1.len(), 30);
        assert_eq!(
            starts(&schedule)[..4],
            [0, 333_333_333, 666_666_666, 1_000_000_000]
        );
        assert_eq!(starts(&schedule)[27], 9_000_000_000);
    }

    #[test]
    fn a_stage_is_half_open_and_the_next_begins_at_its_end() {
        let schedule = constant(&[stage("2", "1s"), stage("1", "2s")]);
        assert_eq!(
            starts(&schedule),
            [0, 500_000_000, 1_000_000_000, 2_000_000_000]
        );
        assert_eq!(schedule.1[2].stage, 1);
        assert_eq!(schedule.0[1].start_ns, 1_000_000_000);
        assert_eq!(
            schedule
                .0
                .iter()
                .map(|stage| stage.request_count)
                .collect::<Vec<_>>(),
            [2, 2]
        );
    }

    #[test]
    fn rates_below_one_and_fractions_are_exact() {
        assert_eq!(
            starts(&constant(&[stage("0.25", "10s")])),
            [0, 4_000_000_000, 8_000_000_000]
        );
        assert_eq!(constant(&[stage("0.1", "1s")]).1.len(), 1);
    }

    #[test]
    fn poisson_counts_and_gaps_have_the_moments_of_a_poisson_process() {
        let schedule = poisson(&[stage("1000", "100s")], Seed(1));
        let count = schedule.1.len() as f64;
        assert!((count - 100_000.0).abs() < 4.0 * 316.3, "{count} arrivals");
        let gaps: Vec<f64> = starts(&schedule)
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64 / 1e6)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps
            .iter()
            .map(|gap| (gap - mean) * (gap - mean))
            .sum::<f64>()
            / gaps.len() as f64;
        assert!((mean - 1.0).abs() < 0.02, "mean gap {mean} ms");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance} ms²");
    }

    #[test]
    fn splitting_a_stage_in_two_changes_no_arrival() {
        let whole = poisson(&[stage("50", "20s")], Seed(9));
        let split = poisson(&[stage("50", "7s"), stage("50", "13s")], Seed(9));
        assert_eq!(starts(&whole), starts(&split));
    }

    /// The natural mistake: begin each stage with a fresh gap and throw the unfinished one away.
    fn poisson_restarted(stages: &[Stage], seed: Seed) -> Vec<u64> {
        let streams = Streams::new(seed, Component::PoissonInterval);
        let (mut starts, mut begin_ns) = (Vec::new(), 0);
        for stage in stages {
            let rate = u128::from(stage.rate.get());
            let mut at = 0u128;
            loop {
                at += u128::from(exponential_exposure(
                    &mut streams.stream(starts.len() as u64),
                ));
                if at >= rate * u128::from(stage.duration.get()) {
                    break;
                }
                starts.push(begin_ns + (at / rate) as u64);
            }
            begin_ns += stage.duration.get();
        }
        starts
    }

    #[test]
    fn control_a_restarted_process_fails_the_splitting_test() {
        let whole = poisson_restarted(&[stage("50", "20s")], Seed(9));
        let split = poisson_restarted(&[stage("50", "7s"), stage("50", "13s")], Seed(9));
        assert_ne!(whole, split);
    }

    #[test]
    fn a_longer_schedule_leaves_the_beginning_as_it_was() {
        let short = poisson(&[stage("50", "10s")], Seed(3));
        let long = poisson(&[stage("50", "10s"), stage("90", "10s")], Seed(3));
        assert_eq!(short.1[..], long.1[..short.1.len()]);
    }
}
