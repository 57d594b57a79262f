//! A keyed permutation that is computed place by place and never stored.
//!
//! A Feistel network over the next power of two (Luby & Rackoff 1988), repeated until
//! the place falls below n (cycle-walking); its rounds are addressed draws.

use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};

/// Rounds of the Feistel network.
const ROUNDS: u32 = 6;

/// A keyed permutation of 0 … n − 1.
pub(super) struct Shuffle {
    n: u32,
    /// Bits of the low and of the high part of a number.
    low: u32,
    high: u32,
    key: Key,
    stream: Stream,
}

impl Shuffle {
    /// A permutation of `n` numbers by the draws of a stream.
    pub(super) fn new(n: u32, key: Key, stream: Stream) -> Self {
        let bits = (32 - n.saturating_sub(1).leading_zeros()).max(2);
        Self { n, low: bits / 2, high: bits - bits / 2, key, stream }
    }

    /// The place of `x` < n.
    pub(super) fn at(&self, mut x: u32) -> u32 {
        loop {
            x = self.scramble(x);
            if x < self.n {
                return x;
            }
        }
    }

    fn scramble(&self, x: u32) -> u32 {
        let (mut low, mut high) = (x & ((1 << self.low) - 1), x >> self.low);
        for round in (0..ROUNDS).step_by(2) {
            let word = |half, round| self.key.word(self.stream, half, Clock::default(), round);
            low ^= word(high, round) >> (32 - self.low);
            high ^= word(low, round + 1) >> (32 - self.high);
        }
        high << self.low | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shuffle_is_a_permutation() {
        for n in [1, 2, 3, 5, 64, 65, 1000, 4097] {
            let shuffle = Shuffle::new(n, Key::new(9, 0), Stream::new("test/shuffle"));
            let mut places: Vec<u32> = (0..n).map(|x| shuffle.at(x)).collect();
            places.sort_unstable();
            assert_eq!(places, (0..n).collect::<Vec<_>>());
        }
    }
}
