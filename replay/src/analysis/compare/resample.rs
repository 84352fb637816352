//! A block bootstrap: what a figure might have been, had other stretches of the same run occurred.
//!
//! Requests that follow each other meet the same queues and are not independent, so whole blocks
//! of them are drawn, not single ones (Künsch 1989). The draws are the same every time: two people
//! who compare the same files get the same numbers.

use crate::analysis::compare::{Figure, Stat};
use crate::analysis::metric::Metric;
use crate::analysis::row::{Count, Row};
use crate::analysis::run_data::RunData;
use crate::analysis::slo::{Met, Slo};
use schemas::records::Outcome;

/// Fewest requests of a run: 20 blocks. The spread of fewer is itself mostly chance.
const MIN_REQUESTS: usize = 400;
/// Most blocks.
const MAX_BLOCKS: usize = 1_000;
/// Replicates of up to so many requests that [`WORK`] allows them.
const REPLICATES: usize = 1_000;
/// Fewest replicates, whatever they cost.
const MIN_REPLICATES: usize = 100;
/// Requests times replicates.
const WORK: usize = 100_000_000;
/// Ends of the interval, as shares of the replicates below: 95 % lie between.
const ENDS: [f64; 2] = [0.025, 0.975];
/// Fewest samples beyond a percentile, and on each side of a mean: with fewer it is a matter of
/// single requests, of which resampling knows nothing.
const MIN_BEYOND: f64 = 10.0;

/// How many replicates are drawn where the larger run has so many requests.
pub fn replicates(requests: usize) -> usize {
    (WORK / requests.max(1)).clamp(MIN_REPLICATES, REPLICATES)
}

/// SplitMix64 (Steele, Lea and Flood 2014), seeded by constants. It decides nothing that is sent.
pub struct Draws(u64);

