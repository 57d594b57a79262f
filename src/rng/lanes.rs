//! Words of many addresses at once: those of 64 neighbours, for loops over all consumers,
//! and those of a list of (entity, item), for loops over messages.
//!
//! Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) over 16 blocks
//! side by side: each of the four counter words is an array of 16, so that a round
//! is a loop over 16 equal multiplications, which the compiler turns into vectors.

use crate::quantity::math::quick_ln;
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream, moment, unit};
use crate::simd::{self, Kernel};

/// Consumers whose words are made together.
pub const N_LANES: usize = 64;

/// Blocks of four words that 64 lanes need.
const N_BLOCKS: usize = N_LANES / 4;

/// The multipliers of Philox4x32.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];

/// What is added to the two key words between rounds (Weyl sequences).
const KEY_STEPS: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// One counter word of each block, held in 64 bits, where products have room.
type Words = [u64; N_BLOCKS];

/// The words `key.lane(stream, first_entity + i, at)` for i in 0 … 63.
/// `first_entity` must be a multiple of 64.
#[must_use]
pub fn lanes(key: Key, stream: Stream, first_entity: u32, at: Clock) -> [u32; N_LANES] {
    debug_assert!(first_entity.is_multiple_of(64), "lanes start at a multiple of 64");
    let block = [first_entity >> 2, moment(at), stream.id, u32::MAX];
    simd::widest(Neighbours(block, key.words()))
}

struct Neighbours([u32; 4], [u32; 2]);

impl Kernel for Neighbours {
    type Output = [u32; N_LANES];

    #[inline(always)]
    fn run(self) -> Self::Output {
        blocks(self.0, self.1)
    }
}

/// `draws(stream, entity, at, item)` for every (entity, item) of a list, their first four
/// words made side by side.
pub fn draws_of(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
) -> Vec<Draws> {
    let mut all = Vec::with_capacity(list.size_hint().0);
    by_groups(stream, at, list, |first, n| {
        let words = simd::widest(Blocks(first, key.words()));
        for (i, block) in words.chunks_exact(4).enumerate().take(n) {
            let counter = [first[0][i], first[1][i], first[2][i], first[3][i]].map(|w| w as u32);
            let words = [block[0], block[1], block[2], block[3]];
            all.push(Draws::after_first(key.words(), counter, words));
        }
    });
    all
}

struct Blocks([Words; 4], [u32; 2]);

impl Kernel for Blocks {
    type Output = [u32; N_LANES];

    #[inline(always)]
    fn run(self) -> Self::Output {
        interleaved(&rounds(self.0, self.1))
    }
}

/// Addresses whose words are made together by [`words_of`].
pub const N_WORDS: usize = N_BLOCKS;

/// `word(stream, entity, at, item)` for 16 entities side by side.
#[must_use]
pub fn words_of(
    key: Key,
    stream: Stream,
    entities: &[u32; N_WORDS],
    at: Clock,
    item: u32,
) -> [u32; N_WORDS] {
    let fixed = |word: u32| [u64::from(word); N_BLOCKS];
    let first = [entities.map(u64::from), fixed(moment(at)), fixed(stream.id), fixed(item)];
    simd::widest(Firsts(first, key.words()))
}

struct Firsts([Words; 4], [u32; 2]);

impl Kernel for Firsts {
    type Output = [u32; N_WORDS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let words = rounds(self.0, self.1)[0];
        std::array::from_fn(|i| words[i] as u32)
    }
}

/// Calls `work` with the first counter words of a list's addresses, group by group, and
/// with their number.
fn by_groups(
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    mut work: impl FnMut([Words; 4], usize),
) {
    let mut list = list.fuse();
    loop {
        let mut counters = [[0; N_BLOCKS]; 2];
        let mut n = 0;
        for (entity, item) in list.by_ref().take(N_BLOCKS) {
            counters[0][n] = u64::from(entity);
            counters[1][n] = u64::from(item);
            n += 1;
        }
        if n == 0 {
            return;
        }
        let [entity, item] = counters;
        let fixed = |word: u32| [u64::from(word); N_BLOCKS];
        work([entity, fixed(moment(at)), fixed(stream.id), item], n);
    }
}

/// Exponential numbers of mean 1 from the first two words of `draws(stream, entity, at, item)`
/// for every (entity, item) of a list: −ln U by [`quick_ln`].
pub fn exponential_pairs(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    pairs: &mut Vec<[f64; 2]>,
) {
    pairs.clear();
    by_groups(stream, at, list, |first, n| {
        pairs.extend_from_slice(&simd::widest(Exponentials(first, key.words()))[..n]);
    });
}

struct Exponentials([Words; 4], [u32; 2]);

impl Kernel for Exponentials {
    type Output = [[f64; 2]; N_BLOCKS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let words = rounds(self.0, self.1);
        let mut pairs = [[0.0; 2]; N_BLOCKS];
        for i in 0..N_BLOCKS {
            pairs[i][0] = -quick_ln(unit(words[0][i] as u32));
        }
        for i in 0..N_BLOCKS {
            pairs[i][1] = -quick_ln(unit(words[1][i] as u32));
        }
        pairs
    }
}

/// Exponential numbers of mean 1 from the first four words of `draws(stream, entity, at, item)`
/// for every (entity, item) of a list: −ln U of two [`Draws::fine_unit`] by [`quick_ln`].
pub fn fine_exponential_pairs(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    pairs: &mut Vec<[f64; 2]>,
) {
    pairs.clear();
    by_groups(stream, at, list, |first, n| {
        pairs.extend_from_slice(&simd::widest(FineExponentials(first, key.words()))[..n]);
    });
}

