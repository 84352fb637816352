//! The rates of a sweep's steps.

use schemas::hints::Progression;

/// How many times the lowest rate the highest of a geometric sweep is.
const RANGE: f64 = 10.0;

/// The rates of `steps` steps, ascending, the last of which is `highest`: by equal differences from
/// nothing, or by equal factors from a tenth.
pub fn rates(progression: Progression, highest: f64, steps: u32) -> Vec<f64> {
    match progression {
        Progression::Linear => {
            let share = |step| f64::from(step) / f64::from(steps);
            (1..=steps).map(|step| highest * share(step)).collect()
        }
        Progression::Geometric => {
            let factor = root(RANGE, steps.saturating_sub(1).max(1));
            let rates = std::iter::successors(Some(highest), |rate| Some(rate / factor));
            let mut rates: Vec<f64> = rates.take(steps as usize).collect();
            rates.reverse();
            rates
        }
    }
}

/// The number (at least 1) whose `n`-th power is `of`, by halving the interval: products are the same
/// on every machine, the standard library's powers are not.
fn root(of: f64, n: u32) -> f64 {
    let (mut low, mut high) = (1.0, of);
    // A double has 53 bits.
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let power = (0..n).fold(1.0, |power, _| power * middle);
        if power < of {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_rates_have_equal_differences() {
        assert_eq!(
            rates(Progression::Linear, 240.0, 4),
            [60.0, 120.0, 180.0, 240.0]
        );
        assert_eq!(rates(Progression::Linear, 7.0, 1), [7.0]);
    }

    #[test]
    fn geometric_rates_have_equal_factors_from_a_tenth() {
        let found = rates(Progression::Geometric, 1000.0, 3);
        for (found, expected) in found.iter().zip([100.0, f64::sqrt(100_000.0), 1000.0]) {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found}");
        }
        assert_eq!(rates(Progression::Geometric, 7.0, 1), [7.0]);
    }
}
