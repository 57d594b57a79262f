//! A keyed permutation that is computed place by place and never stored.
//!
//! A Feistel network over the next power of two (Luby & Rackoff 1988), repeated until
//! the place falls below n (cycle-walking); its rounds are addressed draws.

use crate::quantity::time::Clock;
use crate::rng::lanes::{N_WORDS, words_of};
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

    /// The places of a run of numbers, made side by side.
    pub(super) fn places(&self, numbers: std::ops::Range<u32>, places: &mut Vec<u32>) {
        places.clear();
        places.extend(numbers);
        let mut open: Vec<u32> = (0..places.len() as u32).collect();
        while open.len() >= N_WORDS {
            for group in open.chunks(N_WORDS) {
                let mut x = [0; N_WORDS];
                x.iter_mut().zip(group).for_each(|(x, k)| *x = places[*k as usize]);
                self.scramble_all(&mut x);
                x.iter().zip(group).for_each(|(x, k)| places[*k as usize] = *x);
            }
            open.retain(|k| places[*k as usize] >= self.n);
        }
        open.iter().for_each(|k| places[*k as usize] = self.at(places[*k as usize]));
    }

    fn scramble_all(&self, x: &mut [u32; N_WORDS]) {
        let words = |halves: &[u32; N_WORDS], round| {
            words_of(self.key, self.stream, halves, Clock::default(), round)
        };
        let mut low = x.map(|x| x & ((1 << self.low) - 1));
        let mut high = x.map(|x| x >> self.low);
        for round in (0..ROUNDS).step_by(2) {
            let mix = words(&high, round);
            low.iter_mut().zip(mix).for_each(|(low, word)| *low ^= word >> (32 - self.low));
            let mix = words(&low, round + 1);
            high.iter_mut().zip(mix).for_each(|(high, word)| *high ^= word >> (32 - self.high));
        }
        *x = std::array::from_fn(|k| high[k] << self.low | low[k]);
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
        for n in [1, 2, 3, 5, 15, 16, 64, 65, 1000, 4097] {
            let shuffle = Shuffle::new(n, Key::new(9, 0), Stream::new("test/shuffle"));
            let mut places = Vec::new();
            shuffle.places(0..n, &mut places);
            assert!((0..n).all(|x| places[x as usize] == shuffle.at(x)), "one by one of {n}");
            places.sort_unstable();
            assert_eq!(places, (0..n).collect::<Vec<_>>());
        }
    }
}
