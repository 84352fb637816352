//! How fast a schedule is walked.

/// Divides the schedule's times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Default for Speed {
    fn default() -> Self {
        Speed(1.0)
    }
}

impl Speed {
    /// Slowest and fastest that is accepted.
    pub const RANGE: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

    /// A factor within [`Speed::RANGE`]; 1 is the schedule as it stands.
    pub fn new(factor: f64) -> Option<Self> {
        Self::RANGE.contains(&factor).then_some(Speed(factor))
    }

    /// The factor.
    pub fn factor(self) -> f64 {
        self.0
    }

    /// A time or duration of the workload, in ns, as it is under this speed. Exact at speed 1.
    pub fn scale_ns(self, ns: u64) -> u64 {
        if self.0 == 1.0 {
            ns
        } else {
            (ns as f64 / self.0).round() as u64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_divides_times_and_one_leaves_them_exact() {
        let scaled = |factor, ns| Speed::new(factor).unwrap().scale_ns(ns);
        assert_eq!(scaled(60.0, 3_000), 50);
        assert_eq!(scaled(0.5, 3_000), 6_000);
        assert_eq!(scaled(1.0, u64::MAX / 4 + 1), u64::MAX / 4 + 1);
        assert_eq!([0.0, -1.0, f64::NAN, 1e9].map(Speed::new), [None; 4]);
    }
}