struct FineExponentials([Words; 4], [u32; 2]);

impl Kernel for FineExponentials {
    type Output = [[f64; 2]; N_BLOCKS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let words = rounds(self.0, self.1);
        let mut pairs = [[0.0; 2]; N_BLOCKS];
        for i in 0..N_BLOCKS {
            pairs[i][0] = -quick_ln(fine(words[0][i], words[1][i]));
        }
        for i in 0..N_BLOCKS {
            pairs[i][1] = -quick_ln(fine(words[2][i], words[3][i]));
        }
        pairs
    }
}

/// Two words as [`Draws::fine_unit`] makes a number of them.
#[inline(always)]
fn fine(high: u64, low: u64) -> f64 {
    // A whole number below 2⁵² in the low bits of 2⁵² is added to it; vectors convert so.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let whole = f64::from_bits((high << 32 | low) >> 12 | WHOLE.to_bits()) - WHOLE;
    (whole + 0.5) * (1.0 / WHOLE)
}

/// Sixteen successive blocks, counted by the first counter word.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "becomes vectors as it stands")]
fn blocks(first: [u32; 4], key: [u32; 2]) -> [u32; N_LANES] {
    let fixed = |word: u32| [u64::from(word); N_BLOCKS];
    let mut words = [fixed(first[0]), fixed(first[1]), fixed(first[2]), fixed(first[3])];
    for i in 0..N_BLOCKS {
        words[0][i] += i as u64;
    }
    interleaved(&rounds(words, key))
}

/// The ten rounds of Philox on all blocks.
#[inline(always)]
fn rounds(mut words: [Words; 4], mut key: [u32; 2]) -> [Words; 4] {
    for _ in 0..10 {
        words = round(&words, key);
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    words
}

/// One round of Philox on all blocks.
#[inline(always)]
fn round(words: &[Words; 4], key: [u32; 2]) -> [Words; 4] {
    let mut next = [[0; N_BLOCKS]; 4];
    for i in 0..N_BLOCKS {
        let even = words[0][i] * u64::from(MULTIPLIERS[0]);
        let odd = words[2][i] * u64::from(MULTIPLIERS[1]);
        next[0][i] = (odd >> 32) ^ words[1][i] ^ u64::from(key[0]);
        next[1][i] = odd & 0xffff_ffff;
        next[2][i] = (even >> 32) ^ words[3][i] ^ u64::from(key[1]);
        next[3][i] = even & 0xffff_ffff;
    }
    next
}

/// The words block by block, as single generation gives them.
#[inline(always)]
fn interleaved(words: &[Words; 4]) -> [u32; N_LANES] {
    let mut flat = [0; N_LANES];
    for i in 0..N_BLOCKS {
        for k in 0..4 {
            flat[4 * i + k] = words[k][i] as u32;
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: Key, name: &'static str, first: u32, at: Clock) {
        let stream = Stream::new(name);
        let one_by_one: Vec<u32> = (0..64).map(|i| key.lane(stream, first + i, at)).collect();
        assert_eq!(lanes(key, stream, first, at)[..], one_by_one[..]);
        let block = [first >> 2, moment(at), stream.id, u32::MAX];
        assert_eq!(blocks(block, key.words())[..], one_by_one[..]);
    }

    #[test]
    fn words_side_by_side_are_those_one_by_one() {
        let (key, stream, at) = (Key::new(3, 1), Stream::new("test/words"), Clock::default());
        let entities = std::array::from_fn(|i| (i as u32).wrapping_mul(0x9e37_79b9));
        let one_by_one = entities.map(|entity| key.word(stream, entity, at, 5));
        assert_eq!(words_of(key, stream, &entities, at, 5), one_by_one);
    }

    #[test]
    fn pairs_equal_the_draws_of_their_addresses() {
        let (key, stream, at) = (Key::new(4, 1), Stream::new("test/pairs"), Clock::start_of(9));
        let list: Vec<(u32, u32)> = (0..37).map(|i| (i * 977, !i)).collect();
        let mut pairs = Vec::new();
        exponential_pairs(key, stream, at, list.iter().copied(), &mut pairs);
        let plain = |&(entity, item): &(u32, u32)| {
            let mut draws = key.draws(stream, entity, at, item);
            [draws.unit(), draws.unit()].map(|u| -quick_ln(u))
        };
        assert_eq!(pairs, list.iter().map(plain).collect::<Vec<_>>());
        fine_exponential_pairs(key, stream, at, list.iter().copied(), &mut pairs);
        let fine = |&(entity, item): &(u32, u32)| {
            let mut draws = key.draws(stream, entity, at, item);
            [draws.fine_unit(), draws.fine_unit()].map(|u| -quick_ln(u))
        };
        assert_eq!(pairs, list.iter().map(fine).collect::<Vec<_>>());
        let many = draws_of(key, stream, at, list.iter().copied());
        for (mut draws, &(entity, item)) in many.into_iter().zip(&list) {
            let mut plain = key.draws(stream, entity, at, item);
            assert!((0..11).all(|_| draws.word() == plain.word()));
        }
    }

    #[test]
    fn lanes_equal_single_words_wide_and_plain() {
        for seed in 0..50 {
            let at = Clock { day: seed as u16 * 1_307, wave: seed as u8 % 16 };
            check(Key::new(seed, seed as u32), "test/a", 64 * seed as u32, at);
            check(Key::new(!seed, 0), "test/b", u32::MAX - 63 - 64 * seed as u32, at);
        }
    }
}
