//! The searches of a sweep gone through again, with what is known of the loads that they fired.

use crate::sweep::estimate::FEWEST_ENDS;
use crate::sweep::goal::{LOWER, Search};
use crate::sweep::probe::{Ladder, LadderSettings, Rung, RungResult};
use crate::sweep::result::{Goal, Saturation, SweepResult};
use crate::verify::figures::{is_near, places};
use crate::verify::workload::Proven;

/// The search for the saturation, with what came of the probes that there were and at most so many in
/// flight; `None` where none of them could be judged.
///
/// # Errors
/// The first probe that it would not fire, or that it would fire another: the key and what is wrong.
pub fn saturation(
    proven: &Proven,
    said: &SweepResult,
    rungs: &[RungResult],
    workers: u32,
    most: u32,
) -> Result<Option<Saturation>, (String, String)> {
    let hints = proven.hints().sweep.as_ref();
    let mut ladder = Ladder::new(LadderSettings {
        workers,
        most,
        available: proven.workload().requests().len() as u64,
        least: hints.map(|hints| hints.requests),
        percentile: hints.map(|hints| f64::from(hints.saturation_percentile_ppm) / 1e4),
    });
    let probes = said.saturation.iter().flat_map(|found| &found.probes);
    for (place, (probe, rung)) in probes.zip(rungs).enumerate() {
        let fired = Rung {
            in_flight: probe.in_flight,
            requests: probe.requests,
        };
        if ladder.next() != Some(fired) {
            let what = "is not what the search fires after the probes before it";
            return Err((format!("saturation.probes[{place}]"), what.to_owned()));
        }
        ladder.take(rung.clone());
    }
    let has_gone_on = !said.interrupted || !said.steps.is_empty();
    match ladder.next() {
        Some(_) if has_gone_on => {
            let what = "the search had not come to its end";
            Err(("saturation.probes".to_owned(), what.to_owned()))
        }
        _ => Ok(ladder.saturation()),
    }
}

/// The search for the highest rate that meets the SLOs, with the trials that there were.
///
/// # Errors
/// As of [`saturation`], of the first such trial.
pub fn goal(said: &SweepResult, goal: &Goal) -> Result<Goal, (String, String)> {
    let first = goal.trials.first().map(|trial| trial.asked_rate);
    let Some(first) = first else {
        return Err(("goal.trials".to_owned(), "there is none".to_owned()));
    };
    // What it began from: the saturation, or `--up-to`, which is not written down, but the rate of some
    // other load unless it was stopped early.
    let rates = said.steps.iter().chain(&goal.trials);
    let mut rates = rates.map(|step| step.asked_rate);
    let highest = match &said.saturation {
        Some(found) => found.paced_rate,
        None => rates
            .find(|rate| is_near(rate * LOWER, first))
            .unwrap_or(first / LOWER),
    };
    let least = FEWEST_ENDS as f64 / said.step_duration_s;
    let mut search = Search::new(highest, least, goal.share, goal.tolerance);
    for (key, trial) in places("goal.trials", &goal.trials) {
        match search.next() {
            Some(rate) if is_near(rate, trial.asked_rate) => search.take(trial.clone()),
            Some(rate) => {
                let what = format!("is {}, the search tries {rate}", trial.asked_rate);
                return Err((format!("{key}.asked_rate"), what));
            }
            None => return Err((key, "the search had come to its end before".to_owned())),
        }
    }
    match search.next() {
        Some(_) if !said.interrupted => {
            let what = "the search had not come to its end";
            Err(("goal.trials".to_owned(), what.to_owned()))
        }
        _ => Ok(search.goal().clone()),
    }
}
