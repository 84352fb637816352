//! A stage's rate over time, and the way back from expected arrivals to a time.
//!
//! One unit-rate process is stretched by the integral of the rate (time rescaling); no rate is
//! ever held for a step. Refuses rates and durations for which the integral would lose its unit.

/// Longest stage, in ns: 417 days.
pub const MAX_DURATION_NS: u64 = 1 << 55;
/// Highest rate, in requests per 10^6 seconds; up to here a rate is exact as a float.
pub const MAX_RATE_MICROHERTZ: u64 = 1 << 53;

/// How the rate goes from its first to its last value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramp {
    /// It does not: both are the same.
    Flat,
    /// By the same amount in equal times.
    Linear,
    /// By the same factor in equal times.
    Exponential,
}

/// The rate of one stage, in requests per 10^6 seconds (microhertz), over its duration.
///
/// Exposure is the integral of the rate, in units of 1e-15 expected arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateProfile {
    /// Rate at the stage's start.
    pub from_microhertz: u64,
    /// Rate at the stage's end.
    pub to_microhertz: u64,
    /// Length of the stage, in ns.
    pub duration_ns: u64,
    /// The way between the two rates.
    pub ramp: Ramp,
}

/// Why a [`RateProfile`] has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProfile {
    /// No duration, or above [`MAX_DURATION_NS`].
    #[error("a stage of {0} ns must last at least 1 ns and at most {MAX_DURATION_NS} ns")]
    Duration(u64),
    /// Above [`MAX_RATE_MICROHERTZ`].
    #[error("a rate of {0} microhertz is above the limit of {MAX_RATE_MICROHERTZ}")]
    Rate(u64),
    /// A flat profile with two rates.
    #[error("a flat rate cannot go from {from} to {to} microhertz")]
    NotFlat { from: u64, to: u64 },
    /// An exponential ramp from or to 0, which no factor reaches.
    #[error("an exponential ramp can neither begin nor end at rate 0")]
    ExponentialFromZero,
}

impl RateProfile {
    /// The same rate all the time.
    pub const fn flat(rate_microhertz: u64, duration_ns: u64) -> Self {
        Self {
            from_microhertz: rate_microhertz,
            to_microhertz: rate_microhertz,
            duration_ns,
            ramp: Ramp::Flat,
        }
    }

    /// Refuses profiles that the arithmetic below is not made for.
    pub fn check(&self) -> Result<(), InvalidProfile> {
        let (from, to) = (self.from_microhertz, self.to_microhertz);
        if !(1..=MAX_DURATION_NS).contains(&self.duration_ns) {
            return Err(InvalidProfile::Duration(self.duration_ns));
        }
        if from.max(to) > MAX_RATE_MICROHERTZ {
            return Err(InvalidProfile::Rate(from.max(to)));
        }
        match self.ramp {
            Ramp::Flat if from != to => Err(InvalidProfile::NotFlat { from, to }),
            Ramp::Exponential if from.min(to) == 0 => Err(InvalidProfile::ExponentialFromZero),
            _ => Ok(()),
        }
    }

    /// Exposure of the whole stage, in units of 1e-15 expected arrivals.
    pub fn exposure(&self) -> u128 {
        self.exposure_until(self.duration_ns)
    }

    /// Exposure of the stage's first `offset_ns`, in units of 1e-15 expected arrivals: rounded up
    /// if flat or linear, to nearest if exponential.
    pub fn exposure_until(&self, offset_ns: u64) -> u128 {
        debug_assert_eq!(self.check(), Ok(()));
        let (from, to) = (self.from_microhertz, self.to_microhertz);
        let even = u128::from(from) * u128::from(offset_ns);
        match self.ramp {
            _ if from == to => even,
            Ramp::Flat => unreachable!("a flat profile has one rate"),
            // Rounding down what is taken off is rounding up what is left.
            Ramp::Linear if from > to => even - self.slanted(offset_ns).0,
            Ramp::Linear => {
                let (whole, rest) = self.slanted(offset_ns);
                even + whole + u128::from(rest)
            }
            Ramp::Exponential if from < to => self.growth_until(offset_ns),
            // A falling ramp is the rising one run backwards, so that the slow end is the precise
            // one. Next to the start the rounded rest may pass the whole by a unit in the last
            // place.
            Ramp::Exponential => {
                let rest = self.growth_until(self.duration_ns - offset_ns);
                self.growth_until(self.duration_ns).saturating_sub(rest)
            }
        }
    }

