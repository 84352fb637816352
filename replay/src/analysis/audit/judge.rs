//! Every comparison that an audit makes, property by property.

use super::continuity::Chance;
use super::differ::same;
use super::property::{Judged, Property, PropertyRow, Why};
use super::trials::{Kind, Probe, Role, Trial};
use schemas::audit::ID_PREFIX;
use std::collections::BTreeSet;

/// The table.
pub fn rows(probes: &[Probe<'_>], chance: &Chance) -> Vec<PropertyRow> {
    let row = |id, neighbours, judged: Vec<Judged>| PropertyRow::of(id, neighbours, judged);
    let mut rows = vec![
        row(Property::Reproducibility, None, reproducibility(probes)),
        row(Property::Divergence, None, divergence(probes)),
    ];
    for neighbours in counts(probes) {
        let judged = isolation(probes, neighbours);
        rows.push(row(Property::Isolation, Some(neighbours), judged));
    }
    rows.extend([
        row(Property::Continuity, None, chance.judge(probes)),
        row(Property::GreedyStability, None, greedy_stability(probes)),
        row(Property::GreedyNeighbours, None, greedy_neighbours(probes)),
        row(Property::IdReuse, None, id_reuse(probes)),
    ]);
    rows
}

/// The numbers of neighbours that were asked about.
fn counts(probes: &[Probe<'_>]) -> BTreeSet<u32> {
    let trials = probes.iter().flat_map(|probe| &probe.trials);
    let among = trials.filter(|trial| trial.role == Role::Among);
    among.map(|trial| trial.neighbours).collect()
}

fn reproducibility(probes: &[Probe<'_>]) -> Vec<Judged> {
    let seeded = probes.iter().filter(|probe| probe.is_seeded());
    let judged = seeded.filter_map(|probe| {
        let judged = equal(probe, probe.trial(Role::Again)?);
        Some(if_seed_matters(probe, judged))
    });
    judged.collect()
}

fn divergence(probes: &[Probe<'_>]) -> Vec<Judged> {
    let flat = probes.iter().filter(|probe| probe.kind == Kind::Flat);
    let judged = flat.filter_map(|probe| {
        let (alone, other) = (probe.trial(Role::Alone)?, probe.trial(Role::OtherSeed)?);
        Some(match alone.is_good() && other.is_good() {
            true => {
                let differs = !same(alone.answer, other.answer);
                Judged::comparison(differs, probe.name, alone, other)
            }
            false => Judged::Says(Why::NoAnswer),
        })
    });
    judged.collect()
}

fn isolation(probes: &[Probe<'_>], neighbours: u32) -> Vec<Judged> {
    let is_asked = |trial: &&Trial<'_>| trial.role == Role::Among && trial.neighbours == neighbours;
    let seeded = probes.iter().filter(|probe| probe.is_seeded());
    let judged = seeded.filter_map(|probe| {
        let trial = probe.trials.iter().find(is_asked)?;
        Some(in_company(probe, trial))
    });
    judged.collect()
}

fn greedy_stability(probes: &[Probe<'_>]) -> Vec<Judged> {
    let greedy = probes.iter().filter(|probe| probe.kind == Kind::Greedy);
    let judged = greedy.flat_map(|probe| {
        let others = probe
            .trials
            .iter()
            .filter(|trial| trial.role != Role::Alone);
        others.map(move |trial| with_company(trial, equal(probe, trial)))
    });
    judged.collect()
}

fn greedy_neighbours(probes: &[Probe<'_>]) -> Vec<Judged> {
    let seeded = probes.iter().filter(|probe| probe.is_seeded());
    let judged =
        seeded.filter_map(|probe| Some(in_company(probe, probe.trial(Role::AmongGreedy)?)));
    judged.collect()
}

fn id_reuse(probes: &[Probe<'_>]) -> Vec<Judged> {
    let seeded = probes.iter().filter(|probe| probe.is_seeded());
    let judged = seeded.filter_map(|probe| {
        let (first, reused) = (probe.trial(Role::IdFirst)?, probe.trial(Role::IdReused)?);
        let both = (on_its_own(probe, first), on_its_own(probe, reused));
        Some(match both {
            (failed @ Judged::Fail(_), _) | (_, failed @ Judged::Fail(_)) => failed,
            (Judged::Pass, Judged::Pass) if !(took_id(first) && took_id(reused)) => {
                Judged::Says(Why::IdNotTaken)
            }
            (Judged::Pass, reused) => reused,
            (first, _) => first,
        })
    });
    judged.collect()
}

/// Whether the server calls the answer as the audit called the request: else the id was not used, as
/// far as can be seen, and so not used again.
fn took_id(trial: &Trial<'_>) -> bool {
    let id = trial.answer.id.as_deref();
    id.is_some_and(|id| id.contains(ID_PREFIX))
}

/// Whether an answer is that of the probe alone.
fn equal(probe: &Probe<'_>, trial: &Trial<'_>) -> Judged {
    match probe.trial(Role::Alone) {
        Some(alone) if alone.is_good() && trial.is_good() => {
            let equal = same(alone.answer, trial.answer);
            Judged::comparison(equal, probe.name, alone, trial)
        }
        _ => Judged::Says(Why::NoAnswer),
    }
}

/// What is judged of a probe; a pass says nothing if its answer was the same under another seed, which
/// an honest server may give where one token is far likelier than all others.
fn if_seed_matters(probe: &Probe<'_>, judged: Judged) -> Judged {
    let other = probe
        .trial(Role::OtherSeed)
        .filter(|_| probe.kind == Kind::Peaked);
    match (&judged, other.map(|other| equal(probe, other))) {
        (Judged::Pass, Some(Judged::Pass)) => Judged::Says(Why::SeedInert),
        _ => judged,
    }
}

/// As [`equal`]; a probe whose answers differ when nothing is changed convicts nobody.
fn on_its_own(probe: &Probe<'_>, trial: &Trial<'_>) -> Judged {
    let again = probe.trial(Role::Again);
    match again.map(|again| equal(probe, again)) {
        Some(Judged::Pass) => if_seed_matters(probe, equal(probe, trial)),
        Some(Judged::Fail(_)) => Judged::Says(Why::NotReproducible),
        Some(Judged::Says(_)) | None => Judged::Says(Why::NoAnswer),
    }
}

/// As [`on_its_own`], of a trial whose neighbours must have been there.
fn in_company(probe: &Probe<'_>, trial: &Trial<'_>) -> Judged {
    with_company(trial, on_its_own(probe, trial))
}

/// What a trial shows if its neighbours were there; else nothing, even if the answers differ.
fn with_company(trial: &Trial<'_>, judged: Judged) -> Judged {
    match judged {
        Judged::Pass | Judged::Fail(_) if !trial.has_company => Judged::Says(Why::NoOverlap),
        judged => judged,
    }
}
