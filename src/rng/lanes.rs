//! The lane words of 64 neighbours at once, for loops over all consumers.
//!
//! Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) over 16 blocks
//! side by side: each of the four counter words is an array of 16, so that a round
//! is a loop over 16 equal multiplications, which the compiler turns into vectors.

use crate::quantity::time::Clock;
use crate::rng::{Key, Stream, moment};
use crate::simd;

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
    simd::widest(|| blocks(block, key.words()))
}

/// Sixteen successive blocks, counted by the first counter word.
#[inline(always)]
fn blocks(first: [u32; 4], mut key: [u32; 2]) -> [u32; N_LANES] {
    let mut words = first.map(|word| [u64::from(word); N_BLOCKS]);
    for (i, word) in words[0].iter_mut().enumerate() {
        *word += i as u64;
    }
    for _ in 0..10 {
        words = round(&words, key);
        key = [0, 1].map(|i| key[i].wrapping_add(KEY_STEPS[i]));
    }
    interleaved(&words)
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
    for (i, block) in flat.chunks_exact_mut(4).enumerate() {
        for (word, column) in block.iter_mut().zip(words) {
            *word = column[i] as u32;
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
    fn lanes_equal_single_words_wide_and_plain() {
        for seed in 0..50 {
            let at = Clock { day: seed as u16 * 1_307, wave: seed as u8 % 16 };
            check(Key::new(seed, seed as u32), "test/a", 64 * seed as u32, at);
            check(Key::new(!seed, 0), "test/b", u32::MAX - 63 - 64 * seed as u32, at);
        }
    }
}
