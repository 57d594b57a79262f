//! Words of 64 neighbours at once, for loops over all consumers.

use super::philox::{Common, Philox};
use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};
use crate::simd::{Quad, Quads, quads};

/// Consumers whose words are made together.
pub const N_LANES: usize = 64;

/// The words `key.lane(stream, first_entity + i, at)` for i in 0 … 63.
/// `first_entity` must be a multiple of 64.
#[must_use]
pub fn lanes(key: Key, stream: Stream, first_entity: u32, at: Clock) -> [u32; N_LANES] {
    debug_assert!(first_entity.is_multiple_of(64), "lanes start at a multiple of 64");
    quads(Neighbours { common: Common::of(key, stream, at), first: first_entity })
}

struct Neighbours {
    common: Common,
    first: u32,
}

impl Quads for Neighbours {
    type Output = [u32; N_LANES];

    #[inline(always)]
    fn run<Q: Quad>(self) -> Self::Output {
        let mut words = [0; N_LANES];
        Lanes::<Q>::new(self.common).make(self.first, &mut words);
        words
    }
}

/// Makes the words of 64 neighbours after the other.
struct Lanes<Q> {
    philox: Philox<Q>,
    moment: Q,
    stream: Q,
}

impl<Q: Quad> Lanes<Q> {
    #[inline(always)]
    fn new(common: Common) -> Self {
        let (moment, stream) = (Q::all(common.moment), Q::all(common.stream));
        Self { philox: Philox::new(common.key), moment, stream }
    }

    #[inline(always)]
    fn make(&self, first_entity: u32, words: &mut [u32; N_LANES]) {
        let Self { philox, moment, stream } = self;
        let (moment, stream, kept) = (*moment, *stream, Q::all(u32::MAX));
        let mut block = Q::all(first_entity >> 2).plus(Q::of(&[0, 1, 2, 3]));
        for eight in words.as_chunks_mut::<4>().0.as_chunks_mut::<8>().0 {
            let next = block.plus(Q::all(4));
            let counters = [[block, moment, stream, kept], [next, moment, stream, kept]];
            let [first, second] = philox.words(counters);
            eight[..4].copy_from_slice(&Q::rows(first));
            eight[4..].copy_from_slice(&Q::rows(second));
            block = next.plus(Q::all(4));
        }
    }
}

/// Which of 64 words lie below a limit, a bit each.
#[must_use]
pub fn below(words: &[u32; N_LANES], limit: u32) -> u64 {
    quads(Below(words, limit))
}

struct Below<'a>(&'a [u32; N_LANES], u32);

impl Quads for Below<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<Q: Quad>(self) -> u64 {
        bits_below::<Q>(self.0, self.1)
    }
}

#[inline(always)]
fn bits_below<Q: Quad>(words: &[u32; N_LANES], limit: u32) -> u64 {
    let mut bits = 0;
    for (k, eight) in words.as_chunks::<8>().0.iter().enumerate() {
        bits |= Q::below(eight, limit) << (8 * k);
    }
    bits
}

/// The rows of a column that lie below a limit, in order: added to a list.
pub fn rows_below(column: &[u32], limit: u32, rows: &mut Vec<u32>) {
    let (whole, rest) = column.as_chunks::<N_LANES>();
    quads(RowsBelow { column: whole, limit, rows });
    let last = (whole.len() * N_LANES) as u32;
    rows.extend((last..).zip(rest).filter(|(_, value)| **value < limit).map(|(row, _)| row));
}

struct RowsBelow<'a> {
    column: &'a [[u32; N_LANES]],
    limit: u32,
    rows: &'a mut Vec<u32>,
}

impl Quads for RowsBelow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<Q: Quad>(self) {
        let mut first = 0;
        for words in self.column {
            let mut bits = bits_below::<Q>(words, self.limit);
            while bits != 0 {
                self.rows.push(first + bits.trailing_zeros());
                bits &= bits - 1;
            }
            first += N_LANES as u32;
        }
    }
}

/// Those of a run of consumers whose bit is set and whose `lane(stream, consumer, at)` lies below
/// a limit, in order, with their words: added to a list. The consumers begin at a multiple of 64.
pub fn lanes_below(
    key: Key,
    stream: Stream,
    at: Clock,
    (first, bits): (u32, &[u64]),
    limit: u32,
    found: &mut Vec<(u32, u32)>,
) {
    quads(LanesBelow { common: Common::of(key, stream, at), first, bits, limit, found });
}

struct LanesBelow<'a> {
    common: Common,
    first: u32,
    bits: &'a [u64],
    limit: u32,
    found: &'a mut Vec<(u32, u32)>,
}

impl Quads for LanesBelow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<Q: Quad>(self) {
        let lanes = Lanes::<Q>::new(self.common);
        let (mut first, mut words) = (self.first, [0; N_LANES]);
        for &bits in self.bits {
            if bits != 0 {
                lanes.make(first, &mut words);
                let mut bits = bits & bits_below::<Q>(&words, self.limit);
                while bits != 0 {
                    let lane = bits.trailing_zeros();
                    self.found.push((first + lane, words[lane as usize]));
                    bits &= bits - 1;
                }
            }
            first = first.wrapping_add(N_LANES as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: Key, name: &'static str, first: u32, at: Clock) {
        let stream = Stream::new(name);
        let one_by_one: Vec<u32> = (0..64).map(|i| key.lane(stream, first + i, at)).collect();
        assert_eq!(lanes(key, stream, first, at)[..], one_by_one[..]);
        let mut found = Vec::new();
        let bits = [0x8000_0000_0f0f_0001, 0, u64::MAX];
        let (limit, n) = (1 << 31, 64 * bits.len() as u32);
        lanes_below(key, stream, at, (first, &bits), limit, &mut found);
        let word = |i: u32| (first.wrapping_add(i), key.lane(stream, first.wrapping_add(i), at));
        let is_in = |i: &u32| bits[*i as usize / 64] >> (i % 64) & 1 == 1;
        let plain = (0..n).filter(is_in).map(word).filter(|(_, word)| *word < limit);
        assert_eq!(found, plain.collect::<Vec<_>>());
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
    fn rows_below_a_limit_are_found_in_whole_and_broken_blocks() {
        let column: Vec<u32> = (0..200).map(|k: u32| k.wrapping_mul(0x9e37_79b9)).collect();
        for (n, limit) in [(0, 9), (63, 1 << 31), (64, 1 << 30), (200, 1 << 29), (200, u32::MAX)] {
            let mut rows = vec![7];
            rows_below(&column[..n], limit, &mut rows);
            let plain = (0..n).filter(|k| column[*k] < limit).map(|k| k as u32);
            assert_eq!(rows, [7].into_iter().chain(plain).collect::<Vec<_>>());
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
