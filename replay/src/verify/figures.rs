//! The figures of `sweep.json`, worked out again from its loads.

use crate::analysis::RunData;
use crate::analysis::summary::Summary;
use crate::engine::schedule::Speed;
use crate::sweep::estimate::estimate;
use crate::sweep::knee::knee;
use crate::sweep::measure;
use crate::sweep::probe::RungResult;
use crate::sweep::rescale::{Paced, Scaled};
use crate::sweep::result::{Probe, SWEEP_FILE, Saturation, StepResult, SweepResult};
use crate::verify::finding::Fault;
use crate::verify::json::short;
use crate::verify::searches;
use crate::verify::workload::Proven;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Numbers went through text, which a reader may take off by the last digit; sums of them by little more.
const TOLERANCE: f64 = 1e-9;

/// What is found out of one load after the other.
pub struct Figures<'a> {
    said: &'a SweepResult,
    proven: Option<&'a Proven>,
    /// Which requests have a rate; `None` without the workload.
    paced: Option<Paced<'a>>,
    /// Worker threads of the probes.
    workers: u32,
    /// What came of each probe, in the order of firing.
    rungs: Vec<RungResult>,
}

impl<'a> Figures<'a> {
    /// Of a sweep's file, and of its workload, if that is known.
    pub fn new(said: &'a SweepResult, proven: Option<&'a Proven>, faults: &mut Vec<Fault>) -> Self {
        let paced = proven.and_then(|proven| {
            let workload = proven.workload();
            match Paced::of(workload.requests(), workload.stages()) {
                Ok(paced) => Some(paced),
                Err(why) => {
                    let why = why.lines().next().unwrap_or_default();
                    fault(faults, "workload", format!("cannot be swept: {why}"));
                    None
                }
            }
        });
        Figures {
            said,
            proven: proven.filter(|_| paced.is_some()),
            paced,
            workers: 1,
            rungs: Vec::new(),
        }
    }

    /// Holds what is said of a load against what follows from it; false if nothing is said of it.
    pub fn take(
        &mut self,
        name: &str,
        data: &RunData,
        summary: &Summary,
        faults: &mut Vec<Fault>,
    ) -> bool {
        let probes = self.said.saturation.iter().flat_map(|found| &found.probes);
        let probe = (0..).zip(probes).find(|(_, probe)| probe.directory == name);
        if let Some((place, said)) = probe {
            self.probe(place, said, data, summary, faults);
            return true;
        }
        let steps = places("steps", &self.said.steps);
        let trials = self.said.goal.iter();
        let trials = trials.flat_map(|goal| places("goal.trials", &goal.trials));
        let step = steps.chain(trials).find(|(_, step)| step.directory == name);
        if let Some((key, said)) = &step {
            self.step(key, said, data, summary, faults);
        }
        step.is_some()
    }

    fn probe(
        &mut self,
        place: usize,
        said: &Probe,
        data: &RunData,
        summary: &Summary,
        faults: &mut Vec<Fault>,
    ) {
        let paced = self.paced.unwrap_or_default();
        let reasons = &summary.verdict.reasons;
        let rung = measure::rung(said.directory.clone(), &paced, &data.rows, reasons);
        let found = estimate(&rung.ends_ns);
        let effective = &data.info.effective;
        let again = Probe {
            directory: said.directory.clone(),
            in_flight: effective.max_in_flight.unwrap_or_default(),
            requests: effective.requests.unwrap_or(data.info.workload.requests),
            failed: rung.failed,
            rate: found.map(|found| found.rate),
            low: found.map(|found| found.low),
            high: found.map(|found| found.high),
        };
        hold(faults, &format!("saturation.probes[{place}]"), said, &again);
        self.workers = effective.workers.unwrap_or(1);
        // Statements sort `probe-10` before `probe-2`.
        let place = self
            .rungs
            .iter()
            .filter(|other| number(other) < number(&rung))
            .count();
        self.rungs.insert(place, rung);
    }

