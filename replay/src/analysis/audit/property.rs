//! What a server promises about seeds, and how often it was seen kept and broken.

use super::binomial::upper;
use super::differ::{Difference, difference};
use super::trials::Trial;
use serde::Serialize;

/// A part of the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// The same request again has the same answer.
    Reproducibility,
    /// Another seed has another answer, where many tokens are likely.
    Divergence,
    /// Neighbours change nothing.
    Isolation,
    /// A request's draws go on, and do not begin anew at every token.
    Continuity,
    /// At temperature 0 neither repetition, nor a seed, nor neighbours change anything.
    GreedyStability,
    /// Neighbours at temperature 0 change nothing.
    GreedyNeighbours,
    /// A request id that was used before changes nothing.
    IdReuse,
}

/// Whether it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Seen kept, and never broken.
    Holds,
    /// Seen broken.
    Fails,
    /// Neither seen: nothing is claimed.
    Unknown,
}

/// Why a comparison says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// One of the two has no answer that could be compared.
    NoAnswer,
    /// Neighbours did not share its time.
    NoOverlap,
    /// The probe's answers differ without any neighbour.
    NotReproducible,
    /// Its tokens cannot be told apart, or are too few.
    NoTokens,
    /// Repetitions are likely here whatever a server does.
    NotFlat,
    /// Its answer is the same under another seed: what a seed decides cannot be seen in it.
    SeedInert,
    /// The server answered under an id of its own, or under none.
    IdNotTaken,
}

/// How many comparisons said nothing, by their reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Inconclusive {
    pub no_answer: u64,
    pub no_overlap: u64,
    pub not_reproducible: u64,
    pub no_tokens: u64,
    pub not_flat: u64,
    pub seed_inert: u64,
    pub id_not_taken: u64,
}

impl Inconclusive {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.named().iter().map(|(_, count)| count).sum()
    }

    /// Each with what it means.
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("no answer to compare", self.no_answer),
            ("neighbours did not overlap", self.no_overlap),
            ("differs alone", self.not_reproducible),
            ("tokens unknown", self.no_tokens),
            ("repeats by chance", self.not_flat),
            ("any seed gives this answer", self.seed_inert),
            ("the server did not take the id", self.id_not_taken),
        ]
    }
}

/// Tokens that came again and again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeats {
    /// Tokens equal to one of those shortly before.
    pub count: u64,
    /// Tokens with one before.
    pub of: u64,
    /// That so many or more are equal by chance.
    pub probability: f64,
}

/// The first case in which a property was broken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CounterExample {
    /// The probe, as the workload names it.
    pub probe: String,
    /// The request whose answer is the reference.
    pub index_a: u64,
    /// The request that it was compared with; `None` for continuity.
    pub index_b: Option<u64>,
    /// The first token that differs, from 0; `None` where nothing does, and for continuity.
    pub at: Option<u64>,
    /// The end of what both begin with; `None` for continuity.
    pub before: Option<String>,
    /// How the reference goes on; for continuity the token that came most often again.
    pub a: String,
    /// How the other goes on; `None` for continuity.
    pub b: Option<String>,
    /// Of continuity only.
    pub repeats: Option<Repeats>,
}

/// What one comparison shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// As promised.
    Pass,
    /// Not as promised.
    Fail(CounterExample),
    /// Nothing.
    Says(Why),
}

impl Judged {
    /// A comparison with `reference`: a pass if `passes`.
    pub fn comparison(
        passes: bool,
        probe: &str,
        reference: &Trial<'_>,
        other: &Trial<'_>,
    ) -> Judged {
        if passes {
            return Judged::Pass;
        }
        let Difference { at, before, a, b } = difference(reference.answer, other.answer);
        Judged::Fail(CounterExample {
            probe: probe.to_owned(),
            index_a: reference.answer.index,
            index_b: Some(other.answer.index),
            at,
            before: Some(before),
            a,
            b: Some(b),
            repeats: None,
        })
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyRow {
    /// The property.
    pub id: Property,
    /// Among so many; `None` where that is no part of it.
    pub neighbours: Option<u32>,
    /// What it comes to.
    pub word: Word,
    /// Comparisons that came out as promised.
    pub passes: u64,
    /// Comparisons that did not.
    pub failures: u64,
    /// Comparisons that say nothing.
    pub inconclusive: Inconclusive,
    /// The rate of failures that is not exceeded, with a confidence of 95 %, if comparisons are
    /// independent of each other; `None` without one.
    pub failure_rate_at_most: Option<f64>,
    /// The first failure.
    pub counter_example: Option<CounterExample>,
}

impl PropertyRow {
    /// Counts what comparisons show.
    pub fn of(
        id: Property,
        neighbours: Option<u32>,
        judged: impl IntoIterator<Item = Judged>,
    ) -> Self {
        let (mut passes, mut failures) = (0, 0);
        let mut inconclusive = Inconclusive::default();
        let mut counter_example = None;
        for judged in judged {
            match judged {
                Judged::Pass => passes += 1,
                Judged::Fail(example) => {
                    failures += 1;
                    counter_example.get_or_insert(example);
                }
                Judged::Says(why) => {
                    *match why {
                        Why::NoAnswer => &mut inconclusive.no_answer,
                        Why::NoOverlap => &mut inconclusive.no_overlap,
                        Why::NotReproducible => &mut inconclusive.not_reproducible,
                        Why::NoTokens => &mut inconclusive.no_tokens,
                        Why::NotFlat => &mut inconclusive.not_flat,
                        Why::SeedInert => &mut inconclusive.seed_inert,
                        Why::IdNotTaken => &mut inconclusive.id_not_taken,
                    } += 1
                }
            }
        }
        PropertyRow {
            id,
            neighbours,
            word: match (passes, failures) {
                (_, 1..) => Word::Fails,
                (1.., 0) => Word::Holds,
                (0, 0) => Word::Unknown,
            },
            passes,
            failures,
            inconclusive,
            failure_rate_at_most: upper(failures, passes + failures),
            counter_example,
        }
    }

    /// Its name in a table.
    pub fn name(&self) -> String {
        let name = match self.id {
            Property::Reproducibility => "reproducibility",
            Property::Divergence => "divergence",
            Property::Isolation => "isolation",
            Property::Continuity => "continuity",
            Property::GreedyStability => "greedy stability",
            Property::GreedyNeighbours => "greedy neighbours",
            Property::IdReuse => "id reuse",
        };
        match self.neighbours {
            Some(neighbours) => format!("{name}, {neighbours}"),
            None => name.to_owned(),
        }
    }
}