impl Draws {
    /// Of one side of a comparison.
    pub fn of_side(side: u64) -> Self {
        Draws(0x636f_6d70_6172_6500 ^ side)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// How often each of so many blocks is drawn, in as many draws.
    pub fn weights(&mut self, blocks: usize) -> Vec<u32> {
        let mut weights = vec![0; blocks];
        for _ in 0..blocks {
            let place = (u128::from(self.next_u64()) * blocks as u128) >> 64;
            weights[place as usize] += 1;
        }
        weights
    }
}

/// A run, cut into blocks of requests that were sent one after the other.
pub struct Resampled {
    requests: usize,
    blocks: usize,
    /// Of each metric that has a value a request, in the order of [`Metric::ALL`].
    samples: Vec<(Metric, Samples)>,
    sums: Vec<Sums>,
}

/// What is added up of a block.
#[derive(Clone, Copy, Default)]
struct Sums {
    ok: u64,
    failed: u64,
    output_tokens: u64,
    judged: u64,
    good: u64,
    lasted_ns: u64,
}

impl Resampled {
    /// Of everything that is measured, held against these limits.
    pub fn of(data: &RunData, slos: &[Slo]) -> Self {
        let mut rows: Vec<&Row> = data.measured().collect();
        rows.sort_by_key(|row| (began_ns(row), row.index));
        let blocks = ((rows.len() as f64).sqrt().ceil() as usize).clamp(1, MAX_BLOCKS);
        let block_of = |place: usize| (place * blocks / rows.len().max(1)) as u16;
        let of_metric = |metric: &Metric| {
            let numbered = rows.iter().enumerate();
            let values =
                numbered.filter_map(|(place, row)| Some((metric.of(row)?, block_of(place))));
            let samples = Samples::new(values.collect(), blocks);
            (!samples.values.is_empty()).then_some((*metric, samples))
        };
        let mut sums = vec![Sums::default(); blocks];
        for (place, row) in rows.iter().enumerate() {
            sums[usize::from(block_of(place))].add(row, slos);
        }
        add_durations(&rows, &mut sums, block_of);
        Resampled {
            requests: rows.len(),
            blocks,
            samples: Metric::ALL.iter().filter_map(of_metric).collect(),
            sums,
        }
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Every figure that has a value with blocks drawn as often as `weights` says, and enough
    /// samples to speak of; none of a run that has too few requests.
    pub fn figures(&self, weights: &[u32]) -> Vec<(Figure, f64)> {
        let mut figures = Vec::new();
        if self.requests < MIN_REQUESTS {
            return figures;
        }
        for (metric, samples) in &self.samples {
            let values = samples.stats(weights);
            let enough = Stat::ALL
                .iter()
                .zip(values)
                .filter(|(stat, _)| samples.is_enough_for(**stat));
            figures.extend(
                enough.filter_map(|(stat, value)| Some((Figure::Of(*metric, *stat), value?))),
            );
        }
        let rates = Figure::RATES.iter();
        figures.extend(rates.filter_map(|rate| Some((*rate, self.rate(*rate, weights)?))));
        figures
    }

    fn rate(&self, figure: Figure, weights: &[u32]) -> Option<f64> {
        let sum = |of: fn(&Sums) -> u64| -> f64 {
            let each = self.sums.iter().zip(weights);
            each.map(|(sums, weight)| of(sums) as f64 * f64::from(*weight))
                .sum()
        };
        let (part, whole) = match figure {
            Figure::Of(..) => return None,
            Figure::RequestsPerS => (sum(|s| s.ok), sum(|s| s.lasted_ns) / 1e9),
            Figure::OutputTokensPerS => (sum(|s| s.output_tokens), sum(|s| s.lasted_ns) / 1e9),
            Figure::GoodPerS => (sum(|s| s.good), sum(|s| s.lasted_ns) / 1e9),
            Figure::GoodShare => (sum(|s| s.good), sum(|s| s.judged)),
            Figure::ErrorRate => (sum(|s| s.failed), sum(|s| s.ok + s.failed)),
        };
        (whole > 0.0).then_some(part / whole)
    }
}

/// When a request was sent, or else was to be; those whose time never came are last.
fn began_ns(row: &Row) -> u64 {
    let times = row.times();
    times.sent_ns.or(times.scheduled_ns).unwrap_or(u64::MAX)
}

impl Sums {
    fn add(&mut self, row: &Row, slos: &[Slo]) {
        self.failed += u64::from(row.has_failed());
        self.judged += u64::from(!row.is(Outcome::Cancelled));
        if row.is(Outcome::Ok) {
            self.ok += 1;
            self.output_tokens += row.output_tokens().map_or(0, Count::count);
            let good = slos.iter().all(|slo| slo.is_met(row) == Met::Yes);
            self.good += u64::from(good);
        }
    }
}

/// A block lasts from its first sending to that of the next one, the last to the end of all: so
/// the durations add up to that of the run.
fn add_durations(rows: &[&Row], sums: &mut [Sums], block_of: impl Fn(usize) -> u16) {
    let sent = rows.iter().enumerate().filter(|(_, row)| row.is_sent());
    let last_ns = rows
        .iter()
        .filter(|row| row.is_sent())
        .map(|row| row.end_ns)
        .max();
    let mut before: Option<(u16, u64)> = None;
    for (place, row) in sent {
        let block = block_of(place);
        match before {
            Some((open, _)) if open == block => {}
            Some((open, from_ns)) => {
                sums[usize::from(open)].lasted_ns += row.sent_ns - from_ns;
                before = Some((block, row.sent_ns));
            }
            None => before = Some((block, row.sent_ns)),
        }
    }
    if let (Some((open, from_ns)), Some(last_ns)) = (before, last_ns) {
        sums[usize::from(open)].lasted_ns += last_ns - from_ns;
    }
}

/// The values of one metric, ascending, and the block that each is of.
struct Samples {
    values: Vec<i64>,
    blocks: Vec<u16>,
    /// Number and sum of the values of each block.
    totals: Vec<(u64, i128)>,
}

impl Samples {
    fn new(mut samples: Vec<(i64, u16)>, blocks: usize) -> Self {
        samples.sort_unstable();
        let mut totals = vec![(0, 0); blocks];
        for (value, block) in &samples {
            let (count, sum) = &mut totals[usize::from(*block)];
            *count += 1;
            *sum += i128::from(*value);
        }
        let (values, blocks) = samples.into_iter().unzip();
        Samples {
            values,
            blocks,
            totals,
        }
    }

    fn is_enough_for(&self, stat: Stat) -> bool {
        let beyond = match stat {
            Stat::Mean | Stat::P50 => 0.5,
            Stat::P90 => 0.1,
            Stat::P99 => 0.01,
        };
        // Not quite a tenth or a hundredth in binary.
        self.values.len() as f64 * beyond >= MIN_BEYOND - 1e-9
    }

