//! Up to which step a server keeps up with the schedule.

use crate::analysis::verdict::Word;
use crate::sweep::result::{Knee, StepResult};

/// Fewest steps that have a knee.
const FEWEST_STEPS: usize = 3;
/// Share of the requests due that are answered in the same time where the server keeps up.
pub const KEEPS_UP: f64 = 0.98;
/// How many times the lowest step's median latency is still no queue.
pub const SLOWER: f64 = 2.0;

/// The highest of these steps (by rate) that the server keeps up with: it answers at least
/// [`KEEPS_UP`] of the rate, at most [`SLOWER`] times as late as at the lowest.
pub fn knee(steps: &[StepResult]) -> Option<Knee> {
    if steps.len() < FEWEST_STEPS {
        return None;
    }
    let step = steps
        .iter()
        .rposition(|step| beyond(step, &steps[0]).is_none())?;
    let why = match steps.get(step + 1) {
        Some(next) => {
            let why = beyond(next, &steps[0]).expect("it is higher than the highest that holds");
            format!("at {:.2} requests/s {why}", next.asked_rate)
        }
        None => "the highest step still keeps up; go higher with --up-to".to_owned(),
    };
    Some(Knee {
        rate: steps[step].asked_rate,
        step,
        why,
    })
}

/// Why the server does not keep up at this step.
fn beyond(step: &StepResult, lowest: &StepResult) -> Option<String> {
    if step.verdict == Word::Invalid {
        return Some(format!(
            "the run is INVALID: the load was not put on as asked{}",
            step.cap()
        ));
    }
    let (Some(offered), Some(completed)) = (step.offered_rate, step.completed_rate) else {
        return Some("too few requests were answered".into());
    };
    if completed < KEEPS_UP * offered {
        return Some(format!(
            "{completed:.2} of {offered:.2} due are answered a second"
        ));
    }
    let (Some(latency_s), Some(lowest_s)) = (step.latency_p50_s, lowest.latency_p50_s) else {
        return Some("no request was answered".into());
    };
    (latency_s > SLOWER * lowest_s).then(|| {
        let times = latency_s / lowest_s;
        format!("the median latency is {times:.1} times that of the lowest step")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::estimate::estimate;
    use crate::sweep::simulated::{Draws, Fifo};

    const SERVER: Fifo = Fifo {
        places: 20,
        service_ns: 100_000_000,
    };

    /// A step of so many requests at these times, as a server of 200/s answers it.
    fn step(rate: f64, scheduled: &[u64]) -> StepResult {
        let ends = SERVER.open(scheduled.iter().copied());
        let mut latencies: Vec<u64> = ends.iter().zip(scheduled).map(|(e, s)| e - s).collect();
        latencies.sort_unstable();
        StepResult {
            offered_rate: estimate(scheduled).map(|found| found.rate),
            completed_rate: estimate(&ends).map(|found| found.rate),
            latency_p50_s: Some(latencies[latencies.len() / 2] as f64 / 1e9),
            ..StepResult::at(rate)
        }
    }

    fn even(rate: f64, seconds: f64) -> StepResult {
        let times = (0..(rate * seconds) as u64).map(|i| (i as f64 / rate * 1e9) as u64);
        step(rate, &times.collect::<Vec<_>>())
    }

    #[test]
    fn the_knee_is_the_last_step_below_the_capacity() {
        let steps: Vec<_> = [60.0, 120.0, 180.0, 240.0].map(|r| even(r, 4.0)).into();
        let found = knee(&steps).unwrap();
        assert_eq!((found.rate, found.step), (180.0, 2));
        assert!(
            found.why.starts_with("at 240.00 requests/s 20"),
            "{}",
            found.why
        );
        assert!(found.why.contains(" of 240.00 due"), "{}", found.why);
    }

    #[test]
    fn drawn_arrivals_do_not_hide_it() {
        // Their rate within a step is never quite the asked one; what was due is what counts.
        for seed in 0..50 {
            let mut draws = Draws::new(seed);
            let steps: Vec<_> = [50.0, 100.0, 150.0, 250.0]
                .map(|rate| step(rate, &draws.independent((rate * 10.0) as usize, rate)))
                .into();
            assert_eq!(knee(&steps).map(|knee| knee.step), Some(2), "seed {seed}");
        }
    }

    #[test]
    fn a_queue_is_beyond_it_and_so_is_a_step_that_cannot_be_believed() {
        let mut steps: Vec<_> = [50.0, 100.0, 150.0].map(|r| even(r, 10.0)).into();
        let found = knee(&steps).unwrap();
        assert_eq!(found.step, 2);
        assert!(found.why.contains("--up-to"), "{}", found.why);
        steps[2].latency_p50_s = Some(0.21);
        let found = knee(&steps).unwrap();
        assert_eq!(found.step, 1);
        assert!(found.why.contains("2.1 times"), "{}", found.why);
        steps[1].verdict = Word::Invalid;
        let found = knee(&steps).unwrap();
        assert_eq!(found.step, 0);
        assert!(found.why.contains("INVALID"), "{}", found.why);
        assert!(!found.why.contains("--max-in-flight"), "{}", found.why);
        (steps[1].max_in_flight, steps[1].in_flight_max) = (Some(64), 64);
        let found = knee(&steps).unwrap();
        assert!(found.why.contains("all 64 places"), "{}", found.why);
        steps[0].completed_rate = None;
        assert_eq!(knee(&steps), None);
        assert_eq!(knee(&steps[..2]), None, "two steps have no knee");
    }
}