    fn step(
        &self,
        key: &str,
        said: &StepResult,
        data: &RunData,
        summary: &Summary,
        faults: &mut Vec<Fault>,
    ) {
        let effective = &data.info.effective;
        let fired = Scaled {
            speed: effective.speed.and_then(Speed::new).unwrap_or_default(),
            requests: effective.requests.unwrap_or(data.info.workload.requests),
            paced: 0,
            is_short: said.is_short,
        };
        let again = |scaled: &Scaled, paced: &Paced<'_>| {
            let name = said.directory.clone();
            measure::step(name, said.asked_rate, scaled, paced, data, summary)
        };
        let Some(paced) = self.paced else {
            let again = StepResult {
                paced_share: said.paced_share,
                duration_s: said.duration_s,
                offered_rate: said.offered_rate,
                completed_rate: said.completed_rate,
                ..again(&fired, &Paced::default())
            };
            return hold(faults, key, said, &again);
        };
        let Some(duration) = duration(self.said) else {
            return;
        };
        // A rate that was read from text may be off by its last digit, and so the number of requests.
        let rate = said.asked_rate;
        let near = [rate, rate.next_up(), rate.next_down()];
        let scaled = near.map(|rate| paced.at_rate(rate, duration));
        let is_fired = |scaled: &&Scaled| scaled.requests == fired.requests;
        let scaled = scaled.iter().flatten();
        let Some(scaled) = scaled.clone().find(is_fired).or(scaled.clone().next()) else {
            return fault(
                faults,
                &format!("{key}.asked_rate"),
                "cannot be fired".to_owned(),
            );
        };
        let again = again(scaled, &paced);
        hold(faults, key, said, &again);
        let run = StepResult {
            speed: fired.speed.factor(),
            requests: fired.requests,
            ..again.clone()
        };
        let mut other = Vec::new();
        hold(&mut other, key, &run, &again);
        faults.extend(other.into_iter().map(|fault| Fault {
            what: format!("of run.json of {} {}", said.directory, fault.what),
            ..fault
        }));
    }

    /// Holds what is said of all loads together against what follows from what is said of each.
    pub fn conclude(self, faults: &mut Vec<Fault>) {
        let said = self.said;
        if duration(said).is_none() {
            let what = "is no duration".to_owned();
            return fault(faults, "step_duration_s", what);
        }
        hold(faults, "knee", &said.knee, &knee(&said.steps));
        if let Some(goal) = &said.goal {
            match searches::goal(said, goal) {
                Ok(again) => hold(faults, "goal", goal, &again),
                Err((key, what)) => fault(faults, &key, what),
            }
        }
        if let (Some(proven), Some(found)) = (self.proven, &said.saturation) {
            self.hold_saturation(proven, found, faults);
        }
    }

    /// The most in flight that the user allowed is not written down: it is that of the last probe, or
    /// more than any had.
    fn hold_saturation(&self, proven: &Proven, said: &Saturation, faults: &mut Vec<Fault>) {
        let highest = said.probes.iter().map(|probe| probe.in_flight).max();
        let tried = [highest.unwrap_or_default(), u32::MAX].map(|most| {
            let mut faults = Vec::new();
            match searches::saturation(proven, self.said, &self.rungs, self.workers, most) {
                Ok(again) => hold(&mut faults, "saturation", &Some(said), &again.as_ref()),
                Err((key, what)) => fault(&mut faults, &key, what),
            }
            faults
        });
        let least = tried.into_iter().min_by_key(Vec::len);
        faults.extend(least.unwrap_or_default());
    }
}

/// Steps or trials with their places.
pub fn places<'s>(
    list: &str,
    steps: &'s [StepResult],
) -> impl Iterator<Item = (String, &'s StepResult)> {
    let steps = steps.iter().enumerate();
    steps.map(move |(place, step)| (format!("{list}[{place}]"), step))
}

/// Asked duration of each step; `None` if it can be none.
fn duration(said: &SweepResult) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(said.step_duration_s).ok();
    duration.filter(|duration| !duration.is_zero())
}

/// The number in the name of a probe's directory.
fn number(rung: &RungResult) -> Option<u64> {
    rung.directory.rsplit_once('-')?.1.parse().ok()
}

/// Enters each value of `said` that `again` has otherwise.
fn hold<T: Serialize>(faults: &mut Vec<Fault>, key: &str, said: &T, again: &T) {
    match (serde_json::to_value(said), serde_json::to_value(again)) {
        (Ok(said), Ok(again)) => differences(faults, key, &said, &again),
        _ => fault(faults, key, "cannot be compared".to_owned()),
    }
}

fn differences(faults: &mut Vec<Fault>, key: &str, said: &Value, again: &Value) {
    match (said, again) {
        (Value::Object(said), Value::Object(again)) => {
            for (name, said) in said {
                let again = again.get(name).unwrap_or(&Value::Null);
                differences(faults, &format!("{key}.{name}"), said, again);
            }
        }
        (Value::Array(said), Value::Array(again)) if said.len() == again.len() => {
            for (place, (said, again)) in said.iter().zip(again).enumerate() {
                differences(faults, &format!("{key}[{place}]"), said, again);
            }
        }
        (Value::Number(a), Value::Number(b)) if near(a.as_f64(), b.as_f64()) => {}
        _ if said == again => {}
        _ => {
            let what = format!("is {}, the loads give {}", short(said), short(again));
            fault(faults, key, what);
        }
    }
}

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| is_near(a, b))
}

/// Whether two numbers that went through text can be one.
pub fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

fn fault(faults: &mut Vec<Fault>, key: &str, what: String) {
    faults.push(Fault {
        file: SWEEP_FILE.to_owned(),
        place: key.to_owned(),
        what,
    });
}
