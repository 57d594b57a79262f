//! Words of many addresses at once: those of 64 neighbours, for loops over all consumers,
//! and those of a list of (entity, item), for loops over messages.
//!
//! Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) over 16 blocks
//! side by side: each of the four counter words is an array of 16, so that a round
//! is a loop over 16 equal multiplications, which the compiler turns into vectors.

use crate::quantity::math::{is_central, normal_centre, normal_quantile, quick_ln};
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream, moment, unit};
use crate::simd::{self, Kernel};

/// Consumers whose words are made together.
pub const N_LANES: usize = 64;

/// Blocks of four words that 64 lanes need.
pub(super) const N_BLOCKS: usize = N_LANES / 4;

/// The multipliers of Philox4x32.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];

/// What is added to the two key words between rounds (Weyl sequences).
pub(super) const KEY_STEPS: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// One counter word of each block, held in 64 bits, where products have room.
pub(super) type Words = [u64; N_BLOCKS];

/// The words `key.lane(stream, first_entity + i, at)` for i in 0 … 63.
/// `first_entity` must be a multiple of 64.
#[must_use]
pub fn lanes(key: Key, stream: Stream, first_entity: u32, at: Clock) -> [u32; N_LANES] {
    debug_assert!(first_entity.is_multiple_of(64), "lanes start at a multiple of 64");
    let block = [first_entity >> 2, moment(at), stream.id, u32::MAX];
    simd::widest(Neighbours(block, key.words()))
}

/// Which of 64 words lie below a limit, a bit each.
#[must_use]
pub fn below(words: &[u32; N_LANES], limit: u32) -> u64 {
    simd::widest(Below(words, limit))
}

struct Below<'a>(&'a [u32; N_LANES], u32);

impl Kernel for Below<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let bit = |(i, word): (usize, &u32)| u64::from(*word < self.1) << i;
        self.0.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit)
    }
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

/// The first word of `draws(stream, entity, at, item)` for every (entity, item) of a list.
pub fn first_words(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    words: &mut Vec<u32>,
) {
    words.clear();
    by_groups(stream, at, list, |first, n| {
        words.extend_from_slice(&simd::widest(Firsts(first, key.words()))[..n]);
    });
}

/// The first two words of `draws(stream, entity, at, item)` for every (entity, item) of a list.
pub fn word_pairs(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    pairs: &mut Vec<[u32; 2]>,
) {
    pairs.clear();
    by_groups(stream, at, list, |first, n| {
        pairs.extend_from_slice(&simd::widest(Pairs(first, key.words()))[..n]);
    });
}

struct Pairs([Words; 4], [u32; 2]);

impl Kernel for Pairs {
    type Output = [[u32; 2]; N_BLOCKS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let [first, second, ..] = rounds(self.0, self.1);
        std::array::from_fn(|i| [first[i] as u32, second[i] as u32])
    }
}

/// The standard normal number of every word of a list, as
/// [`normal_from`](crate::rng::sample::continuous::normal_from) makes it.
pub fn normals(words: impl Iterator<Item = u32>, numbers: &mut Vec<f64>) {
    numbers.clear();
    numbers.extend(words.map(unit));
    for part in numbers.chunks_mut(N_BLOCKS) {
        let mut units = [0.5; N_BLOCKS];
        units[..part.len()].copy_from_slice(part);
        let centres = simd::widest(Centres(&units));
        for ((number, unit), centre) in part.iter_mut().zip(units).zip(centres) {
            *number = if is_central(unit) { centre } else { normal_quantile(unit) };
        }
    }
}

struct Centres<'a>(&'a [f64; N_BLOCKS]);

impl Kernel for Centres<'_> {
    type Output = [f64; N_BLOCKS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        self.0.map(normal_centre)
    }
}

/// `lane(stream, entity, at)` for every entity of a list.
pub fn lane_words(
    key: Key,
    stream: Stream,
    at: Clock,
    entities: impl Iterator<Item = u32>,
    words: &mut Vec<u32>,
) {
    words.clear();
    let entities = entities.map(|entity| {
        words.push(entity % 4);
        (entity >> 2, u32::MAX)
    });
    let mut found = Vec::with_capacity(entities.size_hint().0);
    by_groups(stream, at, entities, |first, n| {
        let blocks = simd::widest(Blocks(first, key.words()));
        found.extend(
            blocks.chunks_exact(4).take(n).map(|block| [block[0], block[1], block[2], block[3]]),
        );
    });
    for (word, block) in words.iter_mut().zip(found) {
        *word = block[*word as usize];
    }
}

