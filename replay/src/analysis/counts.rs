//! How often each gap between tokens occurred, by size: a hundred million gaps in 100 KB.
//!
//! Buckets of equal width, `PER_OCTAVE` to each power of two, so a value read back is off by at
//! most 2^-11 (0.05 %) of itself, and by nothing below 2 µs. Number, sum, least and greatest are
//! exact. Refuses to guess a standard deviation whose squares do not fit into 128 bits: `None`.

use crate::analysis::stats::{Samples, Stats};

/// Bits of a value below its highest one that tell buckets apart.
const BITS: u32 = 10;
/// Buckets to each power of two.
const PER_OCTAVE: usize = 1 << BITS;
/// Octaves: all values below `PER_OCTAVE`, then one for each further power of two.
const OCTAVES: usize = 64 - BITS as usize + 1;

/// Counted durations in ns.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Occurrences in each bucket, for each octave that has any.
    octaves: [Option<Box<[u64; PER_OCTAVE]>>; OCTAVES],
    totals: Totals,
}

/// Values on their way into the counts of several groups: where each belongs is found once.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Octave and bucket of each.
    places: Vec<(u16, u16)>,
    totals: Totals,
}

/// What is known exactly of a number of values.
#[derive(Clone, Copy, Debug)]
struct Totals {
    count: u64,
    sum: u128,
    /// `None` once it does not fit.
    sum_of_squares: Option<u128>,
    min: u64,
    max: u64,
}

const NOTHING: Totals = Totals {
    count: 0,
    sum: 0,
    sum_of_squares: Some(0),
    min: u64::MAX,
    max: 0,
};

impl Default for Batch {
    fn default() -> Self {
        Batch {
            places: Vec::new(),
            totals: NOTHING,
        }
    }
}

impl Batch {
    /// Puts values in ns in place of what is in it.
    pub fn fill(&mut self, values_ns: impl Iterator<Item = u64>) {
        self.places.clear();
        self.totals = NOTHING;
        for ns in values_ns {
            self.places.push(bucket_of(ns));
            self.totals.add(ns);
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Counts {
            octaves: [const { None }; OCTAVES],
            totals: NOTHING,
        }
    }
}

impl Counts {
    /// Counts values.
    pub fn add(&mut self, batch: &Batch) {
        for (octave, bucket) in &batch.places {
            let page = &mut self.octaves[usize::from(*octave)];
            let page = page.get_or_insert_with(|| Box::new([0; PER_OCTAVE]));
            page[usize::from(*bucket)] += 1;
        }
        self.totals.merge(&batch.totals);
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.totals.count
    }

    /// The value that stands for each bucket that has any, in ns and ascending, and how many it
    /// has. It is the bucket's middle, or the least or greatest of all values if that is nearer.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let pages = self.octaves.iter().enumerate();
        pages
            .filter_map(|(octave, page)| Some((octave, page.as_ref()?)))
            .flat_map(|(octave, page)| {
                let buckets = page.iter().enumerate();
                buckets.map(move |(bucket, count)| (octave, bucket, *count))
            })
            .filter(|(.., count)| *count > 0)
            .map(|(octave, bucket, count)| {
                let middle = middle_ns(octave, bucket);
                (middle.clamp(self.totals.min, self.totals.max), count)
            })
    }

    /// Their description in seconds; `None` if there are none, or none of 292 years at most.
    pub fn stats(&self) -> Option<Stats> {
        let mut ends = Vec::new();
        let mut passed = 0;
        for (ns, count) in self.steps() {
            passed += count;
            ends.push((passed, i64::try_from(ns).ok()?));
        }
        let at = |position: u64| {
            let step = ends.partition_point(|(end, _)| *end <= position);
            ends[step].1
        };
        Stats::interpolated(Samples {
            count: self.totals.count,
            sum: i128::try_from(self.totals.sum).ok()?,
            min: i64::try_from(self.totals.min).unwrap_or(0),
            max: i64::try_from(self.totals.max).ok()?,
            std: self.totals.std_s(),
            at,
        })
    }
}

impl Totals {
    fn add(&mut self, ns: u64) {
        self.merge(&Totals {
            count: 1,
            sum: ns.into(),
            sum_of_squares: Some(u128::from(ns) * u128::from(ns)),
            min: ns,
            max: ns,
        });
    }

