//! What the table means: which part of a server is to blame, and what keeps the audit from saying
//! more.

use super::continuity::Chance;
use super::differ::same;
use super::property::{Property, PropertyRow, Word};
use super::trials::{Kind, Probe, Role, Trial};
use crate::analysis::row::Row;
use crate::answer_file::Answer;
use schemas::records::NONE_U16;
use serde::Serialize;
use std::collections::BTreeMap;

/// A sentence about the server, with a name for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name.
    pub id: &'static str,
    /// What it says.
    pub text: String,
}

/// Everything there is to say, the gravest first.
pub fn findings(
    answers: &[Answer],
    rows: &[Row],
    probes: &[Probe<'_>],
    table: &[PropertyRow],
    chance: &Chance,
) -> Vec<Finding> {
    let found = [
        seed_rejected(probes),
        errors(answers, rows),
        not_overlapping(probes),
        default_seed(probes),
        below_the_sampler(probes),
        kernels(probes, table),
        shared_rng(probes, table),
        greedy_uses_seed(probes),
    ];
    let named = table.iter().filter_map(of_property);
    let mut findings: Vec<Finding> = found.into_iter().flatten().chain(named).collect();
    findings.extend(greedy_draws(table));
    findings.extend(not_flat(table, chance));
    findings
}

/// The finding that says that nothing was audited because seeds are refused.
pub const SEED_REJECTED: &str = "seed_rejected";

fn finding(id: &'static str, text: impl Into<String>) -> Finding {
    Finding {
        id,
        text: text.into(),
    }
}

/// Requests without a seed are answered, and none with one.
fn seed_rejected(probes: &[Probe<'_>]) -> Option<Finding> {
    let trials = probes
        .iter()
        .flat_map(|probe| probe.trials.iter().map(move |trial| (probe, trial)));
    let (seeded, plain): (Vec<_>, Vec<_>) =
        trials.partition(|(probe, trial)| probe.is_seeded() || trial.role == Role::OtherSeed);
    let is_good = |(_, trial): &(&Probe<'_>, &Trial<'_>)| trial.is_good();
    if seeded.iter().any(is_good) || !plain.iter().any(is_good) {
        return None;
    }
    let (what, said) = seeded.iter().find_map(|(_, trial)| {
        let said = trial.answer.error.as_deref()?;
        let what = match trial.row?.http_status {
            status @ (400..=499 | 501) => format!("HTTP {status}: "),
            200..=299 => String::new(),
            _ => return None,
        };
        Some((what, one_line(said)))
    })?;
    Some(finding(
        SEED_REJECTED,
        format!(
            "requests without `seed` are answered, and none with it ({what}{said}): the server promises \
             nothing, and nothing was audited"
        ),
    ))
}

/// What went wrong how often, the most frequent first, with the first that the server said to it.
fn errors(answers: &[Answer], rows: &[Row]) -> Option<Finding> {
    let mut kinds = BTreeMap::<String, (u64, Option<String>)>::new();
    for row in rows {
        let Some(class) = row.class() else { continue };
        let kind = match row.http_status {
            NONE_U16 | 200..=299 => class.name().to_owned(),
            status => format!("HTTP {status}"),
        };
        let (count, said) = kinds.entry(kind).or_default();
        *count += 1;
        if said.is_none() {
            let place = answers.binary_search_by_key(&row.index, |answer| answer.index);
            let error = place.ok().and_then(|place| answers[place].error.as_deref());
            *said = error.map(one_line);
        }
    }
    let failed: u64 = kinds.values().map(|(count, _)| count).sum();
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let told = kinds.iter().map(|(kind, (count, said))| match said {
        Some(said) => format!("{count} × {kind} ({said})"),
        None => format!("{count} × {kind}"),
    });
    let told = told.collect::<Vec<_>>().join(", ");
    (failed > 0).then(|| {
        let all = rows.len();
        finding(
            "errors",
            format!("{failed} of {all} requests have no whole answer: {told}"),
        )
    })
}

fn not_overlapping(probes: &[Probe<'_>]) -> Option<Finding> {
    let trials = probes.iter().flat_map(|probe| &probe.trials);
    let asked: Vec<&Trial<'_>> = trials.filter(|t| t.neighbours > 0 && t.is_good()).collect();
    let alone = asked.iter().filter(|trial| !trial.has_company).count();
    (alone > 0).then(|| {
        finding(
            "not_overlapping",
            format!(
                "in {alone} of {} trials not all neighbours were answered during at least half of the \
                 probe's tokens, which show nothing: raise `audit.tokens`, or let the server take a larger batch",
                asked.len()
            ),
        )
    })
}

fn default_seed(probes: &[Probe<'_>]) -> Option<Finding> {
    let unseeded = probes.iter().filter(|probe| probe.kind == Kind::Unseeded);
    let pairs: Vec<bool> = unseeded.filter_map(repeats_itself).collect();
    (!pairs.is_empty() && pairs.iter().all(|same| *same)).then(|| {
        finding(
            "default_seed",
            "answers without a seed repeat, too: the server has a seed of its own, or does not sample",
        )
    })
}

/// Whether a probe's second answer is its first; `None` if one is missing.
fn repeats_itself(probe: &Probe<'_>) -> Option<bool> {
    let (alone, again) = (probe.trial(Role::Alone)?, probe.trial(Role::Again)?);
    (alone.is_good() && again.is_good()).then(|| same(alone.answer, again.answer))
}

fn below_the_sampler(probes: &[Probe<'_>]) -> Option<Finding> {
    let mut greedy = probes.iter().filter(|probe| probe.kind == Kind::Greedy);
    let differs = greedy.any(|probe| repeats_itself(probe) == Some(false));
    differs.then(|| {
        finding(
            "greedy_alone",
            "greedy answers differ without neighbours: where nothing is drawn, the cause lies below the sampler",
        )
    })
}

fn kernels(probes: &[Probe<'_>], table: &[PropertyRow]) -> Option<Finding> {
    let differs = greedy_among(probes).any(|same| !same);
    let isolation = match fails(table, Property::Isolation) {
        true => ", and the failures of isolation do not convict the generator",
        false => "",
    };
    differs.then(|| {
        finding(
            "kernels",
            format!("greedy answers differ among neighbours: the logits depend on the batch, which points to the kernels{isolation}"),
        )
    })
}

/// Who is to blame for the failures of isolation: a shared generator changes nearly every sampled
/// answer and no greedy one; anything else may be rounding below the sampler.
fn shared_rng(probes: &[Probe<'_>], table: &[PropertyRow]) -> Option<Finding> {
    let isolation = table.iter().filter(|row| row.id == Property::Isolation);
    let (passes, failures) = isolation.fold((0, 0), |(passes, failures), row| {
        (passes + row.passes, failures + row.failures)
    });
    let greedy: Vec<bool> = greedy_among(probes).collect();
    let has_changed = greedy.iter().any(|same| !same);
    if failures == 0 || has_changed {
        return None;
    }
    let of = passes + failures;
    Some(match !greedy.is_empty() && failures >= 3 * passes {
        true => finding(
            "shared_rng",
            format!(
                "neighbours change {failures} of {of} sampled answers, but no greedy one: the sampler's \
                 randomness is shared among the requests of a batch"
            ),
        ),
        false => finding(
            "layer_unknown",
            format!(
                "neighbours change {failures} of {of} sampled answers and none of {} greedy ones: too few to \
                 tell a shared generator from rounding that depends on the batch",
                greedy.len()
            ),
        ),
    })
}

/// For each greedy answer among neighbours that were there: whether it is the one without them. Of
/// probes that repeat themselves without neighbours.
fn greedy_among<'p>(probes: &'p [Probe<'_>]) -> impl Iterator<Item = bool> + 'p {
    let greedy = probes.iter().filter(|probe| probe.kind == Kind::Greedy);
    let stable = greedy.filter(|probe| repeats_itself(probe) == Some(true));
    stable.flat_map(|probe| {
        let among = probe
            .trials
            .iter()
            .filter(|trial| trial.role == Role::Among);
        let seen = among.filter(|trial| trial.is_good() && trial.has_company);
        seen.filter_map(|trial| Some(same(probe.trial(Role::Alone)?.answer, trial.answer)))
    })
}

/// A seed, and nothing else, changes greedy answers.
fn greedy_uses_seed(probes: &[Probe<'_>]) -> Option<Finding> {
    let greedy = probes.iter().filter(|probe| probe.kind == Kind::Greedy);
    let mut stable = greedy.filter(|probe| repeats_itself(probe) == Some(true));
    let changes = stable.any(|probe| {
        let pair = probe.trial(Role::Alone).zip(probe.trial(Role::OtherSeed));
        pair.is_some_and(|(alone, other)| other.is_good() && !same(alone.answer, other.answer))
    });
    changes.then(|| {
        finding(
            "greedy_uses_seed",
            "a seed changes greedy answers: something is drawn at temperature 0",
        )
    })
}

fn of_property(row: &PropertyRow) -> Option<Finding> {
    if row.word != Word::Fails {
        return None;
    }
    let (id, text) = match row.id {
        Property::Reproducibility => (
            "not_reproducible",
            "the same request with the same seed has different answers, without any neighbour",
        ),
        Property::Divergence => (
            "seed_ignored",
            "another seed gives the same answer: the seed is not used",
        ),
        Property::Continuity => (
            "reset",
            "tokens repeat far above chance: the generator seems to be made anew from the seed at each token",
        ),
        Property::IdReuse => (
            "leaky_id",
            "a request id changes the answer: state of an earlier request with this id is still there",
        ),
        Property::Isolation | Property::GreedyStability | Property::GreedyNeighbours => {
            return None;
        }
    };
    Some(finding(id, text))
}

fn greedy_draws(table: &[PropertyRow]) -> Option<Finding> {
    let isolated = !fails(table, Property::Isolation);
    (isolated && fails(table, Property::GreedyNeighbours)).then(|| {
        finding(
            "greedy_draws",
            "only greedy neighbours change sampled answers: greedy requests draw from others' generators",
        )
    })
}

fn not_flat(table: &[PropertyRow], chance: &Chance) -> Option<Finding> {
    let row = table.iter().find(|row| row.id == Property::Continuity)?;
    (row.inconclusive.not_flat > 0).then(|| {
        let seen = match chance.of {
            0 => "there is no answer without a seed to compare with".to_owned(),
            of => format!(
                "without a seed {} of {of} tokens come again, too: raise `audit.flat_temperature`; if they \
                 stay, the server resets generators that have no seed as well, or has no way to be surprised",
                chance.repeats
            ),
        };
        finding("not_flat", format!("whether draws go on cannot be told: {seen}"))
    })
}

fn fails(table: &[PropertyRow], property: Property) -> bool {
    let mut rows = table.iter().filter(|row| row.id == property);
    rows.any(|row| row.word == Word::Fails)
}

/// What a server says, on one line of at most 200 characters, none of which moves a cursor or turns
/// the direction of writing.
fn one_line(said: &str) -> String {
    let words: Vec<&str> = said.split_whitespace().collect();
    let shown = |character: char| match character {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '?',
        control if control.is_control() => '?',
        other => other,
    };
    words.join(" ").chars().take(200).map(shown).collect()
}
