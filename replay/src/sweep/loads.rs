//! Which loads a sweep fired: what its statement must be about, neither more nor less.

use crate::sweep::result::SweepResult;

/// The directories of all loads, in the order of firing. `has` says which are there; it is asked for
/// those that an interrupted sweep did not come to name.
///
/// # Errors
/// A directory that no sweep gives its load, in words.
pub fn loads(result: &SweepResult, has: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let probes = result.saturation.iter().flat_map(|found| &found.probes);
    let probes: Vec<&str> = probes.map(|probe| &*probe.directory).collect();
    let steps: Vec<&str> = result.steps.iter().map(|step| &*step.directory).collect();
    let trials = result.goal.iter().flat_map(|goal| &goal.trials);
    let trials: Vec<&str> = trials.map(|trial| &*trial.directory).collect();
    let mut loads = Vec::new();
    for (said, name) in [
        (&probes, probe as fn(usize) -> String),
        (&steps, step),
        (&trials, trial),
    ] {
        for (number, said) in (1..).zip(said) {
            let name = name(number);
            if **said != name {
                return Err(format!(
                    "a load lies in {said:?}, and a sweep calls it {name}"
                ));
            }
            loads.push(name);
        }
    }
    if result.interrupted {
        loads.extend(unnamed(
            result,
            [probes.len(), steps.len(), trials.len()],
            has,
        ));
    }
    Ok(loads)
}

/// Loads of an interrupted sweep that it did not come to name: the one that was stopped, and before it
/// all probes where none could be judged yet. `named` are the numbers of probes, steps and trials.
fn unnamed(result: &SweepResult, named: [usize; 3], has: impl Fn(&str) -> bool) -> Vec<String> {
    let [probes, steps, trials] = named;
    if result.saturation.is_none() && steps == 0 {
        let probes: Vec<String> = (1..).map(probe).take_while(|name| has(name)).collect();
        if !probes.is_empty() {
            return probes;
        }
    }
    let next = [
        (result.saturation.is_some() && steps == 0).then(|| probe(probes + 1)),
        (trials == 0).then(|| step(steps + 1)),
        (steps > 0).then(|| trial(trials + 1)),
    ];
    let next = next.into_iter().flatten().find(|name| has(name));
    next.into_iter().collect()
}

/// Directory of a probe, by its number from 1.
pub fn probe(number: usize) -> String {
    format!("probe-{number}")
}

/// Directory of a step, by its number from 1.
pub fn step(number: usize) -> String {
    format!("step-{number:02}")
}

/// Directory of a trial, by its number from 1.
pub fn trial(number: usize) -> String {
    format!("goal-{number:02}")
}