    /// The time at which the stage has had this much exposure: ns from its start, below its
    /// duration, and never earlier for more exposure.
    ///
    /// For flat and linear rates the exact time, rounded down; for exponential ramps what bisection
    /// finds, which is that but for a float's last places.
    ///
    /// # Panics
    /// If the whole stage has not that much.
    pub fn offset_ns(&self, exposure: u128) -> u64 {
        let total = self.exposure();
        assert!(exposure < total, "{exposure} is not within {total}");
        if self.ramp == Ramp::Flat {
            return (exposure / u128::from(self.from_microhertz)) as u64;
        }
        let estimate = self.estimate_ns(exposure, total);
        let slack = 4 + (self.duration_ns >> 46);
        let reached = |offset_ns| self.exposure_until(offset_ns) <= exposure;
        let found = bisect(self.duration_ns, |offset_ns| {
            if offset_ns.abs_diff(estimate) <= slack {
                reached(offset_ns)
            } else {
                offset_ns < estimate
            }
        });
        if found.abs_diff(estimate) < slack {
            return found;
        }
        // The estimate was off: ask everywhere.
        bisect(self.duration_ns, reached)
    }

    /// The lower and the higher rate, both exact.
    fn rates(&self) -> (f64, f64) {
        let (from, to) = (self.from_microhertz, self.to_microhertz);
        (from.min(to) as f64, from.max(to) as f64)
    }

    /// What a linear ramp has had more, or less, than its first rate for `t` ns:
    /// `floor(|to - from| * t² / (2 * duration))`, and whether there is a rest. No product passes
    /// 128 bits.
    fn slanted(&self, t: u64) -> (u128, bool) {
        let difference = u128::from(self.from_microhertz.abs_diff(self.to_microhertz));
        let (t, base) = (u128::from(t), 2 * u128::from(self.duration_ns));
        let first = difference * t;
        let second = first % base * t;
        (first / base * t + second / base, second % base > 0)
    }

    /// Exposure of the first `t` ns of the exponential ramp that begins at the lower rate.
    fn growth_until(&self, t: u64) -> u128 {
        let (low, high) = self.rates();
        let duration = self.duration_ns as f64;
        let growth = libm::log(high / low);
        let unit = low * duration / growth;
        libm::round(unit * libm::expm1(growth * (t as f64 / duration))) as u128
    }

    /// Where [`offset_ns`](Self::offset_ns) looks first; right to a few units in the last place
    /// of the duration. The result does not depend on it.
    fn estimate_ns(&self, exposure: u128, total: u128) -> u64 {
        let (low, high) = self.rates();
        let duration = self.duration_ns as f64;
        let falling = self.from_microhertz > self.to_microhertz;
        let sought = if falling { total - exposure } else { exposure } as f64;
        let t = match self.ramp {
            Ramp::Exponential if low < high => {
                let growth = libm::log(high / low);
                duration / growth * libm::log1p(sought * growth / (low * duration))
            }
            _ => {
                let slope = (high - low) / duration;
                2.0 * sought / (low + libm::sqrt(low * low + 2.0 * slope * sought))
            }
        };
        let t = (t as u64).min(self.duration_ns);
        if falling { self.duration_ns - t } else { t }
    }
}

/// The place in `0..end` at which `reached` turns from yes to no; `reached(0)` is taken for granted.
///
/// The same places are asked for every question, so a question that is answered yes at least
/// wherever another is never finds an earlier place, even if the answers are not monotone.
fn bisect(end: u64, reached: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, end);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reached(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
