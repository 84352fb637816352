//! Whether a request's draws go on from token to token.
//!
//! A generator that is made anew from the seed at each token draws the same number each time; where
//! many tokens are about as likely, that gives the same few tokens again and again. How often a
//! token comes again by chance is seen in answers without a seed to the same prompts at the same
//! temperature.

use super::binomial::{at_least, upper};
use super::differ::same;
use super::property::{CounterExample, Judged, Repeats, Why};
use super::trials::{Kind, Probe, Role, Trial};
use crate::analysis::row::known;
use crate::answer_file::Answer;
use serde::Serialize;
use std::collections::BTreeMap;

/// Fewest tokens of an answer that is judged.
const FEWEST: usize = 8;
/// A token repeats if it is one of so many before it.
const BEFORE: usize = 16;
/// That all answers of a server without fault are so unlikely to be blamed, together.
const BLAMED_BY_CHANCE: f64 = 0.001;

/// How often a token comes again by chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// Tokens with one before, in answers without a seed.
    pub of: u64,
    /// Those that are equal to one of the 16 before.
    pub repeats: u64,
    /// The chance that is reckoned with: the highest that these leave room for with a confidence of
    /// 95 %, and no less than the share in any one of the answers. `None` without an answer.
    pub chance_at_most: Option<f64>,
}

impl Chance {
    /// From the answers without a seed. Of two answers of a probe that are the same, one counts.
    pub fn seen(probes: &[Probe<'_>]) -> Chance {
        let (mut of, mut repeats, mut highest) = (0, 0, 0.0_f64);
        for probe in probes.iter().filter(|probe| probe.kind == Kind::Unseeded) {
            let good: Vec<&Trial<'_>> = probe.trials.iter().filter(|t| t.is_good()).collect();
            for (n, trial) in good.iter().enumerate() {
                let is_new = good[..n]
                    .iter()
                    .all(|before| !same(before.answer, trial.answer));
                let Some(tokens) = tokens(trial).filter(|_| is_new) else {
                    continue;
                };
                let of_one = repetitions(&tokens);
                of += of_one.of;
                repeats += of_one.count;
                highest = highest.max(of_one.count as f64 / of_one.of as f64);
            }
        }
        Chance {
            of,
            repeats,
            chance_at_most: upper(repeats, of).map(|limit| limit.max(highest)),
        }
    }

    /// Judges the flat probes.
    pub fn judge(&self, probes: &[Probe<'_>]) -> Vec<Judged> {
        let flat: Vec<&Probe<'_>> = probes
            .iter()
            .filter(|probe| probe.kind == Kind::Flat)
            .collect();
        let unlikely = BLAMED_BY_CHANCE / flat.len() as f64;
        let judged = flat.iter().filter_map(|probe| {
            Some(self.judge_one(probe.name, probe.trial(Role::Alone)?, unlikely))
        });
        judged.collect()
    }

    fn judge_one(&self, probe: &str, trial: &Trial<'_>, unlikely: f64) -> Judged {
        if !trial.is_good() {
            return Judged::Says(Why::NoAnswer);
        }
        let Some(tokens) = tokens(trial) else {
            return Judged::Says(Why::NoTokens);
        };
        let seen = repetitions(&tokens);
        let by_chance = |count: u64, chance: f64| at_least(count, seen.of, chance);
        // If not even three repeats in four tokens were blamed, a pass would say nothing.
        let most = seen.of - seen.of / 4;
        let Some(chance) = self
            .chance_at_most
            .filter(|p| by_chance(most, *p) < unlikely)
        else {
            return Judged::Says(Why::NotFlat);
        };
        let probability = by_chance(seen.count, chance);
        match probability < unlikely {
            false => Judged::Pass,
            true => Judged::Fail(CounterExample {
                probe: probe.to_owned(),
                index_a: trial.answer.index,
                index_b: None,
                at: None,
                before: None,
                a: seen.token,
                b: None,
                repeats: Some(Repeats {
                    count: seen.count,
                    of: seen.of,
                    probability,
                }),
            }),
        }
    }
}

/// How often tokens come again.
struct Repetitions {
    count: u64,
    of: u64,
    /// The one that does most often; the first of equals.
    token: String,
}

fn repetitions(tokens: &[String]) -> Repetitions {
    let mut times = BTreeMap::<&str, u64>::new();
    for (n, token) in tokens.iter().enumerate() {
        if tokens[n.saturating_sub(BEFORE)..n].contains(token) {
            *times.entry(token).or_default() += 1;
        }
    }
    let most = times.values().max();
    let first = times.iter().find(|(_, count)| Some(*count) == most);
    Repetitions {
        count: times.values().sum(),
        of: tokens.len() as u64 - 1,
        token: first.map_or_else(String::new, |(token, _)| (*token).to_owned()),
    }
}

/// The tokens of an answer, as text where there is one for each. `None` if they are too few, or
/// cannot be told apart: without ids a piece is taken for a token only if there are as many as the
/// server counted.
fn tokens(trial: &Trial<'_>) -> Option<Vec<String>> {
    let answer: &Answer = trial.answer;
    let tokens = match &answer.token_ids {
        Some(ids) if ids.len() == answer.pieces.len() => {
            let named = ids.iter().zip(&answer.pieces);
            named
                .map(|(id, piece)| format!("{piece} (#{id})"))
                .collect()
        }
        Some(ids) => ids.iter().map(|id| format!("#{id}")).collect(),
        None => {
            let counted = trial.row.and_then(|row| known(row.usage_output));
            let is_one_each = counted.is_some_and(|count| count as usize == answer.pieces.len());
            is_one_each.then(|| answer.pieces.clone())?
        }
    };
    Some(tokens).filter(|tokens: &Vec<String>| tokens.len() >= FEWEST)
}
