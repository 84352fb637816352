//! Samplers that stay in integers: ranges, weights, shares, permutations. What they give is exact
//! on every machine; there is no float in this file.

use crate::rng::Stream;

/// A uniform integer in `min..=max`: `min + below(max - min + 1)`. No draw if they are equal.
///
/// # Panics
/// If `min > max`.
pub fn uniform_inclusive(stream: &mut Stream, min: u64, max: u64) -> u64 {
    assert!(min <= max, "uniform_inclusive({min}, {max}): min above max");
    match (max - min).checked_add(1) {
        Some(values) => min + stream.below(values),
        None => stream.next_u64(),
    }
}

/// A choice among items with integer weights.
///
/// One `below(total)`, then the first item whose cumulative weight is above it. No draw if only
/// one item has any weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedChoice {
    cumulative: Vec<u64>,
    certain: Option<usize>,
}

impl WeightedChoice {
    /// Prepares the cumulative table; `None` if there is no weight at all or their sum overflows.
    pub fn new(weights: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut cumulative = Vec::new();
        let mut total = 0_u64;
        let mut weighted_items = 0_u64;
        for weight in weights {
            total = total.checked_add(weight)?;
            weighted_items += u64::from(weight > 0);
            cumulative.push(total);
        }
        let certain =
            (weighted_items == 1).then(|| cumulative.partition_point(|&up_to| up_to == 0));
        (total > 0).then_some(Self {
            cumulative,
            certain,
        })
    }

    /// The item if only one has any weight, in which case [`choose`](Self::choose) draws nothing.
    pub fn certain(&self) -> Option<usize> {
        self.certain
    }

    /// The weight of each item, as given.
    pub fn weights(&self) -> impl Iterator<Item = u64> + '_ {
        let before = std::iter::once(&0).chain(&self.cumulative);
        self.cumulative
            .iter()
            .zip(before)
            .map(|(to, from)| to - from)
    }

    /// The index of the chosen item.
    pub fn choose(&self, stream: &mut Stream) -> usize {
        if let Some(item) = self.certain {
            return item;
        }
        let total = self.cumulative[self.cumulative.len() - 1];
        let point = stream.below(total);
        self.cumulative.partition_point(|&up_to| up_to <= point)
    }
}

/// A probability, kept as `floor(2^64 * part / whole)`.
///
/// A draw below that number says yes, so under one stream the yeses of a smaller share are among
/// those of a larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    yes_below: u128,
}

impl Share {
    /// `part / whole`; `None` if `whole` is 0 or `part` is above it.
    pub fn new(part: u64, whole: u64) -> Option<Self> {
        (whole > 0 && part <= whole).then(|| Self {
            yes_below: (u128::from(part) << 64) / u128::from(whole),
        })
    }

    /// The answer if it is certain beforehand, in which case nothing is drawn for it.
    pub fn certain(self) -> Option<bool> {
        match self.yes_below {
            0 => Some(false),
            all if all == 1 << 64 => Some(true),
            _ => None,
        }
    }

    /// Yes with this probability. One draw, or none if the answer is certain.
    pub fn decide(self, stream: &mut Stream) -> bool {
        self.certain()
            .unwrap_or_else(|| u128::from(stream.next_u64()) < self.yes_below)
    }
}

/// The numbers `0..n` in random order, each order equally likely (Fisher & Yates in the form of
/// R. Durstenfeld, "Algorithm 235: Random Permutation", 1964): for i from n - 1 down to 1, the
/// places i and `below(i + 1)` are exchanged.
///
/// # Panics
/// If `n` is above 2^32.
pub fn permutation(stream: &mut Stream, n: u64) -> Vec<u32> {
    assert!(n <= 1 << 32, "a permutation of {n} does not fit 32 bits");
    let mut order: Vec<u32> = (0..n).map(|place| place as u32).collect();
    for place in (1..n).rev() {
        let other = stream.below(place + 1);
        order.swap(place as usize, other as usize);
    }
    order
}
