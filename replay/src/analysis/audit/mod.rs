//! Whether a server keeps its promise about seeds, judged by its answers to an audit workload.
//!
//! Reads `answers.jsonl` and what every report reads, nothing else. Refuses to claim what was not
//! seen: a comparison that says nothing is counted as that, and neither as passed nor as failed.

pub mod binomial;
pub mod continuity;
pub mod differ;
pub mod findings;
pub mod judge;
pub mod property;
pub mod trials;

use crate::analysis::{self, RunData, Window};
use crate::answer_file::{self, Answer};
use continuity::Chance;
use findings::{Finding, SEED_REJECTED};
use property::{PropertyRow, Word};
use schemas::records::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use trials::Kind;

/// What an audit comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// Every property was seen kept, and none broken.
    Kept,
    /// A property was seen broken, or the server refuses seeds.
    Broken,
    /// Nothing was seen broken, but not every property was seen kept.
    Unproven,
}

/// Requests of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// Sent.
    pub sent: u64,
    /// Answered as asked.
    pub ok: u64,
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// In a word.
    pub outcome: Kept,
    /// Of the workload, in hex.
    pub content_hash: String,
    /// How many probes there are of each kind.
    pub probes: BTreeMap<Kind, u64>,
    /// The run's requests, neighbours included.
    pub requests: Requests,
    /// How sure `failure_rate_at_most` is.
    pub confidence: f64,
    /// The table.
    pub properties: Vec<PropertyRow>,
    /// How often a token comes again by chance.
    pub continuity: Chance,
    /// What follows from it.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Writes it as indented JSON (RESULTS.md, section 9).
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}

/// Judges the run in a directory.
///
/// Fails when there are no answers in it, or the files are damaged or do not fit together.
pub fn audit(directory: &Path) -> anyhow::Result<Audit> {
    let answers = answer_file::read(directory)?;
    let data = analysis::open(directory, Window::ALL)?;
    of(&answers, &data)
}

fn of(answers: &[Answer], data: &RunData) -> anyhow::Result<Audit> {
    let probes = trials::probes(answers, &data.rows)?;
    let chance = Chance::seen(&probes);
    let properties = judge::rows(&probes, &chance);
    let findings = findings::findings(answers, &data.rows, &probes, &properties, &chance);
    let mut kinds = BTreeMap::new();
    for probe in &probes {
        *kinds.entry(probe.kind).or_default() += 1;
    }
    Ok(Audit {
        outcome: outcome(&properties, &findings),
        content_hash: data.info.workload.content_hash.clone(),
        probes: kinds,
        requests: Requests {
            sent: data.rows.iter().filter(|row| row.is_sent()).count() as u64,
            ok: data.rows.iter().filter(|row| row.is(Outcome::Ok)).count() as u64,
        },
        confidence: binomial::CONFIDENCE,
        properties,
        continuity: chance,
        findings,
    })
}

fn outcome(properties: &[PropertyRow], findings: &[Finding]) -> Kept {
    let is_refused = findings.iter().any(|finding| finding.id == SEED_REJECTED);
    let are = |word: Word| properties.iter().filter(|row| row.word == word).count();
    match () {
        () if is_refused || are(Word::Fails) > 0 => Kept::Broken,
        () if are(Word::Holds) == properties.len() => Kept::Kept,
        () => Kept::Unproven,
    }
}

#[cfg(test)]
pub(in crate::analysis) mod made;
#[cfg(test)]
mod tests;
