//! How many requests a second a server answers while it has more than it can do, and how sure that
//! is.
//!
//! The first and the last tenth of the answers are left out: at first the server has not yet filled,
//! at last it runs dry. Refuses to give a rate of fewer than [`FEWEST_ENDS`].

/// Fewest answers, those left out included, that a rate is taken of.
pub const FEWEST_ENDS: usize = 20;
/// Parts whose rates' spread gives the confidence range.
const PARTS: usize = 10;
/// Student's t for 95 % of both sides and 9 degrees of freedom.
const T_95: f64 = 2.262_157_162_8;

/// A rate, and the range that it lies in with a confidence of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Answers per second.
    pub rate: f64,
    /// Lower end of the range; may be below 0 for very few answers.
    pub low: f64,
    /// Upper end of the range.
    pub high: f64,
    /// Answers that it rests on.
    pub ends: u64,
    /// Time from the first of them to the last, in seconds.
    pub window_s: f64,
}

/// The rate of events at these times (ns, sorted): the slope of their count over time, by least
/// squares. `None` for fewer than [`FEWEST_ENDS`] or where all are at one moment.
///
/// The range is slope ± t · s / √10, with s the standard deviation of `rates` in ten parts.
pub fn estimate(ends_ns: &[u64]) -> Option<Estimate> {
    let ends = middle(ends_ns)?;
    let rate = slope(&ends);
    let parts = rates(&ends, PARTS);
    // Rates of smoothed counts spread less than plain ones: for independent events by √(2/3).
    let spread = deviation(&parts) * 1.5_f64.sqrt();
    let half = T_95 * spread / (PARTS as f64).sqrt();
    Some(Estimate {
        rate,
        low: rate - half,
        high: rate + half,
        ends: ends.len() as u64,
        window_s: span_s(&ends),
    })
}

/// The given percentile (0 to 100) of the rates in `parts` parts, interpolated as all percentiles
/// are. `None` as [`estimate`].
pub fn percentile(ends_ns: &[u64], percent: f64, parts: usize) -> Option<f64> {
    let mut rates = rates(&middle(ends_ns)?, parts);
    rates.sort_unstable_by(f64::total_cmp);
    let position = (parts - 1) as f64 * percent / 100.0;
    let (below, share) = (position.floor() as usize, position.fract());
    let above = rates[(below + 1).min(parts - 1)];
    Some(rates[below] + share * (above - rates[below]))
}

/// Seconds of the events without the first and the last tenth, from the first of them.
fn middle(ends_ns: &[u64]) -> Option<Vec<f64>> {
    debug_assert!(ends_ns.is_sorted());
    if ends_ns.len() < FEWEST_ENDS {
        return None;
    }
    let left_out = ends_ns.len() / 10;
    let ends = &ends_ns[left_out..ends_ns.len() - left_out];
    let seconds: Vec<f64> = ends
        .iter()
        .map(|end| (end - ends[0]) as f64 / 1e9)
        .collect();
    (span_s(&seconds) > 0.0).then_some(seconds)
}

fn span_s(seconds: &[f64]) -> f64 {
    seconds.last().copied().unwrap_or_default()
}

/// Least squares of the count over time.
fn slope(seconds: &[f64]) -> f64 {
    let n = seconds.len() as f64;
    let (mean_time, mean_count) = (seconds.iter().sum::<f64>() / n, (n - 1.0) / 2.0);
    let centred = || {
        (0..)
            .zip(seconds)
            .map(|(i, s)| (f64::from(i) - mean_count, s - mean_time))
    };
    let covariance: f64 = centred().map(|(count, time)| count * time).sum();
    let variance: f64 = centred().map(|(_, time)| time * time).sum();
    covariance / variance
}

/// Rates in so many parts of the time: the time is cut into one interval more, and each rate is the
/// difference of the mean counts of two neighbours.
///
/// Means and not the counts at the borders: a server that works in waves answers many at once, and a
/// border just before or behind a wave would be a rate of its own.
fn rates(seconds: &[f64], parts: usize) -> Vec<f64> {
    let length = span_s(seconds) / (parts + 1) as f64;
    let mut counted = (0, 0.0);
    // The integral of the count from the beginning to a moment.
    let mut area = |until: f64| {
        let (mut count, mut sum) = counted;
        while let Some(end) = seconds.get(count).filter(|end| **end < until) {
            (count, sum) = (count + 1, sum + end);
        }
        counted = (count, sum);
        count as f64 * until - sum
    };
    let areas: Vec<f64> = (0..=parts + 1).map(|i| area(i as f64 * length)).collect();
    let means: Vec<f64> = areas.windows(2).map(|w| (w[1] - w[0]) / length).collect();
    means.windows(2).map(|w| (w[1] - w[0]) / length).collect()
}

