//! The answers of an audit, put together as they were asked for: probes, and the trials of each.

use crate::analysis::row::Row;
use crate::answer_file::Answer;
use anyhow::{Context, anyhow, ensure};
use schemas::audit;
use schemas::records::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a probe is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// With a seed, at a temperature that makes many next tokens likely.
    Flat,
    /// With a seed, at a temperature that makes few next tokens likely.
    Peaked,
    /// At temperature 0.
    Greedy,
    /// As flat, without a seed.
    Unseeded,
}

impl Kind {
    /// As files have it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Flat => "flat",
            Kind::Peaked => "peaked",
            Kind::Greedy => "greedy",
            Kind::Unseeded => "unseeded",
        }
    }
}

/// What a trial changes about its probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing: with this answer the others are compared.
    Alone,
    /// Nothing, a second time.
    Again,
    /// The seed.
    OtherSeed,
    /// It has neighbours.
    Among,
    /// It has neighbours at temperature 0.
    AmongGreedy,
    /// It has a request id, for the first time.
    IdFirst,
    /// It has the same request id, after the first has finished.
    IdReused,
}

/// One answer of a probe.
#[derive(Clone, Debug)]
pub struct Trial<'a> {
    /// What it is for.
    pub role: Role,
    /// How many neighbours it was to have.
    pub neighbours: u32,
    /// What was answered.
    pub answer: &'a Answer,
    /// How it went; `None` without a record.
    pub row: Option<&'a Row>,
    /// All its neighbours were answered, each during at least half of the time in which its own
    /// tokens came.
    pub has_company: bool,
}

impl Trial<'_> {
    /// Whether there is an answer that can be compared.
    pub fn is_good(&self) -> bool {
        !self.answer.pieces.is_empty() && self.row.is_some_and(|row| row.is(Outcome::Ok))
    }
}

/// A prompt with its seed and temperature, and all that was tried with it.
#[derive(Clone, Debug)]
pub struct Probe<'a> {
    /// As the workload names it.
    pub name: &'a str,
    /// How it is sampled.
    pub kind: Kind,
    /// In the order in which they were sent.
    pub trials: Vec<Trial<'a>>,
}

impl<'a> Probe<'a> {
    /// The trial in this role; of several the first.
    pub fn trial(&self, role: Role) -> Option<&Trial<'a>> {
        self.trials.iter().find(|trial| trial.role == role)
    }

    /// Whether it has a seed.
    pub fn is_seeded(&self) -> bool {
        matches!(self.kind, Kind::Flat | Kind::Peaked)
    }
}

/// Puts answers together by their labels; `rows` are by index. Probes are in the order of their
/// first trials.
///
/// Fails for a stage that is no trial, naming it.
pub fn probes<'a>(answers: &'a [Answer], rows: &'a [Row]) -> anyhow::Result<Vec<Probe<'a>>> {
    let mut stages = BTreeMap::<u32, Vec<&Answer>>::new();
    for answer in answers {
        stages.entry(answer.stage).or_default().push(answer);
    }
    let mut probes = Vec::<Probe<'a>>::new();
    for (stage, answers) in stages {
        let (name, kind, trial) = trial(&answers, rows)
            .with_context(|| format!("stage {stage} of the workload is no trial of an audit"))?;
        match probes.iter_mut().find(|probe| probe.name == name) {
            Some(probe) => {
                ensure!(probe.kind == kind, "probe {name} is of two kinds");
                probe.trials.push(trial);
            }
            None => probes.push(Probe {
                name,
                kind,
                trials: vec![trial],
            }),
        }
    }
    Ok(probes)
}

fn trial<'a>(
    answers: &[&'a Answer],
    rows: &'a [Row],
) -> anyhow::Result<(&'a str, Kind, Trial<'a>)> {
    let is_neighbour = |answer: &&&Answer| {
        answer
            .labels
            .get(audit::ROLE)
            .is_some_and(|role| role == audit::NEIGHBOUR)
    };
    let (neighbours, own): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(is_neighbour);
    let [answer] = own[..] else {
        return Err(anyhow!(
            "{} of its requests are no neighbours, not one",
            own.len()
        ));
    };
    let label = |name: &str| {
        let value = answer.labels.get(name).map(String::as_str);
        value.with_context(|| format!("request {} has no label {name}", answer.index))
    };
    let name = label(audit::PROBE)?;
    let kind: Kind = named(label(audit::KIND)?)?;
    let role: Role = named(label(audit::ROLE)?)?;
    let row = row_of(rows, answer.index);
    let has_company = |neighbour: &&Answer| {
        let other = row_of(rows, neighbour.index).filter(|row| row.is(Outcome::Ok));
        row.zip(other)
            .is_some_and(|(row, other)| overlap(row, other))
    };
    let trial = Trial {
        role,
        neighbours: neighbours.len() as u32,
        answer,
        row,
        has_company: neighbours.iter().all(has_company),
    };
    Ok((name, kind, trial))
}

fn named<'de, T: Deserialize<'de>>(name: &'de str) -> anyhow::Result<T> {
    let name = serde::de::value::BorrowedStrDeserializer::<serde::de::value::Error>::new(name);
    Ok(T::deserialize(name)?)
}

fn row_of(rows: &[Row], index: u64) -> Option<&Row> {
    let place = rows.binary_search_by_key(&index, |row| row.index).ok()?;
    Some(&rows[place])
}

/// Whether tokens of `other` came during at least half of the time from the first to the last token
/// of `row`, seen from where they begin and end.
fn overlap(row: &Row, other: &Row) -> bool {
    let span = |row: &Row| row.times().first_token_ns.zip(row.times().last_token_ns);
    let (Some((begins, ends)), Some((other_begins, other_ends))) = (span(row), span(other)) else {
        return false;
    };
    let shared = ends
        .min(other_ends)
        .saturating_sub(begins.max(other_begins));
    let own = ends.saturating_sub(begins);
    own > 0 && shared >= own.div_ceil(2)
}