    /// In the order of [`Stat::ALL`] and in the metric's unit; percentiles as in
    /// [`crate::analysis::stats`], of a list that has each value as often as its block was drawn.
    fn stats(&self, weights: &[u32]) -> [Option<f64>; 4] {
        let each = || self.totals.iter().zip(weights);
        let total: u64 = each()
            .map(|((count, _), weight)| count * u64::from(*weight))
            .sum();
        let Some(last) = total.checked_sub(1) else {
            return [None; 4];
        };
        let sum: i128 = each()
            .map(|((_, sum), weight)| sum * i128::from(*weight))
            .sum();
        let positions = [500, 900, 990].map(|permille| {
            let position = u128::from(last) * permille;
            ((position / 1000) as u64, (position % 1000) as f64 / 1000.0)
        });
        let mut wanted: Vec<u64> = positions
            .iter()
            .flat_map(|(below, _)| [*below, (*below + 1).min(last)])
            .collect();
        wanted.sort_unstable();
        let found = self.at(&wanted, weights);
        let at = |position: u64| found[wanted.partition_point(|place| *place < position)] as f64;
        let percentile = |(below, part): (u64, f64)| {
            let (low, high) = (at(below), at((below + 1).min(last)));
            Some((low + (high - low) * part) / 1e9)
        };
        let [p50, p90, p99] = positions.map(percentile);
        [Some(sum as f64 / total as f64 / 1e9), p50, p90, p99]
    }

