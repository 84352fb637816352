//! How far a figure spreads over runs that should be alike.

use crate::analysis::compare::{Figure, Run, Stat};
use serde::Serialize;

/// A figure over several runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Range {
    /// Its place in `summary.json`.
    pub key: &'static str,
    /// Which number of a distribution; null for what is none.
    pub stat: Option<Stat>,
    /// What it is counted in.
    pub unit: &'static str,
    /// Its value in each run.
    pub values: Vec<Option<f64>>,
    /// Mean of the values that are known; each run counts once.
    pub mean: f64,
    /// The least of them.
    pub min: f64,
    /// The greatest of them.
    pub max: f64,
    /// Their standard deviation, of a sample (n - 1); null for one.
    pub std: Option<f64>,
    /// Coefficient of variation: `std / mean`; null where the mean is not above 0.
    pub cv: Option<f64>,
}

/// Every figure that any of the runs has.
pub fn spread(runs: &[Run]) -> Vec<Range> {
    Figure::all()
        .filter_map(|figure| range(figure, runs))
        .collect()
}

fn range(figure: Figure, runs: &[Run]) -> Option<Range> {
    let values: Vec<Option<f64>> = runs.iter().map(|run| figure.value(&run.summary)).collect();
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let count = known.len() as f64;
    let mean = known.iter().sum::<f64>() / count;
    let squares: f64 = known
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    let std = (known.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
    Some(Range {
        key: figure.key(),
        stat: figure.stat(),
        unit: figure.unit(),
        values,
        mean,
        min: known.iter().copied().reduce(f64::min)?,
        max: known.iter().copied().reduce(f64::max)?,
        std,
        cv: std.filter(|_| mean > 0.0).map(|std| std / mean),
    })
}