/// Sample standard deviation.
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    (squares / (n - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::simulated::Draws;

    const MS: u64 = 1_000_000;

    #[test]
    fn an_even_stream_has_its_rate_and_no_spread() {
        let ends: Vec<u64> = (0..1000).map(|i| i * 5 * MS).collect();
        let found = estimate(&ends).unwrap();
        assert!((found.rate - 200.0).abs() < 1e-9, "{found:?}");
        assert!(found.high - found.low < 2.0, "{found:?}");
        assert_eq!((found.ends, found.window_s), (800, 799.0 * 0.005));
    }

    #[test]
    fn waves_are_seen_through() {
        // Twenty at once every 100 ms; the border of the first tenth is within a wave or between two.
        for n in [400, 411, 475, 480, 1024, 1037] {
            let ends: Vec<u64> = (0..n).map(|i| (i / 20 + 1) * 100 * MS + i % 20).collect();
            let found = estimate(&ends).unwrap();
            assert!((found.rate / 200.0 - 1.0).abs() < 0.015, "{n}: {found:?}");
            assert!(found.high < 210.0 || n < 1000, "{n}: {found:?}");
            assert!(found.high < 230.0, "{n}: {found:?}");
        }
    }

    #[test]
    fn ramp_and_drain_are_left_out() {
        // A second of silence before the first and between the last: the middle is as it was.
        let middle = (0..1000).map(|i| 1_000 * MS + i * 5 * MS);
        let before = (0..50).map(|i| i * 20 * MS);
        let after = (0..50).map(|i| 6_000 * MS + i * 100 * MS);
        let ends: Vec<u64> = before.chain(middle).chain(after).collect();
        let found = estimate(&ends).unwrap();
        assert!((found.rate - 200.0).abs() < 1e-6, "{found:?}");
    }

    /// How often the range holds the true rate of independent events.
    fn covered(range: impl Fn(&Estimate) -> f64) -> usize {
        let mut draws = Draws::new(7);
        let holds = (0..400).filter(|_| {
            let found = estimate(&draws.independent(1000, 200.0)).unwrap();
            (found.rate - 200.0).abs() <= range(&found)
        });
        holds.count()
    }

    #[test]
    fn the_range_holds_the_true_rate_of_independent_events_as_often_as_it_says() {
        // The draws are fixed, so this is. Least squares weigh the middle, which costs a little.
        let holds = covered(|found| found.rate - found.low);
        assert!((360..=396).contains(&holds), "{holds} of 400");
        // Control: half the range is not enough.
        let holds = covered(|found| (found.rate - found.low) / 2.0);
        assert!(holds < 320, "{holds} of 400");
    }

    #[test]
    fn of_too_few_or_at_one_moment_nothing_is_said() {
        assert_eq!(estimate(&[]), None);
        assert_eq!(estimate(&(0..19).collect::<Vec<_>>()), None);
        assert!(estimate(&(0..20).collect::<Vec<_>>()).is_some());
        assert_eq!(estimate(&[5; 100]), None);
        assert_eq!(percentile(&[5; 100], 95.0, 20), None);
    }

    #[test]
    fn a_percentile_is_of_the_rates_within() {
        // 100 a second for five seconds, then 300.
        let slow = (0..500).map(|i| i * 10 * MS);
        let fast = (0..1500).map(|i| 5_000 * MS + i * 10 * MS / 3);
        let ends: Vec<u64> = slow.chain(fast).collect();
        let at = |percent| percentile(&ends, percent, 20).unwrap();
        assert!((at(0.0) - 100.0).abs() < 2.0, "{}", at(0.0));
        assert!((at(100.0) - 300.0).abs() < 2.0, "{}", at(100.0));
        assert!((at(95.0) - 300.0).abs() < 2.0, "{}", at(95.0));
    }
}
