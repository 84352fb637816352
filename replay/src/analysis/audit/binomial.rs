//! What a number of trials can claim: exact binomial probabilities and the Clopper–Pearson limit
//! (C. J. Clopper and E. S. Pearson, Biometrika 26, 1934).
//!
//! Weights of outcomes are taken relative to the most likely one, by the ratio of one to the next:
//! no logarithm and no factorial, and what underflows is too small to matter.

/// How sure a limit is.
pub const CONFIDENCE: f64 = 0.95;
/// Halvings of the interval in which the limit lies.
const STEPS: u32 = 60;

/// The highest rate at which `failures` or fewer of `n` are not yet less likely than 5 %: the
/// one-sided 95 % limit. `None` without a trial.
pub fn upper(failures: u64, n: u64) -> Option<f64> {
    if n == 0 {
        return None;
    }
    if failures >= n {
        return Some(1.0);
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..STEPS {
        let middle = (low + high) / 2.0;
        match at_most(failures, n, middle) > 1.0 - CONFIDENCE {
            true => low = middle,
            false => high = middle,
        }
    }
    Some(high)
}

/// P(X ≤ `most`) of `n` trials with probability `p` each.
pub fn at_most(most: u64, n: u64, p: f64) -> f64 {
    share(n, p, |outcome| outcome <= most)
}

/// P(X ≥ `least`) of `n` trials with probability `p` each.
pub fn at_least(least: u64, n: u64, p: f64) -> f64 {
    share(n, p, |outcome| outcome >= least)
}

fn share(n: u64, p: f64, counts: impl Fn(u64) -> bool) -> f64 {
    let certain = |outcome: u64| f64::from(u8::from(counts(outcome)));
    if p <= 0.0 {
        return certain(0);
    }
    if p >= 1.0 {
        return certain(n);
    }
    let odds = p / (1.0 - p);
    let mode = (((n + 1) as f64 * p) as u64).min(n);
    let (mut part, mut whole) = (certain(mode), 1.0);
    let mut add = |outcome: u64, weight: f64| {
        whole += weight;
        if counts(outcome) {
            part += weight;
        }
        weight > 0.0
    };
    let mut weight = 1.0;
    for outcome in mode + 1..=n {
        weight *= (n - outcome + 1) as f64 / outcome as f64 * odds;
        if !add(outcome, weight) {
            break;
        }
    }
    weight = 1.0;
    for outcome in (0..mode).rev() {
        weight *= (outcome + 1) as f64 / (n - outcome) as f64 / odds;
        if !add(outcome, weight) {
            break;
        }
    }
    part / whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 5e-5, "{found} is not {expected}");
    }

    #[test]
    fn limits_are_those_of_the_tables() {
        // One-sided 95 %, as tables of the two-sided 90 % interval print them.
        for (failures, n, limit) in [
            (0, 1, 0.95),
            (0, 10, 0.2589),
            (1, 10, 0.3942),
            (5, 10, 0.7776),
            (9, 10, 0.9949),
            (10, 10, 1.0),
            (0, 59, 0.0495),
            (2, 100, 0.0616),
        ] {
            near(upper(failures, n).unwrap(), limit);
        }
        assert_eq!(upper(0, 0), None);
    }

    #[test]
    fn without_failures_the_limit_has_a_closed_form() {
        for n in [1, 2, 7, 31, 1_000, 60_000] {
            // (1 - limit)^n = 5 %.
            let limit = upper(0, n).unwrap();
            let all_good = (0..n).fold(1.0, |product, _| product * (1.0 - limit));
            assert!((all_good - 0.05).abs() < 1e-9, "{n}: {all_good}");
        }
    }

    #[test]
    fn probabilities_add_up_and_are_exact_for_small_numbers() {
        near(at_most(1, 4, 0.5), 5.0 / 16.0);
        near(at_least(3, 4, 0.5), 5.0 / 16.0);
        near(at_least(2, 3, 0.1), 0.028);
        assert_eq!(at_most(0, 5, 0.0), 1.0);
        assert_eq!(at_least(5, 5, 1.0), 1.0);
        assert_eq!(at_least(0, 60_000, 0.3), 1.0);
        for k in 1..60 {
            near(at_most(k - 1, 60, 0.2) + at_least(k, 60, 0.2), 1.0);
        }
    }
}