/// The words of the first `blocks` blocks, four each, of `draws(stream, entity, at, item)` for
/// every (entity, item) of a list, one after the other.
pub fn long_words(
    key: Key,
    stream: Stream,
    at: Clock,
    blocks: u32,
    list: impl Iterator<Item = (u32, u32)>,
    words: &mut Vec<u32>,
) {
    words.clear();
    let mut group = ([0; N_BLOCKS], [0; N_BLOCKS], [0; N_BLOCKS]);
    let mut n = 0;
    let mut make = |(entities, moments, items): &(Words, Words, Words), n: usize| {
        let first = [*entities, *moments, [u64::from(stream.id); N_BLOCKS], *items];
        words.extend_from_slice(&simd::widest(Blocks(first, key.words()))[..4 * n]);
    };
    for (entity, item) in list {
        for block in 0..blocks {
            group.0[n] = u64::from(entity);
            group.1[n] = u64::from(moment(at).wrapping_add(block << 20));
            group.2[n] = u64::from(item);
            n += 1;
            if n == N_BLOCKS {
                make(&group, n);
                n = 0;
            }
        }
    }
    if n > 0 {
        make(&group, n);
    }
}

/// Calls `work` with the first counter words of a list's addresses, group by group, and
/// with their number.
fn by_groups(
    stream: Stream,
    at: Clock,
    mut list: impl Iterator<Item = (u32, u32)>,
    mut work: impl FnMut([Words; 4], usize),
) {
    let fixed = |word: u32| [u64::from(word); N_BLOCKS];
    loop {
        let (mut entities, mut items) = ([0; N_BLOCKS], [0; N_BLOCKS]);
        let mut n = 0;
        for (entity, item) in list.by_ref().take(N_BLOCKS) {
            (entities[n], items[n]) = (u64::from(entity), u64::from(item));
            n += 1;
        }
        if n > 0 {
            work([entities, fixed(moment(at)), fixed(stream.id), items], n);
        }
        if n < N_BLOCKS {
            return;
        }
    }
}

/// Two exponential numbers of mean 1, into a list each, from the first two words of
/// `draws(stream, entity, at, item)` for every (entity, item) of a list: −ln U by [`quick_ln`].
pub fn exponential_pairs(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    (firsts, seconds): (&mut Vec<f64>, &mut Vec<f64>),
) {
    firsts.clear();
    seconds.clear();
    by_groups(stream, at, list, |first, n| {
        let pairs = simd::widest(Exponentials(first, key.words()));
        firsts.extend_from_slice(&pairs[0][..n]);
        seconds.extend_from_slice(&pairs[1][..n]);
    });
}

struct Exponentials([Words; 4], [u32; 2]);

impl Kernel for Exponentials {
    type Output = [[f64; N_BLOCKS]; 2];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let [first, second, ..] = rounds(self.0, self.1);
        [first, second].map(|words| words.map(|word| -quick_ln(unit(word as u32))))
    }
}

/// Exponential numbers of mean 1 from the first word of `draws(stream, entity, at, item)` for
/// every (entity, item) of a list: −ln U by [`quick_ln`].
pub fn exponentials(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    numbers: &mut Vec<f64>,
) {
    numbers.clear();
    by_groups(stream, at, list, |first, n| {
        numbers.extend_from_slice(&simd::widest(Singles(first, key.words()))[..n]);
    });
}

struct Singles([Words; 4], [u32; 2]);

