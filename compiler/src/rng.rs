//! Keyed random streams: from (seed, component, index) to the draws of one item.
//!
//! Specified in `schemas/RANDOMNESS.md`, with test vectors. One item (a request, a corpus
//! block) owns one stream, so any item can be produced alone, in any order, on any thread.
//! Deliberately absent: a shared generator, a component outside the registry, re-seeding, a
//! `Clone` on [`Stream`] (a copy would hand the same numbers out twice), and entropy.

pub mod index;
pub mod registry;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

pub use registry::Component;

/// 2^-53, the spacing of the unit samplers. Exact.
const TWO_POW_MINUS_53: f64 = 1.0 / 9_007_199_254_740_992.0;

/// The seed of a workload: the only number that decides what is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed(pub u64);

/// The 2^64 streams of one component under one seed.
///
/// The key is derived once, here; a copy is 32 bytes and may go to any thread.
///
/// ```
/// use compiler::rng::{Component, Seed, Streams};
/// let lengths = Streams::new(Seed(42), Component::PromptLength);
/// assert_eq!(lengths.stream(0).next_u64(), 0xe90f_070c_7075_7a28);
/// ```
///
/// A name is not enough to draw from, only a registered [`Component`] is:
///
/// ```compile_fail
/// use compiler::rng::{Seed, Streams};
/// Streams::new(Seed(42), "my.own.name");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// Derives the component's key: `SHA-256("{seed}:{identifier}")`, seed in decimal, UTF-8.
    pub fn new(seed: Seed, component: Component) -> Self {
        Self::in_population(seed, None, component)
    }

    /// The same for a component of a further population, whose name stands before the identifier:
    /// `SHA-256("{seed}:{population}.{identifier}")`. Without a name it is [`new`](Self::new).
    ///
    /// An identifier has exactly three dotted parts, so no name can make two keys alike.
    pub fn in_population(seed: Seed, population: Option<&str>, component: Component) -> Self {
        let (seed, identifier) = (seed.0, component.identifier());
        let name = match population {
            None => format!("{seed}:{identifier}"),
            Some(population) => format!("{seed}:{population}.{identifier}"),
        };
        Self {
            key: Sha256::digest(name).into(),
        }
    }

    /// The ChaCha12 key, 32 bytes.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The stream of item `index`, at its first draw.
    ///
    /// Call it once per item and keep drawing from what it returns: a second call starts over.
    pub fn stream(&self, index: u64) -> Stream {
        let mut chacha = ChaCha12Rng::from_seed(self.key);
        chacha.set_stream(index);
        Stream { chacha }
    }
}

/// The draws of one item: ChaCha12 (Bernstein, "ChaCha, a variant of Salsa20", 2008) with a
/// 64-bit block counter from 0 and the item's index as the 64-bit stream number.
pub struct Stream {
    chacha: ChaCha12Rng,
}

impl Stream {
    /// One draw: the next 8 bytes of the key stream, little-endian.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.chacha.next_u64()
    }

    /// A uniform integer in `0..n`, unbiased; `below(1)` is 0 and draws nothing.
    ///
    /// Multiply-shift with rejection (Lemire, "Fast Random Integer Generation in an
    /// Interval", 2019): the result is the high half of `draw * n`, drawn again while the low
    /// half is under `2^64 mod n`.
    ///
    /// # Panics
    /// If `n` is 0.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "below(0) has no answer");
        if n == 1 {
            return 0;
        }
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            // Only here can the low half be under 2^64 mod n, so the division is rare.
            let rejected_below = n.wrapping_neg() % n;
            while (product as u64) < rejected_below {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// A uniform number in (0, 1]: `((draw >> 11) + 1) * 2^-53`. Safe to take the logarithm of.
    #[inline]
    pub fn unit_open_closed(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * TWO_POW_MINUS_53
    }

    /// A uniform number in [0, 1): `(draw >> 11) * 2^-53`.
    #[inline]
    pub fn unit_half_open(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * TWO_POW_MINUS_53
    }
}