    /// The values at ascending positions of that list.
    fn at(&self, positions: &[u64], weights: &[u32]) -> Vec<i64> {
        let mut found = Vec::with_capacity(positions.len());
        let mut passed = 0;
        for (value, block) in self.values.iter().zip(&self.blocks) {
            passed += u64::from(weights[usize::from(*block)]);
            while positions
                .get(found.len())
                .is_some_and(|position| *position < passed)
            {
                found.push(*value);
            }
            if found.len() == positions.len() {
                break;
            }
        }
        found
    }
}

/// The interval that has 95 % of what the replicates gave. `None` if one of them gave nothing, and
/// for a rate or a share in which no two draws of either run differ: what has not occurred yet is
/// in no draw, and may occur all the same.
pub fn interval(figure: Figure, differences: Vec<Option<f64>>) -> Option<[f64; 2]> {
    let mut known = differences.into_iter().collect::<Option<Vec<f64>>>()?;
    known.sort_by(f64::total_cmp);
    let last = known.len().checked_sub(1)?;
    let never_varies = known[0] == 0.0 && known[last] == 0.0;
    if never_varies && figure.stat().is_none() {
        return None;
    }
    Some(ENDS.map(|share| {
        let position = last as f64 * share;
        let (below, part) = (position as usize, position.fract());
        let high = known[(below + 1).min(last)];
        known[below] + (high - known[below]) * part
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_splitmix64() {
        // The first outputs for seed 1234567 that implementations are checked by.
        let mut draws = Draws(1_234_567);
        let first = [draws.next_u64(), draws.next_u64(), draws.next_u64()];
        let known = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(first, known);
        assert_eq!(draws.weights(7).iter().sum::<u32>(), 7);
    }

    #[test]
    fn a_weighted_walk_is_the_list_written_out() {
        let samples: Vec<(i64, u16)> = (0..50)
            .map(|i| ((i * 37 % 23) * 1_000, (i % 5) as u16))
            .collect();
        for weights in [[1, 1, 1, 1, 1], [0, 3, 1, 0, 1], [0, 0, 0, 0, 5]] {
            let drawn = samples.iter().flat_map(|(value, block)| {
                std::iter::repeat_n(*value, weights[usize::from(*block)] as usize)
            });
            let mut drawn: Vec<i64> = drawn.collect();
            drawn.sort_unstable();
            let stats = crate::analysis::stats::Stats::of_sorted(&drawn).unwrap();
            let walked = Samples::new(samples.clone(), 5).stats(&weights);
            for (stat, walked) in Stat::ALL.iter().zip(walked) {
                let (walked, expected) = (walked.unwrap(), stat.of(&stats));
                assert!(
                    (walked - expected).abs() < 1e-12,
                    "{stat:?}: {walked}, not {expected}"
                );
            }
        }
        assert_eq!(
            Samples::new(samples, 6).stats(&[0, 0, 0, 0, 0, 6]),
            [None; 4]
        );
    }

    #[test]
    fn the_number_of_replicates_is_bounded_by_the_work() {
        assert_eq!(replicates(0), 1_000);
        assert_eq!(replicates(100_000), 1_000);
        assert_eq!(replicates(400_000), 250);
        assert_eq!(replicates(10_000_000), 100);
    }

    /// Latencies around 100 ms, each leaning on the one before it, in ns.
    fn correlated(noise: &mut Draws, count: usize, middle_ns: f64) -> Vec<i64> {
        let mut lean = 0.0;
        let mut next = || {
            // Twelve uniform numbers add up to a nearly normal one.
            let uniform = |_| (noise.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            lean = 0.5 * lean + (0..12).map(uniform).sum::<f64>() - 6.0;
            (middle_ns + lean * 10e6) as i64
        };
        (0..count).map(|_| next()).collect()
    }

    /// A run whose requests take what [`correlated`] says, and are sent about 100 ms apart. Slow
    /// ones fail, and so several at a time.
    fn made(noise: &mut Draws, requests: usize, middle_ns: f64, blocks: usize) -> Resampled {
        let took = correlated(noise, requests, middle_ns);
        let gaps = correlated(noise, requests, 100e6);
        let block_of = |place: usize| place * blocks / requests;
        let mut sums = vec![Sums::default(); blocks];
        for (place, (took, gap)) in took.iter().zip(gaps).enumerate() {
            let sums = &mut sums[block_of(place)];
            let has_failed = *took as f64 > middle_ns + 12e6;
            sums.failed += u64::from(has_failed);
            sums.ok += u64::from(!has_failed);
            sums.lasted_ns += gap as u64;
        }
        let numbered = took.iter().enumerate();
        let samples = numbered.map(|(place, took)| (*took, block_of(place) as u16));
        let samples = Samples::new(samples.collect(), blocks);
        Resampled {
            requests,
            blocks,
            samples: vec![(Metric::LatencyFromSent, samples)],
            sums,
        }
    }

    /// In how many of so many pairs of runs the interval has the true difference, of these figures.
    fn covered(pairs: usize, requests: usize, blocks: usize, figures: &[Figure]) -> Vec<usize> {
        const TRUE_NS: f64 = 5e6;
        let mut noise = Draws(1);
        let mut covered = vec![0; figures.len()];
        for _ in 0..pairs {
            let sides = [100e6, 100e6 + TRUE_NS]
                .map(|middle_ns| made(&mut noise, requests, middle_ns, blocks));
            let mut draws = [0, 1].map(Draws::of_side);
            let mut drawn = |side: usize| {
                let found = sides[side].figures(&draws[side].weights(blocks));
                let value = |figure| found.iter().find(|(known, _)| known == figure).unwrap().1;
                figures.iter().map(value).collect::<Vec<f64>>()
            };
            let both: Vec<_> = (0..100).map(|_| [drawn(0), drawn(1)]).collect();
            for (place, covered) in covered.iter_mut().enumerate() {
                let differences = both.iter().map(|[a, b]| Some(b[place] - a[place]));
                let ends = interval(figures[place], differences.collect()).unwrap();
                let expected = figures[place].stat().map_or(0.0, |_| TRUE_NS / 1e9);
                *covered += usize::from((ends[0]..=ends[1]).contains(&expected));
            }
        }
        covered
    }

    #[test]
    fn the_interval_has_the_true_difference_about_as_often_as_it_says() {
        let of = |stat| Figure::Of(Metric::LatencyFromSent, stat);
        let figures = [
            of(Stat::Mean),
            of(Stat::P50),
            of(Stat::P90),
            Figure::RequestsPerS,
            Figure::ErrorRate,
        ];
        let tail = of(Stat::P99);
        let all = figures.iter().copied().chain([tail]).collect::<Vec<_>>();
        for (figure, times) in all.iter().zip(covered(100, 1_000, 32, &all)) {
            assert!((90..=99).contains(&times), "{figure:?}: {times} of 100");
        }
        // The fewest requests that an interval is told of: a little too short, as is said.
        for (figure, times) in figures.iter().zip(covered(200, MIN_REQUESTS, 20, &figures)) {
            assert!((174..=198).contains(&times), "{figure:?}: {times} of 200");
        }
        // The broken control: single requests drawn as if each stood alone.
        let alone = covered(100, 400, 400, &[of(Stat::Mean), Figure::RequestsPerS]);
        assert!(alone.iter().all(|times| *times < 85), "{alone:?} of 100");
    }

    #[test]
    fn what_never_occurred_has_no_interval() {
        let nothing = || vec![Some(0.0); 100];
        assert_eq!(interval(Figure::ErrorRate, nothing()), None);
        let once = nothing().into_iter().chain([Some(0.01)]);
        assert_eq!(
            interval(Figure::ErrorRate, once.collect()),
            Some([0.0, 0.0])
        );
        let median = Figure::Of(Metric::LatencyFromSent, Stat::P50);
        assert_eq!(interval(median, nothing()), Some([0.0, 0.0]));
        assert_eq!(interval(median, vec![None]), None);
    }
}
