//! SplitMix64 (Steele, Lea, Flood 2014): the one source of numbers that look random here.
//!
//! A generator is eight bytes that follow from a seed, so that one for each request costs nothing.
//! Refuses to be anything better: no stream may be kept secret with it.

/// What the state moves on by with each number: 2^64 divided by the golden ratio, odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// One stream of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator(u64);

impl Generator {
    /// The stream of a seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        Generator(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        finish(self.0)
    }

    /// The next number in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.bits() >> 11) as f64 * UNIT
    }
}

/// Number `n` of the stream of seed 0, counted from 1: as a hash of `n`.
pub fn mix(n: u64) -> u64 {
    finish(n.wrapping_mul(STEP))
}

fn finish(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_0_gives_the_published_numbers() {
        let mut generator = Generator::new(0);
        assert_eq!(generator.bits(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(generator.bits(), 0x6e78_9e6a_a1b9_65f4);
        assert_eq!(mix(2), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn uniform_numbers_are_the_highest_53_bits() {
        let mut generator = Generator::new(0);
        let first = (0xe220_a839_7b1d_cdaf_u64 >> 11) as f64 / 9_007_199_254_740_992.0;
        assert_eq!(generator.uniform(), first);
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&generator.uniform())));
    }
}