    fn merge(&mut self, other: &Totals) {
        self.count += other.count;
        self.sum += other.sum;
        let both = self.sum_of_squares.zip(other.sum_of_squares);
        self.sum_of_squares = both.and_then(|(ours, theirs)| ours.checked_add(theirs));
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The sample standard deviation. All in integers but for the last step: with q the whole part
    /// of the mean and r what is left over, Σ(x - q)² = (Σx² - qΣx) - qr, and the mean is r / n
    /// beyond q.
    fn std_s(&self) -> Option<f64> {
        let count = u128::from(self.count);
        if count < 2 {
            return None;
        }
        let (whole, rest) = (self.sum / count, self.sum % count);
        let from_whole = self.sum_of_squares? - whole * self.sum - whole * rest;
        let squares = from_whole as f64 - rest as f64 * rest as f64 / count as f64;
        Some((squares.max(0.0) / (count - 1) as f64).sqrt() / 1e9)
    }
}

/// Octave and bucket within it.
fn bucket_of(ns: u64) -> (u16, u16) {
    let octave = (u64::BITS - ns.leading_zeros()).saturating_sub(BITS);
    // The first two octaves have a bucket for each value.
    let shift = octave.saturating_sub(1);
    (octave as u16, (ns >> shift) as u16 % PER_OCTAVE as u16)
}

/// The middle of a bucket.
fn middle_ns(octave: usize, bucket: usize) -> u64 {
    let Some(shift) = octave.checked_sub(1) else {
        return bucket as u64;
    };
    let low = ((PER_OCTAVE + bucket) as u64) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sorted samples as they are described exactly.
    fn exact(values: &[u64]) -> Stats {
        let mut samples: Vec<i64> = values.iter().map(|ns| *ns as i64).collect();
        samples.sort_unstable();
        Stats::of_sorted(&samples).unwrap()
    }

    fn counted(values: &[u64]) -> Stats {
        counts_of(values).stats().unwrap()
    }

    /// In two parts, as from two responses.
    fn counts_of(values: &[u64]) -> Counts {
        let (mut counts, mut batch) = (Counts::default(), Batch::default());
        let (first, second) = values.split_at(values.len() / 2);
        for part in [first, second] {
            batch.fill(part.iter().copied());
            counts.add(&batch);
        }
        counts
    }

    /// Whether every percentile is within this share of the exact one, and all else as good as the
    /// same.
    fn agree(ours: &Stats, exact: &Stats, share: f64) -> bool {
        let pairs = ours.values().into_iter().zip(exact.values());
        let mut each = Stats::KEYS.into_iter().zip(pairs);
        each.all(|(key, pair)| {
            let (Some(ours), Some(exact)) = pair else {
                return pair.0 == pair.1;
            };
            let allowed = match key {
                "mean" | "min" | "max" => 0.0,
                "std" => exact * 1e-9 + 1e-18,
                _ => exact * share + 1e-15,
            };
            (ours - exact).abs() <= allowed
        })
    }

    /// A value as a coarser histogram keeps it: 2^6 buckets to an octave.
    fn coarse(ns: u64) -> u64 {
        let octave = (u64::BITS - ns.leading_zeros()).saturating_sub(6);
        let shift = octave.saturating_sub(1);
        (ns >> shift << shift) + (1 << shift) / 2
    }

    #[test]
    fn short_times_are_exact_and_long_ones_within_half_a_bucket() {
        for ns in (0..2048).chain([u64::MAX, u64::MAX / 2, 1 << 40, (1 << 40) + 12_345]) {
            let (octave, bucket) = bucket_of(ns);
            let middle = middle_ns(octave.into(), bucket.into());
            let allowed = if ns < 2048 { 0 } else { ns >> 11 };
            assert!(middle.abs_diff(ns) <= allowed, "{ns}: {middle}");
        }
        let widest = bucket_of(u64::MAX);
        assert_eq!(widest, (OCTAVES as u16 - 1, PER_OCTAVE as u16 - 1));
    }

    #[test]
    fn what_is_one_value_is_that_value() {
        let stats = counted(&[10_000_001; 7]);
        assert_eq!((stats.min, stats.p99_9), (0.010_000_001, 0.010_000_001));
        assert_eq!(stats.std, Some(0.0));
        assert_eq!(Counts::default().stats(), None);
    }

    #[test]
    fn a_deviation_of_a_nanosecond_survives_and_one_that_cannot_be_known_is_null() {
        let stats = counted(&[3_600_000_000_001, 3_600_000_000_003]);
        assert!((stats.std.unwrap() - 2f64.sqrt() * 1e-9).abs() < 1e-20);
        let large = i64::MAX as u64;
        assert_eq!(counted(&[large; 9]).std, None);
    }

    #[test]
    fn a_coarser_histogram_would_be_found_out() {
        let values: Vec<u64> = (0..2000).map(|n| 5_000_000 + n * n * 37).collect();
        let coarser: Vec<u64> = values.iter().map(|ns| coarse(*ns)).collect();
        let (ours, exact, control) = (counted(&values), exact(&values), exact(&coarser));
        assert!(agree(&ours, &exact, 1.0 / 2048.0));
        let percentiles = |stats: &Stats| stats.values()[2..13].to_vec();
        let control = Stats {
            mean: exact.mean,
            min: exact.min,
            max: exact.max,
            std: exact.std,
            ..control
        };
        assert_ne!(percentiles(&control), percentiles(&exact));
        assert!(!agree(&control, &exact, 1.0 / 2048.0));
    }

    proptest! {
        #[test]
        fn counting_is_as_good_as_sorting(
            values in prop::collection::vec(
                prop_oneof![0u64..5000, 1_000_000u64..50_000_000, 0u64..1 << 45],
                1..400,
            ),
        ) {
            let (ours, exact) = (counted(&values), exact(&values));
            prop_assert!(agree(&ours, &exact, 1.0 / 2048.0), "{ours:?}\n{exact:?}");
            let steps: Vec<(u64, u64)> = counts_of(&values).steps().collect();
            prop_assert!(steps.is_sorted());
            prop_assert_eq!(steps.iter().map(|step| step.1).sum::<u64>(), values.len() as u64);
        }
    }
}
