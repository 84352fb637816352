//! What changed from one run to another, and by how much it might as well have.

use crate::analysis::compare::resample::{Draws, Resampled, interval, replicates};
use crate::analysis::compare::{Figure, Run, Stat};
use crate::analysis::run_data::RunData;
use serde::Serialize;
use std::thread;

/// Two runs side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Times that each run was drawn anew.
    pub replicates: usize,
    /// Blocks of requests that each run was cut into.
    pub blocks: [usize; 2],
    /// Every figure that either run has.
    pub changes: Vec<Change>,
}

/// A figure in both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Its place in `summary.json`.
    pub key: &'static str,
    /// Which number of a distribution; null for what is none.
    pub stat: Option<Stat>,
    /// What it is counted in.
    pub unit: &'static str,
    /// In the first run.
    pub a: Option<f64>,
    /// In the second run.
    pub b: Option<f64>,
    /// `b / a - 1`; null where `a` is not above 0.
    pub change: Option<f64>,
    /// Interval that has `b - a` with a confidence of 95 %, in `unit`; null where nothing can be
    /// said.
    pub interval: Option<[f64; 2]>,
    /// The interval does not hold 0.
    pub is_marked: bool,
}

/// Compares two runs, `[a, b]` both times.
pub fn pair(runs: [&Run; 2], data: [&RunData; 2]) -> Pair {
    let [a, b] = [0, 1].map(|side| Resampled::of(data[side], &data[side].info.slos));
    let requests = data.map(|data| data.rows.len());
    let replicates = replicates(requests[0].max(requests[1]));
    let (of_a, of_b) = thread::scope(|scope| {
        let of_a = scope.spawn(|| draw(&a, 0, replicates));
        let of_b = draw(&b, 1, replicates);
        (of_a.join().expect("its panic is ours"), of_b)
    });
    let change = |figure: Figure| {
        let [a, b] = runs.map(|run| figure.value(&run.summary));
        let both = |(a, b): &(Drawn, Drawn)| Some(found(b, figure)? - found(a, figure)?);
        let drawn = of_a.iter().zip(&of_b);
        let differences = drawn.map(|(a, b)| both(&(a, b))).collect();
        let known = a.is_some() && b.is_some();
        let interval = known.then(|| interval(figure, differences)).flatten();
        Change {
            key: figure.key(),
            stat: figure.stat(),
            unit: figure.unit(),
            a,
            b,
            change: a.zip(b).and_then(|(a, b)| (a > 0.0).then_some(b / a - 1.0)),
            interval,
            is_marked: interval.is_some_and(|[low, high]| low > 0.0 || high < 0.0),
        }
    };
    let changes = Figure::all().map(change);
    Pair {
        replicates,
        blocks: [a.blocks(), b.blocks()],
        changes: changes.filter(|it| it.a.or(it.b).is_some()).collect(),
    }
}

/// The figures of one replicate.
type Drawn<'a> = &'a Vec<(Figure, f64)>;

fn draw(run: &Resampled, side: u64, replicates: usize) -> Vec<Vec<(Figure, f64)>> {
    let mut draws = Draws::of_side(side);
    let figures = |_| run.figures(&draws.weights(run.blocks()));
    (0..replicates).map(figures).collect()
}

fn found(drawn: Drawn<'_>, figure: Figure) -> Option<f64> {
    let found = drawn.iter().find(|(known, _)| *known == figure);
    found.map(|(_, value)| *value)
}