impl Kernel for Singles {
    type Output = [f64; N_BLOCKS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        rounds(self.0, self.1)[0].map(|word| -quick_ln(unit(word as u32)))
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
pub(super) fn fine(high: u64, low: u64) -> f64 {
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
pub(super) fn rounds(mut words: [Words; 4], key: [u32; 2]) -> [Words; 4] {
    for start in (0..N_BLOCKS).step_by(N_SIDE) {
        let side = |word: &Words| std::array::from_fn(|i| word[start + i]);
        let [a, b, c, d] = &words;
        let done = rounds_side_by_side([side(a), side(b), side(c), side(d)], key);
        for (word, done) in words.iter_mut().zip(done) {
            word[start..start + N_SIDE].copy_from_slice(&done);
        }
    }
    words
}

/// Blocks whose rounds stay in the registers of AVX2: four words of two vectors each.
pub(super) const N_SIDE: usize = 8;

#[inline(always)]
fn rounds_side_by_side(mut words: [[u64; N_SIDE]; 4], mut key: [u32; 2]) -> [[u64; N_SIDE]; 4] {
    for _ in 0..10 {
        words = round(&words, key);
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    words.map(|word| word.map(low))
}

/// One round of Philox on all blocks. Only the lower halves are the words: what stands above
/// falls out where it is multiplied, which a multiplication of vectors does for nothing.
#[inline(always)]
pub(super) fn round(words: &[[u64; N_SIDE]; 4], key: [u32; 2]) -> [[u64; N_SIDE]; 4] {
    let mut next = [[0; N_SIDE]; 4];
    for i in 0..N_SIDE {
        let even = low(words[0][i]) * u64::from(MULTIPLIERS[0]);
        let odd = low(words[2][i]) * u64::from(MULTIPLIERS[1]);
        next[0][i] = (odd >> 32) ^ words[1][i] ^ u64::from(key[0]);
        next[1][i] = odd;
        next[2][i] = (even >> 32) ^ words[3][i] ^ u64::from(key[1]);
        next[3][i] = even;
    }
    next
}

/// The lower half of 64 bits.
#[inline(always)]
pub(super) fn low(word: u64) -> u64 {
    word & 0xffff_ffff
}

/// The words block by block, as single generation gives them.
#[inline(always)]
fn interleaved(words: &[Words; 4]) -> [u32; N_LANES] {
    let mut flat = [0; N_LANES];
    // Pairs first: two shifts and a shuffle instead of four shuffles.
    for (i, four) in flat.chunks_exact_mut(4).enumerate() {
        let pairs = [words[0][i] | words[1][i] << 32, words[2][i] | words[3][i] << 32];
        for (two, pair) in four.chunks_exact_mut(2).zip(pairs) {
            two[0] = pair as u32;
            two[1] = (pair >> 32) as u32;
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::sample::continuous::normal_from;

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
        let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
        let lists = (&mut firsts, &mut seconds);
        exponential_pairs(key, stream, at, list.iter().copied(), lists);
        let plain = |&(entity, item): &(u32, u32)| {
            let mut draws = key.draws(stream, entity, at, item);
            [draws.unit(), draws.unit()].map(|u| -quick_ln(u))
        };
        let pairs = firsts.iter().zip(&seconds).map(|(first, second)| [*first, *second]);
        assert_eq!(pairs.collect::<Vec<_>>(), list.iter().map(plain).collect::<Vec<_>>());
        let (mut numbers, mut pairs) = (Vec::new(), Vec::new());
        exponentials(key, stream, at, list.iter().copied(), &mut numbers);
        assert_eq!(numbers, firsts);
        fine_exponential_pairs(key, stream, at, list.iter().copied(), &mut pairs);
        let fine = |&(entity, item): &(u32, u32)| {
            let mut draws = key.draws(stream, entity, at, item);
            [draws.fine_unit(), draws.fine_unit()].map(|u| -quick_ln(u))
        };
        assert_eq!(pairs, list.iter().map(fine).collect::<Vec<_>>());
        let mut words = Vec::new();
        first_words(key, stream, at, list.iter().copied(), &mut words);
        let first: Vec<u32> = list.iter().map(|&(e, i)| key.word(stream, e, at, i)).collect();
        assert_eq!(words, first);
        let mut both = Vec::new();
        word_pairs(key, stream, at, list.iter().copied(), &mut both);
        let two = |&(entity, item): &(u32, u32)| {
            let mut draws = key.draws(stream, entity, at, item);
            [draws.word(), draws.word()]
        };
        assert_eq!(both, list.iter().map(two).collect::<Vec<_>>());
        normals(words.iter().copied(), &mut numbers);
        let plain: Vec<f64> = words.iter().map(|word| normal_from(*word)).collect();
        assert_eq!(numbers, plain);
        long_words(key, stream, at, 3, list.iter().copied(), &mut words);
        let long = list.iter().flat_map(|&(entity, item)| {
            let mut draws = key.draws(stream, entity, at, item);
            [0; 12].map(|_| draws.word())
        });
        assert_eq!(words, long.collect::<Vec<_>>());
        lane_words(key, stream, at, list.iter().map(|&(entity, _)| entity), &mut words);
        let lanes: Vec<u32> = list.iter().map(|&(e, _)| key.lane(stream, e, at)).collect();
        assert_eq!(words, lanes);
        let many = draws_of(key, stream, at, list.iter().copied());
        for (mut draws, &(entity, item)) in many.into_iter().zip(&list) {
            let mut plain = key.draws(stream, entity, at, item);
            assert!((0..11).all(|_| draws.word() == plain.word()));
        }
    }

    #[test]
    fn bits_tell_which_words_lie_below() {
        let words = lanes(Key::new(9, 0), Stream::new("test/below"), 128, Clock::default());
        for limit in [0, 1 << 30, words[17], words[17] + 1, u32::MAX] {
            let bits = below(&words, limit);
            assert!((0..N_LANES).all(|i| (bits >> i & 1 == 1) == (words[i] < limit)));
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
